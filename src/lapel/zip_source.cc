// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sys/stat.h>
#include <zip.h>

#include "base/text.h"
#include "lapel/export_source.h"

namespace lapel::door {
namespace {

using Archive = std::shared_ptr<zip_t>;

// One entry, read from its beginning on; whoever goes back begins again.
class Entry {
 public:
  Entry(Archive archive, zip_uint64_t index, std::string name, std::uint64_t bytes)
      : archive_(std::move(archive)), index_(index), name_(std::move(name)), bytes_(bytes) {}

  Result<std::size_t> read(std::uint64_t offset, std::span<std::uint8_t> out) {
    if (!file_ || offset < at_) {
      file_.reset(zip_fopen_index(archive_.get(), index_, 0));
      if (!file_) return damaged(zip_strerror(archive_.get()));
      at_ = 0;
    }
    std::vector<std::uint8_t> skipped(offset > at_ ? 1 << 20 : 0);
    while (at_ < offset) {
      const std::size_t some = std::min<std::uint64_t>(skipped.size(), offset - at_);
      const zip_int64_t count = zip_fread(file_.get(), skipped.data(), some);
      if (count <= 0) return damaged("it ends early");
      at_ += static_cast<std::uint64_t>(count);
    }
    const zip_int64_t count = zip_fread(file_.get(), out.data(), std::min<std::uint64_t>(out.size(), bytes_ - at_));
    if (count < 0) return damaged(zip_file_strerror(file_.get()));
    if (count == 0 && at_ < bytes_) return damaged("it ends early");
    at_ += static_cast<std::uint64_t>(count);
    // Before the last byte is given on, the sum over all of them must hold, and there must be no more.
    std::uint8_t more = 0;
    if (at_ == bytes_ && zip_fread(file_.get(), &more, 1) != 0) return damaged("its checksum or its length is wrong");
    return static_cast<std::size_t>(count);
  }

 private:
  tl::unexpected<Error> damaged(std::string_view why) const {
    return fail(Code::kCorrupt, fmt::format("An entry of the archive is damaged: {}", why), printable(name_));
  }

  const Archive archive_;
  const zip_uint64_t index_;
  const std::string name_;
  const std::uint64_t bytes_;
  std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file_{nullptr, &zip_fclose};
  std::uint64_t at_ = 0;
};

class Zip final : public ExportSource {
 public:
  explicit Zip(Archive archive) : archive_(std::move(archive)) {}

  Result<void> each(const std::function<Result<void>(const ExportEntry&)>& step) override {
    const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
    if (count < 0 || static_cast<std::uint64_t>(count) > kZipEntriesMax)
      return fail(Code::kTooLarge, fmt::format("The archive has over {} entries", kZipEntriesMax));
    std::unordered_set<std::string> seen;
    std::uint64_t total = 0;
    for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(count); ++i) {
      zip_stat_t status;
      if (zip_stat_index(archive_.get(), i, 0, &status) != 0 || !(status.valid & ZIP_STAT_NAME))
        return fail(Code::kCorrupt, "The archive's list of entries is damaged");
      ExportEntry entry{status.name, status.valid & ZIP_STAT_SIZE ? status.size : 0, {}};
      const bool is_folder = entry.path.ends_with('/') && entry.bytes == 0;
      if (!seen.insert(entry.path).second) {
        entry.trouble = "The archive has another entry of this very name: which of the two is meant cannot be told";
      } else if (is_folder) {
        continue;
      } else {
        entry.trouble = trouble_of(i, status);
      }
      if (entry.trouble.empty()) {
        if (entry.bytes > kZipBytesMax - total)
          return fail(Code::kTooLarge, fmt::format("The archive unpacks to over {} bytes", kZipBytesMax));
        total += entry.bytes;
      }
      TRY(step(entry));
    }
    return {};
  }

  Result<http::BodySource> file(const std::string& path, std::uint64_t bytes) override {
    const zip_int64_t index = zip_name_locate(archive_.get(), path.c_str(), 0);
    zip_stat_t status;
    if (index < 0 || zip_stat_index(archive_.get(), static_cast<zip_uint64_t>(index), 0, &status) != 0)
      return fail(Code::kNotFound, "The archive has no such entry", printable(path));
    if (!(status.valid & ZIP_STAT_SIZE) || status.size != bytes ||
        !trouble_of(static_cast<zip_uint64_t>(index), status).empty())
      return fail(Code::kConflict, "The entry is another than when the archive was listed", printable(path));
    auto entry = std::make_shared<Entry>(archive_, static_cast<zip_uint64_t>(index), path, bytes);
    return http::BodySource{
        bytes, [entry](std::uint64_t offset, std::span<std::uint8_t> out) { return entry->read(offset, out); }};
  }

 private:
  std::string trouble_of(zip_uint64_t index, const zip_stat_t& status) const {
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;
    if (zip_file_get_external_attributes(archive_.get(), index, 0, &system, &attributes) == 0 &&
        system == ZIP_OPSYS_UNIX) {
      const mode_t kind = (attributes >> 16) & S_IFMT;
      if (kind == S_IFLNK) return "It is a symbolic link: what it points to may lie outside of the export";
      if (kind != 0 && kind != S_IFREG) return "It is no file";
    }
    if (status.valid & ZIP_STAT_ENCRYPTION_METHOD && status.encryption_method != ZIP_EM_NONE)
      return "It is encrypted: unpack the archive first, and bring in the folder";
    if (!(status.valid & ZIP_STAT_SIZE) || !(status.valid & ZIP_STAT_COMP_SIZE)) return "Its length is not told";
    if (status.size > kZipRatioFromBytes && status.size / kZipRatioMax > status.comp_size) {
      return fmt::format("It unpacks to {} bytes from {}: over {} times as many, which no recording does", status.size,
                         status.comp_size, kZipRatioMax);
    }
    return {};
  }

  const Archive archive_;
};

}  // namespace

Result<std::unique_ptr<ExportSource>> open_zip_source(const std::string& path) {
  int code = 0;
  Archive archive(zip_open(path.c_str(), ZIP_RDONLY, &code), [](zip_t* opened) {
    if (opened) zip_discard(opened);
  });
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string why = zip_error_strerror(&error);
    zip_error_fini(&error);
    return fail(Code::kInvalid, fmt::format("This is neither a folder nor a ZIP archive that can be read: {}", why),
                printable(path));
  }
  return std::make_unique<Zip>(std::move(archive));
}

}  // namespace lapel::door
