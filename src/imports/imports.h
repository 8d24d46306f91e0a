// SPDX-License-Identifier: Apache-2.0
#pragma once
// Imports: the export of another evidence system, brought in whole and reconciled with its own inventory
// (docs/formats/import_mapping.md).
//
// Owns: the tables of schema.h; the events import.began, import.closed, recording.imported and recording.import_settled.
// Promises: the vendor's inventory and logs are recordings too, byte for byte. What an inventory says is read once its file is sealed,
//   and nothing but this room's own tables is changed by the reading. A file is described by its row before its first byte is taken. What
//   comes again is the same file: whoever resumes asks what is not here yet. A file whose hash is another than the inventory's is
//   kept, marked, and pending until somebody has said why. Nothing here holds a list of all files.
// Fails with: problems::kRule, kNotFound, kInvalid, kConflict (closed; not read yet), kBusy (still being sealed), and what uploads and
//   vault fail with.
// Threads: any; calls block.

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/paging.h"
#include "base/result.h"
#include "db/db.h"
#include "evidence/holds.h"
#include "evidence/vault.h"
#include "imports/mapping.h"
#include "intake/uploads.h"
#include "ledger/ledgers.h"
#include "os/disk.h"
#include "os/worker.h"
#include "roster/sealed_rows.h"

namespace lapel::imports {

using ImportId = roster::SealedRowId;

inline constexpr std::size_t kListingFilesMax = 500;                        // of one request
inline constexpr std::int64_t kImportFilesMax = 2'000'000;                  // of one import
inline constexpr std::int64_t kInventoryRowsMax = 2'000'000;                // of one import
inline constexpr std::int64_t kDocumentsMax = 200;                          // inventories of one import
inline constexpr std::uint64_t kDocumentBytesMax = std::uint64_t{2} << 30;  // of an inventory
inline constexpr std::int64_t kSettlePeriodUs = 1'000'000;

struct Profile {
  Mapping mapping;
  std::string text;  // of the file
};

// How an import stands.
struct Counts {
  std::int64_t expected = 0;          // rows of the inventory that name a file
  std::int64_t found = 0;             // of those: in the folder
  std::int64_t arrived = 0;           // of those: here, sealed and compared
  std::int64_t differing = 0;         // of those that arrived: of another hash or length than the inventory has
  std::int64_t unsaid = 0;            // of those that arrived: the inventory has no hash
  std::int64_t extra = 0;             // in the folder and not in the inventory
  std::int64_t documents = 0;         // inventories and logs
  std::int64_t refused = 0;           // entries whose path, or kind, is not taken
  std::int64_t unsent = 0;            // in the folder and not sent whole yet
  std::int64_t sealing = 0;           // sent, and not compared yet
  std::int64_t files = 0, bytes = 0;  // in the folder, and of them
  std::int64_t missing() const { return expected - arrived; }
};

struct Import {
  ImportId id;
  std::string title, profile, make, system, mapping, zone;
  bool is_verified = false;
  PersonId by;
  Timestamp began_at;
  std::optional<Timestamp> closed_at;
  std::string report, reason;  // of one that is closed: SHA-256 of the report as CSV, and why it was closed as it was
  bool is_read = false;
  Counts counts;
  std::vector<std::pair<std::string, std::int64_t>> findings;  // by kind
};

// What a file of an import is to whoever sends it.
struct Sending {
  std::string path;
  std::uint64_t bytes = 0;
  std::string state;                     // seen, sent or in
  std::optional<UploadId> upload;        // of one that is to be sent, or is being sealed
  std::optional<RecordingId> recording;  // of one that is in
};

// A line of the report: a row with its file, a file without a row, or what was refused.
struct Line {
  ListPlace place;
  std::string status;  // arrived, differs, missing, extra, document, refused, unsent, sealing
  std::string path, row, vendor_id, recording, sha256, algorithm, vendor_hash, agrees, sentence;
  std::optional<std::int64_t> bytes, vendor_bytes;
  std::optional<Timestamp> recorded_at;
  std::string category, vendor_category, incident, wearer, device, hold, retain_until;
  bool is_settled = false;
};

// A file that was sent and is sealed, with its row.
struct Sealed {
  std::string path, role, sha256;
  RecordingId recording;
  std::int64_t bytes = 0;
  std::optional<std::string> place, row_sha256, vendor_id, vendor_category, hash, hold, retain_until;
  std::optional<std::int64_t> vendor_bytes;
};

// Where a recording came from, for its page.
struct Origin {
  ImportId import;
  std::string title, make, system;
  roster::SealedRow row;
  bool shows_hold = false, shows_reasons = false;  // to whoever asked
};

class Imports {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    const Clock& clock;
    intake::Uploads& uploads;
    evidence::Vault& vault;
    evidence::Holds& holds;
    os::Disk& disk;
    os::Path scratch;  // a directory for reports on their way
    std::vector<Profile> profiles;
  };
  explicit Imports(Parts parts);
  ~Imports();
  // From then on what is sealed is compared by itself, also after a restart.
  void begin();

