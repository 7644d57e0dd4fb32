#!/usr/bin/env python3
"""Check the QR text of a certificate with COSE implementations that are not ours.

    verify_cose.py QR_TEXT PUBLIC_KEY_HEX [cwt|pycose]

Verifies the COSE_Sign1 in the fragment with the library that is named, else with every one that is installed (at least one
is needed), and prints the payload as JSON. Exit code 0: genuine; 1: refused; 2: wrong use or no library.
The form is described in docs/formats.md.
"""

import base64
import binascii
import json
import sys


def refuse(reason):
    print(f"refused: {reason}", file=sys.stderr)
    sys.exit(1)


def cose_bytes(text):
    fragment = text.strip().split("#", 1)[-1].upper()
    try:
        data = base64.b32decode(fragment + "=" * (-len(fragment) % 8))
    except binascii.Error as error:
        refuse(f"base32: {error}")
    if base64.b32encode(data).decode().rstrip("=") != fragment:
        refuse("base32 is not canonical")
    return data


def with_cwt(data, key):
    import cbor2
    import cwt

    protected = cbor2.loads(cbor2.loads(data).value[0])
    x = base64.urlsafe_b64encode(key).decode().rstrip("=")
    cose_key = cwt.COSEKey.from_jwk({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": protected[4].decode(), "x": x})
    return cwt.decode(data, cose_key)


def with_pycose(data, key):
    import cbor2
    from pycose.keys import OKPKey
    from pycose.messages import Sign1Message

    message = Sign1Message.decode(data)
    message.key = OKPKey(crv="ED25519", x=key)
    if not message.verify_signature():
        raise ValueError("the signature does not match")
    return cbor2.loads(message.payload)


def plain(value):
    """CBOR values as JSON has them: bytes become hexadecimal."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    return value


def main():
    libraries = {"cwt": with_cwt, "pycose": with_pycose}
    named = sys.argv[3:]
    if len(sys.argv) not in (3, 4) or any(name not in libraries for name in named):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    data, key = cose_bytes(sys.argv[1]), bytes.fromhex(sys.argv[2])
    payloads = {}
    for name in named or libraries:
        try:
            payloads[name] = plain(libraries[name](data, key))
        except ImportError:
            continue
        except Exception as error:  # whatever the library raises, it did not accept the bytes
            refuse(f"{name}: {type(error).__name__}: {error}")
    if not payloads:
        print("neither cwt nor pycose is installed: pip install cwt pycose", file=sys.stderr)
        sys.exit(2)
    if len({json.dumps(payload, sort_keys=True) for payload in payloads.values()}) != 1:
        refuse("the libraries read different payloads")
    print(json.dumps({"verified_by": sorted(payloads), "payload": next(iter(payloads.values()))}, ensure_ascii=False))


if __name__ == "__main__":
    main()
