// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/signed_stream.h"

#include <algorithm>

#include "base/check.h"

namespace lapel::mediaworker {
namespace {

using protocol::SignatureGapKind;
using protocol::SignatureScheme;

constexpr std::int64_t kOneGapMs = 100;  // what is no further apart is one gap
constexpr std::size_t kBeginsTriedMax = 64;
constexpr std::uint8_t kAxisSalt = 1;  // before the hashes of a group

UnitTime span(const UnitTime& a, const UnitTime& b) {
  return {std::min(a.from_ms, b.from_ms), std::max(a.to_ms, b.to_ms)};
}

bool is_zero(const Bytes& hash) {
  return std::all_of(hash.begin(), hash.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::optional<Timestamp> sensible(const std::optional<Timestamp>& time) {
  return time && time->us >= 0 && time->us < kLedgerTimeEndUs ? time : std::nullopt;
}

}  // namespace

SignedStream::SignedStream(const Terms& terms)
    : terms_(terms), hash_bytes_(crypto::hash_bytes(terms.hash)), hasher_(terms.hash) {
  out_.scheme = terms.scheme;
  out_.hash = crypto::hash_name(terms.hash);
}

// ---- what goes by ----

SignedStream::Unit64 SignedStream::hash_of_bytes(ByteView bytes) {
  hasher_.update(bytes);
  const Bytes hash = hasher_.finish();
  Unit64 out;
  std::copy(hash.begin(), hash.end(), out.bytes.begin());
  return out;
}

// Each unit is bound to the one that its group began with.
SignedStream::Unit64 SignedStream::hash_of_unit(const Unit& unit, bool begins_group) {
  const Unit64 own = hash_of_bytes(unit.bytes);
  if (begins_group) return reference_ = own;
  Bytes both(view(reference_).begin(), view(reference_).end());
  both.insert(both.end(), view(own).begin(), view(own).end());
  return hash_of_bytes(both);
}

void SignedStream::keep(Item item) {
  items_.push_back(std::move(item));
  if (items_.size() > kUnitsKeptMax) skip(1, SignatureGapKind::kUncovered);
}

void SignedStream::take(const Unit& unit, const UnitTime& time) {
  if (unit.kind == UnitKind::kHidden) {
    ++out_.units_hidden;
    return note(SignatureGapKind::kHidden, time, unit.is_first_slice ? 1 : 0);
  }
  if (unit.kind != UnitKind::kIntra && unit.kind != UnitKind::kInter) return;
  const bool begins_group = unit.kind == UnitKind::kIntra && unit.is_first_slice;
  keep({hash_of_unit(unit, begins_group), time, begins_group, unit.is_first_slice, -1});
}

void SignedStream::take_stray(const UnitTime& time) {
  ++out_.units_hidden;
  note(SignatureGapKind::kHidden, time, 0);
}

bool SignedStream::is_believed(const SigningMessage& message) {
  if (!message.signature || terms_.key == nullptr || message.hash.value_or(terms_.hash) != terms_.hash) return false;
  const auto padding =
      terms_.scheme == SignatureScheme::kAxisSignedVideo ? crypto::RsaPadding::kPkcs1 : crypto::RsaPadding::kPss;
  const Unit64 hash = hash_of_bytes(message.document);
  return terms_.key->verifies(terms_.hash, view(hash), *message.signature, padding);
}

void SignedStream::look_at_key(const SigningMessage& message) {
  if (terms_.key == nullptr) return;
  if (!message.key_pem.empty() && message.key_pem != last_key_pem_) {
    last_key_pem_ = message.key_pem;
    const auto key = crypto::CameraKey::read(message.key_pem);
    if (!key || key->sha256() != terms_.key->sha256()) out_.is_key_changed = true;
  }
  // A chain beside a key of its own vouches for it in another way, and need not be of it.
  if (message.key_pem.empty() && !message.chain_pem.empty() && message.chain_pem != last_chain_pem_) {
    last_chain_pem_ = message.chain_pem;
    const auto chain = crypto::read_camera_chain(message.chain_pem, {}, Timestamp{});
    if (!chain || (!message.is_attested && chain->key.sha256() != terms_.key->sha256())) out_.is_key_changed = true;
  }
}

void SignedStream::take(const SigningMessage& message, const UnitTime& time) {
  if (message.scheme != terms_.scheme) return;
  if (message.unreadable) {
    ++unreadable_;
    if (!out_.unchecked) out_.unchecked = message.unreadable;
    return;
  }
  Heard heard{message, is_believed(message), messages_++, taken_ + items_.size()};
  if (message.signature) {
    ++out_.signatures;
    if (!heard.is_believed) ++out_.signatures_wrong;
    look_at_key(message);
  }
  if (message.group) {
    if (out_.version.empty()) out_.version = message.version;
    if (!has_begun_) {
      judge_first(heard);
    } else if (message.signature && !heard.is_believed) {
      // Nothing that it says counts; but a group that it should be of has no other.
      if (message.group->number == last_number_ + 1) judge_next(heard);
    } else {
      const auto lost = static_cast<std::int32_t>(message.group->number - last_number_ - 1);
      if (!message.signature && group_end(0, *message.group) == 0) {
        // Nobody has signed it, and it is of nothing: it moves no number.
        return take_stray(time);
      }
      if (is_zero(message.group->before) || lost < 0) {
        judge_back(heard);
      } else if (lost > 0) {
        judge_later(heard, lost);
      } else {
        judge_next(heard);
      }
    }
  }
  if (!message.signature) keep({hash_of_bytes(message.document), time, false, false, heard.id});
}

// ---- which group a message is of ----

// Where a group may begin: at the front, and wherever a picture needs no other.
std::vector<std::size_t> SignedStream::begins() const {
  std::vector<std::size_t> out;
  if (!items_.empty()) out.push_back(0);
  for (std::size_t i = 1; i < items_.size() && out.size() < kBeginsTriedMax; ++i) {
    if (items_[i].begins_group) out.push_back(i);
  }
  return out;
}

std::size_t SignedStream::group_end(std::size_t begin, const SignedGroup& group) const {
  std::size_t end = begin;
  while (end < items_.size() && (end == begin || !items_[end].begins_group) &&
         (!group.is_part || end - begin < group.units))
    ++end;
  return end;
}

bool SignedStream::agrees(std::size_t begin, std::size_t end, const SignedGroup& group) {
  if (begin == end || group.hash.size() != hash_bytes_) return false;
  if (terms_.scheme == SignatureScheme::kAxisSignedVideo) hasher_.update(ByteView(&kAxisSalt, 1));
  for (std::size_t i = begin; i < end; ++i) hasher_.update(view(items_[i].hash));
  return hasher_.finish() == group.hash;
}

// How many of the units stand in the message's list, in its order.
std::size_t SignedStream::matches(std::size_t begin, std::size_t end, const SigningMessage& message) const {
  std::size_t found = 0, at = 0;
  const std::size_t listed = message.unit_hashes.size() / hash_bytes_;
  for (std::size_t i = begin; i < end; ++i) {
    for (std::size_t k = at; k < listed; ++k) {
      const ByteView said = ByteView(message.unit_hashes).subspan(k * hash_bytes_, hash_bytes_);
      if (!std::equal(said.begin(), said.end(), view(items_[i].hash).begin())) continue;
      ++found;
      at = k + 1;
      break;
    }
  }
  return found;
}

// Where the group of a message begins: all of it is there, or most of what its list names.
std::optional<std::size_t> SignedStream::find(const SigningMessage& message) {
  std::optional<std::size_t> best;
  std::size_t most = 0;
  for (const std::size_t begin : begins()) {
    const std::size_t end = group_end(begin, *message.group);
    if (agrees(begin, end, *message.group)) return begin;
    const std::size_t found = message.unit_hashes.empty() ? 0 : matches(begin, end, message);
    if (found > most) best = begin;
    most = std::max(most, found);
  }
  return best;
}

// Until one agrees with the file, a message may be of footage that the file does not hold: whoever cuts a clip out leaves it in.
void SignedStream::judge_first(Heard heard) {
  const bool counts = heard.is_believed || !heard.message.signature;
  const auto begin = counts ? find(heard.message) : std::nullopt;
  if (!begin) {
    early_.push_back(std::move(heard));
    if (early_.size() > kEarlyMessagesMax) early_.pop_front();
    return;
  }
  has_begun_ = true;
  judge_early(*begin, heard.message.group->number);
  const std::size_t end = group_end(0, *heard.message.group);
  settle(judge(0, end, heard.message), heard);
}

// The groups before the first that agrees, from the last to the first: each has its message, or stands at the start without.
void SignedStream::judge_early(std::size_t begin, std::uint32_t number) {
  std::vector<std::pair<Judged, const Heard*>> found;
  std::size_t end = begin;
  for (auto heard = early_.rbegin(); heard != early_.rend() && end > 0; ++heard) {
    const SignedGroup& group = *heard->message.group;
    if (group.number != number - 1) continue;
    std::size_t first = end;
    while (first > 0 && !items_[first - 1].begins_group) --first;
    if (first == 0) break;  // its beginning is not in the file
    --first;
    if (end - first > group.units) first = std::max<std::size_t>(first, end - group.units);
    if (first == end) break;
    found.emplace_back(judge(first, end, heard->message), &*heard);
    end = first;
    number = group.number;
  }
  for (std::size_t i = 0; i < end; ++i) add_to(start_, items_[i]);
  items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(end));
  taken_ += end;
  for (auto one = found.rbegin(); one != found.rend(); ++one) settle(std::move(one->first), *one->second);
  early_.clear();
}

void SignedStream::judge_next(const Heard& heard) {
  const SignedGroup& group = *heard.message.group;
  if (!items_.empty() && heard.is_believed && last_first_ &&
      !std::equal(group.before.begin(), group.before.end(), view(*last_first_).begin(), view(*last_first_).end())) {
    ++out_.order_breaks;
    note(SignatureGapKind::kOutOfOrder, items_[0].time, 0);
  }
  settle(judge(0, group_end(0, group), heard.message), heard);
}

// Messages are missing before this one.
void SignedStream::judge_later(const Heard& heard, std::int64_t lost) {
  const SignedGroup& group = *heard.message.group;
  auto begin = find(heard.message);
  if (!begin) {
    // Nothing agrees: as many groups as have no message are passed over, but for the last.
    const auto all = begins();
    begin = all.empty() ? 0 : all[std::min<std::size_t>(static_cast<std::size_t>(lost), all.size() - 1)];
  }
  // Only what has a picture was a group; a message that nobody signed is none.
  std::int64_t passed = 0;
  bool is_linked = *begin == 0, has_unit = false;
  for (std::size_t i = 0; i < *begin; ++i) {
    if (items_[i].message < 0 && (!has_unit || items_[i].begins_group)) ++passed;
    has_unit = has_unit || items_[i].message < 0;
    is_linked = is_linked || std::equal(group.before.begin(), group.before.end(), view(items_[i].hash).begin(),
                                        view(items_[i].hash).end());
  }
  if (passed < lost) {
    out_.groups_missing += lost - passed;
    if (!items_.empty())
      note(SignatureGapKind::kMissing, {items_[*begin].time.from_ms, items_[*begin].time.from_ms}, 0);
    is_linked = true;  // what it follows on may be what is missing
  }
  skip(*begin, is_linked ? SignatureGapKind::kUncovered : SignatureGapKind::kAltered);
  settle(judge(0, group_end(0, group), heard.message), heard);
}

// A message that comes after a later one, or the first of a camera that began anew.
void SignedStream::judge_back(const Heard& heard) {
  const SignedGroup& group = *heard.message.group;
  const auto begin = find(heard.message);
  const UnitTime time =
      items_.empty() ? UnitTime{out_.covered_to_ms, out_.covered_to_ms} : items_[begin.value_or(0)].time;
  const bool is_anew = is_zero(group.before);
  if (begin && is_anew) {
    ++out_.restarts;
    note(SignatureGapKind::kRestarted, {time.from_ms, time.from_ms}, 0);
  } else {
    ++out_.order_breaks;
    note(SignatureGapKind::kOutOfOrder, time, 0);
  }
  if (!begin) return;
  skip(*begin, SignatureGapKind::kUncovered);
  settle(judge(0, group_end(0, group), heard.message), heard);
}

// ---- what becomes of its units ----

SignedStream::Judged SignedStream::judge(std::size_t begin, std::size_t end, const SigningMessage& message) {
  const SignedGroup& group = *message.group;
  Judged out;
  out.from = sensible(group.from);
  out.to = sensible(group.to);
  out.missing_at.from_ms = out.missing_at.to_ms =
      begin < items_.size() ? items_[begin].time.from_ms : out_.covered_to_ms;
  if (agrees(begin, end, group)) {
    for (std::size_t i = begin; i < end; ++i) out.items.emplace_back(items_[i], Fate::kValid);
  } else if (!message.unit_hashes.empty() && message.unit_hashes.size() % hash_bytes_ == 0) {
    judge_by_list(begin, end, message, out);
  } else {
    for (std::size_t i = begin; i < end; ++i) out.items.emplace_back(items_[i], Fate::kAltered);
    out.units_missing = std::max<std::int64_t>(0, group.units - static_cast<std::int64_t>(end - begin));
  }
  return out;
}

void SignedStream::judge_by_list(std::size_t begin, std::size_t end, const SigningMessage& message, Judged& out) const {
  const std::size_t listed = message.unit_hashes.size() / hash_bytes_;
  if (message.group->is_part) {  // units that were added push others out of it
    while (end < items_.size() && !items_[end].begins_group) ++end;
  }
  std::size_t next = 0, altered_since = 0;
  for (std::size_t i = begin; i < end; ++i) {
    const std::size_t done = out.items.size() + static_cast<std::size_t>(out.units_missing);
    if (message.group->is_part && done >= listed) break;
    std::size_t found = next;
    while (found < listed) {
      const ByteView said = ByteView(message.unit_hashes).subspan(found * hash_bytes_, hash_bytes_);
      if (std::equal(said.begin(), said.end(), view(items_[i].hash).begin())) break;
      ++found;
    }
    if (found == listed) {
      out.items.emplace_back(items_[i], Fate::kAltered);
      ++altered_since;
      continue;
    }
    if (found - next > altered_since) {
      out.units_missing += static_cast<std::int64_t>(found - next - altered_since);
      out.missing_at.from_ms = out.missing_at.to_ms = items_[i].time.from_ms;
    }
    out.items.emplace_back(items_[i], Fate::kValid);
    next = found + 1;
    altered_since = 0;
  }
  if (listed - next > altered_since) {
    out.units_missing += static_cast<std::int64_t>(listed - next - altered_since);
    if (!out.items.empty()) {
      const std::int64_t at_ms = out.items.back().first.time.to_ms;
      out.missing_at = {at_ms, at_ms};
    }
  }
}

void SignedStream::settle(Judged judged, const Heard& heard) {
  const SigningMessage& message = heard.message;
  CHECK(judged.items.size() <= items_.size());
  last_number_ = message.group->number;
  last_first_.reset();
  if (!judged.items.empty() && judged.items[0].second == Fate::kValid) {
    last_first_ = judged.items[0].first.hash;
  } else if (message.unit_hashes.size() >= hash_bytes_) {
    last_first_ = Unit64{};
    std::copy_n(message.unit_hashes.begin(), hash_bytes_, last_first_->bytes.begin());
  }
  items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(judged.items.size()));
  taken_ += judged.items.size();
  if (message.signature) {
    const Reach reach = count(std::move(judged), heard.is_believed);
    reach_ = {std::max(reach_.groups, reach.groups), std::max(reach_.pictures, reach.pictures),
              std::max(reach_.ms, reach.ms)};
    return;
  }
  unjudged_.emplace(heard.id, std::move(judged));
  if (unjudged_.size() <= kUnjudgedGroupsMax) return;
  for (const auto& [item, fate] : unjudged_.begin()->second.items) count_uncovered(item);
  unjudged_.erase(unjudged_.begin());
}

// What was judged with it: the groups of messages that it signs for as well.
SignedStream::Reach SignedStream::count(Judged judged, bool is_believed) {
  Reach reach;
  std::optional<UnitTime> covered;
  bool has_valid = false, has_altered = false;
  for (const auto& [item, found] : judged.items) {
    const Fate fate = is_believed ? found : Fate::kAltered;
    (fate == Fate::kValid ? has_valid : has_altered) = true;
    if (item.message >= 0) {
      if (auto before = unjudged_.extract(item.message)) {
        const Reach more = count(std::move(before.mapped()), fate == Fate::kValid);
        reach = {reach.groups + more.groups, reach.pictures + more.pictures, reach.ms + more.ms};
      }
      continue;
    }
    const std::int64_t pictures = item.is_picture ? 1 : 0;
    out_.pictures += pictures;
    if (fate == Fate::kAltered) {
      out_.pictures_altered += pictures;
      note(SignatureGapKind::kAltered, item.time, pictures);
      continue;
    }
    out_.pictures_valid += pictures;
    reach.pictures += pictures;
    covered = covered ? span(*covered, item.time) : item.time;
    out_.covered_from_ms = has_covered_ ? std::min(out_.covered_from_ms, item.time.from_ms) : item.time.from_ms;
    out_.covered_to_ms = std::max(out_.covered_to_ms, item.time.to_ms);
    has_covered_ = true;
  }
  if (has_altered) ++out_.groups_altered;
  if (has_valid && !has_altered) ++out_.groups_valid;
  if (judged.units_missing > 0 && is_believed) {
    out_.units_missing += judged.units_missing;
    note(SignatureGapKind::kMissing, judged.missing_at, 0);
  }
  if (has_valid && judged.from && (!out_.from || *judged.from < *out_.from)) out_.from = judged.from;
  if (has_valid && judged.to && (!out_.to || *judged.to > *out_.to)) out_.to = judged.to;
  if (covered) reach.ms += covered->to_ms - covered->from_ms;
  return reach;
}

// Units at the front that no message is of.
void SignedStream::skip(std::size_t count, SignatureGapKind kind) {
  for (std::size_t i = 0; i < count; ++i) {
    const Item item = items_.front();
    items_.pop_front();
    ++taken_;
    if (!has_begun_) {
      add_to(start_, item);
    } else if (kind == SignatureGapKind::kAltered && item.message < 0) {
      out_.pictures += item.is_picture ? 1 : 0;
      out_.pictures_altered += item.is_picture ? 1 : 0;
      if (item.begins_group) ++out_.groups_altered;
      note(kind, item.time, item.is_picture ? 1 : 0);
    } else {
      count_uncovered(item);
    }
  }
}

void SignedStream::count_uncovered(const Item& item) {
  if (item.message >= 0) {
    // What a message said that nobody signed for.
    const auto before = unjudged_.extract(item.message);
    if (!before) return;
    if (before.mapped().items.empty()) return take_stray(item.time);
    for (const auto& [one, fate] : before.mapped().items) count_uncovered(one);
    return;
  }
  const std::int64_t pictures = item.is_picture ? 1 : 0;
  out_.pictures += pictures;
  out_.pictures_uncovered += pictures;
  note(SignatureGapKind::kUncovered, item.time, pictures);
}

void SignedStream::add_to(Run& run, const Item& item) {
  if (item.message >= 0) return;
  if (item.is_picture) ++run.pictures;
  if (item.begins_group) ++run.groups;
  run.time = run.time ? span(*run.time, item.time) : item.time;
}

void SignedStream::note(SignatureGapKind kind, const UnitTime& time, std::int64_t pictures) {
  if (!out_.gaps.empty()) {
    protocol::SignatureGap& last = out_.gaps.back();
    if (last.kind == kind && time.from_ms <= last.to_ms + kOneGapMs && time.to_ms + kOneGapMs >= last.from_ms) {
      last.from_ms = std::min(last.from_ms, time.from_ms);
      last.to_ms = std::max(last.to_ms, time.to_ms);
      last.pictures += pictures;
      return;
    }
  }
  if (out_.gaps.size() >= protocol::kSignatureGapsMax) {
    ++out_.gaps_left_out;
    return;
  }
  out_.gaps.push_back({kind, time.from_ms, std::max(time.from_ms, time.to_ms), pictures});
}

// ---- the end ----

// No message has agreed with the file. It may be too short to hold a group and its signature; where it is not, it was altered.
void SignedStream::end_without_beginning() {
  const auto believed = std::count_if(early_.begin(), early_.end(), [](const Heard& one) { return one.is_believed; });
  const auto all = begins();
  const std::size_t whole = !items_.empty() && items_[0].begins_group ? all.size() - 1 : 0;  // the last may go on
  for (const Heard& heard : early_) {
    if (!heard.is_believed || items_.empty() || !items_[0].begins_group) continue;
    // One group that is as long as its message says, with the next begun or nothing signed before it.
    const SignedGroup& group = *heard.message.group;
    const std::size_t end = group_end(0, group);
    const bool is_of_it = end == group.units && (is_zero(group.before) || taken_ + end < heard.end);
    if (!is_of_it && (believed < 2 || whole < 2)) continue;
    has_begun_ = true;
    skip(is_of_it ? end : all.back(), SignatureGapKind::kAltered);
    return;
  }
  if (!out_.unchecked && out_.signatures_wrong == 0) out_.unchecked = protocol::UncheckedReason::kTooShort;
}

bool SignedStream::is_bearable(const Run& run) const {
  if (!has_covered_) return true;
  const std::int64_t times = reach_.groups + kOpenGroups;
  const std::int64_t ms = run.time ? run.time->to_ms - run.time->from_ms : 0;
  // A signature that covers several groups covers as much of each.
  return run.groups <= times && run.pictures <= (1 + kOpenGroups) * reach_.pictures &&
         ms <= (1 + kOpenGroups) * std::max(reach_.ms, kOneGapMs);
}

protocol::MediaSignature SignedStream::finish() {
  if (!has_begun_) end_without_beginning();
  Run end;
  for (const auto& [id, judged] : unjudged_) {
    for (const auto& [item, fate] : judged.items) add_to(end, item);
  }
  for (const Item& item : items_) add_to(end, item);
  const auto place = [&](const Run& run, std::int64_t& bearable) {
    out_.pictures += run.pictures;
    if (is_bearable(run)) {
      bearable += run.pictures;
    } else {
      out_.pictures_uncovered += run.pictures;
      note(SignatureGapKind::kUncovered, *run.time, run.pictures);
    }
  };
  place(start_, out_.pictures_at_start);
  place(end, out_.pictures_at_end);
  // Where the rest is sound, a message that cannot be read was damaged.
  if (unreadable_ > 0 && out_.groups_valid > 0) {
    out_.signatures += unreadable_;
    out_.signatures_wrong += unreadable_;
    out_.unchecked.reset();
  }
  std::stable_sort(out_.gaps.begin(), out_.gaps.end(),
                   [](const auto& a, const auto& b) { return a.from_ms < b.from_ms; });
  return std::move(out_);
}

}  // namespace lapel::mediaworker
