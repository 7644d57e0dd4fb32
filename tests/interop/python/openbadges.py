#!/usr/bin/env python3
"""openbadgeslib: the badge under the keys of did.json, its status by the signed lists."""

import base64
import json

from openbadgeslib.ob3.verifier import OB3Verifier

from common import Client, samples

data = samples()
client = Client("openbadgeslib")
badge, status = data["badge"], data["status"]


def site(lists):
    """The registry's answers, so that nothing is fetched."""
    host = data["did"].removeprefix("did:web:")
    answers = {f"https://{host}/.well-known/did.json": json.dumps(data["did_document"]), **lists}
    return lambda url: answers[url].encode()


def verify(token, lists=None):
    download = site(lists or status["jwt"])
    verifier = OB3Verifier.for_issuer_did(data["did"], download=download)
    return verifier.verify(token, check_status=lists is not None, download=download)


read = client.accepts("the badge", lambda: verify(badge["genuine"]))
client.says("the id", read and read.id, data["expected"]["id"])
client.accepts("a badge under the second key", lambda: verify(badge["other_key"]))
client.accepts("the badge with its status", lambda: verify(badge["genuine"], status["jwt"]))
client.refuses("a revoked badge", lambda: verify(badge["revoked"], status["jwt"]))
client.refuses("a suspended badge", lambda: verify(badge["suspended"], status["jwt"]))
if "old_jwt" in status:
    client.refuses("a badge with an old list", lambda: verify(badge["genuine"], status["old_jwt"]))
swapped = dict(zip(status["jwt"], reversed(list(status["jwt"].values()))))
client.refuses("a badge with lists exchanged", lambda: verify(badge["genuine"], swapped))


def bit_changed(token):
    """One character of the bits is another; the signature is the old one."""
    head, body, signature = token.split(".")
    content = json.loads(base64.urlsafe_b64decode(body + "=="))
    bits = content["credentialSubject"]["encodedList"]
    at = len(bits) // 2
    content["credentialSubject"]["encodedList"] = bits[:at] + ("A" if bits[at] != "A" else "B") + bits[at + 1 :]
    body = base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
    return f"{head}.{body}.{signature}"


def signature_changed(token):
    at = len(token) - 20
    return token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]


for what, change in (("a list with a bit changed", bit_changed), ("a list with another signature", signature_changed)):
    lists = {url: change(token) for url, token in status["jwt"].items()}
    client.refuses(what, lambda: verify(badge["genuine"], lists))
client.refuses("an expired badge", lambda: verify(badge["expired"]))
client.refuses("an SD-JWT as a badge", lambda: verify(data["sd_jwt"]["whole"].split("~")[0]))
for what, token in badge["tampered"].items():
    client.refuses(what, lambda: verify(token))
client.finish()
