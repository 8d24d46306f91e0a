// SPDX-License-Identifier: Apache-2.0
#pragma once
// The forms in which a report is handed out.
//
// Owns: their names, and what a client is told that each is.
// Promises: a form is made of the document and of nothing else.
// Fails with: what the writers of paper/ fail with; std::nullopt for a name that is no form.
// Threads: pure functions.

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "paper/document.h"

namespace lapel::program {

enum class Paper { kHtml, kPdf, kCsv };
inline constexpr std::array kPapers = {Paper::kCsv, Paper::kHtml, Paper::kPdf};
std::string_view paper_name(Paper paper);  // "html": also the end of a file's name
std::optional<Paper> parse_paper(std::string_view name);
std::string_view paper_type(Paper paper);  // as HTTP names it

Result<std::string> make_paper(Paper paper, const paper::Document& document);

}  // namespace lapel::program
