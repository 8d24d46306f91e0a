// SPDX-License-Identifier: Apache-2.0
#include "program/metering.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "program/record_for_tests.h"

namespace lapel::program {
namespace {

const Month kNovember = *parse_month("2022-11");

Json report(const std::vector<std::string>& lines, const std::vector<Use>& uses) {
  Record record;
  EXPECT_EQ(record.state(lines), "");
  return Json(metering_report(record.as_of("2022-12-31"), kNovember, uses));
}

std::string text(const Json& json, std::string_view name) {
  const std::string* found = json.find_string(name);
  return found ? *found : "null";
}

const std::vector<std::string> kPriced = {
    R"(contract/axon vendor "Axon")", R"(tariff/t from "2022-11-01")",   R"(tariff/t storage_gb_month "0.0265")",
    R"(tariff/t access_view "0.01")", R"(tariff/t retrieval_gb "0.09")", R"(invoice/i contract "contract/axon")",
    R"(invoice/i month "2022-11")",   R"(invoice/i amount "600")",
};

TEST(Metering, SplitsABillByWhatWasUsed) {
  // 10 TB for all of November, 5,000 views, 700 GB given out.
  const Use use{"Pittsfield", "pittsfield", 10'000 * kBytesOfGigabyte * 30, 5'000, 700 * kBytesOfGigabyte};
  const Json told = report(kPriced, {use});
  EXPECT_EQ(text(told, "storage"), "265.00");
  EXPECT_EQ(text(told, "access"), "50.00");
  EXPECT_EQ(text(told, "retrieval"), "63.00");
  EXPECT_EQ(text(told, "billed"), "600.00");
  EXPECT_EQ(text(told, "unallocated"), "222.00");
}

TEST(Metering, IsAbsentWithoutAPriceOrAnInvoice) {
  const Use use{"Pittsfield", "pittsfield", kBytesOfGigabyte, 1, 1};
  const Json told = report({R"(program/p title "A program")"}, {use});
  for (const char* name : {"storage", "access", "retrieval", "billed", "unallocated"})
    EXPECT_TRUE(told.find(name)->is_null()) << name;
}

TEST(Metering, TakesThePricesOfTheMonth) {
  std::vector<std::string> lines = kPriced;
  for (const char* later : {R"(tariff/later from "2022-12-01")", R"(tariff/later access_view "1")",
                            R"(tariff/before from "2022-01-01")", R"(tariff/before access_view "2")"})
    lines.emplace_back(later);
  Record record;
  ASSERT_EQ(record.state(lines), "");
  const Program program = record.as_of("2022-12-31");
  EXPECT_EQ(tariff_of(program, kNovember).access_view, 10'000);
  EXPECT_EQ(tariff_of(program, *parse_month("2022-12")).access_view, 1'000'000);
  EXPECT_EQ(tariff_of(program, *parse_month("2022-10")).access_view, 2'000'000);
  EXPECT_EQ(tariff_of(program, *parse_month("2021-12")).access_view, std::nullopt);
}

TEST(Metering, PricesAndMonthsAreRead) {
  Record record;
  EXPECT_EQ(record.state({R"(tariff/t from "2022-11-01")", R"(tariff/t access_view "-1")"}),
            "Statement 2 (tariff/t access_view): \"value\" must be a price with at most six decimals, such as "
            "\"0.0265\"; 1000 at most");
  EXPECT_EQ(record.state({R"(contract/axon vendor "Axon")", R"(invoice/i contract "contract/axon")",
                          R"(invoice/i amount "1")", R"(invoice/i month "November")"}),
            "Statement 4 (invoice/i month): \"value\" must be a month such as \"2022-12\"");
}

// Whatever is used, by however many, and whatever was billed: the parts are the bill.
RC_GTEST_PROP(Metering, TheSharesAndTheRestAreTheBillToTheCent, ()) {
  const auto amount = *rc::gen::inRange<std::int64_t>(0, 10'000'000);
  std::vector<std::string> lines(kPriced.begin(), kPriced.end() - 1);
  lines.push_back(fmt::format(R"(invoice/i amount "{}.{:02}")", amount / 100, amount % 100));
  std::vector<Use> uses(*rc::gen::inRange<std::size_t>(1, 6));
  for (Use& use : uses) {
    use.byte_days = *rc::gen::inRange<std::int64_t>(0, 1'000'000 * kBytesOfGigabyte * 30);
    use.views = *rc::gen::inRange<std::int64_t>(0, 1'000'000);
    use.retrieved_bytes = *rc::gen::inRange<std::int64_t>(0, 1'000'000 * kBytesOfGigabyte);
  }
  Record record;
  RC_ASSERT(record.state(lines).empty());
  const Json told(metering_report(record.as_of("2022-12-31"), kNovember, uses));
  const auto cents = [](const std::string& money) {
    const bool is_negative = money.starts_with('-');
    const auto parsed = parse_money(is_negative ? money.substr(1) : money);
    return is_negative ? -parsed->cents : parsed->cents;
  };
  std::int64_t all = 0, of_agencies = 0;
  for (const char* name : {"storage", "access", "retrieval"}) all += cents(*told.find_string(name));
  for (const Json& agency : *told.find("agencies")->array()) of_agencies += cents(*agency.find_string("total"));
  RC_ASSERT(all == of_agencies);
  RC_ASSERT(all + cents(*told.find_string("unallocated")) == amount);
}

}  // namespace
}  // namespace lapel::program
