#!/usr/bin/env python3
"""Fetches everything from a running registry, as the clients of this folder read it: server_samples.py FOLDER DEMO_JSON.

DEMO_JSON is what `mingzheng --json demo` printed. Writes samples.json, ld_samples.json and proof.tlog into FOLDER.
"""

import base64
import json
import pathlib
import sys
import urllib.request

OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
demo = json.loads(pathlib.Path(sys.argv[2]).read_text(encoding="utf-8"))
folder = pathlib.Path(sys.argv[1])


def fetch(path, accept="*/*"):
    request = urllib.request.Request(demo["address"] + path, headers={"Accept": accept})
    with OPEN(request, timeout=60) as answer:
        return answer.read().decode()


def part(value):
    return base64.urlsafe_b64encode(value.encode()).rstrip(b"=").decode()


def read(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def header_of(token):
    return json.loads(read(token.split(".")[0]))


def payload_of(token):
    return json.loads(read(token.split("~")[0].split(".")[1]))


def credential(certificate, ending):
    return fetch(f"/api/v1/certificates/{certificate['id']}/credential.{ending}?share={certificate['share']}")


def presentation(certificate, shown):
    path = f"/api/v1/certificates/{certificate['id']}/credential.sdjwt?share={certificate['share']}&show={shown}"
    return fetch(path)


def tampered(token, other_kid, changes):
    """Altered copies by what was done to them; none may be accepted by anybody."""
    header, payload, signature = token.split(".")
    open_header = read(header).decode()
    host, kid = header_of(token)["kid"].split("#")

    def with_header(old, new, signature):
        assert old in open_header
        return f"{part(open_header.replace(old, new))}.{payload}.{signature}"

    flipped = bytearray(read(signature))
    flipped[0] ^= 1
    copies = {
        "no algorithm": with_header("EdDSA", "none", ""),
        "algorithm none, signature kept": with_header("EdDSA", "none", signature),
        "symmetric algorithm": with_header("EdDSA", "HS256", signature),
        "another key of the issuer": with_header(f"#{kid}", f"#{other_kid}", signature),
        "a key that is not there": with_header(f"#{kid}", "#k9926", signature),
        "a key of somebody else": with_header(host, "did:web:thief.example", signature),
        "a bit of the signature": f"{header}.{payload}.{base64.urlsafe_b64encode(flipped).rstrip(b'=').decode()}",
        "no signature": f"{header}.{payload}.",
    }
    for old, new in changes:
        text = read(payload).decode()
        assert old in text, old
        copies[f"payload: {new}"] = f"{header}.{part(text.replace(old, new))}.{signature}"
    return copies


def of_state(state):
    found = [one for one in demo["certificates"] if one["state"] == state and one["share"]]
    assert found, f"no certificate that is {state}"
    return found


valid = of_state("valid")
badges = {one["id"]: credential(one, "jwt") for one in valid}


def level_of(badge):
    results = payload_of(badge)["credentialSubject"]["result"]
    return next((result["value"] for result in results if result["resultDescription"].endswith("#level")), None)


genuine = next(one for one in valid if level_of(badges[one["id"]]))
badge = badges[genuine["id"]]
kid = header_of(badge)["kid"].split("#")[1]
other_key = next((token for token in badges.values() if header_of(token)["kid"].split("#")[1] != kid), badge)
number = payload_of(badge)["credentialSubject"]["licenseNumber"]
whole = credential(genuine, "sdjwt")
did_document = json.loads(fetch("/.well-known/did.json"))
jwks = json.loads(fetch("/.well-known/jwks.json"))
did = did_document["id"]
base = "https://" + did.removeprefix("did:web:")
other_kid = next(key["kid"].split("#")[1] for key in jwks["keys"] if not key["kid"].endswith(f"#{kid}"))

entries = payload_of(badge)["credentialStatus"]
addresses = {entry["statusListCredential"] for entry in entries}
token_url = payload_of(whole)["status"]["status_list"]["uri"]
for one in of_state("revoked")[:1] + of_state("suspended")[:1]:
    addresses |= {entry["statusListCredential"] for entry in payload_of(credential(one, "jwt"))["credentialStatus"]}
path = {address: address.removeprefix(base) for address in addresses | {token_url}}
jwt_lists = {address: fetch(path[address], "application/vc+jwt") for address in sorted(addresses)}
ld_lists = {address: json.loads(fetch(path[address], "application/ld+json, application/json")) for address in sorted(addresses)}
indices = {
    state: int(payload_of(credential(of_state(state)[0], "jwt"))["credentialStatus"][0]["statusListIndex"])
    for state in ("revoked", "suspended")
}
embedded = json.loads(credential(genuine, "json"))
public_key = next(key["public_key"] for key in demo["issuer_keys"] if key["kid"] == kid)
qr_text = genuine["qr_text"]
place = len(qr_text) - 60
shown = json.loads(read(presentation(genuine, "level").split("~")[1]))

samples = {
    "from_server": True,
    "did": did,
    "did_document": did_document,
    "jwks": jwks,
    "expected": {
        "id": f"{base}/v/{genuine['id']}",
        "holder": genuine["holder"],
        "certificate_number": genuine["number"],
        "level": level_of(badge),
        "level_code": shown[2]["code"],
        "hours": int(next(r["value"] for r in payload_of(badge)["credentialSubject"]["result"] if r["resultDescription"].endswith("#hours"))),
    },
    "badge": {
        "genuine": badge,
        "other_key": other_key,
        "without_proof": {name: value for name, value in embedded.items() if name != "proof"},
        "revoked": credential(of_state("revoked")[0], "jwt"),
        "suspended": credential(of_state("suspended")[0], "jwt"),
        "expired": credential(of_state("expired")[0], "jwt"),
        "tampered": tampered(badge, other_kid, [(number, "MZ37260000000000X"), (genuine["holder"], "别人")]),
    },
    "status": {
        "indices": indices,
        "jwt": jwt_lists,
        "without_proof": {url: {k: v for k, v in value.items() if k != "proof"} for url, value in ld_lists.items()},
        "token_url": token_url,
        "token": fetch(path[token_url]),
    },
    "sd_jwt": {
        "whole": whole,
        "shown": presentation(genuine, "name,level"),
        "nothing_shown": presentation(genuine, ""),
        "suspended": credential(of_state("suspended")[0], "sdjwt"),
        "metadata": json.loads(fetch("/vct/training-certificate/1")),
        "unsigned_disclosure": f"{whole}{part(json.dumps(['c2FsdA', 'rank', 'first']))}~",
        "tampered": {
            what: f"{token}~{whole.split('~', 1)[1]}"
            for what, token in tampered(whole.split("~")[0], other_kid, [("sha-256", "sha-512"), ("/status/token/", "/status/token/9")]).items()
        },
    },
    "cose": {
        "qr_text": qr_text,
        "tampered": qr_text[:place] + ("A" if qr_text[place] != "A" else "B") + qr_text[place + 1 :],
        "public_key": public_key,
    },
}


def altered(change):
    copy = json.loads(json.dumps(embedded))
    change(copy)
    return copy


ld_samples = {
    "badge": embedded,
    "revoked": json.loads(credential(of_state("revoked")[0], "json")),
    "suspended": json.loads(credential(of_state("suspended")[0], "json")),
    "lists": ld_lists,
    "tampered": {
        "holder": altered(lambda it: it["credentialSubject"]["identifier"][0].update(identityHash="张伟")),
        "number": altered(lambda it: it["credentialSubject"].update(licenseNumber="MZ37260000000000X")),
        "end": altered(lambda it: it.update(validUntil="2099-01-01T00:00:00Z")),
        "status index": altered(lambda it: it["credentialStatus"][0].update(statusListIndex="1")),
        "issuer": altered(lambda it: it["issuer"].update(id="did:web:thief.example")),
        "another key": altered(lambda it: it["proof"].update(verificationMethod=f"{did}#{other_kid}")),
        "moment of the proof": altered(lambda it: it["proof"].update(created="2026-01-01T00:00:01Z")),
        "signature": altered(lambda it: it["proof"].update(proofValue="z3")),
    },
}
folder.mkdir(parents=True, exist_ok=True)
(folder / "samples.json").write_text(json.dumps(samples), encoding="utf-8")
(folder / "ld_samples.json").write_text(json.dumps(ld_samples), encoding="utf-8")
(folder / "proof.tlog").write_text(fetch(f"/api/v1/certificates/{genuine['id']}/proof.tlog"), encoding="utf-8")
(folder / "log.txt").write_text(f"{demo['address']}/log\n{fetch('/log/vkey').strip()}\n", encoding="utf-8")
