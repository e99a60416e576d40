#!/usr/bin/env bash
# Lays out what ci/Dockerfile copies, from the archives of a release: image.sh VERSION ARCHIVES FOLDER.
set -euo pipefail
version=$1 archives=$2 folder=$3
for pair in amd64:x86_64 arm64:aarch64; do
  mkdir -p "$folder/${pair%%:*}"
  tar -xzf "$archives/kubesketch-$version-${pair##*:}-unknown-linux-musl.tar.gz" -C "$folder/${pair%%:*}" \
    kubesketch LICENSE-MIT LICENSE-APACHE THIRD-PARTY.md
done
