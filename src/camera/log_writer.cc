// SPDX-License-Identifier: Apache-2.0
#include "camera/log_writer.h"

#include <utility>

#include <fmt/format.h>

#include "crypto/sha256.h"
#include "proof/device_log.h"

namespace lapel::camera {
namespace {

constexpr std::size_t kHeadBytesMax = 4'096;

// How far a log has come.
struct Head {
  std::uint64_t n = 0;
  Digest digest{};
  bool was_off = true;
  std::uint64_t torn = 0;  // bytes of an unfinished line
};

Result<Head> read_head(os::Disk& disk, const os::Path& path) {
  const auto text = os::read_file(disk, path, kHeadBytesMax);
  if (!text && text.error().code() == Code::kNotFound) return Head{};
  if (!text) return fail(text.error());
  const auto json = parse_json(as_text(*text));
  const std::int64_t* n = json ? json->find_integer("n") : nullptr;
  const std::string* hex_digest = json ? json->find_string("digest") : nullptr;
  const auto digest = hex_digest ? parse_hex_array<32>(*hex_digest) : std::nullopt;
  const Json* was_off = json ? json->find("was_off") : nullptr;
  if (!n || *n < 0 || !digest || !was_off || !was_off->boolean()) {
    return fail(Code::kCorrupt, "The camera's record of its log is damaged", path.native());
  }
  return Head{static_cast<std::uint64_t>(*n), *digest, *was_off->boolean(), 0};
}

// Of the last log on the card. A line that this key did not sign, or a card without one: nothing is known from it.
Result<Head> read_card(os::Disk& disk, const os::Path& card, const crypto::PublicKey& key) {
  Head out;
  std::string name;
  for (const std::string& entry : TRY(disk.list(card))) {
    if (entry.starts_with("state-") && entry.ends_with(".log")) name = entry;  // sorted, and of one width
  }
  if (name.empty()) return out;
  const auto bytes = os::read_file(disk, card / name, proof::kDeviceLogBytesMax);
  if (!bytes) return out;
  std::string_view text = proof::whole_log_lines(as_text(*bytes));
  out.torn = bytes->size() - text.size();
  if (text.empty()) return out;
  text.remove_suffix(1);
  const std::size_t before = text.rfind('\n');
  const auto entry = proof::read_log_line(before == std::string_view::npos ? text : text.substr(before + 1), key);
  if (!entry) return out;
  out.n = entry->n;
  out.digest = entry->digest;
  out.was_off = entry->event == "off";
  return out;
}

}  // namespace

Result<std::unique_ptr<LogWriter>> LogWriter::open(os::Disk& disk, const os::Path& directory, const os::Path& card,
                                                   const crypto::SigningKey& key, const Moment& moment,
                                                   Json::Object on) {
  auto out = std::unique_ptr<LogWriter>(new LogWriter(disk, directory / "log_head.json", key));
  const Head kept = TRY(read_head(disk, out->head_path_));
  const Head found = TRY(read_card(disk, card, key.public_key()));
  const Head& head = found.n >= kept.n ? found : kept;
  out->n_ = head.n;
  out->last_ = head.digest;
  const std::string name = fmt::format("state-{:010}.log", head.n + 1);
  const std::string line = out->next_line("on", moment, std::move(on));
  // A file without a whole line is one that a cut left before its first was written, and says nothing.
  TRY(os::replace_file(disk, card / name, as_bytes(line)));
  out->file_ = TRY(disk.open(card / name, os::OpenMode::kReadWrite));
  out->bytes_ = line.size();
  TRY(out->keep_head());
  if (!head.was_off) TRY(out->add("unclean", moment, {{"torn", found.torn}}));
  return out;
}

std::string LogWriter::next_line(std::string_view event, const Moment& moment, Json::Object more) {
  more["n"] = ++n_;
  if (n_ > 1) more["previous"] = hex(last_);
  more["at"] = ledger_time(moment.at);
  more["clock"] = moment.clock;
  more["up_ms"] = moment.up_ms;
  more["event"] = event;
  std::string line = proof::sign_log_line(key_, more);
  last_ = crypto::sha256(as_bytes(std::string_view(line).substr(0, line.size() - 1)));
  was_off_ = event == "off";
  last_up_ms_ = moment.up_ms;
  return line;
}

Result<void> LogWriter::keep_head() {
  const std::string text = to_json(Json(Json::Object{{"n", n_}, {"digest", hex(last_)}, {"was_off", was_off_}})) + "\n";
  return os::replace_file(disk_, head_path_, as_bytes(text));
}

Result<void> LogWriter::add(std::string_view event, const Moment& moment, Json::Object more) {
  const std::uint64_t n = n_;
  const Digest last = last_;
  const bool was_off = was_off_;
  const std::string line = next_line(event, moment, std::move(more));
  auto written = file_->write_at(bytes_, as_bytes(line));
  if (written) written = file_->sync_data();
  if (!written) {
    // The line is not there: the next one follows the last that is.
    n_ = n;
    last_ = last;
    was_off_ = was_off;
    (void)file_->truncate(bytes_);
    return fail(written.error());
  }
  bytes_ += line.size();
  return keep_head();
}

}  // namespace lapel::camera
