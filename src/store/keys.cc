// SPDX-License-Identifier: Apache-2.0
// A secret:  keys/<slug>/<name>.key      "lapel-key/1 <name> <64 hex>\n"
// A page:    keys/<slug>/subjects/<first 3 hex of the subject id>
//            records of 80 bytes: "LK1\n" ‖ subject (16) ‖ nonce (12) ‖ ciphertext (32) ‖ tag (16),
//            AES-256-GCM under the agency's key with "lapel-subject-key/1\n" ‖ slug ‖ "\n" ‖ subject as associated data.
// A record is appended under the page's lock and synced. What was not synced when the power went was never relied on: a
// last record cut short is cut off before the next append, and one whose sectors are not all there counts for nothing.
// Anything else that is no record is damage, and no key is made on a damaged page: it might be the lost one's second.
// Pages are small (2,400 keys at ten million recordings), so a look-up reads one.
#include "store/keys.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "base/problems.h"
#include "crypto/aead.h"
#include "crypto/random.h"

namespace lapel::store {
namespace {

constexpr std::string_view kMagic = "LK1\n";
constexpr std::size_t kRecordBytes = 80;
constexpr std::size_t kSectorBytes = 512;  // the least that a disk writes whole
constexpr std::size_t kPageBytesMax = 64 << 20;
constexpr std::string_view kAgencyKey = "agency";

Bytes associated_data(std::string_view slug, const SubjectId& subject) {
  Bytes out;
  const auto add = [&out](ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); };
  add(as_bytes("lapel-subject-key/1\n"));
  add(as_bytes(slug));
  add(as_bytes("\n"));
  add(subject.bytes());
  return out;
}

bool is_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

// Whether a sector of the record at `at` was never written: it reads as zeros. The part of a record in one sector is
// 16 bytes at least, and no whole record has so many zeros in a row at such a place but by a chance of 2^-128.
bool is_torn(ByteView page, std::size_t at) {
  static_assert(kRecordBytes % 16 == 0 && kSectorBytes % 16 == 0);
  const ByteView record = page.subspan(at, kRecordBytes);
  const std::size_t in_first_sector = std::min(kRecordBytes, kSectorBytes - at % kSectorBytes);
  const ByteView rest = record.subspan(in_first_sector);
  return is_zero(record.first(in_first_sector)) || (!rest.empty() && is_zero(rest));
}

struct Record {
  SubjectId subject;
  ByteView sealed;
  std::size_t end = 0;  // in the page
};

// The whole records of a page, which holds a multiple of their size.
Result<std::vector<Record>> read_records(ByteView page, const os::Path& path) {
  std::vector<Record> out;
  for (std::size_t at = 0; at + kRecordBytes <= page.size(); at += kRecordBytes) {
    if (is_torn(page, at)) continue;
    const ByteView record = page.subspan(at, kRecordBytes);
    if (as_text(record.first(kMagic.size())) != kMagic) {
      return fail(Code::kCorrupt, "A page of the key store is damaged", fmt::format("{} at {}", path.string(), at));
    }
    const auto id = to_array<16>(record.subspan(kMagic.size(), 16));
    out.push_back({SubjectId(*id), record.subspan(kMagic.size() + 16), at + kRecordBytes});
  }
  return out;
}

const Record* find_record(const std::vector<Record>& records, const SubjectId& subject) {
  const auto found =
      std::find_if(records.begin(), records.end(), [&](const Record& r) { return r.subject == subject; });
  return found == records.end() ? nullptr : &*found;
}

Result<ByteArray<32>> open_record(ByteView sealed, const ByteArray<32>& agency_key, std::string_view slug,
                                  const SubjectId& subject, const os::Path& path) {
  const auto plain = crypto::aead_open(agency_key, associated_data(slug, subject), sealed);
  const auto key = plain ? to_array<32>(*plain) : std::nullopt;
  if (!key) return fail(Code::kCorrupt, "A subject key does not open with the agency's key", path.string());
  return *key;
}

Bytes make_record(const ByteArray<32>& agency_key, std::string_view slug, const SubjectId& subject,
                  const ByteArray<32>& key) {
  Bytes record(kMagic.begin(), kMagic.end());
  record.insert(record.end(), subject.bytes().begin(), subject.bytes().end());
  const Bytes sealed = crypto::aead_seal(agency_key, associated_data(slug, subject), key);
  record.insert(record.end(), sealed.begin(), sealed.end());
  CHECK(record.size() == kRecordBytes);
  return record;
}

Result<Bytes> read_page(os::File& file) {
  const std::uint64_t bytes = TRY(file.size());
  if (bytes > kPageBytesMax) return fail(Code::kCorrupt, "A page of the key store is too large");
  Bytes page(bytes);
  page.resize(TRY(file.read_at(0, page)));
  return page;
}

}  // namespace

