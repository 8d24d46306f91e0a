// SPDX-License-Identifier: Apache-2.0
#include "proof/receipt.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/clock.h"
#include "crypto/sha256.h"
#include "proof/tree.h"

namespace lapel::proof {
namespace {

// A path in a tree of at most 2^63-1 leaves is no longer.
constexpr std::size_t kPathMax = 63;

tl::unexpected<Refusal> refuse(std::string reason) {
  return tl::unexpected<Refusal>(Refusal{std::move(reason)});
}

bool has_keys(const Json& object, std::initializer_list<std::string_view> keys) {
  const Json::Object* members = object.object();
  return members && members->size() == keys.size() &&
         std::all_of(keys.begin(), keys.end(), [&](std::string_view key) { return members->count(key) == 1; });
}

// The statement of `extra` as the entry that the log holds, when it is one.
std::optional<std::string> statement_entry(const Json& statement) {
  std::string entry = canonical(Json::Object{{"statement", statement}, {"v", 1}});
  if (!parse_entry(entry)) return std::nullopt;
  return entry;
}

struct Head {
  ByteArray<32> blind{};
  Digest commitment{};
  std::uint64_t first = 0;
  std::uint64_t n = 0;
  std::vector<Digest> path;
};
std::optional<Head> parse_head(const Json& json) {
  if (!has_keys(json, {"blind", "commitment", "first", "n", "path"})) return std::nullopt;
  const std::string* blind = json.find_string("blind");
  const std::string* commitment = json.find_string("commitment");
  const std::int64_t* first = json.find_integer("first");
  const std::int64_t* n = json.find_integer("n");
  const Json::Array* path = json.find("path")->array();
  if (!blind || !commitment || !first || !n || !path || path->size() > kPathMax) return std::nullopt;
  const auto blind_bytes = parse_base64_array<32>(*blind);
  const auto commitment_bytes = parse_base64_array<32>(*commitment);
  if (!blind_bytes || !commitment_bytes) return std::nullopt;
  Head head{*blind_bytes, *commitment_bytes, static_cast<std::uint64_t>(*first), static_cast<std::uint64_t>(*n), {}};
  for (const Json& node : *path) {
    const auto digest = node.string() ? parse_base64_array<32>(*node.string()) : std::nullopt;
    if (!digest) return std::nullopt;
    head.path.push_back(*digest);
  }
  return head;
}

bool is_extra(const Json& extra) {
  if (has_keys(extra, {"event", "salt"})) {
    const std::string* salt = extra.find_string("salt");
    if (!salt || !parse_base64_array<32>(*salt)) return false;
    return parse_event(canonical(*extra.find("event"))).has_value();
  }
  if (has_keys(extra, {"statement"})) return statement_entry(*extra.find("statement")).has_value();
  if (!has_keys(extra, {"head", "statement"})) return false;
  const Json& statement = *extra.find("statement");
  if (!statement_entry(statement)) return false;
  if (*statement.find_string("type") != "ledger.heads") return false;
  return parse_head(*extra.find("head")).has_value();
}

// Why a well-formed statement, or an event (where `statement` is null), may not stand at this index; empty when it may.
std::string_view misplaced(const Json& statement, std::uint64_t index) {
  const std::string* type = statement.find_string("type");
  const bool is_genesis = type && *type == "ledger.genesis";
  const bool is_snapshot = type && *type == "ledger.heads";
  if (is_genesis != (index == 0)) return "A ledger begins with ledger.genesis, and has it only there";
  if (is_snapshot && static_cast<std::uint64_t>(*statement.find_integer("size")) > index) {
    return "The snapshot is of a larger tree than stood before its own statement";
  }
  return {};
}

// Whether the snapshot of `statement` names the head.
bool head_holds(const Head& head, const Json& statement) {
  Bytes entry(head.blind.begin(), head.blind.end());
  const auto n = big_endian_u64(head.n);
  entry.insert(entry.end(), n.begin(), n.end());
  entry.insert(entry.end(), head.commitment.begin(), head.commitment.end());
  const auto size = static_cast<std::uint64_t>(*statement.find_integer("size"));
  const Digest root = *parse_base64_array<32>(*statement.find_string("root"));
  return verify_inclusion(leaf_hash(entry), head.first, size, head.path, root);
}

// Why an event that says it admits a file does not; empty when it does, and for every other event.
std::string_view admission_fault(const Json& event) {
  if (*event.find_string("type") != "recording.admitted") return {};
  if (parse_admission(event)) return {};
  const Json* dock = event.find("dock");
  if (dock && !verify_dock_statement(*dock)) return "The dock's signature in it does not hold";
  return "The admission is malformed, or contradicts its dock";
}

// The event's claimed time against what witnesses saw. Rounded up, so that a hundredth too late is too late.
bool is_after_witness(const Json& event, std::int64_t witness_s) {
  const Timestamp at = *parse_ledger_time(*event.find_string("at"));
  const std::int64_t at_s = (at.us + 999'999) / 1'000'000;
  return at_s - kClockSkewMax_s > witness_s;
}

}  // namespace

std::string Receipt::text() const {
  std::string out = fmt::format("{}\nextra {}\nindex {}\n", kReceiptHeader, base64(as_bytes(canonical(extra))), index);
  for (const Digest& node : path) out += base64(node) + "\n";
  return out + "\n" + checkpoint;
}

std::optional<Receipt> Receipt::parse(std::string_view text) {
  if (text.size() > kReceiptBytesMax) return std::nullopt;
  const auto take_line = [&text]() -> std::optional<std::string_view> {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
  };
  const auto take_value = [&](std::string_view key) -> std::optional<std::string_view> {
    auto line = take_line();
    if (!line || !line->starts_with(key)) return std::nullopt;
    line->remove_prefix(key.size());
    return line;
  };

  Receipt receipt;
  if (take_line() != kReceiptHeader) return std::nullopt;
  const auto extra_text = take_value("extra ");
  const auto extra_bytes = extra_text ? parse_base64(*extra_text) : std::nullopt;
  if (!extra_bytes) return std::nullopt;
  auto extra = parse_canonical(as_text(*extra_bytes));
  if (!extra || !is_extra(*extra)) return std::nullopt;
  receipt.extra = *std::move(extra);

  const auto index_text = take_value("index ");
  const auto index = index_text ? parse_decimal(*index_text) : std::nullopt;
  if (!index) return std::nullopt;
  receipt.index = *index;

  for (;;) {
    const auto line = take_line();
    if (!line) return std::nullopt;
    if (line->empty()) break;
    const auto node = parse_base64_array<32>(*line);
    if (!node || receipt.path.size() == kPathMax) return std::nullopt;
    receipt.path.push_back(*node);
  }
  receipt.checkpoint = text;
  const auto note = Note::parse(receipt.checkpoint);
  if (!note) return std::nullopt;
  if (!Checkpoint::parse(note->text)) return std::nullopt;
  return receipt;
}

Json disclose_event(std::string_view event, const Salt& salt) {
  auto parsed = parse_event(event);
  CHECK(parsed);
  return Json::Object{{"event", *std::move(parsed)}, {"salt", base64(salt)}};
}

Json disclose_statement(const Json& statement) {
  return Json::Object{{"statement", statement}};
}

tl::expected<VerifiedReceipt, Refusal> verify_receipt(std::string_view text, const Trust& trust) {
  const auto receipt = Receipt::parse(text);
  if (!receipt) return refuse("This is not a receipt: its form is broken");
  const auto checked = check_checkpoint(receipt->checkpoint, trust.log, trust.witnesses);
  if (!checked) return refuse(fmt::format("The receipt's checkpoint is refused: {}", checked.error().reason));

  VerifiedReceipt verified;
  verified.checkpoint = checked->checkpoint;
  verified.index = receipt->index;
  verified.cosignatures = checked->cosignatures;
  verified.is_final = !trust.witnesses.empty() && checked->cosignatures.size() == trust.witnesses.size();

  // What is disclosed, as the entry that it would be.
  std::string entry;
  std::string ledger;
  if (const Json* event = receipt->extra.find("event")) {
    verified.event = *event;
    ledger = *event->find_string("ledger");
    const Salt salt = *parse_base64_array<32>(*receipt->extra.find_string("salt"));
    verified.commitment = commit(salt, canonical(*event));
    entry = private_entry(verified.commitment);
  } else {
    verified.statement = *receipt->extra.find("statement");
    ledger = *verified.statement.find_string("ledger");
    entry = *statement_entry(verified.statement);
  }
  if (ledger != trust.log.name) {
    return refuse(fmt::format("It speaks of the ledger {}, and the key is of {}", ledger, trust.log.name));
  }

  verified.leaf = leaf_hash(as_bytes(entry));
  if (!verify_inclusion(verified.leaf, receipt->index, verified.checkpoint.size, receipt->path,
                        verified.checkpoint.root)) {
    return refuse("The path does not lead from what is disclosed to the signed root: it is not in that ledger");
  }

  const std::string_view reason = misplaced(verified.statement, receipt->index);
  if (!reason.empty()) return refuse(std::string(reason));
  if (const Json* json = receipt->extra.find("head")) {
    const Head head = *parse_head(*json);
    if (!head_holds(head, verified.statement)) return refuse("The snapshot does not name this head");
    verified.head = *json;
  }
  if (!verified.event.is_null()) {
    if (const std::string_view fault = event_fault(verified.event, receipt->index); !fault.empty())
      return refuse(std::string(fault));
    if (const std::string_view fault = admission_fault(verified.event); !fault.empty())
      return refuse(std::string(fault));
    for (const Cosignature& cosignature : verified.cosignatures) {
      if (is_after_witness(verified.event, cosignature.time_s)) {
        return refuse(
            fmt::format("Its time is more than {} seconds after {} saw it", kClockSkewMax_s, cosignature.witness));
      }
    }
  }
  return verified;
}

tl::expected<VerifiedReceipt, Refusal> verify_admission(std::string_view text, const Trust& trust,
                                                        const Digest& file_sha256, std::uint64_t file_bytes) {
  auto verified = verify_receipt(text, trust);
  if (!verified) return verified;
  const auto admission = parse_admission(verified->event);
  if (!admission) return refuse("The receipt is not of the admission of a file");
  if (admission->bytes != file_bytes) {
    return refuse(fmt::format("The file has {} bytes, and the receipt is for {}", file_bytes, admission->bytes));
  }
  if (admission->sha256 != file_sha256) {
    return refuse(
        fmt::format("The file's SHA-256 is {}, and the receipt is for {}", hex(file_sha256), hex(admission->sha256)));
  }
  return verified;
}

}  // namespace lapel::proof
