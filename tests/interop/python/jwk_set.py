#!/usr/bin/env python3
"""joserfc or jwcrypto (second argument): the JWKS, and every token by the key that it names."""

import json
import sys
import warnings

from common import Client, samples

# RFC 9864 renames EdDSA to Ed25519; other clients refuse that name still.
warnings.filterwarnings("ignore", message="EdDSA is deprecated")
data = samples()
client = Client(sys.argv[2])


def with_joserfc(token):
    from joserfc import jws
    from joserfc.jwk import KeySet

    keys = KeySet.import_key_set(data["jwks"])
    return json.loads(jws.deserialize_compact(token, keys, algorithms=["EdDSA"]).payload)


def with_jwcrypto(token):
    from jwcrypto import jwk, jws

    signed = jws.JWS()
    signed.allowed_algs = ["EdDSA"]
    signed.deserialize(token)
    key = jwk.JWKSet.from_json(json.dumps(data["jwks"])).get_key(signed.jose_header["kid"])
    signed.verify(key)
    return json.loads(signed.payload)


verify = {"joserfc": with_joserfc, "jwcrypto": with_jwcrypto}[sys.argv[2]]
badge = client.accepts("the badge", lambda: verify(data["badge"]["genuine"]))
client.says("the number", badge and badge["credentialSubject"]["licenseNumber"], data["expected"]["certificate_number"])
client.accepts("a badge under the second key", lambda: verify(data["badge"]["other_key"]))
client.accepts("the signed part of an SD-JWT", lambda: verify(data["sd_jwt"]["whole"].split("~")[0]))
client.accepts("a token status list", lambda: verify(data["status"]["token"]))
for url, token in data["status"]["jwt"].items():
    client.accepts(url, lambda: verify(token))
for what, token in data["badge"]["tampered"].items():
    client.refuses(what, lambda: verify(token))
client.finish()
