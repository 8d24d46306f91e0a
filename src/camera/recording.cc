// SPDX-License-Identifier: Apache-2.0
#include "camera/recording.h"

#include <algorithm>
#include <utility>

namespace lapel::camera {
namespace {

constexpr std::size_t kLeftoverChunkBytes = 1 << 20;

}  // namespace

Result<std::unique_ptr<Recording>> Recording::open(os::Disk& disk, const crypto::SigningKey& key,
                                                   const Witness& witness, Start start, const AVCodecContext& pictures,
                                                   const AVCodecContext* sound) {
  auto out = std::unique_ptr<Recording>(new Recording(disk, witness, key, std::move(start)));
  out->muxer_ = TRY(Muxer::open(pictures, sound));
  out->held_.reset(av_packet_alloc());
  return out;
}

std::int64_t Recording::media_ms(std::int64_t source_us) const {
  return std::max<std::int64_t>(source_us - start_.begin_us, 0) / 1000;
}

Result<void> Recording::add_held(std::int64_t lasts_us) {
  if (!has_held_) return {};
  has_held_ = false;
  const std::int64_t us = held_->pts;
  media_end_us_ = std::max(media_end_us_, us + lasts_us);
  auto added = muxer_->add(*held_, Muxer::Track::kPictures, us, lasts_us);
  av_packet_unref(held_.get());
  return added;
}

Result<void> Recording::add_picture(const AVPacket& packet) {
  const std::int64_t us = std::max<std::int64_t>(packet.pts - start_.begin_us, 0);
  const bool is_key = (packet.flags & AV_PKT_FLAG_KEY) != 0;
  const bool ends_fragment = has_held_ && is_key;
  TRY(add_held(has_held_ ? std::max<std::int64_t>(us - held_->pts, 1) : 0));
  if (ends_fragment) TRY(end_fragment(us, {}));
  if (av_packet_ref(held_.get(), &packet) < 0) return fail(Code::kInternal, "No memory for a picture");
  held_->pts = held_->dts = us;
  has_held_ = true;
  return {};
}

Result<void> Recording::add_sound(const AVPacket& packet) {
  const std::int64_t us = packet.pts - start_.begin_us;
  if (us < 0) return {};
  return muxer_->add(packet, Muxer::Track::kSound, us, av_rescale(kSoundFrameSamples, 1'000'000, kSampleRate));
}

Result<void> Recording::end_fragment(std::int64_t end_us, std::string_view why) {
  const Bytes fragment = TRY(muxer_->cut());
  proof::CaptureFacts facts;
  facts.at = witness_.now();
  facts.clock = witness_.clock();
  facts.media_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(end_us, 0)) / 1000;
  facts.sound = sound_;
  // What was filmed before activation is signed at it: where the camera was then, nobody noted.
  if (facts.media_ms > start_.head.pre_event_ms) facts.fix = witness_.fix();
  facts.end = why;
  const Bytes box = signer_.sign(fragment, facts);
  pending_.insert(pending_.end(), fragment.begin(), fragment.end());
  pending_.insert(pending_.end(), box.begin(), box.end());
  return {};
}

Result<bool> Recording::commit() {
  if (pending_.empty()) return false;
  const Bytes bytes = std::exchange(pending_, {});
  if (!file_) {
    const os::Path path = start_.card / start_.name;
    // By a rename: cards have filesystems that know no links. The name has its own id in it, so nothing is replaced.
    if (disk_.stat(path)) return fail(Code::kConflict, "The card has a recording of this name", path.native());
    TRY(os::replace_file(disk_, path, bytes));
    file_ = TRY(disk_.open(path, os::OpenMode::kReadWrite));
    bytes_ = bytes.size();
    signatures_ = signer_.count();
    last_ = signer_.last();
    return true;
  }
  auto written = file_->write_at(bytes_, bytes);
  if (written) written = file_->sync_data();
  if (!written) {
    // Best effort: what stays of it is unsigned bytes, and told as such by whoever verifies.
    (void)file_->truncate(bytes_);
    return fail(written.error());
  }
  bytes_ += bytes.size();
  signatures_ = signer_.count();
  last_ = signer_.last();
  return false;
}

Result<bool> Recording::end(std::string_view why) {
  if (!has_held_ && !file_ && pending_.empty()) return false;
  TRY(add_held(start_.picture_us));
  TRY(end_fragment(media_end_us_, why));
  TRY(commit());
  return true;
}

Result<std::vector<std::string>> name_leftovers(os::Disk& disk, const os::Path& card, const crypto::PublicKey& key) {
  std::vector<std::string> out;
  for (const std::string& entry : TRY(disk.list(card))) {
    const std::size_t ending = entry.find(".mp4.");
    const bool is_ours = entry.starts_with('.') && entry.ends_with(".tmp");
    if (!is_ours) continue;
    bool is_signed = false;
    const std::string name = entry.substr(1, ending == std::string::npos ? 0 : ending + 3);
    if (ending != std::string::npos) {
      const auto file = TRY(disk.open(card / entry, os::OpenMode::kRead));
      proof::CaptureVerifier verifier(key);
      Bytes chunk(kLeftoverChunkBytes);
      for (std::uint64_t at = 0;;) {
        const std::size_t got = TRY(file->read_at(at, chunk));
        if (got == 0) break;
        verifier.feed(ByteView(chunk).first(got));
        at += got;
      }
      is_signed = verifier.finish().boxes > 0;
    }
    if (is_signed && !disk.stat(card / name)) {
      TRY(disk.rename(card / entry, card / name));
      out.push_back(name);
    } else {
      TRY(disk.remove(card / entry));
    }
    TRY(disk.sync_directory(card));
  }
  return out;
}

}  // namespace lapel::camera
