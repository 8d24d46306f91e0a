// SPDX-License-Identifier: Apache-2.0
#include "lapel/command_line.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "access/access.h"
#include "base/calendar.h"
#include "base/text.h"
#include "jobs/jobs.h"
#include "lapel/calendars.h"
#include "lapel/commands.h"
#include "lapel/facts.h"
#include "lapel/forecasts.h"
#include "lapel/programs.h"
#include "lapel/remote.h"
#include "lapel/remote_client.h"
#include "lapel/shares.h"
#include "lapel/wiring.h"
#include "roster/proposals.h"
#include "signin/tokens.h"

namespace lapel::door {
namespace {

constexpr const char* kTokenVariable = "LAPEL_TOKEN";

// The parser refuses any other value, and help and completions name these.
void one_of(CLI::Option* option, std::string_view names) {
  std::vector<std::string> set;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(", "), names.size());
    set.emplace_back(names.substr(0, end));
    names.remove_prefix(std::min(end + 2, names.size()));
  }
  option->check(CLI::IsMember(set));
}

// --help-all goes down to the commands of each group, where CLI11 only names them.
class WholeFormatter : public CLI::Formatter {
 public:
  std::string make_subcommands(const CLI::App* app, CLI::AppFormatMode mode) const override {
    return CLI::Formatter::make_subcommands(app, mode == CLI::AppFormatMode::Sub ? CLI::AppFormatMode::All : mode);
  }
};

}  // namespace

// One row a command: what CLI11 parsed into, and what to run when it was the one chosen.
class CommandLine::Declared {
 public:
  Declared() : app_("Lapel: the open body-worn-camera system", "lapel") {
    app_.formatter(std::make_shared<WholeFormatter>());  // the commands take it over from here
    app_.require_subcommand(1);
    app_.set_help_all_flag("--help-all", "Help of every command");
    add_init();
    add_serve();
    add_catalog();
    add_agency();
    add_user();
    add_token();
    add_dock();
    add_job();
    add_ledger();
    add_recording();
    add_share();
    add_facts();
    add_holds();
    add_program();
    add_forecast();
    add_calendar();
  }

  const CLI::App& app() const { return app_; }

