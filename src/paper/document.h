// SPDX-License-Identifier: Apache-2.0
#pragma once
// A report as its readers see it, before it is a file of any kind: headings, paragraphs, tables and bars.
//
// Owns: Document and its parts.
// Promises: a chart always has the table that says the same, so that whoever cannot see it, or prints it badly, loses nothing.
// Fails with: nothing.
// Threads: values.

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/day.h"

namespace lapel::paper {

struct Heading {
  std::string words;
};

enum class Tone { kPlain, kQuiet };
struct Paragraph {
  std::string words;
  Tone tone = Tone::kPlain;
};

enum class Align { kStart, kEnd };  // numbers stand at the end
struct Column {
  std::string title;
  Align align = Align::kStart;
};
struct Table {
  std::string caption;
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  // each as long as `columns`
};

// What tells the parts of a bar from one another without a color.
enum class Fill { kSolid, kLight, kHatched };
struct Part {
  std::int64_t value = 0;  // not negative; in whatever all bars of the chart are counted in
  Fill fill = Fill::kSolid;
};
struct Bar {
  std::string label;
  std::vector<Part> parts;
  std::string shown;  // its value in words, beside it
};
struct Bars {
  std::string caption;
  std::vector<std::pair<Fill, std::string>> legend;  // empty where all parts are of one kind
  std::vector<Bar> bars;
  Table twin;
};

using Block = std::variant<Heading, Paragraph, Table, Bars>;

struct Document {
  std::string agency, title;
  Day as_of, made_on;
  std::string made_by;
  std::vector<std::string> marks;  // over every page: "DRAFT", "SUPERSEDED"
  std::vector<Block> blocks;
};

// Under the title: whose it is, of which day, who made it.
inline std::string head_of(const Document& document) {
  return document.agency + " · as of " + day_text(document.as_of) + " · made on " + day_text(document.made_on) +
         " by " + document.made_by;
}

}  // namespace lapel::paper
