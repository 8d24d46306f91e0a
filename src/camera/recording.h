// SPDX-License-Identifier: Apache-2.0
#pragma once
// One recording on the card: fragments, each followed by the camera's signature over it
// (docs/formats/camera_signature.md).
//
// Owns: the file while it is written, its muxer, the chain of its signatures.
// Promises: the file has its name only once its first fragment is signed and durable. A fragment and its signature
//   are one write, synced before the next begins, so whatever cuts the recording leaves a beginning that plays and
//   verifies. After a failed write the file is brought back to the last signature.
// Fails with: what the disk and the muxer fail with. A recording that failed takes no more.
// Threads: one.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "camera/muxer.h"
#include "os/disk.h"
#include "proof/capture.h"

namespace lapel::camera {

class Recording {
 public:
  // What is said with each signature, asked when it is made.
  class Witness {
   public:
    virtual ~Witness() = default;
    virtual Timestamp now() const = 0;
    virtual std::string clock() const = 0;
    virtual std::string fix() const = 0;  // empty: none
  };

  struct Start {
    os::Path card;
    std::string name;  // of the file
    proof::CaptureHead head;
    std::int64_t begin_us = 0;  // of the source: where the time line of the file begins
    std::int64_t picture_us = 33'333;
  };
  // Encoders outlive the call, not the recording. `sound` may be null.
  static Result<std::unique_ptr<Recording>> open(os::Disk& disk, const crypto::SigningKey& key, const Witness& witness,
                                                 Start start, const AVCodecContext& pictures,
                                                 const AVCodecContext* sound);

  // Times of the source. A key picture ends the fragment before it; what is ended is not yet on the card.
  Result<void> add_picture(const AVPacket& packet);
  Result<void> add_sound(const AVPacket& packet);
  // Of the fragment that is being filled: `sound` is one of the format's words.
  void set_sound(std::string_view sound) { sound_ = sound; }
  // Puts the fragments that have ended on the card. True: the file has got its name by this.
  Result<bool> commit();
  // Everything, and why it ended. False: there was no picture, and there is no file.
  Result<bool> end(std::string_view why);

  const std::string& name() const { return start_.name; }
  const ByteArray<16>& id() const { return start_.head.recording; }
  // Of what is on the card.
  std::uint64_t signatures() const { return signatures_; }
  const Digest& last() const { return last_; }
  std::int64_t begin_us() const { return start_.begin_us; }
  std::int64_t media_ms(std::int64_t source_us) const;

 private:
  Recording(os::Disk& disk, const Witness& witness, const crypto::SigningKey& key, Start start)
      : disk_(disk), witness_(witness), start_(std::move(start)), signer_(key, start_.head) {}
  Result<void> add_held(std::int64_t lasts_us);
  Result<void> end_fragment(std::int64_t end_us, std::string_view why);

  os::Disk& disk_;
  const Witness& witness_;
  Start start_;
  proof::CaptureSigner signer_;
  std::unique_ptr<Muxer> muxer_;
  PacketPtr held_;  // a picture whose length the next one tells
  bool has_held_ = false;
  std::int64_t media_end_us_ = 0;
  std::string sound_{proof::kSoundOff};
  Bytes pending_;
  std::unique_ptr<os::File> file_;
  std::uint64_t bytes_ = 0, signatures_ = 0;  // on the card
  Digest last_{};
};

// What a cut left without a name (os::replace_file): named if a fragment of it is signed by this key, removed if
// none is. The names that were given.
Result<std::vector<std::string>> name_leftovers(os::Disk& disk, const os::Path& card, const crypto::PublicKey& key);

}  // namespace lapel::camera
