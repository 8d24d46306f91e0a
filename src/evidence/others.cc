// SPDX-License-Identifier: Apache-2.0
// Lists that are not quite the asker's own: what another would be shown, and what nobody is assigned to.
#include <algorithm>
#include <charconv>
#include <map>
#include <span>

#include <fmt/format.h>

#include "base/clock.h"
#include "crypto/random.h"
#include "evidence/rows.h"

namespace lapel::evidence {
namespace {

constexpr std::size_t kIdsAtOnce = 500;

// A condition may have no use for who asks, or when.
db::Params asked_in(std::string_view sql, const access::Actor& actor, Timestamp now) {
  db::Params out = asked_by(actor, now);
  std::erase_if(out, [&](const db::Param& param) { return sql.find(fmt::format(":{}", param.name)) == sql.npos; });
  return out;
}

bool has_list(const access::Actor& actor) {
  return access::decide(actor, access::Action::kList, own_agency(actor)).is_allowed();
}

// Those of `ids` that the actor is shown, as they stand to them.
Result<std::map<RecordingId, Recording>> rows_of(db::Transaction& tx, const access::Actor& actor, Timestamp now,
                                                 std::span<const RecordingId> ids,
                                                 Investigations investigations = Investigations::kTold) {
  std::map<RecordingId, Recording> out;
  if (!has_list(actor)) return out;
  for (const RecordingId& id : ids) {
    for (const db::Row& row :
         TRY(tx.query(fmt::format("SELECT {} FROM recordings r WHERE id = :id AND agency = :agency", columns()),
                      asked_by(actor, now) + db::Params{{"id", id.text()}, {"agency", actor.agency.text()}}))) {
      Recording recording = TRY(read_recording(actor, row, investigations));
      if (!access::decide(actor, access::Action::kShow, recording.item).is_allowed()) continue;
      out.emplace(id, std::move(recording));
    }
  }
  return out;
}

// Those of `ids` that the actor's own list holds, in their order.
Result<std::vector<RecordingId>> listed_of(db::Transaction& tx, const access::Actor& actor, Timestamp now,
                                           std::span<const RecordingId> ids) {
  std::vector<RecordingId> out;
  if (!has_list(actor)) return out;
  const std::string reached = TRY(reached_condition(actor));
  while (!ids.empty()) {
    const auto some = ids.first(std::min(ids.size(), kIdsAtOnce));
    db::Params params = asked_in(reached, actor, now) +
                        db::Params{{"agency", actor.agency.text()}, {"limit", static_cast<std::int64_t>(some.size())}};
    std::vector<std::string> names;
    for (std::size_t i = 0; i < some.size(); ++i) names.push_back(fmt::format("id_{}", i));
    for (std::size_t i = 0; i < some.size(); ++i) params.emplace_back(names[i], some[i].text());
    std::set<std::string> listed;
    for (const db::Row& row : TRY(tx.query(
             fmt::format("SELECT id FROM recordings r WHERE agency = :agency AND id IN (:{}) AND {} LIMIT :limit",
                         fmt::join(names, ", :"), reached),
             params))) {
      listed.insert(row.text("id"));
    }
    for (const RecordingId& id : some) {
      if (listed.contains(id.text())) out.push_back(id);
    }
    ids = ids.subspan(some.size());
  }
  return out;
}

}  // namespace

Result<std::set<RecordingId>> Vault::shown_of(const access::Actor& actor, const std::vector<RecordingId>& ids) {
  std::set<RecordingId> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    for (const auto& [id, recording] : TRY(rows_of(tx, actor, parts_.clock.now(), ids))) out.insert(id);
    return {};
  }));
  return out;
}

