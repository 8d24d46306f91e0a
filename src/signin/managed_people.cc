// SPDX-License-Identifier: Apache-2.0
#include "signin/managed_people.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/problems.h"
#include "base/text.h"
#include "crypto/random.h"
#include "roster/roles.h"
#include "signin/sessions.h"

namespace lapel::signin {
namespace {

Json::Array names_of(const std::set<access::Role>& roles) {
  Json::Array out;
  for (const access::Role role : roles) out.emplace_back(access::role_name(role));
  return out;
}

tl::unexpected<Error> denied(std::string why, std::string context = {}) {
  return fail(Error{&problems::kDenied, std::move(why), std::move(context)});
}

constexpr std::int64_t kLoginsPage = 10'000;

// As lapel user add takes them, and nothing in them that nobody sees.
bool is_login(const std::string& text) {
  return !text.empty() && text.size() <= limits::kFieldBytesMax && !has_control_characters(text) &&
         text.find(' ') == std::string::npos && is_utf8(text) && !has_format_characters(text);
}

Result<void> insert_link(db::Transaction& tx, const Provider& provider, const PersonId& person,
                         const std::string& subject, Timestamp now) {
  TRY(tx.run(
      "INSERT INTO provider_links (agency, issuer, subject, person, linked_us) VALUES (:agency, :issuer, :subject, "
      ":person, :now)",
      {{"agency", provider.agency.text()},
       {"issuer", provider.issuer},
       {"subject", subject},
       {"person", person.text()},
       {"now", now.us}}));
  return {};
}

Result<std::optional<PersonId>> link_of(db::Transaction& tx, const Provider& provider, const std::string& subject) {
  const db::Rows rows = TRY(tx.query(
      "SELECT person FROM provider_links WHERE agency = :agency AND issuer = :issuer AND subject = :subject LIMIT 1",
      {{"agency", provider.agency.text()}, {"issuer", provider.issuer}, {"subject", subject}}));
  return rows.empty() ? std::nullopt : PersonId::parse(rows[0].text("person"));
}

}  // namespace

// What is known here of an account at a provider.
struct ManagedPeople::Standing {
  std::optional<roster::Person> person;
  bool is_linked = false;
  bool is_managed = false;
  // The directory's own row, where SCIM brought one.
  std::optional<std::string> user, user_name, user_display;
  bool is_active_there = true;
  std::set<access::Role> roles;

  friend bool operator==(const Standing&, const Standing&) = default;
};

Result<std::set<access::Role>> directory_roles(db::Transaction& tx, const std::string& user, const Provider& provider) {
  std::vector<std::string> groups;
  for (const db::Row& row : TRY(tx.query("SELECT g.name AS name, g.external_id AS external_id, g.id AS id FROM "
                                         "directory_members m JOIN directory_groups g "
                                         "ON g.id = m.group_id WHERE m.user_id = :user ORDER BY g.id LIMIT :limit",
                                         {{"user", user}, {"limit", static_cast<std::int64_t>(kGroupsMax)}}))) {
    groups.push_back(row.text("name"));
    if (const auto external = row.maybe_text("external_id")) groups.push_back(*external);
  }
  return provider.roles_of(groups);
}

Result<bool> ManagedPeople::has_login(db::Database& database, const std::string& login) {
  const std::string folded = fold(login);
  std::string after;
  for (bool is_over = false; !is_over;) {
    bool is_found = false;
    TRY(database.read([&](db::Transaction& tx) -> Result<void> {
      std::string last = after;
      const db::Rows rows = TRY(tx.query("SELECT login FROM people WHERE login > :after ORDER BY login LIMIT :limit",
                                         {{"after", after}, {"limit", kLoginsPage}}));
      for (const db::Row& row : rows) {
        last = row.text("login");
        is_found = is_found || fold(last) == folded;
      }
      is_over = is_found || static_cast<std::int64_t>(rows.size()) < kLoginsPage;
      after = last;
      return {};
    }));
    if (is_found) return true;
  }
  return false;
}

Result<void> ManagedPeople::commit(const By& by, std::vector<ledger::Draft> events, ledger::RowsStep rows) {
  ledger::Submission submission;
  submission.actor = by.actor;
  submission.events = std::move(events);
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent> sealed) -> Result<void> {
    if (by.check) TRY(by.check(tx));
    return rows(tx, sealed);
  };
  TRY(TRY(parts_.ledgers.find(by.agency))->commit(std::move(submission)));
  return {};
}

Result<ManagedPeople::By> ManagedPeople::console(const Provider& provider, const Unchanged& unchanged) {
  By out{provider.agency, {}, fmt::format("Groups at the identity provider {}", provider.name), unchanged};
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.actor = TRY(roster::agency(tx, provider.agency)).console;
    return {};
  }));
  return out;
}

