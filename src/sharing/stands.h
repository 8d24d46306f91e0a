// SPDX-License-Identifier: Apache-2.0
#pragma once
// When a share stands, for the files of this folder: those of the agency that sends it, and of its recipient.
//
// Owns: nothing.
// Promises: the condition agrees with Share::has_ended().
// Fails with: nothing.
// Threads: a constant.

#include <string_view>

namespace lapel::sharing {

// SQL: the share has neither ended, nor been taken back, nor failed at :now.
inline constexpr std::string_view kStands =
    "revoked_us IS NULL AND failed_us IS NULL AND (ends_us IS NULL OR ends_us > :now)";

}  // namespace lapel::sharing
