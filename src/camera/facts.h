// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the machine says of itself: battery, and who sets its clock.
//
// Owns: nothing.
// Promises: reads /sys and asks the kernel; what is not there is not known.
// Fails with: nothing.
// Threads: any.

#include <filesystem>
#include <optional>

namespace lapel::camera {

// In percent, of the first battery in /sys/class/power_supply (or a folder like it); none without one.
std::optional<int> battery_percent(const std::filesystem::path& folder = "/sys/class/power_supply");

// Whether the kernel calls its clock synchronized.
bool is_clock_synchronized();

}  // namespace lapel::camera
