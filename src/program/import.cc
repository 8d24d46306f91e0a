// SPDX-License-Identifier: Apache-2.0
#include "program/import.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/shape.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "program/bargaining.h"
#include "program/fold.h"
#include "program/forecast.h"
#include "program/gates.h"
#include "program/kinds.h"
#include "program/measures.h"
#include "program/moment.h"
#include "program/money.h"

namespace lapel::program {
namespace {

constexpr std::size_t kIdDigits = 32;
constexpr std::size_t kNameBytesMax = 64;

constexpr std::array kRelations = {Relation::kCorrects, Relation::kUpdates, Relation::kContradicts, Relation::kChooses};
constexpr std::array<std::string_view, 4> kFileMembers = {"format", "recorded_on", "sources", "statements"};
constexpr std::array<std::string_view, 15> kMembers = {
    "name",       "subject",  "field",   "value",       "source",  "by",     "on",         "approximate",
    "assumption", "corrects", "updates", "contradicts", "chooses", "reason", "recorded_on"};
constexpr std::array<std::string_view, 3> kSourceMembers = {"by", "where", "on"};

// What is wrong, and where.
struct Place {
  std::string text;

  tl::unexpected<Error> wrong(std::string_view sentence) const {
    return fail(Code::kInvalid, text.empty() ? std::string(sentence) : fmt::format("{}: {}", text, sentence));
  }
};

Result<std::string> text_of(const Json& object, std::string_view name, const Place& place) {
  const Json* value = object.find(name);
  const std::string* text = value ? value->string() : nullptr;
  if (value && !text) return place.wrong(fmt::format("\"{}\" must be a text", name));
  if (!text) return std::string();
  if (text->size() > limits::kFieldBytesMax || has_control_characters(*text) || !is_utf8(*text)) {
    return place.wrong(
        fmt::format("\"{}\" must be at most {} bytes of UTF-8 in one line", name, limits::kFieldBytesMax));
  }
  return *text;
}

Result<bool> flag_of(const Json& object, std::string_view name, const Place& place) {
  const Json* value = object.find(name);
  if (!value) return false;
  if (!value->boolean()) return place.wrong(fmt::format("\"{}\" must be true or false", name));
  return *value->boolean();
}

Result<std::optional<Day>> day_member(const Json& object, std::string_view name, Day today, const Place& place) {
  const std::string text = TRY(text_of(object, name, place));
  if (text.empty()) return std::optional<Day>();
  const auto day = parse_day(text);
  if (!day)
    return place.wrong(fmt::format("\"{}\" must be a day such as \"2022-11-29\", not \"{}\"", name, printable(text)));
  if (*day > today)
    return place.wrong(fmt::format("\"{}\" is {}, a day to come: write the day on which it was", name, text));
  return day;
}

Result<void> check_words(const std::string& text, const Rule& rule, Timestamp now, const Place& place) {
  const std::string all = fmt::format(" {} ", rule.one_of);
  if (!rule.one_of.empty() &&
      (text.find(' ') != std::string::npos || all.find(fmt::format(" {} ", text)) == std::string::npos)) {
    return place.wrong(fmt::format("\"value\" must be one of {}", words_of(rule)));
  }
  if (rule.form == Form::kTime && !parse_moment(text)) {
    return place.wrong(
        "\"value\" must be a day, \"2022-10-28\", or a time with its offset, \"2022-10-28T16:40:00-04:00\"");
  }
  if (rule.form == Form::kTime && is_before({day_of(now), now}, *parse_moment(text))) {
    return place.wrong(fmt::format("\"value\" is {}, which is to come: state it when it was done", text));
  }
  if (rule.form == Form::kPrice && !parse_price(text)) {
    return place.wrong("\"value\" must be a price with at most six decimals, such as \"0.0265\"; 1000 at most");
  }
  if (rule.form == Form::kMonth && !parse_month(text)) {
    return place.wrong("\"value\" must be a month such as \"2022-12\"");
  }
  if (rule.form == Form::kWeeks && !parse_weeks(text)) {
    return place.wrong("\"value\" must be weeks, with halves or without: \"3\" or \"2.5\"; at most 520");
  }
  return {};
}

Result<Value> read_value(const Json& given, const FieldRow& row, Timestamp now, const Place& place) {
  Value out;
  out.type = row.type;
  const std::string* text = given.string();
  const auto number = [&](const Json& value) -> Result<std::int64_t> {
    const std::int64_t* integer = value.integer();
    if (!integer || *integer < 0 || *integer > count_max(row)) {
      return place.wrong(fmt::format("\"value\" must be {}a whole number from 0 to {}",
                                     row.type == Type::kRange ? "one or two of " : "", count_max(row)));
    }
    return *integer;
  };
  switch (row.type) {
    case Type::kMoney: {
      const auto money = text ? parse_money(*text) : std::nullopt;
      if (!money) {
        return place.wrong(fmt::format(
            "\"value\" must be an amount in quotes, with two decimals or none, such as \"166586.73\"; at most {}",
            money_text(kMoneyMax)));
      }
      out.low = out.high = money->cents;
      return out;
    }
    case Type::kCount:
      out.low = out.high = TRY(number(given));
      return out;
    case Type::kRange: {
      const Json::Array* both = given.array();
      if (both && both->size() != 2) return place.wrong("\"value\" must be a number, or two as in [87, 88]");
      out.low = TRY(number(both ? (*both)[0] : given));
      out.high = TRY(number(both ? (*both)[1] : given));
      if (out.low > out.high) return place.wrong("\"value\" must have the smaller number first");
      return out;
    }
    case Type::kDate: {
      const auto day = text ? parse_day(*text) : std::nullopt;
      if (!day) return place.wrong("\"value\" must be a day such as \"2022-11-28\"");
      out.low = out.high = day->number;
      return out;
    }
    case Type::kText:
      if (!text || text->empty() || text->size() > limits::kFieldBytesMax || has_control_characters(*text) ||
          !is_utf8(*text)) {
        return place.wrong(
            fmt::format("\"value\" must be a text of at most {} bytes in one line", limits::kFieldBytesMax));
      }
      TRY(check_words(*text, row.rule, now, place));
      out.words = *text;
      return out;
    case Type::kSubject: {
      const auto subject = text ? parse_subject(*text) : std::nullopt;
      if (subject && !row.rule.of_kind.empty() && subject->kind != row.rule.of_kind) {
        return place.wrong(fmt::format("\"value\" must be a subject of the kind {}", row.rule.of_kind));
      }
      if (!subject || !is_kind(subject->kind)) {
        return place.wrong(fmt::format("\"value\" must be a subject such as \"contract/axon\", of one of the kinds {}",
                                       all_kind_names()));
      }
      out.words = *text;
      return out;
    }
  }
  return place.wrong("\"value\" is of no known type");
}

class Reader {
 public:
  Reader(std::span<const Statement> known, const AgencyId& agency, Timestamp now, Acts acts)
      : agency_(agency), now_(now), today_(day_of(now)), acts_(acts) {
    for (const Statement& statement : known) keep(statement);
  }

