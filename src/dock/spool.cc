// SPDX-License-Identifier: Apache-2.0
#include "dock/spool.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "crypto/random.h"
#include "proof/receipt.h"
#include "protocol/dock.h"

namespace lapel::dock {
namespace {

constexpr std::string_view kChunksEnd = ".chunks";
constexpr std::string_view kItemEnd = ".json";
constexpr std::string_view kReceiptEnd = ".tlog-proof";

// A chunk opens only as this part of this file.
Bytes associated(const FileId& file, std::uint64_t chunk) {
  constexpr std::string_view kUse = "lapel-spool/1\n";
  Bytes out(kUse.begin(), kUse.end());
  out.insert(out.end(), file.bytes().begin(), file.bytes().end());
  const auto place = big_endian_u64(chunk);
  out.insert(out.end(), place.begin(), place.end());
  return out;
}

std::optional<FileId> file_named(std::string_view name, std::string_view end) {
  return name.ends_with(end) ? FileId::parse(name.substr(0, name.size() - end.size())) : std::nullopt;
}

Result<void> remove_if_there(os::Disk& disk, const os::Path& path) {
  auto gone = disk.remove(path);
  return gone || gone.error().code() == Code::kNotFound ? Result<void>() : gone;
}

}  // namespace

std::uint64_t sealed_bytes(std::uint64_t plain_bytes) {
  const std::uint64_t chunks = plain_bytes / kChunkBytes + (plain_bytes % kChunkBytes != 0);
  return plain_bytes + chunks * crypto::kAeadOverheadBytes;
}

Likeness likeness(const Item& item) {
  return {item.path, item.bytes, item.modified_us, item.serial};
}

// ---- copies ----

CopyWriter::CopyWriter(os::Disk& disk, os::Path directory, const crypto::AeadKey& key, std::optional<Bytes> wrapped_key,
                       FileId file, std::unique_ptr<os::File> chunks)
    : disk_(&disk),
      directory_(std::move(directory)),
      key_(key),
      wrapped_key_(std::move(wrapped_key)),
      file_(file),
      chunks_(std::move(chunks)) {}

CopyWriter::~CopyWriter() {
  if (chunks_) static_cast<void>(disk_->remove(chunks_path()));  // left behind, the next opening removes it
}

Result<void> CopyWriter::seal_chunk() {
  const Bytes sealed = crypto::aead_seal(key_, associated(file_, chunks_written_), pending_);
  TRY(chunks_->write_at(chunks_written_ * kSealedChunkBytes, sealed));
  ++chunks_written_;
  pending_.clear();
  return {};
}

Result<void> CopyWriter::write(ByteView bytes) {
  hash_.update(bytes);
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), kChunkBytes - pending_.size());
    pending_.insert(pending_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    if (pending_.size() == kChunkBytes) TRY(seal_chunk());
  }
  return {};
}

Result<Item> CopyWriter::finish(Item item) {
  if (!pending_.empty()) TRY(seal_chunk());
  item.file = file_;
  item.bytes = hash_.bytes();
  item.sha256 = hash_.finish();
  item.wrapped_key = wrapped_key_;
  TRY(chunks_->sync_data());
  TRY(disk_->sync_directory(directory_));
  TRY(os::replace_file(*disk_, directory_ / (file_.text() + std::string(kItemEnd)), as_bytes(item.text())));
  chunks_.reset();
  return item;
}

