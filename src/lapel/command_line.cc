// SPDX-License-Identifier: Apache-2.0
#include "lapel/command_line.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "access/access.h"
#include "base/calendar.h"
#include "base/text.h"
#include "jobs/jobs.h"
#include "lapel/command_line_declared.h"
#include "signin/tokens.h"

namespace lapel::door {
namespace {

// --help-all goes down to the commands of each group, where CLI11 only names them.
class WholeFormatter : public CLI::Formatter {
 public:
  std::string make_subcommands(const CLI::App* app, CLI::AppFormatMode mode) const override {
    return CLI::Formatter::make_subcommands(app, mode == CLI::AppFormatMode::Sub ? CLI::AppFormatMode::All : mode);
  }
};

}  // namespace

void one_of(CLI::Option* option, std::string_view names) {
  std::vector<std::string> set;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(", "), names.size());
    set.emplace_back(names.substr(0, end));
    names.remove_prefix(std::min(end + 2, names.size()));
  }
  option->check(CLI::IsMember(set));
}

CommandLine::CommandLine() : app_("Lapel: the open body-worn-camera system", "lapel") {
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
  add_camera_system();
  add_camera_key();
  add_job();
  add_ledger();
  add_recording();
  add_import();
  add_share();
  add_file_request();
  add_facts();
  add_holds();
  add_program();
  add_staffing();
  add_fleet();
  add_rotation();
  add_policy();
  add_training();
  add_forecast();
  add_calendar();
}

