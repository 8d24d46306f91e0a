#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `make run`: on first use a sample town in ./var with one sign-in a role and a few recordings, then the server until Ctrl-C.
set -Eeuo pipefail
cd "$(dirname "$0")/.."
bin=build/bin
data=var/data
port=${PORT:-8080}
agency=ashfield-police-department

# login and role, badge, name
people="officer|101|Dana Whitfield
supervisor|102|Luis Ortega
command|103|Ruth Abrams
investigator|104|Kofi Mensah
internal_affairs|105|Helen Brandt
coordinator|106|Sam Okafor
records|107|Priya Nair
da_liaison|108|Tom Lindqvist
counsel|109|Grace Kim
auditor|110|Noor Haddad
union|111|Pat Doyle
program_manager|112|Maria Silva
approver|113|James Carter"

# hours ago, badge of the wearer, category, incident, file
recordings="2|101|Traffic stop|26-004417|video/Zulko+moviepy/media/chaplin.mp4
5|101|Welfare check|26-004409|video/drewnoakes+metadata-extractor-images/mov/with-gps.mov
26|102|Training||video/pytorch+torchcodec/test/resources/nasa_13013.mp4
27|101|Traffic stop|26-004371|video/androidx+media/libraries/test_data/src/test/assets/media/mp4/sample_portrait.mp4"

server=
make_town() {
  rm -rf var.new && mkdir -m 700 var.new
  log=var.new/first-run.log
  trap 'cat "$log" >&2; [ -z "$server" ] || kill "$server"' ERR
  head -c 18 /dev/urandom | base64 | tr '+/' 'ab' >var.new/password
  "$bin/lapel" init --data var.new/data --agency "Ashfield Police Department" --admin administrator --password-file var.new/password >var.new/ledger-key 2>>"$log"
  # A sample is for looking around; a real agency has everybody enroll a second factor at their first sign-in.
  "$bin/lapel" sign-in rules --data var.new/data --agency $agency --second-factor optional >>"$log" 2>&1
  while IFS='|' read -r role badge name; do
    "$bin/lapel" user add --data var.new/data --agency $agency --login "$role" --name "$name" --badge "$badge" --role "$role" \
      --password-file var.new/password 2>>"$log"
  done <<<"$people"

  # The recordings come in as any do: over HTTP, by somebody who may upload.
  LAPEL_TOKEN=$("$bin/lapel" token create --data var.new/data --user records)
  export LAPEL_TOKEN
  exec 3< <(exec "$bin/lapel" serve --data var.new/data --listen localhost:0 2>>"$log")
  server=$!
  read -r -u 3 _ _ address
  while IFS='|' read -r hours badge category incident file; do
    "$bin/lapel" recording upload --server "$address" --key "$(cat var.new/ledger-key)" --wearer "$badge" --category "$category" \
      --incident "$incident" --device "AB-0$badge" --recorded-at "$(date -u -d "-$hours hours" +%FT%TZ)" "test/data/$file" >>"$log" 2>&1
  done <<<"$recordings"
  unset LAPEL_TOKEN
  kill -TERM "$server"
  while read -r -u 3 _; do :; done
  exec 3<&-
  trap - ERR
  mkdir -p var && mv var.new/* var/ && rmdir var.new
}

if [ ! -e "$data/lapel.format" ]; then make_town; fi

echo "Sample town: Ashfield Police Department"
echo "  Address       http://localhost:$port"
echo "  Sign-ins      administrator $(cut -d'|' -f1 <<<"$people" | tr '\n' ' ')"
echo "  Password      $(cat var/password)   (the same for all)"
echo "  Ledger key    $(cat var/ledger-key)"
echo "  A token       $bin/lapel token create --data $data --user records"
echo "  Trace         var/trace.log"
# What goes wrong is shown here; each request is in the file alone.
exec "$bin/lapel" serve --data "$data" --listen "localhost:$port" 2> >(tee -a var/trace.log | grep --line-buffered -v '^{' >&2)
