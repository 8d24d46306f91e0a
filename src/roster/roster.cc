// SPDX-License-Identifier: Apache-2.0
#include "roster/roster.h"

#include <map>

#include <fmt/format.h>

#include "base/limits.h"
#include "roster/assignments.h"
#include "roster/file_requests.h"

namespace lapel::roster {
namespace {

constexpr std::string_view kAgencyColumns = "id, name, slug, is_first, console";
constexpr std::string_view kPersonColumns = "id, agency, login, name, badge, active_until_us";

constexpr db::Migration kSteps[] = {
    {1, "agencies, people, devices", R"sql(
CREATE TABLE agencies (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  slug TEXT NOT NULL UNIQUE,
  is_first BIGINT NOT NULL CHECK (is_first IN (0, 1)),
  console TEXT NOT NULL
);
CREATE TABLE people (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  login TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  badge TEXT,
  added_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX people_by_badge ON people (agency, badge);
CREATE TABLE person_roles (
  person TEXT NOT NULL REFERENCES people (id),
  role TEXT NOT NULL,
  PRIMARY KEY (person, role)
);
CREATE TABLE devices (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  serial TEXT NOT NULL,
  added_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX devices_by_serial ON devices (agency, serial);
CREATE TABLE docks (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  name TEXT NOT NULL,
  public_key TEXT NOT NULL UNIQUE,
  added_us BIGINT NOT NULL,
  revoked_us BIGINT
);
CREATE UNIQUE INDEX docks_by_name ON docks (agency, name);
)sql"},
    // The badges that people have now are theirs from the beginning: nobody had them before.
    {2, "who was what, when", R"sql(
CREATE TABLE assignments (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  person TEXT NOT NULL REFERENCES people (id),
  kind TEXT NOT NULL CHECK (kind IN ('badge', 'device', 'unit', 'unit_supervisor', 'case', 'clearance', 'investigation')),
  target TEXT NOT NULL,
  from_us BIGINT NOT NULL,
  until_us BIGINT,
  CHECK (until_us IS NULL OR until_us > from_us)
);
CREATE INDEX assignments_by_person ON assignments (person, kind, from_us, id);
CREATE INDEX assignments_by_target ON assignments (agency, kind, target, from_us, id);
INSERT INTO assignments (id, agency, person, kind, target, from_us)
  SELECT id, agency, id, 'badge', badge, 0 FROM people WHERE badge IS NOT NULL;
CREATE TABLE units (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  name TEXT NOT NULL,
  added_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX units_by_name ON units (agency, name);
CREATE TABLE cases (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  number TEXT NOT NULL,
  title TEXT NOT NULL,
  added_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX cases_by_number ON cases (agency, number);
CREATE TABLE statements (
  agency TEXT NOT NULL REFERENCES agencies (id),
  person TEXT NOT NULL REFERENCES people (id),
  incident TEXT NOT NULL,
  filed_us BIGINT NOT NULL,
  PRIMARY KEY (agency, person, incident)
);
CREATE TABLE agency_rules (
  agency TEXT NOT NULL PRIMARY KEY REFERENCES agencies (id),
  own_viewing TEXT NOT NULL CHECK (own_viewing IN ('allowed', 'after_statement', 'supervisor_releases'))
);
)sql"},
    // No time: since their entry, and until further notice.
    {3, "people who have left", R"sql(
ALTER TABLE people ADD COLUMN active_from_us BIGINT;
ALTER TABLE people ADD COLUMN active_until_us BIGINT;
)sql"},
    // A further kind of assignment is another constraint, and that is another table.
    {4, "who works which shift, and where", R"sql(
CREATE TABLE assignments_of_more_kinds (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  person TEXT NOT NULL REFERENCES people (id),
  kind TEXT NOT NULL CHECK (kind IN ('badge', 'device', 'unit', 'unit_supervisor', 'case', 'clearance', 'investigation',
    'shift', 'facility')),
  target TEXT NOT NULL,
  from_us BIGINT NOT NULL,
  until_us BIGINT,
  CHECK (until_us IS NULL OR until_us > from_us)
);
INSERT INTO assignments_of_more_kinds (id, agency, person, kind, target, from_us, until_us)
  SELECT id, agency, person, kind, target, from_us, until_us FROM assignments;
DROP TABLE assignments;
ALTER TABLE assignments_of_more_kinds RENAME TO assignments;
CREATE INDEX assignments_by_person ON assignments (person, kind, from_us, id);
CREATE INDEX assignments_by_target ON assignments (agency, kind, target, from_us, id);
)sql"},
    {5, "the part of the agency that command and internal affairs have", R"sql(
CREATE TABLE assignments_with_scopes (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  person TEXT NOT NULL REFERENCES people (id),
  kind TEXT NOT NULL CHECK (kind IN ('badge', 'device', 'unit', 'unit_supervisor', 'case', 'clearance', 'investigation',
    'shift', 'facility', 'scope')),
  target TEXT NOT NULL,
  from_us BIGINT NOT NULL,
  until_us BIGINT,
  CHECK (until_us IS NULL OR until_us > from_us)
);
INSERT INTO assignments_with_scopes (id, agency, person, kind, target, from_us, until_us)
  SELECT id, agency, person, kind, target, from_us, until_us FROM assignments;
DROP TABLE assignments;
ALTER TABLE assignments_with_scopes RENAME TO assignments;
CREATE INDEX assignments_by_person ON assignments (person, kind, from_us, id);
CREATE INDEX assignments_by_target ON assignments (agency, kind, target, from_us, id);
)sql"},
    {6, "what the agency calls its recordings", R"sql(
CREATE TABLE categories (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  name TEXT NOT NULL,
  added_us BIGINT NOT NULL,
  retired_us BIGINT
);
CREATE UNIQUE INDEX categories_by_name ON categories (agency, name) WHERE retired_us IS NULL;
)sql"},
    // What was taken back stays on record, and can be filed again: of those that stand (0) there is one.
    {7, "statements that were taken back", R"sql(
CREATE TABLE statements_and_withdrawn (
  agency TEXT NOT NULL REFERENCES agencies (id),
  person TEXT NOT NULL REFERENCES people (id),
  incident TEXT NOT NULL,
  filed_us BIGINT NOT NULL,
  withdrawn_us BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (agency, person, incident, withdrawn_us)
);
INSERT INTO statements_and_withdrawn (agency, person, incident, filed_us)
  SELECT agency, person, incident, filed_us FROM statements;
DROP TABLE statements;
ALTER TABLE statements_and_withdrawn RENAME TO statements;
)sql"},
    {8, "camera systems", R"sql(
CREATE TABLE camera_systems (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  name TEXT NOT NULL,
  added_us BIGINT NOT NULL,
  revoked_us BIGINT
);
CREATE UNIQUE INDEX camera_systems_by_name ON camera_systems (agency, name);
)sql"},
    {9, "recordings of imports that are not reconciled", R"sql(
CREATE TABLE pending_imports (
  recording TEXT NOT NULL PRIMARY KEY,
  import TEXT NOT NULL
);
CREATE INDEX pending_imports_by_import ON pending_imports (import, recording);
)sql"},
};

template <typename AnyId>
Result<AnyId> stored_id(const db::Row& row, std::string_view column) {
  const auto id = AnyId::parse(row.text(column));
  if (!id) return fail(Code::kCorrupt, "An id in the catalog is damaged", row.text(column));
  return *id;
}

Result<Agency> read_agency(const db::Row& row) {
  const auto id = TRY(stored_id<AgencyId>(row, "id"));
  const auto console = TRY(stored_id<PersonId>(row, "console"));
  return Agency{id, row.text("name"), row.text("slug"), row.integer("is_first") == 1, console};
}

Result<Person> read_without_roles(const db::Row& row) {
  const auto id = TRY(stored_id<PersonId>(row, "id"));
  const auto agency = TRY(stored_id<AgencyId>(row, "agency"));
  return Person{
      id, agency, row.text("login"), row.text("name"), row.maybe_text("badge"), {}, row.is_null("active_until_us")};
}

Result<access::Role> stored_role(const db::Row& row) {
  const auto known = access::parse_role(row.text("role"));
  if (!known) return fail(Code::kCorrupt, "A role in the catalog is unknown", row.text("role"));
  return *known;
}

Result<Person> read_person(db::Transaction& tx, const db::Row& row) {
  Person person = TRY(read_without_roles(row));
  for (const db::Row& role :
       TRY(tx.query("SELECT role FROM person_roles WHERE person = :person ORDER BY role LIMIT 100",
                    {{"person", person.id.text()}}))) {
    person.roles.insert(TRY(stored_role(role)));
  }
  return person;
}

}  // namespace

Result<std::optional<std::string>> name_of(db::Transaction& tx, const AgencyId& agency, const SubjectId& actor) {
  const db::Params params = {{"id", actor.text()}, {"agency", agency.text()}};
  for (const db::Row& row :
       TRY(tx.query("SELECT name, badge FROM people WHERE id = :id AND agency = :agency LIMIT 1", params))) {
    Person known;
    known.name = row.text("name");
    known.badge = row.maybe_text("badge");
    return std::optional(shown_name(known));
  }
  for (const db::Row& row :
       TRY(tx.query("SELECT name FROM docks WHERE id = :id AND agency = :agency LIMIT 1", params))) {
    return std::optional("dock " + row.text("name"));
  }
  for (const db::Row& row :
       TRY(tx.query("SELECT name FROM camera_systems WHERE id = :id AND agency = :agency LIMIT 1", params))) {
    return std::optional("camera system " + row.text("name"));
  }
  for (const db::Row& row :
       TRY(tx.query("SELECT name FROM file_requests WHERE id = :id AND agency = :agency LIMIT 1", params))) {
    return std::optional(row.text("name") + ", by a file request");
  }
  const db::Rows consoles =
      TRY(tx.query("SELECT id FROM agencies WHERE console = :id AND id = :agency LIMIT 1", params));
  return consoles.empty() ? std::optional<std::string>() : std::optional<std::string>("server console");
}

std::span<const db::Migration> schema() {
  return kSteps;
}

std::string slug_of(std::string_view agency_name) {
  std::string out;
  for (const char c : agency_name) {
    const char lowered = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if ((lowered >= 'a' && lowered <= 'z') || (lowered >= '0' && lowered <= '9')) {
      out.push_back(lowered);
    } else if (!out.empty() && out.back() != '-') {
      out.push_back('-');
    }
  }
  while (out.ends_with('-')) out.pop_back();
  if (out.size() > 40) out.resize(40);
  return out;
}

Result<void> add_agency(db::Transaction& tx, const Agency& agency) {
  TRY(tx.run("INSERT INTO agencies (id, name, slug, is_first, console) VALUES (:id, :name, :slug, :is_first, :console)",
             {{"id", agency.id.text()},
              {"name", agency.name},
              {"slug", agency.slug},
              {"is_first", agency.is_first ? 1 : 0},
              {"console", agency.console.text()}}));
  return {};
}

Result<std::vector<Agency>> agencies(db::Transaction& tx) {
  std::vector<Agency> out;
  for (const db::Row& row :
       TRY(tx.query(fmt::format("SELECT {} FROM agencies ORDER BY is_first DESC, slug LIMIT :limit", kAgencyColumns),
                    {{"limit", limits::kAgenciesMax}}))) {
    out.push_back(TRY(read_agency(row)));
  }
  return out;
}

Result<Agency> agency(db::Transaction& tx, const AgencyId& id) {
  const db::Rows rows =
      TRY(tx.query(fmt::format("SELECT {} FROM agencies WHERE id = :id", kAgencyColumns), {{"id", id.text()}}));
  if (rows.empty()) return fail(Code::kNotFound, "No such agency", id.text());
  return read_agency(rows[0]);
}

Result<Agency> agency_by_name(db::Transaction& tx, std::string_view name_or_slug) {
  const db::Rows rows =
      TRY(tx.query(fmt::format("SELECT {} FROM agencies WHERE name = :name OR slug = :name LIMIT 2", kAgencyColumns),
                   {{"name", name_or_slug}}));
  if (rows.empty()) return fail(Code::kNotFound, fmt::format("No agency is called \"{}\"", name_or_slug));
  if (rows.size() > 1) return fail(Code::kConflict, fmt::format("\"{}\" names two agencies", name_or_slug));
  return read_agency(rows[0]);
}

Result<void> add_person(db::Transaction& tx, const Person& person, Timestamp now) {
  TRY(
      tx.run("INSERT INTO people (id, agency, login, name, badge, added_us) VALUES (:id, :agency, :login, :name, "
             ":badge, :now)",
             {{"id", person.id.text()},
              {"agency", person.agency.text()},
              {"login", person.login},
              {"name", person.name},
              {"badge", person.badge},
              {"now", now.us}}));
  for (const access::Role role : person.roles) {
    TRY(tx.run("INSERT INTO person_roles (person, role) VALUES (:person, :role)",
               {{"person", person.id.text()}, {"role", access::role_name(role)}}));
  }
  if (!person.badge) return {};
  // Theirs from the beginning where nobody has worn it before: what they recorded may be older than their entry here.
  const bool is_new =
      TRY(assignments(tx, person.agency, {AssignmentKind::kBadge, std::nullopt, person.badge, std::nullopt})).empty();
  return begin_assignment(tx, {AssignmentId(person.id.bytes()), person.agency, person.id, AssignmentKind::kBadge,
                               *person.badge, is_new ? Timestamp{0} : now, std::nullopt});
}

std::string shown_name(const Person& person) {
  return person.badge ? fmt::format("{}, badge {}", person.name, *person.badge) : person.name;
}

Result<Person> person(db::Transaction& tx, const PersonId& id) {
  const db::Rows rows =
      TRY(tx.query(fmt::format("SELECT {} FROM people WHERE id = :id", kPersonColumns), {{"id", id.text()}}));
  if (rows.empty()) return fail(Code::kNotFound, "No such person", id.text());
  return read_person(tx, rows[0]);
}

namespace {

struct Known {
  access::Actor actor;
  bool is_current = true;  // neither deactivated nor revoked
};

Result<Known> known_actor(db::Transaction& tx, const SubjectId& id) {
  Known out;
  auto found = person(tx, PersonId(id.bytes()));
  if (found) {
    out.actor.agency = found->agency;
    out.actor.person = found->id;
    out.actor.login = std::move(found->login);
    out.actor.roles = std::move(found->roles);
    out.is_current = found->is_active;
  } else {
    if (found.error().code() != Code::kNotFound) return fail(std::move(found).error());
    auto system = camera_system(tx, CameraSystemId(id.bytes()));
    if (system) {
      out.actor.agency = system->agency;
      out.actor.camera_system = system->id;
      out.actor.login = std::move(system->name);
      out.is_current = !system->is_revoked;
    } else {
      if (system.error().code() != Code::kNotFound) return fail(std::move(system).error());
      auto known = dock(tx, DockId(id.bytes()));
      if (known) {
        out.actor.agency = known->agency;
        out.actor.dock = known->id;
        out.actor.login = std::move(known->name);
        out.is_current = !known->is_revoked;
      } else {
        if (known.error().code() != Code::kNotFound) return fail(std::move(known).error());
        FileRequest request = TRY(file_request(tx, FileRequestId(id.bytes())));
        out.actor.agency = request.agency;
        out.actor.file_request = request.id;
        out.actor.login = std::move(request.name);
        out.is_current = !request.revoked_at;
      }
    }
  }
  const db::Rows rows =
      TRY(tx.query("SELECT slug, is_first FROM agencies WHERE id = :id", {{"id", out.actor.agency.text()}}));
  if (rows.empty()) return fail(Code::kCorrupt, "An actor's agency is missing", id.text());
  out.actor.agency_slug = rows[0].text("slug");
  out.actor.is_of_lead_agency = rows[0].integer("is_first") == 1;
  return out;
}

}  // namespace

Result<access::Actor> actor(db::Transaction& tx, const SubjectId& id) {
  Known known = TRY(known_actor(tx, id));
  if (known.is_current) return std::move(known.actor);
  return fail(Code::kUnauthenticated,
              known.actor.dock            ? "This dock has been revoked"
              : known.actor.camera_system ? "This camera system has been revoked"
              : known.actor.file_request  ? "This file request has been taken back"
                                          : "This person has been deactivated",
              id.text());
}

Result<access::Actor> actor_of_received(db::Transaction& tx, const SubjectId& id) {
  return TRY(known_actor(tx, id)).actor;
}

Result<Person> person_by_login(db::Transaction& tx, std::string_view login) {
  const db::Rows rows =
      TRY(tx.query(fmt::format("SELECT {} FROM people WHERE login = :login", kPersonColumns), {{"login", login}}));
  if (rows.empty()) return fail(Code::kNotFound, fmt::format("Nobody signs in as \"{}\"", login));
  return read_person(tx, rows[0]);
}

Result<std::vector<Person>> people(db::Transaction& tx, const AgencyId& agency) {
  const db::Params params = {{"agency", agency.text()}, {"limit", kAssignmentsMax}};
  // One question for everybody's: a department has thousands.
  std::map<std::string, std::set<access::Role>> roles;
  for (const db::Row& row :
       TRY(tx.query("SELECT r.person AS person, r.role AS role FROM person_roles r JOIN people p ON p.id = r.person "
                    "WHERE p.agency = :agency LIMIT 14 * :limit",
                    params))) {
    roles[row.text("person")].insert(TRY(stored_role(row)));
  }
  std::vector<Person> out;
  for (const db::Row& row : TRY(tx.query(
           fmt::format("SELECT {} FROM people WHERE agency = :agency ORDER BY login LIMIT :limit", kPersonColumns),
           params))) {
    out.push_back(TRY(read_without_roles(row)));
    out.back().roles = std::move(roles[out.back().id.text()]);
  }
  return out;
}

Result<void> add_device(db::Transaction& tx, const Device& device, Timestamp now) {
  TRY(tx.run("INSERT INTO devices (id, agency, serial, added_us) VALUES (:id, :agency, :serial, :now)",
             {{"id", device.id.text()}, {"agency", device.agency.text()}, {"serial", device.serial}, {"now", now.us}}));
  return {};
}

Result<std::optional<Device>> device_by_serial(db::Transaction& tx, const AgencyId& agency, std::string_view serial) {
  const db::Rows rows =
      TRY(tx.query("SELECT id, agency, serial FROM devices WHERE agency = :agency AND serial = :serial",
                   {{"agency", agency.text()}, {"serial", serial}}));
  if (rows.empty()) return std::optional<Device>();
  return std::optional(Device{TRY(stored_id<DeviceId>(rows[0], "id")), agency, rows[0].text("serial")});
}

namespace {

Result<Dock> read_dock(const db::Row& row) {
  const auto key = parse_hex_array<32>(row.text("public_key"));
  if (!key) return fail(Code::kCorrupt, "A dock's key in the catalog is damaged", row.text("id"));
  const auto id = TRY(stored_id<DockId>(row, "id"));
  const auto agency = TRY(stored_id<AgencyId>(row, "agency"));
  return Dock{id, agency, row.text("name"), *key, !row.is_null("revoked_us")};
}

}  // namespace

Result<void> add_dock(db::Transaction& tx, const Dock& dock, Timestamp now) {
  TRY(tx.run("INSERT INTO docks (id, agency, name, public_key, added_us) VALUES (:id, :agency, :name, :key, :now)",
             {{"id", dock.id.text()},
              {"agency", dock.agency.text()},
              {"name", dock.name},
              {"key", hex(dock.key)},
              {"now", now.us}}));
  return {};
}

Result<Dock> dock(db::Transaction& tx, const DockId& id) {
  const db::Rows rows =
      TRY(tx.query("SELECT id, agency, name, public_key, revoked_us FROM docks WHERE id = :id", {{"id", id.text()}}));
  if (rows.empty()) return fail(Code::kNotFound, "No such dock", id.text());
  return read_dock(rows[0]);
}

Result<std::int64_t> docks_at(db::Transaction& tx, const AgencyId& agency, Timestamp at) {
  return TRY(
             tx.query("SELECT COUNT(*) AS docks FROM docks WHERE agency = :agency AND added_us <= :at AND "
                      "(revoked_us IS NULL OR revoked_us > :at)",
                      {{"agency", agency.text()}, {"at", at.us}}))[0]
      .integer("docks");
}

Result<std::vector<Dock>> docks(db::Transaction& tx, const AgencyId& agency) {
  std::vector<Dock> out;
  for (const db::Row& row : TRY(tx.query("SELECT id, agency, name, public_key, revoked_us FROM docks WHERE agency = "
                                         ":agency ORDER BY name LIMIT 10000",
                                         {{"agency", agency.text()}}))) {
    out.push_back(TRY(read_dock(row)));
  }
  return out;
}

Result<void> revoke_dock(db::Transaction& tx, const DockId& id, Timestamp now) {
  const std::int64_t changed = TRY(tx.run("UPDATE docks SET revoked_us = :now WHERE id = :id AND revoked_us IS NULL",
                                          {{"now", now.us}, {"id", id.text()}}));
  if (changed != 1) return fail(Code::kNotFound, "No such dock, or revoked already", id.text());
  return {};
}

namespace {

Result<CameraSystem> read_camera_system(const db::Row& row) {
  const auto id = TRY(stored_id<CameraSystemId>(row, "id"));
  const auto agency = TRY(stored_id<AgencyId>(row, "agency"));
  return CameraSystem{id, agency, row.text("name"), !row.is_null("revoked_us")};
}

}  // namespace

Result<void> add_camera_system(db::Transaction& tx, const CameraSystem& system, Timestamp now) {
  TRY(tx.run("INSERT INTO camera_systems (id, agency, name, added_us) VALUES (:id, :agency, :name, :now)",
             {{"id", system.id.text()}, {"agency", system.agency.text()}, {"name", system.name}, {"now", now.us}}));
  return {};
}

Result<CameraSystem> camera_system(db::Transaction& tx, const CameraSystemId& id) {
  const db::Rows rows =
      TRY(tx.query("SELECT id, agency, name, revoked_us FROM camera_systems WHERE id = :id", {{"id", id.text()}}));
  if (rows.empty()) return fail(Code::kNotFound, "No such camera system", id.text());
  return read_camera_system(rows[0]);
}

Result<std::vector<CameraSystem>> camera_systems(db::Transaction& tx, const AgencyId& agency) {
  std::vector<CameraSystem> out;
  for (const db::Row& row : TRY(tx.query("SELECT id, agency, name, revoked_us FROM camera_systems WHERE agency = "
                                         ":agency ORDER BY name LIMIT 1000",
                                         {{"agency", agency.text()}}))) {
    out.push_back(TRY(read_camera_system(row)));
  }
  return out;
}

Result<void> revoke_camera_system(db::Transaction& tx, const CameraSystemId& id, Timestamp now) {
  const std::int64_t changed =
      TRY(tx.run("UPDATE camera_systems SET revoked_us = :now WHERE id = :id AND revoked_us IS NULL",
                 {{"now", now.us}, {"id", id.text()}}));
  if (changed != 1) return fail(Code::kNotFound, "No such camera system, or revoked already", id.text());
  return {};
}

}  // namespace lapel::roster