Result<PersonId> ManagedPeople::add(const By& by, const NewPerson& wanted,
                                    const std::function<Result<void>(db::Transaction&, const PersonId&)>& rows) {
  if (!is_login(wanted.login))
    return fail(Code::kInvalid, "This cannot be a login: it has no spaces, control or format characters", wanted.login);
  if (TRY(has_login(parts_.database, wanted.login)))
    return fail(Code::kConflict, fmt::format("The login {} is somebody else's here", printable(wanted.login)));
  const roster::Person person{crypto::new_id<PersonId>(),
                              by.agency,
                              wanted.login,
                              wanted.name.empty() ? wanted.login : wanted.name,
                              std::nullopt,
                              wanted.roles};
  TRY(roster::check_roles(person.roles));
  const Timestamp now = parts_.clock.now();
  auto added = commit(by,
                      {{person.id, "identity.bound", {{"name", person.name}, {"from", ledger_time(now)}}, true},
                       {person.id, "person.roles", {{"roles", names_of(person.roles)}, {"reason", by.reason}}, false}},
                      [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
                        TRY(roster::add_person(tx, person, now));
                        TRY(tx.run("INSERT INTO managed_people (person, since_us) VALUES (:person, :now)",
                                   {{"person", person.id.text()}, {"now", now.us}}));
                        return rows(tx, person.id);
                      });
  if (!added && added.error().code() == Code::kConflict)
    return fail(
        Code::kConflict,
        fmt::format("The login {} is somebody else's here, or this account is linked already", printable(wanted.login)),
        added.error().context);
  TRY(std::move(added));
  return person.id;
}

Result<void> ManagedPeople::set_roles(const By& by, const PersonId& id, const std::set<access::Role>& roles) {
  std::set<access::Role> held;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    held = TRY(roster::person(tx, id)).roles;
    return {};
  }));
  if (held == roles) return {};
  return commit(by, {{id, "person.roles", {{"roles", names_of(roles)}, {"reason", by.reason}}, false}},
                [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) {
                  return roster::change_roles(tx, id, held, roles);
                });
}

Result<void> ManagedPeople::set_activity(const By& by, const PersonId& id, Activity activity,
                                         const std::function<Result<void>(db::Transaction&)>& rows) {
  const Timestamp now = parts_.clock.now();
  const bool is_active = activity == Activity::kActive;
  return commit(
      by, {{id, "person.active", {{"active", is_active}, {"from", ledger_time(now)}, {"reason", by.reason}}, false}},
      [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
        TRY(is_active ? roster::activate_person(tx, id, now) : roster::deactivate_person(tx, id, now));
        return rows(tx);
      });
}

Result<std::optional<PersonId>> ManagedPeople::linked(const Provider& provider, const std::string& subject) {
  std::optional<PersonId> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(link_of(tx, provider, subject));
    return {};
  }));
  return out;
}

Result<ManagedPeople::Standing> ManagedPeople::standing(db::Transaction& tx, const Provider& provider,
                                                        const Identity& identity) {
  const auto known = TRY(link_of(tx, provider, identity.subject));
  Standing out;
  out.is_linked = known.has_value();
  const db::Rows users =
      TRY(tx.query("SELECT id, user_name, name, is_active, is_deleted, person FROM directory_users WHERE agency = "
                   ":agency AND (person = "
                   "CAST(:person AS TEXT) OR (CAST(:person AS TEXT) IS NULL AND external_id = CAST(:external AS "
                   "TEXT))) ORDER BY id "
                   "LIMIT 1",
                   {{"agency", provider.agency.text()},
                    {"person", known ? std::optional(known->text()) : std::nullopt},
                    {"external", identity.external_id}}));
  std::optional<PersonId> person = known;
  if (!users.empty()) {
    out.user = users[0].text("id");
    out.user_name = users[0].text("user_name");
    out.user_display = users[0].text("name");
    out.is_active_there = users[0].integer("is_active") == 1 && users[0].integer("is_deleted") == 0;
    if (const auto id = users[0].maybe_text("person"); id && !person) person = PersonId::parse(*id);
  }
  if (person) {
    out.person = TRY(roster::person(tx, *person));
    out.is_managed = TRY(is_managed(tx, *person));
  }
  if (identity.groups) {
    out.roles = provider.roles_of(*identity.groups);
  } else if (out.user) {
    out.roles = TRY(directory_roles(tx, *out.user, provider));
  }
  return out;
}

Result<PersonId> ManagedPeople::admit(const Provider& provider, const Identity& identity) {
  PersonId out;
  TRY(act_as_it_stands(
      parts_.database, [&](db::Transaction& tx) { return standing(tx, provider, identity); },
      [&](const Standing& now, const Unchanged& unchanged) -> Result<Progress> {
        const Progress progress = TRY(admit(provider, identity, now, unchanged));
        if (progress == Progress::kSettled) out = now.person->id;
        return progress;
      }));
  return out;
}

