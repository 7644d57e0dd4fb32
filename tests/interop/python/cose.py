#!/usr/bin/env python3
"""cwt and pycose through verify_cose.py: the QR text."""

import pathlib
import subprocess
import sys

from common import Client, samples

cose = samples()["cose"]
script = pathlib.Path(__file__).parent.parent / "verify_cose.py"


def verify(text, library):
    run = subprocess.run([sys.executable, script, text, cose["public_key"], library], capture_output=True)
    # 1 is a refusal of the library; anything else is none: it is missing, or the script is broken.
    if run.returncode not in (0, 1):
        sys.exit(f"{library}: exit code {run.returncode}: {run.stderr.decode()}")
    run.check_returncode()


good = True
# Each by itself: a refusal of the first would hide what the second says.
for library in ("cwt", "pycose"):
    client = Client(library)
    client.accepts("the QR text", lambda: verify(cose["qr_text"], library))
    client.refuses("the QR text with a bit changed", lambda: verify(cose["tampered"], library))
    client.refuses("half of the QR text", lambda: verify(cose["qr_text"][:150], library))
    good = client.report() and good
sys.exit(0 if good else 1)
