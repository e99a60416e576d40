#!/usr/bin/env bash
# Makes what a release needs beside its archives: release.sh VERSION ADDRESS FOLDER.
# FOLDER holds the archives that ci/package.sh made, one for each machine; ADDRESS is that of the repository. Then FOLDER also holds SHA256SUMS, installers for
# shells and for PowerShell, a formula for Homebrew and a manifest for krew. Each of them carries the digests of the archives that it installs.
set -euo pipefail
version=$1 address=${2%/} folder=$3
templates=$(cd "$(dirname "$0")/release" && pwd)
fail() {
  echo "release.sh: $1" >&2
  exit 1
}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] || fail "not a version: $version"
[[ $address =~ ^(https|file)://[A-Za-z0-9._/-]+$ ]] || fail "not an address: $address"
cd "$folder"
if command -v sha256sum >/dev/null; then sha256sum kubesketch-*.tar.gz; else shasum -a 256 kubesketch-*.tar.gz; fi >SHA256SUMS
edits=(-e "s|@VERSION@|$version|g" -e "s|@ADDRESS@|$address|g")
for target in x86_64-unknown-linux-musl aarch64-unknown-linux-musl x86_64-apple-darwin aarch64-apple-darwin x86_64-pc-windows-msvc; do
  digest=$(awk -v name="kubesketch-$version-$target.tar.gz" '$2 == name || $2 == "*" name { print $1 }' SHA256SUMS)
  [[ $digest =~ ^[0-9a-f]{64}$ ]] || fail "there is no archive for $target"
  edits+=(-e "s|@$target@|$digest|g")
done
for template in install.sh install.ps1 kubesketch.rb sketch.yaml; do
  sed "${edits[@]}" "$templates/$template" >"$template"
  if grep -n '@[A-Za-z0-9_-]*@' "$template"; then fail "$template has a gap that nothing fills"; fi
done
