#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The peers of `make bench`, into build/bench/peers: nginx unpacked from its Debian package, @tus/server from npm at the
# versions of the lock file, tusd where a Go toolchain is present. A peer that cannot be had is absent; the benches say so.
set -euo pipefail
cd "$(dirname "$0")/.."
tusd_version=v2.9.1
peers=$PWD/build/bench/peers
mkdir -p "$peers/bin"

if [ "$(id -u)" = 0 ]; then as_root=(); else as_root=(sudo); fi
mapfile -t wanted < <(grep -v '^#' tools/packages-bench.txt)
missing=()
for package in "${wanted[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "setup-bench: installing ${missing[*]}" >&2
  "${as_root[@]}" apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi

if [ ! -x "$peers/nginx/usr/sbin/nginx" ]; then
  echo "setup-bench: unpacking nginx" >&2
  (cd "$peers" && { apt-get download -qq nginx || { "${as_root[@]}" apt-get update -qq && apt-get download -qq nginx; }; } &&
   dpkg -x nginx_*.deb nginx) >&2 || echo "setup-bench: nginx cannot be had" >&2
fi

stamp=$peers/node/.stamp-$(sha256sum bench/peers/package-lock.json bench/peers/tus_server.mjs | sha256sum | cut -c1-16)
if [ ! -e "$stamp" ]; then
  echo "setup-bench: fetching @tus/server" >&2
  rm -rf "$peers/node" && mkdir -p "$peers/node"
  cp bench/peers/* bench/peers/.npmrc "$peers/node/"
  if (cd "$peers/node" && npm ci --ignore-scripts --silent) >&2; then touch "$stamp"; else
    echo "setup-bench: @tus/server cannot be had" >&2
  fi
fi

if [ ! -x "$peers/bin/tusd" ] && command -v go >/dev/null; then
  echo "setup-bench: building tusd $tusd_version" >&2
  GOBIN=$peers/bin timeout 300 go install "github.com/tus/tusd/v2/cmd/tusd@$tusd_version" >&2 ||
    echo "setup-bench: tusd cannot be had" >&2
fi
