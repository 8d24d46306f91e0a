// SPDX-License-Identifier: Apache-2.0
#include "signin/idle_accounts.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/problems.h"
#include "base/trace.h"
#include "roster/roles.h"
#include "signin/record.h"
#include "signin/rules.h"
#include "signin/sessions.h"

namespace lapel::signin {
namespace {

constexpr std::int64_t kPage = 1'000;

// Those behind `after` by id, or one.
Result<std::vector<IdleAccounts::Use>> read(db::Transaction& tx, const std::string& condition, db::Params params) {
  params.push_back({"role", access::role_name(access::Role::kAdministrator)});
  params.push_back({"limit", kPage});
  std::vector<IdleAccounts::Use> out;
  for (const db::Row& row : TRY(tx.query(
           "SELECT p.id AS id, p.added_us AS added_us, p.active_from_us AS active_from_us, CASE WHEN EXISTS (SELECT 1 "
           "FROM person_roles r WHERE r.person = p.id AND r.role = :role) THEN 1 ELSE 0 END AS is_administrator, "
           "(SELECT MAX(e.at_us) FROM signin_events e WHERE e.person = p.id AND e.event = 'signed_in') AS "
           "signed_in_us, (SELECT MAX(t.used_us) FROM tokens t WHERE t.person = p.id) AS used_us FROM people p "
           "WHERE p.active_until_us IS NULL AND " +
               condition + " ORDER BY p.id LIMIT :limit",
           params))) {
    const auto person = PersonId::parse(row.text("id"));
    if (!person) return fail(Code::kCorrupt, "A person in the catalog is damaged", row.text("id"));
    IdleAccounts::Use use;
    use.person = *person;
    use.is_administrator = row.integer("is_administrator") == 1;
    const auto signed_in_us = row.maybe_integer("signed_in_us"), used_us = row.maybe_integer("used_us");
    if (signed_in_us || used_us) use.used_at = Timestamp{std::max(signed_in_us.value_or(0), used_us.value_or(0))};
    use.counts_from = Timestamp{std::max({row.integer("added_us"), row.maybe_integer("active_from_us").value_or(0),
                                          use.used_at.value_or(Timestamp{0}).us})};
    out.push_back(use);
  }
  return out;
}

bool is_idle(const IdleAccounts::Use& use, std::int64_t days, Timestamp now) {
  return now - use.counts_from >= days * kDayUs;
}

}  // namespace

Result<std::vector<IdleAccounts::Use>> IdleAccounts::uses(db::Transaction& tx, const AgencyId& agency) {
  std::vector<Use> out;
  std::string after;
  for (;;) {
    const std::vector<Use> page =
        TRY(read(tx, "p.agency = :agency AND p.id > :after", {{"agency", agency.text()}, {"after", after}}));
    out.insert(out.end(), page.begin(), page.end());
    if (static_cast<std::int64_t>(page.size()) < kPage) return out;
    after = page.back().person.text();
  }
}

void IdleAccounts::begin() {
  due_ = parts_.clock.now() + kIdleFirstUs;
  worker_ = std::make_unique<os::PeriodicWorker>("idle-accounts", kIdleTurnUs, [this] {
    if (const auto done = turn(); !done) trace_error("signin", "looking for accounts that nobody uses", done.error());
  });
  worker_->nudge();
}

Result<void> IdleAccounts::turn() {
  const Timestamp now = parts_.clock.now();
  // Also where the clock was set back by more than a day.
  if (now < due_ && due_ - now <= kIdleSweepUs) return {};
  std::vector<roster::Agency> agencies;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    agencies = TRY(roster::agencies(tx));
    return {};
  }));
  // One agency's trouble is no other's.
  Result<void> out;
  for (const roster::Agency& agency : agencies) {
    if (auto swept = sweep(agency, now); !swept) out = std::move(swept);
  }
  due_ = now + (out ? kIdleSweepUs : kIdleAgainUs);
  return out;
}

Result<void> IdleAccounts::sweep(const roster::Agency& agency, Timestamp now) {
  std::int64_t days = kIdleDays;
  std::vector<Use> all;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    days = TRY(sign_in_rules(tx, agency.id)).idle_days;
    all = TRY(uses(tx, agency.id));
    return {};
  }));
  // Whoever was here last can be here again; who was entered and never came may not be able to.
  const Use* kept = nullptr;
  for (const Use& use : all) {
    if (!use.is_administrator) continue;
    if (kept == nullptr || std::pair(use.used_at, use.counts_from) > std::pair(kept->used_at, kept->counts_from))
      kept = &use;
  }
  Result<void> out;
  for (const Use& use : all) {
    if (!is_idle(use, days, now)) continue;
    const auto keep = [&] {
      trace(TraceLevel::kError, "signin",
            {{"doing", "looking for accounts that nobody uses"},
             {"detail", "The last administrator of an agency is idle, and stays active"},
             {"agency", agency.id.text()},
             {"person", use.person.text()}});
    };
    if (&use == kept) {
      keep();
      continue;
    }
    if (auto done = disable(agency, use.person, days, now); !done) {
      // Changed meanwhile, by whoever it is: the next sweep sees what stands then.
      if (done.error().problem == &problems::kLastAdministrator) {
        keep();
      } else if (done.error().code() != Code::kConflict) {
        out = std::move(done);
      }
    }
  }
  return out;
}

Result<void> IdleAccounts::disable(const roster::Agency& agency, const PersonId& person, std::int64_t days,
                                   Timestamp now) {
  ledger::Submission submission;
  submission.actor = agency.console;
  submission.events.push_back({person,
                               "person.active",
                               {{"active", false},
                                {"from", ledger_time(now)},
                                {"reason", fmt::format("Nobody has signed in for {} days", days)}},
                               false});
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
    const std::vector<Use> use = TRY(read(tx, "p.id = :person", {{"person", person.text()}}));
    if (use.empty() || !is_idle(use[0], days, now)) return fail(Code::kConflict, "This account is used", person.text());
    TRY(roster::deactivate_person(tx, person, now));
    TRY(Sessions::end_all(tx, person));
    return note(tx, {.at = now,
                     .event = AccountEvent::kDisabled,
                     .person = person,
                     .detail = fmt::format("{} days without a sign-in", days)});
  };
  TRY(TRY(parts_.ledgers.find(agency.id))->commit(std::move(submission)));
  return {};
}

}  // namespace lapel::signin
