#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `make run`: on first use a sample town in ./var with one sign-in a role, then the server until Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=build/bin
data=var/data
port=${PORT:-8080}

if [ ! -e "$data/lapel.format" ]; then
  rm -rf var.new && mkdir -m 700 var.new
  head -c 18 /dev/urandom | base64 | tr '+/' 'ab' >var.new/password
  "$bin/lapel" init --data var.new/data --agency "Ashfield Police Department" --admin administrator --password-file var.new/password >var.new/ledger-key
  number=100
  for role in officer supervisor command investigator internal_affairs coordinator records da_liaison counsel auditor union program_manager approver; do
    number=$((number + 1))
    "$bin/lapel" user add --data var.new/data --agency ashfield-police-department --login "$role" --badge "$number" --role "$role" \
      --password-file var.new/password 2>/dev/null
  done
  mkdir -p var && mv var.new/* var/ && rmdir var.new
fi

echo "Sample town: Ashfield Police Department"
echo "  Address       http://localhost:$port"
echo "  Sign-ins      administrator and one for each role (officer, records, investigator, …)"
echo "  Password      $(cat var/password)"
echo "  Ledger key    $(cat var/ledger-key)"
echo "  A token       $bin/lapel token create --data $data --user records"
exec "$bin/lapel" serve --data "$data" --listen "localhost:$port"
