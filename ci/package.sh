#!/usr/bin/env bash
# Packs a built kubesketch as a release that action.yml can install: package.sh BINARY VERSION TARGET FOLDER.
# BINARY is what `cargo build --profile dist --locked --features mcp` leaves in target/dist, and runs here: it writes its own completions and its manual.
# FOLDER then holds kubesketch-VERSION-TARGET.tar.gz and a SHA256SUMS with a line for each archive. The same files give the same archive with GNU tar.
set -euo pipefail
binary=$1 version=$2 target=$3 folder=$4
root=$(cd "$(dirname "$0")/.." && pwd)
name=kubesketch-$version-$target.tar.gz
program=kubesketch
case $target in *windows*) program=kubesketch.exe ;; esac
case $binary in /*) ;; *) binary=$PWD/$binary ;; esac
mkdir -p "$folder"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir "$place/completions" "$place/man"
"$binary" completions bash >"$place/completions/kubesketch.bash"
"$binary" completions zsh >"$place/completions/_kubesketch"
"$binary" completions fish >"$place/completions/kubesketch.fish"
"$binary" completions powershell >"$place/completions/_kubesketch.ps1"
"$binary" man >"$place/man/kubesketch.1"
cp "$binary" "$place/$program"
chmod 755 "$place/$program"
cp "$root/LICENSE-MIT" "$root/LICENSE-APACHE" "$root/THIRD-PARTY.md" "$place"
fixed=()
if tar --version | grep -q GNU; then
  fixed=(--sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner)
fi
tar ${fixed[@]+"${fixed[@]}"} -C "$place" -cf - "$program" LICENSE-MIT LICENSE-APACHE THIRD-PARTY.md completions man | gzip -n >"$folder/$name"
cd "$folder"
if command -v sha256sum >/dev/null; then sha256sum kubesketch-*.tar.gz; else shasum -a 256 kubesketch-*.tar.gz; fi >SHA256SUMS
