// SPDX-License-Identifier: Apache-2.0
#include "training/diff.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"

namespace lapel::training {
namespace {

// Beyond it the whole of both is told as exchanged: a table of this many cells is made at most.
constexpr std::size_t kCellsMax = 4'000'000;

bool is_gap(char c) {
  return c == ' ' || c == '\n';
}

// Words, and what stands between them, by turns.
std::vector<std::string_view> tokens(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const bool gap = is_gap(text.front());
    std::size_t end = 1;
    while (end < text.size() && is_gap(text[end]) == gap) ++end;
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

void add(std::vector<Piece>& out, Change change, std::string_view text) {
  if (text.empty()) return;
  if (!out.empty() && out.back().change == change) {
    out.back().text += text;
  } else {
    out.push_back({change, std::string(text)});
  }
}

// Words that went and came with nothing but gaps between them are one exchange: "[-traffic stop-]{+contact+}", not a word at a time.
std::vector<Piece> gathered(const std::vector<Piece>& pieces) {
  std::vector<Piece> out;
  std::string removed, added;
  const auto flush = [&] {
    add(out, Change::kRemoved, std::exchange(removed, {}));
    add(out, Change::kAdded, std::exchange(added, {}));
  };
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    const bool is_between = piece.change == Change::kSame && std::ranges::all_of(piece.text, is_gap) &&
                            !(removed.empty() && added.empty()) && i + 1 < pieces.size();
    if (piece.change == Change::kRemoved || is_between) removed += piece.text;
    if (piece.change == Change::kAdded || is_between) added += piece.text;
    if (piece.change != Change::kSame || is_between) continue;
    flush();
    add(out, Change::kSame, piece.text);
  }
  flush();
  return out;
}

std::string setting_words(const std::optional<ClauseSetting>& setting) {
  return setting ? fmt::format("{} is {}", setting->name, setting->value) : "no setting";
}

std::string joined(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : ", ") + item;
  return out.empty() ? "none" : out;
}

ClauseChange compare(const Clause& before, const Clause& after) {
  ClauseChange out{after.key,
                   Change::kSame,
                   changed_words(before.heading, after.heading),
                   changed_words(before.text, after.text),
                   {}};
  if (before.setting != after.setting) {
    out.mapping =
        fmt::format("Enforced by: was {}, now {}", setting_words(before.setting), setting_words(after.setting));
  }
  if (before.items != after.items) {
    out.mapping += fmt::format("{}Checklist: was {}, now {}", out.mapping.empty() ? "" : ". ", joined(before.items),
                               joined(after.items));
  }
  if (before != after) out.change = Change::kChanged;
  return out;
}

ClauseChange whole(const Clause& clause, Change change) {
  return {clause.key, change, {{change, clause.heading}}, {{change, clause.text}}, {}};
}

}  // namespace

std::string_view change_name(Change change) {
  switch (change) {
    case Change::kSame:
      return "same";
    case Change::kAdded:
      return "added";
    case Change::kRemoved:
      return "removed";
    case Change::kChanged:
      return "changed";
  }
  CHECK(false);
}

std::vector<Piece> changed_words(const std::string& before, const std::string& after) {
  std::vector<std::string_view> a = tokens(before), b = tokens(after);
  std::vector<Piece> out;
  // What is alike at both ends needs no table.
  const auto [first_a, first_b] = std::ranges::mismatch(a, b);
  const auto begun = static_cast<std::size_t>(first_a - a.begin());
  std::size_t ended = 0;
  while (ended < std::min(a.size(), b.size()) - begun && a[a.size() - 1 - ended] == b[b.size() - 1 - ended]) ++ended;
  for (std::size_t i = 0; i < begun; ++i) add(out, Change::kSame, a[i]);
  const std::size_t rows = a.size() - begun - ended, columns = b.size() - begun - ended;
  if (rows * columns > kCellsMax) {
    for (std::size_t i = 0; i < rows; ++i) add(out, Change::kRemoved, a[begun + i]);
    for (std::size_t j = 0; j < columns; ++j) add(out, Change::kAdded, b[begun + j]);
  } else {
    // The longest common run of words from (i, j) on.
    std::vector<std::uint32_t> longest((rows + 1) * (columns + 1), 0);
    const auto at = [&](std::size_t i, std::size_t j) -> std::uint32_t& { return longest[i * (columns + 1) + j]; };
    for (std::size_t i = rows; i-- > 0;) {
      for (std::size_t j = columns; j-- > 0;) {
        at(i, j) = a[begun + i] == b[begun + j] ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
      }
    }
    for (std::size_t i = 0, j = 0; i < rows || j < columns;) {
      if (i < rows && j < columns && a[begun + i] == b[begun + j]) {
        add(out, Change::kSame, a[begun + i++]);
        ++j;
      } else if (i < rows && (j == columns || at(i + 1, j) >= at(i, j + 1))) {
        add(out, Change::kRemoved, a[begun + i++]);
      } else {
        add(out, Change::kAdded, b[begun + j++]);
      }
    }
  }
  for (std::size_t i = a.size() - ended; i < a.size(); ++i) add(out, Change::kSame, a[i]);
  return gathered(out);
}

std::vector<ClauseChange> changed_clauses(const VersionText& before, const VersionText& after) {
  std::vector<ClauseChange> out;
  const auto has = [](const VersionText& text, const std::string& key) {
    return std::ranges::any_of(text.clauses, [&](const Clause& clause) { return clause.key == key; });
  };
  auto old = before.clauses.begin();
  // What went is told before whatever came after it.
  const auto take_removed = [&] {
    for (; old != before.clauses.end() && !has(after, old->key); ++old) out.push_back(whole(*old, Change::kRemoved));
  };
  for (const Clause& clause : after.clauses) {
    take_removed();
    const auto was = std::ranges::find_if(before.clauses, [&](const Clause& each) { return each.key == clause.key; });
    out.push_back(was == before.clauses.end() ? whole(clause, Change::kAdded) : compare(*was, clause));
    if (old != before.clauses.end() && old->key == clause.key) ++old;
  }
  // The rest, of which some may stand elsewhere now.
  for (; old != before.clauses.end(); ++old) {
    if (!has(after, old->key)) out.push_back(whole(*old, Change::kRemoved));
  }
  return out;
}

}  // namespace lapel::training
