// SPDX-License-Identifier: Apache-2.0
#include "camera/state.h"

#include <algorithm>
#include <utility>

#include <sys/stat.h>

#include "base/json.h"
#include "base/problems.h"
#include "base/text.h"
#include "crypto/random.h"

namespace lapel::camera {
namespace {

constexpr std::string_view kFormat = "lapel-camera-state/1";
constexpr std::string_view kIdentityFile = "camera.json";
constexpr std::string_view kKeyFile = "signing_key";
constexpr std::string_view kCardFile = "lapel-camera.json";
constexpr std::size_t kIdentityBytesMax = 4'096;

// 32 bytes as a line of hex.
Result<ByteArray<32>> read_secret(os::Disk& disk, const os::Path& path) {
  const auto file = TRY(disk.open(path, os::OpenMode::kRead));
  struct ::stat status;
  if (file->descriptor() >= 0 && (::fstat(file->descriptor(), &status) != 0 || (status.st_mode & 0077) != 0)) {
    return fail(problems::kWeakFile, "The camera's key can be read by others", path.native());
  }
  Bytes bytes(65);
  if (TRY(file->size()) == bytes.size() && TRY(file->read_at(0, bytes)) == bytes.size() && bytes.back() == '\n') {
    const auto secret = parse_hex_array<32>(as_text(ByteView(bytes).first(64)));
    if (secret) return *secret;
  }
  return fail(Code::kCorrupt, "The camera's key is damaged", path.native());
}

Result<std::string> read_serial(std::string_view text, std::string_view format, const os::Path& path) {
  const auto json = parse_json(text, {kIdentityBytesMax, 4});
  const std::string* serial = json ? json->find_string("serial") : nullptr;
  const std::string* said = json ? json->find_string("format") : nullptr;
  if (!serial || !is_serial(*serial) || (!format.empty() && (!said || *said != format))) {
    return fail(Code::kCorrupt, "This file does not name a camera", path.native());
  }
  return *serial;
}

}  // namespace

bool is_serial(std::string_view text) {
  return !text.empty() && text.size() <= kSerialBytesMax && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' ||
                  c == '_';
         });
}

Result<crypto::PublicKey> init_state(os::Disk& disk, const os::Path& directory, const std::string& serial) {
  if (!is_serial(serial)) {
    return fail(Code::kInvalid, "A serial is 1 to 64 letters, digits, '-', '.' and '_', and does not begin with a dot",
                printable(serial));
  }
  TRY(os::make_directories(disk, directory));
  if (disk.stat(directory / kIdentityFile)) {
    return fail(Code::kConflict, "This directory has a camera already; its key is never overwritten",
                directory.native());
  }
  // A key without an identity is that of an init that was cut.
  if (!disk.stat(directory / kKeyFile)) {
    const std::string line = hex(crypto::random_bytes<32>()) + "\n";
    TRY(os::write_new_file(disk, directory / kKeyFile, as_bytes(line)));
  }
  const auto key = crypto::SigningKey::from_seed(TRY(read_secret(disk, directory / kKeyFile)));
  const std::string text =
      to_json(Json(Json::Object{{"format", kFormat}, {"key", hex(key.public_key())}, {"serial", serial}})) + "\n";
  TRY(os::write_new_file(disk, directory / kIdentityFile, as_bytes(text)));
  return key.public_key();
}

Result<std::unique_ptr<State>> State::open(os::Disk& disk, const os::Path& directory) {
  const auto text = os::read_file(disk, directory / kIdentityFile, kIdentityBytesMax);
  if (!text && text.error().code() == Code::kNotFound) {
    return fail(Code::kNotFound, "There is no camera in this directory; run lapel-camera init first",
                directory.native());
  }
  if (!text) return fail(text.error());
  const std::string serial = TRY(read_serial(as_text(*text), kFormat, directory / kIdentityFile));
  const auto seed = TRY(read_secret(disk, directory / kKeyFile));
  auto file = TRY(disk.open(directory / "lock", os::OpenMode::kCreateOrOpen));
  auto lock = os::FileLock::acquire(*file);
  if (!lock) return fail(Code::kBusy, "Another lapel-camera is using this directory", directory.native());
  return std::unique_ptr<State>(
      new State(directory, serial, crypto::SigningKey::from_seed(seed), std::move(file), *std::move(lock)));
}

Result<void> claim_card(os::Disk& disk, const os::Path& card, const std::string& serial) {
  TRY(os::make_directories(disk, card));
  const os::Path path = card / kCardFile;
  const auto text = os::read_file(disk, path, kIdentityBytesMax);
  if (!text && text.error().code() != Code::kNotFound) return fail(text.error());
  if (!text) {
    const std::string line = to_json(Json(Json::Object{{"serial", serial}})) + "\n";
    return os::replace_file(disk, path, as_bytes(line));  // cards have filesystems that know no links
  }
  const std::string said = TRY(read_serial(as_text(*text), {}, path));
  if (said != serial) return fail(Code::kConflict, "This card belongs to camera " + said, path.native());
  return {};
}

}  // namespace lapel::camera
