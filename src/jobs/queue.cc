// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "crypto/random.h"
#include "jobs/jobs.h"

namespace lapel::jobs {
namespace {

// leased_by is the lease and not its holder: a process that comes back after its lease was taken over holds nothing.
// failures counts against a bound; attempts only ever grows.
constexpr db::Migration kSteps[] = {
    {1, "jobs", R"sql(
CREATE TABLE jobs (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  agency TEXT NOT NULL,
  subject TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'blocked', 'done', 'failed')),
  reason TEXT NOT NULL,
  attempts BIGINT NOT NULL CHECK (attempts >= 0),
  failures BIGINT NOT NULL CHECK (failures >= 0),
  run_after_us BIGINT NOT NULL,
  lease_until_us BIGINT,
  leased_by TEXT,
  created_us BIGINT NOT NULL,
  changed_us BIGINT NOT NULL,
  UNIQUE (kind, subject),
  CHECK ((state = 'running' AND leased_by IS NOT NULL AND lease_until_us IS NOT NULL) OR
         (state <> 'running' AND leased_by IS NULL AND lease_until_us IS NULL))
);
CREATE INDEX jobs_by_turn ON jobs (kind, state, run_after_us, id);
)sql"},
};

constexpr std::array<std::pair<State, std::string_view>, 5> kStates = {{{State::kWaiting, "waiting"},
                                                                        {State::kRunning, "running"},
                                                                        {State::kBlocked, "blocked"},
                                                                        {State::kDone, "done"},
                                                                        {State::kFailed, "failed"}}};

constexpr std::string_view kRanOut = "The server stopped while it was at work on this.";
// Jobs whose leases ran out are taken back in steps of this many.
constexpr std::int64_t kTakeBackMax = 1'000;

Result<State> parse_state(const db::Row& row) {
  if (const auto state = parse_state_name(row.text("state"))) return *state;
  return lapel::fail(Code::kCorrupt, "A row of the catalog is damaged", "jobs state " + row.text("state"));
}
Result<Status> parse_status(const db::Row& row) {
  return Status{TRY(parse_state(row)), row.text("reason"), row.integer("attempts"), row.integer("failures")};
}
template <typename AnyId>
Result<AnyId> parse_id(const db::Row& row, std::string_view column) {
  const auto id = AnyId::parse(row.text(column));
  if (!id) return lapel::fail(Code::kCorrupt, "A row of the catalog is damaged", fmt::format("jobs {}", column));
  return *id;
}

// Cut at the start of a character.
std::string cut(std::string_view text) {
  if (text.size() <= kReasonBytesMax) return std::string(text);
  std::size_t end = kReasonBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end));
}

}  // namespace

std::span<const db::Migration> schema() {
  return kSteps;
}

std::string_view state_name(State state) {
  for (const auto& [value, name] : kStates) {
    if (value == state) return name;
  }
  CHECK(false);
}

std::optional<State> parse_state_name(std::string_view name) {
  for (const auto& [state, text] : kStates) {
    if (text == name) return state;
  }
  return std::nullopt;
}

