// SPDX-License-Identifier: Apache-2.0
#include "proof/extension.h"

#include <fmt/format.h>

#include "proof/tree.h"

namespace lapel::proof {
namespace {

// Of a tree of at most 2^53-1 leaves: its height, and a node more where the older tree is not one of its nodes.
constexpr std::size_t kPathMax = 64;
constexpr std::string_view kOld = "old ";

tl::unexpected<Refusal> refuse(std::string reason) {
  return tl::unexpected<Refusal>(Refusal{std::move(reason)});
}

}  // namespace

std::string ExtensionProof::text() const {
  std::string out = fmt::format("{}{}\n", kOld, old_size);
  for (const Digest& node : path) out += base64(node) + "\n";
  return out + "\n" + checkpoint;
}

std::optional<ExtensionProof> ExtensionProof::parse(std::string_view text) {
  const auto take_line = [&text]() -> std::optional<std::string_view> {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
  };
  const auto first = take_line();
  if (!first || !first->starts_with(kOld)) return std::nullopt;
  const auto old_size = parse_decimal(first->substr(kOld.size()));
  if (!old_size) return std::nullopt;
  ExtensionProof proof{*old_size, {}, {}};
  for (;;) {
    const auto line = take_line();
    if (!line) return std::nullopt;
    if (line->empty()) break;
    const auto node = parse_base64_array<32>(*line);
    if (!node || proof.path.size() == kPathMax) return std::nullopt;
    proof.path.push_back(*node);
  }
  proof.checkpoint = text;
  return proof;
}

tl::expected<Extension, Refusal> verify_extension(std::string_view smaller_note, std::string_view proof_text,
                                                  const Trust& trust) {
  const auto proof = ExtensionProof::parse(proof_text);
  if (!proof) return refuse("This is no consistency proof: its form is broken");
  const auto smaller = check_checkpoint(smaller_note, trust.log, trust.witnesses);
  if (!smaller) return refuse(fmt::format("The smaller checkpoint is refused: {}", smaller.error().reason));
  const auto larger = check_checkpoint(proof->checkpoint, trust.log, trust.witnesses);
  if (!larger) return refuse(fmt::format("The proof's checkpoint is refused: {}", larger.error().reason));
  const Checkpoint& a = smaller->checkpoint;
  const Checkpoint& b = larger->checkpoint;
  if (proof->old_size != a.size) return refuse("The proof is from another size than the smaller checkpoint's");
  if (!verify_consistency(a.size, b.size, proof->path, a.root, b.root)) {
    return refuse(fmt::format("The proof does not show that size {} extends size {}", b.size, a.size));
  }
  return Extension{a, b};
}

}  // namespace lapel::proof
