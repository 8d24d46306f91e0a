// SPDX-License-Identifier: Apache-2.0
#pragma once
// Strong ids: 16 random bytes, written as 32 lower-case hex (ledger.md: never derived, never time-ordered).
//
// Owns: the id types. A recording, person, device, dock, camera system or share is a *subject* of the ledger: its id is the subject.
// Promises: ids of different kinds do not convert into each other, except a subject's kind into SubjectId.
// Fails with: std::nullopt where text is not an id.
// Threads: values. New ids come from crypto/random.h.

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace lapel {

struct SubjectTag;

template <typename Tag, bool kIsSubject = false>
class Id {
 public:
  Id() = default;  // all zero: "none"; never a real id
  explicit Id(ByteArray<16> bytes) : bytes_(bytes) {}

  static std::optional<Id> parse(std::string_view text) {
    const auto bytes = parse_hex_array<16>(text);
    return bytes ? std::optional<Id>(Id(*bytes)) : std::nullopt;
  }

  const ByteArray<16>& bytes() const { return bytes_; }
  std::string text() const { return hex(bytes_); }
  explicit operator bool() const { return bytes_ != ByteArray<16>{}; }

  operator Id<SubjectTag>() const requires kIsSubject { return Id<SubjectTag>(bytes_); }

  friend bool operator==(const Id&, const Id&) = default;
  friend auto operator<=>(const Id&, const Id&) = default;

 private:
  ByteArray<16> bytes_{};
};

using SubjectId = Id<SubjectTag>;
using RecordingId = Id<struct RecordingTag, true>;
using PersonId = Id<struct PersonTag, true>;
using DeviceId = Id<struct DeviceTag, true>;
using DockId = Id<struct DockTag, true>;
using CameraSystemId = Id<struct CameraSystemTag, true>;
using ShareId = Id<struct ShareTag, true>;
using FileRequestId = Id<struct FileRequestTag, true>;
using AgencyId = Id<struct AgencyTag>;
using UploadId = Id<struct UploadTag>;
using ViewId = Id<struct ViewTag>;
using ShareViewId = Id<struct ShareViewTag>;
using ActId = Id<struct ActTag>;
using TokenId = Id<struct TokenTag>;
using UnitId = Id<struct UnitTag>;
using CaseId = Id<struct CaseTag>;
using CategoryId = Id<struct CategoryTag>;
using AssignmentId = Id<struct AssignmentTag>;
using FactorId = Id<struct FactorTag>;
using RenditionId = Id<struct RenditionTag>;
using HoldId = Id<struct HoldTag>;
using ProposalId = Id<struct ProposalTag>;

}  // namespace lapel

template <typename Tag, bool kIsSubject>
struct std::hash<lapel::Id<Tag, kIsSubject>> {
  std::size_t operator()(const lapel::Id<Tag, kIsSubject>& id) const {
    return std::hash<std::string_view>{}(lapel::as_text(id.bytes()));
  }
};