  int run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      const int code = app_.exit(error);
      return code == 0 ? 0 : 2;
    }
    const Result<void> done = chosen_();
    if (done) return 0;
    // What it names may be a stranger's word, or what is left of a damaged file.
    fmt::print(stderr, "lapel: {}\n", printable(done.error().text()));
    fmt::print(stderr, "       {}\n", done.error().problem->remedy);
    return exit_code(done.error().code());
  }

 private:
  CLI::App* command(CLI::App& parent, const std::string& name, const std::string& help,
                    std::function<Result<void>()> action) {
    CLI::App* sub = parent.add_subcommand(name, help);
    sub->callback([this, action = std::move(action)] { chosen_ = action; });
    return sub;
  }
  CLI::App* group(const std::string& name, const std::string& help) { return group(app_, name, help); }
  static CLI::App* group(CLI::App& parent, const std::string& name, const std::string& help) {
    CLI::App* sub = parent.add_subcommand(name, help);
    sub->require_subcommand(1);
    return sub;
  }
  void add_data(CLI::App* sub) {
    sub->add_option("--data", where_.data, "The data directory")->required()->type_name("DIR");
    sub->add_option(
           "--database", where_.database,
           "PostgreSQL with the catalog, postgresql://USER@HOST/NAME; as the data directory remembers it, else "
           "embedded, when left out")
        ->envname("LAPEL_DATABASE")
        ->type_name("URL");
    sub->add_option(
           "--bucket", where_.bucket,
           "Directory of originals, ledger and uploads, file:///PATH; as the data directory remembers it, else "
           "inside it, when left out")
        ->envname("LAPEL_BUCKET")
        ->type_name("URL");
  }
  void add_agency_terms(CLI::App* sub) {
    sub->add_option("--slug", agency_.slug, "Its part of the ledger's origin; made of the name when left out");
    sub->add_option("--host", agency_.host, "Host part of the ledger's origin, as outsiders know this server")
        ->type_name("NAME");
    sub->add_option("--beat", agency_.beat_s, "Seconds between published checkpoints")
        ->capture_default_str()
        ->type_name("SECONDS");
  }

  void add_init() {
    CLI::App* sub = command(app_, "init", "Make a data directory with its first agency and administrator",
                            [this] { return door::run_init(where_, agency_, person_, password_file_); });
    add_data(sub);
    sub->add_option("--agency", agency_.name, "The agency's name")->required()->type_name("NAME");
    add_agency_terms(sub);
    CLI::Option* admin =
        sub->add_option("--admin", person_.login,
                        "Login of the first administrator; when left out, the server prints a link, once, "
                        "by which they are made in a browser")
            ->type_name("LOGIN");
    CLI::Option* password =
        sub->add_option("--password-file", password_file_, "File whose first line is the password")->type_name("FILE");
    admin->needs(password);
    password->needs(admin);
    sub->footer(
        "Prints the ledger's key. Publish it where this server cannot change it: a\n"
        "receipt proves something to whoever has the key from there. Never overwrites.");
  }
  void add_serve() {
    CLI::App* sub = command(app_, "serve", "Run the server", [this] {
      serve_.where = where_;
      return door::run_serve(serve_);
    });
    add_data(sub);
    sub->add_option("--listen", serve_.listen, "Address to listen on")->capture_default_str()->type_name("HOST:PORT");
    sub->add_option("--public-url", serve_.public_url,
                    "Where people reach it, when that is another address; https there makes sessions secure ones")
        ->type_name("URL");
    sub->add_option("--trusted-proxy", serve_.trusted_proxies, "Network whose X-Forwarded-* headers count")
        ->type_name("CIDR");
    sub->add_option("--web", serve_.web, "The built web app, where it is not the installed one")
        ->envname("LAPEL_WEB")
        ->type_name("DIR");
    sub->add_option("--media-worker", serve_.media_worker, "The program lapel-media, where it is not beside this one")
        ->type_name("FILE");
    CLI::Option* certificate =
        sub->add_option("--tls-cert", serve_.tls_certificate, "Certificate chain, PEM")->type_name("FILE");
    CLI::Option* key = sub->add_option("--tls-key", serve_.tls_key, "Its private key, PEM")->type_name("FILE");
    certificate->needs(key);
    key->needs(certificate);
    sub->footer(
        "Prints \"listening on URL\" once it can answer. SIGTERM lets what is under way\n"
        "end, and exits 0.");
  }
  void add_catalog() {
    CLI::App* sub = command(*group("catalog", "Where the rows are"), "move",
                            "Move the embedded catalog into an empty PostgreSQL database",
                            [this] { return door::run_catalog_move(where_); });
    add_data(sub);
    sub->footer(
        "Every row is copied in one transaction and compared; the old file is kept as\n"
        "catalog.db.moved. No server may run meanwhile. Killed, it goes on where it was.");
  }
  void add_agency() {
    CLI::App* agencies = group("agency", "Agencies on this server");
    CLI::App* sub =
        command(*agencies, "add", "Add a further agency", [this] { return door::run_agency_add(where_, agency_); });
    CLI::App* list = command(*agencies, "list", "Each agency in numbers, and whether anybody administers it",
                             [this] { return door::run_agency_list(where_, as_json_); });
    add_data(list);
    list->add_flag("--json", as_json_, "Print JSON");
    add_data(sub);
    sub->add_option("--name", agency_.name, "The agency's name")->required();
    add_agency_terms(sub);
  }
  void add_user() {
    CLI::App* users = group("user", "People who sign in");
    CLI::App* unlock = command(*users, "unlock", "Release a login that wrong passwords have locked",
                               [this] { return door::run_user_unlock(where_, person_.login); });
    CLI::App* reset = command(*users, "reset-mfa", "Remove somebody's second factors, recovery codes and sessions",
                              [this] { return door::run_user_reset_factors(where_, person_.login); });
    CLI::App* password = command(*users, "password", "Give somebody another password, and end their sessions",
                                 [this] { return door::run_user_password(where_, person_.login, password_file_); });
    for (CLI::App* each : {unlock, reset, password}) {
      add_data(each);
      each->add_option("--login", person_.login, "Whose")->required();
      each->footer(
          "For whoever stands at the server when no administrator can sign in: what is done here\n"
          "is on record and shown to the administrators.");
    }
    password->add_option("--password-file", password_file_, "File whose first line is the password")
        ->required()
        ->type_name("FILE");
    CLI::App* sign_in = group("sign-in", "What an agency asks of whoever signs in");
    CLI::App* rules = command(*sign_in, "rules", "Show or set the rules",
                              [this] { return door::run_sign_in_rules(where_, agency_.name, sign_in_, as_json_); });
    add_data(rules);
    rules->add_option("--agency", agency_.name, "Name or slug of the agency")->required()->type_name("NAME");
    one_of(rules->add_option("--second-factor", sign_in_.second_factor, "Whether everybody has to have one")
               ->type_name("RULE"),
           "required, optional");
    rules
        ->add_option("--banner-file", sign_in_.banner_file, "The notice that everybody accepts; an empty file for none")
        ->type_name("FILE");
    rules->add_flag("--json", as_json_, "Print JSON");
    rules->footer("Holds for the next request of every session, those that are open included.");
    add_provider(*sign_in);
    CLI::App* sub = command(*users, "add", "Add a person", [this] {
      return door::run_user_add(where_, agency_.name, person_, roles_, password_file_);
    });
    add_data(sub);
    sub->add_option("--agency", agency_.name, "Name or slug of the agency")->required()->type_name("NAME");
    sub->add_option("--login", person_.login, "What the person signs in as")->required();
    sub->add_option("--name", person_.name, "The person's name; the login when left out");
    sub->add_option("--badge", person_.badge, "Badge number, as cameras and uploads name the assigned officer");
    one_of(sub->add_option("--role", roles_, "What the person may do")->required()->delimiter(',')->type_name("ROLE"),
           access::all_role_names());
    sub->add_option("--password-file", password_file_, "File whose first line is the password")
        ->required()
        ->type_name("FILE");
  }
  void add_provider(CLI::App& sign_in) {
    CLI::App* providers = group(sign_in, "provider", "The agency's own identity provider");
    CLI::App* set = command(*providers, "set", "Let people sign in through it (OpenID Connect)",
                            [this] { return door::run_provider_set(where_, agency_.name, provider_); });
    CLI::App* show = command(*providers, "show", "Show what is set",
                             [this] { return door::run_provider_show(where_, agency_.name, as_json_); });
    CLI::App* remove = command(*providers, "remove", "Sign in through it no longer",
                               [this] { return door::run_provider_remove(where_, agency_.name); });
    CLI::App* link = command(*providers, "link", "Say that an account there is somebody here",
                             [this] { return door::run_provider_link(where_, agency_.name, person_.login, subject_); });
    CLI::App* unlink = command(*providers, "unlink", "Let somebody sign in by what is their own here",
                               [this] { return door::run_provider_unlink(where_, person_.login); });
    for (CLI::App* each : {set, show, remove, link, unlink}) add_data(each);
    for (CLI::App* each : {set, show, remove, link})
      each->add_option("--agency", agency_.name, "Name or slug of the agency")->required()->type_name("NAME");
    set->add_option("--name", provider_.name,
                    "What its button on the sign-in page says; the issuer's host when left out");
    set->add_option("--issuer", provider_.issuer, "Its issuer: https, or http on this machine")
        ->required()
        ->type_name("URL");
    set->add_option("--client-id", provider_.client_id, "What Lapel is called there")->required()->type_name("ID");
    set->add_option("--client-secret-file", provider_.client_secret_file,
                    "File whose first line is the client's secret")
        ->required()
        ->type_name("FILE");
    set->add_option("--group-claim", provider_.group_claim,
                    "Claim of the ID token with the person's groups; groups when left out")
        ->type_name("CLAIM");
    set->add_option("--external-id-claim", provider_.external_id_claim,
                    "Claim with what SCIM calls externalId; sub when left out")
        ->type_name("CLAIM");
    set->add_option("--map", provider_.map, "A group that means a role; as often as needed")
        ->required()
        ->type_name("GROUP=ROLE");
    set->add_option(
           "--require-mfa", provider_.require_mfa,
           "What tells that more than a password was shown: amr=VALUE, acr=VALUE, any of several; amr=mfa when left "
           "out, none where it is not asked for")
        ->type_name("RULE");
    set->add_option("--scope", provider_.scopes, "Scopes beside openid; profile and email when left out")
        ->delimiter(',')
        ->type_name("SCOPE");
    set->add_flag("--add-newcomers", provider_.adds_newcomers,
                  "Enter whoever has a mapped group at their first sign-in");
    set->footer(
        "Register RETURN as the client's redirect URI: the server's own address followed by\n"
        "/sign-in/return. A later set replaces all of it.");
    show->add_flag("--json", as_json_, "Print JSON");
    for (CLI::App* each : {link, unlink}) {
      each->add_option("--login", person_.login, "Whose")->required();
      each->footer("On record, and shown to the administrators.");
    }
    link->add_option("--subject", subject_, "The account's \"sub\" in ID tokens")->required()->type_name("SUBJECT");
  }
  void add_token() {
    CLI::App* tokens = group("token", "Service credentials");
    CLI::App* sub = command(*tokens, "create", "Make a token for programs", [this] {
      return door::run_token_create(where_, person_.login, scopes_, expires_, as_json_);
    });
    CLI::App* list = command(*tokens, "list", "The tokens of everybody, the newest first",
                             [this] { return door::run_token_list(where_, person_.login, as_json_); });
    CLI::App* revoke = command(*tokens, "revoke", "Refuse a token from its next request on",
                               [this] { return door::run_token_revoke(where_, recording_); });
    for (CLI::App* each : {sub, list, revoke}) add_data(each);
    sub->add_option("--user", person_.login, "Login of the person it acts for")->required()->type_name("LOGIN");
    sub->add_option("--expires", expires_,
                    fmt::format("Its end: a number of days, or an RFC 3339 time; {} days when left out, {} at most",
                                signin::kTokenLifeDays, signin::kTokenLifeDaysMax))
        ->type_name("DAYS|TIME");
    sub->footer("The token is printed once and is not kept: only what recognizes it is.");
    one_of(sub->add_option("--scope", scopes_, "What it may do; everything its person may when left out")
               ->delimiter(',')
               ->type_name("SCOPE"),
           access::all_action_names());
    list->add_option("--user", person_.login, "Only of the person with this login")->type_name("LOGIN");
    list->footer("Of its last use a token keeps the day. No secret is shown: none is kept.");
    revoke->add_option("ID", recording_, "The token, as lapel token list names it")->required();
    for (CLI::App* each : {sub, list}) each->add_flag("--json", as_json_, "Print JSON");
  }
  void add_dock() {
    CLI::App* docks = group("dock", "Docks that offload cameras");
    CLI::App* enroll = command(*docks, "enroll", "Make a code with which one dock may enroll, once, within 15 minutes",
                               [this] { return door::run_dock_enroll(where_, agency_.name, dock_, as_json_); });
    CLI::App* list = command(*docks, "list", "The docks of an agency",
                             [this] { return door::run_dock_list(where_, agency_.name, as_json_); });
    CLI::App* revoke = command(*docks, "revoke", "Refuse a dock from its next request on",
                               [this] { return door::run_dock_revoke(where_, agency_.name, dock_); });
    for (CLI::App* sub : {enroll, list, revoke}) {
      add_data(sub);
      sub->add_option("--agency", agency_.name, "Name or slug of the agency")->required()->type_name("NAME");
    }
    for (CLI::App* sub : {enroll, revoke})
      sub->add_option("--name", dock_, "What the dock is called")->required()->type_name("NAME");
    for (CLI::App* sub : {enroll, list}) sub->add_flag("--json", as_json_, "Print JSON");
  }
  void add_job() {
    CLI::App* jobs = group("job", "What the server does by itself, such as looking into each file");
    CLI::App* list = command(*jobs, "list", "Jobs, the last changed first",
                             [this] { return door::run_job_list(where_, state_, limit_, as_json_); });
    CLI::App* retry =
        command(*jobs, "retry", "Try again what was given up", [this] { return door::run_job_retry(where_, ids_); });
    add_data(list);
    add_data(retry);
    one_of(list->add_option("--state", state_, "Only those in this state")->type_name("STATE"),
           jobs::all_state_names());
    list->add_option("--limit", limit_, "At most so many")->capture_default_str()->check(CLI::Range(1, 10'000));
    list->add_flag("--json", as_json_, "Print JSON");
    retry->add_option("ID", ids_, "Jobs, as lapel job list names them")->required();
  }
  void add_ledger() {
    CLI::App* sub =
        command(*group("ledger", "The ledgers of this server"), "check", "Verify every leaf, tile and event again",
                [this] { return door::run_ledger_check(where_, as_json_); });
    add_data(sub);
    sub->add_flag("--json", as_json_, "Print JSON");
  }

  CLI::App* remote_group(const char* name, const char* help) {
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

  // ---- days ----

  void add_forecast() {
    CLI::App* sub =
        command(app_, "forecast", "Storage, line and money to come, from a file of volumes; needs no server",
                [this] { return door::run_forecast(forecast_, as_json_); });
    sub->add_option("FILE", forecast_.file, "Of lapel program volumes --json; or a forecast's JSON, to make it again")
        ->required();
    sub->add_option("--years", forecast_.years, "How many years; 5, when left out");
    sub->add_option("--retention", forecast_.retention, "How many days a category is kept; several may be given")
        ->type_name("CATEGORY=DAYS");
    sub->add_option("--other-retention", forecast_.other_retention_days,
                    "How many days all other categories are kept; for good, when left out")
        ->type_name("DAYS");
    sub->add_option("--bit-rate", forecast_.bit_rate_percent, "Of what is recorded now; 100, when left out")
        ->type_name("PERCENT");
    sub->add_option("--headcount", forecast_.headcount, "How many people wear a camera; as many as now, when left out");
    sub->add_option("--mix", forecast_.mix, "What share of the bytes a category has; several may be given")
        ->type_name("CATEGORY=PERCENT");
    sub->add_option("--price", forecast_.price, "What a GB (10^9 bytes) costs a month")->type_name("AMOUNT");
    sub->add_option("--upload-hours", forecast_.upload_hours,
                    "In how many hours of a day docks send; 24, when left out");
    sub->add_flag("--json", as_json_, "Print JSON");
  }

  void add_calendar() {
    CLI::App* calendar = group("calendar", "Business days, by a published list of holidays; needs no server");
    calendar
        ->add_option("--calendar", calendar_.calendar,
                     "One of those that are installed, or a file (docs/formats/calendar.md)")
        ->capture_default_str()
        ->type_name("NAME|FILE");
    calendar->add_flag("--json", as_json_, "Print JSON");
    calendar->fallthrough();
    CLI::App* count =
        command(*calendar, "count", "When so many business days have passed, and which days did not count",
                [this] { return door::run_calendar_count(calendar_, as_json_); });
    count->add_option("DATE", calendar_.from, "The day that it begins on, which is not counted: YYYY-MM-DD")
        ->required();
    CLI::Option* days = count->add_option("DAYS", calendar_.days, "How many business days")
                            ->check(CLI::Range(std::int64_t{1}, kBusinessDaysMax));
    CLI::Option* until =
        count->add_option("--until", calendar_.until, "Count them up to this day, and with it")->type_name("DATE");
    days->excludes(until);
    count->add_option("--closed", calendar_.closed, "A further day without business")->type_name("DATE");
    CLI::App* holidays = command(*calendar, "holidays", "The holidays of a calendar",
                                 [this] { return door::run_calendar_holidays(calendar_, as_json_); });
    holidays->add_option("--from", calendar_.from, "From this day on")->type_name("DATE");
    holidays->add_option("--until", calendar_.until, "Up to this day")->type_name("DATE");
  }

  // ---- the facts that access stands on ----

  CLI::App* fact_list(CLI::App* in, const char* help, const char* path, std::vector<std::string> columns) {
    CLI::App* sub = command(*in, "list", help, [this, path, columns] {
      return door::run_fact_list(remote_, path, said_, columns, as_json_);
    });
    sub->add_flag("--json", as_json_, "Print JSON");
    return sub;
  }
  CLI::App* fact_change(CLI::App* in, const char* name, const char* help, const char* method, const char* path) {
    CLI::App* sub = command(*in, name, help, [this, method, path] {
      return door::run_fact_change(remote_, method, path, said_, as_json_);
    });
    sub->add_flag("--json", as_json_, "Print JSON");
    return sub;
  }
  // An option whose value goes into the request as `member`.
  CLI::Option* say(CLI::App* sub, const char* option, const char* member, const char* help) {
    return sub->add_option_function<std::string>(
        option, [this, member](const std::string& value) { said_.emplace_back(member, value); }, help);
  }
  void add_facts() {
    CLI::App* people = remote_group("person", "People on a server, over HTTP");
    fact_list(people, "The people of the agency", "/api/v1/people", {"login", "badge", "active", "roles", "name"});
    CLI::App* roles = command(*people, "roles", "Give a person other roles than they hold", [this] {
      return door::run_person_roles(remote_, recording_, roles_, reason_, as_json_);
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

    CLI::App* cases = remote_group("case", "Cases on a server, over HTTP");
    fact_list(cases, "The cases of the agency", "/api/v1/cases", {"id", "number", "title"});
    CLI::App* open = fact_change(cases, "add", "Open a case", "POST", "/api/v1/cases");
    say(open, "NUMBER", "number", "The agency's own number; recordings of that incident belong to it")->required();
    say(open, "--title", "title", "What it is about");

    CLI::App* assignments = remote_group("assignment", "Who was what, when, on a server, over HTTP");
    CLI::App* list = fact_list(assignments, "Assignments, in order of beginning", "/api/v1/assignments",
                               {"id", "kind", "person", "target", "from", "until"});
    CLI::App* begin = fact_change(assignments, "begin", "Assign a badge, device, unit, case or clearance", "POST",
                                  "/api/v1/assignments");
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
      return door::run_fact_change(remote_, "POST", "/api/v1/assignments/" + recording_ + "/end", said_, as_json_);
    });
    end->add_option("ID", recording_, "The assignment, as lapel assignment list names it")->required();
    say(end, "--until", "until", "Its end, RFC 3339; now when left out");
    say(end, "--reason", "reason", "Why")->required();
    end->add_flag("--json", as_json_, "Print JSON");

    CLI::App* statements = remote_group("statement", "Filed statements, on a server, over HTTP");
    CLI::App* record = fact_change(statements, "record", "Put on record that an officer has filed a statement", "POST",
                                   "/api/v1/statements");
    say(record, "--person", "person", "The officer's login or id")->required();
    say(record, "--incident", "incident", "The incident's number")->required();
    say(record, "--filed-at", "filed_at", "When it was filed, RFC 3339; now when left out");

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
    CLI::App* set = fact_change(rules, "set", "Set the rules", "PUT", "/api/v1/rules");
    one_of(say(set, "--own-viewing", "own_viewing", "When officers may see their own recordings")->required(),
           "allowed, after_statement, supervisor_releases");
    say(set, "--reason", "reason", "Why")->required();
  }

  // ---- what takes two people ----

  // POST of a reason to `path` with the id in it, by whoever signs in for it.
  CLI::App* signed_act(CLI::App* in, const char* name, const char* help, const char* before, const char* after) {
    CLI::App* sub = command(*in, name, help, [this, before, after] {
      return door::run_signed_act(remote_, signer_, before + url_encoded(recording_) + after, reason_, as_json_);
    });
    sub->add_option("ID", recording_, "Which")->required();
    sub->add_option("--reason", reason_, "Why; it goes on record")->required();
    sub->add_option("--login", signer_.login, "Who does it")->required();
    sub->add_option("--password-file", signer_.password_file, "File whose first line is their password")
        ->required()
        ->type_name("FILE");
    sub->add_option("--code", signer_.code, "What their app shows now, or a recovery code");
    sub->add_flag("--accept-notice", signer_.is_notice_accepted, "Accept the agency's notice of use");
    sub->add_flag("--json", as_json_, "Print JSON");
    sub->footer(
        "It takes two people, each signed in with a second factor: no token can do it. Who\n"
        "has passkeys alone does it in a browser.");
    return sub;
  }
  void add_holds() {
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

  // ---- the program around the cameras ----

  using ProgramReport = Result<void> (*)(const door::RemoteOptions&, const door::ProgramQuery&, bool);
  CLI::App* program_report(CLI::App* in, const char* name, const char* help, ProgramReport report) {
    CLI::App* sub = command(*in, name, help, [this, report] { return report(remote_, program_, as_json_); });
    sub->add_option("--as-of", program_.as_of, "As it was known on this day; today, when left out")->type_name("DATE");
    one_of(sub->add_option(
               "--by", program_.by,
               "Which time that follows: the one that a file says history was recorded on, or the ledger's own"),
           "recorded_on, ledger");
    sub->add_flag("--embargoed", program_.is_embargoed_included,
                  "Also what is under embargo, for those who may see it");
    sub->add_flag("--json", as_json_, "Print JSON");
    return sub;
  }
  void add_program() {
    CLI::App* program = remote_group("program", "The program around the cameras, on a server, over HTTP");
    CLI::App* import = command(*program, "import", "Add the statements of a file, whole or not at all",
                               [this] { return door::run_program_import(remote_, out_, as_json_); });
    import->add_option("FILE", out_, "JSON, as docs/formats/program.md has it")->required();
    import->add_flag("--json", as_json_, "Print JSON");
    import->footer("Importing the same file again adds nothing. Nothing that was stated is ever changed.");
    program_report(program, "status", "Strength, milestones, and what is contradicted, corrected or assumed",
                   door::run_program_status);
    CLI::App* costs = program_report(
        program, "costs", "Payments with what grants pay of them, and the awards of a round", door::run_program_costs);
    costs->add_option("--contract", program_.contract, "Which contract, where there are several");
    CLI::App* volumes = command(
        *program, "volumes", "What arrived month by month, and what is kept; as JSON the file of lapel forecast",
        [this] { return door::run_program_volumes(remote_, program_.from, program_.until, as_json_); });
    volumes->add_option("--from", program_.from, "From this month on; the first whole one, when left out")
        ->type_name("YYYY-MM");
    volumes->add_option("--until", program_.until, "Up to this month; the last whole one, when left out")
        ->type_name("YYYY-MM");
    program_report(program, "report", "Everything, with who said it, when and where", door::run_program_report);
    CLI::App* publish =
        fact_change(program, "publish", "Publish a report: its bytes stay, and a later correction marks it", "POST",
                    "/api/v1/program/publications");
    say(publish, "--title", "title", "What it is called")->required();
    say(publish, "--as-of", "as_of", "As it was known on this day; today, when left out")->type_name("DATE");
    CLI::App* published = command(*program, "published", "Published reports, the newest first", [this] {
      return door::run_fact_list(remote_, "/api/v1/program/publications", {},
                                 {"id", "as_of", "published_at", "is_superseded", "title"}, as_json_);
    });
    published->add_flag("--json", as_json_, "Print JSON");
  }

  void add_reading_terms(CLI::App* sub) {
    one_of(sub->add_option("--purpose", reading_.purpose, "Why the bytes are needed")->required()->type_name("PURPOSE"),
           access::all_purpose_names());
    sub->add_option("--case", reading_.case_number, "The agency's case number");
    sub->add_option("--warrant", reading_.warrant, "Warrant reference, for footage from inside a home");
    one_of(sub->add_option("--inside-home", reading_.inside_home,
                           "Whether it shows the inside of a home, where nobody has said; kept on record")
               ->type_name("ANSWER"),
           "yes, no");
  }
  void add_share() {
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
      return door::run_fact_list(
          remote_, "/api/v1/shares", said_,
          {"id", "kind", "recipient", "made_at", "ends_at", "opened_at", "received_at", "revoked_at"}, as_json_);
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
  void add_recording() {
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

    CLI::App* upload = command(*recordings, "upload", "Send files; each is sealed when its line appears", [this] {
      return door::run_recording_upload(remote_, files_, upload_, vkey_, as_json_);
    });
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

    CLI::App* change = command(*recordings, "change", "Change what one is said to be",
                               [this] { return door::run_recording_change(remote_, recording_, change_, as_json_); });
    change->add_option("ID", recording_, "The recording")->required();
    change->add_option("--category", change_.category, "The agency's own category, or none");
    change->add_option("--incident", change_.incident, "The incident's number, or none");
    one_of(change->add_option("--inside-home", change_.inside_home, "Whether it shows the inside of a home"),
           "yes, no");
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

  CLI::App app_;
  std::function<Result<void>()> chosen_;
  door::Where where_;
  std::string password_file_, dock_;
  door::SignInChange sign_in_;
  door::ProviderChange provider_;
  std::string subject_;
  door::NewAgency agency_;
  door::NewPerson person_;
  door::ServeOptions serve_;
  std::vector<std::string> roles_, scopes_;
  std::string expires_, reason_;
  door::RemoteOptions remote_;
  door::RecordingQuery query_;
  door::ReadingTerms reading_;
  door::RecordingChange change_;
  door::ShareOptions share_;
  door::ProgramQuery program_;
  door::CalendarQuery calendar_;
  door::ForecastQuery forecast_;
  door::SignInTerms signer_;
  door::Said said_;
  door::UploadTerms upload_;
  std::vector<std::string> files_, ids_;
  std::string state_;
  std::int64_t limit_ = 100;
  std::string recording_, out_, vkey_;
  bool as_json_ = false;
};

CommandLine::CommandLine() : declared_(std::make_unique<Declared>()) {}
CommandLine::~CommandLine() = default;

const CLI::App& CommandLine::app() const {
  return declared_->app();
}

int CommandLine::run(int argc, char** argv) {
  return declared_->run(argc, argv);
}

ProgramNotes CommandLine::notes() {
  return {
      "the open body-worn-camera evidence system: its server, and the command line that talks to it",
      "Commands with --data work on a server's own data directory, on its machine, and may run beside the server. "
      "Commands of the group recording talk to a server over HTTP. Data is printed on standard output, talk on "
      "standard "
      "error.",
      {
          {0, "done"},
          {1, "a failure, or no room"},
          {2, "the command line or what was given is not valid"},
          {3, "not found"},
          {4, "not signed in, or refused by a rule; the rule is printed"},
          {5, "in conflict with the present state, held, or in use by another"},
          {6, "verification failed, or stored data is damaged"},
          {7, "the network or the server is not available"},
          {130, "interrupted"},
      },
      {{kTokenVariable, "The token to sign in with, unless --token-file is given.", "recording"}},
      {"lapel-dock", "lapel-verify"},
  };
}

}  // namespace lapel::door