std::string all_state_names() {
  std::string out;
  for (const auto& [state, name] : kStates) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

Queue::Queue(db::Database& database, const Clock& clock, QueueOptions options)
    : database_(database), clock_(clock), options_(options) {
  CHECK(options.lease_us >= 1'000'000 && options.lease_us <= 3'600LL * 1'000'000);
  CHECK(options.failures_max >= 1 && options.failures_max <= 100);
  CHECK(options.backoff_us >= 0 && options.backoff_us <= options.backoff_us_max);
}

Result<void> Queue::enqueue(db::Transaction& tx, const NewJob& job) const {
  const Timestamp now = clock_.now();
  TRY(tx.run(
      "INSERT INTO jobs (id, kind, agency, subject, state, reason, attempts, failures, run_after_us, created_us, "
      "changed_us) VALUES (:id, :kind, :agency, :subject, 'waiting', '', 0, 0, :now, :now, :now) "
      "ON CONFLICT (kind, subject) DO NOTHING",
      {{"id", crypto::new_id<JobId>().text()},
       {"kind", job.kind},
       {"agency", job.agency.text()},
       {"subject", job.subject.text()},
       {"now", now.us}}));
  return {};
}

Result<void> Queue::enqueue_again(db::Transaction& tx, const NewJob& job) const {
  TRY(enqueue(tx, job));
  const Timestamp now = clock_.now();
  TRY(
      tx.run("UPDATE jobs SET state = 'waiting', reason = '', failures = 0, run_after_us = :now, changed_us = :now, "
             "leased_by = "
             "NULL, lease_until_us = NULL WHERE kind = :kind AND subject = :subject",
             {{"kind", job.kind}, {"subject", job.subject.text()}, {"now", now.us}}));
  return {};
}

Result<void> Queue::enqueue_each_again(db::Transaction& tx, std::string_view kind, const AgencyId& agency,
                                       std::string_view subjects, db::Params params) const {
  // Ids as unlike as any: of each the first 20 digits are random, and the last 12 its number among these.
  params.emplace_back("job_ids", crypto::new_id<JobId>().text().substr(0, 20));
  params.emplace_back("job_kind", kind);
  params.emplace_back("job_agency", agency.text());
  params.emplace_back("job_now", clock_.now().us);
  // The WHERE is for SQLite, which would take what follows for a join's ON.
  TRY(tx.run(fmt::format("INSERT INTO jobs (id, kind, agency, subject, state, reason, attempts, failures, "
                         "run_after_us, created_us, changed_us) SELECT CAST(:job_ids AS TEXT) || CAST(100000000000 + "
                         "row_number() OVER (ORDER BY s.subject) AS TEXT), CAST(:job_kind AS TEXT), CAST(:job_agency "
                         "AS TEXT), s.subject, 'waiting', '', 0, 0, CAST(:job_now AS BIGINT), CAST(:job_now AS "
                         "BIGINT), CAST(:job_now AS BIGINT) FROM ({}) s WHERE 1 = 1 ON CONFLICT (kind, subject) DO "
                         "UPDATE SET state = excluded.state, reason = excluded.reason, failures = excluded.failures, "
                         "run_after_us = excluded.run_after_us, changed_us = excluded.changed_us, leased_by = NULL, "
                         "lease_until_us = NULL",
                         subjects),
             params));
  return {};
}

void Queue::nudge() {
  const os::MutexLock lock(mutex_);
  for (const auto& [who, bell] : bells_) bell();
}

void Queue::listen(const void* who, std::function<void()> bell) {
  const os::MutexLock lock(mutex_);
  bells_.emplace(who, std::move(bell));
}

void Queue::forget(const void* who) {
  const os::MutexLock lock(mutex_);
  bells_.erase(who);
}

Result<std::map<SubjectId, Status>> Queue::statuses(db::Transaction& tx, std::string_view kind,
                                                    std::span<const SubjectId> subjects) const {
  CHECK(subjects.size() <= kStatusesMax);
  std::map<SubjectId, Status> out;
  if (subjects.empty()) return out;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < subjects.size(); ++i) names.push_back(fmt::format("s{}", i));
  std::string sql = "SELECT subject, state, reason, attempts, failures FROM jobs WHERE kind = :kind AND subject IN (";
  db::Params params = {{"kind", kind}, {"limit", static_cast<std::int64_t>(subjects.size())}};
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    sql += fmt::format("{}:{}", i == 0 ? "" : ", ", names[i]);
    params.emplace_back(names[i], subjects[i].text());
  }
  sql += ") LIMIT :limit";
  for (const db::Row& row : TRY(tx.query(sql, params))) {
    const auto subject = SubjectId::parse(row.text("subject"));
    CHECK(subject.has_value());  // it was asked for by this text
    out.emplace(*subject, TRY(parse_status(row)));
  }
  return out;
}

Result<std::vector<Listed>> Queue::list(std::optional<State> state, std::int64_t limit) const {
  std::vector<Listed> out;
  TRY(database_.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    const auto name = state ? std::optional(std::string(state_name(*state))) : std::nullopt;
    for (const db::Row& row :
         TRY(tx.query("SELECT id, kind, agency, subject, state, reason, attempts, failures, changed_us FROM jobs "
                      "WHERE CAST(:state AS TEXT) IS NULL OR state = :state ORDER BY changed_us DESC, id LIMIT :limit",
                      {{"state", name}, {"limit", limit}}))) {
      const auto id = TRY(parse_id<JobId>(row, "id"));
      const auto agency = TRY(parse_id<AgencyId>(row, "agency"));
      const auto subject = TRY(parse_id<SubjectId>(row, "subject"));
      const auto status = TRY(parse_status(row));
      out.push_back({id, row.text("kind"), agency, subject, status, Timestamp{row.integer("changed_us")}});
    }
    return {};
  }));
  return out;
}

