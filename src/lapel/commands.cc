// SPDX-License-Identifier: Apache-2.0
#include "lapel/commands.h"

#include <fmt/format.h>

#include "audit/check.h"
#include "base/problems.h"
#include "base/text.h"
#include "cameras/docks.h"
#include "cameras/schema.h"
#include "fleet/record_check.h"
#include "imports/schema.h"
#include "invitations/requests.h"
#include "lapel/hosting.h"
#include "oversight/record_check.h"
#include "program/record_check.h"
#include "roster/roles.h"
#include "training/record_check.h"

namespace lapel::door {

Result<std::string> read_password(const os::Path& file) {
  const Bytes bytes = TRY(os::read_file(*os::real_disk(), file, 4'096));
  const std::string_view text = as_text(bytes);
  return std::string(text.substr(0, text.find_first_of("\r\n")));
}

Result<void> run_init(const Where& where, const NewAgency& agency, NewPerson administrator,
                      const os::Path& password_file) {
  std::optional<NewPerson> first;
  if (!administrator.login.empty()) {
    administrator.password = TRY(read_password(password_file));
    administrator.roles = {access::Role::kAdministrator};
    first = std::move(administrator);
  }
  TRY(Installation::init(where, agency, first));
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  const roster::Agency made = TRY(installation->agencies()).at(0);
  const ledger::Ledger& ledger = *TRY(installation->ledgers().find(made.id));
  fmt::print(stderr, "Made {} for {}. Give the ledger's key below to whoever shall be able to check it.\n",
             where.data.string(), made.name);
  if (!first) fmt::print(stderr, "lapel serve will print a link by which the first administrator is made, once.\n");
  fmt::print("{}\n", ledger.key().text());
  return {};
}

Result<void> run_catalog_move(const Where& where) {
  const db::CatalogDigest moved = TRY(Installation::move_catalog(where));
  fmt::print(stderr, "Moved {} tables with {} rows; SHA-256 {}.\n", moved.tables, moved.rows, hex(moved.sha256));
  return {};
}

Result<void> run_agency_add(const Where& where, const NewAgency& agency) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  const roster::Agency added = TRY(installation->add_agency(agency));
  fmt::print(stderr, "Added {} as \"{}\".\n", added.name, added.slug);
  fmt::print("{}\n", TRY(installation->ledgers().find(added.id))->key().text());
  return {};
}

Result<void> run_agency_list(const Where& where, bool as_json) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  Json::Array items;
  for (const HostedAgency& hosted : TRY(hosted_agencies(*installation))) {
    if (as_json) {
      items.emplace_back(to_members(hosted));
      continue;
    }
    fmt::print("{:<20}  {:<10}  {:>5} people  {:>7} recordings  {:>14} bytes  published {}  {}\n", hosted.agency.slug,
               first_run_name(hosted), hosted.people, hosted.recordings, hosted.bytes,
               hosted.published_at ? ledger_time(*hosted.published_at) : "never", printable(hosted.agency.name));
  }
  if (as_json) fmt::print("{}\n", to_json(Json(Json::Object{{"items", std::move(items)}, {"next", Json()}})));
  return {};
}

Result<void> run_user_add(const Where& where, const std::string& agency, NewPerson person,
                          const std::vector<std::string>& roles, const os::Path& password_file) {
  person.roles = TRY(roster::parse_roles(roles));
  person.password = TRY(read_password(password_file));
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  const roster::Person added = TRY(installation->add_person(agency, person));
  fmt::print(stderr, "Added {}.\n", added.login);
  return {};
}

Result<void> run_dock_enroll(const Where& where, const std::string& agency, const std::string& name, bool as_json) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  cameras::Docks docks({installation->database(), installation->ledgers(), installation->clock()});
  const std::string code = TRY(docks.create_code(agency, name));
  if (as_json) {
    fmt::print("{}\n", to_json(Json(Json::Object{{"code", code}})));
    return {};
  }
  fmt::print(stderr, "For {} minutes, one dock may enroll as {} with this code:\n", cameras::kCodeLifeUs / 60'000'000,
             name);
  fmt::print("{}\n", code);
  return {};
}

