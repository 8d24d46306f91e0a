// SPDX-License-Identifier: Apache-2.0
// One request's bytes: hashed, written, and told of only when they are durable.
#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/problems.h"
#include "intake/uploads.h"

namespace lapel::intake {
namespace {

constexpr std::size_t kBounceBytes = limits::kMiB;

}  // namespace

Result<void> Writer::write(std::span<std::uint8_t> bytes) {
  CHECK(!is_discarded_);
  if (bytes.size() > upload_.length - position_) {
    return fail(problems::kUploadTooLong,
                fmt::format("The upload is {} bytes long; these bytes go beyond it", upload_.length));
  }
  auto taken = take(bytes);
  // The hash may know of bytes that the file lacks, and a sync that failed is not asked again: what was durable before is the end.
  if (!taken) discard();
  return taken;
}

Result<void> Writer::take(std::span<std::uint8_t> bytes) {
  hash_.update(bytes);
  if (file_->alignment() == 1) {
    TRY(file_->write_at(position_, bytes));
    position_ += bytes.size();
  } else {
    TRY(write_aligned(bytes));
  }
  const bool is_long = position_ - upload_.offset >= limits::kUploadCheckpointBytes;
  if (is_long && !holds_back_ && position_ < upload_.length) {
    TRY(make_durable());
  }
  return {};
}

Result<void> Writer::write_aligned(ByteView bytes) {
  const std::size_t block = file_->alignment();
  // The common case: at a block's border with an aligned buffer, straight from the network's buffer to the disk.
  const bool is_aligned = reinterpret_cast<std::uintptr_t>(bytes.data()) % block == 0;
  if (tail_bytes_ == 0 && is_aligned && bytes.size() >= block) {
    const std::size_t whole = bytes.size() / block * block;
    TRY(file_->write_at(position_, bytes.first(whole)));
    position_ += whole;
    bytes = bytes.subspan(whole);
  }
  if (tail_bytes_ + bytes.size() > bounce_bytes_) grow_bounce(kBounceBytes);
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), bounce_bytes_ - tail_bytes_);
    std::memcpy(bounce_.get() + tail_bytes_, bytes.data(), count);
    const std::size_t filled = tail_bytes_ + count;
    const std::size_t whole = filled / block * block;
    if (whole > 0) {
      TRY(file_->write_at(position_ - tail_bytes_, ByteView(bounce_.get(), whole)));
      std::memmove(bounce_.get(), bounce_.get() + whole, filled - whole);
    }
    tail_bytes_ = filled - whole;
    position_ += count;
    bytes = bytes.subspan(count);
  }
  return {};
}

// Most uploads only ever bounce what is left of their last block: a large buffer for each would be most of their memory.
void Writer::grow_bounce(std::size_t bytes) {
  CHECK(bytes % file_->alignment() == 0);
  if (bytes <= bounce_bytes_) return;
  std::unique_ptr<std::uint8_t[], AlignedFree> grown(
      static_cast<std::uint8_t*>(::operator new[](bytes, std::align_val_t{os::kDirectAlignmentBytes})));
  if (tail_bytes_ > 0) std::memcpy(grown.get(), bounce_.get(), tail_bytes_);
  bounce_ = std::move(grown);
  bounce_bytes_ = bytes;
}

// Data first, then the row that tells of it: never the other way round.
Result<void> Writer::make_durable() {
  // Nothing new. A partial upload that has all its bytes may be being joined just now: its file is not touched again.
  if (position_ == upload_.offset) return {};
  if (tail_bytes_ > 0) {
    const std::size_t block = file_->alignment();
    std::memset(bounce_.get() + tail_bytes_, 0, block - tail_bytes_);
    TRY(file_->write_at(position_ - tail_bytes_, ByteView(bounce_.get(), block)));
  }
  TRY(file_->truncate(position_));
  TRY(file_->sync_data());
  // The file's name, before anything is told of what is in it.
  if (upload_.offset == 0) TRY(uploads_.directory_sync_.run());

  Upload next = upload_;
  next.offset = position_;
  next.midstate = hash_.midstate();
  if (position_ == upload_.length) {
    next.sha256 = crypto::Sha256(hash_).finish();
    next.received_at = uploads_.parts_.clock.now();
    next.state = State::kSealing;
    if (next.declared_sha256 && next.declared_sha256 != next.sha256) {
      next.state = State::kRefused;
      next.reason = fmt::format("The file's SHA-256 is {}, not the {} that was declared", hex(*next.sha256),
                                hex(*next.declared_sha256));
    }
    // A partial upload waits, whole, for the final one.
    if (next.kind == Kind::kPartial && next.state == State::kSealing) next.state = State::kReceiving;
  }
  std::optional<std::string> sha256;
  if (next.sha256) sha256 = hex(*next.sha256);
  const db::Params row = {{"offset", next.offset},   {"midstate", next.midstate},
                          {"sha256", sha256},        {"state", state_name(next.state)},
                          {"reason", next.reason},   {"received", next.received_at.us},
                          {"id", next.id.text()},    {"old_offset", upload_.offset},
                          {"writer", upload_.writer}};
  const auto swap = [&row](db::Transaction& tx) -> Result<void> {
    const std::int64_t swapped =
        TRY(tx.run("UPDATE uploads SET offset_bytes = :offset, midstate = :midstate, sha256 = :sha256, state = :state, "
                   "reason = :reason, received_us = :received "
                   "WHERE id = :id AND offset_bytes = :old_offset AND writer = :writer AND state = 'receiving'",
                   row));
    if (swapped != 1) return fail(problems::kUploadLocked, "Another request has taken this upload over");
    return {};
  };
  TRY(uploads_.parts_.database.write(swap));
  upload_ = std::move(next);
  return {};
}

Result<Upload> Writer::finish() {
  if (!is_discarded_) {
    TRY(make_durable());
  }
  if (upload_.state == State::kSealing) {
    lock_.reset();  // the sealer takes it next
    uploads_.sealer_->nudge();
  }
  return upload_;
}

void Writer::discard() {
  is_discarded_ = true;
}

}  // namespace lapel::intake
