// SPDX-License-Identifier: Apache-2.0
#include "program/metering.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "program/bargaining.h"
#include "program/costs.h"
#include "program/forecast.h"
#include "program/kinds.h"
#include "program/report_parts.h"

namespace lapel::program {
namespace {

__extension__ using Wide = __int128;  // bytes of a state for a month, times a price in millionths

constexpr std::int64_t kMicrosOfCent = 10'000;

std::int64_t days_of(Month month) {
  return first_day({month.number + 1}).number - first_day(month).number;
}

// use / unit x price, in cents.
std::optional<Money> priced(std::int64_t use, std::int64_t unit, const std::optional<std::int64_t>& micros) {
  if (!micros) return std::nullopt;
  const Wide divisor = Wide{unit} * kMicrosOfCent;
  return Money{static_cast<std::int64_t>((Wide{use} * *micros * 2 + divisor) / (divisor * 2))};
}

// "12.345678", cut off after the millionths.
std::string gigabytes(std::int64_t bytes, std::int64_t days = 1) {
  const auto micros = static_cast<std::int64_t>(Wide{bytes} * 1'000'000 / (Wide{kBytesOfGigabyte} * days));
  return fmt::format("{}.{:06}", micros / 1'000'000, micros % 1'000'000);
}

std::optional<std::int64_t> price(const Program& program, const SubjectName& tariff, std::string_view field) {
  const Statement* found = program.standing(tariff, field);
  return found ? parse_price(found->value->words) : std::nullopt;
}

Json money_json(const std::optional<Money>& money) {
  return money ? Json(money_text(*money)) : Json();
}

// Of those that there are; none where there is none.
std::optional<Money> sum(std::initializer_list<std::optional<Money>> parts) {
  std::optional<Money> out;
  for (const auto& part : parts) {
    if (part) out = out.value_or(Money()) + *part;
  }
  return out;
}

}  // namespace

Result<Use> measure_use(db::Transaction& tx, const AgencyId& agency, Month month) {
  const std::int64_t first = first_day(month).number, days = days_of(month);
  const std::int64_t begin = first * kDayUs, end = (first + days) * kDayUs;
  Use out;
  // What was there before the month, for all of it; then by the day on which it came.
  for (const db::Row& row :
       TRY(tx.query("SELECT CASE WHEN received_us < :begin THEN 0 ELSE (received_us - :begin) / :day END AS gone, "
                    "CAST(SUM(bytes) AS BIGINT) AS bytes FROM recordings WHERE agency = :agency AND received_us < :end "
                    "GROUP BY CASE WHEN received_us < :begin THEN 0 ELSE (received_us - :begin) / :day END LIMIT 31",
                    {{"agency", agency.text()}, {"begin", begin}, {"end", end}, {"day", kDayUs}}))) {
    out.byte_days += row.integer("bytes") * (days - row.integer("gone"));
  }
  const db::Params of = {{"agency", agency.text()}, {"begin", begin}, {"end", end}};
  const auto count = [&](std::string_view what, std::string_view of_which) -> Result<std::int64_t> {
    return TRY(tx.query(
        fmt::format("SELECT CAST(COALESCE({}, 0) AS BIGINT) AS n FROM ledger_events e LEFT JOIN recordings r ON "
                    "r.id = e.subject WHERE e.agency = :agency AND e.at_us >= :begin AND e.at_us < "
                    ":end AND {}",
                    what, of_which),
        of))[0]
        .integer("n");
  };
  out.views = TRY(count("COUNT(*)",
                        "(e.type = 'recording.viewed' OR (e.type = 'recording.received' AND e.event LIKE "
                        "'%\"use\":\"watch\"%'))"));
  out.retrieved_bytes = TRY(count("SUM(r.bytes)",
                                  "(e.type = 'recording.exported' OR (e.type = 'recording.received' AND e.event LIKE "
                                  "'%\"use\":\"download\"%'))"));
  return out;
}

Tariff tariff_of(const Program& program, Month month) {
  const SubjectName* found = nullptr;
  std::optional<Day> last;
  const std::vector<SubjectName> all = program.of_kind(kTariff);
  for (const SubjectName& tariff : all) {
    const auto from = day_of(program, tariff, "from");
    if (!from || first_day(month) < *from || (last && *from < *last)) continue;
    found = &tariff;
    last = from;
  }
  if (!found) return {};
  return {price(program, *found, "storage_gb_month"), price(program, *found, "access_view"),
          price(program, *found, "retrieval_gb")};
}

Share share_of(const Use& use, const Tariff& tariff, Month month) {
  return {priced(use.byte_days, kBytesOfGigabyte * days_of(month), tariff.storage_gb_month),
          priced(use.views, 1, tariff.access_view), priced(use.retrieved_bytes, kBytesOfGigabyte, tariff.retrieval_gb)};
}

Json::Object metering_report(const Program& program, Month month, const std::vector<Use>& uses) {
  const Tariff tariff = tariff_of(program, month);
  const auto price_json = [](const std::optional<std::int64_t>& micros) {
    return micros ? Json(price_text(*micros)) : Json();
  };
  Json::Array invoices, agencies, formulas;
  Amount billed;
  bool is_billed = false;
  for (const SubjectName& invoice : program.of_kind(kInvoice)) {
    const Statement* amount = program.standing(invoice, "amount");
    if (!amount || words_of(program, invoice, "month") != month_text(month)) continue;
    is_billed = true;
    billed = billed + amount_of(*amount);
    invoices.emplace_back(Json::Object{{"invoice", invoice.text()},
                                       {"contract", standing_json(program, invoice, "contract")},
                                       {"amount", money_text(amount_of(*amount).money)},
                                       {"approximate", amount->is_approximate},
                                       {"assumption", amount->is_assumed}});
  }
  Share all;
  for (const Use& use : uses) {
    const Share share = share_of(use, tariff, month);
    agencies.emplace_back(Json::Object{{"agency", use.agency},
                                       {"slug", use.slug},
                                       {"gb_months", gigabytes(use.byte_days, days_of(month))},
                                       {"views", use.views},
                                       {"retrieved_gb", gigabytes(use.retrieved_bytes)},
                                       {"storage", money_json(share.storage)},
                                       {"access", money_json(share.access)},
                                       {"retrieval", money_json(share.retrieval)},
                                       {"total", money_json(sum({share.storage, share.access, share.retrieval}))}});
    all = {sum({all.storage, share.storage}), sum({all.access, share.access}), sum({all.retrieval, share.retrieval})};
  }
  const std::optional<Money> metered = sum({all.storage, all.access, all.retrieval});
  for (const char* formula :
       {"GB-months = sum of each original's bytes on each day that it was there / 10^9 / days of the month",
        "storage, access, retrieval = GB-months, views, GB given out x the price of each, to the cent",
        "unallocated = the invoices - all of these; below zero: more was metered than billed"}) {
    formulas.emplace_back(formula);
  }
  Json::Object out = head_of(program);
  out.emplace("month", month_text(month));
  out.emplace("tariff", Json::Object{{"storage_gb_month", price_json(tariff.storage_gb_month)},
                                     {"access_view", price_json(tariff.access_view)},
                                     {"retrieval_gb", price_json(tariff.retrieval_gb)}});
  out.emplace("invoices", std::move(invoices));
  out.emplace("agencies", std::move(agencies));
  out.emplace("storage", money_json(all.storage));
  out.emplace("access", money_json(all.access));
  out.emplace("retrieval", money_json(all.retrieval));
  out.emplace("billed", is_billed ? Json(money_text(billed.money)) : Json());
  out.emplace("billed_approximate", billed.is_approximate);
  out.emplace("unallocated", is_billed ? Json(money_text(billed.money - metered.value_or(Money()))) : Json());
  out.emplace("formulas", std::move(formulas));
  return out;
}

}  // namespace lapel::program
