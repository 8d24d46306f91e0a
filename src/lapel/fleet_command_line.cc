// SPDX-License-Identifier: Apache-2.0
// The commands of staffing, cameras and the rotation, which talk to a server over HTTP.
#include <string>

#include "lapel/command_line_declared.h"
#include "roster/staffing.h"

namespace lapel::door {

// A change of one thing that is named first: `path` with its id in the middle.
CLI::App* CommandLine::named_change(CLI::App* in, const char* name, const char* help, const char* what,
                                    const char* before, const char* after) {
  CLI::App* sub = command(*in, name, help, [this, before, after] {
    return door::run_fact_change(remote_, "POST", before + url_encoded(recording_) + after, said_, as_json_);
  });
  sub->add_option("ID", recording_, what)->required();
  sub->add_flag("--json", as_json_, "Print JSON");
  return sub;
}

void CommandLine::add_staffing() {
  CLI::App* staffing = remote_group("staffing", "How many there are to wear a camera, on a server, over HTTP");
  CLI::App* show = command(*staffing, "show", "Strength, and whether there is a camera for each sworn officer",
                           [this] { return door::run_staffing_show(remote_, day_, as_json_); });
  show->add_option("--as-of", day_, "As of this day; today, when left out")->type_name("DATE");
  CLI::App* import = command(*staffing, "import", "Take in a file, whole or not at all",
                             [this] { return door::run_staffing_import(remote_, out_, zone_, as_json_); });
  import->add_option("FILE", out_, "CSV, as docs/formats/fleet.md has it")->required();
  import->add_option("--zone", zone_, "Of times without an offset, such as America/New_York");
  import->footer("Importing the same file again adds nothing. Nothing that was entered is ever changed.");
  for (CLI::App* sub : {show, import}) sub->add_flag("--json", as_json_, "Print JSON");
}

void CommandLine::add_fleet() {
  CLI::App* fleet = remote_group("fleet", "The cameras, on a server, over HTTP");
  fact_list(fleet, "The cameras: where each is, and who has it", "/api/v1/fleet/cameras",
            {"serial", "state", "use", "officer", "place", "firmware", "battery_percent", "open_faults"});
  CLI::App* docks = command(*fleet, "docks", "The docks, and when each delivered last", [this] {
    return door::run_fact_list(remote_, "/api/v1/fleet/docks", {},
                               {"name", "enrolled_at", "revoked_at", "last_delivery_at"}, as_json_);
  });
  CLI::App* show = command(*fleet, "show", "One camera, with its history", [this] {
    return door::run_fact_show(remote_, "/api/v1/fleet/cameras/" + url_encoded(recording_), as_json_);
  });
  show->add_option("CAMERA", recording_, "Serial or id")->required();
  CLI::App* scan = command(*fleet, "scan", "Take codes from standard input, as a scanner types them",
                           [this] { return door::run_scans(remote_, state_, place_, as_json_); });
  one_of(scan->add_option("MODE", state_, "Going out, coming in, or an audit of what is on the shelf")->required(),
         "out, in, audit");
  scan->add_option("--place", place_, "Where the cameras are put");
  scan->footer(
      "Going out, scan a badge and then the cameras that its officer gets. A code that\n"
      "comes again does nothing and is told once.");
  CLI::App* report = command(*fleet, "report", "Put on record how a camera does",
                             [this] { return door::run_camera_report(remote_, recording_, camera_, as_json_); });
  report->add_option("CAMERA", recording_, "Serial or id")->required();
  report->add_option("--firmware", camera_.firmware, "Its firmware");
  report->add_option("--clock-drift", camera_.drift_ms, "How far its clock is ahead; negative behind")->type_name("MS");
  report->add_option("--battery", camera_.battery, "Of what it held when it was new")->type_name("PERCENT");
  report->add_option("--measured-at", camera_.measured_at, "When, RFC 3339; now when left out")->type_name("TIME");
  for (CLI::App* sub : {docks, show, scan, report}) sub->add_flag("--json", as_json_, "Print JSON");

  CLI::App* state = named_change(fleet, "state", "Put a camera in service, or take it out",
                                 "Serial or id of the camera", "/api/v1/fleet/cameras/", "/state");
  one_of(say(state, "--state", "state", "Its state from today on")->required(),
         "in_service, out_of_service, lost, retired");
  one_of(say(state, "--use", "use", "Of the pool, or one officer's own"), "pool, personal");
  CLI::App* fault = named_change(fleet, "fault", "Put a fault on record", "Serial or id of the camera",
                                 "/api/v1/fleet/cameras/", "/faults");
  say(fault, "--what", "what", "What is wrong")->required();
  CLI::App* fix =
      named_change(fleet, "fix", "Say that a fault is mended", "The fault", "/api/v1/fleet/faults/", "/fix");
  say(fix, "--fix", "fix", "What was done")->required();
  CLI::App* mode = fact_change(fleet, "mode", "Say how cameras are handed out", "PUT", "/api/v1/fleet/mode");
  one_of(say(mode, "MODE", "mode", "One for each officer, or from a pool")->required(), "individual, pool");
  for (CLI::App* sub : {state, mode}) say(sub, "--reason", "reason", "Why; it goes on record")->required();
}

CLI::App* CommandLine::rotation_status(CLI::App* in, const char* name) {
  CLI::App* sub = command(*in, name, "Whose turn it is to wear a camera, and what is overdue",
                          [this] { return door::run_rotation_status(remote_, day_, as_json_); });
  sub->add_option("--as-of", day_, "As of this day; today, when left out")->type_name("DATE");
  sub->add_flag("--json", as_json_, "Print JSON");
  return sub;
}

void CommandLine::add_rotation() {
  CLI::App* rotation = remote_group("rotation", "Whose turn it is to wear a camera, on a server, over HTTP");
  rotation_status(rotation, "status");
  CLI::App* plan = command(*rotation, "plan", "Who is next, and why; it changes nothing",
                           [this] { return door::run_rotation_plan(remote_, day_, seed_, as_json_); });
  plan->add_option("--on", day_, "For this day; today, when left out")->type_name("DATE");
  plan->add_option("--seed", seed_, "Of the lot among those who are alike in all that counts; the day, when left out");
  plan->add_flag("--json", as_json_, "Print JSON");
  CLI::App* window = command(*rotation, "window", "Set after how many days a turn may be swapped, and by when",
                             [this] { return door::run_rotation_window(remote_, limit_, days_max_, said_, as_json_); });
  window->add_option("MIN_DAYS", limit_, "It may be, after so many days")->required();
  window->add_option("MAX_DAYS", days_max_, "It should be, by so many")->required();
  say(window, "--from", "from", "From this day on; today, when left out")->type_name("DATE");
  window->add_flag("--json", as_json_, "Print JSON");

  CLI::App* participants = command(*rotation, "participants", "Who takes part, and what they said when", [this] {
    return door::run_fact_list(remote_, "/api/v1/rotation/participants", {}, {"on", "status", "person", "reason"},
                               as_json_);
  });
  participants->add_flag("--json", as_json_, "Print JSON");
  CLI::App* enter = fact_change(rotation, "participant", "Put on record that somebody takes part, or withdraws", "POST",
                                "/api/v1/rotation/participants");
  say(enter, "PERSON", "person", "Login, badge or id")->required();
  one_of(say(enter, "--status", "status", "What")->required(), roster::all_participation_status_names());

  CLI::App* issue = command(*rotation, "issue", "Give somebody a turn in the first free seat of a slot",
                            [this] { return door::run_turn_begin(remote_, recording_, said_, as_json_); });
  issue->add_option("SLOT", recording_, "Its name, as lapel rotation status has it, or its id")->required();
  issue->add_flag("--json", as_json_, "Print JSON");
  say(issue, "--camera", "camera", "Serial of the camera that goes with it");
  CLI::App* swap = named_change(rotation, "swap", "Swap a turn, once its window is open", "The turn",
                                "/api/v1/rotation/turns/", "/swap");
  for (CLI::App* sub : {issue, swap}) say(sub, "--person", "person", "Who gets it: login, badge or id")->required();
  CLI::App* vacate = named_change(rotation, "vacate", "End a turn without anybody after it", "The turn",
                                  "/api/v1/rotation/turns/", "/vacate");
  CLI::App* end = named_change(rotation, "end-slot", "End a slot in which nobody has a turn", "The slot",
                               "/api/v1/rotation/slots/", "/end");
  for (CLI::App* sub : {issue, swap, vacate}) {
    say(sub, "--at", "at", "When the camera changes hands, RFC 3339; now, where it is today")->type_name("TIME");
  }
  for (CLI::App* sub : {enter, issue, swap, vacate, end}) {
    say(sub, "--on", "on", "On this day; today, when left out")->type_name("DATE");
  }
  for (CLI::App* sub : {enter, issue, swap}) say(sub, "--reason", "reason", "Why; it goes on record");
  for (CLI::App* sub : {window, vacate, end}) say(sub, "--reason", "reason", "Why; it goes on record")->required();
}

}  // namespace lapel::door
