// SPDX-License-Identifier: Apache-2.0
#pragma once
// One checkpoint extending another: a smaller one that somebody kept, and the ledger's proof that nothing in it was changed.
//
// Owns: the text of a consistency proof with its larger checkpoint, as C2SP tlog-witness sends it, and its verification.
// Promises: strict: one text for one proof, no bytes left over. Nothing is believed of either checkpoint but what the key signed.
// Fails with: a Refusal that names the first thing that does not hold. A proof that does not hold convicts nobody.
// Threads: pure functions.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "proof/receipt.h"

namespace lapel::proof {

// "old SIZE", the path's hashes a line each, an empty line, the larger checkpoint.
struct ExtensionProof {
  std::uint64_t old_size = 0;
  std::vector<Digest> path;
  std::string checkpoint;  // a signed note, verbatim

  std::string text() const;
  static std::optional<ExtensionProof> parse(std::string_view text);
};

struct Extension {
  Checkpoint smaller, larger;
};
tl::expected<Extension, Refusal> verify_extension(std::string_view smaller_note, std::string_view proof,
                                                  const Trust& trust);

}  // namespace lapel::proof