Result<std::unique_ptr<KeyStore>> KeyStore::open(os::Disk& disk, os::Path directory) {
  TRY(os::make_directories(disk, directory));
  return std::unique_ptr<KeyStore>(new KeyStore(disk, std::move(directory)));
}

Result<void> KeyStore::create_agency(std::string_view slug) {
  const os::Path home = directory_ / slug;
  TRY(os::make_directories(disk_, home / "subjects"));
  if (!TRY(disk_.list(home / "subjects")).empty()) {
    return fail(Code::kConflict, "An agency of this slug has its keys here already", home.string());
  }
  for (const std::string_view name :
       {kAgencyKey, std::string_view("log"), std::string_view("pad"), std::string_view("heads")}) {
    const auto left = read_secret(slug, name);
    if (!left && left.error().code() != Code::kNotFound) return fail(left.error());
    if (left) continue;
    TRY(make_secret(slug, name));
  }
  // Whoever made one may have been killed before this.
  return disk_.sync_directory(home);
}

// Or another attempt at this moment made it.
Result<void> KeyStore::make_secret(std::string_view slug, std::string_view name) {
  const auto secret = crypto::random_bytes<32>();
  const std::string text = fmt::format("lapel-key/1 {} {}\n", name, hex(secret));
  auto made = os::write_new_file(disk_, directory_ / slug / fmt::format("{}.key", name), as_bytes(text));
  return made || made.error().code() == Code::kConflict ? Result<void>() : made;
}

Result<ByteArray<32>> KeyStore::spool_secret_or_create(std::string_view slug) {
  auto secret = read_secret(slug, "spool");
  if (secret || secret.error().code() != Code::kNotFound) return secret;
  TRY(make_secret(slug, "spool"));
  TRY(disk_.sync_directory(directory_ / slug));
  return read_secret(slug, "spool");
}

Result<ByteArray<32>> KeyStore::read_secret(std::string_view slug, std::string_view name) {
  const os::Path path = directory_ / slug / fmt::format("{}.key", name);
  const Bytes bytes = TRY(os::read_file(disk_, path, 256));
  const std::string head = fmt::format("lapel-key/1 {} ", name);
  const std::string_view text = as_text(bytes);
  if (!text.starts_with(head) || !text.ends_with('\n')) {
    return fail(Code::kCorrupt, "A secret file is damaged", path.string());
  }
  const auto secret = parse_hex_array<32>(text.substr(head.size(), text.size() - head.size() - 1));
  if (!secret) return fail(Code::kCorrupt, "A secret file is damaged", path.string());
  return *secret;
}

Result<AgencySecrets> KeyStore::agency_secrets(std::string_view slug) {
  const auto log = TRY(read_secret(slug, "log"));
  const auto pad = TRY(read_secret(slug, "pad"));
  const auto heads = TRY(read_secret(slug, "heads"));
  return AgencySecrets{log, pad, heads};
}

os::Path KeyStore::page_path(std::string_view slug, const SubjectId& subject) const {
  return directory_ / slug / "subjects" / subject.text().substr(0, 3);
}

