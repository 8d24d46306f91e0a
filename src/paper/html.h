// SPDX-License-Identifier: Apache-2.0
#pragma once
// A document as one page of HTML that needs nothing else and does nothing by itself.
//
// Owns: the look of the page, on screen and on paper.
// Promises: every word of a document is text and never markup. The page has no script, asks for nothing, and forbids both to
//   whatever shows it. Charts are drawn without a color.
// Fails with: nothing.
// Threads: pure functions.

#include <string>

#include "paper/document.h"

namespace lapel::paper {

std::string to_html(const Document& document);

}  // namespace lapel::paper