Result<void> Queue::retry(const JobId& id) {
  TRY(database_.write([&](db::Transaction& tx) -> Result<void> {
    const std::int64_t changed =
        TRY(tx.run("UPDATE jobs SET state = 'waiting', failures = 0, run_after_us = :now, changed_us = :now "
                   "WHERE id = :id AND state = 'failed'",
                   {{"id", id.text()}, {"now", clock_.now().us}}));
    if (changed == 1) return {};
    const db::Rows rows = TRY(tx.query("SELECT state FROM jobs WHERE id = :id LIMIT 1", {{"id", id.text()}}));
    if (rows.empty()) return lapel::fail(Code::kNotFound, "No such job", id.text());
    return lapel::fail(
        Code::kConflict,
        fmt::format("This job is {}; only one that has failed can be tried again", rows[0].text("state")), id.text());
  }));
  nudge();
  return {};
}

std::int64_t Queue::backoff_after(std::int64_t failures) const {
  std::int64_t us = options_.backoff_us;
  for (std::int64_t i = 1; i < failures && us < options_.backoff_us_max; ++i) us *= 2;
  return std::min(us, options_.backoff_us_max);
}

Result<void> Queue::take_back(db::Transaction& tx, std::string_view kind, Timestamp expired_by) const {
  const db::Rows rows =
      TRY(tx.query("SELECT id, failures FROM jobs WHERE kind = :kind AND state = 'running' AND "
                   "lease_until_us <= :expired_by ORDER BY id LIMIT :limit",
                   {{"kind", kind}, {"expired_by", expired_by.us}, {"limit", kTakeBackMax}}));
  for (const db::Row& row : rows) {
    // It may have been the job that stopped the process, so this counts. Only a further failure makes it wait: after
    // the first the likely cause is a power cut, and everybody's recordings would be late.
    const std::int64_t failures = row.integer("failures") + 1;
    const std::int64_t wait_us = failures == 1 ? 0 : backoff_after(failures);
    TRY(
        tx.run("UPDATE jobs SET state = :state, reason = :reason, failures = :failures, run_after_us = :run_after, "
               "lease_until_us = NULL, leased_by = NULL, changed_us = :now WHERE id = :id",
               {{"state", state_name(failures >= options_.failures_max ? State::kFailed : State::kWaiting)},
                {"reason", kRanOut},
                {"failures", failures},
                {"run_after", clock_.now().us + wait_us},
                {"now", clock_.now().us},
                {"id", row.text("id")}}));
  }
  return {};
}

Result<void> Queue::take_back_all(std::string_view kind) {
  for (bool is_over = false; !is_over;) {
    TRY(database_.write([&](db::Transaction& tx) -> Result<void> {
      TRY(take_back(tx, kind, Timestamp{INT64_MAX}));
      is_over = TRY(tx.query("SELECT id FROM jobs WHERE kind = :kind AND state = 'running' LIMIT 1", {{"kind", kind}}))
                    .empty();
      return {};
    }));
  }
  return {};
}

Result<std::optional<Lease>> Queue::lease(std::string_view kind) {
  std::optional<Lease> out;
  // Looked at without the writers' lock first: nearly every scan finds nothing.
  bool is_due = false;
  TRY(database_.read([&](db::Transaction& tx) -> Result<void> {
    is_due = !TRY(tx.query("SELECT id FROM jobs WHERE kind = :kind AND (state = 'blocked' OR "
                           "(state = 'waiting' AND run_after_us <= :now) OR (state = 'running' AND lease_until_us <= "
                           ":now)) LIMIT 1",
                           {{"kind", kind}, {"now", clock_.now().us}}))
                  .empty();
    return {};
  }));
  if (!is_due) return out;

  TRY(database_.write([&](db::Transaction& tx) -> Result<void> {
    out.reset();
    const Timestamp now = clock_.now();
    TRY(tx.run(
        "UPDATE jobs SET state = 'waiting', reason = '', changed_us = :now WHERE kind = :kind AND state = 'blocked'",
        {{"kind", kind}, {"now", now.us}}));
    TRY(take_back(tx, kind, now));
    const db::Rows rows =
        TRY(tx.query("SELECT id, agency, subject, attempts FROM jobs WHERE kind = :kind AND state = 'waiting' "
                     "AND run_after_us <= :now ORDER BY run_after_us, id LIMIT 1",
                     {{"kind", kind}, {"now", now.us}}));
    if (rows.empty()) return {};
    const db::Row& row = rows[0];
    const auto job = JobId::parse(row.text("id"));
    const auto agency = AgencyId::parse(row.text("agency"));
    const auto subject = SubjectId::parse(row.text("subject"));
    if (!job || !agency || !subject)
      return lapel::fail(Code::kCorrupt, "A row of the catalog is damaged", "jobs " + row.text("id"));
    const Lease lease{crypto::new_id<LeaseId>(), *job, *agency, *subject, row.integer("attempts") + 1,
                      now + options_.lease_us};
    const std::int64_t taken =
        TRY(tx.run("UPDATE jobs SET state = 'running', attempts = :attempt, leased_by = :lease, lease_until_us = "
                   ":until, changed_us = :now "
                   "WHERE id = :id AND state = 'waiting' AND attempts = :attempt - 1",
                   {{"attempt", lease.attempt},
                    {"lease", lease.id.text()},
                    {"until", lease.until.us},
                    {"now", now.us},
                    {"id", job->text()}}));
    CHECK(taken == 1);  // read in this very transaction
    out = lease;
    return {};
  }));
  return out;
}