Result<std::size_t> CopyReader::read(std::uint64_t offset, std::span<std::uint8_t> out) {
  if (offset >= bytes_ || out.empty()) return std::size_t{0};
  const std::uint64_t chunk = offset / kChunkBytes;
  if (held_ != chunk) {
    held_.reset();
    const std::uint64_t plain_bytes = std::min<std::uint64_t>(kChunkBytes, bytes_ - chunk * kChunkBytes);
    Bytes sealed(static_cast<std::size_t>(plain_bytes) + crypto::kAeadOverheadBytes);
    const std::size_t count = TRY(chunks_->read_at(chunk * kSealedChunkBytes, sealed));
    auto plain = count == sealed.size() ? crypto::aead_open(key_, associated(file_, chunk), sealed) : std::nullopt;
    if (!plain) {
      return fail(Code::kCorrupt, "A copy in the spool is damaged", fmt::format("{} chunk {}", file_.text(), chunk));
    }
    plain_ = *std::move(plain);
    held_ = chunk;
  }
  const std::size_t from = static_cast<std::size_t>(offset - chunk * kChunkBytes);
  const std::size_t count = std::min(out.size(), plain_.size() - from);
  std::copy_n(plain_.begin() + static_cast<std::ptrdiff_t>(from), count, out.begin());
  return count;
}

// ---- the spool ----

constexpr std::int64_t kTakeUs = 24LL * 3'600 * 1'000'000;  // no recording is longer

Spool::Spool(os::Disk& disk, const os::Path& state, const Keys& keys)
    : disk_(disk),
      copies_(state / "spool"),
      receipts_(state / "receipts"),
      own_key_(keys.own),
      dock_(keys.dock),
      agency_key_(keys.agency) {
  CHECK(own_key_ || keys.agency);
}

Result<std::unique_ptr<Spool>> Spool::open(os::Disk& disk, const os::Path& state, const Keys& keys) {
  std::unique_ptr<Spool> spool(new Spool(disk, state, keys));
  TRY(os::make_directories(disk, spool->copies_));
  TRY(os::make_directories(disk, spool->receipts_));
  TRY(spool->load());
  return spool;
}

Result<Item> Spool::load_item(const os::Path& path) const {
  const Bytes bytes = TRY(os::read_file(disk_, path, kItemBytesMax));
  auto item = Item::parse(as_text(bytes));
  // Nothing is guessed around a damaged record: what it stood for may be the only copy.
  if (!item || item->file.text() != path.stem().native())
    return fail(Code::kCorrupt, "A record of the dock is damaged", path.native());
  return *std::move(item);
}

Result<void> Spool::load() {
  const os::MutexLock lock(mutex_);  // nobody else is here yet
  for (const std::string& name : TRY(disk_.list(receipts_))) {
    if (name.starts_with('.')) {
      TRY(remove_if_there(disk_, receipts_ / name));  // temporaries of a write that was cut
      continue;
    }
    if (const auto file = file_named(name, kItemEnd)) {
      const Item item = TRY(load_item(receipts_ / name));
      if (!item.statement || !item.recording)
        return fail(Code::kCorrupt, "A record of the dock is damaged", (receipts_ / name).native());
      remember(item);
      receipted_.emplace(*file, item);
    }
  }
  std::set<FileId> copied;
  const std::vector<std::string> names = TRY(disk_.list(copies_));
  for (const std::string& name : names) {
    const auto file = file_named(name, kItemEnd);
    if (name.starts_with('.')) TRY(remove_if_there(disk_, copies_ / name));
    if (!file) continue;
    if (receipted_.contains(*file)) {
      TRY(remove_if_there(disk_, copies_ / name));  // killed between keeping the receipt and this
      continue;
    }
    Item item = TRY(load_item(copies_ / name));
    const auto chunks = disk_.stat(copies_ / (file->text() + std::string(kChunksEnd)));
    if (!chunks || chunks->bytes != sealed_bytes(item.bytes)) {
      return fail(Code::kCorrupt, "A copy in the spool is not as long as its record says", (copies_ / name).native());
    }
    copied.insert(*file);
    remember(item);
    waiting_.emplace(*file, std::move(item));
  }
  for (const std::string& name : names) {
    const auto file = file_named(name, kChunksEnd);
    if (file && !copied.contains(*file))
      TRY(remove_if_there(disk_, copies_ / name));  // half a copy, or one that has served
  }
  return disk_.sync_directory(copies_);
}

