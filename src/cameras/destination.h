// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a body-worn system brings: containers with their clips, keys, trails and bookmarks become recordings with their files and
// markers (docs/formats/content_destination.md).
//
// Owns: the tables camera_containers and camera_files, the events recording.marked and recording.completed.
// Promises: an object is answered for when it is sealed, or, while its recording has no clip yet, durable. Sent again with the same
//   bytes it is the one that there is; with others it is one more beside it, and nothing is taken away. What is cut off leaves nothing.
//   What was rejected once and comes as rejected content is not refused for what it is.
// Fails with: kInvalid (400: it will never be taken as it is), kNotFound, problems::kRule, kLimited (of users and cameras), and what
//   uploads and vault fail with.
// Threads: any; calls block. An Arrival by one thread at a time.

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "cameras/announced.h"
#include "cameras/content_names.h"
#include "cameras/systems.h"
#include "db/db.h"
#include "evidence/vault.h"
#include "intake/uploads.h"
#include "ledger/ledgers.h"
#include "os/worker.h"

namespace lapel::cameras {

using ContainerId = Id<struct ContainerTag>;

inline constexpr std::int64_t kContentFilesMax = 5'000;         // of one container
inline constexpr std::uint64_t kBookmarkBytesMax = 4 * 1024;    // its words
inline constexpr std::uint64_t kSideFileBytesMax = 256 * 1024;  // of a key or trail that may wait for the first clip
inline constexpr std::uint64_t kEntryBytesMax = 64 * 1024;  // of what stands behind a user or camera, and is not kept

struct Container {
  ContainerId id;
  std::string name;
  ContainerName parsed;
  ContentMetadata metadata;
  std::optional<RecordingId> head;  // its first file that is sealed
  bool is_complete = false;
};

struct StoredObject {
  ContentMetadata metadata;
  std::uint64_t bytes = 0;
  std::string md5;
};

class Destination;

// One object on its way in. Destroying it without finish() leaves nothing of it.
class Arrival {
 public:
  virtual ~Arrival() = default;
  virtual Result<void> write(std::span<std::uint8_t> bytes) = 0;
  // All bytes are here: the MD5 of them, in hex. kChecksumMismatch where the client had announced another.
  virtual Result<std::string> finish() = 0;
};

class Destination {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    const Clock& clock;
    intake::Uploads& uploads;
    evidence::Vault& vault;
  };
  explicit Destination(Parts parts)
      : parts_(parts), announced_({parts.database, parts.ledgers, parts.clock, parts.vault}) {}

  enum class Made { kNew, kThere };
  Result<Made> put_container(const Systems::Asking& asking, const std::string& name, const ContentMetadata& metadata);
  Result<void> post_container(const Systems::Asking& asking, const std::string& name, const ContentMetadata& metadata);
  Result<Container> container(const Systems::Asking& asking, const std::string& name);

  struct NewObject {
    std::string container, name;
    ContentMetadata metadata;
    std::uint64_t bytes = 0;
    std::optional<std::string> md5;  // as the client has it
  };
  Result<std::unique_ptr<Arrival>> put_object(const Systems::Asking& asking, NewObject object);
  Result<void> post_object(const Systems::Asking& asking, const std::string& container, const std::string& name,
                           const ContentMetadata& metadata);
  Result<StoredObject> object(const Systems::Asking& asking, const std::string& container, const std::string& name);
  // What the system may read: System/Capabilities.json and System/Categories.json.
  Result<std::string> document(const Systems::Asking& asking, const std::string& container, const std::string& name);

 private:
  friend class ClipArrival;
  friend class SmallArrival;

  // One request a container at a time, in this process: which file is its first is decided once.
  class Turn {
   public:
    Turn(Destination& destination, const ContainerId& id);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Destination& destination_;
    const ContainerId id_;
  };

  struct FileRow {
    std::string name, sha256, md5;
    std::uint64_t bytes = 0;
    ContentMetadata metadata;
    std::optional<RecordingId> recording;
    bool is_sealed = false;
    bool is_said_again = false;          // a bookmark: sealed once, then it said something else
    std::optional<std::string> content;  // base64, while it waits
  };

  Result<std::optional<Container>> find(db::Transaction& tx, const CameraSystemId& system, const std::string& name);
  Result<Container> known(const Systems::Asking& asking, const std::string& name);
  Result<Container> merge(const Systems::Asking& asking, const std::string& name, const ContainerName& parsed,
                          const ContentMetadata& metadata, Made& made);
  template <typename Act>
  auto in_turn(const Systems::Asking& asking, const std::string& name, Act&& act)
      -> decltype(act(std::declval<Container&>()));
  Result<void> complete_if_said(const Systems::Asking& asking, const Container& container);
  Result<void> complete(const Systems::Asking& asking, Container& container);
  Result<void> go_on(const Systems::Asking& asking, Container& container);
  // What was sealed of it before this process, or this request, knew.
  Result<Container> refresh(const Systems::Asking& asking, const std::string& name);
  enum class Waiting { kForClip, kNoMore };
  Result<void> flush(const Systems::Asking& asking, Container& container, Waiting waiting);
  Result<void> mark(const Systems::Asking& asking, const Container& container, const FileRow& file);
  Result<void> keep_side_file(const Systems::Asking& asking, Container& container, const FileRow& file);
  static Result<FileRow> read_file(const db::Row& row);
  Result<std::optional<FileRow>> find_file(const ContainerId& container, const std::string& name,
                                           const std::string& sha256);
  // The one that was put last.
  Result<std::optional<FileRow>> latest_file(const ContainerId& container, const std::string& name);
  Result<std::vector<FileRow>> waiting_files(const ContainerId& container);
  Result<void> keep_file(const ContainerId& container, const FileRow& file);
  // Its recording is there now; the first is the container's head.
  Result<void> file_is_sealed(Container& container, const FileRow& file);
  static FileRow row_of(const NewObject& object, std::string sha256, std::string md5, std::uint64_t bytes);
  // The row of what was sent, which knows what it becomes before anything is sealed: as it is there already, or as a new one.
  Result<FileRow> note_file(const Container& container, FileRow sent);
  Result<void> describe_anew(const Systems::Asking& asking, Container& container, const std::string& name,
                             const ContentMetadata& metadata);
  Result<void> check_file_count(const ContainerId& container);
  // As Upload-Metadata has it.
  Result<std::string> describe(const Systems::Asking& asking, const Container& container, const std::string& name,
                               const ContentMetadata& metadata, const std::optional<RecordingId>& group);

  const Parts parts_;
  Announced announced_;
  os::Mutex mutex_;
  os::Condition done_;
  std::set<ContainerId> busy_ LAPEL_GUARDED_BY(mutex_);
};

}  // namespace lapel::cameras
