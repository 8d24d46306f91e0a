#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what a bare Debian 12 machine lacks: Debian packages (as root, or through sudo), then the npm sources pinned by
# the lock file in third_party/, compiled once for every preset, and what the web app is built of. A second run finds all
# of it and takes a moment.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" = 0 ]; then as_root=(); else as_root=(sudo); fi

mapfile -t wanted < <(grep -v '^#' tools/packages.txt)
missing=()
for package in "${wanted[@]}"; do
  # A machine may carry its own Node.js instead of Debian's.
  case $package in
    nodejs) command -v node >/dev/null && continue ;;
    npm) command -v npm >/dev/null && continue ;;
  esac
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "setup: installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

out=build/third_party
stamp=$out/stamp-$(sha256sum third_party/package-lock.json tools/setup.sh | sha256sum | cut -c1-16)
if [ ! -e "$stamp" ]; then
  echo "setup: building SQLite from the pinned amalgamation"
  rm -rf "$out" && mkdir -p "$out/sqlite3"
  (cd third_party && npm ci --ignore-scripts --silent)
  cp third_party/node_modules/better-sqlite3/deps/sqlite3/*.[ch] "$out/sqlite3/"
  cc -O2 -g1 -c "$out/sqlite3/sqlite3.c" -o "$out/sqlite3.o" \
    -DSQLITE_THREADSAFE=2 -DSQLITE_DQS=0 -DSQLITE_DEFAULT_MEMSTATUS=0 -DSQLITE_OMIT_DEPRECATED \
    -DSQLITE_OMIT_SHARED_CACHE -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_LIKE_DOESNT_MATCH_BLOBS \
    -DSQLITE_ENABLE_FTS5 -DSQLITE_DEFAULT_FOREIGN_KEYS=1 -DSQLITE_USE_URI=0 -DHAVE_USLEEP=1 -DHAVE_FDATASYNC=1
  ar rcs "$out/libsqlite3.a" "$out/sqlite3.o"
  touch "$stamp"
fi

stamp=web/node_modules/.stamp-$(sha256sum web/package-lock.json | cut -c1-16)
if [ ! -e "$stamp" ]; then
  echo "setup: fetching what the web app is built of"
  (cd web && npm ci --ignore-scripts --silent)
  touch "$stamp"
fi
