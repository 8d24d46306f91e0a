// SPDX-License-Identifier: Apache-2.0
#pragma once
// What arrives in a month, and what is kept: counted in the catalog, written to a file, read from it.
//
// Owns: the file lapel-volumes/1 (docs/formats/forecast.md).
// Promises: a file that was written is read as the same. Originals only: what is derived of them is not counted.
// Fails with: kInvalid, naming the place in the file; kInvalid for months that are none.
// Threads: values and pure functions; measure() within the transaction's.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/day.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "db/db.h"

namespace lapel::program {

inline constexpr std::int64_t kMonthsMax = 120;
inline constexpr std::size_t kCategoriesMax = 200;
inline constexpr std::string_view kUncategorized = "uncategorized";

// A calendar month of UTC.
struct Month {
  std::int64_t number = 0;  // since January of year 0

  friend auto operator<=>(const Month&, const Month&) = default;
};
std::optional<Month> parse_month(std::string_view text);  // "2022-12"
std::string month_text(Month month);
Month month_of(Day day);
Day first_day(Month month);

struct Volume {
  std::string category;  // kUncategorized where nobody has said one
  std::int64_t recordings = 0, bytes = 0, seconds = 0;

  friend bool operator==(const Volume&, const Volume&) = default;
};
struct MonthVolume {
  Month month;
  std::int64_t wearers = 0;  // different assigned officers of what arrived
  std::vector<Volume> volumes;

  friend bool operator==(const MonthVolume&, const MonthVolume&) = default;
};
struct Volumes {
  std::string agency;
  std::vector<MonthVolume> months;  // in order; one in which nothing arrived has no volumes
  std::vector<Volume> stored;       // at the end of the last month

  friend bool operator==(const Volumes&, const Volumes&) = default;
};

// From the month after the first recording to the last whole one, where no months are given.
Result<Volumes> measure(db::Transaction& tx, const AgencyId& agency, std::string_view agency_name,
                        std::optional<Month> from, std::optional<Month> until, Day today);

Json::Object volumes_json(const Volumes& volumes);
Result<Volumes> read_volumes(const Json& json);

}  // namespace lapel::program
