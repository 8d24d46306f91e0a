// SPDX-License-Identifier: Apache-2.0
#include "signin/directory.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/problems.h"
#include "base/text.h"
#include "crypto/random.h"
#include "roster/roster.h"

namespace lapel::signin {
namespace {

constexpr std::string_view kReason = "The agency's directory";

Result<void> check_text(std::string_view what, const std::string& text) {
  if (text.empty() || text.size() > limits::kFieldBytesMax || has_control_characters(text) || !is_utf8(text)) {
    return fail(Code::kInvalid,
                fmt::format("{} has 1 to {} bytes, without control characters", what, limits::kFieldBytesMax));
  }
  return {};
}

Result<void> check(const DirectoryUser& user) {
  TRY(check_text("\"userName\"", user.user_name));
  if (user.user_name.find(' ') != std::string::npos || has_format_characters(user.user_name))
    return fail(Code::kInvalid, "\"userName\" has no spaces or format characters: it is a login here");
  TRY(check_text("A name", user.name));
  if (user.external_id) TRY(check_text("\"externalId\"", *user.external_id));
  return {};
}

Result<void> check(const DirectoryGroup& group) {
  TRY(check_text("\"displayName\"", group.name));
  if (group.external_id) TRY(check_text("\"externalId\"", *group.external_id));
  return {};
}

DirectoryUser read_user(const db::Row& row) {
  return {row.text("id"),
          row.text("user_name"),
          row.maybe_text("external_id"),
          row.text("name"),
          row.integer("is_active") == 1,
          {row.integer("created_us")},
          {row.integer("changed_us")}};
}

DirectoryGroup read_group(const db::Row& row) {
  return {row.text("id"),
          row.maybe_text("external_id"),
          row.text("name"),
          {},
          {row.integer("created_us")},
          {row.integer("changed_us")}};
}

Result<void> read_members(db::Transaction& tx, DirectoryGroup& group) {
  for (const db::Row& row : TRY(tx.query(
           "SELECT m.user_id AS user_id FROM directory_members m JOIN directory_users u ON u.id = m.user_id WHERE "
           "m.group_id = :group AND u.is_deleted = 0 ORDER BY m.user_id LIMIT :limit",
           {{"group", group.id}, {"limit", kDirectoryUsersMax}}))) {
    group.members.insert(row.text("user_id"));
  }
  return {};
}

// The rows of a query, by id; the start-th is found by counting.
std::string page_of(std::string_view columns, std::string_view table, std::string_view condition) {
  return fmt::format(
      "SELECT {0} FROM (SELECT {0}, row_number() OVER (ORDER BY id) AS place FROM {1} WHERE {2}) numbered WHERE place "
      ">= "
      ":first AND place < :beyond ORDER BY id LIMIT :limit",
      columns, table, condition);
}

constexpr std::string_view kUserColumns = "id, user_name, external_id, name, is_active, created_us, changed_us";
constexpr std::string_view kGroupColumns = "id, external_id, name, created_us, changed_us";

std::string condition_of(Directory::Query::By by, std::string_view folded_name) {
  switch (by) {
    case Directory::Query::By::kId:
      return " AND id = :value";
    case Directory::Query::By::kUserName:
      return fmt::format(" AND {} = :value", folded_name);
    case Directory::Query::By::kExternalId:
      return " AND external_id = :value";
    case Directory::Query::By::kName:
      return " AND name = :value";
    case Directory::Query::By::kAll:
      break;
  }
  return "";
}

template <typename T, typename Read>
Result<Directory::Page<T>> read_page(db::Database& database, const AgencyId& agency, const Directory::Query& query,
                                     std::string_view columns, std::string_view table, std::string_view standing,
                                     Read read) {
  Directory::Page<T> out;
  const std::string condition =
      fmt::format("agency = :agency{}{}", standing, condition_of(query.by, "user_name_folded"));
  const std::int64_t count = std::min(query.count, kDirectoryPageMax);
  TRY(database.read([&](db::Transaction& tx) -> Result<void> {
    out = {};
    db::Params params = {{"agency", agency.text()}};
    if (query.by != Directory::Query::By::kAll) {
      params.push_back({"value", query.by == Directory::Query::By::kUserName ? fold(query.value) : query.value});
    }
    out.total = TRY(tx.query(fmt::format("SELECT count(*) AS n FROM {} WHERE {} LIMIT 1", table, condition), params))[0]
                    .integer("n");
    if (count <= 0) return {};
    params.push_back({"first", query.start});
    params.push_back({"beyond", query.start + count});
    params.push_back({"limit", count});
    for (const db::Row& row : TRY(tx.query(page_of(columns, table, condition), params))) {
      out.items.push_back(TRY(read(tx, row)));
    }
    return {};
  }));
  return out;
}

Result<void> require_room(db::Transaction& tx, std::string_view table, const AgencyId& agency, std::int64_t limit) {
  const std::int64_t has =
      TRY(tx.query(fmt::format("SELECT count(*) AS n FROM {} WHERE agency = :agency LIMIT 1", table),
                   {{"agency", agency.text()}}))[0]
          .integer("n");
  if (has >= limit) return fail(Code::kLimited, fmt::format("At most {} of an agency", limit));
  return {};
}

Result<void> update_user(db::Transaction& tx, const DirectoryUser& user, const std::string& agency, Timestamp now) {
  TRY(tx.run(
      "UPDATE directory_users SET user_name = :name, user_name_folded = :folded, external_id = CAST(:external AS "
      "TEXT), name = :shown, is_active = :active, changed_us = :now WHERE id = :id AND agency = :agency",
      {{"name", user.user_name},
       {"folded", fold(user.user_name)},
       {"external", user.external_id},
       {"shown", user.name},
       {"active", user.is_active ? 1 : 0},
       {"now", now.us},
       {"id", user.id},
       {"agency", agency}}));
  return {};
}

Error taken(std::string context) {
  return {&generic_problem(Code::kConflict),
          "Another user has this userName or externalId, or somebody has this login here", std::move(context)};
}

Error own_person() {
  return {&problems::kDenied, "A token changes nothing of the person that it acts for", {}};
}

// To be looked at, with whatever is written in the same transaction.
Result<void> unsettle(db::Transaction& tx, const std::string& user, Timestamp now) {
  TRY(tx.run("UPDATE directory_users SET unsettled_us = :now WHERE id = :id AND is_deleted = 0",
             {{"now", now.us}, {"id", user}}));
  return {};
}

// The rows of a group as they are wanted, and who comes or goes.
Result<void> write_members(db::Transaction& tx, const AgencyId& agency, const DirectoryGroup& wanted,
                           const std::set<std::string>& old) {
  for (const std::string& user : old) {
    if (wanted.members.contains(user)) continue;
    TRY(tx.run("DELETE FROM directory_members WHERE group_id = :group AND user_id = :user",
               {{"group", wanted.id}, {"user", user}}));
  }
  for (const std::string& user : wanted.members) {
    if (old.contains(user)) continue;
    const std::int64_t known =
        TRY(tx.run("UPDATE directory_users SET is_grouped = 1 WHERE id = :user AND agency = :agency AND is_deleted = 0",
                   {{"user", user}, {"agency", agency.text()}}));
    if (known != 1) return fail(Code::kInvalid, "A member is no user that this directory has entered", user);
    TRY(tx.run(
        "INSERT INTO directory_members (group_id, user_id) VALUES (:group, :user) ON CONFLICT (group_id, user_id) DO "
        "NOTHING",
        {{"group", wanted.id}, {"user", user}}));
  }
  return {};
}

// Whoever goes is not counted: a group of any size is renamed, replaced and removed at once.
Result<void> require_newcomers(const DirectoryGroup& wanted, const std::set<std::string>& old) {
  const auto come = std::ranges::count_if(wanted.members, [&](const std::string& user) { return !old.contains(user); });
  if (come <= kDirectoryNewcomersMax) return {};
  return fail(Code::kTooLarge, fmt::format("At most {} members are added at once", kDirectoryNewcomersMax));
}

}  // namespace

// A user of the directory, and the person that they are.
struct Directory::State {
  DirectoryUser user;
  bool is_grouped = false;  // has ever been in a group: then the groups say whether they are in
  bool is_put_out = false;  // deactivated because of what the directory says, and not by hand
  std::optional<roster::Person> person;
  std::set<access::Role> roles;