Result<void> Queue::renew(Lease& lease) {
  const Timestamp until = clock_.now() + options_.lease_us;
  TRY(database_.write([&](db::Transaction& tx) -> Result<void> {
    const std::int64_t renewed = TRY(
        tx.run("UPDATE jobs SET lease_until_us = :until WHERE id = :id AND state = 'running' AND leased_by = :lease",
               {{"until", until.us}, {"id", lease.job.text()}, {"lease", lease.id.text()}}));
    if (renewed == 0) return lapel::fail(Code::kConflict, "The lease of this job is no longer good", lease.job.text());
    return {};
  }));
  lease.until = until;
  return {};
}

Result<void> Queue::settle(db::Transaction& tx, const Lease& lease, State state, std::string_view reason) const {
  const std::int64_t settled = TRY(tx.run(
      "UPDATE jobs SET state = :state, reason = :reason, leased_by = NULL, lease_until_us = NULL, changed_us = :now "
      "WHERE id = :id AND state = 'running' AND leased_by = :lease",
      {{"state", state_name(state)},
       {"reason", cut(reason)},
       {"now", clock_.now().us},
       {"id", lease.job.text()},
       {"lease", lease.id.text()}}));
  if (settled == 0) return lapel::fail(Code::kConflict, "The lease of this job is no longer good", lease.job.text());
  return {};
}

Result<void> Queue::finish(db::Transaction& tx, const Lease& lease) const {
  return settle(tx, lease, State::kDone, "");
}

Result<void> Queue::give_back(const Lease& lease) {
  return database_.write([&](db::Transaction& tx) { return settle(tx, lease, State::kWaiting, ""); });
}

Result<void> Queue::postpone(const Lease& lease, std::string_view reason) {
  return database_.write([&](db::Transaction& tx) -> Result<void> {
    TRY(settle(tx, lease, State::kWaiting, reason));
    TRY(tx.run("UPDATE jobs SET run_after_us = :run_after WHERE id = :id",
               {{"run_after", clock_.now().us + options_.backoff_us}, {"id", lease.job.text()}}));
    return {};
  });
}

Result<void> Queue::block(const Lease& lease, std::string_view reason) {
  return database_.write([&](db::Transaction& tx) { return settle(tx, lease, State::kBlocked, reason); });
}

Result<void> Queue::fail(const Lease& lease, std::string_view reason) {
  return database_.write([&](db::Transaction& tx) -> Result<void> {
    TRY(settle(tx, lease, State::kWaiting, reason));
    const db::Rows rows = TRY(tx.query("UPDATE jobs SET failures = failures + 1 WHERE id = :id RETURNING failures",
                                       {{"id", lease.job.text()}}));
    CHECK(rows.size() == 1);  // settled in this very transaction
    const std::int64_t failures = rows[0].integer("failures");
    TRY(tx.run("UPDATE jobs SET state = :state, run_after_us = :run_after WHERE id = :id",
               {{"state", state_name(failures >= options_.failures_max ? State::kFailed : State::kWaiting)},
                {"run_after", clock_.now().us + backoff_after(failures)},
                {"id", lease.job.text()}}));
    return {};
  });
}

Result<void> Queue::block_waiting(std::string_view kind, std::string_view reason) {
  bool is_any = false;
  TRY(database_.read([&](db::Transaction& tx) -> Result<void> {
    is_any = !TRY(tx.query("SELECT id FROM jobs WHERE kind = :kind AND state = 'waiting' LIMIT 1", {{"kind", kind}}))
                  .empty();
    return {};
  }));
  if (!is_any) return {};
  return database_.write([&](db::Transaction& tx) -> Result<void> {
    TRY(
        tx.run("UPDATE jobs SET state = 'blocked', reason = :reason, changed_us = :now WHERE kind = :kind AND state = "
               "'waiting'",
               {{"reason", cut(reason)}, {"now", clock_.now().us}, {"kind", kind}}));
    return {};
  });
}

}  // namespace lapel::jobs
