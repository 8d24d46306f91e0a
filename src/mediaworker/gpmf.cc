// SPDX-License-Identifier: Apache-2.0
// GPMF, GoPro's metadata: items of a key, a type, the size of one element, how many, and their bytes, padded to four. A payload is
// a device (DEVC) of streams (STRM); in a stream the items before the last one say what that is: its scale, its fix, its time.
// Three streams have positions:
//   GPS5  latitude, longitude, altitude, speed over the ground, speed in space; fix (GPSF), time (GPSU) and precision (GPSP) are
//         the payload's
//   GPS9  the same, then days since 2000, seconds since midnight, precision and fix of each
//   GPRI  of the Karma drone: time since it was switched on, latitude, longitude, altitude, two errors in meters, speed, course,
//         fix; its stream SYST ties that time to UTC
// The best that a payload has is taken. Described at github.com/gopro/gpmf-parser.
#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "mediaworker/collector.h"
#include "mediaworker/numbers.h"
#include "mediaworker/telemetry.h"

namespace lapel::mediaworker {
namespace {

using protocol::TrackPoint;
using protocol::TrackRemark;

constexpr std::size_t kHeaderBytes = 8;
constexpr std::size_t kColumnsMax = 32;
// Cameras write a payload every 1.001 s; told here where nothing else says how long one is.
constexpr std::int64_t kPayloadUs = 1'001'000;
constexpr std::int64_t kPayloadUsMax = 2'500'000;

std::uint64_t big_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

struct Item {
  std::string_view key;
  char type = 0;
  std::size_t element_bytes = 0;
  ByteView data;

  std::size_t count() const { return element_bytes == 0 ? 0 : data.size() / element_bytes; }
};

// Items one after the other. One that reaches past the end is given as far as it is there.
class Items {
 public:
  explicit Items(ByteView bytes) : rest_(bytes) {}

  std::optional<Item> next() {
    if (rest_.empty()) return std::nullopt;
    if (rest_.size() < kHeaderBytes) {
      // Zeros fill up some payloads.
      is_cut_ = is_cut_ || big_endian(rest_) != 0;
      return std::nullopt;
    }
    const ByteView header = rest_.first(kHeaderBytes);
    Item item{as_text(header.first(4)), static_cast<char>(header[4]), header[5], {}};
    if (big_endian(header.first(4)) == 0) return std::nullopt;
    const auto bytes = static_cast<std::size_t>(item.element_bytes * big_endian(header.subspan(6, 2)));
    rest_ = rest_.subspan(kHeaderBytes);
    is_cut_ = is_cut_ || bytes > rest_.size();
    item.data = rest_.first(std::min(bytes, rest_.size()));
    rest_ = rest_.subspan(std::min((bytes + 3) / 4 * 4, rest_.size()));
    return item;
  }
  bool is_cut() const { return is_cut_; }