  bool is_in() const { return user.is_active && (!is_grouped || !roles.empty()); }
  // What follows of it for the person.
  bool enters() const { return !person && is_in() && !roles.empty(); }
  bool leaves() const { return person && !is_in() && person->is_active; }
  bool changes_roles() const { return person && is_in() && !roles.empty() && person->roles != roles; }
  bool comes_back() const { return person && is_in() && !person->is_active && is_put_out; }
  bool is_settled() const { return !enters() && !leaves() && !changes_roles() && !comes_back(); }

  friend bool operator==(const State& a, const State& b) {
    return a.user == b.user && a.is_grouped == b.is_grouped && a.is_put_out == b.is_put_out && a.roles == b.roles &&
           a.person == b.person;
  }
};

Result<Directory::State> Directory::read_state(db::Transaction& tx, const AgencyId& agency, const std::string& id,
                                               const std::optional<Provider>& provider) {
  State out;
  const db::Rows rows = TRY(
      tx.query(fmt::format("SELECT {}, is_grouped, is_put_out, person FROM directory_users WHERE id = :id AND agency "
                           "= :agency AND is_deleted = 0 LIMIT 1",
                           kUserColumns),
               {{"id", id}, {"agency", agency.text()}}));
  if (rows.empty()) return fail(Code::kNotFound, "No such user", id);
  out.user = read_user(rows[0]);
  out.is_grouped = rows[0].integer("is_grouped") == 1;
  out.is_put_out = rows[0].integer("is_put_out") == 1;
  if (const auto person = rows[0].maybe_text("person")) {
    const auto person_id = PersonId::parse(*person);
    if (!person_id) return fail(Code::kCorrupt, "A user of the directory is damaged", id);
    out.person = TRY(roster::person(tx, *person_id));
  }
  if (provider) out.roles = TRY(directory_roles(tx, id, *provider));
  return out;
}

Result<void> Directory::act(const AgencyId& agency, const std::string& id, const Act& act) {
  const auto provider = TRY(parts_.providers.find(agency));
  return act_as_it_stands(
      parts_.database, [&](db::Transaction& tx) { return read_state(tx, agency, id, provider); }, act);
}

Result<Progress> Directory::step(const Who& who, const State& state, const Unchanged& unchanged) {
  const std::string& id = state.user.id;
  if (state.is_settled()) {
    TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
      TRY(unchanged(tx));
      TRY(tx.run("UPDATE directory_users SET unsettled_us = NULL WHERE id = :id", {{"id", id}}));
      return {};
    }));
    return Progress::kSettled;
  }
  if (state.person && state.person->id == who.person) return fail(own_person());
  const ManagedPeople::By by{who.agency, who.actor, std::string(kReason), unchanged};
  const auto put_out = [&](std::int64_t is_put_out) {
    return [&id, is_put_out](db::Transaction& tx) -> Result<void> {
      TRY(tx.run("UPDATE directory_users SET is_put_out = :out WHERE id = :id", {{"out", is_put_out}, {"id", id}}));
      return {};
    };
  };
  if (state.enters()) {
    TRY(parts_.managed.add(by, {state.user.user_name, state.user.name, state.roles},
                           [&](db::Transaction& tx, const PersonId& person) -> Result<void> {
                             TRY(tx.run("UPDATE directory_users SET person = :person WHERE id = :id",
                                        {{"person", person.text()}, {"id", id}}));
                             return {};
                           }));
  } else if (state.leaves()) {
    TRY(parts_.managed.set_activity(by, state.person->id, ManagedPeople::Activity::kInactive, put_out(1)));
  } else if (state.changes_roles()) {
    TRY(parts_.managed.set_roles(by, state.person->id, state.roles));
  } else {
    TRY(parts_.managed.set_activity(by, state.person->id, ManagedPeople::Activity::kActive, put_out(0)));
  }
  return Progress::kOn;
}