Result<void> run_dock_list(const Where& where, const std::string& agency, bool as_json) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  cameras::Docks docks({installation->database(), installation->ledgers(), installation->clock()});
  Json::Array items;
  for (const roster::Dock& dock : TRY(docks.list(agency))) {
    if (as_json) {
      items.emplace_back(Json::Object{
          {"id", dock.id.text()}, {"name", dock.name}, {"key", base64(dock.key)}, {"revoked", dock.is_revoked}});
    } else {
      fmt::print("{}  {}{}\n", dock.id.text(), dock.name, dock.is_revoked ? "  (revoked)" : "");
    }
  }
  if (as_json) fmt::print("{}\n", to_json(Json(Json::Object{{"items", std::move(items)}, {"next", Json()}})));
  return {};
}

Result<void> run_dock_revoke(const Where& where, const std::string& agency, const std::string& name) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  cameras::Docks docks({installation->database(), installation->ledgers(), installation->clock()});
  TRY(docks.revoke(agency, name));
  fmt::print(stderr, "Revoked {}; a running server refuses its next request.\n", name);
  return {};
}

Result<void> run_job_list(const Where& where, const std::string& state_text, std::int64_t limit, bool as_json) {
  std::optional<jobs::State> state;
  if (!state_text.empty() && !(state = jobs::parse_state_name(state_text)))
    return fail(Code::kInvalid, "A job's state is one of " + jobs::all_state_names(), state_text);
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  Json::Array items;
  for (const jobs::Listed& job : TRY(installation->jobs().list(state, limit))) {
    if (!as_json) {
      fmt::print("{}  {:<8}  {}  {}  {}{}{}\n", job.id.text(), jobs::state_name(job.status.state),
                 ledger_time(job.changed_at), job.kind, job.subject.text(), job.status.reason.empty() ? "" : "  ",
                 printable(job.status.reason));
      continue;
    }
    items.emplace_back(Json::Object{{"id", job.id.text()},
                                    {"kind", job.kind},
                                    {"agency", job.agency.text()},
                                    {"subject", job.subject.text()},
                                    {"state", jobs::state_name(job.status.state)},
                                    {"reason", job.status.reason},
                                    {"attempts", job.status.attempts},
                                    {"failures", job.status.failures},
                                    {"changed_at", ledger_time(job.changed_at)}});
  }
  if (as_json) fmt::print("{}\n", to_json(Json(Json::Object{{"items", std::move(items)}, {"next", Json()}})));
  return {};
}

Result<void> run_job_retry(const Where& where, const std::vector<std::string>& ids) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  for (const std::string& text : ids) {
    const auto id = jobs::JobId::parse(text);
    if (!id) return fail(Code::kInvalid, "A job's id is 32 lower-case hex digits", text);
    TRY(installation->jobs().retry(*id));
    fmt::print(stderr, "{} will be tried again.\n", text);
  }
  return {};
}

namespace {

// Reading every original takes as long as the disk needs: whoever waits sees that it goes on.
Result<audit::CatalogReport> check_catalog(Installation& installation, const roster::Agency& agency,
                                           const std::string& origin) {
  constexpr std::int64_t kProgressUs = 10'000'000;
  std::int64_t said_us = installation.clock().monotonic_us();
  const auto say = [&](const audit::CatalogReport& report) {
    const std::int64_t now_us = installation.clock().monotonic_us();
    if (now_us - said_us < kProgressUs) return;
    said_us = now_us;
    fmt::print(stderr, "{}: {} originals read, {} bytes\n", agency.slug, report.originals, report.original_bytes);
  };
  return audit::check_catalog({agency, origin, installation.database(), installation.store(), installation.bucket(),
                               installation.bucket_directory(), say});
}

}  // namespace

