// SPDX-License-Identifier: Apache-2.0
#include "ledger/publisher.h"

#include <chrono>

#include "base/limits.h"
#include "base/problems.h"
#include "proof/entry.h"

namespace lapel::ledger {
namespace {

constexpr std::size_t kPaddingChunk = 16'384;  // leaves of padding sealed at once
constexpr std::int64_t kScheduleDelayBeats = 10;
constexpr std::size_t kTalliesMax = 24;  // months in one batch; what is left waits a period

std::chrono::year_month month_of(Timestamp time) {
  const std::chrono::sys_time<std::chrono::microseconds> moment{std::chrono::microseconds(time.us)};
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(moment)};
  return date.year() / date.month();
}

Timestamp start_of(std::chrono::year_month month) {
  const std::chrono::sys_days day{month / std::chrono::day(1)};
  return {std::chrono::duration_cast<std::chrono::microseconds>(day.time_since_epoch()).count()};
}

}  // namespace

Timestamp month_start(Timestamp time) {
  return start_of(month_of(time));
}
Timestamp next_month_start(Timestamp time) {
  return start_of(month_of(time) + std::chrono::months(1));
}

// The size to publish when the ledger has grown from `published` to `size`: padded up to floor·4^k, least k.
std::uint64_t Publisher::padded_size(std::uint64_t published, std::uint64_t size) const {
  std::uint64_t growth = static_cast<std::uint64_t>(parts_.terms.floor);
  while (published + growth < size) growth *= 4;
  return published + growth;
}

// The statement of one month. Counted from the catalog, whose events `lapel ledger check` holds against the leaves.
Result<std::string> Publisher::tally(db::Transaction& tx, Timestamp from, Timestamp to) const {
  Json::Object counts;
  for (const db::Row& row :
       TRY(tx.query("SELECT type, COUNT(*) AS events FROM ledger_events WHERE agency = :agency AND "
                    "at_us >= :from AND at_us < :to GROUP BY type ORDER BY type",
                    {{"agency", parts_.agency}, {"from", from.us}, {"to", to.us}}))) {
    counts.emplace(row.text("type"), row.integer("events"));
  }
  return proof::public_entry(Json(Json::Object{{"counts", std::move(counts)},
                                               {"from", ledger_time(from)},
                                               {"ledger", parts_.terms.origin},
                                               {"to", ledger_time(to)},
                                               {"type", "ledger.tally"}}));
}

Result<std::optional<Publisher::Schedule>> Publisher::due(db::Transaction& tx, std::int64_t beat) const {
  const Terms& terms = parts_.terms;
  const std::int64_t ready_s = beat - kScheduleDelayBeats * terms.beat_s;
  Schedule out;
  out.scheduled_s = ready_s / terms.heads_s * terms.heads_s;
  const db::Rows rows = TRY(
      tx.query("SELECT scheduled_s, tallied_to_us FROM ledgers WHERE agency = :agency", {{"agency", parts_.agency}}));
  if (rows.empty()) return fail(Code::kNotFound, "This agency has no ledger", terms.origin);
  if (rows[0].integer("scheduled_s") >= out.scheduled_s) return std::optional<Schedule>();
  out.tallied_to_us = rows[0].integer("tallied_to_us");
  if (out.tallied_to_us == 0) {
    // Never tallied: from the month of the first event on.
    const db::Rows first = TRY(tx.query("SELECT at_us FROM ledger_events WHERE agency = :agency ORDER BY at_us LIMIT 1",
                                        {{"agency", parts_.agency}}));
    const Timestamp begins = first.empty() ? parts_.clock.now() : Timestamp{first[0].integer("at_us")};
    out.tallied_to_us = month_start(begins).us;
  }
  for (Timestamp from{out.tallied_to_us}; out.entries.size() < kTalliesMax; from = Timestamp{out.tallied_to_us}) {
    const Timestamp to = next_month_start(from);
    if (to.us > out.scheduled_s * 1'000'000) break;
    out.entries.push_back(TRY(tally(tx, from, to)));
    out.tallied_to_us = to.us;
  }
  return std::optional(std::move(out));
}

Result<void> Publisher::write_schedule(db::Transaction& tx, const Schedule& schedule) const {
  TRY(tx.run("UPDATE ledgers SET scheduled_s = :scheduled, tallied_to_us = :tallied WHERE agency = :agency",
             {{"scheduled", schedule.scheduled_s}, {"tallied", schedule.tallied_to_us}, {"agency", parts_.agency}}));
  return {};
}

Result<void> Publisher::write_publication(db::Transaction& tx, std::int64_t beat, const Edge& after) const {
  const std::int64_t first =
      TRY(tx.run("UPDATE ledgers SET last_beat = :beat WHERE agency = :agency AND last_beat < :beat",
                 {{"beat", beat}, {"agency", parts_.agency}}));
  if (first != 1) return fail(problems::kConflict, "This beat has been published already", parts_.terms.origin);
  TRY(tx.run(
      "INSERT INTO ledger_published (agency, size, root, at_us) VALUES (:agency, :size, :root, :at_us)",
      {{"agency", parts_.agency}, {"size", after.size}, {"root", hex(after.root)}, {"at_us", parts_.clock.now().us}}));
  return {};
}

Result<void> Publisher::publish(std::int64_t beat) {
  for (int attempt = 0; attempt < limits::kSequencerAttemptsMax; ++attempt) {
    const std::shared_ptr<const Edge> before = TRY(parts_.log.refresh());
    std::uint64_t published_size = 0;
    std::int64_t last_beat = 0;
    std::optional<Schedule> schedule;
    TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
      if (const auto published = TRY(read_published(tx, parts_.agency))) published_size = published->size;
      last_beat = TRY(read_head(tx, parts_.agency)).last_beat;
      schedule = TRY(due(tx, beat));
      return {};
    }));
    if (last_beat >= beat) return {};
    std::vector<std::string> entries;
    if (schedule) entries = schedule->entries;
    const std::uint64_t target = padded_size(published_size, before->size + entries.size());
    while (before->size + entries.size() < target && entries.size() < kPaddingChunk) {
      entries.push_back(proof::private_entry(proof::padding(parts_.pad_key, before->size + entries.size())));
    }
    const bool is_last = before->size + entries.size() == target;
    auto appended = parts_.log.append(*before, entries, [&](db::Transaction& tx, const Edge& after) -> Result<void> {
      if (schedule) TRY(write_schedule(tx, *schedule));
      return is_last ? write_publication(tx, beat, after) : Result<void>();
    });
    if (appended && is_last) return {};
    if (appended) {
      attempt = -1;  // progress: a long padding takes as many chunks as it takes
      TRY(parts_.log.store_full_tiles());
    } else if (appended.error().code() != Code::kConflict) {
      return appended;
    }
  }
  return fail(Code::kConflict, "The ledger kept growing under this publisher", parts_.terms.origin);
}

}  // namespace lapel::ledger
