"""What every client does: accept the genuine, refuse the rest, and say so in one line."""

import importlib.metadata
import json
import pathlib
import sys


def samples():
    """The samples in the folder that the command names."""
    return json.loads((pathlib.Path(sys.argv[1]) / "samples.json").read_text(encoding="utf-8"))


class Client:
    def __init__(self, package):
        self.name = f"{package} {importlib.metadata.version(package)}"
        self.accepted, self.refused, self.faults = 0, 0, []

    def accepts(self, what, check):
        try:
            result = check()
        except Exception as error:  # whatever a library raises, it did not accept
            self.faults.append(f"refuses {what}: {type(error).__name__}: {error}")
            return None
        self.accepted += 1
        return result

    def refuses(self, what, check):
        try:
            check()
        except Exception:
            self.refused += 1
        else:
            self.faults.append(f"accepts {what}")

    def says(self, what, found, expected):
        if found != expected:
            self.faults.append(f"reads {what} as {found!r}, not {expected!r}")

    def report(self):
        """Says it in one line; whether there was no fault."""
        verdict = "ok" if not self.faults else "FAILED"
        print(f"{verdict}  {self.name}: accepted {self.accepted}, refused {self.refused}")
        for fault in self.faults:
            print(f"      {fault}")
        return not self.faults

    def finish(self):
        sys.exit(0 if self.report() else 1)
