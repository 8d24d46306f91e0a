// SPDX-License-Identifier: Apache-2.0
#include "dock/spool.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "crypto/random.h"
#include "proof/receipt.h"

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

CopyWriter::CopyWriter(os::Disk& disk, os::Path directory, const crypto::AeadKey& key, FileId file,
                       std::unique_ptr<os::File> chunks)
    : disk_(&disk), directory_(std::move(directory)), key_(&key), file_(file), chunks_(std::move(chunks)) {}

CopyWriter::~CopyWriter() {
  if (chunks_) static_cast<void>(disk_->remove(chunks_path()));  // left behind, the next opening removes it
}

Result<void> CopyWriter::seal_chunk() {
  const Bytes sealed = crypto::aead_seal(*key_, associated(file_, chunks_written_), pending_);
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
    auto plain = count == sealed.size() ? crypto::aead_open(*key_, associated(file_, chunk), sealed) : std::nullopt;
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

Spool::Spool(os::Disk& disk, const os::Path& state, const crypto::AeadKey& key)
    : disk_(disk), copies_(state / "spool"), receipts_(state / "receipts"), key_(key) {}

Result<std::unique_ptr<Spool>> Spool::open(os::Disk& disk, const os::Path& state, const crypto::AeadKey& key) {
  std::unique_ptr<Spool> spool(new Spool(disk, state, key));
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
      alike_.emplace(likeness(item), *file);
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
    alike_.emplace(likeness(item), *file);
    waiting_.emplace(*file, std::move(item));
  }
  for (const std::string& name : names) {
    const auto file = file_named(name, kChunksEnd);
    if (file && !copied.contains(*file))
      TRY(remove_if_there(disk_, copies_ / name));  // half a copy, or one that has served
  }
  return disk_.sync_directory(copies_);
}

Result<CopyWriter> Spool::begin() {
  const FileId file(crypto::random_bytes<16>());
  auto chunks = TRY(disk_.open(copies_ / (file.text() + std::string(kChunksEnd)), os::OpenMode::kCreate));
  return CopyWriter(disk_, copies_, key_, file, std::move(chunks));
}

void Spool::add(const Item& item) {
  const os::MutexLock lock(mutex_);
  alike_.emplace(likeness(item), item.file);
  waiting_.emplace(item.file, item);
}

Result<void> Spool::save(const Item& item) {
  {
    const os::MutexLock lock(mutex_);
    waiting_.insert_or_assign(item.file, item);
  }
  return os::replace_file(disk_, copies_ / (item.file.text() + std::string(kItemEnd)), as_bytes(item.text()));
}

Result<CopyReader> Spool::read(const Item& item) const {
  return CopyReader(key_, item,
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
    receipted_.insert_or_assign(item.file, item);
  }
  return remove_copy(item.file);
}

bool Spool::is_receipted(const FileId& file) const {
  const os::MutexLock lock(mutex_);
  return receipted_.contains(file);
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
