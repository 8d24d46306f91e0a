// SPDX-License-Identifier: Apache-2.0
#include "roster/holds_check.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/text.h"
#include "db/pages.h"
#include "roster/told.h"

namespace lapel::roster {
namespace {

constexpr std::int64_t kPage = 1'000;

// The ledger's times are whole hundredths of a second, and so are these.
std::string kept_time(const db::Row& row, std::string_view name) {
  const std::string text = told(row, name);
  std::int64_t us = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, us);
  if (error != std::errc() || stop != end || us < 0 || us >= kLedgerTimeEndUs || us % 10'000 != 0) return text;
  return ledger_time(Timestamp{us});
}

std::string hold_text(std::string_view matter, std::string_view reason, std::string_view recording,
                      std::string_view incident, std::string_view by, std::string_view at) {
  return fmt::format("for {} because {} on recording {}, incident {}, placed by {} at {}", matter, reason, recording,
                     incident, by, at);
}
std::string proposal_text(std::string_view act, std::string_view item, std::string_view revision,
                          std::string_view reason, std::string_view by, std::string_view at, std::string_view expires) {
  return fmt::format("{} of {} revision {} because {} by {} at {} until {}", act, item, revision, reason, by, at,
                     expires);
}
std::string decision_text(std::string_view outcome, std::string_view by, std::string_view at, std::string_view reason) {
  return fmt::format("{} by {} at {} because {}", outcome, by, at, reason);
}

// Every row of a table, its columns as texts, `each` taking one.
template <typename Each>
Result<void> for_rows(db::Transaction& tx, const std::string& agency, std::string_view table, std::string_view columns,
                      Each&& each) {
  std::string casts;
  for (std::size_t at = 0; at < columns.size();) {
    const std::size_t end = std::min(columns.find(' ', at), columns.size());
    casts += fmt::format("CAST({0} AS TEXT) AS {0}, ", columns.substr(at, end - at));
    at = end + 1;
  }
  const std::string sql = fmt::format(
      "SELECT {} CAST(id AS TEXT) AS id FROM {} WHERE agency = :agency AND {} ORDER BY CAST(id AS TEXT) LIMIT :limit",
      casts, table, db::is_on_next_page("CAST(id AS TEXT)"));
  return db::for_rows(tx, sql, {{"agency", agency}, {"limit", kPage}}, "id", [&](const db::Row& row) -> Result<void> {
    each(row);
    return {};
  });
}

}  // namespace

void HoldFacts::event(const std::string& subject, const std::string& type, const Json& event,
                      const std::function<void(std::string)>& fault) {
  const std::string at = told(event, "at"), actor = told(event, "actor");
  if (type == "hold.placed") {
    std::string recording = subject;
    if (event.find("incident") != nullptr) recording = "nothing";
    holds_[told(event, "hold")].text =
        hold_text(quoted(event, "matter"), quoted(event, "reason"), recording, quoted(event, "incident"), actor, at);
  } else if (type == "hold.released") {
    const std::string id = told(event, "hold"), proposal = told(event, "proposal");
    const auto held = holds_.find(id);
    const auto made = proposals_.find(proposal);
    if (held == holds_.end() || made == proposals_.end() || made->second.item != id ||
        !made->second.decided.starts_with("approved ")) {
      fault(fmt::format("hold {}: it was released without a hold, or without an approved proposal", id));
    } else {
      held->second.released = fmt::format("released by {} at {}", proposal, at);
    }
  } else if (type == "proposal.made") {
    const std::string expires = told(event, "expires");
    proposals_[told(event, "proposal")] = {
        subject,
        proposal_text(told(event, "what"), told(event, "item"), told_or_number(event, "revision"),
                      quoted(event, "reason"), actor, at, expires),
        actor, told(event, "item"), expires};
  } else {
    decided(subject, type.substr(type.find('.') + 1), event, fault);
  }
}

void HoldFacts::decided(const std::string& subject, const std::string& outcome, const Json& event,
                        const std::function<void(std::string)>& fault) {
  const std::string id = told(event, "proposal"), actor = told(event, "actor"), at = told(event, "at");
  const auto found = proposals_.find(id);
  if (found == proposals_.end() || found->second.subject != subject) {
    fault(fmt::format("proposal {}: it was {}, and nobody made it", id, outcome));
    return;
  }
  Made& made = found->second;
  if (made.decided != "open") fault(fmt::format("proposal {}: it was decided twice", id));
  if ((actor == made.proposer) != (outcome == "withdrawn")) {
    fault(fmt::format("proposal {}: {} by one person on both sides, or withdrawn by another", id, outcome));
  }
  if (at >= made.expires) fault(fmt::format("proposal {}: {} after its end", id, outcome));
  made.decided = decision_text(outcome, actor, at, quoted(event, "reason"));
}

void HoldFacts::add_lines(std::set<std::string>& out) const {
  for (const auto& [id, held] : holds_) out.insert(fmt::format("hold {}: {}, {}", id, held.text, held.released));
  for (const auto& [id, made] : proposals_) out.insert(fmt::format("proposal {}: {}, {}", id, made.text, made.decided));
}

Result<void> add_hold_rows(db::Transaction& tx, const std::string& agency, std::set<std::string>& out) {
  const auto hold = [&](const db::Row& row) {
    std::string state = "standing";
    if (!row.is_null("released_us") || !row.is_null("released_by"))
      state = fmt::format("released by {} at {}", told(row, "released_by"), kept_time(row, "released_us"));
    const std::string text = hold_text(quoted(row, "matter"), quoted(row, "reason"), told(row, "recording"),
                                       quoted(row, "incident"), told(row, "placed_by"), kept_time(row, "placed_us"));
    out.insert(fmt::format("hold {}: {}, {}", told(row, "id"), text, state));
  };
  const auto proposal = [&](const db::Row& row) {
    std::string state = told(row, "state");
    if (state != "open" || !row.is_null("decider") || !row.is_null("decided_us"))
      state = decision_text(state, told(row, "decider"), kept_time(row, "decided_us"), quoted(row, "decision_reason"));
    const std::string text =
        proposal_text(told(row, "act"), told(row, "item"), told(row, "revision"), quoted(row, "reason"),
                      told(row, "proposer"), kept_time(row, "proposed_us"), kept_time(row, "expires_us"));
    out.insert(fmt::format("proposal {}: {}, {}", told(row, "id"), text, state));
  };
  TRY(for_rows(tx, agency, "holds", "matter reason recording incident placed_by placed_us released_us released_by",
               hold));
  return for_rows(tx, agency, "proposals",
                  "act item revision reason proposer proposed_us expires_us state decider decided_us decision_reason",
                  proposal);
}

}  // namespace lapel::roster
