#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `make run`: on first use a sample town in ./var with one sign-in a role and a few recordings, then the server until Ctrl-C.
# `make run SAMPLE=pittsfield` (or berkshire, correction): the program of a department as its public record tells it, in ./var/pittsfield.
set -Eeuo pipefail
cd "$(dirname "$0")/.."
bin=build/bin
port=${PORT:-8080}
sample=${SAMPLE:-town}
programs=build/share/lapel/program

# Each sample in a directory of its own: agencies (name|slug|files of its program), the first of them the one that hosts.
case $sample in
  town) var=${VAR:-var} agencies="Ashfield Police Department|ashfield-police-department|" ;;
  pittsfield)
    var=${VAR:-var/pittsfield}
    agencies="Pittsfield Police Department|pittsfield-police-department|pittsfield_2022 pittsfield_bargaining_2022"
    ;;
  berkshire)
    var=${VAR:-var/berkshire}
    agencies="Pittsfield Police Department|pittsfield-police-department|berkshire_round pittsfield_bargaining_2022
Dalton Police Department|dalton-police-department|berkshire_dalton
North Adams Police Department|north-adams-police-department|berkshire_north_adams
Cheshire Police Department|cheshire-police-department|berkshire_cheshire
Williamstown Police Department|williamstown-police-department|berkshire_williamstown"
    ;;
  correction) var=${VAR:-var/correction} agencies="Department of Correction|department-of-correction|correction_2023" ;;
  *)
    echo "make run: SAMPLE is town, pittsfield, berkshire or correction, and not $sample" >&2
    exit 2
    ;;
esac
data=$var/data

# role, badge, name: nobody of them is a real person
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

# Of the agency that hosts, a role's own word is the sign-in; of others it has the town before it.
login_of() { # SLUG ROLE
  local first=${agencies#*|}
  if [ "$1" = "${first%%|*}" ]; then echo "$2"; else echo "${1%-police-department}-$2"; fi
}

# A sample is for looking around; a real agency has everybody enroll a second factor at their first sign-in.
settle() { # SLUG
  local role badge name mark=""
  [ "$sample" = town ] || mark=" (fictitious)"
  "$bin/lapel" sign-in rules --data "$new/data" --agency "$1" --second-factor optional >>"$log" 2>&1
  while IFS='|' read -r role badge name; do
    "$bin/lapel" user add --data "$new/data" --agency "$1" --login "$(login_of "$1" "$role")" --name "$name$mark" --badge "$badge" \
      --role "$role" --password-file "$new/password" 2>>"$log"
  done <<<"$people"
}

server=
make_town() {
  local name slug files hours badge category incident file
  new=$var.new
  rm -rf "$new" && mkdir -p "$new" && chmod 700 "$new"
  log=$new/first-run.log
  trap 'cat "$log" >&2; [ -z "$server" ] || kill "$server"' ERR
  head -c 18 /dev/urandom | base64 | tr '+/' 'ab' >"$new/password"
  while IFS='|' read -r name slug files; do
    if [ ! -e "$new/data" ]; then
      "$bin/lapel" init --data "$new/data" --agency "$name" --admin administrator --password-file "$new/password" >"$new/ledger-key" 2>>"$log"
    else
      "$bin/lapel" agency add --data "$new/data" --name "$name" >>"$new/ledger-key" 2>>"$log"
    fi
    settle "$slug"
  done <<<"$agencies"

  # What is in it comes in as anything does: over HTTP, by somebody who may.
  exec 3< <(exec "$bin/lapel" serve --data "$new/data" --listen localhost:0 2>>"$log")
  server=$!
  read -r -u 3 _ _ address
  export LAPEL_TOKEN
  while IFS='|' read -r name slug files; do
    LAPEL_TOKEN=$("$bin/lapel" token create --data "$new/data" --user "$(login_of "$slug" program_manager)")
    for file in $files; do "$bin/lapel" program import --server "$address" "$programs/$file.json" >>"$log" 2>&1; done
  done <<<"$agencies"
  LAPEL_TOKEN=$("$bin/lapel" token create --data "$new/data" --user records)
  while [ "$sample" = town ] && IFS='|' read -r hours badge category incident file; do
    "$bin/lapel" recording upload --server "$address" --key "$(cat "$new/ledger-key")" --wearer "$badge" --category "$category" \
      --incident "$incident" --device "AB-0$badge" --recorded-at "$(date -u -d "-$hours hours" +%FT%TZ)" "test/data/$file" >>"$log" 2>&1
  done <<<"$recordings"
  unset LAPEL_TOKEN
  kill -TERM "$server"
  while read -r -u 3 _; do :; done
  exec 3<&-
  trap - ERR
  mkdir -p "$var" && mv "$new"/* "$var/" && rmdir "$new"
}

if [ ! -e "$data/lapel.format" ]; then make_town; fi

echo "Sample: $(cut -d'|' -f1 <<<"$agencies" | paste -sd, | sed 's/,/, /g')"
echo "  Address       http://localhost:$port"
echo "  Sign-ins      administrator $(cut -d'|' -f1 <<<"$people" | tr '\n' ' ')"
[ "$sample" != berkshire ] || echo "                of the other towns dalton-program_manager, north-adams-officer and so on"
echo "  Password      $(cat "$var/password")   (the same for all)"
echo "  Ledger key    $(head -1 "$var/ledger-key")"
echo "  A token       $bin/lapel token create --data $data --user records"
echo "  Trace         $var/trace.log"
# What goes wrong is shown here; each request is in the file alone.
exec "$bin/lapel" serve --data "$data" --listen "localhost:$port" 2> >(tee -a "$var/trace.log" | grep --line-buffered -v '^{' >&2)
