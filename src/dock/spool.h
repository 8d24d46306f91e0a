// SPDX-License-Identifier: Apache-2.0
#pragma once
// The spool: copies of camera files, encrypted, until their receipts are kept; and the receipts themselves.
//
// Owns: <state>/spool (FILE.chunks and FILE.json) and <state>/receipts (FILE.tlog-proof and FILE.json), FILE
//   being the dock's id of the file.
// Promises: a copy that has its FILE.json is whole and durable, and that name appears last. Bytes read back are
//   those written: each chunk is sealed with AES-256-GCM for its file and place. With the agency's key known, each copy has a key of
//   its own, which is on no disk but sealed to the agency: this process can read what it wrote, a later one or a thief has to ask
//   the server. A receipt is durable before
//   its copy goes, and a file with a kept receipt is never sent again. Killed anywhere, opening again goes on:
//   half copies are removed, and so are copies whose receipt is kept.
// Fails with: kCorrupt (a chunk or a sidecar that is not what was written), kFull, kUnauthenticated (a copy's key is not at hand), as
//   os/disk.h otherwise.
// Threads: any; one writer or reader object by one thread at a time.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "crypto/aead.h"
#include "crypto/sealed_box.h"
#include "crypto/sha256.h"
#include "dock/item.h"
#include "os/disk.h"
#include "os/worker.h"

namespace lapel::dock {

inline constexpr std::size_t kChunkBytes = 1 << 20;  // of plain text; the last chunk may be shorter
inline constexpr std::size_t kSealedChunkBytes = kChunkBytes + crypto::kAeadOverheadBytes;

// What a file of this many bytes takes in the spool.
std::uint64_t sealed_bytes(std::uint64_t plain_bytes);

// A copy being made. Destroyed without finish(), what it wrote is removed.
class CopyWriter {
 public:
  ~CopyWriter();
  CopyWriter(CopyWriter&&) noexcept = default;
  CopyWriter& operator=(CopyWriter&&) = delete;

  Result<void> write(ByteView bytes);
  // Makes the copy and its sidecar durable. Sets the item's file, bytes and digest from what was written.
  Result<Item> finish(Item item);

 private:
  friend class Spool;
  CopyWriter(os::Disk& disk, os::Path directory, const crypto::AeadKey& key, std::optional<Bytes> wrapped_key,
             FileId file, std::unique_ptr<os::File> chunks);
  os::Path chunks_path() const { return directory_ / (file_.text() + ".chunks"); }
  Result<void> seal_chunk();

  os::Disk* disk_;
  os::Path directory_;
  crypto::AeadKey key_;
  std::optional<Bytes> wrapped_key_;
  FileId file_;
  std::unique_ptr<os::File> chunks_;  // null once finished
  crypto::Sha256 hash_;
  Bytes pending_;
  std::uint64_t chunks_written_ = 0;
};

// A copy read back from any offset.
class CopyReader {
 public:
  // At least one byte unless `offset` is the end.
  Result<std::size_t> read(std::uint64_t offset, std::span<std::uint8_t> out);

 private:
  friend class Spool;
  CopyReader(const crypto::AeadKey& key, const Item& item, std::unique_ptr<os::File> chunks)
      : key_(key), file_(item.file), bytes_(item.bytes), chunks_(std::move(chunks)) {}
  crypto::AeadKey key_;
  FileId file_;
  std::uint64_t bytes_;
  std::unique_ptr<os::File> chunks_;
  std::optional<std::uint64_t> held_;  // which chunk is in plain_
  Bytes plain_;
};

// By what a file on a camera may be one that is known; the digest decides.
struct Likeness {
  std::string path;
  std::uint64_t bytes = 0;
  std::int64_t modified_us = 0;
  std::optional<std::string> serial;
  friend auto operator<=>(const Likeness&, const Likeness&) = default;
};
Likeness likeness(const Item& item);

class Spool {
 public:
  struct Keys {
    std::optional<crypto::AeadKey>
        own;  // of copies from before the agency's key was known; without that, of new ones too
    std::optional<crypto::X25519Public> agency;
    DockId dock;
  };
  static Result<std::unique_ptr<Spool>> open(os::Disk& disk, const os::Path& state, const Keys& keys);

  // ---- copies ----
  // New copies are sealed to it from now on.
  void set_agency_key(const crypto::X25519Public& key);
  // Room for a copy of so many bytes within `bytes_max` of all, held until it is given back: several cameras share one spool.
  bool reserve(std::uint64_t plain_bytes, std::uint64_t bytes_max);
  void give_back(std::uint64_t plain_bytes);
  Result<CopyWriter> begin();
  // Whether the copy's key has to be asked for, and what the server answered.
  bool needs_key(const Item& item) const;
  void give_key(const FileId& file, const crypto::AeadKey& key);
  void add(const Item& item);  // finished by a CopyWriter
  Result<void> save(const Item& item);
  Result<CopyReader> read(const Item& item) const;
  std::vector<Item> waiting() const;
  bool is_waiting(const FileId& file) const;
  std::uint64_t used_bytes() const;  // by finished copies
  std::uint64_t reserved_bytes() const;

  // ---- receipts ----
  // The item's recording must be set. Then the copy goes.
  Result<void> keep(const Item& item, std::string_view receipt);
  bool is_receipted(const FileId& file) const;
  std::optional<RecordingId> recording_of(const FileId& file) const;  // once receipted
  // The item and the kept receipt.
  struct Kept {
    Item item;
    std::string receipt;
  };
  Result<Kept> kept(const FileId& file) const;

  // Copies and receipted files that look like it.
  std::vector<Item> alike(const Likeness& likeness) const;
  // The file that the recording of this one is called by, of the same camera and of about the same time: a camera that was reset begins
  // to count anew. None: this one.
  std::optional<FileId> leader_of(const Item& item) const;

 private:
  using Take = std::pair<std::optional<std::string>, std::string>;  // serial, and take
  Spool(os::Disk& disk, const os::Path& state, const Keys& keys);
  Result<crypto::AeadKey> key_of(const Item& item) const;
  void remember(const Item& item) LAPEL_REQUIRES(mutex_);
  Result<void> load();
  Result<Item> load_item(const os::Path& path) const;
  Result<void> remove_copy(const FileId& file);

  os::Disk& disk_;
  const os::Path copies_, receipts_;
  const std::optional<crypto::AeadKey> own_key_;
  const DockId dock_;
  mutable os::Mutex mutex_;
  std::optional<crypto::X25519Public> agency_key_ LAPEL_GUARDED_BY(mutex_);
  std::map<FileId, crypto::AeadKey> keys_ LAPEL_GUARDED_BY(mutex_);  // of copies, in memory alone
  std::uint64_t reserved_bytes_ LAPEL_GUARDED_BY(mutex_) = 0;
  std::map<FileId, Item> waiting_ LAPEL_GUARDED_BY(mutex_);
  std::map<FileId, Item> receipted_ LAPEL_GUARDED_BY(mutex_);
  std::multimap<Likeness, FileId> alike_ LAPEL_GUARDED_BY(mutex_);  // of both
  std::multimap<Take, FileId> takes_ LAPEL_GUARDED_BY(mutex_);      // of both: those that lead one
};

}  // namespace lapel::dock