Result<Progress> ManagedPeople::admit(const Provider& provider, const Identity& identity, const Standing& standing,
                                      const Unchanged& unchanged) {
  const bool is_nobody = !standing.person && !standing.user;
  if (is_nobody && provider.newcomers == Provider::Newcomers::kRefused) {
    return denied(fmt::format("Nobody here is this account at {}. An administrator can link it: its subject is {}",
                              provider.name, printable(identity.subject)));
  }
  if ((standing.person && !standing.person->is_active) || !standing.is_active_there)
    return denied("This account is deactivated; ask an administrator");
  if (standing.roles.empty()) {
    if (standing.person && standing.is_managed) {
      // What is open was opened by a group that is no more.
      TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
        TRY(unchanged(tx));
        return Sessions::end_all(tx, standing.person->id);
      }));
    }
    return denied(fmt::format("Your account at {} is in no group that has a role here", provider.name));
  }
  if (!standing.person) {
    TRY(admit_newcomer(provider, identity, standing, unchanged));
    return Progress::kOn;
  }
  if (standing.is_managed && standing.person->roles != standing.roles) {
    TRY(set_roles(TRY(console(provider, unchanged)), standing.person->id, standing.roles));
    return Progress::kOn;
  }
  if (standing.is_linked) return Progress::kSettled;
  const Timestamp now = parts_.clock.now();
  auto linked = parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(unchanged(tx));
    return insert_link(tx, provider, standing.person->id, identity.subject, now);
  });
  if (!linked && linked.error().code() == Code::kConflict)
    return denied("This person is linked to another account at the identity provider; ask an administrator");
  TRY(std::move(linked));
  return Progress::kOn;
}

Result<PersonId> ManagedPeople::admit_newcomer(const Provider& provider, const Identity& identity,
                                               const Standing& standing, const Unchanged& unchanged) {
  const auto login = standing.user ? standing.user_name : identity.login;
  if (!login) return denied(fmt::format("{} gives no login (\"preferred_username\") to enter you with", provider.name));
  const Timestamp now = parts_.clock.now();
  return add(TRY(console(provider, unchanged)),
             {*login, standing.user ? *standing.user_display : identity.name.value_or(""), standing.roles},
             [&](db::Transaction& tx, const PersonId& person) -> Result<void> {
               TRY(insert_link(tx, provider, person, identity.subject, now));
               if (!standing.user) return {};
               TRY(tx.run("UPDATE directory_users SET person = :person WHERE id = :id AND person IS NULL",
                          {{"person", person.text()}, {"id", *standing.user}}));
               return {};
             });
}

Result<bool> ManagedPeople::take_in_hand(db::Transaction& tx, const PersonId& person) {
  return TRY(tx.run("UPDATE directory_users SET is_put_out = 0 WHERE person = :person AND is_put_out = 1",
                    {{"person", person.text()}})) > 0;
}

Result<bool> ManagedPeople::is_managed(db::Transaction& tx, const PersonId& person) {
  return !TRY(tx.query("SELECT person FROM managed_people WHERE person = :person LIMIT 1", {{"person", person.text()}}))
              .empty();
}

Result<void> ManagedPeople::link(db::Transaction& tx, const Provider& provider, const PersonId& person,
                                 const std::string& subject, Timestamp now) {
  if (subject.empty() || subject.size() > kSubjectBytesMax || has_control_characters(subject))
    return fail(Code::kInvalid, fmt::format("A subject has 1 to {} bytes", kSubjectBytesMax));
  const db::Rows taken =
      TRY(tx.query("SELECT person FROM provider_links WHERE issuer = :issuer AND (person = :person OR (agency = "
                   ":agency AND subject = "
                   ":subject)) LIMIT 1",
                   {{"agency", provider.agency.text()},
                    {"issuer", provider.issuer},
                    {"subject", subject},
                    {"person", person.text()}}));
  if (!taken.empty()) return fail(Code::kConflict, "This person or this subject is linked already; unlink first");
  return insert_link(tx, provider, person, subject, now);
}

Result<void> ManagedPeople::unlink(db::Transaction& tx, const PersonId& person) {
  const std::int64_t links =
      TRY(tx.run("DELETE FROM provider_links WHERE person = :person", {{"person", person.text()}}));
  const std::int64_t managed =
      TRY(tx.run("DELETE FROM managed_people WHERE person = :person", {{"person", person.text()}}));
  TRY(tx.run("UPDATE directory_users SET person = NULL, external_id = NULL, is_deleted = 1 WHERE person = :person",
             {{"person", person.text()}}));
  if (links + managed == 0) return fail(Code::kConflict, "This person is linked to no account at an identity provider");
  return {};
}

}  // namespace lapel::signin
