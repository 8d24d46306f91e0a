// SPDX-License-Identifier: Apache-2.0
#include "program/council.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "program/kinds.h"
#include "program/money.h"

namespace lapel::program {
namespace {

using paper::Align;
using paper::Bars;
using paper::Column;
using paper::Document;
using paper::Fill;
using paper::Heading;
using paper::Paragraph;
using paper::Table;
using paper::Tone;

constexpr const char* kNotKnown = "not known";

const Json::Array& list_of(const Json& item, std::string_view name) {
  static const Json::Array kNone;
  const Json* found = item.find(name);
  return found && found->array() ? *found->array() : kNone;
}
bool is(const Json& item, std::string_view name) {
  const Json* found = item.find(name);
  return found && found->boolean() && *found->boolean();
}
std::string shown(const Json* value) {
  if (!value || value->is_null()) return kNotKnown;
  if (const std::string* text = value->string()) return *text;
  if (const Json::Array* both = value->array(); both && both->size() == 2) {
    return fmt::format("{} to {}", to_json((*both)[0]), to_json((*both)[1]));
  }
  return to_json(*value);
}
std::string text_of(const Json& item, std::string_view name) {
  return shown(item.find(name));
}
bool is_known(const Json& item, std::string_view name) {
  const Json* found = item.find(name);
  return found && !found->is_null();
}
// "166586.73" as "$166,586.73".
std::string dollars(const std::string& amount) {
  if (amount.empty() || amount == kNotKnown) return kNotKnown;
  std::string out = amount;
  const std::size_t point = std::min(out.find('.'), out.size());
  for (std::size_t i = point; i > 3; i -= 3) out.insert(i - 3, ",");
  return "$" + out;
}
std::string about(const std::string& text, bool is_about) {
  return is_about && text != kNotKnown ? "~" + text : text;
}
std::int64_t cents(const Json& item, std::string_view name) {
  const std::string* text = item.find_string(name);
  const auto money = text ? parse_money(*text) : std::nullopt;
  return money ? money->cents : 0;
}

// A subject of the report, and its fields by name.
class Subject {
 public:
  explicit Subject(const Json& json) : json_(&json) {}

  std::string name() const { return text_of(*json_, "subject"); }
  std::string slug() const {
    const std::string whole = name();
    return whole.substr(whole.find('/') + 1);
  }
  const Json* field(std::string_view name) const {
    for (const Json& field : list_of(*json_, "fields")) {
      const std::string* found = field.find_string("field");
      if (found && *found == name) return &field;
    }
    return nullptr;
  }
  // What stands, marked, with what contradicts it; the fallback where nobody has said.
  std::string value(std::string_view name, const char* fallback = kNotKnown, bool is_money = false) const {
    const Json* found = field(name);
    if (!found || !is_known(*found, "value")) return fallback;
    std::string out = text_of(*found, "value");
    out = about(is_money ? dollars(out) : out, is(*found, "approximate"));
    if (is(*found, "assumption")) out += " (assumed)";
    for (const Json& other : list_of(*found, "beside")) {
      out += "; by another account " + (is_money ? dollars(shown(&other)) : shown(&other));
    }
    return out;
  }

