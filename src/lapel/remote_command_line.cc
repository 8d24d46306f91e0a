// SPDX-License-Identifier: Apache-2.0
// The commands that talk to a server over HTTP.
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "access/access.h"
#include "lapel/command_line_declared.h"
#include "roster/proposals.h"

namespace lapel::door {

CLI::App* CommandLine::remote_group(const char* name, const char* help) {
  CLI::App* sub = group(name, help);
  sub->add_option("--server", remote_.server, "The server's address")
      ->envname("LAPEL_SERVER")
      ->capture_default_str()
      ->type_name("URL");
  sub->add_option("--token-file", remote_.token_file,
                  std::string("File whose first line is a token; else ") + kTokenVariable)
      ->type_name("FILE");
  if (const char* token = std::getenv(kTokenVariable)) remote_.token = token;
  sub->fallthrough();  // before its commands are added: they inherit it
  return sub;
}

CLI::App* CommandLine::fact_list(CLI::App* in, const char* help, const char* path, std::vector<std::string> columns) {
  CLI::App* sub = command(*in, "list", help, [this, path, columns = std::move(columns)] {
    return door::run_fact_list(remote_, path, said_, columns, as_json_);
  });
  sub->add_flag("--json", as_json_, "Print JSON");
  return sub;
}

CLI::App* CommandLine::fact_change(CLI::App* in, const char* name, const char* help, const char* method,
                                   const char* path) {
  CLI::App* sub = command(
      *in, name, help, [this, method, path] { return door::run_fact_change(remote_, method, path, said_, as_json_); });
  sub->add_flag("--json", as_json_, "Print JSON");
  return sub;
}

CLI::Option* CommandLine::say(CLI::App* sub, const char* option, const char* member, const char* help) {
  return sub->add_option_function<std::string>(
      option, [this, member](const std::string& value) { said_.emplace_back(member, value); }, help);
}

void CommandLine::add_facts() {
  CLI::App* people = remote_group("person", "People on a server, over HTTP");
  fact_list(people, "The people of the agency", "/api/v1/people", {"login", "badge", "active", "roles", "name"});
  CLI::App* roles = command(*people, "roles", "Give a person other roles than they hold", [this] {
    return door::run_person_roles(remote_, signer_, recording_, roles_, reason_, as_json_);
  });
  CLI::App* deactivate = command(*people, "deactivate", "Let nobody sign in as a person who has left", [this] {
    return door::run_person_activity(remote_, recording_, door::Activity::kInactive, reason_, as_json_);
  });
  CLI::App* activate = command(*people, "activate", "Let a person who has come back sign in again", [this] {
    return door::run_person_activity(remote_, recording_, door::Activity::kActive, reason_, as_json_);
  });
  for (CLI::App* sub : {roles, deactivate, activate}) {
    sub->add_option("PERSON", recording_, "Login or id")->required();
    sub->add_option("--reason", reason_, "Why; it goes on record")->required();
    sub->add_flag("--json", as_json_, "Print JSON");
  }
  one_of(roles->add_option("--role", roles_, "Every role that they hold from now on")
             ->required()
             ->delimiter(',')
             ->type_name("ROLE"),
         access::all_role_names());
  add_signer(roles);
  roles->footer(
      "It takes a person who is signed in with a second factor: no token can do it. Who has\n"
      "passkeys alone does it in a browser.");
  deactivate->footer(
      "Their sessions and tokens end with their next request, for good. What they did and\n"
      "what they were stays on record.");
  CLI::App* rights = command(*people, "rights", "What a person may do, and by which rule",
                             [this] { return door::run_person_rights(remote_, recording_, as_json_); });
  rights->add_option("PERSON", recording_, "Login or id")->required();
  rights->add_flag("--json", as_json_, "Print JSON");
  CLI::App* review = command(*people, "review", "Who has access: roles, credentials, and who was last here when",
                             [this] { return door::run_person_review(remote_, as_json_); });
  review->add_flag("--json", as_json_, "Print JSON");
  review->footer("For administrators, auditors and command. It is signed on the page Access review.");

  CLI::App* units = remote_group("unit", "Units on a server, over HTTP");
  fact_list(units, "The units of the agency", "/api/v1/units", {"id", "name"});
  say(fact_change(units, "add", "Add a unit", "POST", "/api/v1/units"), "NAME", "name", "What it is called")
      ->required();

  CLI::App* categories = remote_group("category", "The agency's own categories, on a server, over HTTP");
  fact_list(categories, "The categories of the agency, with those that are retired", "/api/v1/categories",
            {"id", "name", "retired_at"});
  say(fact_change(categories, "add", "Add a category", "POST", "/api/v1/categories"), "NAME", "name",
      "What it is called; once there is one, people give recordings no other")
      ->required();
  CLI::App* retire = command(*categories, "retire", "Give a category to no further recording", [this] {
    return door::run_fact_change(remote_, "POST", "/api/v1/categories/" + recording_ + "/retire", said_, as_json_);
  });
  retire->add_option("ID", recording_, "The category, as lapel category list names it")->required();
  say(retire, "--reason", "reason", "Why")->required();
  retire->add_flag("--json", as_json_, "Print JSON");

  CLI::App* cases = remote_group("case", "Cases on a server, over HTTP");
  fact_list(cases, "The cases of the agency", "/api/v1/cases", {"id", "number", "title"});
  CLI::App* open = fact_change(cases, "add", "Open a case", "POST", "/api/v1/cases");
  say(open, "NUMBER", "number", "The agency's own number; recordings of that incident belong to it")->required();
  say(open, "--title", "title", "What it is about");

  CLI::App* assignments = remote_group("assignment", "Who was what, when, on a server, over HTTP");
  CLI::App* list = fact_list(assignments, "Assignments, in order of beginning", "/api/v1/assignments",
                             {"id", "kind", "person", "target", "from", "until"});
  CLI::App* begin = command(*assignments, "begin", "Assign a badge, device, unit, case or clearance", [this] {
    return door::run_fact_change(remote_, signer_, "POST", "/api/v1/assignments", said_, as_json_);
  });
  begin->add_flag("--json", as_json_, "Print JSON");
  one_of(say(list, "--kind", "kind", "Only of this kind"), roster::all_assignment_kind_names());
  say(list, "--person", "person", "Only of the person with this id");
  say(list, "--target", "target", "Only of this badge, restriction, or device, unit or case with this id");
  say(list, "--at", "at", "Those that stood at this time, RFC 3339");
  one_of(say(begin, "--kind", "kind", "What is assigned")->required(), roster::all_assignment_kind_names());
  say(begin, "--person", "person", "Login or id")->required();
  say(begin, "--target", "target", "Badge, serial, unit's name, case's number or restriction");
  say(begin, "--from", "from", "Its beginning, RFC 3339; now when left out");
  say(begin, "--until", "until", "Its end, RFC 3339");
  CLI::App* end = command(*assignments, "end", "End an assignment", [this] {
    return door::run_fact_change(remote_, signer_, "POST", "/api/v1/assignments/" + recording_ + "/end", said_,
                                 as_json_);
  });
  end->add_option("ID", recording_, "The assignment, as lapel assignment list names it")->required();
  say(end, "--until", "until", "Its end, RFC 3339; now when left out");
  say(end, "--reason", "reason", "Why")->required();
  end->add_flag("--json", as_json_, "Print JSON");
  for (CLI::App* sub : {begin, end}) offer_signer(sub);
  begin->footer(
      "A clearance, a scope and a unit, to belong to or to supervise, take a person who signs in for\n"
      "it with a second factor: no token gives one.");
  end->footer(
      "A clearance, a scope, a unit and an investigation take a person who signs in for it with a\n"
      "second factor: no token ends one.");

  CLI::App* statements = remote_group("statement", "Filed statements, on a server, over HTTP");
  CLI::App* record = fact_change(statements, "record", "Put on record that an officer has filed a statement", "POST",
                                 "/api/v1/statements");
  say(record, "--person", "person", "The officer's login or id")->required();
  say(record, "--incident", "incident", "The incident's number")->required();
  say(record, "--filed-at", "filed_at", "When it was filed, RFC 3339; now when left out");
  CLI::App* withdraw = fact_change(statements, "withdraw", "Take one back that was put on record in error", "POST",
                                   "/api/v1/statements/withdraw");
  say(withdraw, "--person", "person", "The officer's login or id")->required();
  say(withdraw, "--incident", "incident", "The incident's number")->required();
  say(withdraw, "--reason", "reason", "Why; it goes on record")->required();

  CLI::App* alerts = remote_group("alert", "Alerts on unusual reading, on a server, over HTTP");
  fact_list(alerts, "Those about whom you look after, open ones first", "/api/v1/alerts",
            {"id", "at", "recordings", "person", "acknowledged"});
  CLI::App* acknowledge = command(*alerts, "acknowledge", "Say what came of one", [this] {
    return door::run_fact_change(remote_, "POST", "/api/v1/alerts/" + recording_ + "/acknowledge", said_, as_json_);
  });
  acknowledge->add_option("ID", recording_, "The alert, as lapel alert list names it")->required();
  say(acknowledge, "--reason", "reason", "What came of it; it goes on record")->required();
  CLI::App* digests = remote_group("digest", "Weekly digests of who looked at what, on a server, over HTTP");
  fact_list(digests, "Those to be signed first, the newest week first", "/api/v1/digests",
            {"id", "from", "reader", "signed_at", "overdue"});
  CLI::App* sign = command(*digests, "sign", "Sign that you have read one that was made for you", [this] {
    return door::run_fact_change(remote_, "POST", "/api/v1/digests/" + recording_ + "/sign", said_, as_json_);
  });
  sign->add_option("ID", recording_, "The digest, as lapel digest list names it")->required();
  say(sign, "--note", "note", "What there is to say; it goes on record");
  for (CLI::App* sub : {acknowledge, sign}) sub->add_flag("--json", as_json_, "Print JSON");

  CLI::App* rules = remote_group("rule", "The agency's own rules of viewing, on a server, over HTTP");
  CLI::App* show = command(*rules, "show", "The rules",
                           [this] { return door::run_fact_list(remote_, "/api/v1/rules", {}, {}, true); });
  show->description("The rules, as JSON");
  CLI::App* set = command(*rules, "set", "Set the rules", [this] {
    return door::run_fact_change(remote_, signer_, "PUT", "/api/v1/rules", said_, as_json_);
  });
  set->add_flag("--json", as_json_, "Print JSON");
  one_of(say(set, "--own-viewing", "own_viewing", "When officers may see their own recordings")->required(),
         "allowed, after_statement, supervisor_releases");
  say(set, "--reason", "reason", "Why")->required();
  add_signer(set);
  set->footer(
      "It takes a person who is signed in with a second factor: no token can do it. Who has\n"
      "passkeys alone does it in a browser.");
}

void CommandLine::add_signer(CLI::App* sub) {
  for (CLI::Option* option : offer_signer(sub)) option->required();
}

std::array<CLI::Option*, 2> CommandLine::offer_signer(CLI::App* sub) {
  CLI::Option* login = sub->add_option("--login", signer_.login, "Who does it");
  CLI::Option* password =
      sub->add_option("--password-file", signer_.password_file, "File whose first line is their password")
          ->type_name("FILE");
  sub->add_option("--code", signer_.code, "What their app shows now, or a recovery code");
  sub->add_flag("--accept-notice", signer_.is_notice_accepted, "Accept the agency's notice of use");
  login->needs(password);
  password->needs(login);
  return {login, password};
}

CLI::App* CommandLine::signed_act(CLI::App* in, const char* name, const char* help, const char* before,
                                  const char* after) {
  CLI::App* sub = command(*in, name, help, [this, before, after] {
    return door::run_signed_act(remote_, signer_, before + url_encoded(recording_) + after, reason_, as_json_);
  });
  sub->add_option("ID", recording_, "Which")->required();
  sub->add_option("--reason", reason_, "Why; it goes on record")->required();
  add_signer(sub);
  sub->add_flag("--json", as_json_, "Print JSON");
  sub->footer(
      "It takes two people, each signed in with a second factor: no token can do it. Who\n"
      "has passkeys alone does it in a browser.");
  return sub;
}

void CommandLine::add_holds() {
  CLI::App* holds = remote_group("hold", "Legal holds on a server, over HTTP");
  CLI::App* add =
      fact_change(holds, "add", "Place a hold, which stands until two people release it", "POST", "/api/v1/holds");
  say(add, "--matter", "matter", "The claim, by its name or number")->required();
  say(add, "--reason", "reason", "Why")->required();
  CLI::Option* one = say(add, "--recording", "recording", "The recording that it covers, with its further files");
  CLI::Option* all = say(add, "--incident", "incident", "Or all of this incident, those that arrive later too");
  one->excludes(all);
  fact_list(holds, "Holds, those that stand first", "/api/v1/holds",
            {"id", "placed_at", "placed_by_name", "released_at", "covers", "recording", "incident", "matter"});
  signed_act(holds, "release", "Propose that a hold be released; another decides", "/api/v1/holds/", "/release");

  CLI::App* proposals = remote_group("proposal", "What takes two people, on a server, over HTTP");
  CLI::App* list = fact_list(proposals, "Proposals, the newest first", "/api/v1/proposals",
                             {"id", "state", "proposed_at", "proposer_name", "text"});
  one_of(say(list, "--state", "state", "Only those in this state"), roster::all_proposal_state_names());
  CLI::App* show = command(*proposals, "show", "One proposal", [this] {
    return door::run_fact_show(remote_, "/api/v1/proposals/" + url_encoded(recording_), as_json_);
  });
  show->add_option("ID", recording_, "The proposal")->required();
  show->add_flag("--json", as_json_, "Print JSON");
  signed_act(proposals, "approve", "Approve what another proposed; it is done at once", "/api/v1/proposals/",
             "/approve");
  signed_act(proposals, "refuse", "Refuse what another proposed", "/api/v1/proposals/", "/refuse");
  CLI::App* withdraw = command(*proposals, "withdraw", "Withdraw one's own proposal", [this] {
    return door::run_fact_change(remote_, "POST", "/api/v1/proposals/" + url_encoded(recording_) + "/withdraw", said_,
                                 as_json_);
  });
  withdraw->add_option("ID", recording_, "The proposal")->required();
  say(withdraw, "--reason", "reason", "Why")->required();
  withdraw->add_flag("--json", as_json_, "Print JSON");
}

CLI::App* CommandLine::program_report(CLI::App* in, const char* name, const char* help, ProgramReport report) {
  CLI::App* sub = command(*in, name, help, [this, report] { return report(remote_, program_, as_json_); });
  sub->add_option("--as-of", program_.as_of, "As it was known on this day; today, when left out")->type_name("DATE");
  one_of(
      sub->add_option("--by", program_.by,
                      "Which time that follows: the one that a file says history was recorded on, or the ledger's own"),
      "recorded_on, ledger");
  sub->add_flag("--embargoed", program_.is_embargoed_included, "Also what is under embargo, for those who may see it");
  sub->add_flag("--privileged", program_.is_privileged_included, "Also what is privileged, for those who may see it");
  sub->add_flag("--json", as_json_, "Print JSON");
  return sub;
}

void CommandLine::paper(CLI::App* sub) {
  one_of(sub->add_option("--format", program_.format, "As a file of this form")->type_name("FORM"),
         "json, html, pdf, csv");
  sub->add_option("--out", program_.out, "Into this new file; on stdout, when left out")->type_name("FILE");
}

void CommandLine::add_program() {
  CLI::App* program = remote_group("program", "The program around the cameras, on a server, over HTTP");
  CLI::App* import = command(*program, "import", "Add the statements of a file, whole or not at all",
                             [this] { return door::run_program_import(remote_, out_, as_json_); });
  import->add_option("FILE", out_, "JSON, as docs/formats/program.md has it")->required();
  import->add_flag("--json", as_json_, "Print JSON");
  import->footer("Importing the same file again adds nothing. Nothing that was stated is ever changed.");
  program_report(program, "status", "Strength, milestones, and what is contradicted, corrected or assumed",
                 door::run_program_status);
  rotation_status(program, "rotation");
  CLI::App* costs = program_report(program, "costs", "Payments with what grants pay of them, and the awards of a round",
                                   door::run_program_costs);
  costs->add_option("--contract", program_.contract, "Which contract, where there are several");
  CLI::App* volumes =
      command(*program, "volumes", "What arrived month by month, and what is kept; as JSON the file of lapel forecast",
              [this] { return door::run_program_volumes(remote_, program_.from, program_.until, as_json_); });
  volumes->add_option("--from", program_.from, "From this month on; the first whole one, when left out")
      ->type_name("YYYY-MM");
  volumes->add_option("--until", program_.until, "Up to this month; the last whole one, when left out")
      ->type_name("YYYY-MM");
  program_report(program, "bargaining", "With whom, over what, where it stands; notices, reviews, sessions, positions",
                 door::run_program_bargaining);
  CLI::App* metering =
      program_report(program, "metering", "What a month's invoices were for: storage, access, retrieval, by agency",
                     door::run_program_metering);
  metering->add_option("--month", program_.month, "Which; one that is over")->required()->type_name("YYYY-MM");
  program_report(program, "gates", "What each phase, and handing out cameras, waits for; sites of a rollout",
                 door::run_program_gates);
  CLI::App* start = fact_change(program, "start", "State that a phase has begun; refused while a gate is unmet", "POST",
                                "/api/v1/program/phases");
  say(start, "PHASE", "phase", "Which: pilot, evaluation, full")->required();
  say(start, "--on", "on", "The day on which it began; today, when left out")->type_name("DATE");
  CLI::App* waive = command(*program, "waive", "Let a gate count as passed, with a reason, by whom it names", [this] {
    return door::run_fact_change(remote_, signer_, "POST", "/api/v1/program/waivers", said_, as_json_);
  });
  say(waive, "GATE", "gate", "Which")->required();
  say(waive, "--reason", "reason", "Why; it goes on record")->required();
  say(waive, "--until", "until", "The day from which on it counts no more; for good, when left out")->type_name("DATE");
  add_signer(waive);
  waive->add_flag("--json", as_json_, "Print JSON");
  waive->footer("It takes a second factor: no token can do it. Who has passkeys alone does it in a browser.");
  CLI::App* report =
      program_report(program, "report", "Everything, with who said it, when and where; or what a statute asks for",
                     door::run_program_report);
  report->add_option("--profile", program_.profile, "By this profile of a report: lapel program profiles lists them");
  report->add_option("--year", program_.year, "By a profile: of this year")->type_name("YYYY");
  report->add_option("--from", program_.from, "By a profile: from this day on")->type_name("DATE");
  report->add_option("--until", program_.until, "By a profile: up to this day")->type_name("DATE");
  paper(report);
  program_report(program, "measures", "What a pilot is judged by, and what it comes to", door::run_program_measures);
  CLI::App* profiles = command(*program, "profiles", "Reports that statutes ask for",
                               [this] { return door::run_program_profiles(remote_, as_json_); });
  profiles->add_flag("--json", as_json_, "Print JSON");
  CLI::App* draft = fact_change(program, "draft", "Draft a report, for its reviewers to read before it is published",
                                "POST", "/api/v1/program/drafts");
  say(draft, "--title", "title", "What it is called")->required();
  say(draft, "--as-of", "as_of", "As it was known on this day; today, when left out")->type_name("DATE");
  CLI::App* drafts = command(*program, "drafts", "Drafts of reports, the newest first, and who is to decide on each",
                             [this] { return door::run_program_drafts(remote_, as_json_); });
  drafts->add_flag("--json", as_json_, "Print JSON");
  CLI::App* review = command(*program, "review", "Approve or refuse a draft, as one of its reviewers", [this] {
    return door::run_fact_change(
        remote_, "POST", fmt::format("/api/v1/program/drafts/{}/reviews", url_encoded(recording_)), said_, as_json_);
  });
  review->add_option("ID", recording_, "The draft")->required();
  one_of(say(review, "--decision", "decision", "What is decided")->required(), "approved, refused");
  say(review, "--reason", "reason", "Why; it is kept with the decision")->required();
  review->add_flag("--json", as_json_, "Print JSON");
  CLI::App* read = command(*program, "read", "A draft or a published report, as it is", [this] {
    return door::run_program_paper(
        remote_, fmt::format("/api/v1/program/{}/{}", is_draft_ ? "drafts" : "publications", url_encoded(recording_)),
        program_);
  });
  read->add_option("ID", recording_, "The report")->required();
  CLI::Option* draft_of = read->add_flag("--draft", is_draft_, "It is a draft");
  read->add_flag("--marked", program_.is_marked, "Made again, with what supersedes it in front")->excludes(draft_of);
  paper(read);
  CLI::App* pack =
      command(*program, "pack", "What the grantor of a grant is handed: its costs, terms and data as a ZIP",
              [this] { return door::run_program_pack(remote_, program_); });
  pack->add_option("--grant", program_.grant, "Which grant")->required()->type_name("SLUG");
  pack->add_option("--as-of", program_.as_of, "As it was known on this day; today, when left out")->type_name("DATE");
  pack->add_flag("--embargoed", program_.is_embargoed_included, "Also what is under embargo, for those who may see it");
  pack->add_option("--out", program_.out, "A new file")->required()->type_name("FILE");
  CLI::App* publish =
      command(*program, "publish", "Publish a report: its bytes stay, and a later correction marks it", [this] {
        const std::string path = recording_.empty()
                                     ? std::string("/api/v1/program/publications")
                                     : fmt::format("/api/v1/program/drafts/{}/publication", url_encoded(recording_));
        return door::run_fact_change(remote_, "POST", path, said_, as_json_);
      });
  CLI::Option* of_draft =
      publish->add_option("--draft", recording_, "A draft that its reviewers have approved")->type_name("ID");
  CLI::Option* title =
      say(publish, "--title", "title", "What it is called, where there is no draft and nobody reviews reports");
  title->excludes(of_draft);
  say(publish, "--as-of", "as_of", "As it was known on this day; today, when left out")
      ->type_name("DATE")
      ->excludes(of_draft);
  publish->add_flag("--json", as_json_, "Print JSON");
  CLI::App* published = command(*program, "published", "Published reports, the newest first", [this] {
    return door::run_fact_list(remote_, "/api/v1/program/publications", {},
                               {"id", "as_of", "published_at", "is_superseded", "title"}, as_json_);
  });
  published->add_flag("--json", as_json_, "Print JSON");
}

void CommandLine::add_reading_terms(CLI::App* sub) {
  one_of(sub->add_option("--purpose", reading_.purpose, "Why the bytes are needed")->required()->type_name("PURPOSE"),
         access::all_purpose_names());
  sub->add_option("--case", reading_.case_number, "The agency's case number");
  sub->add_option("--warrant", reading_.warrant, "Warrant reference, for footage from inside a home");
  one_of(sub->add_option("--inside-home", reading_.inside_home,
                         "Whether it shows the inside of a home, where nobody has said; kept on record")
             ->type_name("ANSWER"),
         "yes, no");
  sub->add_option("--despite-quarantine", reading_.despite_quarantine,
                  "Why it is opened although nobody has accepted it; kept on record")
      ->type_name("REASON");
}

void CommandLine::add_share() {
  CLI::App* shares = remote_group("share", "What is sent to people outside, on a server, over HTTP");
  CLI::App* make = command(*shares, "add", "Share recordings with one named person outside",
                           [this] { return door::run_share_make(remote_, ids_, share_, as_json_); });
  make->add_option("ID", ids_, "The recordings")->required();
  one_of(make->add_option("--kind", share_.kind, "To watch a marked copy; the originals; or without end or cap")
             ->required()
             ->type_name("KIND"),
         "view, download, discovery");
  make->add_option("--recipient", share_.recipient, "The person's name")->required();
  make->add_option("--organization", share_.organization, "Whom they act for");
  one_of(make->add_option("--purpose", share_.purpose, "Why")->required()->type_name("PURPOSE"),
         access::all_purpose_names());
  make->add_option("--case", share_.case_number, "The agency's case number");
  make->add_option("--warrant", share_.warrant, "Warrant reference");
  make->add_option("--ends", share_.ends_at, "When it ends, RFC 3339; discovery has no end")->type_name("TIME");
  make->add_option("--views-max", share_.views_max, "How often anything can be opened; no cap when left out");
  make->add_option("--order-file", share_.order_file, "The protective order to accept first")->type_name("FILE");
  make->add_flag("--json", as_json_, "Print JSON");
  make->footer("Link and code are printed here and never again. Tell the code by another way than the link.");

  CLI::App* list = command(*shares, "list", "Newest first: those that you may see", [this] {
    return door::run_fact_list(remote_, "/api/v1/shares", said_,
                               {"id", "kind", "recipient", "made_at", "prepared_at", "failed_at", "ends_at",
                                "opened_at", "received_at", "revoked_at"},
                               as_json_);
  });
  say(list, "--recording", "recording", "Only those that name this recording");
  list->add_flag("--json", as_json_, "Print JSON");

  CLI::App* code = command(*shares, "code", "A new code for the recipient; the one before ends",
                           [this] { return door::run_share_code(remote_, recording_, as_json_); });
  code->add_option("ID", recording_, "The share")->required();
  code->add_flag("--json", as_json_, "Print JSON");

  CLI::App* revoke = command(*shares, "revoke", "Take one back, within a second", [this] {
    return door::run_fact_change(remote_, "POST", "/api/v1/shares/" + recording_ + "/revoke", said_, as_json_);
  });
  revoke->add_option("ID", recording_, "The share")->required();
  say(revoke, "--reason", "reason", "Why")->required();
  revoke->add_flag("--json", as_json_, "Print JSON");
}

void CommandLine::add_file_request() {
  CLI::App* requests = remote_group("file-request", "What people outside are asked to send, on a server, over HTTP");
  CLI::App* make = command(*requests, "create", "Ask somebody outside for files, by a link",
                           [this] { return door::run_file_request_create(remote_, file_request_, as_json_); });
  make->add_option("--name", file_request_.name, "Whom it is asked of")->required();
  make->add_option("--contact", file_request_.contact, "How they are reached; it is kept in no event");
  make->add_option("--incident", file_request_.incident, "The agency's incident or case number")->required();
  make->add_option("--words", file_request_.words, "What is asked for, in words for them")->required();
  make->add_option("--ends", file_request_.ends_at, "When the link ends, RFC 3339; 14 days from now when left out")
      ->type_name("TIME");
  make->add_option("--files-max", file_request_.files_max, "So many files; 20 when left out");
  make->add_option("--bytes-max", file_request_.bytes_max, "So many bytes in all; 20 GiB when left out");
  make->add_flag("--code", file_request_.wants_code, "The link alone opens nothing: a code goes with it");
  make->add_flag("--json", as_json_, "Print JSON");
  make->footer("Link and code are printed here and never again. What comes by it waits in quarantine.");

  fact_list(requests, "Those that you may see, standing ones first", "/api/v1/file-requests",
            {"id", "name", "incident", "made_at", "ends_at", "opened_at", "files_used", "revoked_at"});

  CLI::App* show = command(*requests, "show", "One, with what came by it",
                           [this] { return door::run_file_request_show(remote_, recording_, as_json_); });
  CLI::App* code = command(*requests, "code", "A new code for it; the one before ends",
                           [this] { return door::run_file_request_code(remote_, recording_, as_json_); });
  CLI::App* revoke = command(*requests, "revoke", "Take one back, at once",
                             [this] { return door::run_file_request_revoke(remote_, recording_, reason_, as_json_); });
  for (CLI::App* sub : {show, code, revoke}) {
    sub->add_option("ID", recording_, "The file request")->required();
    sub->add_flag("--json", as_json_, "Print JSON");
  }
  revoke->add_option("--reason", reason_, "Why; it goes on record")->required();
}

void CommandLine::add_recording() {
  CLI::App* recordings = remote_group("recording", "Recordings on a server, over HTTP");

  CLI::App* list = command(*recordings, "list", "Newest first",
                           [this] { return door::run_recording_list(remote_, query_, as_json_); });
  list->add_option("--query", query_.text, "Part of the file name, incident, category, wearer or device");
  list->add_option("--officer", query_.officer, "Badge of the assigned officer");
  list->add_option("--device", query_.device, "Serial of the camera");
  list->add_option("--category", query_.category, "Category that the recording was given");
  list->add_option("--incident", query_.incident, "Incident that the recording was given");
  list->add_option("--from", query_.from, "Recorded at this time or later, RFC 3339")->type_name("TIME");
  list->add_option("--to", query_.to, "Recorded before this time, RFC 3339")->type_name("TIME");
  list->add_flag("--unattributed", query_.is_unattributed, "Only those that nobody is assigned to");
  list->add_option("--limit", query_.limit, "At most so many")->capture_default_str();
  list->add_flag("--json", as_json_, "Print JSON");

  CLI::App* upload = command(*recordings, "upload", "Send files; each is sealed when its line appears",
                             [this] { return door::run_recording_upload(remote_, files_, upload_, vkey_, as_json_); });
  upload->add_option("FILE", files_, "Files to send")->required();
  upload->add_option("--recorded-at", upload_.recorded_at, "When it was recorded, RFC 3339")->type_name("TIME");
  upload->add_option("--device", upload_.device, "Serial of the camera");
  upload->add_option("--wearer", upload_.wearer, "Badge of the assigned officer");
  upload->add_option("--incident", upload_.incident, "Number of the incident");
  upload->add_option("--category", upload_.category, "Category, in the agency's own words");
  upload->add_option("--group", upload_.group, "First file of the recording that these are further files of")
      ->type_name("ID");
  upload->add_option("--key", vkey_, "Verify each receipt under this key, from elsewhere than this server")
      ->type_name("VKEY");
  upload->add_flag("--json", as_json_, "Print a JSON line a file");

  CLI::App* show = command(*recordings, "show", "The facts of one",
                           [this] { return door::run_recording_show(remote_, recording_, as_json_); });
  show->add_option("ID", recording_, "The recording")->required();
  show->add_flag("--json", as_json_, "Print JSON");

  CLI::App* custody = command(*recordings, "custody", "Every event of one, in order",
                              [this] { return door::run_recording_custody(remote_, recording_, as_json_); });
  custody->add_option("ID", recording_, "The recording")->required();
  custody->add_flag("--json", as_json_, "Print JSON, with what each commitment opens to");

  CLI::App* accept = command(*recordings, "accept", "Take out of quarantine what somebody outside sent", [this] {
    said_ = {{"reason", reason_}};
    return door::run_fact_change(remote_, "POST", "/api/v1/recordings/" + url_encoded(recording_) + "/accept", said_,
                                 as_json_);
  });
  accept->add_option("ID", recording_, "The recording")->required();
  accept->add_option("--reason", reason_, "Why; it goes on record")->required();
  accept->add_flag("--json", as_json_, "Print JSON");

  CLI::App* change = command(*recordings, "change", "Change what one is said to be",
                             [this] { return door::run_recording_change(remote_, recording_, change_, as_json_); });
  change->add_option("ID", recording_, "The recording")->required();
  change->add_option("--category", change_.category, "The agency's own category, or none");
  change->add_option("--incident", change_.incident, "The incident's number, or none");
  one_of(change->add_option("--inside-home", change_.inside_home, "Whether it shows the inside of a home"), "yes, no");
  one_of(change->add_option("--victim-sensitive", change_.victim_sensitive, "Whether it shows a victim"), "yes, no");
  change->add_option("--officer", change_.officer, "The assigned officer's id, or none");
  one_of(change->add_option("--restriction", change_.restriction, "Lock it to those cleared for this"),
         access::all_restriction_names());
  change->add_option("--reason", change_.reason, "Why")->required();
  change->add_flag("--json", as_json_, "Print JSON");

  CLI::App* release = command(*recordings, "release", "Let its assigned officer see one that waits for that", [this] {
    return door::run_fact_change(remote_, "POST", "/api/v1/recordings/" + recording_ + "/release", said_, false);
  });
  release->add_option("ID", recording_, "The recording")->required();
  say(release, "--reason", "reason", "Why")->required();

  signed_act(recordings, "unrestrict", "Propose that a recording's restriction be lifted; another decides",
             "/api/v1/recordings/", "/unrestrict");

  CLI::App* get = command(*recordings, "get", "Its original, under a view that is put on record",
                          [this] { return door::run_recording_get(remote_, recording_, reading_, out_, vkey_); });
  get->add_option("ID", recording_, "The recording")->required();
  get->add_option("--out", out_, "A new file")->required()->type_name("FILE");
  get->add_option("--key", vkey_, "Verify the receipt under this key, from elsewhere than this server")
      ->type_name("VKEY");
  add_reading_terms(get);

  CLI::App* verify = command(*recordings, "verify", "A local file against its receipt",
                             [this] { return door::run_recording_verify(remote_, recording_, out_, vkey_); });
  verify->add_option("ID", recording_, "The recording")->required();
  verify->add_option("FILE", out_, "The local file")->required();
  verify->add_option("--key", vkey_, "The ledger's verifier key, from elsewhere than this server")
      ->required()
      ->type_name("VKEY");

  CLI::App* exported = command(*recordings, "export", "A custody export for lapel-verify",
                               [this] { return door::run_recording_export(remote_, recording_, reading_, out_); });
  exported->add_option("ID", recording_, "The recording")->required();
  exported->add_option("--out", out_, "A new directory")->required()->type_name("DIR");
  add_reading_terms(exported);
  for (CLI::App* sub : {get, exported}) sub->footer("Who asked, and why, is in the ledger before a byte is given.");
}

}  // namespace lapel::door