  Result<std::vector<Profile>> profiles(const access::Actor& actor);

  struct New {
    std::string title;
    std::string profile;          // by name, or
    std::optional<Json> mapping;  // a file of the agency's own
    std::string zone;             // of times without one; empty: as the mapping has it
  };
  Result<Import> create(const access::Actor& actor, const New& wanted);
  Result<Page<Import>> list(const access::Actor& actor, const PageQuery& query);
  Result<Import> show(const access::Actor& actor, const ImportId& id);

  // What is in the folder, in parts; again is harmless.
  struct Entry {
    std::string path;
    std::uint64_t bytes = 0;
    std::string trouble;  // why whoever looked did not take it: a link, a second entry of that name; empty: nothing
  };
  struct Listed {
    std::vector<Sending> documents;                            // that are to be sent first
    std::vector<std::pair<std::string, std::string>> refused;  // path and sentence
  };
  Result<Listed> listing(const access::Actor& actor, const ImportId& id, const std::vector<Entry>& entries);
  // An upload for the file, the one that it has or a new one.
  Result<Sending> send(const access::Actor& actor, const ImportId& id, const std::string& path);
  // The inventories, which are sealed: the dry run.
  Result<Import> read(const access::Actor& actor, const ImportId& id);
  Result<Page<Finding>> findings(const access::Actor& actor, const ImportId& id, const std::string& kind,
                                 const PageQuery& query);
  Result<Page<Sending>> unsent(const access::Actor& actor, const ImportId& id, const PageQuery& query);

  struct Closing {
    bool leaves_unsent = false;  // files that are in the folder are not brought in
    std::string reason;
  };
  Result<Import> close(const access::Actor& actor, const ImportId& id, const Closing& closing);
  // A recording that differs from the inventory is what it is: why, on record.
  Result<void> settle(const access::Actor& actor, const RecordingId& recording, const std::string& reason);

  Result<Page<Line>> lines(const access::Actor& actor, const ImportId& id, const std::string& status,
                           const PageQuery& query);
  enum class Form { kCsv, kJson };
  struct Report {
    std::shared_ptr<os::File> file;
    std::uint64_t bytes = 0;
    std::string sha256;
  };
  // Of the import as it stands now; of one that is closed always the same bytes.
  Result<Report> report(const access::Actor& actor, const ImportId& id, Form form);
  // Without the hold of the other system for whoever may know of none, and without what became of it but for whoever sees imports.
  Result<std::optional<Origin>> origin(const access::Actor& actor, const RecordingId& recording);

 private:
  Result<Import> known(const access::Actor& actor, const ImportId& id, access::Action action);
  Result<Import> counted(Import import);
  Result<Import> known_open(const access::Actor& actor, const ImportId& id);
  Result<Mapping> mapping_of(const AgencyId& agency, const std::string& sha256);
  struct Reading;
  Result<void> read_one(Reading& reading, const std::string& path, const RecordingId& recording);
  Result<void> keep_rows(Reading& reading);
  // The server itself, which reads what is sealed.
  Result<access::Actor> server_of(const AgencyId& id);
  // In the transaction that changes rows or files: whoever finds an import read finds it paired.
  static Result<void> pair(db::Transaction& tx, const ImportId& id);
  Result<void> drop_unsent(const ImportId& id);
  Result<bool> has_unread(const ImportId& id);
  // What is held there and not here yet: of every row whose word fits a file that is in.
  Result<void> place_holds(const access::Actor& actor, const Import& import);
  Result<Report> write_report(const ImportId& id, Form form);

  // What is sealed and not compared yet: at most so many of one import at once, and by one thread at once. Whether there may be more.
  Result<bool> settle_some(const std::string& import);
  struct Settling;
  Result<void> settle_files(const Settling& settling, std::span<const Sealed> files);
  void settle_step();

  Parts parts_;
  os::Mutex mutex_;
  std::set<std::string> busy_ LAPEL_GUARDED_BY(mutex_);  // imports whose rows this server is writing
  os::Mutex settle_mutex_;
  std::unique_ptr<os::PeriodicWorker> settler_;
};

// The rows of a table as an import; for the files of this folder.
Result<Import> read_import(const db::Row& row);
// One that is in the catalog, with the digest that it has.
Result<Mapping> mapping_in(db::Transaction& tx, const AgencyId& agency, const std::string& sha256);
// Tells of each closed import whose report would be another today.
Result<void> check_reports(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault);
// In the transaction that changes one: what is closed stays as it was reported.
Result<void> require_open(db::Transaction& tx, const ImportId& id);
Result<bool> is_read(db::Transaction& tx, const ImportId& id);
Result<void> read_counts(db::Transaction& tx, Import& import);
inline constexpr std::string_view kImportRow =
    "id, agency, entered_by, entered_us, title, profile, make, system, mapping, verified, zone_name, closed_us, "
    "report, "
    "end_reason";

}  // namespace lapel::imports
