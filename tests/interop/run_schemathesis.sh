#!/usr/bin/env bash
# Asks a running demo what its own document promises, with good and bad values: no server error, no undocumented answer.
# Three times: signed out, as an institution operator, as an officer of a province.
#
#   run_schemathesis.sh DEMO_JSON
#
# DEMO_JSON is the line that `mingzheng --json demo` printed: its address and its sign-ins. Bounded: a fixed seed, a
# number of examples for each operation (SCHEMATHESIS_EXAMPLES, 4), and a time for each run (SCHEMATHESIS_SECONDS, 240; a
# run that is not done by then has failed). SCHEMATHESIS names an installed program; otherwise it is put into a temporary
# folder. It acts: the demo is of no other use afterwards.
set -euo pipefail
demo=$(realpath "${1:?the line of the demo}")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
program=${SCHEMATHESIS:-}
if [ -z "$program" ]; then
  python3 -m venv "$work/python"
  "$work/python/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements-schemathesis.txt"
  program=$work/python/bin/schemathesis
fi
address=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["address"])' "$demo")
token() { # role: a token of the first account that has it
  python3 - "$demo" "$1" <<'PYTHON'
import json, sys, urllib.request
demo = json.load(open(sys.argv[1]))
account = next(one for one in demo["accounts"] if one["role"] == sys.argv[2])
body = json.dumps({"name": account["name"], "password": account["password"]}).encode()
request = urllib.request.Request(demo["address"] + "/api/v1/sessions", body, {"Content-Type": "application/json"})
print(json.load(urllib.request.urlopen(request))["access_token"])
PYTHON
}
cd "$work"
export SCHEMATHESIS_HOOKS=schemathesis_hooks PYTHONPATH="$here" PYTHONDONTWRITEBYTECODE=1
failed=0
run() { # name, further options
  local name=$1; shift
  printf '\n== %s\n' "$name"
  timeout "${SCHEMATHESIS_SECONDS:-240}" "$program" run "$address/api/openapi.json" --url "$address" \
    --phases examples,coverage,fuzzing --max-examples "${SCHEMATHESIS_EXAMPLES:-4}" --seed 1 --no-shrink \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --suppress-health-check all --request-timeout 30 --warnings off --no-color \
    --continue-on-failure "$@" || failed=1
}
# Signing out would end the session of all that follows: asked last, under a token of its own.
signed_in() { # name, role
  run "$1" -H "Authorization: Bearer $(token "$2")" --exclude-operation-id sign_out
  run "$1: signing out" -H "Authorization: Bearer $(token "$2")" --include-operation-id sign_out
}
run "anybody"
signed_in "institution operator" institution_operator
signed_in "province officer" province_officer
exit $failed
