// SPDX-License-Identifier: Apache-2.0
#pragma once
// The spool: copies of camera files, encrypted, until their receipts are kept; and the receipts themselves.
//
// Owns: <state>/spool (FILE.chunks and FILE.json) and <state>/receipts (FILE.tlog-proof and FILE.json), FILE
//   being the dock's id of the file.
// Promises: a copy that has its FILE.json is whole and durable, and that name appears last. Bytes read back are
//   those written: each chunk is sealed with AES-256-GCM for its file and place. A receipt is durable before
//   its copy goes, and a file with a kept receipt is never sent again. Killed anywhere, opening again goes on:
//   half copies are removed, and so are copies whose receipt is kept.
// Fails with: kCorrupt (a chunk or a sidecar that is not what was written), kFull, as os/disk.h otherwise.
// Threads: any; one writer or reader object by one thread at a time.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "crypto/aead.h"
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
  CopyWriter(os::Disk& disk, os::Path directory, const crypto::AeadKey& key, FileId file,
             std::unique_ptr<os::File> chunks);
  os::Path chunks_path() const { return directory_ / (file_.text() + ".chunks"); }
  Result<void> seal_chunk();

  os::Disk* disk_;
  os::Path directory_;
  const crypto::AeadKey* key_;
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
      : key_(&key), file_(item.file), bytes_(item.bytes), chunks_(std::move(chunks)) {}
  const crypto::AeadKey* key_;
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
  static Result<std::unique_ptr<Spool>> open(os::Disk& disk, const os::Path& state, const crypto::AeadKey& key);

  // ---- copies ----
  Result<CopyWriter> begin();
  void add(const Item& item);  // finished by a CopyWriter
  Result<void> save(const Item& item);
  Result<CopyReader> read(const Item& item) const;
  std::vector<Item> waiting() const;
  std::uint64_t used_bytes() const;  // by finished copies

  // ---- receipts ----
  // The item's recording must be set. Then the copy goes.
  Result<void> keep(const Item& item, std::string_view receipt);
  bool is_receipted(const FileId& file) const;
  // The item and the kept receipt.
  struct Kept {
    Item item;
    std::string receipt;
  };
  Result<Kept> kept(const FileId& file) const;

  // Copies and receipted files that look like it.
  std::vector<Item> alike(const Likeness& likeness) const;

 private:
  Spool(os::Disk& disk, const os::Path& state, const crypto::AeadKey& key);
  Result<void> load();
  Result<Item> load_item(const os::Path& path) const;
  Result<void> remove_copy(const FileId& file);

  os::Disk& disk_;
  const os::Path copies_, receipts_;
  const crypto::AeadKey key_;
  mutable os::Mutex mutex_;
  std::map<FileId, Item> waiting_ LAPEL_GUARDED_BY(mutex_);
  std::map<FileId, Item> receipted_ LAPEL_GUARDED_BY(mutex_);
  std::multimap<Likeness, FileId> alike_ LAPEL_GUARDED_BY(mutex_);  // of both
};

}  // namespace lapel::dock
