#!/usr/bin/env bash
# Runs every fuzz target of the module, one after the other, for FUZZTIME each. Go keeps what fails under testdata/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${FUZZTIME:-10s} count=0
while IFS=: read -r file target; do
  package=./$(dirname "$file")
  echo "--- $package $target ($time)"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package"
  count=$((count + 1))
done < <(git grep --untracked -oE '^func Fuzz[A-Za-z0-9_]+' -- '*_test.go' | sed 's/func //' | sort)
[ "$count" -gt 0 ] || { echo "error: there is no fuzz target" >&2; exit 1; }
echo "$count fuzz targets passed"
