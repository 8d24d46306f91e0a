// SPDX-License-Identifier: Apache-2.0
#include "training/version.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/shape.h"
#include "base/text.h"

namespace lapel::training {
namespace {

constexpr std::size_t kItemsMax = 20;  // of the checklist, by one clause

tl::unexpected<Error> wrong(const std::string& place, std::string_view what) {
  return fail(Code::kInvalid, fmt::format("{}: {}", place, what));
}

// Words in paragraphs: lines may end, and nothing else that is not seen.
bool is_prose(const std::string& text) {
  return is_utf8(text) && std::ranges::none_of(text, [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return (byte < 0x20 && c != '\n') || byte == 0x7f;
         });
}

Result<std::string> prose(const Json& object, std::string_view name, const std::string& place, std::size_t most) {
  const std::string* text = object.find_string(name);
  if (!text || text->empty() || text->size() > most || !is_prose(*text))
    return wrong(place, fmt::format("\"{}\" must be text of 1 to {} bytes", name, most));
  return *text;
}

Result<Clause> read_clause(const Json& json, const std::string& place) {
  const Shape shape = TRY(Shape::of(json, place, {"key", "heading", "text", "items", "setting", "says"}));
  Clause out;
  out.key = TRY(shape.text("key"));
  if (!is_key(out.key)) return wrong(place, "\"key\" must be of a-z, 0-9 and '-', beginning with a letter");
  out.heading = TRY(shape.text("heading"));
  out.text = TRY(prose(json, "text", place, kClauseBytesMax));
  if (shape.has("items")) {
    for (const Json& item : *TRY(shape.list("items", kItemsMax))) {
      if (!item.string() || !is_key(*item.string()))
        return wrong(place, "\"items\" must be keys of the checklist: lapel policy checklist names them");
      out.items.push_back(*item.string());
    }
  }
  if (shape.has("setting") != shape.has("says"))
    return wrong(place, "\"setting\" and \"says\" go together: which setting, and what the clause says that it is");
  if (shape.has("setting")) {
    const std::string name = TRY(shape.text("setting"));
    const std::string says = TRY(shape.text("says"));
    out.setting = ClauseSetting{name, says};
  }
  return out;
}

}  // namespace

bool is_key(std::string_view text) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && text.size() <= kKeyBytesMax && is_letter(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

Result<WrittenVersion> read_version(const Json& file) {
  const Shape whole = TRY(Shape::of(file, "", {"clauses", "check"}));
  WrittenVersion out;
  std::set<std::string> keys;
  for (const Json& json : *TRY(whole.list("clauses", kClausesMax))) {
    const std::string place = fmt::format("Clause {}", out.text.clauses.size() + 1);
    Clause clause = TRY(read_clause(json, place));
    if (!keys.insert(clause.key).second)
      return wrong(place, fmt::format("another clause has the key \"{}\" already", clause.key));
    out.text.clauses.push_back(std::move(clause));
  }
  if (out.text.clauses.empty()) return fail(Code::kInvalid, "A policy has at least one clause");
  if (whole.has("check")) {
    for (const Json& json : *TRY(whole.list("check", kQuestionsMax))) {
      const std::string place = fmt::format("Question {}", out.text.check.size() + 1);
      const Shape shape = TRY(Shape::of(json, place, {"question", "choices", "right"}));
      Question question;
      question.question = TRY(shape.text("question"));
      for (const Json& choice : *TRY(shape.list("choices", kChoicesMax))) {
        if (!choice.string() || choice.string()->empty() || choice.string()->size() > limits::kFieldBytesMax ||
            !is_utf8(*choice.string()) || has_control_characters(*choice.string()))
          return wrong(place, "\"choices\" must be texts on one line");
        question.choices.push_back(*choice.string());
      }
      const auto choices = static_cast<std::int64_t>(question.choices.size());
      if (choices < 2) return wrong(place, "a question has at least two choices");
      const std::int64_t right = TRY(shape.count("right", choices));
      if (right < 1) return wrong(place, "\"right\" is the number of the right choice: 1 is the first");
      out.right.push_back(right - 1);
      out.text.check.push_back(std::move(question));
    }
  }
  if (canonical_version({}, out.text).size() > kVersionBytesMax)
    return fail(Code::kTooLarge, fmt::format("The text is over {} bytes", kVersionBytesMax));
  return out;
}

std::string canonical_version(const VersionOf& of, const VersionText& text) {
  Json::Array clauses, check;
  for (const Clause& clause : text.clauses) {
    Json::Object each = {{"key", clause.key}, {"heading", clause.heading}, {"text", clause.text}};
    if (!clause.items.empty()) each.emplace("items", Json::Array(clause.items.begin(), clause.items.end()));
    if (clause.setting) {
      each.emplace("setting", clause.setting->name);
      each.emplace("says", clause.setting->value);
    }
    clauses.emplace_back(std::move(each));
  }
  for (const Question& question : text.check) {
    check.emplace_back(Json::Object{{"question", question.question},
                                    {"choices", Json::Array(question.choices.begin(), question.choices.end())}});
  }
  return canonical(Json(Json::Object{{"v", 1},
                                     {"policy", of.policy},
                                     {"number", of.number},
                                     {"clauses", std::move(clauses)},
                                     {"check", std::move(check)}}));
}

std::optional<VersionText> parse_version(std::string_view bytes) {
  const auto json = parse_canonical(bytes);
  const Json* clauses = json ? json->find("clauses") : nullptr;
  const Json* check = json ? json->find("check") : nullptr;
  if (!clauses || !clauses->array() || !check || !check->array()) return std::nullopt;
  VersionText out;
  const auto text = [](const Json& of, std::string_view name) {
    const std::string* found = of.find_string(name);
    return found ? *found : std::string();
  };
  const auto texts = [](const Json* of) {
    std::vector<std::string> found;
    if (!of || !of->array()) return found;
    for (const Json& each : *of->array()) {
      if (each.string()) found.push_back(*each.string());
    }
    return found;
  };
  for (const Json& each : *clauses->array()) {
    Clause clause{text(each, "key"), text(each, "heading"), text(each, "text"), texts(each.find("items")), {}};
    if (each.find("setting")) clause.setting = ClauseSetting{text(each, "setting"), text(each, "says")};
    out.clauses.push_back(std::move(clause));
  }
  for (const Json& each : *check->array()) out.check.push_back({text(each, "question"), texts(each.find("choices"))});
  return out;
}

std::vector<std::int64_t> judge(const std::vector<std::int64_t>& right, const std::vector<std::int64_t>& answers) {
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < right.size(); ++i) {
    if (i >= answers.size() || answers[i] != right[i]) out.push_back(static_cast<std::int64_t>(i) + 1);
  }
  return out;
}

std::string right_text(const std::vector<std::int64_t>& right) {
  std::string out;
  for (const std::int64_t each : right) out += fmt::format("{}{}", out.empty() ? "" : " ", each);
  return out;
}

std::optional<std::vector<std::int64_t>> parse_right(std::string_view text) {
  std::vector<std::int64_t> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    std::int64_t number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + end, number);
    if (error != std::errc() || stop != text.data() + end || number < 0) return std::nullopt;
    out.push_back(number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace lapel::training
