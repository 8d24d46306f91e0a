// SPDX-License-Identifier: Apache-2.0
#include "oversight/oversight.h"

#include <utility>

#include <fmt/format.h>

#include "base/trace.h"
#include "os/worker.h"

namespace lapel::oversight {

struct Oversight::Thread {
  explicit Thread(Oversight& room)
      : worker("oversight", kTurnUs, [&room] {
          const auto done = room.turn();
          if (!done) trace_error("oversight", "a turn", done.error());
          const std::lock_guard lock(room.mutex_);
          room.failure_ = done ? std::nullopt : std::optional(done.error().message);
          if (done) room.judged_at_ = std::chrono::steady_clock::now();
        }) {}
  os::PeriodicWorker worker;
};

Oversight::Oversight(Parts parts)
    : parts_(std::move(parts)),
      watch_({parts_.database, parts_.ledgers}),
      alerts_({parts_.database, parts_.ledgers, parts_.vault, parts_.clock}),
      digests_({parts_.database, parts_.ledgers, parts_.clock, parts_.console_acts}),
      review_({parts_.database, parts_.ledgers, parts_.clock, parts_.accounts}) {}
Oversight::~Oversight() = default;

void Oversight::begin() {
  thread_ = std::make_unique<Thread>(*this);
  thread_->worker.nudge();
}

std::optional<std::string> Oversight::trouble() const {
  const std::lock_guard lock(mutex_);
  if (failure_) return *failure_;
  if (std::chrono::steady_clock::now() - judged_at_ <= std::chrono::microseconds(kAlertWithinUs)) return std::nullopt;
  return fmt::format("looks of the last {} seconds and more are not judged yet", kAlertWithinUs / 1'000'000);
}

Result<void> Oversight::turn() {
  std::vector<roster::Agency> agencies;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    agencies = TRY(roster::agencies(tx));
    return {};
  }));
  // One agency's trouble is no other's.
  Result<void> out;
  for (const roster::Agency& agency : agencies) {
    const auto followed = watch_.follow(agency);
    if (!followed) {
      out = fail(followed.error());
      continue;
    }
    const auto made = digests_.make(agency);
    if (!made) out = fail(made.error());
  }
  return out;
}

Result<Oversight::Seen> Oversight::view_as(const access::Actor& actor, const std::string& person,
                                           const evidence::ListQuery& query) {
  access::Item item;
  item.agency = actor.agency;
  const auto self = PersonId::parse(person);
  if ((self && *self == actor.person) || person == actor.login) item.assigned_officer = actor.person;
  // Asked first: whoever may not do it learns no names by trying.
  TRY(access::require(access::decide(actor, access::Action::kExplain, item), "page"));
  Seen out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const auto id = PersonId::parse(person);
    auto found = id ? roster::person(tx, *id) : roster::person_by_login(tx, person);
    if (!found && found.error().code() != Code::kNotFound) return fail(std::move(found).error());
    if (!found || found->agency != actor.agency) {
      return fail(Code::kNotFound, "Nobody of this agency has that id or login", person);
    }
    out.person = *std::move(found);
    out.other = TRY(roster::actor_of_received(tx, out.person.id));
    return {};
  }));
  if (!out.person.is_active) return fail(Code::kConflict, "This person is deactivated: they are shown nothing");
  out.page = TRY(parts_.vault.list_of_other(actor, out.other, query));
  return out;
}

}  // namespace lapel::oversight