 private:
  ByteView rest_;
  bool is_cut_ = false;
};

std::size_t bytes_of(char type) {
  switch (type) {
    case 'b':
    case 'B':
      return 1;
    case 's':
    case 'S':
      return 2;
    case 'l':
    case 'L':
    case 'f':
      return 4;
    case 'd':
    case 'j':
    case 'J':
      return 8;
    default:
      return 0;  // texts and fixed points: no column of positions
  }
}

double number_of(char type, ByteView bytes) {
  const std::uint64_t raw = big_endian(bytes);
  switch (type) {
    case 'b':
      return static_cast<std::int8_t>(raw);
    case 's':
      return static_cast<std::int16_t>(raw);
    case 'l':
      return static_cast<std::int32_t>(raw);
    case 'f':
      return std::bit_cast<float>(static_cast<std::uint32_t>(raw));
    case 'd':
      return std::bit_cast<double>(raw);
    case 'j':
      return static_cast<double>(static_cast<std::int64_t>(raw));
    default:
      return static_cast<double>(raw);
  }
}

// The first number of an item, where it has one.
std::optional<double> number_of(const std::optional<Item>& item) {
  const std::size_t bytes = item ? bytes_of(item->type) : 0;
  if (bytes == 0 || item->data.size() < bytes) return std::nullopt;
  return number_of(item->type, item->data.first(bytes));
}

// "yymmddhhmmss.sss"
std::optional<Timestamp> time_of(const std::optional<Item>& item) {
  if (!item) return std::nullopt;
  const std::string_view text = as_text(item->data);
  const auto year = digits(text, 0, 2), month = digits(text, 2, 2), day = digits(text, 4, 2);
  const auto hour = digits(text, 6, 2), minute = digits(text, 8, 2), second = digits(text, 10, 2);
  const auto millisecond = digits(text, 13, 3);
  if (!year || !month || !day || !hour || !minute || !second || !millisecond || text[12] != '.') return std::nullopt;
  return civil_time(2000 + *year, *month, *day,
                    (((*hour * 60 + *minute) * 60 + *second) * 1'000 + *millisecond) * 1'000);
}

// A stream's last item as a table, each column divided by its scale.
struct Table {
  std::vector<char> types;
  std::vector<double> scales;
  std::size_t row_bytes = 0;
  ByteView data;

  std::size_t rows() const { return data.size() / row_bytes; }
  std::vector<double> row(std::size_t index) const {
    std::vector<double> out;
    ByteView bytes = data.subspan(index * row_bytes, row_bytes);
    for (std::size_t i = 0; i < types.size(); ++i) {
      out.push_back(number_of(types[i], bytes.first(bytes_of(types[i]))) / scales[i]);
      bytes = bytes.subspan(bytes_of(types[i]));
    }
    return out;
  }
};

struct Stream {
  std::optional<Item> type, scale, fix, time, precision, table;
};

// Nothing where the items do not describe as many columns as are needed.
std::optional<Table> table_of(const Stream& stream, std::size_t columns_least) {
  Table table;
  table.row_bytes = stream.table->element_bytes;
  table.data = stream.table->data;
  if (stream.table->type == '?') {
    if (!stream.type) return std::nullopt;
    const std::string_view types = as_text(stream.type->data);
    table.types.assign(types.begin(), types.end());
  } else {
    const std::size_t bytes = bytes_of(stream.table->type);
    if (bytes == 0) return std::nullopt;
    table.types.assign(table.row_bytes / bytes, stream.table->type);
  }
  std::size_t bytes = 0;
  for (const char type : table.types) {
    if (bytes_of(type) == 0) return std::nullopt;
    bytes += bytes_of(type);
  }
  if (table.types.size() < columns_least || table.types.size() > kColumnsMax || bytes != table.row_bytes)
    return std::nullopt;
  table.scales.assign(table.types.size(), 1);
  if (stream.scale) {
    const std::size_t scale_bytes = bytes_of(stream.scale->type);
    const std::size_t count = scale_bytes == 0 ? 0 : stream.scale->data.size() / scale_bytes;
    if (count != 1 && count < table.types.size()) return std::nullopt;
    for (std::size_t i = 0; i < table.scales.size(); ++i) {
      const std::size_t at = count == 1 ? 0 : i * scale_bytes;
      table.scales[i] = number_of(stream.scale->type, stream.scale->data.subspan(at, scale_bytes));
      if (table.scales[i] == 0 || !std::isfinite(table.scales[i])) return std::nullopt;
    }
  }
  return table;
}

std::optional<std::int64_t> microseconds(double seconds) {
  constexpr double kSecondsMax = 1e11;
  return std::abs(seconds) <= kSecondsMax ? std::optional<std::int64_t>(std::llround(seconds * 1e6)) : std::nullopt;
}

bool is_fix(double fix) {
  return fix == 2 || fix == 3;
}

struct Row {
  TrackPoint point;
  bool has_fix = true;
};

class GpmfReader final : public TelemetryReader {
 public:
  void take(ByteView packet, const Shown& shown) override {
    Payload payload;
    payload.shown = shown;
    Items devices(packet);
    while (const auto device = devices.next()) {
      if (device->key == "DEVC") read_device(*device, payload);
    }
    if (devices.is_cut() || payload.is_cut) {
      collector_.add_remark(TrackRemark::kBreaksOff);
      collector_.add_damaged();
    }
    keep(std::move(payload));
  }

  protocol::Track finish() override {
    flush(std::nullopt);
    return collector_.finish();
  }

 private:
  struct Payload {
    Shown shown;
    std::optional<Stream> gps5, gps9, gpri, syst;
    bool is_cut = false;
  };

  static void read_device(const Item& device, Payload& payload) {
    Items streams(device.data);
    while (const auto item = streams.next()) {
      if (item->key != "STRM") continue;
      Stream stream;
      Items items(item->data);
      while (const auto member = items.next()) {
        if (member->key == "TYPE") stream.type = member;
        if (member->key == "SCAL") stream.scale = member;
        if (member->key == "GPSF") stream.fix = member;
        if (member->key == "GPSU") stream.time = member;
        if (member->key == "GPSP") stream.precision = member;
        std::optional<Stream>* slot = member->key == "GPS5"   ? &payload.gps5
                                      : member->key == "GPS9" ? &payload.gps9
                                      : member->key == "GPRI" ? &payload.gpri
                                      : member->key == "SYST" ? &payload.syst
                                                              : nullptr;
        if (slot == nullptr) continue;
        stream.table = member;
        *slot = stream;
      }
      payload.is_cut = payload.is_cut || items.is_cut();
    }
    payload.is_cut = payload.is_cut || streams.is_cut();
  }

  // Points wait until it is known how long their payload is: at the next one, where the file does not say.
  void keep(Payload payload) {
    std::vector<Row> rows;
    std::optional<Timestamp> begins;
    if (payload.gps9) {
      rows = of_gps9(*payload.gps9);
    } else if (payload.gps5) {
      begins = time_of(payload.gps5->time);
      rows = of_gps5(*payload.gps5);
    } else if (payload.gpri) {
      rows = of_gpri(*payload.gpri, payload.syst);
    } else {
      return;
    }
    flush(begins);
    waiting_ = std::move(rows);
    waiting_begins_ = begins;
    waiting_shown_ = payload.shown;
  }

  // Spreads the points that wait evenly over their payload.
  void flush(std::optional<Timestamp> next_begins) {
    std::int64_t us = kPayloadUs;
    if (waiting_begins_ && next_begins) {
      const std::int64_t apart = *next_begins - *waiting_begins_;
      if (apart > 0 && apart <= kPayloadUsMax) us = apart;
    }
    if (waiting_shown_.duration_us && *waiting_shown_.duration_us > 0) us = *waiting_shown_.duration_us;
    us = std::min(us, kPayloadUsMax * 1'000);
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      const std::int64_t later = us * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(waiting_.size());
      TrackPoint& point = waiting_[i].point;
      if (waiting_shown_.at_us) point.at_ms = (*waiting_shown_.at_us + later) / 1'000;
      if (waiting_begins_) point.time = *waiting_begins_ + later;
      if (waiting_[i].has_fix) {
        collector_.add(point);
      } else {
        collector_.add_without_fix();
      }
    }
    waiting_.clear();
  }

  std::vector<Row> of_gps5(const Stream& stream) {
    const auto table = table_of(stream, 5);
    if (!table) return damaged();
    const auto fix = number_of(stream.fix);
    const auto precision = number_of(stream.precision);
    std::vector<Row> rows;
    for (std::size_t i = 0; i < table->rows(); ++i) {
      const std::vector<double> row = table->row(i);
      TrackPoint point{.latitude = row[0], .longitude = row[1], .altitude_m = row[2], .speed_m_s = row[3]};
      if (precision) point.dop = *precision / 100;
      rows.push_back({point, !fix || is_fix(*fix)});
    }
    return rows;
  }

  std::vector<Row> of_gps9(const Stream& stream) {
    const auto table = table_of(stream, 9);
    if (!table) return damaged();
    std::vector<Row> rows;
    for (std::size_t i = 0; i < table->rows(); ++i) {
      const std::vector<double> row = table->row(i);
      TrackPoint point{.latitude = row[0], .longitude = row[1], .altitude_m = row[2], .speed_m_s = row[3]};
      constexpr std::int64_t kYear2000Us = 946'684'800'000'000;
      if (const auto us = microseconds(row[5] * 86'400 + row[6])) point.time = Timestamp{kYear2000Us + *us};
      point.dop = row[7];
      rows.push_back({point, is_fix(row[8])});
    }
    return rows;
  }

  std::vector<Row> of_gpri(const Stream& stream, const std::optional<Stream>& clock) {
    const auto table = table_of(stream, 9);
    if (!table) return damaged();
    // What UTC was when the drone had been on for as long.
    std::optional<std::int64_t> switched_on_us;
    const auto system = clock ? table_of(*clock, 2) : std::nullopt;
    if (system && system->rows() > 0) {
      const std::vector<double> row = system->row(0);
      const auto up = microseconds(row[0]), utc = microseconds(row[1]);
      if (up && utc) switched_on_us = *utc - *up;
    }
    std::vector<Row> rows;
    for (std::size_t i = 0; i < table->rows(); ++i) {
      const std::vector<double> row = table->row(i);
      TrackPoint point{.latitude = row[1], .longitude = row[2], .altitude_m = row[3], .speed_m_s = row[6]};
      const auto up = microseconds(row[0]);
      if (switched_on_us && up) point.time = Timestamp{*switched_on_us + *up};
      point.course_deg = row[7];
      point.accuracy_m = row[4];
      rows.push_back({point, is_fix(row[8])});
    }
    return rows;
  }

  std::vector<Row> damaged() {
    collector_.add_damaged();
    return {};
  }

  Collector collector_{protocol::TrackSource::kGpmf};
  std::vector<Row> waiting_;
  std::optional<Timestamp> waiting_begins_;
  Shown waiting_shown_;
};

}  // namespace

std::unique_ptr<TelemetryReader> gpmf_reader() {
  return std::make_unique<GpmfReader>();
}

protocol::Track read_gpmf_file(ByteView file) {
  GpmfReader reader;
  while (!file.empty()) {
    // A device is a payload of its own here. What is no device ends the row: nothing says where the next would begin.
    Items items(file);
    const auto item = items.next();
    const std::size_t bytes = item ? kHeaderBytes + (item->data.size() + 3) / 4 * 4 : file.size();
    reader.take(file.first(std::min(bytes, file.size())), {});
    file = file.subspan(std::min(bytes, file.size()));
  }
  return reader.finish();
}

}  // namespace lapel::mediaworker