Result<KeyStore::Found> KeyStore::look(std::string_view slug, const SubjectId& subject) {
  const os::Path path = page_path(slug, subject);
  const auto not_found = [&] { return fail(Code::kNotFound, "No key for this subject", subject.text()); };
  auto file = disk_.open(path, os::OpenMode::kRead);
  if (!file) return file.error().code() == Code::kNotFound ? not_found() : fail(std::move(file).error());
  const Bytes page = TRY(read_page(**file));
  const std::vector<Record> records = TRY(read_records(page, path));
  const Record* found = find_record(records, subject);
  if (!found) return not_found();
  const auto agency_key = TRY(read_secret(slug, kAgencyKey));
  const auto key = TRY(open_record(found->sealed, agency_key, slug, subject, path));
  return Found{key, found->end};
}

Result<ByteArray<32>> KeyStore::subject_key(std::string_view slug, const SubjectId& subject) {
  return TRY(look(slug, subject)).key;
}

Result<ByteArray<32>> KeyStore::subject_key_or_create(std::string_view slug, const SubjectId& subject) {
  const os::Path path = page_path(slug, subject);
  const auto existing = look(slug, subject);
  if (!existing && existing.error().code() != Code::kNotFound) return fail(existing.error());
  // Asked after reading: whoever writes to a page first takes its durable part back.
  if (existing && existing->end <= durable_bytes(path)) return existing->key;

  const ByteArray<32> agency_key = TRY(read_secret(slug, kAgencyKey));
  const auto file = TRY(disk_.open(path, os::OpenMode::kCreateOrOpen));
  const auto lock = TRY(os::FileLock::wait(*file));
  Bytes page = TRY(read_page(*file));
  const std::size_t stored_bytes = page.size();
  page.resize(stored_bytes / kRecordBytes * kRecordBytes);
  const std::vector<Record> records = TRY(read_records(page, path));
  // Another thread or process may have made it between the look and the lock.
  const Record* found = find_record(records, subject);
  auto key = crypto::random_bytes<32>();
  const std::size_t durable = std::min(durable_bytes(path), page.size());
  if (found) {
    key = TRY(open_record(found->sealed, agency_key, slug, subject, path));
    if (found->end <= durable) return key;
  }
  for (const Record& record : records) {
    if (record.end > durable) TRY(open_record(record.sealed, agency_key, slug, record.subject, path));
  }

  // What another process has written, it may have been killed before it synced, and a failed sync may have dropped it from
  // the cache's care: it is written again. What this one has synced itself stands.
  const std::size_t from = durable;
  if (!found) {
    const Bytes record = make_record(agency_key, slug, subject, key);
    page.insert(page.end(), record.begin(), record.end());
  }
  if (stopped_) return fail(problems::kStoreStopped, "The key store stopped after a failed sync.", directory_.native());
  set_durable(path, 0);
  if (stored_bytes % kRecordBytes != 0) {
    // Gone for good before anything stands in its place, lest a power cut now mix the two.
    TRY(file->truncate(stored_bytes / kRecordBytes * kRecordBytes));
    TRY(stop_if_failed(file->sync_data()));
  }
  TRY(file->write_at(from, ByteView(page).subspan(from)));
  TRY(stop_if_failed(file->sync_data()));
  TRY(stop_if_failed(disk_.sync_directory(path.parent_path())));
  set_durable(path, page.size());
  return key;
}

// What a failed sync was to save is not saved by a later one: nothing is promised any more.
Result<void> KeyStore::stop_if_failed(Result<void> synced) {
  if (!synced) stopped_ = true;
  return synced;
}

std::size_t KeyStore::durable_bytes(const os::Path& page) {
  const os::MutexLock lock(mutex_);
  const auto found = durable_bytes_.find(page.native());
  return found == durable_bytes_.end() ? 0 : found->second;
}

void KeyStore::set_durable(const os::Path& page, std::size_t bytes) {
  const os::MutexLock lock(mutex_);
  durable_bytes_[page.native()] = bytes;
}

}  // namespace lapel::store
