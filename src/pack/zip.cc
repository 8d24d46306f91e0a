// SPDX-License-Identifier: Apache-2.0
#include "pack/zip.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

namespace lapel::pack {
namespace {

constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
constexpr std::uint16_t kVersion = 20, kNamesAreUtf8 = 0x0800, kStored = 0;

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> out{};
  for (std::uint32_t i = 0; i < out.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xedb88320U ^ (value >> 1) : value >> 1;
    out[i] = value;
  }
  return out;
}

std::uint32_t crc32(std::string_view bytes) {
  static constexpr auto kTable = crc_table();
  std::uint32_t out = 0xffffffffU;
  for (const char byte : bytes) out = kTable[(out ^ static_cast<unsigned char>(byte)) & 0xff] ^ (out >> 8);
  return ~out;
}

template <typename T>
void put(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof value; ++i) out += static_cast<char>((value >> (8 * i)) & 0xff);
}

// What a local head and an entry of the directory have alike.
void put_facts(std::string& out, const ZipFile& file, Day day) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day.number))};
  // MS-DOS counts from 1980.
  const int year = std::max(static_cast<int>(date.year()) - 1980, 0);
  const auto dos_day =
      static_cast<std::uint16_t>((year << 9) | (static_cast<int>(static_cast<unsigned>(date.month())) << 5) |
                                 static_cast<int>(static_cast<unsigned>(date.day())));
  put<std::uint16_t>(out, kVersion);
  put<std::uint16_t>(out, kNamesAreUtf8);
  put<std::uint16_t>(out, kStored);
  put<std::uint16_t>(out, 0);  // midnight
  put<std::uint16_t>(out, dos_day);
  put<std::uint32_t>(out, crc32(file.bytes));
  put(out, static_cast<std::uint32_t>(file.bytes.size()));
  put(out, static_cast<std::uint32_t>(file.bytes.size()));
  put(out, static_cast<std::uint16_t>(file.name.size()));
  put<std::uint16_t>(out, 0);  // nothing extra
}

}  // namespace

Result<std::string> zip_stored(std::span<const ZipFile> files, Day day) {
  std::uint64_t all = 0;
  for (const ZipFile& file : files) all += file.bytes.size() + file.name.size();
  if (files.size() > kZipFilesMax || all > kZipBytesMax) {
    return fail(Code::kTooLarge, "There is too much for one archive");
  }
  std::string out, directory;
  for (const ZipFile& file : files) {
    const auto begins = static_cast<std::uint32_t>(out.size());
    put(out, kLocal);
    put_facts(out, file, day);
    out += file.name;
    out += file.bytes;
    put(directory, kCentral);
    put<std::uint16_t>(directory, (3 << 8) | kVersion);  // made by Unix
    put_facts(directory, file, day);
    put<std::uint16_t>(directory, 0);               // no comment
    put<std::uint16_t>(directory, 0);               // the only disk
    put<std::uint16_t>(directory, 0);               // no text in particular
    put<std::uint32_t>(directory, 0100644U << 16);  // a file that its owner may change
    put(directory, begins);
    directory += file.name;
  }
  const auto begins = static_cast<std::uint32_t>(out.size());
  out += directory;
  put(out, kEnd);
  put<std::uint32_t>(out, 0);  // the only disk
  put(out, static_cast<std::uint16_t>(files.size()));
  put(out, static_cast<std::uint16_t>(files.size()));
  put(out, static_cast<std::uint32_t>(directory.size()));
  put(out, begins);
  put<std::uint16_t>(out, 0);  // no comment
  return out;
}

}  // namespace lapel::pack
