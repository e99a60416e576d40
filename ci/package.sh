#!/usr/bin/env bash
# Packs a built kubesketch as a release that action.yml can install: package.sh BINARY VERSION TARGET FOLDER.
# BINARY is what `cargo build --profile dist --locked` leaves in target/dist.
# FOLDER then holds kubesketch-VERSION-TARGET.tar.gz and a SHA256SUMS with a line for each archive. The same files give the same archive with GNU tar.
set -euo pipefail
binary=$1 version=$2 target=$3 folder=$4
root=$(cd "$(dirname "$0")/.." && pwd)
name=kubesketch-$version-$target.tar.gz
mkdir -p "$folder"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cp "$binary" "$place/kubesketch"
chmod 755 "$place/kubesketch"
cp "$root/LICENSE-MIT" "$root/LICENSE-APACHE" "$root/THIRD-PARTY.md" "$place"
fixed=()
if tar --version | grep -q GNU; then
  fixed=(--sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner)
fi
tar ${fixed[@]+"${fixed[@]}"} -C "$place" -cf - kubesketch LICENSE-MIT LICENSE-APACHE THIRD-PARTY.md | gzip -n >"$folder/$name"
cd "$folder"
if command -v sha256sum >/dev/null; then sha256sum kubesketch-*.tar.gz; else shasum -a 256 kubesketch-*.tar.gz; fi >SHA256SUMS
