// SPDX-License-Identifier: Apache-2.0
#pragma once
// One file on its way from a camera to a receipt: what the dock knows of it, says of it and demands of it.
//
// Owns: Item and its text (docs/formats/dock.md), the dock's statement of it, and the check of its receipt.
// Promises: check_receipt() accepts a receipt only of this very file, by the pinned key, in the pinned
//   ledger, with this dock's own statement in it: nothing else lets a camera be erased.
// Fails with: kProofInvalid naming what does not hold; std::nullopt where a text is no item.
// Threads: values and pure functions.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "crypto/ed25519.h"
#include "proof/note.h"

namespace lapel::dock {

// A dock's own id of a file: random, for good.
using FileId = Id<struct FileTag>;

struct Item {
  FileId file;
  std::string path;  // under the camera's folder: any bytes but zero
  std::uint64_t bytes = 0;
  std::int64_t modified_us = 0;
  Digest sha256{};
  std::optional<std::string> serial;  // the camera's
  Timestamp copied_at;
  std::optional<Bytes>
      wrapped_key;  // what opens the copy, sealed to the agency (spool.h); none: the dock's own spool key
  // By the profile of the camera's make (takes.h); empty and as they are where none knows the name.
  std::string take;                         // files of one recording have the same
  std::int64_t part = 0;                    // its place in it
  bool is_side_car = false;                 // no footage, but of it
  std::optional<FileId> leader;             // the file that the recording is called by; none: this one
  std::optional<Timestamp> recorded_at;     // by the name; none: the file's time
  std::map<std::string, std::string> said;  // further Upload-Metadata
  std::optional<Json> statement;            // signed once, before the first upload
  std::optional<UploadId> upload;
  std::optional<RecordingId> recording;  // of a kept receipt

  std::string text() const;
  static std::optional<Item> parse(std::string_view text);
};
inline constexpr std::size_t kItemBytesMax = 64 * 1024;

// Signs what the dock says of the file. `device`: the camera, as the server knows its serial.
Json make_statement(const Item& item, const std::string& origin, const std::optional<DeviceId>& device,
                    const crypto::SigningKey& key);

// Upload-Metadata for it; its statement must be there. `group`: the recording of its leader.
std::string upload_metadata(const Item& item, const std::optional<RecordingId>& group = std::nullopt);

// The recording that the receipt names. The item's statement must be there.
Result<RecordingId> check_receipt(std::string_view receipt, const Item& item, const proof::VerifierKey& ledger,
                                  const crypto::PublicKey& dock);

// Percent-encoding of everything but letters, digits and "-._~/", and back.
std::string percent_encoded(std::string_view bytes);
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace lapel::dock
