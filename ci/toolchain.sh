#!/usr/bin/env bash
# Installs the Rust that Cargo.toml names, with the targets that are given: toolchain.sh [TARGET...].
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
version=$(awk -F '"' '/^rust-version = / { print $2; exit }' "$root/Cargo.toml")
rustup toolchain install "$version" --profile minimal --component clippy,rustfmt
rustup default "$version"
if [ $# -gt 0 ]; then rustup target add "$@"; fi
