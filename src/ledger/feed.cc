// SPDX-License-Identifier: Apache-2.0
#include "ledger/feed.h"

#include <fmt/format.h>

#include "proof/entry.h"

namespace lapel::ledger {
namespace {

constexpr std::int64_t kEventsAtOnce = 1'000;

constexpr std::int64_t kPeopleMax = 10'000;

Result<SealedEvent> read_event(const db::Row& row) {
  const auto subject = SubjectId::parse(row.text("subject"));
  if (!subject) return fail(Code::kCorrupt, "An event in the catalog is damaged", row.text("subject"));
  return SealedEvent{*subject,
                     static_cast<std::uint64_t>(row.integer("n")),
                     static_cast<std::uint64_t>(row.integer("leaf_index")),
                     Timestamp{row.integer("at_us")},
                     row.text("type"),
                     row.text("event")};
}

std::optional<Timestamp> time_in(const db::Rows& rows) {
  return rows.empty() ? std::optional<Timestamp>() : std::optional(Timestamp{rows[0].integer("at_us")});
}

}  // namespace

Result<FeedPage> read_feed(db::Transaction& tx, const AgencyId& agency, std::span<const std::string_view> types,
                           std::int64_t mark, std::int64_t limit) {
  std::string names;
  for (const std::string_view type : types) names += fmt::format("{}'{}'", names.empty() ? "" : ", ", type);
  FeedPage out;
  const db::Rows last =
      TRY(tx.query("SELECT leaf_index FROM ledger_events WHERE agency = :agency ORDER BY leaf_index DESC LIMIT 1",
                   {{"agency", agency.text()}}));
  out.mark = last.empty() ? mark : last[0].integer("leaf_index");
  for (const db::Row& row : TRY(tx.query(
           fmt::format(
               "SELECT subject, n, leaf_index, at_us, type, event FROM ledger_events WHERE agency = :agency AND "
               "leaf_index > :mark AND type IN ({}) ORDER BY leaf_index LIMIT :limit",
               names),
           {{"agency", agency.text()}, {"mark", mark}, {"limit", limit}}))) {
    out.events.push_back(TRY(read_event(row)));
  }
  if (static_cast<std::int64_t>(out.events.size()) < limit) return out;
  out.is_last = false;
  out.mark = static_cast<std::int64_t>(out.events.back().index);
  return out;
}

Result<std::vector<SealedEvent>> last_roles(db::Transaction& tx, const AgencyId& agency) {
  std::vector<SealedEvent> out;
  for (const db::Row& row : TRY(tx.query(
           "SELECT subject, n, leaf_index, at_us, type, event FROM ledger_events e WHERE agency = :agency AND type = "
           "'person.roles' AND n = (SELECT MAX(m.n) FROM ledger_events m WHERE m.agency = e.agency AND m.subject = "
           "e.subject "
           "AND m.type = 'person.roles') ORDER BY subject LIMIT :limit",
           {{"agency", agency.text()}, {"limit", kPeopleMax}}))) {
    out.push_back(TRY(read_event(row)));
  }
  return out;
}

Result<std::vector<SealedEvent>> newest_events(db::Transaction& tx, const AgencyId& agency, const SubjectId& subject,
                                               std::string_view type, std::int64_t limit) {
  std::vector<SealedEvent> out;
  for (const db::Row& row :
       TRY(tx.query("SELECT subject, n, leaf_index, at_us, type, event FROM ledger_events WHERE agency = :agency AND "
                    "subject = :subject AND type = :type ORDER BY n DESC LIMIT :limit",
                    {{"agency", agency.text()}, {"subject", subject.text()}, {"type", type}, {"limit", limit}}))) {
    out.push_back(TRY(read_event(row)));
  }
  return out;
}

Result<std::set<SubjectId>> subjects_since(db::Transaction& tx, const AgencyId& agency, std::string_view type,
                                           Timestamp since) {
  std::set<SubjectId> out;
  for (const db::Row& row :
       TRY(tx.query("SELECT DISTINCT subject FROM ledger_events WHERE agency = :agency AND at_us >= :since AND type = "
                    ":type ORDER BY subject LIMIT :limit",
                    {{"agency", agency.text()}, {"since", since.us}, {"type", type}, {"limit", kPeopleMax}}))) {
    const auto subject = SubjectId::parse(row.text("subject"));
    if (!subject) return fail(Code::kCorrupt, "An event in the catalog is damaged", row.text("subject"));
    out.insert(*subject);
  }
  return out;
}

Result<void> each_event(db::Transaction& tx, const AgencyId& agency, std::span<const std::string_view> types,
                        const std::function<void(const SealedEvent&, const Json&)>& each) {
  for (std::int64_t mark = -1;;) {
    const FeedPage page = TRY(read_feed(tx, agency, types, mark, kEventsAtOnce));
    mark = page.mark;
    for (const SealedEvent& sealed : page.events) {
      if (const auto event = proof::parse_event(sealed.event)) each(sealed, *event);
    }
    if (page.is_last) return {};
  }
}

Result<std::optional<Timestamp>> first_event_at(db::Transaction& tx, const AgencyId& agency) {
  return time_in(TRY(tx.query("SELECT at_us FROM ledger_events WHERE agency = :agency ORDER BY at_us LIMIT 1",
                              {{"agency", agency.text()}})));
}
Result<std::optional<Timestamp>> newest_event_at(db::Transaction& tx, const AgencyId& agency) {
  return time_in(TRY(tx.query("SELECT at_us FROM ledger_events WHERE agency = :agency ORDER BY leaf_index DESC LIMIT 1",
                              {{"agency", agency.text()}})));
}

}  // namespace lapel::ledger
