#!/usr/bin/env bash
# Asks a running server what its own document promises, with good and bad values: no server error, no undocumented answer.
#
#   run_schemathesis.sh ADDRESS OPERATOR_TOKEN OFFICER_TOKEN
#
# ADDRESS such as http://127.0.0.1:8080; the tokens of an institution operator and of an officer of a province. Bounded:
# a fixed seed, a number of examples for each operation (SCHEMATHESIS_EXAMPLES, 10) and a time for each of the three runs
# (SCHEMATHESIS_SECONDS, 600; a run that is not done by then has failed). SCHEMATHESIS names an installed program; otherwise it is put into a temporary folder.
# It acts: give it a throw-away registry.
set -euo pipefail
address=${1:?address}; operator=${2:?token of an institution operator}; officer=${3:?token of a province officer}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
program=${SCHEMATHESIS:-}
if [ -z "$program" ]; then
  python3 -m venv "$work/python"
  "$work/python/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements-schemathesis.txt"
  program=$work/python/bin/schemathesis
fi
cd "$work"
failed=0
run() { # name, further options
  local name=$1; shift
  printf '\n== %s\n' "$name"
  timeout "${SCHEMATHESIS_SECONDS:-600}" "$program" run "$address/api/openapi.json" --url "$address" \
    --phases examples,coverage,fuzzing --max-examples "${SCHEMATHESIS_EXAMPLES:-10}" --seed 1 \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --suppress-health-check all --request-timeout 30 --warnings off --no-color \
    --continue-on-failure "$@" || failed=1
}
run "anybody"
run "institution operator" -H "Authorization: Bearer $operator"
run "province officer" -H "Authorization: Bearer $officer"
exit $failed