  Result<Batch> read(const Json& file) {
    const Place whole;
    if (!file.object()) return whole.wrong("The file must be a JSON object");
    TRY(require_members(*file.object(), whole.text, kFileMembers));
    if (TRY(text_of(file, "format", whole)) != kFormat) {
      return whole.wrong(fmt::format("\"format\" must be \"{}\"", kFormat));
    }
    recorded_on_ = TRY(day_member(file, "recorded_on", today_, whole));
    TRY(read_sources(file));
    const Json* list = file.find("statements");
    if (!list || !list->array()) return whole.wrong("\"statements\" must be a list");
    if (list->array()->size() > kStatementsOfFileMax) {
      return fail(Code::kTooLarge, fmt::format("A file has at most {} statements: divide it", kStatementsOfFileMax));
    }
    for (std::size_t i = 0; i < list->array()->size(); ++i) TRY(read_entry((*list->array())[i], i + 1));
    if (by_id_.size() > kStatementsOfAgencyMax) {
      return fail(Code::kTooLarge, fmt::format("An agency has at most {} statements", kStatementsOfAgencyMax));
    }
    TRY(check_complete());
    Program all;
    all.subjects = subjects_;
    TRY(check_bargaining(all, batch_.added));
    TRY(check_measures(all, batch_.added));
    return std::move(batch_);
  }

