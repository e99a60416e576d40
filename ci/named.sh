#!/usr/bin/env bash
# Writes into Cargo.toml where the repository is, for a package that is about to be published: named.sh ADDRESS.
set -euo pipefail
address=$1
file=$(cd "$(dirname "$0")/.." && pwd)/Cargo.toml
case $address in https://*) ;; *) echo "an address begins with https://: $address" >&2; exit 2 ;; esac
if grep -q '^repository = ' "$file"; then exit 0; fi
awk -v line="repository = \"$address\"" '{ print } /^license = / { print line }' "$file" >"$file.new"
mv "$file.new" "$file"
