#!/usr/bin/env bash
# Checks every format of a certificate with software that is not ours: one line for each client.
#
#     tests/interop/run.sh [FOLDER]
#
# FOLDER keeps the installed clients for the next time; without it they go into a folder that is removed in the end.
# Twice: what the library makes, and what a running server gives, whose log is rebuilt as well. MINGZHENG_DEMO names what a running
# `mingzheng --json demo` printed; without it one is started. The clients of embedded proofs need the crate certs-ld, which takes
# some minutes to build: SKIP_LD=1 leaves them and the server out. MINGZHENG_EXAMPLES names the folder where both examples lie built
# already, as `cargo test` builds them.
# Needs cargo, python3 with venv, and node 20 with npm. Exit code 0: all accept what is genuine and refuse what is not.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [ $# -gt 0 ]; then
    mkdir -p "$1"
    work=$(cd "$1" && pwd)
    keep=yes
else
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
fi

made() { # package, example
    if [ -n "${MINGZHENG_EXAMPLES:-}" ]; then
        "$MINGZHENG_EXAMPLES/$2" "$work"
    else
        (cd "$here/../.." && cargo run --quiet --package "$1" --example "$2" -- "$work")
    fi
}
made certs interop_samples
[ -n "${SKIP_LD:-}" ] || made certs-ld ld_samples

[ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$here/python/requirements.txt"

mkdir -p "$work/node"
cp "$here"/node/* "$work/node/"
(cd "$work/node" && npm ci --silent --no-audit --no-fund --ignore-scripts)

failed=0
python() { PYTHONDONTWRITEBYTECODE=1 "$work/venv/bin/python" "$here/python/$1" "$samples" "${@:2}" || failed=1; }
node_client() { (cd "$work/node" && node "$1" "$samples" "${@:2}") || failed=1; }

every_client() {
    samples=$1
    python cose.py
    python openbadges.py
    python jwk_set.py joserfc
    python jwk_set.py jwcrypto
    python sd_jwt_reference.py
    node_client jose.mjs
    node_client sd_jwt_vc.mjs
    node_client bitstring.mjs
    [ -n "${SKIP_LD:-}" ] || node_client data_integrity.mjs "$here/../../certs-ld/contexts"
    [ -n "${SKIP_LD:-}" ] || node_client dcc_verifier.mjs "$here/../../certs-ld/contexts"
}

echo "-- what the library makes"
every_client "$work"

if [ -z "${SKIP_LD:-}" ]; then
    echo "-- what a server gives"
    demo=${MINGZHENG_DEMO:-}
    if [ -z "$demo" ]; then
        demo=$work/demo.json
        (cd "$here/../.." && cargo build --quiet --package api)
        "$here/../../target/debug/mingzheng" --json demo --listen 127.0.0.1:0 >"$demo" &
        server=$!
        trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; [ -n "${keep:-}" ] || rm -rf "$work"' EXIT
        for _ in $(seq 600); do
            [ "$(wc -l <"$demo")" -ge 1 ] && break
            kill -0 "$server"
            sleep 0.2
        done
    fi
    "$work/venv/bin/python" "$here/python/server_samples.py" "$work/server" "$demo"
    every_client "$work/server"
    { read -r log; read -r vkey; } <"$work/server/log.txt"
    if "$work/venv/bin/python" "$here/python/log_tree.py" "$log" "$vkey" "$work/server/proof.tlog" >"$work/server/log.json"; then
        echo "ok  log_tree.py: $(cat "$work/server/log.json")"
    else
        failed=1
    fi
    # Go's own packages of checksum logs, as the distribution has them.
    if command -v go >/dev/null && [ -d /usr/share/gocode/src/golang.org/x/mod ]; then
        GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$work/go-cache" go build -o "$work/log_check" "$here/go/main.go"
        "$work/log_check" "$log" "$vkey" "$work/server/proof.tlog" || failed=1
    elif [ "${CI:-}" = true ]; then
        echo "FAILED  CI=true, but go with golang-golang-x-mod-dev is not there"
        failed=1
    else
        echo "!!!! NOT RUN: go with golang-golang-x-mod-dev is not on this machine !!!!"
    fi
fi

[ "$failed" -eq 0 ] && echo "all clients agree" || echo "some client disagrees"
exit "$failed"
