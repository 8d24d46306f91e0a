// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a policy should speak of, and what in Lapel does as a clause says.
//
// Owns: the items of the checklist, in Lapel's words, under the eleven areas of the public policy review scorecard of the Bureau of
//   Justice Assistance; and the names of the settings that a clause may be enforced by.
// Promises: a setting is on the list only if it is enforced by the product.
// Fails with: nullptr for a key that is none.
// Threads: constants.

#include <span>
#include <string_view>

namespace lapel::training {

struct ChecklistItem {
  std::string_view key, area, question;
};
std::span<const ChecklistItem> checklist();
const ChecklistItem* checklist_item(std::string_view key);

struct SettingKind {
  std::string_view name, title;
  std::string_view values;  // what a clause may say, in words
  // Not null: it is no choice of the agency's, and always so.
  const char* always = nullptr;
};
std::span<const SettingKind> settings();
const SettingKind* setting_kind(std::string_view name);

// Whether what is in force is what the clause says. Lists and ranges are alike in any order and spacing.
bool agrees(std::string_view says, std::string_view in_force);

}  // namespace lapel::training
