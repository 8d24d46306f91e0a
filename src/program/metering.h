// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a month's bill was for: what was kept, looked at and given out, priced as the contract has it, beside what was invoiced.
//
// Owns: these figures and their formulas.
// Promises: storage, access, retrieval and the unallocated rest sum to the bill, to the cent, whatever is metered. Each share is rounded
//   to the nearest cent, halves up, by itself. Without a price there is no share of that kind, and without an invoice no bill: absent,
//   not zero.
// Fails with: kInvalid for a month that is not over.
// Threads: pure functions; measure_use() within the transaction's.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "db/db.h"
#include "program/fold.h"
#include "program/money.h"
#include "program/volumes.h"

namespace lapel::program {

// Of one agency in one month.
struct Use {
  std::string agency, slug;
  std::int64_t byte_days = 0;  // each original's bytes on each day of the month that it was there, its first included
  std::int64_t views = 0;      // opened by people and by recipients of shares
  std::int64_t retrieved_bytes = 0;  // of originals that were exported, or downloaded by recipients
};
Result<Use> measure_use(db::Transaction& tx, const AgencyId& agency, Month month);

inline constexpr std::int64_t kBytesOfGigabyte = 1'000'000'000;

// Of what the contract asks for each; millionths of a currency unit.
struct Tariff {
  std::optional<std::int64_t> storage_gb_month, access_view, retrieval_gb;
};
// The one whose day is the last that is not after the month's first; none where there is none.
Tariff tariff_of(const Program& program, Month month);

struct Share {
  std::optional<Money> storage, access, retrieval;
};
Share share_of(const Use& use, const Tariff& tariff, Month month);

Json::Object metering_report(const Program& program, Month month, const std::vector<Use>& uses);

}  // namespace lapel::program