Result<OthersPage> Vault::list_of_other(const access::Actor& actor, const access::Actor& other,
                                        const ListQuery& query) {
  const Timestamp now = parts_.clock.now();
  OthersPage page;
  // That somebody is investigated is for those to know who may say so, and how one's own recordings wait is said to oneself.
  const bool is_told = actor.subject() == other.subject() ||
                       access::decide(actor, access::Action::kInvestigate, own_agency(actor)).is_allowed();
  const Investigations investigations = is_told ? Investigations::kTold : Investigations::kUntold;
  // A page begins after so many rows of those that both are shown: where the others stand is not told.
  std::int64_t passed = 0;
  if (!query.cursor.empty()) {
    const char* last = query.cursor.data() + query.cursor.size();
    const auto [end, error] = std::from_chars(query.cursor.data(), last, passed);
    if (error != std::errc() || end != last || passed < 1 || passed > kOthersCountMax) {
      return fail(Code::kInvalid, "This cursor is not one that a page has given");
    }
  }
  if (has_list(other)) {
    const std::string reached = TRY(reached_condition(other));
    TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
      page = {};
      const db::Rows rows = TRY(tx.query(
          fmt::format(
              "SELECT id FROM recordings r WHERE agency = :agency AND {} ORDER BY sort_us DESC, id DESC LIMIT :limit",
              reached),
          asked_in(reached, other, now) + db::Params{{"agency", other.agency.text()}, {"limit", kOthersCountMax}}));
      page.total = static_cast<std::int64_t>(rows.size());
      std::vector<RecordingId> ids;
      for (const db::Row& row : rows) {
        const auto id = RecordingId::parse(row.text("id"));
        if (!id) return fail(Code::kCorrupt, "A row of the catalog is damaged", "recordings id");
        ids.push_back(*id);
      }
      const std::vector<RecordingId> both = TRY(listed_of(tx, actor, now, ids));
      const auto shown = static_cast<std::int64_t>(both.size());
      page.hidden = page.total - shown;
      const std::int64_t begin = std::min(passed, shown), end = std::min(shown, begin + query.limit);
      if (end < shown) page.next = std::to_string(end);
      const auto some = std::span(both).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
      std::map<RecordingId, Recording> theirs = TRY(rows_of(tx, other, now, some, investigations));
      std::map<RecordingId, Recording> own = TRY(rows_of(tx, actor, now, some));
      for (const RecordingId& id : some) {
        const auto their = theirs.find(id);
        const auto mine = own.find(id);
        if (their == theirs.end() || mine == own.end()) {
          return fail(Code::kInternal, "A list holds what is not shown", id.text());
        }
        const Recording& recording = their->second;
        page.items.push_back({std::move(mine->second), recording.item,
                              basis_of(recording, {{}, recording.description.incident, {}, {}})});
      }
      return {};
    }));
  }
  ledger::Submission submission{actor.subject(), {}, {}};
  const std::string act = crypto::new_id<ActId>().text();
  const auto shown = static_cast<std::uint64_t>(page.items.size());
  submission.events.push_back(
      {actor.subject(), "list.viewed_as", {{"act", act}, {"items", shown}, {"person", other.subject().text()}}, false});
  if (actor.subject() != other.subject()) {
    submission.events.push_back({other.subject(), "list.viewed_as", {{"act", act}, {"items", shown}}, false});
  }
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  return page;
}

Result<std::vector<UnattributedDay>> Vault::unattributed_days(const access::Actor& actor) {
  TRY(access::require(access::decide(actor, access::Action::kList, own_agency(actor)), "recording"));
  const std::string reached = TRY(reached_condition(actor));
  std::vector<UnattributedDay> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    for (const db::Row& row : TRY(tx.query(
             fmt::format(
                 "SELECT received_us / {0} AS day, COUNT(*) AS recordings FROM recordings r WHERE agency = :agency "
                 "AND assigned_officer IS NULL AND {1} GROUP BY received_us / {0} ORDER BY day DESC LIMIT :limit",
                 kDayUs, reached),
             asked_in(reached, actor, parts_.clock.now()) +
                 db::Params{{"agency", actor.agency.text()}, {"limit", kUnattributedDaysMax}}))) {
      out.push_back({Timestamp{row.integer("day") * kDayUs}, row.integer("recordings")});
    }
    return {};
  }));
  return out;
}

}  // namespace lapel::evidence