Result<void> Directory::settle(const Who& who, const std::string& id) {
  return act(who.agency, id,
             [&](const State& state, const Unchanged& unchanged) { return step(who, state, unchanged); });
}

// Of a page, those who are in step already are told to be so in one transaction; the others are left.
Result<std::vector<std::string>> Directory::not_in_step(const Who& who, std::span<const std::string> page) {
  const auto provider = TRY(parts_.providers.find(who.agency));
  std::vector<std::string> out;
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    for (const std::string& user : page) {
      const auto state = read_state(tx, who.agency, user, provider);
      if (!state && state.error().code() == Code::kNotFound) continue;
      if (!state) return fail(state.error());
      if (!state->is_settled()) {
        out.push_back(user);
        continue;
      }
      TRY(tx.run("UPDATE directory_users SET unsettled_us = NULL WHERE id = :id", {{"id", user}}));
    }
    return {};
  }));
  return out;
}

Result<void> Directory::settle_all(const Who& who, const std::set<std::string>& users) {
  // What cannot be done for one is done for the others; the first of it is told.
  Result<void> out;
  const std::vector<std::string> all(users.begin(), users.end());
  for (std::size_t at = 0; at < all.size(); at += kDirectorySettledPage) {
    const std::span page = std::span(all).subspan(at, std::min(kDirectorySettledPage, all.size() - at));
    for (const std::string& user : TRY(not_in_step(who, page))) {
      auto settled = settle(who, user);
      if (!settled && settled.error().code() != Code::kNotFound && out) out = std::move(settled);
    }
  }
  return out;
}

