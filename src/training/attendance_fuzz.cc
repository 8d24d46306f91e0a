// SPDX-License-Identifier: Apache-2.0
// A file of attendance: read, and judged against an agency of which little is known. What is taken is taken once.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "training/attendance.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel;
  training::KnownAttendance known;
  known.today = *parse_day("2022-12-02");
  known.courses = {"basic"};
  known.people = {
      {"101", PersonId(ByteArray<16>{1})}, {"hill", PersonId(ByteArray<16>{1})}, {"102", PersonId(ByteArray<16>{2})}};
  const auto file = training::read_attendance(as_text(ByteView(data, size)), known);
  if (!file) return 0;
  for (const training::AttendanceEntry& entry : file->entries) {
    CHECK(known.attended.insert({entry.session, entry.person}).second);
    CHECK(entry.session.on <= known.today);
  }
  const auto again = training::read_attendance(as_text(ByteView(data, size)), known);
  CHECK(again.has_value() && again->entries.empty());
  return 0;
}
