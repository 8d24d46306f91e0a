// SPDX-License-Identifier: Apache-2.0
#include "camera/gnss.h"

#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"

namespace lapel::camera {
namespace {

constexpr std::size_t kSentenceBytesMax = 120;  // NMEA allows 82; receivers exceed it
constexpr std::size_t kHeldBytesMax = 64 * 1024;
constexpr std::string_view kWatch = "?WATCH={\"enable\":true,\"nmea\":true};\n";

std::vector<std::string_view> fields_of(std::string_view text) {
  std::vector<std::string_view> out;
  for (;;) {
    const std::size_t comma = text.find(',');
    out.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

// Digits and at most one point.
std::optional<double> number_of(std::string_view text) {
  if (text.empty() || text.size() > 20 || text.find_first_not_of("0123456789.") != std::string_view::npos)
    return std::nullopt;
  const std::string copy(text);
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  return *end == '\0' ? std::optional(value) : std::nullopt;
}

// dddmm.mmmm and its letter.
std::optional<double> degrees_of(std::string_view text, std::string_view letter, std::string_view letters,
                                 double most) {
  const auto value = number_of(text);
  if (!value || letter.size() != 1 || letters.find(letter) == std::string_view::npos) return std::nullopt;
  const double whole = std::floor(*value / 100), minutes = *value - whole * 100;
  const double degrees = whole + minutes / 60;
  if (minutes >= 60 || degrees > most) return std::nullopt;
  return letter[0] == letters[1] ? -degrees : degrees;
}

// hhmmss with a fraction, as microseconds since midnight.
std::optional<std::int64_t> day_us_of(std::string_view text) {
  const auto value = text.size() >= 6 ? number_of(text) : std::nullopt;
  if (!value) return std::nullopt;
  const auto whole = static_cast<std::int64_t>(*value);
  const std::int64_t hours = whole / 10'000, minutes = whole / 100 % 100, seconds = whole % 100;
  if (hours > 23 || minutes > 59 || seconds > 59) return std::nullopt;
  return ((hours * 60 + minutes) * 60 + seconds) * 1'000'000 +
         std::llround((*value - static_cast<double>(whole)) * 1e6);
}

}  // namespace

std::optional<Fix> read_nmea(std::string_view sentence) {
  if (sentence.size() > kSentenceBytesMax || !sentence.starts_with('$')) return std::nullopt;
  const std::size_t star = sentence.rfind('*');
  if (star == std::string_view::npos || sentence.size() != star + 3) return std::nullopt;
  unsigned sum = 0;
  for (const char c : sentence.substr(1, star - 1)) sum ^= static_cast<unsigned char>(c);
  if (sentence.substr(star + 1) != fmt::format("{:02X}", sum)) return std::nullopt;
  const auto fields = fields_of(sentence.substr(1, star - 1));
  if (fields[0].size() != 5) return std::nullopt;
  const std::string_view kind = fields[0].substr(2);
  const bool is_rmc = kind == "RMC" && fields.size() >= 10 && fields[2] == "A";
  const bool is_gga = kind == "GGA" && fields.size() >= 7 && !fields[6].empty() && fields[6] != "0";
  if (!is_rmc && !is_gga) return std::nullopt;
  const std::size_t at = is_rmc ? 3 : 2;
  const auto latitude = degrees_of(fields[at], fields[at + 1], "NS", 90);
  const auto longitude = degrees_of(fields[at + 2], fields[at + 3], "EW", 180);
  const auto day_us = day_us_of(fields[1]);
  if (!latitude || !longitude || !day_us) return std::nullopt;
  Fix out;
  out.place = fmt::format("{:.6f},{:.6f}", *latitude, *longitude);
  out.day_us = *day_us;
  if (is_rmc && fields[9].size() == 6 && fields[9].find_first_not_of("0123456789") == std::string_view::npos) {
    const std::string_view date = fields[9];
    const auto midnight =
        parse_rfc3339(fmt::format("20{}-{}-{}T00:00:00Z", date.substr(4, 2), date.substr(2, 2), date.substr(0, 2)));
    if (midnight) out.time = *midnight + *day_us;
  }
  return out;
}

struct Gnss::State {
  int descriptor = -1;
  bool is_file = false;
  std::string held;
  std::int64_t first_day_us = -1, last_day_us = 0, turned_us = 0;  // of a file: its own time line

  ~State() {
    if (descriptor >= 0) ::close(descriptor);
  }

  void read_more() {
    std::array<char, 4'096> buffer;
    while (descriptor >= 0 && held.size() < kHeldBytesMax) {
      const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      if (got <= 0) {
        // A receiver that is gone is a camera without positions, and no less a camera.
        ::close(descriptor);
        descriptor = -1;
        return;
      }
      held.append(buffer.data(), static_cast<std::size_t>(got));
      if (is_file) return;
    }
  }

  // How far into the file a sentence stands; the time of the one before where it has none.
  std::int64_t file_us(std::string_view sentence) {
    const auto fix = read_nmea(sentence);
    if (fix) {
      if (first_day_us < 0) first_day_us = last_day_us = fix->day_us;
      if (fix->day_us < last_day_us - kDayUs / 2) turned_us += kDayUs;
      last_day_us = fix->day_us;
    }
    return first_day_us < 0 ? 0 : last_day_us + turned_us - first_day_us;
  }
};

Gnss::Gnss(std::unique_ptr<State> state) : state_(std::move(state)) {}
Gnss::~Gnss() = default;

Result<std::unique_ptr<Gnss>> Gnss::open(const std::string& where) {
  auto state = std::make_unique<State>();
  const auto refuse = [&](const char* what) {
    return fail(Code::kUnavailable, what, where + ": " + std::strerror(errno));
  };
  if (where.starts_with("nmea:")) {
    const std::string path = where.substr(5);
    state->descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    struct ::stat status;
    if (state->descriptor < 0 || ::fstat(state->descriptor, &status) != 0)
      return refuse("The receiver cannot be opened");
    state->is_file = S_ISREG(status.st_mode);
  } else if (where.starts_with("gpsd:")) {
    const std::size_t colon = where.rfind(':');
    if (colon <= 5) return fail(Code::kInvalid, "--gnss is none, nmea:PATH or gpsd:HOST:PORT", where);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const std::string host = where.substr(5, colon - 5), port = where.substr(colon + 1);
    if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) {
      return fail(Code::kUnavailable, "There is no such gpsd", where);
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
      state->descriptor = ::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (state->descriptor >= 0 && ::connect(state->descriptor, each->ai_addr, each->ai_addrlen) == 0) break;
      if (state->descriptor >= 0) ::close(std::exchange(state->descriptor, -1));
    }
    if (state->descriptor < 0) return refuse("gpsd does not answer");
    const bool is_asked =
        ::send(state->descriptor, kWatch.data(), kWatch.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(kWatch.size());
    if (!is_asked || ::fcntl(state->descriptor, F_SETFL, O_NONBLOCK) != 0) return refuse("gpsd does not answer");
  } else if (where != "none") {
    return fail(Code::kInvalid, "--gnss is none, nmea:PATH or gpsd:HOST:PORT", where);
  }
  return std::unique_ptr<Gnss>(new Gnss(std::move(state)));
}

int Gnss::descriptor() const {
  return state_->is_file ? -1 : state_->descriptor;
}

std::vector<std::string> Gnss::take(std::int64_t us) {
  std::vector<std::string> out;
  State& state = *state_;
  for (;;) {
    std::size_t end = state.held.find('\n');
    if (end == std::string::npos) {
      state.read_more();
      end = state.held.find('\n');
    }
    if (end == std::string::npos) {
      if (state.held.size() >= kHeldBytesMax) state.held.clear();  // no receiver writes such a line
      return out;
    }
    std::string line = state.held.substr(0, end);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (state.is_file && state.file_us(line) > us) return out;
    state.held.erase(0, end + 1);
    // gpsd greets with a line of JSON, and receivers have sentences of their own; none is longer than these.
    if (line.starts_with('$') && line.size() <= kSentenceBytesMax && line.find('\0') == std::string::npos) {
      out.push_back(std::move(line));
    }
  }
}

}  // namespace lapel::camera
