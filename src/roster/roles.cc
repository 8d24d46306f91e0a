// SPDX-License-Identifier: Apache-2.0
#include "roster/roles.h"

#include <fmt/format.h>

#include "base/problems.h"
#include "roster/roster.h"

namespace lapel::roster {
namespace {

// After one has been taken away from the agency of this person.
Result<void> require_administrator(db::Transaction& tx, const PersonId& person) {
  const db::Rows rows =
      TRY(tx.query("SELECT COUNT(*) AS left_over FROM people p JOIN person_roles r ON r.person = p.id WHERE p.agency = "
                   "(SELECT agency FROM people WHERE id = :person) AND p.active_until_us IS NULL AND r.role = :role",
                   {{"person", person.text()}, {"role", access::role_name(access::Role::kAdministrator)}}));
  if (rows[0].integer("left_over") > 0) return {};
  return fail(problems::kLastAdministrator, "The agency would be left without an active administrator", person.text());
}

}  // namespace

Result<std::set<access::Role>> parse_roles(const std::vector<std::string>& names) {
  std::set<access::Role> roles;
  for (const std::string& name : names) {
    const auto role = access::parse_role(name);
    if (!role) {
      return fail(Code::kInvalid, fmt::format("\"{}\" is no role; the roles are {}", name, access::all_role_names()));
    }
    roles.insert(*role);
  }
  TRY(check_roles(roles));
  return roles;
}

Result<void> check_roles(const std::set<access::Role>& roles) {
  if (!roles.empty()) return {};
  return fail(Code::kInvalid, "A person needs at least one role: " + access::all_role_names());
}

Result<void> change_roles(db::Transaction& tx, const PersonId& id, const std::set<access::Role>& old,
                          const std::set<access::Role>& roles) {
  TRY(check_roles(roles));
  const std::set<access::Role> held = TRY(person(tx, id)).roles;
  if (held == roles) return fail(Code::kConflict, "These are the person's roles already", id.text());
  if (held != old) {
    return fail(Code::kConflict, "The person's roles were changed meanwhile: look at them again", id.text());
  }
  for (const access::Role role : held) {
    if (roles.contains(role)) continue;
    TRY(tx.run("DELETE FROM person_roles WHERE person = :person AND role = :role",
               {{"person", id.text()}, {"role", access::role_name(role)}}));
  }
  for (const access::Role role : roles) {
    if (held.contains(role)) continue;
    TRY(tx.run("INSERT INTO person_roles (person, role) VALUES (:person, :role)",
               {{"person", id.text()}, {"role", access::role_name(role)}}));
  }
  const auto is_administrator = [](const std::set<access::Role>& set) {
    return set.contains(access::Role::kAdministrator);
  };
  if (is_administrator(held) && !is_administrator(roles)) TRY(require_administrator(tx, id));
  return {};
}

Result<void> deactivate_person(db::Transaction& tx, const PersonId& id, Timestamp until) {
  const std::int64_t changed =
      TRY(tx.run("UPDATE people SET active_until_us = :until WHERE id = :person AND active_until_us IS NULL",
                 {{"until", until.us}, {"person", id.text()}}));
  if (changed != 1) return fail(Code::kConflict, "This person is deactivated already", id.text());
  if (TRY(person(tx, id)).roles.contains(access::Role::kAdministrator)) TRY(require_administrator(tx, id));
  return {};
}

Result<void> activate_person(db::Transaction& tx, const PersonId& id, Timestamp from) {
  const std::int64_t changed = TRY(
      tx.run("UPDATE people SET active_from_us = :from, active_until_us = NULL WHERE id = :person AND active_until_us "
             "IS NOT NULL",
             {{"from", from.us}, {"person", id.text()}}));
  if (changed != 1) return fail(Code::kConflict, "This person is active already", id.text());
  return {};
}

std::string active_since_condition(std::string_view given) {
  return fmt::format("p.active_until_us IS NULL AND {} >= coalesce(p.active_from_us, 0)", given);
}

}  // namespace lapel::roster
