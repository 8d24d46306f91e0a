// SPDX-License-Identifier: Apache-2.0
#pragma once
// Receipts: a tlog-proof whose extra discloses one event or statement (docs/formats/receipt.md).
//
// Owns: the text of a receipt and the whole of its verification.
// Promises: strict: one text for one receipt, no bytes left over. Verification needs nothing but its
// arguments. Fails with: a Refusal that names the first thing that does not hold, in plain words. Threads:
// pure functions.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"
#include "proof/entry.h"
#include "proof/note.h"

namespace lapel::proof {

inline constexpr std::size_t kReceiptBytesMax = 256 * 1024;
inline constexpr std::string_view kReceiptHeader = "c2sp.org/tlog-proof@v1";
// A claim of the server's clock may be ahead of the earliest witness by this much.
inline constexpr std::int64_t kClockSkewMax_s = 300;

struct Receipt {
  Json extra;  // {"event","salt"}, {"statement"} or {"head","statement"}
  std::uint64_t index = 0;
  std::vector<Digest> path;
  std::string checkpoint;  // the signed note, verbatim

  std::string text() const;
  // Checks the form only, of the receipt and of the checkpoint in it; extra must be one of the three objects.
  static std::optional<Receipt> parse(std::string_view text);
};

Json disclose_event(std::string_view event, const Salt& salt);
Json disclose_statement(const Json& statement);

struct Refusal {
  std::string reason;  // a sentence
};

struct Trust {
  VerifierKey log;
  std::vector<VerifierKey> witnesses;
};

struct VerifiedReceipt {
  Checkpoint checkpoint;
  std::uint64_t index = 0;
  Digest leaf{};
  Digest commitment{};                    // of an event
  Json event;                             // null for a statement
  Json statement;                         // null for an event
  Json head;                              // of a head proof, whose statement is ledger.heads; else null
  std::vector<Cosignature> cosignatures;  // by the witnesses of Trust; empty: sealed only
  bool is_final = false;                  // every witness given (at least one) has cosigned
};
tl::expected<VerifiedReceipt, Refusal> verify_receipt(std::string_view text, const Trust& trust);

// As above, and it is the admission (recording.admitted, n = 0) of a file with this digest and length.
tl::expected<VerifiedReceipt, Refusal> verify_admission(std::string_view text, const Trust& trust,
                                                        const Digest& file_sha256, std::uint64_t file_bytes);

}  // namespace lapel::proof