Result<bool> Directory::finish(const Who& who) {
  const Timestamp now = parts_.clock.now();
  struct Waiting {
    std::string user;
    std::int64_t since_us;  // the mark that is seen
  };
  std::vector<Waiting> users;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    users.clear();
    for (const db::Row& row :
         TRY(tx.query("SELECT id, unsettled_us FROM directory_users WHERE agency = :agency AND unsettled_us <= :now "
                      "AND is_deleted = 0 "
                      "ORDER BY unsettled_us, id LIMIT :limit",
                      {{"agency", who.agency.text()}, {"now", now.us}, {"limit", kDirectoryFinishedMax}}))) {
      users.push_back({row.text("id"), row.integer("unsettled_us")});
    }
    return {};
  }));
  for (const Waiting& each : users) {
    const auto settled = settle(who, each.user);
    if (settled) continue;
    // Not for what it would do: what the server cannot at this moment, it can for nobody, and the next request tries again.
    if (settled.error().problem->retry == Retry::kYes || settled.error().problem->retry == Retry::kLater) return false;
    TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
      TRY(tx.run("UPDATE directory_users SET unsettled_us = :again WHERE id = :id AND unsettled_us = :seen",
                 {{"again", (now + kDirectoryAgainUs).us}, {"id", each.user}, {"seen", each.since_us}}));
      return {};
    }));
  }
  return static_cast<std::int64_t>(users.size()) == kDirectoryFinishedMax;
}

Result<void> Directory::finish(const access::Actor& actor) {
  TRY(finish(who_of(actor)));
  return {};
}

Result<void> Directory::finish_all() {
  std::vector<roster::Agency> agencies;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    agencies = TRY(roster::agencies(tx));
    return {};
  }));
  for (const roster::Agency& agency : agencies) {
    while (TRY(finish(Who{agency.id, agency.console, std::nullopt}))) {
    }
  }
  return {};
}

