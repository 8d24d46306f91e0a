// SPDX-License-Identifier: Apache-2.0
#pragma once
// Custody exports: a directory of receipts and originals that a stranger can check
// (docs/formats/custody_export.md).
//
// Owns: the manifest's text and the whole verification of an export.
// Promises: every file of the export is accounted for; originals are read once, in chunks, whatever their
// size.
//   Nothing is believed that a receipt does not prove, the manifest included.
// Fails with: findings of kind kRefused for what does not hold; an Error only where a file could not be read.
// Threads: pure functions over the files given.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "proof/receipt.h"

namespace lapel::proof {

inline constexpr std::size_t kManifestBytesMax = 16 * 1024 * 1024;
inline constexpr std::size_t kExportFilesMax = 1'000'000;

// "exported": the whole chain, n = 0, 1, 2, …  "named": some rows, its bindings at least, so that acts have
// names.
enum class ExportRole { kExported, kNamed };

struct ExportSubject {
  SubjectId id;
  std::string kind;  // "recording", "person", "device" or "dock"
  ExportRole role = ExportRole::kExported;
  std::vector<std::uint64_t> rows;  // n of each receipt, rising
};
struct ExportManifest {
  std::string ledger;
  std::vector<ExportSubject> subjects;
  std::vector<SubjectId> originals;  // recordings whose bytes are in the export

  std::string text() const;  // canonical JSON
  static std::optional<ExportManifest> parse(std::string_view text);
};

inline constexpr std::string_view kExportCheckpointPath = "checkpoint";
inline constexpr std::string_view kExportManifestPath = "manifest.json";
std::string export_receipt_path(const SubjectId& subject, std::uint64_t n);
std::string export_original_path(const SubjectId& subject);

// Where the files of an export come from: a directory, an archive, memory.
class ExportFiles {
 public:
  struct Item {
    std::string path;  // relative, with '/'
    enum class Kind { kFile, kOther } kind = Kind::kFile;
  };
  virtual ~ExportFiles() = default;
  // Everything in it that is not a directory.
  virtual Result<std::vector<Item>> list() const = 0;
  // Hands the bytes to `sink` in order, until the end or until it returns false.
  virtual Result<void> read(const std::string& path, const std::function<bool(ByteView)>& sink) const = 0;
};

struct Finding {
  enum class Kind { kOk, kRefused, kNote } kind = Kind::kOk;
  std::string where;  // path or subject; empty: the whole export
  std::string text;   // a sentence
};
// The note on a recording whose original is not in the export.
inline constexpr std::string_view kOriginalMissing =
    "Its file is not in the export, so nothing was compared with the ledger.";
struct ExportRow {
  SubjectId subject;
  std::uint64_t n = 0;
  std::uint64_t index = 0;
  std::string at;
  std::string type;
  SubjectId actor;
  std::string actor_name;  // as bound when it acted; empty when nothing disclosed says so
};
struct ExportVerdict {
  Checkpoint checkpoint;
  std::vector<Cosignature> cosignatures;
  bool is_final = false;
  std::vector<ExportRow> rows;  // in the order of the log
  std::vector<Finding> findings;

  bool holds() const;  // nothing was refused
};
Result<ExportVerdict> verify_export(const ExportFiles& files, const Trust& trust);

}  // namespace lapel::proof