 private:
  void keep(const Statement& statement) {
    by_id_.emplace(statement.id, &statement);
    if (!statement.name.empty()) by_name_.emplace(statement.name, &statement);
    subjects_[statement.subject][statement.field].add(statement);
  }

  Result<Source> read_source(const Json& given, const Place& place) {
    if (!given.object()) return place.wrong("a source must be an object with \"by\", \"where\" and \"on\"");
    TRY(require_members(*given.object(), place.text, kSourceMembers));
    Source out;
    out.by = TRY(text_of(given, "by", place));
    out.where = TRY(text_of(given, "where", place));
    const auto on = TRY(day_member(given, "on", today_, place));
    if (out.by.empty() || out.where.empty() || !on) {
      return place.wrong(
          "a source must have \"by\" (who said it), \"where\" (a document or address) and \"on\" (the day)");
    }
    out.on = *on;
    return out;
  }

  Result<void> read_sources(const Json& file) {
    const Json* given = file.find("sources");
    if (!given) return {};
    if (!given->object()) return Place().wrong("\"sources\" must be an object of sources by name");
    for (const auto& [name, source] : *given->object()) {
      sources_[name] = TRY(read_source(source, {fmt::format("Source \"{}\"", printable(name))}));
    }
    return {};
  }

  Result<Source> source_of(const Json& entry, const Place& place) {
    const Json* given = entry.find("source");
    if (!given)
      return place.wrong("\"source\" is missing: name one of \"sources\", or write who said it, where and when");
    Source out;
    if (const std::string* name = given->string()) {
      const auto found = sources_.find(*name);
      if (found == sources_.end()) {
        return place.wrong(fmt::format("\"sources\" has no \"{}\": add it there", printable(*name)));
      }
      out = found->second;
    } else {
      out = TRY(read_source(*given, place));
    }
    if (const std::string by = TRY(text_of(entry, "by", place)); !by.empty()) out.by = by;
    if (const auto on = TRY(day_member(entry, "on", today_, place))) out.on = *on;
    return out;
  }

  // The statement that a relation is to.
  Result<void> read_relation(const Json& entry, Statement& statement, const Place& place) {
    for (const Relation relation : kRelations) {
      const std::string_view word = relation_name(relation);
      const std::string target = TRY(text_of(entry, word, place));
      if (target.empty()) continue;
      if (statement.relation != Relation::kNone) {
        return place.wrong("a statement corrects, updates, contradicts or chooses one other, and does one of the four");
      }
      const auto by_name = by_name_.find(target);
      const auto by_id = by_id_.find(target);
      const Statement* about = by_name != by_name_.end() ? by_name->second
                               : by_id != by_id_.end()   ? by_id->second
                                                         : nullptr;
      if (!about || about->subject != statement.subject || about->field != statement.field) {
        return place.wrong(fmt::format("\"{}\" must name an earlier statement of the same field, and \"{}\" is none",
                                       word, printable(target)));
      }
      statement.relation = relation;
      statement.about = about->id;
    }
    return {};
  }