// Deactivated and written in one: where it may not be, the last administrator's, the directory's row stays as it was.
Result<Progress> Directory::put_out(const Who& who, const State& state, const DirectoryUser& wanted, bool is_deleted,
                                    const Unchanged& unchanged) {
  const Timestamp now = parts_.clock.now();
  const auto rows = [&](db::Transaction& tx, bool by_this) -> Result<void> {
    TRY(update_user(tx, wanted, who.agency.text(), now));
    TRY(
        tx.run("UPDATE directory_users SET is_deleted = :deleted, unsettled_us = NULL, is_put_out = CASE WHEN "
               "CAST(:this AS BIGINT) = 1 THEN 1 ELSE is_put_out END WHERE id = :id",
               {{"deleted", is_deleted ? 1 : 0}, {"this", by_this ? 1 : 0}, {"id", wanted.id}}));
    if (is_deleted) TRY(tx.run("DELETE FROM directory_members WHERE user_id = :id", {{"id", wanted.id}}));
    return {};
  };
  if (!state.person || !state.person->is_active) {
    TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
      TRY(unchanged(tx));
      return rows(tx, false);
    }));
    return Progress::kSettled;
  }
  if (state.person->id == who.person) return fail(own_person());
  TRY(parts_.managed.set_activity({who.agency, who.actor, std::string(kReason), unchanged}, state.person->id,
                                  ManagedPeople::Activity::kInactive,
                                  [&](db::Transaction& tx) { return rows(tx, true); }));
  return Progress::kSettled;
}

Result<Directory::Page<DirectoryUser>> Directory::users(const AgencyId& agency, const Query& query) {
  return read_page<DirectoryUser>(
      parts_.database, agency, query, kUserColumns, "directory_users", " AND is_deleted = 0",
      [](db::Transaction&, const db::Row& row) -> Result<DirectoryUser> { return read_user(row); });
}

Result<DirectoryUser> Directory::user(const AgencyId& agency, const std::string& id) {
  Page<DirectoryUser> found = TRY(users(agency, {Query::By::kId, id, 1, 1}));
  if (found.items.empty()) return fail(Code::kNotFound, "No such user", id);
  return std::move(found.items[0]);
}

Result<std::vector<DirectoryGroup>> Directory::groups_of(const AgencyId& agency, const std::string& user) {
  std::vector<DirectoryGroup> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    for (const db::Row& row :
         TRY(tx.query("SELECT g.id AS id, g.external_id AS external_id, g.name AS name, g.created_us AS created_us, "
                      "g.changed_us AS "
                      "changed_us FROM directory_groups g JOIN directory_members m ON m.group_id = g.id WHERE "
                      "m.user_id = :user AND "
                      "g.agency = :agency ORDER BY g.id LIMIT :limit",
                      {{"user", user}, {"agency", agency.text()}, {"limit", kDirectoryGroupsMax}}))) {
      out.push_back(read_group(row));
    }
    return {};
  }));
  return out;
}

Result<DirectoryUser> Directory::add_user(const access::Actor& actor, DirectoryUser wanted) {
  TRY(check(wanted));
  const Timestamp now = parts_.clock.now();
  wanted.id = hex(crypto::random_bytes<16>());
  wanted.created = wanted.changed = now;
  const bool is_taken = TRY(ManagedPeople::has_login(parts_.database, wanted.user_name));
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    const db::Params names = {
        {"agency", actor.agency.text()}, {"folded", fold(wanted.user_name)}, {"external", wanted.external_id}};
    const db::Rows known =
        TRY(tx.query("SELECT id, external_id, is_deleted FROM directory_users WHERE agency = :agency AND "
                     "(user_name_folded = :folded OR "
                     "external_id = CAST(:external AS TEXT)) ORDER BY id LIMIT 2",
                     names));
    if (!known.empty()) {
      // The same account of the directory, come back: who they were here, they are again.
      if (known.size() > 1 || known[0].integer("is_deleted") == 0 || !wanted.external_id ||
          known[0].maybe_text("external_id") != wanted.external_id) {
        return fail(taken(wanted.user_name));
      }
      wanted.id = known[0].text("id");
      TRY(tx.run("UPDATE directory_users SET is_deleted = 0, created_us = :now, unsettled_us = :now WHERE id = :id",
                 {{"now", now.us}, {"id", wanted.id}}));
      return update_user(tx, wanted, actor.agency.text(), now);
    }
    if (is_taken) return fail(taken(wanted.user_name));
    TRY(require_room(tx, "directory_users", actor.agency, kDirectoryUsersMax));
    TRY(
        tx.run("INSERT INTO directory_users (id, agency, user_name, user_name_folded, external_id, name, is_active, "
               "is_deleted, "
               "is_grouped, is_put_out, created_us, changed_us) VALUES (:id, :agency, :name, :folded, CAST(:external "
               "AS TEXT), :shown, "
               ":active, 0, 0, 0, :now, :now)",
               {{"id", wanted.id},
                {"agency", actor.agency.text()},
                {"name", wanted.user_name},
                {"folded", fold(wanted.user_name)},
                {"external", wanted.external_id},
                {"shown", wanted.name},
                {"active", wanted.is_active ? 1 : 0},
                {"now", now.us}}));
    return {};
  }));
  TRY(settle(who_of(actor), wanted.id));
  return wanted;
}