Result<void> run_ledger_check(const Where& where, bool as_json) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  // First what the database says of its own file: a damaged index hides rows from every question asked below.
  std::vector<std::string> damage = TRY(installation->database().damage());
  for (std::string& text : TRY(installation->schema_faults())) damage.push_back(std::move(text));
  if (!damage.empty()) {
    if (as_json) {
      Json::Array texts;
      for (const std::string& text : damage) texts.emplace_back(printable(text));
      fmt::print("{}\n", to_json(Json(Json::Object{{"catalog", std::move(texts)}, {"ledgers", Json::Array()}})));
    } else {
      for (const std::string& text : damage) fmt::print("  FAULT catalog: {}\n", printable(text));
    }
    return fail(Code::kCorrupt, "The catalog's file is damaged; nothing in it was compared with the ledger",
                fmt::format("{} faults", damage.size()));
  }
  std::size_t faults = 0;
  Json::Array ledgers;
  for (const roster::Agency& agency : TRY(installation->agencies())) {
    const ledger::Ledger& ledger = *TRY(installation->ledgers().find(agency.id));
    ledger::CheckReport report = TRY(ledger.check());
    const audit::CatalogReport catalog = TRY(check_catalog(*installation, agency, ledger.terms().origin));
    report.faults.insert(report.faults.end(), catalog.faults.begin(), catalog.faults.end());
    TRY(installation->database().read([&](db::Transaction& tx) -> Result<void> {
      const auto fault = [&](std::string text) { report.faults.push_back(std::move(text)); };
      TRY(oversight::check_record(tx, agency.id, fault));
      TRY(program::check_record(tx, agency.id, fault));
      TRY(fleet::check_record(tx, agency.id, fault));
      TRY(cameras::check_record(tx, agency.id, fault));
      TRY(invitations::check_record(tx, agency.id, fault));
      TRY(imports::check_record(tx, agency.id, fault));
      return training::check_record(tx, agency.id, fault);
    }));
    faults += report.faults.size();
    if (as_json) {
      Json::Array texts(report.faults.begin(), report.faults.end());
      ledgers.emplace_back(Json::Object{{"origin", ledger.terms().origin},
                                        {"size", report.size},
                                        {"published_size", report.published_size},
                                        {"root", base64(report.root)},
                                        {"events", report.events},
                                        {"statements", report.statements},
                                        {"padding", report.padding},
                                        {"recordings", catalog.recordings},
                                        {"originals", catalog.originals},
                                        {"original_bytes", catalog.original_bytes},
                                        {"views", catalog.views},
                                        {"derived", catalog.derived},
                                        {"identities", catalog.identities},
                                        {"notes", Json::Array(catalog.notes.begin(), catalog.notes.end())},
                                        {"faults", std::move(texts)}});
      continue;
    }
    fmt::print("{}: {} leaves ({} events, {} statements, {} padding), published up to {}, root {}\n",
               ledger.terms().origin, report.size, report.events, report.statements, report.padding,
               report.published_size, base64(report.root));
    fmt::print("  {} recordings, {} originals of {} bytes read, {} views, {} derived items, {} identities\n",
               catalog.recordings, catalog.originals, catalog.original_bytes, catalog.views, catalog.derived,
               catalog.identities);
    for (const std::string& note : catalog.notes) fmt::print("  note {}\n", note);
    for (const std::string& fault : report.faults) fmt::print("  FAULT {}\n", fault);
  }
  for (const std::string& origin : TRY(audit::ledgers_without_agency(installation->database()))) {
    const std::string fault = fmt::format("ledger {}: the catalog has it, and no agency", origin);
    ++faults;
    if (as_json) {
      ledgers.emplace_back(Json::Object{{"origin", origin}, {"faults", Json::Array{fault}}});
    } else {
      fmt::print("{}:\n  FAULT {}\n", origin, fault);
    }
  }
  if (as_json) {
    fmt::print("{}\n", to_json(Json(Json::Object{{"catalog", Json::Array()}, {"ledgers", std::move(ledgers)}})));
  }
  if (faults == 1) return fail(problems::kFaultsFound, "One fault was found");
  if (faults > 1) return fail(problems::kFaultsFound, fmt::format("{} faults were found", faults));
  return {};
}

}  // namespace lapel::door
