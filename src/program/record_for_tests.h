// SPDX-License-Identifier: Apache-2.0
#pragma once
// What tests of the program share: the sample files, and a record that further files are judged by.
//
// Owns: nothing.
// Promises: files are read by the product's own reader.
// Fails with: a failed expectation.
// Threads: one.

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/problems.h"
#include "program/fold.h"
#include "program/import.h"

namespace lapel::program {

inline const AgencyId kAgency(ByteArray<16>{7});
// A day in 2027, long after everything that is told here.
inline constexpr Timestamp kNow{1'800'000'000'000'000};

inline Json sample(const std::string& name) {
  std::ifstream file(std::string(LAPEL_SOURCE_DIR) + "/share/program/" + name + ".json", std::ios::binary);
  const auto out = parse_json(std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()));
  EXPECT_TRUE(out) << name;
  return out ? *out : Json();
}

// What is known, and what a further file comes to.
class Record {
 public:
  // Empty: it was taken.
  std::string import(const Json& file) {
    const Result<Batch> batch = read_file(file, known_, kAgency, kNow);
    if (!batch) {
      was_rule_ = batch.error().problem == &problems::kRule;
      return batch.error().message;
    }
    known_.insert(known_.end(), batch->added.begin(), batch->added.end());
    return "";
  }
  // Lines of: subject field "value" and further members.
  std::string state(const std::vector<std::string>& lines) {
    std::string all;
    for (const std::string& line : lines) {
      const std::size_t a = line.find(' '), b = line.find(' ', a + 1);
      all += fmt::format(R"({}{{"subject": "{}", "field": "{}", "source": "s", "value": {}}})", all.empty() ? "" : ",",
                         line.substr(0, a), line.substr(a + 1, b - a - 1), line.substr(b + 1));
    }
    const auto file = parse_json(
        R"({"format": "lapel-program/1", "recorded_on": "2022-11-29", "sources": {"s": {"by": "b", "where": "w", "on": "2022-10-01"}}, "statements": [)" +
        all + "]}");
    EXPECT_TRUE(file) << all;
    return file ? import(*file) : "no JSON";
  }
  bool was_rule() const { return was_rule_; }
  const std::vector<Statement>& known() const { return known_; }
  Program as_of(std::string_view day, Privileged privileged = Privileged::kLeftOut) const {
    return fold(known_, {*parse_day(day), day_of(kNow), Follows::kRecordedOn, Embargoed::kLeftOut, privileged});
  }

 private:
  std::vector<Statement> known_;
  bool was_rule_ = false;
};

}  // namespace lapel::program
