// SPDX-License-Identifier: Apache-2.0
#include "training/checklist.h"

#include <algorithm>
#include <set>
#include <string>

#include "base/text.h"

namespace lapel::training {
namespace {

// Area by area as the scorecard has them (bwctta.com). Its questions are said in other words, and are not all of its 45.
constexpr ChecklistItem kItems[] = {
    {"internal-voices", "Policy development",
     "Who within the agency had a part in writing it: officers, supervisors, unions, records"},
    {"stakeholders-told", "Policy development", "That prosecutors, defense counsel and other agencies were told"},
    {"community-told", "Policy development", "That the community and its advocates were told"},
    {"who-wears", "General issues", "Who is given a camera, and who may wear one"},
    {"off-duty", "General issues", "Wearing one in off-duty work"},
    {"own-devices", "General issues", "Whether cameras of one's own are allowed"},
    {"where-worn", "General issues", "Where on the body, and the check before a shift"},
    {"when-activate", "Activation", "When recording has to begin"},
    {"when-discretion", "Activation", "When it is the officer's choice"},
    {"when-prohibited", "Activation", "When nobody may record"},
    {"notice", "Activation", "Whether people are told that they are recorded"},
    {"not-recorded", "Activation", "What an officer writes who did not record"},
    {"when-deactivate", "Deactivation", "When and how recording ends"},
    {"why-deactivated", "Deactivation", "That the reason is said or written"},
    {"download-when", "Data transfer", "Who offloads a camera, and by when"},
    {"no-tampering", "Data transfer", "That nobody changes, copies or deletes what was recorded"},
    {"categorize", "Data transfer", "That a recording gets its category, and from which list"},
    {"retention", "Data storage", "How long recordings of each kind are kept, at least and at most"},
    {"storage", "Data storage", "Where they are kept, and how they are protected"},
    {"access-log", "Data storage", "That every access is on record"},
    {"two-people", "Data storage", "That more than one person ends a hold or destroys evidence"},
    {"own-viewing", "Viewing", "When an officer may see their own recording"},
    {"before-statement", "Viewing", "Whether an officer sees a recording before giving a statement on it"},
    {"others-viewing", "Viewing", "Which other officers may see it"},
    {"supervisor-review", "Viewing", "What supervisors review, how often, and what for"},
    {"investigators", "Viewing", "When internal affairs and investigators may see it"},
    {"homes", "Viewing", "Footage of the inside of a home for another case"},
    {"training-first", "Training", "That nobody wears a camera before they are trained"},
    {"training-policy", "Training", "That the training has the policy in it"},
    {"refresher", "Training", "When training has to be renewed"},
    {"public-release", "Public release", "How a recording is asked for and who decides"},
    {"redaction", "Public release", "What is redacted before it is released"},
    {"critical-release", "Public release", "Release after a critical incident"},
    {"evaluation", "Evaluation", "How program and policy are reviewed, and when"},
    {"rotation", "Evaluation", "In a pilot, who wears one for how long"},
    {"compliance", "Evaluation", "How it is checked that the policy is kept"},
    {"force", "Use of force", "Recordings of force: who takes the camera, and who sees them first"},
};

constexpr SettingKind kSettings[] = {
    {"second_factor", "A second factor at sign-in", "required, optional"},
    {"idle_days", "Days after which an unused account is closed", "a number"},
    {"notice_of_use", "A notice of use at sign-in", "shown, none"},
    {"own_viewing", "When officers may see their own recordings", "allowed, after_statement, supervisor_releases"},
    {"categories", "The agency's own categories", "their names, with commas between them"},
    {"issue_mode", "How cameras are handed out", "individual, pool"},
    {"rotation_window", "Days of a turn", "at least and at most, as in 28 to 42"},
    {"policy_before_check_out", "No camera without having acknowledged this policy", "required, not_required"},
    {"training_before_check_out", "No camera without training", "required, not_required"},
    {"purpose_before_viewing", "A purpose before every view", "always", "always"},
    {"views_on_record", "Every view in the ledger", "always", "always"},
    {"warrant_for_homes", "A warrant to see a home for an unrelated case", "always", "always"},
    {"two_people_end_holds", "Two people to end a hold", "always", "always"},
    {"originals_unchanged", "Originals kept as they were received", "always", "always"},
};

std::set<std::string> parts(std::string_view text) {
  std::set<std::string> out;
  std::string word;
  const std::string folded = fold(text);
  const auto end = [&] {
    const std::size_t begin = word.find_first_not_of(' ');
    if (begin != std::string::npos) out.insert(word.substr(begin, word.find_last_not_of(' ') - begin + 1));
    word.clear();
  };
  for (const char c : folded) {
    if (c == ',') {
      end();
    } else {
      word += c;
    }
  }
  end();
  return out;
}

}  // namespace

std::span<const ChecklistItem> checklist() {
  return kItems;
}
const ChecklistItem* checklist_item(std::string_view key) {
  const auto* found = std::ranges::find(kItems, key, &ChecklistItem::key);
  return found == std::end(kItems) ? nullptr : found;
}

std::span<const SettingKind> settings() {
  return kSettings;
}
const SettingKind* setting_kind(std::string_view name) {
  const auto* found = std::ranges::find(kSettings, name, &SettingKind::name);
  return found == std::end(kSettings) ? nullptr : found;
}

bool agrees(std::string_view says, std::string_view in_force) {
  return parts(says) == parts(in_force);
}

}  // namespace lapel::training
