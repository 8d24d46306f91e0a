// SPDX-License-Identifier: Apache-2.0
#pragma once
// How one system's export is read: a data file that says which file is its inventory and what its columns mean
// (docs/formats/import_mapping.md).
//
// Owns: the format of that file, and the reading of one row by it.
// Promises: pure. A value that cannot be read is listed and left out, never guessed: a time that comes twice by the wall clock, a
//   category that nobody has mapped. What a mapping has never been tried on is said of it: is_verified.
// Fails with: kInvalid with the place in the file.
// Threads: values and pure functions.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/local_time.h"
#include "base/result.h"
#include "imports/inventory.h"
#include "imports/path.h"

namespace lapel::imports {

inline constexpr std::string_view kMappingFormat = "lapel-import-mapping/1";
inline constexpr std::size_t kMappingBytesMax = 64 * 1024;
inline constexpr std::size_t kMappingNamesMax = 200;  // of columns, patterns, forms and categories in any one list

enum class Algorithm { kSha256, kSha1, kMd5 };
std::string_view algorithm_name(Algorithm algorithm);
std::optional<Algorithm> parse_algorithm(std::string_view name);

struct Mapping {
  std::string name, title, make, system;
  bool is_verified = false;  // somebody has brought in a real export by it
  std::vector<std::string> sources;
  std::vector<std::string> inventory_files, log_files;  // patterns
  InventoryForm form;
  Match match = Match::kPath;
  struct Field {
    std::vector<std::string> columns;  // the first that the inventory has counts
  };
  std::map<std::string, Field, std::less<>> fields;            // by kFieldNames
  std::optional<Algorithm> algorithm;                          // of the field hash
  std::vector<std::string> time_forms;                         // tried in order
  std::optional<Zone> zone;                                    // of times without one; else the import says it
  std::map<std::string, std::string, std::less<>> categories;  // folded, theirs to ours
  std::set<std::string, std::less<>> no_hold;                  // folded: words that mean that nothing is held

  bool is_inventory(std::string_view path) const;
  bool is_log(std::string_view path) const;
  // Whether a time can be without a zone by these forms.
  bool needs_zone() const;
};
Result<Mapping> read_mapping(const Json& file);

// A time in one of the forms; nullopt: none fits, it does not exist, or it comes twice.
std::optional<Timestamp> read_time(std::string_view text, const std::vector<std::string>& forms,
                                   const std::optional<Zone>& zone);

// What there is to tell of a row, or of the export, that did not go in as it stands.
struct Finding {
  std::string kind;   // a word, for whoever counts them: "date", "hold", "category"…
  std::string path;   // of the file, or the word of the inventory for it
  std::string place;  // "evidence.csv, row 12"
  std::string column;
  std::string sentence, remedy;
};

struct MappedRow {
  int number = 0;
  std::string file;                                            // the inventory's word for it
  std::string vendor_id, vendor_category, retain_until, hash;  // empty: not said
  std::optional<std::int64_t> bytes;
  std::optional<Timestamp> recorded_at;
  std::optional<std::string> category, incident, wearer, device, hold;
  std::string sha256;  // of the row
  std::vector<Finding> findings;
};
// What the agency has, for what a row is compared with.
struct Agency {
  std::optional<Zone> zone;                         // that the import says
  std::optional<std::set<std::string>> categories;  // that stand; nullopt: it has none of its own, and any is taken
};
MappedRow map_row(const Mapping& mapping, const Agency& agency, const InventoryRow& row);
// A column that a mapping looks for and a table does not have. kInvalid where it is the file's name.
Result<std::vector<Finding>> check_columns(const Mapping& mapping, const std::vector<std::string>& columns);

}  // namespace lapel::imports