Result<DirectoryUser> Directory::change_user(const access::Actor& actor, const std::string& id, const UserEdit& edit) {
  const Who who = who_of(actor);
  const Timestamp now = parts_.clock.now();
  std::string name;
  bool is_written = false;
  auto done = act(actor.agency, id, [&](const State& state, const Unchanged& unchanged) -> Result<Progress> {
    if (is_written) return step(who, state, unchanged);
    DirectoryUser wanted = state.user;
    TRY(edit(wanted));
    TRY(check(wanted));
    name = wanted.user_name;
    if (!wanted.is_active) return put_out(who, state, wanted, false, unchanged);
    TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
      TRY(unchanged(tx));
      TRY(update_user(tx, wanted, actor.agency.text(), now));
      return unsettle(tx, id, now);
    }));
    is_written = true;
    return Progress::kOn;
  });
  if (!done && !is_written && done.error().problem == &generic_problem(Code::kConflict)) return fail(taken(name));
  TRY(std::move(done));
  return user(actor.agency, id);
}

Result<void> Directory::remove_user(const access::Actor& actor, const std::string& id) {
  return act(actor.agency, id, [&](const State& state, const Unchanged& unchanged) {
    DirectoryUser gone = state.user;
    gone.is_active = false;
    return put_out(who_of(actor), state, gone, true, unchanged);
  });
}

Result<Directory::Page<DirectoryGroup>> Directory::groups(const AgencyId& agency, const Query& query) {
  return read_page<DirectoryGroup>(parts_.database, agency, query, kGroupColumns, "directory_groups", "",
                                   [](db::Transaction& tx, const db::Row& row) -> Result<DirectoryGroup> {
                                     DirectoryGroup group = read_group(row);
                                     TRY(read_members(tx, group));
                                     return group;
                                   });
}

Result<DirectoryGroup> Directory::group(const AgencyId& agency, const std::string& id) {
  Page<DirectoryGroup> found = TRY(groups(agency, {Query::By::kId, id, 1, 1}));
  if (found.items.empty()) return fail(Code::kNotFound, "No such group", id);
  return std::move(found.items[0]);
}

Result<void> Directory::mark(db::Transaction& tx, const Who& who, const std::set<std::string>& users,
                             const std::optional<Provider>& provider) {
  const Timestamp now = parts_.clock.now();
  for (const std::string& user : users) TRY(unsettle(tx, user, now));
  if (!who.person) return {};
  const db::Rows own = TRY(
      tx.query("SELECT id FROM directory_users WHERE agency = :agency AND is_deleted = 0 AND person = :person LIMIT 1",
               {{"agency", who.agency.text()}, {"person", who.person->text()}}));
  if (own.empty() || !users.contains(own[0].text("id"))) return {};
  if (!TRY(read_state(tx, who.agency, own[0].text("id"), provider)).is_settled()) return fail(own_person());
  return {};
}