void Spool::set_agency_key(const crypto::X25519Public& key) {
  const os::MutexLock lock(mutex_);
  agency_key_ = key;
}

bool Spool::reserve(std::uint64_t plain_bytes, std::uint64_t bytes_max) {
  const std::uint64_t needed = sealed_bytes(plain_bytes), used = used_bytes();
  const os::MutexLock lock(mutex_);
  if (used + reserved_bytes_ + needed > bytes_max) return false;
  reserved_bytes_ += needed;
  return true;
}

void Spool::give_back(std::uint64_t plain_bytes) {
  const os::MutexLock lock(mutex_);
  reserved_bytes_ -= sealed_bytes(plain_bytes);
}

std::uint64_t Spool::reserved_bytes() const {
  const os::MutexLock lock(mutex_);
  return reserved_bytes_;
}

Result<CopyWriter> Spool::begin() {
  const FileId file(crypto::random_bytes<16>());
  std::optional<crypto::X25519Public> agency;
  {
    const os::MutexLock lock(mutex_);
    agency = agency_key_;
  }
  const crypto::AeadKey key = agency ? crypto::random_bytes<32>() : *own_key_;
  std::optional<Bytes> wrapped;
  if (agency) {
    wrapped =
        crypto::seal_to(*agency, protocol::kSpoolWrapUse, protocol::spool_wrap_associated(dock_, file.bytes()), key);
    if (!wrapped) return fail(Code::kCorrupt, "The agency's spool key is none that keeps a secret");
  }
  auto chunks = TRY(disk_.open(copies_ / (file.text() + std::string(kChunksEnd)), os::OpenMode::kCreate));
  if (agency) give_key(file, key);
  return CopyWriter(disk_, copies_, key, std::move(wrapped), file, std::move(chunks));
}

bool Spool::needs_key(const Item& item) const {
  const os::MutexLock lock(mutex_);
  return item.wrapped_key && !keys_.contains(item.file);
}

void Spool::give_key(const FileId& file, const crypto::AeadKey& key) {
  const os::MutexLock lock(mutex_);
  keys_.insert_or_assign(file, key);
}

Result<crypto::AeadKey> Spool::key_of(const Item& item) const {
  const auto none = [&] {
    return fail(Code::kUnauthenticated, "The key of a copy in the spool is not at hand", item.file.text());
  };
  if (!item.wrapped_key) {
    if (!own_key_) return none();
    return *own_key_;
  }
  const os::MutexLock lock(mutex_);
  const auto it = keys_.find(item.file);
  if (it == keys_.end()) return none();
  return it->second;
}

void Spool::remember(const Item& item) {
  alike_.emplace(likeness(item), item.file);
  if (!item.take.empty() && !item.leader && !item.is_side_car) takes_.emplace(Take{item.serial, item.take}, item.file);
}

void Spool::add(const Item& item) {
  const os::MutexLock lock(mutex_);
  remember(item);
  waiting_.emplace(item.file, item);
}

std::optional<FileId> Spool::leader_of(const Item& item) const {
  if (item.take.empty()) return std::nullopt;
  const os::MutexLock lock(mutex_);
  const Item* newest = nullptr;
  for (auto [it, end] = takes_.equal_range(Take{item.serial, item.take}); it != end; ++it) {
    for (const auto* items : {&receipted_, &waiting_}) {
      const auto found = items->find(it->second);
      if (found == items->end()) continue;
      const Item& other = found->second;
      const bool is_of_its_time =
          std::max(other.modified_us, item.modified_us) - std::min(other.modified_us, item.modified_us) <= kTakeUs;
      if (!is_of_its_time || (!item.is_side_car && other.part >= item.part)) continue;
      if (!newest || newest->copied_at < other.copied_at) newest = &other;
    }
  }
  return newest ? std::optional(newest->file) : std::nullopt;
}

