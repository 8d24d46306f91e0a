// SPDX-License-Identifier: Apache-2.0
// The commands of policies and training, which talk to a server over HTTP.
#include <string>

#include "lapel/command_line_declared.h"

namespace lapel::door {

CLI::App* CommandLine::policy_command(CLI::App* in, const char* name, const char* help,
                                      std::function<Result<void>()> action) {
  CLI::App* sub = command(*in, name, help, std::move(action));
  sub->add_option("POLICY", policy_.policy, "Its short name or id")->required();
  sub->add_flag("--json", as_json_, "Print JSON");
  return sub;
}

void CommandLine::add_requirement(CLI::App* in, const char* what, const char* member) {
  CLI::App* sub = command(*in, "require", "Say whether one comes before a camera is handed out",
                          [this] { return door::run_requirement(remote_, said_, state_, as_json_); });
  say(sub, what, member, "Its short name or id")->required();
  one_of(sub->add_option("--required", state_, "Whether it does")->required(), "yes, no");
  say(sub, "--unit", "unit", "Of the members of this unit alone");
  say(sub, "--reason", "reason", "Why; it goes on record")->required();
  sub->add_flag("--json", as_json_, "Print JSON");
}

void CommandLine::add_policy() {
  CLI::App* policy = remote_group("policy", "Policies and who has acknowledged them, on a server, over HTTP");
  fact_list(policy, "The policies: which version is in force, and which you acknowledged last", "/api/v1/policies",
            {"slug", "number", "acknowledged", "title"});
  CLI::App* add = command(*policy, "add", "Add a policy", [this] {
    return door::run_required_add(remote_, "/api/v1/policies", said_, policy_, as_json_);
  });
  say(add, "SLUG", "slug", "Its short name, as in temporary-policy")->required();
  say(add, "--title", "title", "Its title")->required();
  add->add_flag("--required", policy_.is_required, "Nobody gets a camera without having acknowledged it");
  say(add, "--unit", "unit", "Of the members of this unit alone");
  add->add_flag("--json", as_json_, "Print JSON");
  CLI::App* issue = policy_command(policy, "issue", "Issue the next version",
                                   [this] { return door::run_policy_issue(remote_, policy_, as_json_); });
  issue->add_option("FILE", policy_.file, "JSON, as docs/formats/training.md has it")->required();
  issue->add_option("--from", policy_.effective, "In force from this day or time on; now, when left out")
      ->type_name("TIME");
  issue->add_option("--note", policy_.note, "What changed, in a sentence");
  issue->footer("A version is never edited: the next one takes its place from its own time on.");
  CLI::App* show = policy_command(policy, "show", "A version, with what enforces each clause",
                                  [this] { return door::run_policy_show(remote_, policy_, as_json_); });
  CLI::App* changes = policy_command(policy, "changes", "What changed, clause by clause and word by word",
                                     [this] { return door::run_policy_changes(remote_, policy_, as_json_); });
  changes->add_option("--since", policy_.since,
                      "Since this version; since the last that you acknowledged, when left out");
  CLI::App* acknowledge = policy_command(policy, "acknowledge", "Say that you have read a version", [this] {
    return door::run_policy_acknowledge(remote_, signer_, policy_, as_json_);
  });
  for (CLI::App* sub : {show, changes, acknowledge}) {
    sub->add_option("--version", policy_.version, "Its number; the one in force, when left out");
  }
  acknowledge->add_option("--answer", policy_.answers, "The number of a choice, once for each question of the check")
      ->type_name("NUMBER");
  add_signer(acknowledge);
  acknowledge->footer(
      "It takes a person who is signed in with a second factor: no token can do it. Who has\n"
      "passkeys alone does it in a browser, where the passkey signs what is acknowledged.");
  CLI::App* checklist = command(*policy, "checklist", "What a policy should speak of, and which clauses do",
                                [this] { return door::run_policy_checklist(remote_, as_json_); });
  checklist->add_flag("--json", as_json_, "Print JSON");
  add_requirement(policy, "POLICY", "policy");
}

void CommandLine::add_training() {
  CLI::App* training = remote_group("training", "Courses and who attended them, on a server, over HTTP");
  CLI::App* status = command(*training, "status", "Who lacks what, and whose training ends soon",
                             [this] { return door::run_training_status(remote_, day_, as_json_); });
  status->add_option("--as-of", day_, "As of the end of this day; now, when left out")->type_name("DATE");
  CLI::App* person = command(*training, "person", "All that is on record of one person",
                             [this] { return door::run_training_person(remote_, recording_, as_json_); });
  person->add_option("PERSON", recording_, "Login, badge or id")->required();
  CLI::App* recording =
      command(*training, "recording", "What was in force when a recording was made, and acknowledged by its officer",
              [this] { return door::run_training_recording(remote_, recording_, as_json_); });
  recording->add_option("RECORDING", recording_, "Its id")->required();
  CLI::App* import = command(*training, "import", "Take in a file of attendance, whole or not at all",
                             [this] { return door::run_training_import(remote_, out_, as_json_); });
  import->add_option("FILE", out_, "CSV, as docs/formats/training.md has it")->required();
  import->footer("Importing the same file again adds nothing.");
  CLI::App* scan = command(*training, "scan", "Take badges from standard input, as a scanner types them",
                           [this] { return door::run_training_scan(remote_, recording_, as_json_); });
  scan->add_option("SESSION", recording_, "The session, as lapel training sessions names it")->required();
  for (CLI::App* sub : {status, person, recording, import, scan}) sub->add_flag("--json", as_json_, "Print JSON");

  CLI::App* courses = group(*training, "course", "The courses");
  courses->fallthrough();
  fact_list(courses, "The courses", "/api/v1/training/courses",
            {"slug", "valid_days", "valid_months", "renews", "title"});
  CLI::App* add = command(*courses, "add", "Add a course", [this] {
    return door::run_required_add(remote_, "/api/v1/training/courses", said_, policy_, as_json_);
  });
  say(add, "SLUG", "slug", "Its short name, as in basic")->required();
  say(add, "--title", "title", "Its title")->required();
  add->add_flag("--required", policy_.is_required, "Nobody gets a camera without having attended it");
  say(add, "--unit", "unit", "Of the members of this unit alone");
  add->add_option("--days", policy_.days, "For how many days attendance counts; without end, when left out");
  add->add_option("--months", policy_.months, "For how many months");
  say(add, "--renews", "renews", "The course that it is a refresher of");
  add->add_flag("--json", as_json_, "Print JSON");
  add_requirement(courses, "COURSE", "course");

  CLI::App* sessions = command(*training, "sessions", "The sessions, the newest day first", [this] {
    return door::run_fact_list(remote_, "/api/v1/training/sessions", {},
                               {"id", "on", "course", "attended", "place", "trainer", "cancelled_at"}, as_json_);
  });
  sessions->add_flag("--json", as_json_, "Print JSON");
  CLI::App* plan = fact_change(training, "plan", "Plan a session of a course", "POST", "/api/v1/training/sessions");
  say(plan, "COURSE", "course", "Its short name or id")->required();
  say(plan, "--on", "on", "Its day; today, when left out")->type_name("DATE");
  say(plan, "--place", "place", "Where");
  say(plan, "--trainer", "trainer", "By whom");
  CLI::App* cancel =
      named_change(training, "cancel", "Cancel a session", "The session", "/api/v1/training/sessions/", "/cancel");
  CLI::App* withdraw = named_change(training, "withdraw", "Take back attendance that was entered in error",
                                    "The attendance", "/api/v1/training/attendances/", "/withdraw");
  for (CLI::App* sub : {cancel, withdraw}) say(sub, "--reason", "reason", "Why; it goes on record")->required();
}

}  // namespace lapel::door
