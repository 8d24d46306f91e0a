// SPDX-License-Identifier: Apache-2.0
#pragma once
// A document as a table of its facts, a line each: RFC 4180.
//
// Owns: the columns section, table, row, column, value.
// Promises: every line has five cells. A cell that a spreadsheet would run as a formula has an apostrophe before it.
// Fails with: nothing.
// Threads: pure functions.

#include <span>
#include <string>
#include <string_view>

#include "paper/document.h"

namespace lapel::paper {

std::string csv_cell(std::string_view text);
std::string csv_line(std::span<const std::string> cells);  // with CR LF

// Bars are their table.
std::string to_csv(const Document& document);

}  // namespace lapel::paper
