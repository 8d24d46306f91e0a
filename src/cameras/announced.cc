// SPDX-License-Identifier: Apache-2.0
#include "cameras/announced.h"

#include <fmt/format.h>

#include "acts/act.h"
#include "base/problems.h"
#include "crypto/random.h"
#include "roster/assignments.h"

namespace lapel::cameras {
namespace {

// As the catalog has it.
std::string_view kind_word(ContainerKind kind) {
  return kind == ContainerKind::kUsers ? "user" : kind == ContainerKind::kDevices ? "device" : "system";
}

}  // namespace

Result<void> Announced::put(const Systems::Asking& asking, ContainerKind container, const std::string& name,
                            const ContentMetadata& metadata) {
  const std::string_view kind = kind_word(container);
  std::optional<PersonId> person;
  const db::Params key = {{"system", asking.actor.camera_system->text()}, {"kind", kind}, {"name", name}};
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const bool is_there =
        !TRY(tx.query("SELECT name FROM camera_entries WHERE system = :system AND kind = :kind AND name "
                      "= :name LIMIT 1",
                      key))
             .empty();
    if (is_there) return {};
    const std::int64_t entries = TRY(tx.query("SELECT COUNT(*) AS entries FROM camera_entries WHERE system = :system",
                                              {{"system", asking.actor.camera_system->text()}}))[0]
                                     .integer("entries");
    if (entries < kEntriesMax) return {};
    return fail(Code::kLimited, fmt::format("A camera system may have {} users and cameras", kEntriesMax));
  }));
  if (container == ContainerKind::kDevices) TRY(parts_.vault.register_device(asking.actor, name));
  if (container == ContainerKind::kUsers) person = TRY(mirror_person(asking, metadata));
  return parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run(
        "INSERT INTO camera_entries (system, kind, name, metadata, person, said_us) VALUES (:system, :kind, :name, "
        ":metadata, :person, :now) ON CONFLICT (system, kind, name) DO UPDATE SET metadata = :metadata, person = "
        "COALESCE(CAST(:person AS TEXT), camera_entries.person), said_us = :now",
        {{"system", asking.actor.camera_system->text()},
         {"kind", kind},
         {"name", name},
         {"metadata", stored_metadata(metadata)},
         {"person", person ? std::optional(person->text()) : std::nullopt},
         {"now", parts_.clock.now().us}}));
    return {};
  });
}

// Whose badge the user's own id is. Somebody whom nobody here knows is entered with it, and can do nothing before an administrator gives
// them a role and a way to sign in.
Result<std::optional<PersonId>> Announced::mirror_person(const Systems::Asking& asking,
                                                         const ContentMetadata& metadata) {
  const std::string badge = value_of(metadata, "userid");
  if (badge.empty()) return std::optional<PersonId>();
  const Timestamp now = parts_.clock.now();
  std::optional<PersonId> known;
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    known = TRY(roster::holder(tx, asking.actor.agency, roster::AssignmentKind::kBadge, badge, now));
    return {};
  };
  TRY(parts_.database.read(look));
  if (known) return known;
  roster::Person person{crypto::new_id<PersonId>(), asking.actor.agency, {}, value_of(metadata, "name"), badge, {}};
  person.login = fmt::format("camera-user-{}", person.id.text().substr(0, 12));
  if (person.name.empty()) person.name = badge;
  acts::Act act(asking.actor);
  act.say({person.id, "identity.bound", {{"name", person.name}, {"badge", badge}, {"from", ledger_time(now)}}, true},
          [&](db::Transaction& tx) { return roster::add_person(tx, person, now); });
  act.say({person.id, "person.roles", {{"roles", Json::Array()}}, false}, nullptr);
  auto added = act.commit(parts_.ledgers);
  if (added) return std::optional(person.id);
  if (added.error().code() != Code::kConflict) return fail(std::move(added).error());
  TRY(parts_.database.read(look));  // by another request meanwhile
  return known;
}

Result<void> Announced::check(const Systems::Asking& asking, const ContainerName& name) {
  return parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    for (const auto& [kind, entry] : {std::pair("user", name.user), std::pair("device", name.device)}) {
      if (!TRY(tx.query(
                   "SELECT name FROM camera_entries WHERE system = :system AND kind = :kind AND name = :name LIMIT "
                   "1",
                   {{"system", asking.actor.camera_system->text()}, {"kind", kind}, {"name", entry}}))
               .empty())
        continue;
      return fail(Code::kInvalid, fmt::format("There is no {} \"{}\": announce it first", kind, entry));
    }
    return {};
  });
}

Result<Announced::User> Announced::user(const Systems::Asking& asking, const std::string& name) {
  User out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = {};
    for (const db::Row& row :
         TRY(tx.query("SELECT metadata, person FROM camera_entries WHERE system = :system AND kind = "
                      "'user' AND name = :name LIMIT 1",
                      {{"system", asking.actor.camera_system->text()}, {"name", name}}))) {
      const ContentMetadata said = TRY(read_stored_metadata(row.text("metadata")));
      out.name = value_of(said, "name");
      out.badge = value_of(said, "userid");
      const auto person = PersonId::parse(row.maybe_text("person").value_or(""));
      if (out.badge.empty() && person) out.badge = TRY(roster::person(tx, *person)).badge.value_or("");
    }
    return {};
  }));
  return out;
}

Result<std::optional<ContentMetadata>> Announced::metadata(const Systems::Asking& asking, ContainerKind kind,
                                                           const std::string& name) {
  std::optional<ContentMetadata> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.reset();
    for (const db::Row& row :
         TRY(tx.query("SELECT metadata FROM camera_entries WHERE system = :system AND kind = :kind "
                      "AND name = :name LIMIT 1",
                      {{"system", asking.actor.camera_system->text()}, {"kind", kind_word(kind)}, {"name", name}})))
      out = TRY(read_stored_metadata(row.text("metadata")));
    return {};
  }));
  return out;
}

}  // namespace lapel::cameras
