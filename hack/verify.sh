#!/usr/bin/env bash
# Generates and formats everything anew and fails when a file changed by it. What is not committed yet does not matter: the tree before is
# compared with the tree after, through an index of their own.
set -euo pipefail
cd "$(dirname "$0")/.."
index=$(mktemp)
trap 'rm -f "$index"' EXIT
tree() {
  cp "$(git rev-parse --git-path index)" "$index"
  GIT_INDEX_FILE=$index git add --all
  GIT_INDEX_FILE=$index git write-tree
}
before=$(tree)
make --no-print-directory generate manifests docs fmt
after=$(tree)
if [ "$before" != "$after" ]; then
  git --no-pager diff --stat --patch "$before" "$after"
  echo "error: the files above were not up to date; they are now, look at them and commit them" >&2
  exit 1
fi
echo "generated files and format are up to date"
