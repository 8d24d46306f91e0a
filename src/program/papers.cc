// SPDX-License-Identifier: Apache-2.0
#include "program/papers.h"

#include "base/check.h"
#include "paper/csv.h"
#include "paper/html.h"
#include "paper/pdf.h"

namespace lapel::program {

std::string_view paper_name(Paper paper) {
  switch (paper) {
    case Paper::kHtml:
      return "html";
    case Paper::kPdf:
      return "pdf";
    case Paper::kCsv:
      return "csv";
  }
  CHECK(false);
}

std::optional<Paper> parse_paper(std::string_view name) {
  for (const Paper paper : kPapers) {
    if (paper_name(paper) == name) return paper;
  }
  return std::nullopt;
}

std::string_view paper_type(Paper paper) {
  switch (paper) {
    case Paper::kHtml:
      return "text/html; charset=utf-8";
    case Paper::kPdf:
      return "application/pdf";
    case Paper::kCsv:
      return "text/csv; charset=utf-8";
  }
  CHECK(false);
}

Result<std::string> make_paper(Paper paper, const paper::Document& document) {
  switch (paper) {
    case Paper::kHtml:
      return paper::to_html(document);
    case Paper::kPdf:
      return paper::to_pdf(document);
    case Paper::kCsv:
      return paper::to_csv(document);
  }
  CHECK(false);
}

}  // namespace lapel::program