  Result<void> check_relation(const Statement& statement, const FieldRow& row, const Place& place) {
    const Field& field = subjects_[statement.subject][statement.field];
    const auto open = std::ranges::count_if(field.all, is_open);
    if (statement.relation == Relation::kNone) {
      if (open == 0 || row.times == Times::kMany) return {};
      const Statement* standing = field.standing();
      return place.wrong(
          fmt::format("this is stated already, as {}: say by \"corrects\", \"updates\" or \"contradicts\" how the two "
                      "stand to each other (\"{}\")",
                      standing && standing->value ? to_json(value_json(*standing->value)) : "another value",
                      standing ? (standing->name.empty() ? standing->id : standing->name) : ""));
    }
    const auto target =
        std::ranges::find_if(field.all, [&](const Said& said) { return said.statement->id == statement.about; });
    if (target == field.all.end() || !is_open(*target)) {
      return place.wrong(fmt::format("what it {} counts no more: speak of the statement that stands",
                                     relation_name(statement.relation)));
    }
    if (statement.relation == Relation::kChooses && open < 2) {
      return place.wrong("nothing contradicts what it chooses: leave the choice out");
    }
    if (known_from(statement, Follows::kRecordedOn) < known_from(*target->statement, Follows::kRecordedOn)) {
      return place.wrong("it is recorded earlier than the statement that it speaks of: correct \"recorded_on\"");
    }
    return {};
  }

  Result<void> read_entry(const Json& entry, std::size_t number) {
    Place place{fmt::format("Statement {}", number)};
    if (!entry.object()) return place.wrong("it must be an object");
    Statement out;
    const std::string subject = TRY(text_of(entry, "subject", place));
    out.field = TRY(text_of(entry, "field", place));
    place.text = fmt::format("Statement {} ({} {})", number, printable(subject), printable(out.field));
    TRY(require_members(*entry.object(), place.text, kMembers));
    const auto name = parse_subject(subject);
    if (!name || !is_kind(name->kind)) {
      return place.wrong(fmt::format(
          "\"subject\" must be a kind and a name of a-z, 0-9 and \"-\", such as \"payment/1\"; kinds are {}",
          all_kind_names()));
    }
    out.subject = *name;
    const FieldRow* row = find_field(name->kind, out.field);
    if (!row)
      return place.wrong(fmt::format("a {} has no such field; it has {}", name->kind, field_names_of(name->kind)));
    out.name = TRY(text_of(entry, "name", place));
    if (out.name.size() > kNameBytesMax)
      return place.wrong(fmt::format("\"name\" must be at most {} bytes", kNameBytesMax));
    // A relation names either: were a name another statement's id, the same file would read otherwise the second time.
    if (out.name.size() == kIdDigits && parse_hex(out.name))
      return place.wrong("\"name\" has the form of an id: choose another, or take it away");
    out.source = TRY(source_of(entry, place));
    out.is_approximate = TRY(flag_of(entry, "approximate", place));
    out.is_assumed = TRY(flag_of(entry, "assumption", place));
    out.reason = TRY(text_of(entry, "reason", place));
    out.recorded_on = TRY(day_member(entry, "recorded_on", today_, place));
    if (!out.recorded_on) out.recorded_on = recorded_on_;
    if (out.recorded_on && *out.recorded_on < out.source.on) {
      return place.wrong(fmt::format("it is recorded on {}, before it was said on {}: correct one of the two",
                                     day_text(*out.recorded_on), day_text(out.source.on)));
    }
    out.recorded_at = now_;
    TRY(read_relation(entry, out, place));
    const Json* value = entry.find("value");
    const bool chooses = out.relation == Relation::kChooses;
    if (chooses == (value != nullptr)) {
      return place.wrong(chooses ? "a choice has no \"value\": it has that of the statement that it chooses"
                                 : "\"value\" is missing");
    }
    if (value) out.value = TRY(read_value(*value, *row, now_, place));
    const bool needs_reason = out.is_assumed || out.relation == Relation::kCorrects || chooses;
    if (needs_reason && out.reason.empty()) {
      return place.wrong("\"reason\" is missing: a correction, a choice and an assumption say why");
    }
    Json::Object content = content_of(out);
    content.emplace("agency", agency_.text());
    out.id = hex(crypto::sha256(as_bytes(canonical(Json(std::move(content)))))).substr(0, kIdDigits);
    if (by_id_.contains(out.id)) {
      ++batch_.already;
      return {};
    }
    if (by_name_.contains(out.name)) {
      return place.wrong(
          fmt::format("\"name\" {} is another statement's: choose another, or take it away", printable(out.name)));
    }
    TRY(check_relation(out, *row, place));
    TRY(check_act(out, place));
    batch_.added.push_back(std::move(out));
    keep(batch_.added.back());
    return {};
  }

