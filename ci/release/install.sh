#!/bin/sh
# Installs kubesketch @VERSION@: sh install.sh [FOLDER]. Without FOLDER, into ~/.local/bin.
# Downloads the archive for this machine, checks its digest, which stands below, and puts `kubesketch` and `kubectl-sketch` into FOLDER. Changes nothing else.
# KUBESKETCH_RELEASES names another place with releases.
set -eu

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

digest() {
  if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d ' ' -f 1
}

# All of it is one function, so that half of a download does nothing.
main() {
  folder=${1:-$HOME/.local/bin}
  case $(uname -s)-$(uname -m) in
    Linux-x86_64 | Linux-amd64) target=x86_64-unknown-linux-musl expected=@x86_64-unknown-linux-musl@ ;;
    Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-musl expected=@aarch64-unknown-linux-musl@ ;;
    Darwin-x86_64) target=x86_64-apple-darwin expected=@x86_64-apple-darwin@ ;;
    Darwin-arm64) target=aarch64-apple-darwin expected=@aarch64-apple-darwin@ ;;
    *) fail "there is no archive for $(uname -s) on $(uname -m); cargo install kubesketch builds it" ;;
  esac
  name=kubesketch-@VERSION@-$target.tar.gz
  command -v curl >/dev/null || fail 'needs curl'
  place=$(mktemp -d)
  trap 'rm -rf "$place"' EXIT
  curl --proto '=https,file' --proto-redir '=https' --fail --silent --show-error --location --output "$place/$name" -- \
    "${KUBESKETCH_RELEASES:-@ADDRESS@/releases/download}/v@VERSION@/$name" || fail "$name could not be downloaded"
  found=$(digest "$place/$name")
  [ "$found" = "$expected" ] || fail "$name has the SHA-256 $found and not $expected"
  tar -xzf "$place/$name" -C "$place" kubesketch
  mkdir -p "$folder"
  # A program that runs can be replaced, and not written to.
  cp "$place/kubesketch" "$folder/.kubesketch.new"
  mv -f "$folder/.kubesketch.new" "$folder/kubesketch"
  ln -sf kubesketch "$folder/kubectl-sketch"
  echo "installed $("$folder/kubesketch" --version) in $folder"
  case :$PATH: in *":$folder:"*) ;; *) echo "add it to your PATH: export PATH=\"$folder:\$PATH\"" ;; esac
}

main "$@"
