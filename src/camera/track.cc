// SPDX-License-Identifier: Apache-2.0
#include "camera/track.h"

namespace lapel::camera {
namespace {

constexpr std::size_t kBeforeMax = 10'000;  // sentences

}  // namespace

Result<void> Track::add(os::Disk& disk, const std::string& sentence, std::int64_t us) {
  before_.emplace_back(us, sentence);
  if (!path_.empty()) {
    while (!before_.empty()) {
      const std::string next = std::move(before_.front().second);
      before_.pop_front();
      TRY(write(disk, next));
    }
    return {};
  }
  while (!before_.empty() && (before_.front().first < us - keep_us_ || before_.size() > kBeforeMax))
    before_.pop_front();
  return {};
}

void Track::begin(os::Path path, std::int64_t from_us) {
  path_ = std::move(path);
  while (!before_.empty() && before_.front().first < from_us) before_.pop_front();
}

Result<void> Track::write(os::Disk& disk, const std::string& sentence) {
  if (!file_) {
    file_ = TRY(disk.open(path_, os::OpenMode::kCreate));
    TRY(disk.sync_directory(path_.parent_path()));
  }
  const std::string line = sentence + "\r\n";
  TRY(file_->write_at(bytes_, as_bytes(line)));
  hash_.update(as_bytes(line));
  bytes_ += line.size();
  return {};
}

Result<void> Track::sync() {
  return file_ ? file_->sync_data() : Result<void>{};
}

Result<std::optional<Digest>> Track::end() {
  path_.clear();
  if (!file_) return std::nullopt;
  auto synced = file_->sync_data();
  file_.reset();
  const Digest digest = hash_.finish();
  hash_ = crypto::Sha256();
  bytes_ = 0;
  if (!synced) return fail(synced.error());
  return digest;
}

}  // namespace lapel::camera