int CommandLine::run(int argc, char** argv) {
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

CLI::App* CommandLine::command(CLI::App& parent, const std::string& name, const std::string& help,
                               std::function<Result<void>()> action) {
  CLI::App* sub = parent.add_subcommand(name, help);
  sub->callback([this, action = std::move(action)] { chosen_ = action; });
  return sub;
}

CLI::App* CommandLine::group(CLI::App& parent, const std::string& name, const std::string& help) {
  CLI::App* sub = parent.add_subcommand(name, help);
  sub->require_subcommand(1);
  return sub;
}

void CommandLine::add_data(CLI::App* sub) {
  sub->add_option("--data", where_.data, "The data directory")->required()->type_name("DIR");
  sub->add_option("--database", where_.database,
                  "PostgreSQL with the catalog, postgresql://USER@HOST/NAME; as the data directory remembers it, else "
                  "embedded, when left out")
      ->envname("LAPEL_DATABASE")
      ->type_name("URL");
  sub->add_option("--bucket", where_.bucket,
                  "Directory of originals, ledger and uploads, file:///PATH; as the data directory remembers it, else "
                  "inside it, when left out")
      ->envname("LAPEL_BUCKET")
      ->type_name("URL");
}

void CommandLine::add_agency_terms(CLI::App* sub) {
  sub->add_option("--slug", agency_.slug, "Its part of the ledger's origin; made of the name when left out");
  sub->add_option("--host", agency_.host, "Host part of the ledger's origin, as outsiders know this server")
      ->type_name("NAME");
  sub->add_option("--beat", agency_.beat_s, "Seconds between published checkpoints")
      ->capture_default_str()
      ->type_name("SECONDS");
}

void CommandLine::add_init() {
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

void CommandLine::add_serve() {
  CLI::App* sub = command(app_, "serve", "Run the server", [this] {
    serve_.where = where_;
    return door::run_serve(serve_);
  });
  add_data(sub);
  sub->add_option("--listen", serve_.listen,
                  "Address to listen on; beyond this machine only with TLS, or behind a trusted proxy")
      ->capture_default_str()
      ->type_name("HOST:PORT");
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
      "In the clear it listens on this machine alone. For others give it a certificate;\n"
      "where a proxy elsewhere ends TLS, name it by --trusted-proxy and say by\n"
      "--public-url at which https address people reach it.\n"
      "Prints \"listening on URL\" once it can answer. SIGTERM lets what is under way\n"
      "end, and exits 0.");
}

void CommandLine::add_catalog() {
  CLI::App* sub = command(*group("catalog", "Where the rows are"), "move",
                          "Move the embedded catalog into an empty PostgreSQL database",
                          [this] { return door::run_catalog_move(where_); });
  add_data(sub);
  sub->footer(
      "Every row is copied in one transaction and compared; the old file is kept as\n"
      "catalog.db.moved. No server may run meanwhile. Killed, it goes on where it was.");
}

void CommandLine::add_agency() {
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

void CommandLine::add_user() {
  CLI::App* users = group("user", "People who sign in");
  CLI::App* unlock = command(*users, "unlock", "Release a login that wrong passwords have locked",
                             [this] { return door::run_user_unlock(where_, person_.login); });
  CLI::App* activate = command(*users, "activate", "Let somebody who is deactivated sign in again",
                               [this] { return door::run_user_activate(where_, person_.login); });
  CLI::App* reset = command(*users, "reset-mfa", "Remove somebody's second factors, recovery codes and sessions",
                            [this] { return door::run_user_reset_factors(where_, person_.login); });
  CLI::App* password = command(*users, "password", "Give somebody another password, and end their sessions",
                               [this] { return door::run_user_password(where_, person_.login, password_file_); });
  for (CLI::App* each : {unlock, activate, reset, password}) {
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
  rules->add_option("--banner-file", sign_in_.banner_file, "The notice that everybody accepts; an empty file for none")
      ->type_name("FILE");
  rules
      ->add_option("--idle-days", sign_in_.idle_days,
                   "Disable an account that nobody has used for so long: 30 to 365 days")
      ->type_name("DAYS");
  rules->add_flag("--json", as_json_, "Print JSON");
  rules->footer("Holds for the next request of every session, those that are open included.");
  add_provider(*sign_in);
  CLI::App* sub = command(*users, "add", "Add a person",
                          [this] { return door::run_user_add(where_, agency_.name, person_, roles_, password_file_); });
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

void CommandLine::add_provider(CLI::App& sign_in) {
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
  set->add_option("--client-secret-file", provider_.client_secret_file, "File whose first line is the client's secret")
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
  set->add_flag("--add-newcomers", provider_.adds_newcomers, "Enter whoever has a mapped group at their first sign-in");
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

void CommandLine::add_token() {
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

void CommandLine::add_dock() {
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

void CommandLine::add_camera_key() {
  CLI::App* keys =
      group("camera-key", "Whose signatures in footage are believed: cameras' keys, and roots of certificates");
  CLI::App* add = command(*keys, "add", "Trust the key of one camera, or a root that vouches for the keys of many",
                          [this] { return door::run_camera_key_add(where_, agency_.name, key_); });
  CLI::App* list = command(*keys, "list", "What an agency trusts, and what it no longer does",
                           [this] { return door::run_camera_key_list(where_, agency_.name, as_json_); });
  CLI::App* revoke = command(*keys, "revoke", "Trust a key or a root no longer",
                             [this] { return door::run_camera_key_revoke(where_, agency_.name, key_); });
  for (CLI::App* sub : {add, list, revoke}) {
    add_data(sub);
    sub->add_option("--agency", agency_.name, "Name or slug of the agency")->required()->type_name("NAME");
  }
  add->add_option("--serial", key_.serial, "The camera's serial, as its recordings are said to be of it")
      ->type_name("SERIAL");
  add->add_option("--key", key_.key, "Its public key: PEM, or what lapel-camera init prints")->type_name("FILE");
  add->add_option("--root", key_.root, "A root certificate, PEM")->type_name("FILE");
  revoke->add_option("--sha256", key_.sha256, "The fingerprint that list shows")->required()->type_name("HEX");
  revoke->add_option("--reason", key_.reason, "Why")->required()->type_name("TEXT");
  list->add_flag("--json", as_json_, "Print JSON");
}

void CommandLine::add_camera_system() {
  CLI::App* systems = group("camera-system", "Body-worn systems that send by the Axis content destination API");
  CLI::App* add =
      command(*systems, "add", "Write the connection file by which one system sends what its cameras recorded",
              [this] { return door::run_camera_system_add(where_, agency_.name, connection_); });
  CLI::App* renew = command(*systems, "renew", "Write another, with a new key; the key before counts no more",
                            [this] { return door::run_camera_system_renew(where_, agency_.name, connection_); });
  CLI::App* list = command(*systems, "list", "The camera systems of an agency",
                           [this] { return door::run_camera_system_list(where_, agency_.name, as_json_); });
  CLI::App* revoke = command(*systems, "revoke", "Refuse a camera system from its next request on",
                             [this] { return door::run_camera_system_revoke(where_, agency_.name, connection_.name); });
  for (CLI::App* sub : {add, renew, list, revoke}) {
    add_data(sub);
    sub->add_option("--agency", agency_.name, "Name or slug of the agency")->required()->type_name("NAME");
  }
  for (CLI::App* sub : {add, renew, revoke})
    sub->add_option("--name", connection_.name, "What the camera system is called")->required()->type_name("NAME");
  for (CLI::App* sub : {add, renew}) {
    sub->add_option("--url", connection_.url, "Where the system reaches this server: https://HOST[:PORT]")
        ->required()
        ->type_name("BASE");
    sub->add_option("--out", connection_.out, "The connection file, which must not be there yet")
        ->required()
        ->type_name("FILE");
    sub->add_option(
           "--certificate", connection_.certificates,
           "The certificate that this server shows, PEM; as often as needed. Without one the system speaks HTTP, "
           "which is for this machine alone")
        ->type_name("FILE");
    sub->add_option(
           "--encrypt-to", connection_.encrypt_to,
           "An RSA public key, PEM, to which the system encrypts each clip. Whoever has the private key can see "
           "them; this server cannot")
        ->type_name("PUBKEY");
  }
  list->add_flag("--json", as_json_, "Print JSON");
}

void CommandLine::add_job() {
  CLI::App* jobs = group("job", "What the server does by itself, such as looking into each file");
  CLI::App* list = command(*jobs, "list", "Jobs, the last changed first",
                           [this] { return door::run_job_list(where_, state_, limit_, as_json_); });
  CLI::App* retry =
      command(*jobs, "retry", "Try again what was given up", [this] { return door::run_job_retry(where_, ids_); });
  add_data(list);
  add_data(retry);
  one_of(list->add_option("--state", state_, "Only those in this state")->type_name("STATE"), jobs::all_state_names());
  list->add_option("--limit", limit_, "At most so many")->capture_default_str()->check(CLI::Range(1, 10'000));
  list->add_flag("--json", as_json_, "Print JSON");
  retry->add_option("ID", ids_, "Jobs, as lapel job list names them")->required();
}

void CommandLine::add_ledger() {
  CLI::App* sub =
      command(*group("ledger", "The ledgers of this server"), "check", "Verify every leaf, tile and event again",
              [this] { return door::run_ledger_check(where_, as_json_); });
  add_data(sub);
  sub->add_flag("--json", as_json_, "Print JSON");
}

void CommandLine::add_forecast() {
  CLI::App* sub = command(app_, "forecast", "Storage, line and money to come, from a file of volumes; needs no server",
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
  sub->add_option("--upload-hours", forecast_.upload_hours, "In how many hours of a day docks send; 24, when left out");
  sub->add_flag("--json", as_json_, "Print JSON");
}

void CommandLine::add_calendar() {
  CLI::App* calendar = group("calendar", "Business days, by a published list of holidays; needs no server");
  calendar
      ->add_option("--calendar", calendar_.calendar,
                   "One of those that are installed, or a file (docs/formats/calendar.md)")
      ->capture_default_str()
      ->type_name("NAME|FILE");
  calendar->add_flag("--json", as_json_, "Print JSON");
  calendar->fallthrough();
  CLI::App* count = command(*calendar, "count", "When so many business days have passed, and which days did not count",
                            [this] { return door::run_calendar_count(calendar_, as_json_); });
  count->add_option("DATE", calendar_.from, "The day that it begins on, which is not counted: YYYY-MM-DD")->required();
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

ProgramNotes CommandLine::notes() const {
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

std::unique_ptr<Program> command_line() {
  return std::make_unique<CommandLine>();
}

}  // namespace lapel::door
