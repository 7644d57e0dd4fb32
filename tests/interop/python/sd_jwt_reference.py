#!/usr/bin/env python3
"""sd-jwt, the reference implementation of the IETF draft: disclosures, and that none is invented."""

from jwcrypto.jwk import JWK
from sd_jwt.verifier import SDJWTVerifier

from common import Client, samples

data = samples()
client = Client("sd-jwt")
sd_jwt, expected = data["sd_jwt"], data["expected"]
keys = {key["kid"]: key for key in data["jwks"]["keys"]}


def verify(text):
    def key_of(_issuer, header):
        if header.get("typ") != "dc+sd-jwt" or header.get("alg") != "EdDSA":
            raise ValueError("another type of token")
        return JWK(**keys[header["kid"]])

    return SDJWTVerifier(text, key_of).get_verified_payload()


whole = client.accepts("the whole credential", lambda: verify(sd_jwt["whole"])) or {}
client.says("the name", whole.get("name"), expected["holder"])
client.says("the hours", whole.get("hours"), expected["hours"])
client.says("the number", whole.get("certificate_number"), expected["certificate_number"])
shown = client.accepts("name and level", lambda: verify(sd_jwt["shown"])) or {}
client.says("what is shown", sorted(set(shown) & set(whole) - {"iss", "iat", "nbf", "exp", "vct", "status"}), ["level", "name"])
nothing = client.accepts("nothing shown", lambda: verify(sd_jwt["nothing_shown"])) or {}
client.says("what is kept back", "name" in nothing, False)
for what, text in sd_jwt["tampered"].items():
    client.refuses(what, lambda: verify(text))
client.refuses("a disclosure altered", lambda: verify(sd_jwt["whole"].replace("~W", "~X")))
client.finish()