 private:
  const Json* json_;
};

std::vector<Subject> of_kind(const Json& report, std::string_view kind) {
  std::vector<Subject> out;
  for (const Json& subject : list_of(report, "subjects")) {
    const std::string* found = subject.find_string("kind");
    if (found && *found == kind) out.emplace_back(subject);
  }
  return out;
}

Document begun(const Json& report, Cover cover) {
  Document out;
  out.agency = std::move(cover.agency);
  out.title = std::move(cover.title);
  out.made_on = cover.made_on;
  out.made_by = std::move(cover.made_by);
  out.marks = std::move(cover.marks);
  const std::string* day = report.find_string("as_of");
  const auto parsed = day ? parse_day(*day) : std::nullopt;
  out.as_of = parsed.value_or(cover.made_on);
  for (std::string& note : cover.notes) out.blocks.emplace_back(Paragraph{std::move(note)});
  return out;
}

void add_table(Document& out, Table table) {
  if (!table.rows.empty()) out.blocks.emplace_back(std::move(table));
}

void add_standing(Document& out, const Json& report) {
  Table pilots{
      "Pilots", {{"Pilot"}, {"Where it stands"}, {"Began"}, {"Officers", Align::kEnd}, {"Cameras", Align::kEnd}}, {}};
  for (const Subject& each : of_kind(report, kPilot)) {
    pilots.rows.push_back(
        {each.slug(), each.value("state"), each.value("started_on"), each.value("officers"), each.value("cameras")});
  }
  Table talks{"Bargaining with unions", {{"With whom"}, {"About"}, {"State"}, {"Began"}, {"Over"}}, {}};
  const std::vector<Subject> units = of_kind(report, kUnit);
  for (const Subject& each : of_kind(report, kBargaining)) {
    const std::string unit = each.value("unit");
    const auto found = std::ranges::find_if(units, [&](const Subject& one) { return one.name() == unit; });
    talks.rows.push_back({found == units.end() ? unit : found->value("title"), each.value("about"), each.value("state"),
                          each.value("opened_on", "–"), each.value("resolved_on", "–")});
  }
  if (pilots.rows.empty() && talks.rows.empty()) return;
  out.blocks.emplace_back(Heading{"Where it stands"});
  add_table(out, std::move(pilots));
  add_table(out, std::move(talks));
}

void add_milestones(Document& out, const Json& report) {
  std::vector<std::pair<std::string, std::vector<std::string>>> days;
  for (const Subject& each : of_kind(report, kMilestone)) {
    const Json* on = each.field("on");
    const std::string day = on ? text_of(*on, "value") : kNotKnown;
    const std::string until = each.value("until", "");
    days.emplace_back(day, std::vector{each.value("on") + (until.empty() ? "" : " to " + until), each.value("title")});
  }
  if (days.empty()) return;
  std::ranges::stable_sort(days, {}, [](const auto& each) { return each.first; });
  Table table{"By day; a day that nobody has said stands last", {{"Day"}, {"What happened, or is to happen"}}, {}};
  for (auto& [day, row] : days) table.rows.push_back(std::move(row));
  out.blocks.emplace_back(Heading{"What happened, and when"});
  add_table(out, std::move(table));
}

void add_staffing(Document& out, const Json& report) {
  Table table{"How many officers", {{"Strength"}, {"Officers", Align::kEnd}}, {}};
  for (const Subject& each : of_kind(report, kStrength)) table.rows.push_back({each.slug(), each.value("people")});
  if (table.rows.empty()) return;
  out.blocks.emplace_back(Heading{"Staffing"});
  add_table(out, std::move(table));
}

std::string days_of(const Json& item) {
  return is_known(item, "from") ? fmt::format("{} to {}", text_of(item, "from"), text_of(item, "until")) : "–";
}

void add_measures(Document& out, const Json& report) {
  const Json::Array& all = list_of(report, "measures");
  if (all.empty()) return;
  out.blocks.emplace_back(Heading{"What the pilot is judged by"});
  out.blocks.emplace_back(
      Paragraph{"Measures are fixed before a pilot begins. What is counted is what Lapel has; a measure that cannot be "
                "computed is not known, "
                "and not 0."});
  const std::vector<Column> columns = {{"Measure"}, {"Value"}, {"Hoped for"}, {"Fixed on"}, {"Days"}};
  Table shares{"Shares, by measure", columns, {}}, others{"Other measures", columns, {}};
  Bars bars{"Shares, of 100 %", {}, {}, {}};
  for (const Json& each : all) {
    const std::string value = about(text_of(each, "value"), is(each, "approximate"));
    std::vector<std::string> row = {
        text_of(each, "title"), value, is_known(each, "target") ? text_of(each, "target") : "–",
        text_of(each, "stated_on") + (is(each, "before_start") ? "" : ", after it began"), days_of(each)};
    const Json* share = each.find("permille");
    if (share && share->integer()) {
      bars.bars.push_back({text_of(each, "title"), {{*share->integer(), Fill::kSolid}}, value});
      shares.rows.push_back(std::move(row));
    } else {
      others.rows.push_back(std::move(row));
    }
  }
  if (!shares.rows.empty()) {
    bars.twin = std::move(shares);
    out.blocks.emplace_back(std::move(bars));
  }
  add_table(out, std::move(others));
  Table from{"What each is computed from", {{"Measure"}, {"From"}, {"Number", Align::kEnd}}, {}};
  for (const Json& each : all) {
    for (const Json& input : list_of(each, "inputs")) {
      from.rows.push_back({text_of(each, "title"), text_of(input, "name"), text_of(input, "value")});
    }
    if (is_known(each, "missing"))
      from.rows.push_back({text_of(each, "title"), "not known: " + text_of(each, "missing"), "–"});
  }
  add_table(out, std::move(from));
  for (const Json& each : all) {
    Table groups{text_of(each, "title") +
                     ", by shift; of shifts of fewer than five officers nothing more is told, and of the next "
                     "smallest where there would be one alone",
                 {{"Shift"},
                  {"Officers", Align::kEnd},
                  {"Recordings", Align::kEnd},
                  {"Hours", Align::kEnd},
                  {"GB", Align::kEnd}},
                 {}};
    for (const Json& group : list_of(each, "groups")) {
      if (is(group, "withheld")) {
        groups.rows.push_back({text_of(group, "name"), "too few to tell", "–", "–", "–"});
      } else {
        groups.rows.push_back({text_of(group, "name"), text_of(group, "officers"), text_of(group, "recordings"),
                               text_of(group, "hours"), text_of(group, "gigabytes")});
      }
    }
    add_table(out, std::move(groups));
  }
  for (const Json& each : all) {
    out.blocks.emplace_back(Paragraph{text_of(each, "title") + ": " + text_of(each, "how"), Tone::kQuiet});
  }
}

void add_costs(Document& out, const Json& costs) {
  const std::string vendor = text_of(costs, "vendor");
  Bars bars{"Yearly payments of " + vendor + ", and who pays", {}, {}, {}};
  bars.legend = {{Fill::kSolid, "grant"}, {Fill::kLight, "city"}, {Fill::kHatched, "city, approximate"}};
  bars.twin = {
      "The same as a table", {{"Payment"}, {"Amount", Align::kEnd}, {"Grant", Align::kEnd}, {"City", Align::kEnd}}, {}};
  const Json::Array& lines = list_of(costs, "lines");
  std::size_t place = 0;
  bool has_city = false, has_about = false, has_grant = false;
  for (const Json& payment : list_of(costs, "payments")) {
    const bool is_about = is(payment, "approximate");
    const bool is_grant_about = place < lines.size() && is(lines[place], "grant_approximate");
    ++place;
    const std::string label = "Payment " + text_of(payment, "n");
    const std::string amount = about(dollars(text_of(payment, "amount")), is_about);
    const bool is_split = is_known(payment, "city") && is_known(payment, "grant");
    const std::int64_t grant = is_split ? cents(payment, "grant") : 0;
    const std::int64_t city = is_split ? cents(payment, "city") : cents(payment, "amount");
    bars.bars.push_back({label, {{grant, Fill::kSolid}, {city, is_about ? Fill::kHatched : Fill::kLight}}, amount});
    has_grant = has_grant || grant > 0;
    has_city = has_city || (city > 0 && !is_about);
    has_about = has_about || (city > 0 && is_about);
    bars.twin.rows.push_back({label, amount, about(dollars(text_of(payment, "grant")), is_grant_about),
                              about(dollars(text_of(payment, "city")), is_about)});
  }
  std::erase_if(bars.legend, [&](const auto& each) {
    return each.first == Fill::kSolid ? !has_grant : each.first == Fill::kLight ? !has_city : !has_about;
  });
  if (const Json* total = costs.find("total"); total && is_known(*total, "amount")) {
    bars.twin.rows.push_back(
        {"All payments", about(dollars(text_of(*total, "amount")), is(*total, "approximate")), "–", "–"});
  }
  if (!bars.bars.empty()) out.blocks.emplace_back(std::move(bars));
  if (is_known(costs, "grant_residual")) {
    out.blocks.emplace_back(Paragraph{
        fmt::format("Left of the grant after the payments that it covers whole: {}. It offsets the next payment.",
                    dollars(text_of(costs, "grant_residual")))});
  }
  if (is(costs, "total_assumption")) {
    out.blocks.emplace_back(Paragraph{"The total rests on an assumption, which is listed below.", Tone::kQuiet});
  }
}

void add_money(Document& out, const Json& report) {
  const Json::Array &costs = list_of(report, "costs"), &rounds = list_of(report, "rounds");
  if (costs.empty() && rounds.empty()) return;
  out.blocks.emplace_back(Heading{"Costs, and who pays"});
  for (const Json& each : costs) add_costs(out, each);
  for (const Json& round : rounds) {
    Table awards{text_of(round, "title") + ": awards", {{"Recipient"}, {"Award", Align::kEnd}}, {}};
    for (const Json& award : list_of(round, "awards")) {
      const Json* amount = award.find("award");
      std::string value = amount && amount->object()
                              ? about(dollars(text_of(*amount, "amount")), is(*amount, "approximate"))
                              : kNotKnown;
      for (const Json& other : list_of(award, "beside"))
        value += "; by another account " + dollars(text_of(other, "amount"));
      awards.rows.push_back({text_of(award, "recipient"), value});
    }
    if (const Json* sum = round.find("sum"); sum && sum->object()) {
      awards.rows.push_back(
          {"These awards together", about(dollars(text_of(*sum, "amount")), is(*sum, "approximate"))});
    }
    add_table(out, std::move(awards));
  }
}

// What a statement says; a choice says nothing itself.
std::string value_of(const Json& subject, const Json& field, const Json& said) {
  if (!is_known(said, "value")) return "–";
  const FieldRow* row = find_field(text_of(subject, "kind"), text_of(field, "field"));
  const std::string text = text_of(said, "value");
  return about(row && row->type == Type::kMoney ? dollars(text) : text, is(said, "approximate"));
}

// What was corrected or is told otherwise, and what nobody has said.
void add_versions(Document& out, const Json& report) {
  const std::vector<Column> columns = {{"Of what"}, {"Value"}, {"Standing"}, {"Who said it, and when"}, {"Why"}};
  Table versions{"Every version, in the order in which it was recorded", columns, {}};
  Table assumed{"What nobody has said, and the report needs", {{"Of what"}, {"Value"}, {"Why"}}, {}};
  for (const Json& subject : list_of(report, "subjects")) {
    for (const Json& field : list_of(subject, "fields")) {
      const Json::Array& all = list_of(field, "statements");
      const bool is_disputed = all.size() > 1 && std::ranges::any_of(all, [](const Json& said) {
                                 const std::string* status = said.find_string("status");
                                 return status && *status != "stands";
                               });
      const std::string what = text_of(subject, "subject") + ", " + text_of(field, "field");
      for (const Json& said : all) {
        const Json* source = said.find("source");
        const std::string* status = said.find_string("status");
        const std::string value = value_of(subject, field, said);
        const std::string reason = is_known(said, "reason") ? text_of(said, "reason") : "–";
        if (is_disputed) {
          versions.rows.push_back(
              {what, value, status && *status == "not_chosen" ? "not chosen" : text_of(said, "status"),
               source ? text_of(*source, "by") + ", " + text_of(*source, "on") : kNotKnown, reason});
        }
        if (is(said, "assumption") && status && *status == "stands") assumed.rows.push_back({what, value, reason});
      }
    }
  }
  if (versions.rows.empty() && assumed.rows.empty()) return;
  out.blocks.emplace_back(Heading{"Corrected, told otherwise, assumed"});
  add_table(out, std::move(versions));
  add_table(out, std::move(assumed));
}

// Each source once, and what it says by its number.
void add_sources(Document& out, const Json& report) {
  Table said_by{"Everything in this report, and by which of the sources above",
                {{"Of what"}, {"Value"}, {"Source", Align::kEnd}},
                {}};
  Table sources{"Sources", {{"", Align::kEnd}, {"Who said it"}, {"Where"}, {"When"}}, {}};
  std::map<std::vector<std::string>, std::size_t> numbers;
  for (const Json& subject : list_of(report, "subjects")) {
    for (const Json& field : list_of(subject, "fields")) {
      for (const Json& said : list_of(field, "statements")) {
        const Json* source = said.find("source");
        std::string number = "–";
        if (source && source->object()) {
          const std::vector<std::string> row = {text_of(*source, "by"), text_of(*source, "where"),
                                                text_of(*source, "on")};
          const auto [place, is_new] = numbers.emplace(row, numbers.size() + 1);
          number = std::to_string(place->second);
          if (is_new) sources.rows.push_back({number, row[0], row[1], row[2]});
        }
        said_by.rows.push_back(
            {text_of(subject, "subject") + ", " + text_of(field, "field"), value_of(subject, field, said), number});
      }
    }
  }
  if (said_by.rows.empty()) return;
  out.blocks.emplace_back(Heading{"Sources"});
  add_table(out, std::move(sources));
  add_table(out, std::move(said_by));
}

}  // namespace

paper::Document council_document(const Json& report, Cover cover) {
  Document out = begun(report, std::move(cover));
  if (text_of(report, "follows") == "ledger") {
    out.blocks.emplace_back(Paragraph{"By the day that each statement was sealed in the ledger.", Tone::kQuiet});
  } else {
    out.blocks.emplace_back(Paragraph{
        "By the day that each statement was recorded; of history that was entered later, by what its file says.",
        Tone::kQuiet});
  }
  add_standing(out, report);
  add_milestones(out, report);
  add_staffing(out, report);
  add_measures(out, report);
  add_money(out, report);
  add_versions(out, report);
  add_sources(out, report);
  return out;
}

paper::Document profile_document(const Json& report, Cover cover) {
  Document out = begun(report, std::move(cover));
  out.blocks.emplace_back(
      Paragraph{fmt::format("{}, {}. Of {} to {}.", text_of(report, "statute"), text_of(report, "address"),
                            text_of(report, "from"), text_of(report, "until"))});
  out.blocks.emplace_back(Paragraph{text_of(report, "note"), Tone::kQuiet});
  for (const Json& item : list_of(report, "items")) {
    out.blocks.emplace_back(Heading{fmt::format("{}. {}", text_of(item, "n"), text_of(item, "title"))});
    out.blocks.emplace_back(Paragraph{text_of(item, "asks"), Tone::kQuiet});
    const Json::Array& answers = list_of(item, "answers");
    if (answers.empty()) out.blocks.emplace_back(Paragraph{"Not known: " + text_of(item, "missing") + "."});
    Table table{"As computed or entered", {{"What"}, {"Answer"}, {"From"}}, {}};
    for (const Json& answer : answers) {
      table.rows.push_back({text_of(answer, "name"), about(text_of(answer, "value"), is(answer, "approximate")),
                            text_of(answer, "how")});
    }
    add_table(out, std::move(table));
  }
  return out;
}

paper::Document grant_document(const Json& evidence, Cover cover) {
  Document out = begun(evidence, std::move(cover));
  const Json* grant = evidence.find("grant");
  const Json none;
  const Json& of = grant ? *grant : none;
  out.blocks.emplace_back(Heading{"The grant"});
  const Json* award = of.find("award");
  Table facts{"As it was given", {{"What"}, {"Value"}}, {}};
  facts.rows.push_back({"Grant", text_of(of, "grant")});
  facts.rows.push_back({"Recipient", text_of(of, "recipient")});
  facts.rows.push_back({"Grantor", text_of(of, "grantor")});
  facts.rows.push_back({"Award", award && award->object()
                                     ? about(dollars(text_of(*award, "amount")), is(*award, "approximate"))
                                     : kNotKnown});
  facts.rows.push_back({"Notice of it came on", text_of(of, "received_on")});
  facts.rows.push_back({"Left, after all payments that are known", dollars(text_of(of, "left"))});
  add_table(out, std::move(facts));
  Table terms{"Its terms, and where they stand",
              {{"Term"}, {"Standing"}, {"Until"}, {"Met on"}, {"Who said it, and when"}},
              {}};
  for (const Json& term : list_of(evidence, "terms")) {
    const auto day = [&](const char* name) { return is_known(term, name) ? text_of(term, name) : std::string("–"); };
    terms.rows.push_back({text_of(term, "term"), text_of(term, "status"), day("due"), day("met_on"),
                          text_of(term, "by") + ", " + text_of(term, "on")});
  }
  if (terms.rows.empty()) {
    out.blocks.emplace_back(Paragraph{"No terms of it were entered."});
  }
  add_table(out, std::move(terms));
  out.blocks.emplace_back(Heading{"What it is used for"});
  if (const Json* costs = evidence.find("costs"); costs && costs->object()) {
    add_costs(out, *costs);
    Table shares{"This grant, payment by payment, to the cent", {{"Payment"}, {"Of this grant", Align::kEnd}}, {}};
    for (const Json& share : list_of(evidence, "shares")) {
      shares.rows.push_back({"Payment " + text_of(share, "n"), dollars(text_of(share, "amount"))});
    }
    add_table(out, std::move(shares));
  } else {
    out.blocks.emplace_back(Paragraph{"No contract is known whose payments it is used for."});
  }
  add_versions(out, evidence);
  add_sources(out, evidence);
  return out;
}

}  // namespace lapel::program
