#!/usr/bin/env python3
"""Downloads a public log, rebuilds its tree, and holds every checkpoint against it: log_tree.py URL VKEY PROOF_FILE.

Written from RFC 6962 and the C2SP specifications alone; needs the package cryptography. Prints JSON, or ends with 1.
"""

import base64
import hashlib
import json
import struct
import sys
import urllib.request

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(path):
    with NO_PROXY.open(f"{sys.argv[1]}/{path}", timeout=30) as answer:
        return answer.read()


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_hash(entry):
    return sha256(b"\0", entry)


def mth(hashes):
    """Merkle tree hash over leaf hashes, RFC 6962 section 2.1."""
    if not hashes:
        return sha256()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return sha256(b"\1", mth(hashes[:k]), mth(hashes[k:]))


def path_string(number):
    text = f"{number % 1000:03}"
    while number >= 1000:
        number //= 1000
        text = f"x{number % 1000:03}/{text}"
    return text


class Log:
    def __init__(self, vkey):
        self.name, key_id, key = vkey.split("+", 2)
        raw = base64.b64decode(key, validate=True)
        assert raw[0] == 1 and len(raw) == 33, "an Ed25519 key"
        assert sha256(self.name.encode(), b"\n", raw)[:4].hex() == key_id, "the id of the key"
        self.key_id, self.key = bytes.fromhex(key_id), Ed25519PublicKey.from_public_bytes(raw[1:])

    def open(self, note):
        """Size and root of a note that the log has signed."""
        text, signatures = note.split("\n\n", 1)
        text += "\n"
        name, size, root = text.split("\n")[:3]
        assert name == self.name, "the origin"
        good = False
        for line in signatures.splitlines():
            dash, signer, value = line.split(" ")
            assert dash == "\u2014"
            value = base64.b64decode(value, validate=True)
            if signer == self.name and value[:4] == self.key_id:
                self.key.verify(value[4:], text.encode())
                good = True
        assert good, "signed by the log"
        return int(size), base64.b64decode(root, validate=True)


def entries_of(size):
    entries = []
    while len(entries) < size:
        number, width = divmod(len(entries), 256)[0], min(256, size - len(entries))
        partial = "" if width == 256 else f".p/{width}"
        bundle = fetch(f"tile/entries/{path_string(number)}{partial}")
        hashes = fetch(f"tile/0/{path_string(number)}{partial}")
        place = 0
        for at in range(width):
            (length,) = struct.unpack_from(">H", bundle, place)
            entry = bundle[place + 2 : place + 2 + length]
            place += 2 + length
            assert leaf_hash(entry) == hashes[32 * at : 32 * at + 32], "the hash of an entry"
            entries.append(entry)
        assert place == len(bundle) and len(hashes) == 32 * width
    return entries


def check_proof(log, text):
    head, note = text.split("\n\n", 1)
    lines = head.split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    entry = base64.b64decode(lines[1].removeprefix("extra "), validate=True)
    index = int(lines[2].removeprefix("index "))
    size, root = log.open(note)
    # RFC 9162 section 2.1.3.2.
    fn, sn, found = index, size - 1, leaf_hash(entry)
    for line in lines[3:]:
        sibling = base64.b64decode(line, validate=True)
        assert sn > 0
        if fn & 1 or fn == sn:
            found = sha256(b"\1", sibling, found)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = sha256(b"\1", found, sibling)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0 and found == root, "the way from the entry to the root"
    return index


def main():
    log = Log(sys.argv[2])
    size, root = log.open(fetch("checkpoint").decode())
    hashes = [leaf_hash(entry) for entry in entries_of(size)]
    assert mth(hashes) == root, "the root of the newest checkpoint"
    count, after = 0, 0
    while True:
        page = json.loads(fetch(f"checkpoints?after={after}&limit=50"))
        for note in page["checkpoints"]:
            old, old_root = log.open(note)
            assert mth(hashes[:old]) == old_root, f"the root at {old}"
            count += 1
        if page["next"] is None:
            break
        after = page["next"]
    with open(sys.argv[3], encoding="utf-8") as file:
        index = check_proof(log, file.read())
    print(json.dumps({"size": size, "root": root.hex(), "checkpoints": count, "proof_index": index}))


main()