Result<void> Spool::save(const Item& item) {
  {
    const os::MutexLock lock(mutex_);
    waiting_.insert_or_assign(item.file, item);
  }
  return os::replace_file(disk_, copies_ / (item.file.text() + std::string(kItemEnd)), as_bytes(item.text()));
}

Result<CopyReader> Spool::read(const Item& item) const {
  const crypto::AeadKey key = TRY(key_of(item));
  return CopyReader(key, item,
                    TRY(disk_.open(copies_ / (item.file.text() + std::string(kChunksEnd)), os::OpenMode::kRead)));
}

std::vector<Item> Spool::waiting() const {
  const os::MutexLock lock(mutex_);
  std::vector<Item> out;
  for (const auto& [file, item] : waiting_) out.push_back(item);
  std::sort(out.begin(), out.end(),
            [](const Item& a, const Item& b) { return std::tie(a.copied_at, a.file) < std::tie(b.copied_at, b.file); });
  return out;
}

bool Spool::is_waiting(const FileId& file) const {
  const os::MutexLock lock(mutex_);
  return waiting_.contains(file);
}

std::uint64_t Spool::used_bytes() const {
  const os::MutexLock lock(mutex_);
  std::uint64_t bytes = 0;
  for (const auto& [file, item] : waiting_) bytes += sealed_bytes(item.bytes);
  return bytes;
}

// ---- receipts ----

// The sidecar first: chunks without one are only clutter, a sidecar without its chunks would look like a loss.
Result<void> Spool::remove_copy(const FileId& file) {
  TRY(remove_if_there(disk_, copies_ / (file.text() + std::string(kItemEnd))));
  TRY(disk_.sync_directory(copies_));
  return remove_if_there(disk_, copies_ / (file.text() + std::string(kChunksEnd)));
}

Result<void> Spool::keep(const Item& item, std::string_view receipt) {
  CHECK(item.statement && item.recording);
  const std::string name = item.file.text();
  // The record is what counts, so it comes after what it vouches for.
  TRY(os::replace_file(disk_, receipts_ / (name + std::string(kReceiptEnd)), as_bytes(receipt)));
  TRY(os::replace_file(disk_, receipts_ / (name + std::string(kItemEnd)), as_bytes(item.text())));
  {
    const os::MutexLock lock(mutex_);
    waiting_.erase(item.file);
    keys_.erase(item.file);
    receipted_.insert_or_assign(item.file, item);
  }
  return remove_copy(item.file);
}

bool Spool::is_receipted(const FileId& file) const {
  const os::MutexLock lock(mutex_);
  return receipted_.contains(file);
}

std::optional<RecordingId> Spool::recording_of(const FileId& file) const {
  const os::MutexLock lock(mutex_);
  const auto it = receipted_.find(file);
  return it == receipted_.end() ? std::nullopt : it->second.recording;
}

Result<Spool::Kept> Spool::kept(const FileId& file) const {
  std::optional<Item> item;
  {
    const os::MutexLock lock(mutex_);
    const auto it = receipted_.find(file);
    if (it != receipted_.end()) item = it->second;
  }
  if (!item) return fail(Code::kNotFound, "No receipt is kept for this file", file.text());
  const Bytes text =
      TRY(os::read_file(disk_, receipts_ / (file.text() + std::string(kReceiptEnd)), proof::kReceiptBytesMax));
  return Kept{*std::move(item), std::string(as_text(text))};
}

std::vector<Item> Spool::alike(const Likeness& wanted) const {
  const os::MutexLock lock(mutex_);
  std::vector<Item> out;
  for (auto [it, end] = alike_.equal_range(wanted); it != end; ++it) {
    for (const auto* items : {&receipted_, &waiting_}) {
      const auto found = items->find(it->second);
      if (found != items->end()) out.push_back(found->second);
    }
  }
  return out;
}

}  // namespace lapel::dock
