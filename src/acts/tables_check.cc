// SPDX-License-Identifier: Apache-2.0
#include "acts/tables_check.h"

#include <string_view>
#include <vector>

#include "ledger/feed.h"

namespace lapel::acts {
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
        return ledger::each_event(tx, agency, types, [&](const ledger::SealedEvent& sealed, const Json& event) {
          each({sealed.subject.text(), sealed.type, ledger_time(sealed.at), sealed.index, &event});
        });
      },
      fault);
}

}  // namespace lapel::acts
