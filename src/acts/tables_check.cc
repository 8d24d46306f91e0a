// SPDX-License-Identifier: Apache-2.0
#include "acts/tables_check.h"

#include <string_view>
#include <vector>

#include "ledger/feed.h"
#include "proof/entry.h"

namespace lapel::acts {
namespace {

constexpr std::int64_t kPage = 1'000;

}  // namespace

Result<void> check_tables(db::Transaction& tx, std::span<const roster::SealedTable* const> tables,
                          const AgencyId& agency, const std::function<void(std::string)>& fault) {
  std::vector<std::string_view> types;
  for (const roster::SealedTable* table : tables) {
    types.push_back(table->made);
    if (!table->ended.empty()) types.push_back(table->ended);
  }
  return roster::check_sealed_rows(
      tx, tables, agency,
      [&](const std::function<void(const roster::ToldEvent&)>& each) -> Result<void> {
        for (std::int64_t mark = -1;;) {
          const ledger::FeedPage page = TRY(ledger::read_feed(tx, agency, types, mark, kPage));
          mark = page.mark;
          for (const ledger::SealedEvent& sealed : page.events) {
            const auto event = proof::parse_event(sealed.event);
            if (!event) continue;  // told with its chain
            each({sealed.subject.text(), sealed.type, ledger_time(sealed.at), sealed.index, &*event});
          }
          if (page.is_last) return {};
        }
      },
      fault);
}

}  // namespace lapel::acts
