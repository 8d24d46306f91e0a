// SPDX-License-Identifier: Apache-2.0
#pragma once
// A document as a PDF on letter paper, by Cairo and Pango.
//
// Owns: the look of the page: black on white, Liberation Sans where it is installed, a foot with the page's number on each page.
// Promises: the same document gives the same bytes, in one process or another, as long as the same fonts and libraries are
//   installed; its dates are the document's. Text stays text: it can be searched, copied and read out.
// Fails with: kUnavailable where there is no font at all, kInternal where Cairo cannot write.
// Threads: any; two calls share nothing.

#include <string>

#include "base/result.h"
#include "paper/document.h"

namespace lapel::paper {

Result<std::string> to_pdf(const Document& document);

}  // namespace lapel::paper
