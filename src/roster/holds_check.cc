// SPDX-License-Identifier: Apache-2.0
#include "roster/holds_check.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/text.h"
#include "db/pages.h"

namespace lapel::roster {
namespace {

constexpr std::int64_t kPage = 1'000;

std::string said(const Json& event, std::string_view name) {
  const std::string* text = event.find_string(name);
  if (text) return printable(*text);
  const std::int64_t* number = event.find_integer(name);
  return number ? std::to_string(*number) : "nothing";
}

std::string kept(const db::Row& row, std::string_view name) {
  const auto text = row.maybe_text(name);
  return text ? printable(*text) : "nothing";
}
// What people wrote, in quotes, so that no text runs into what stands beside it, nor is taken for one that is absent.
std::string in_quotes(const std::optional<std::string>& text) {
  return text ? printable(to_json(Json(*text))) : "nothing";
}
std::string in_quotes(const Json& event, std::string_view name) {
  const std::string* text = event.find_string(name);
  return in_quotes(text ? std::optional(*text) : std::nullopt);
}
std::string in_quotes(const db::Row& row, std::string_view name) {
  return in_quotes(row.maybe_text(name));
}
// The ledger's times are whole hundredths of a second, and so are these.
std::string kept_time(const db::Row& row, std::string_view name) {
  const std::string text = kept(row, name);
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
  const std::string at = said(event, "at"), actor = said(event, "actor");
  if (type == "hold.placed") {
    const bool is_of_incident = event.find("incident") != nullptr;
    holds_[said(event, "hold")].text =
        hold_text(in_quotes(event, "matter"), in_quotes(event, "reason"), is_of_incident ? "nothing" : subject,
                  in_quotes(event, "incident"), actor, at);
  } else if (type == "hold.released") {
    const std::string id = said(event, "hold"), proposal = said(event, "proposal");
    const auto held = holds_.find(id);
    const auto made = proposals_.find(proposal);
    if (held == holds_.end() || made == proposals_.end() || made->second.item != id ||
        !made->second.decided.starts_with("approved ")) {
      fault(fmt::format("hold {}: it was released without a hold, or without an approved proposal", id));
    } else {
      held->second.released = fmt::format("released by {} at {}", proposal, at);
    }
  } else if (type == "proposal.made") {
    const std::string expires = said(event, "expires");
    proposals_[said(event, "proposal")] = {
        subject,
        proposal_text(said(event, "what"), said(event, "item"), said(event, "revision"), in_quotes(event, "reason"),
                      actor, at, expires),
        actor, said(event, "item"), expires};
  } else {
    decided(subject, type.substr(type.find('.') + 1), event, fault);
  }
}

void HoldFacts::decided(const std::string& subject, const std::string& outcome, const Json& event,
                        const std::function<void(std::string)>& fault) {
  const std::string id = said(event, "proposal"), actor = said(event, "actor"), at = said(event, "at");
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
  made.decided = decision_text(outcome, actor, at, in_quotes(event, "reason"));
}

void HoldFacts::add_lines(std::set<std::string>& out) const {
  for (const auto& [id, held] : holds_) out.insert(fmt::format("hold {}: {}, {}", id, held.text, held.released));
  for (const auto& [id, made] : proposals_) out.insert(fmt::format("proposal {}: {}, {}", id, made.text, made.decided));
}

Result<void> add_hold_rows(db::Transaction& tx, const std::string& agency, std::set<std::string>& out) {
  TRY(for_rows(
      tx, agency, "holds", "matter reason recording incident placed_by placed_us released_us released_by",
      [&](const db::Row& row) {
        const bool stands = row.is_null("released_us") && row.is_null("released_by");
        out.insert(fmt::format(
            "hold {}: {}, {}", kept(row, "id"),
            hold_text(in_quotes(row, "matter"), in_quotes(row, "reason"), kept(row, "recording"),
                      in_quotes(row, "incident"), kept(row, "placed_by"), kept_time(row, "placed_us")),
            stands ? "standing"
                   : fmt::format("released by {} at {}", kept(row, "released_by"), kept_time(row, "released_us"))));
      }));
  return for_rows(
      tx, agency, "proposals",
      "act item revision reason proposer proposed_us expires_us state decider decided_us decision_reason",
      [&](const db::Row& row) {
        const bool is_open = kept(row, "state") == "open" && row.is_null("decider") && row.is_null("decided_us");
        out.insert(fmt::format(
            "proposal {}: {}, {}", kept(row, "id"),
            proposal_text(kept(row, "act"), kept(row, "item"), kept(row, "revision"), in_quotes(row, "reason"),
                          kept(row, "proposer"), kept_time(row, "proposed_us"), kept_time(row, "expires_us")),
            is_open ? "open"
                    : decision_text(kept(row, "state"), kept(row, "decider"), kept_time(row, "decided_us"),
                                    in_quotes(row, "decision_reason"))));
      });
}

}  // namespace lapel::roster
