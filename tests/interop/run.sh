#!/usr/bin/env bash
# Checks every format of a certificate with software that is not ours: one line for each client.
#
#     tests/interop/run.sh [FOLDER]
#
# FOLDER keeps the installed clients for the next time; without it they go into a folder that is removed in the end.
# The clients of embedded proofs need the crate certs-ld, which takes some minutes to build: SKIP_LD=1 leaves them out.
# Needs cargo, python3 with venv, and node 20 with npm. Exit code 0: all accept what is genuine and refuse what is not.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [ $# -gt 0 ]; then
    mkdir -p "$1"
    work=$(cd "$1" && pwd)
else
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
fi

(cd "$here/../.." && cargo run --quiet --package certs --example interop_samples -- "$work")
if [ -z "${SKIP_LD:-}" ]; then
    (cd "$here/../.." && cargo run --quiet --package certs-ld --example ld_samples -- "$work")
fi

[ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$here/python/requirements.txt"

mkdir -p "$work/node"
cp "$here"/node/* "$work/node/"
(cd "$work/node" && npm ci --silent --no-audit --no-fund --ignore-scripts)

failed=0
python() { PYTHONDONTWRITEBYTECODE=1 "$work/venv/bin/python" "$here/python/$1" "$work" "${@:2}" || failed=1; }
node_client() { (cd "$work/node" && node "$1" "$work" "${@:2}") || failed=1; }

python cose.py
python openbadges.py
python jwk_set.py joserfc
python jwk_set.py jwcrypto
python sd_jwt_reference.py
node_client jose.mjs
node_client sd_jwt_vc.mjs
node_client bitstring.mjs
[ -n "${SKIP_LD:-}" ] || node_client data_integrity.mjs "$here/../../certs-ld/contexts"

[ "$failed" -eq 0 ] && echo "all clients agree" || echo "some client disagrees"
exit "$failed"
