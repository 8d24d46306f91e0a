// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reports that a statute asks for, as data: which items, and what answers each.
//
// Owns: the file lapel-report-profile/1 (docs/formats/program.md).
// Promises: an item is answered by what the catalog counts, by figures that were entered, or not at all, and then it says so. A
//   profile names its statute; that it is right for an agency is for its counsel to confirm, and each report says so.
// Fails with: kInvalid, naming the place in the file.
// Threads: pure functions, but for what takes a transaction.

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "db/db.h"
#include "program/counts.h"
#include "program/fold.h"

namespace lapel::program {

enum class AnsweredBy { kComputed, kEntered };

struct Asked {
  std::string name;
  AnsweredBy by = AnsweredBy::kComputed;
  std::string what;  // a number that is computed, or what figures are of
};
struct ProfileItem {
  std::string n, title, asks;
  std::vector<Asked> answers;
};
struct Profile {
  std::string slug, title, statute, address, note;
  std::vector<ProfileItem> items;
};

inline constexpr std::size_t kProfileBytesMax = 1 << 20;

Result<Profile> read_profile(const Json& json);

// Of days that are over.
Result<Json::Object> profile_report(db::Transaction& tx, const AgencyId& agency, const Program& program,
                                    const Profile& profile, Day from, Day until);

}  // namespace lapel::program
