// SPDX-License-Identifier: Apache-2.0
#pragma once
// Time: microseconds UTC inside, and the Clock seam.
//
// Owns: Timestamp, its two texts (ledger time, RFC 3339), the real and the seeded clock.
// Promises: ledger time is exactly 23 characters, truncated, never second 60; parse refuses anything else.
// Fails with: std::nullopt where text is no time.
// Threads: RealClock and ManualClock may be used from any thread.

#include <atomic>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lapel {

struct Timestamp {
  std::int64_t us = 0;  // microseconds since 1970-01-01T00:00:00Z

  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
  std::int64_t seconds() const { return us >= 0 ? us / 1'000'000 : (us - 999'999) / 1'000'000; }
};

inline Timestamp operator+(Timestamp t, std::int64_t us) {
  return {t.us + us};
}
inline std::int64_t operator-(Timestamp a, Timestamp b) {
  return a.us - b.us;
}

inline constexpr std::int64_t kDayUs = 86'400LL * 1'000'000;
inline constexpr std::int64_t kHundredthUs = 10'000;  // what ledger time counts in

// YYYY-MM-DDThh:mm:ss.ccZ (ledger.md, JSON). Years 1970 to 9999; CHECKs outside.
// The first moment that the ledger cannot write: the year 10000.
inline constexpr std::int64_t kLedgerTimeEndUs = 253'402'300'800'000'000;
std::string ledger_time(Timestamp time);
std::optional<Timestamp> parse_ledger_time(std::string_view text);

// RFC 3339 with any offset and up to nine fractional digits, as clients send it. Second 60 is refused.
std::optional<Timestamp> parse_rfc3339(std::string_view text);
// HTTP's IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(Timestamp time);

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;
  // Never goes back; its zero means nothing. Microseconds.
  virtual std::int64_t monotonic_us() const = 0;
};

class RealClock final : public Clock {
 public:
  Timestamp now() const override;
  std::int64_t monotonic_us() const override;
};

// A clock that stands still until told otherwise: for tests and simulation.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start) : us_(start.us) {}
  Timestamp now() const override { return {us_.load()}; }
  std::int64_t monotonic_us() const override { return us_.load(); }
  void advance_us(std::int64_t us) { us_ += us; }
  void set(Timestamp time) { us_ = time.us; }

 private:
  std::atomic<std::int64_t> us_;
};

}  // namespace lapel
