#!/usr/bin/env python3
"""cwt and pycose through verify_cose.py: the QR text."""

import pathlib
import subprocess
import sys

from common import Client, samples

cose = samples()["cose"]
client = Client("cwt")
script = pathlib.Path(__file__).parent.parent / "verify_cose.py"


def verify(text):
    subprocess.run([sys.executable, script, text, cose["public_key"]], check=True, capture_output=True)


client.accepts("the QR text", lambda: verify(cose["qr_text"]))
client.refuses("the QR text with a bit changed", lambda: verify(cose["tampered"]))
client.refuses("half of the QR text", lambda: verify(cose["qr_text"][:150]))
client.name += " and pycose"
client.finish()