  // What has a rule of its own wherever it comes from: acts, and days that are over.
  Result<void> check_act(const Statement& statement, const Place& place) const {
    if (statement.subject.kind == kGateWaiver && acts_ == Acts::kRefused) {
      return place.wrong("a gate is waived by somebody who may, signed in, and not by a file");
    }
    if (statement.subject.kind != kPhase || statement.field != "started_on" || !statement.value) return {};
    if (statement.subject.slug == kCheckOut) return place.wrong("handing out a camera is no phase that begins");
    if (today_.number < statement.value->low) {
      return place.wrong("\"value\" is a day to come: state it when the phase has begun");
    }
    return {};
  }

  // What the table requires of the subjects that the file speaks of; and no two payments are the same one.
  Result<void> check_complete() {
    for (const Statement& statement : batch_.added) {
      const Fields& fields = subjects_[statement.subject];
      for (const FieldRow& row : all_fields()) {
        if (row.kind != statement.subject.kind || row.need != Need::kRequired) continue;
        if (fields.find(row.field) == fields.end()) {
          return Place().wrong(
              fmt::format("{} has no {}: state it ({})", statement.subject.text(), row.field, row.meaning));
        }
      }
    }
    std::map<std::pair<std::string, std::int64_t>, SubjectName> lines;
    for (const auto& [subject, fields] : subjects_) {
      if (subject.kind != kPayment) continue;
      const auto standing = [&fields = fields](std::string_view name) -> const Statement* {
        const auto found = fields.find(name);
        return found == fields.end() ? nullptr : found->second.standing();
      };
      const Statement *contract = standing("contract"), *n = standing("n");
      if (!contract || !n) continue;
      const auto [other, is_new] = lines.emplace(std::pair(contract->value->words, n->value->low), subject);
      if (!is_new) {
        return Place().wrong(fmt::format("{} and {} are both payment {} of {}: number one of them otherwise",
                                         other->second.text(), subject.text(), n->value->low, contract->value->words));
      }
    }
    return {};
  }

  const AgencyId agency_;
  const Timestamp now_;
  const Day today_;
  const Acts acts_;
  std::optional<Day> recorded_on_;
  std::map<std::string, Source, std::less<>> sources_;
  std::map<std::string, const Statement*, std::less<>> by_id_, by_name_;
  std::map<SubjectName, Fields> subjects_;
  Batch batch_;
};

}  // namespace

Json::Object content_of(const Statement& statement) {
  Json::Object out = {
      {"approximate", statement.is_approximate ? "1" : "0"},
      {"assumption", statement.is_assumed ? "1" : "0"},
      {"field", statement.field},
      {"kind", statement.subject.kind},
      {"said_by", statement.source.by},
      {"said_on", std::to_string(statement.source.on.number)},
      {"said_where", statement.source.where},
      {"slug", statement.subject.slug},
  };
  const auto put = [&](const char* name, std::string text) {
    if (!text.empty()) out.emplace(name, std::move(text));
  };
  put("about", statement.about);
  put("name", statement.name);
  put("reason", statement.reason);
  put("relation", std::string(relation_name(statement.relation)));
  if (statement.recorded_on) put("recorded_on", std::to_string(statement.recorded_on->number));
  if (statement.value) {
    put("low", std::to_string(statement.value->low));
    put("high", std::to_string(statement.value->high));
    put("type", std::string(type_name(statement.value->type)));
    put("words", statement.value->words);
  }
  return out;
}

Result<Batch> read_file(const Json& file, std::span<const Statement> known, const AgencyId& agency, Timestamp now,
                        Acts acts) {
  return Reader(known, agency, now, acts).read(file);
}

}  // namespace lapel::program