Result<DirectoryGroup> Directory::add_group(const access::Actor& actor, DirectoryGroup wanted) {
  TRY(check(wanted));
  TRY(require_newcomers(wanted, {}));
  const auto provider = TRY(parts_.providers.find(actor.agency));
  const Timestamp now = parts_.clock.now();
  wanted.id = hex(crypto::random_bytes<16>());
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(require_room(tx, "directory_groups", actor.agency, kDirectoryGroupsMax));
    const std::int64_t added = TRY(tx.run(
        "INSERT INTO directory_groups (id, agency, external_id, name, created_us, changed_us) VALUES (:id, :agency, "
        "CAST(:external AS TEXT), :name, :now, :now) ON CONFLICT (agency, name) DO NOTHING",
        {{"id", wanted.id},
         {"agency", actor.agency.text()},
         {"external", wanted.external_id},
         {"name", wanted.name},
         {"now", now.us}}));
    if (added != 1) return fail(Code::kConflict, "Another group has this displayName", wanted.name);
    TRY(write_members(tx, actor.agency, wanted, {}));
    return mark(tx, who_of(actor), wanted.members, provider);
  }));
  TRY(settle_all(who_of(actor), wanted.members));
  return group(actor.agency, wanted.id);
}

Result<DirectoryGroup> Directory::change_group(const access::Actor& actor, const std::string& id,
                                               const GroupEdit& edit) {
  const auto provider = TRY(parts_.providers.find(actor.agency));
  const Timestamp now = parts_.clock.now();
  DirectoryGroup wanted;
  std::set<std::string> changed;
  const auto written = parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    changed.clear();
    const db::Rows rows = TRY(tx.query(
        fmt::format("SELECT {} FROM directory_groups WHERE id = :id AND agency = :agency LIMIT 1", kGroupColumns),
        {{"id", id}, {"agency", actor.agency.text()}}));
    if (rows.empty()) return fail(Code::kNotFound, "No such group", id);
    DirectoryGroup old = read_group(rows[0]);
    TRY(read_members(tx, old));
    wanted = old;
    TRY(edit(wanted, changed));
    TRY(check(wanted));
    // What a group is called says what it means: then all of them are looked at.
    if (old.name != wanted.name || old.external_id != wanted.external_id)
      changed.insert(old.members.begin(), old.members.end());
    std::ranges::set_symmetric_difference(old.members, wanted.members, std::inserter(changed, changed.end()));
    TRY(require_newcomers(wanted, old.members));
    if (static_cast<std::int64_t>(changed.size()) > kDirectoryUsersMax)
      return fail(Code::kTooLarge, fmt::format("At most {} members are named at once", kDirectoryUsersMax));
    TRY(tx.run(
        "UPDATE directory_groups SET name = :name, external_id = CAST(:external AS TEXT), changed_us = :now WHERE id = "
        ":id",
        {{"name", wanted.name}, {"external", wanted.external_id}, {"now", now.us}, {"id", id}}));
    TRY(write_members(tx, actor.agency, wanted, old.members));
    return mark(tx, who_of(actor), changed, provider);
  });
  if (!written && written.error().problem == &generic_problem(Code::kConflict))
    return fail(Code::kConflict, "Another group has this displayName", wanted.name);
  TRY(written);
  TRY(settle_all(who_of(actor), changed));
  return group(actor.agency, id);
}

Result<void> Directory::remove_group(const access::Actor& actor, const std::string& id) {
  const auto provider = TRY(parts_.providers.find(actor.agency));
  DirectoryGroup gone;
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    gone = {};
    gone.id = id;
    const db::Rows rows = TRY(tx.query("SELECT id FROM directory_groups WHERE id = :id AND agency = :agency LIMIT 1",
                                       {{"id", id}, {"agency", actor.agency.text()}}));
    if (rows.empty()) return fail(Code::kNotFound, "No such group", id);
    TRY(read_members(tx, gone));
    TRY(tx.run("DELETE FROM directory_members WHERE group_id = :id", {{"id", id}}));
    TRY(tx.run("DELETE FROM directory_groups WHERE id = :id", {{"id", id}}));
    return mark(tx, who_of(actor), gone.members, provider);
  }));
  return settle_all(who_of(actor), gone.members);
}

}  // namespace lapel::signin
