// SPDX-License-Identifier: Apache-2.0
#pragma once
// Uploads: bytes on their way in, from creation to a sealed recording (docs/formats/upload_protocol.md).
//
// Owns: <data>/uploads, the table uploads, and the sealer that turns finished uploads into recordings.
// Promises: an offset that this reports is durable: bytes and row survive a power cut. One writer an upload: a lock on
//   its file, then the row taken over, and each new offset swapped in against the old one and its writer, so that one
//   that lost its place, or died with a commit on its way, changes nothing. The
//   SHA-256 is computed while bytes arrive and its midstate is durable with the offset. A finished upload is sealed
//   without its client, also after a restart. Nothing here touches a sealed recording.
// Fails with: kNotFound (unknown, or another's), kUploadLocked, kUploadOffset, kUploadTooLong, kUploadExpired,
//   kUploadFinished, kStorageFull, kTooManyUploads, kConcatenation, kChecksumMismatch.
// Threads: any; calls block.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "crypto/sha256.h"
#include "db/db.h"
#include "evidence/vault.h"
#include "intake/metadata.h"
#include "os/disk.h"
#include "os/shared_sync.h"
#include "os/worker.h"

namespace lapel::intake {

enum class State { kReceiving, kSealing, kSealed, kRefused };
std::string_view state_name(State state);

enum class Kind {
  kWhole,    // becomes a recording
  kPartial,  // waits to be joined into one (tus concatenation)
  kFinal,    // joined from partial ones
};

struct Upload {
  UploadId id;
  AgencyId agency;
  SubjectId owner;  // the person or dock that sends it
  Kind kind = Kind::kWhole;
  State state = State::kReceiving;
  std::string reason;  // why it was refused
  std::uint64_t length = 0;
  std::uint64_t offset = 0;
  std::string midstate;
  std::optional<Digest> declared_sha256;
  std::optional<Digest> sha256;  // once all bytes are here
  RecordingId recording;         // what it is or will be
  std::string metadata;          // Upload-Metadata as sent
  std::vector<UploadId> parts;   // of a final one
  std::string writer;            // who took it over last
  Timestamp created_at, expires_at, received_at;
};

struct Creation {
  std::uint64_t length = 0;
  Kind kind = Kind::kWhole;
  std::string metadata;         // Upload-Metadata as sent; may be empty
  std::vector<UploadId> parts;  // for kFinal
  std::optional<RecordingId> recording =
      std::nullopt;  // that it is to become, by who has spoken of it already; else a new one
  // What a room keeps of the upload, in the transaction that makes it: an empty one is sealed as soon as it is there, and is never there
  // without these. Where this fails there is no upload.
  std::function<Result<void>(db::Transaction&, const Upload&)> rows = nullptr;
};

class Uploads;

// The right to write one upload in this process, given back on destruction.
class Claim {
 public:
  Claim(Uploads& uploads, const UploadId& id) : uploads_(&uploads), id_(id) {}
  ~Claim();
  Claim(Claim&& other) noexcept : uploads_(std::exchange(other.uploads_, nullptr)), id_(other.id_) {}
  Claim& operator=(Claim&&) = delete;

 private:
  Uploads* uploads_;
  UploadId id_;
};

// One request's bytes on their way into an upload. Destroying it without finish() keeps what was synced before.
class Writer {
 public:
  std::uint64_t offset() const { return position_; }
  // Hashes and writes. Makes the offset durable now and then, unless `holds_back`. After bytes that could not be written, finish() makes
  // nothing more durable.
  Result<void> write(std::span<std::uint8_t> bytes);
  // Makes durable what was written, and the upload finished when it is whole.
  Result<Upload> finish();
  // Forgets what this writer wrote since it began: for a checksum that did not match.
  void discard();
  // Nothing becomes durable before finish(): set where a checksum must hold first.
  void hold_back() { holds_back_ = true; }
  // Of all bytes up to offset().
  Digest digest() const { return crypto::Sha256(hash_).finish(); }

 private:
  friend class Uploads;
  Writer(Uploads& uploads, Claim claim) : uploads_(uploads), claim_(std::move(claim)) {}
  Result<void> take(std::span<std::uint8_t> bytes);
  Result<void> write_aligned(ByteView bytes);
  Result<void> make_durable();

