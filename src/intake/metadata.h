// SPDX-License-Identifier: Apache-2.0
#pragma once
// Upload-Metadata, the header in which a tus client describes what it is about to send.
//
// Owns: its keys and what they mean (docs/formats and api/openapi.yaml tell clients).
// Promises: every key is there once; a value is UTF-8 without a zero byte; an unknown key is kept as it is.
// Fails with: kTusMetadata, in a sentence that names the key.
// Threads: a pure function.

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"
#include "evidence/vault.h"

namespace lapel::intake {

struct Metadata {
  evidence::Description description;
  std::optional<Digest> sha256;
  std::optional<Json> dock_statement;  // as ledger.md has it; its signature is checked by check_dock_statement
};
Result<Metadata> parse_metadata(std::string_view header);

}  // namespace lapel::intake