  Uploads& uploads_;
  Claim claim_;
  Upload upload_;
  std::unique_ptr<os::File> file_;
  std::optional<os::FileLock> lock_;
  crypto::Sha256 hash_;
  std::uint64_t position_ = 0;  // end of what was taken
  bool holds_back_ = false;
  bool is_discarded_ = false;
  // Direct writes are whole blocks: the bytes of the last, unfinished one wait here.
  struct AlignedFree {
    void operator()(std::uint8_t* p) const { ::operator delete[](p, std::align_val_t{os::kDirectAlignmentBytes}); }
  };
  void grow_bounce(std::size_t bytes);
  std::unique_ptr<std::uint8_t[], AlignedFree> bounce_;
  std::size_t bounce_bytes_ = 0;  // a block; more only for who begins inside of one
  std::size_t tail_bytes_ = 0;
};

class Uploads {
 public:
  struct Parts {
    db::Database& database;
    os::Disk& disk;
    os::Path directory;
    evidence::Vault& vault;
    const Clock& clock;
    int sealing_threads = 8;
    bool is_only_server = true;  // else a file without a row may be one that another server is just making
  };
  // Removes files that no row names and takes up sealing where it stood.
  static Result<std::unique_ptr<Uploads>> open(Parts parts);
  ~Uploads();

  Result<Upload> create(const access::Actor& actor, const Creation& creation);
  // With the offset that is durable, looked up and compared with the file.
  Result<Upload> find(const access::Actor& actor, const UploadId& id);
  // Whether somebody whose bytes are under way may still send them: by what they are now, and the scopes that they came with.
  Result<void> may_go_on(const access::Actor& actor);
  // A writer at `offset`, which must be the durable one.
  Result<std::unique_ptr<Writer>> append(const access::Actor& actor, const UploadId& id, std::uint64_t offset);
  Result<void> remove(const access::Actor& actor, const UploadId& id);
  // The same, whoever began it: for a room that has reserved its recording, and has asked whether its own actor may.
  Result<void> take_back(const UploadId& id);

  // For who sends the same file again under a name of its own and not by the upload's: the recording that it becomes is the one
  // that its first upload was to become, described as it is said now. Both uploads may be finished; one recording comes of it.
  // kUploadFinished when too late.
  Result<void> become(const UploadId& id, const RecordingId& recording, const std::string& metadata);
  // A finished upload is sealed by this thread, or was by another: returns when it is. kUnavailable when it could not be sealed
  // now, which is tried again without its client.
  Result<Upload> seal(const UploadId& id);

  // Removes what has expired. Called now and then; exposed for tests with a seeded clock.
  Result<void> expire();

 private:
  friend class Writer;
  friend class Claim;
  explicit Uploads(Parts parts);
  os::Path path(const UploadId& id) const { return parts_.directory / id.text(); }
  Result<std::optional<Upload>> read(const UploadId& id);
  Result<std::optional<Upload>> take_over(const UploadId& id);
  Result<void> check_room(std::uint64_t bytes);
  Result<void> check_dock_statement(const access::Actor& actor, const Metadata& metadata, std::uint64_t bytes);
  Result<void> repair_short(Upload& upload, std::uint64_t file_bytes);
  Result<Claim> claim(const UploadId& id);

  void seal_step();
  void seal_one(const UploadId& id);
  Result<void> join(Upload& upload);
  Result<void> admit(const Upload& upload);
  Result<void> refuse(const Upload& upload, const std::string& reason);
  Result<void> sweep();

  Parts parts_;
  os::SharedSync directory_sync_;  // of the directory of all uploads
  os::Mutex mutex_;
  std::unordered_set<UploadId> writing_ LAPEL_GUARDED_BY(mutex_);
  std::unordered_set<UploadId> sealing_ LAPEL_GUARDED_BY(mutex_);
  os::Condition sealed_;  // one of them is no longer
  std::unique_ptr<os::WorkerPool> sealers_;
  std::unique_ptr<os::PeriodicWorker> sealer_;
  std::unique_ptr<os::PeriodicWorker> expirer_;
};

std::span<const db::Migration> schema();

}  // namespace lapel::intake
