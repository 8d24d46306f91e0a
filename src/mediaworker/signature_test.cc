// SPDX-License-Identifier: Apache-2.0
// Footage that two other programs have signed (test/data/signed), as it is and with something done to it: what is left of the
// signature is told, and nothing that was changed between two covered pictures is called sound.
#include "mediaworker/signature.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mediaworker/footage.h"
#include "mediaworker/sei.h"
#include "mediaworker/signed_stream.h"

namespace lapel::mediaworker {
namespace {

using protocol::MediaSignature;
using protocol::SignatureGapKind;
using protocol::SignatureScheme;
using protocol::SignatureVerdict;
using protocol::UncheckedReason;

const std::string kSigned = LAPEL_SOURCE_DIR "/test/data/signed/";

Bytes read_sample(const std::string& name) {
  std::ifstream file(kSigned + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string read_text(const std::string& name) {
  const Bytes bytes = read_sample(name);
  return {bytes.begin(), bytes.end()};
}

protocol::MediaResult ask(ByteView bytes, const protocol::MediaRequest& request) {
  av_log_set_level(AV_LOG_QUIET);  // what a decoder says of pictures that were changed on purpose
  const int file = memfd_create("footage", 0);
  EXPECT_GE(file, 0);
  EXPECT_EQ(write(file, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  auto result = run(request, {file, static_cast<std::int64_t>(bytes.size())}, -1);
  close(file);
  EXPECT_TRUE(result);
  // What is said is what a strict reader accepts.
  const auto read = protocol::parse_media_result(protocol::to_text(*result));
  EXPECT_TRUE(read && *read == *result) << protocol::to_text(*result);
  return *result;
}

MediaSignature check(ByteView bytes, const std::vector<std::string>& roots = {}) {
  return ask(bytes, {.job = protocol::MediaJob::kSignature, .roots = roots}).signature.value_or(MediaSignature{});
}

// A stream without a container, in its units.
struct Stream {
  UnitCodec codec = UnitCodec::kH264;
  std::vector<Bytes> units;

  static Stream read(const std::string& name) {
    Stream out;
    out.codec = name.ends_with(".h265") ? UnitCodec::kH265 : UnitCodec::kH264;
    for_each_unit(out.codec, {}, read_sample(name),
                  [&](const Unit& unit) { out.units.emplace_back(unit.bytes.begin(), unit.bytes.end()); });
    return out;
  }
  Bytes bytes() const {
    Bytes out;
    for (const Bytes& unit : units) {
      out.insert(out.end(), {0, 0, 0, 1});
      out.insert(out.end(), unit.begin(), unit.end());
    }
    return out;
  }
  Unit unit(std::size_t at) const {
    Unit out;
    Bytes one = {0, 0, 1};
    one.insert(one.end(), units[at].begin(), units[at].end());
    for_each_unit(codec, {}, one, [&](const Unit& read) { out = read; });
    out.bytes = units[at];
    return out;
  }
  // Where units of a kind are.
  std::vector<std::size_t> all(UnitKind kind) const {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < units.size(); ++i) {
      const bool is_one = unit(i).kind == kind && (kind != UnitKind::kSei || bears_name(units[i], kSigningNames));
      if (is_one) out.push_back(i);
    }
    return out;
  }
  void drop(std::size_t first, std::size_t end) {
    units.erase(units.begin() + static_cast<std::ptrdiff_t>(first), units.begin() + static_cast<std::ptrdiff_t>(end));
  }
};

const char* const kStreams[] = {"axis_late_parts.h264", "axis_many_groups.h264", "axis_key_once.h264",
                                "axis_rsa.h264",        "onvif_gop.h265",        "onvif_rsa.h264"};

bool has_gap(const MediaSignature& signature, SignatureGapKind kind) {
  for (const auto& gap : signature.gaps) {
    if (gap.kind == kind) return true;
  }
  return false;
}

TEST(Signature, IsSoundInEveryFormThatTheOthersWrite) {
  for (const char* name :
       {"axis_frame.mp4", "axis_gop.mp4", "axis_chain.mp4", "onvif_frame.mp4", "axis_late_parts.h264",
        "axis_many_groups.h264", "axis_key_once.h264", "axis_rsa.h264", "onvif_gop.h265", "onvif_rsa.h264"}) {
    const MediaSignature found = check(read_sample(name));
    EXPECT_EQ(verdict_of(found), SignatureVerdict::kVerified) << name << to_text(found);
    EXPECT_EQ(found.scheme, std::string(name).starts_with("axis") ? SignatureScheme::kAxisSignedVideo
                                                                  : SignatureScheme::kOnvifMediaSigning);
    EXPECT_EQ(found.pictures, 125) << name;
    EXPECT_EQ(found.pictures_valid, 120) << name;
    EXPECT_EQ(found.pictures_at_end, 5) << name << ": signed when the next group begins";
    EXPECT_EQ(found.covered_to_ms, 4'800) << name;
    EXPECT_TRUE(found.gaps.empty()) << name;
    EXPECT_EQ(found.from, Timestamp{1'796'100'000'040'000}) << name << ": by the signer's clock";
    EXPECT_TRUE(found.key && !found.version.empty()) << name;
  }
  EXPECT_EQ(check(read_sample("axis_frame.mp4")).hash, "sha256");
  EXPECT_EQ(check(read_sample("onvif_gop.h265")).hash, "sha384");
  EXPECT_EQ(check(read_sample("axis_key_once.h264")).hash, "sha512");
  EXPECT_EQ(check(read_sample("axis_rsa.h264")).key->kind, "RSA 2048");
  const MediaSignature frame = check(read_sample("axis_frame.mp4"));
  EXPECT_EQ(frame.key->sha256, crypto::CameraKey::read(read_text("camera.pem"))->sha256());
  EXPECT_EQ(frame.product->serial, "ACCC8E012345");
  EXPECT_TRUE(frame.has_sound);
  EXPECT_EQ(
      sentence_of(frame),
      "The pictures are as they were signed (Axis Signed Video): 120 of 125 pictures, from 0.0 s to 4.8 s. The last 5 "
      "pictures are not covered: a camera signs a run of pictures when the next begins. Sound is not covered by this "
      "scheme, nor are the file's own times and texts.");
}

TEST(Signature, IsFoundWhileAFileIsProbedAndNowhereElse) {
  const protocol::MediaRequest probe{.job = protocol::MediaJob::kProbe};
  EXPECT_TRUE(ask(read_sample("axis_frame.mp4"), probe).may_be_signed);
  EXPECT_TRUE(ask(read_sample("onvif_gop.h265"), probe).may_be_signed);
  EXPECT_FALSE(ask(read_sample("plain.mp4"), probe).may_be_signed);
  const MediaSignature none = check(read_sample("plain.mp4"));
  EXPECT_EQ(verdict_of(none), SignatureVerdict::kUnsigned);
  EXPECT_EQ(sentence_of(none), "No camera's signature was found in this file.");
}

TEST(Signature, EveryByteOfACoveredPictureCounts) {
  std::mt19937 random(20261130);
  std::size_t flipped = 0;
  for (const char* name : kStreams) {
    const Stream sound = Stream::read(name);
    const std::size_t covered_end = sound.all(UnitKind::kIntra).back();  // the last group has no signature yet
    for (int i = 0; i < 40; ++i) {
      std::size_t at = 0;
      do {
        at = random() % covered_end;
      } while (sound.unit(at).kind != UnitKind::kIntra && sound.unit(at).kind != UnitKind::kInter);
      Stream changed = sound;
      Bytes& unit = changed.units[at];
      const std::size_t byte = 2 + random() % (unit.size() - 2);
      unit[byte] ^= static_cast<std::uint8_t>(1U << (random() % 8));
      if (unit[byte] == 0 && byte + 1 == unit.size())
        unit[byte] = 1;  // else it is one byte shorter, which is another case
      const MediaSignature found = check(changed.bytes());
      EXPECT_EQ(verdict_of(found), SignatureVerdict::kAltered) << name << " unit " << at << " byte " << byte;
      EXPECT_TRUE(has_gap(found, SignatureGapKind::kAltered));
      ++flipped;
    }
  }
  EXPECT_EQ(flipped, 240U);
}

TEST(Signature, WhatWasTakenOutIsNotPassedOver) {
  for (const char* name : kStreams) {
    const Stream sound = Stream::read(name);
    const auto groups = sound.all(UnitKind::kIntra), messages = sound.all(UnitKind::kSei);
    {
      Stream cut = sound;  // a group and its message
      cut.drop(groups[2], groups[3]);
      const auto verdict = verdict_of(check(cut.bytes()));
      EXPECT_TRUE(verdict == SignatureVerdict::kAltered || verdict == SignatureVerdict::kVerifiedWithGaps) << name;
    }
    {
      Stream cut = sound;  // a picture
      cut.drop(groups[2] + 3, groups[2] + 4);
      const auto verdict = verdict_of(check(cut.bytes()));
      EXPECT_TRUE(verdict == SignatureVerdict::kAltered || verdict == SignatureVerdict::kVerifiedWithGaps) << name;
    }
    {
      Stream cut = sound;  // a message: its pictures could be anything
      cut.drop(messages[messages.size() / 2], messages[messages.size() / 2] + 1);
      EXPECT_NE(verdict_of(check(cut.bytes())), SignatureVerdict::kVerified) << name;
    }
    Stream bare = sound;  // all of them
    for (auto at = messages.rbegin(); at != messages.rend(); ++at) bare.drop(*at, *at + 1);
    EXPECT_EQ(verdict_of(check(bare.bytes())), SignatureVerdict::kUnsigned) << name;
  }
  // With a hash of each unit, the picture that is gone is told, and the others are sound.
  Stream late = Stream::read("axis_late_parts.h264");
  const auto groups = late.all(UnitKind::kIntra);
  late.drop(groups[2] + 3, groups[2] + 4);
  const MediaSignature found = check(late.bytes());
  EXPECT_EQ(verdict_of(found), SignatureVerdict::kVerifiedWithGaps) << to_text(found);
  EXPECT_EQ(found.units_missing, 1);
  EXPECT_EQ(found.pictures_valid, 119);
  EXPECT_TRUE(has_gap(found, SignatureGapKind::kMissing));
}

TEST(Signature, WhatWasMovedOrAddedIsNotCovered) {
  for (const char* name : kStreams) {
    const Stream sound = Stream::read(name);
    const auto groups = sound.all(UnitKind::kIntra);
    const auto at = [&](std::size_t i) { return sound.units.begin() + static_cast<std::ptrdiff_t>(groups[i]); };
    Stream twice = sound;
    twice.units.insert(twice.units.begin() + static_cast<std::ptrdiff_t>(groups[2]), at(1), at(2));
    EXPECT_EQ(verdict_of(check(twice.bytes())), SignatureVerdict::kAltered) << name;
    Stream swapped = sound;
    std::vector<Bytes> order(sound.units.begin(), at(1));
    order.insert(order.end(), at(2), at(3));
    order.insert(order.end(), at(1), at(2));
    order.insert(order.end(), at(3), sound.units.end());
    swapped.units = order;
    EXPECT_NE(verdict_of(check(swapped.bytes())), SignatureVerdict::kVerified) << name;
    // A minute of something else behind the last signature.
    Stream longer = sound;
    for (int i = 0; i < 12; ++i) longer.units.insert(longer.units.end(), at(1), at(2));
    const MediaSignature found = check(longer.bytes());
    EXPECT_NE(verdict_of(found), SignatureVerdict::kVerified) << name;
  }
}

TEST(Signature, FootageBehindTheLastSignatureIsNotCoveredHoweverMuchItIs) {
  Stream stream = Stream::read("axis_rsa.h264");
  const Stream plain = Stream::read("plain.h264");
  for (int i = 0; i < 2; ++i) stream.units.insert(stream.units.end(), plain.units.begin(), plain.units.end());
  const MediaSignature found = check(stream.bytes());
  EXPECT_EQ(verdict_of(found), SignatureVerdict::kVerifiedWithGaps) << to_text(found);
  EXPECT_EQ(found.pictures_uncovered, 5 + 250);
  EXPECT_TRUE(has_gap(found, SignatureGapKind::kUncovered));
}

TEST(Signature, OneLongRunBehindTheLastSignatureIsNotCoveredEither) {
  Stream stream = Stream::read("axis_rsa.h264");
  const Stream plain = Stream::read("plain.h264");
  const std::size_t begin = plain.all(UnitKind::kIntra)[0];
  const auto take = [&](std::size_t at) { stream.units.push_back(plain.units[at]); };
  for (std::size_t at = 0; at <= begin; ++at) take(at);
  for (int i = 0; i < 4; ++i) {
    for (const std::size_t at : plain.all(UnitKind::kInter)) take(at);  // no picture among them begins anew
  }
  const MediaSignature found = check(stream.bytes());
  EXPECT_EQ(verdict_of(found), SignatureVerdict::kVerifiedWithGaps) << to_text(found);
  EXPECT_GT(found.pictures_uncovered, 400);
}

// A message of Axis that nobody signed, of no unit: the number of its group is what it says.
Bytes empty_message(std::uint32_t number) {
  Bytes group = {3, 0, 0, 0, static_cast<std::uint8_t>(number), 0, 0, 2, 0, 0, 2};
  group.insert(group.end(), 32, 0x11);
  group.insert(group.end(), 32, 0x22);
  Bytes payload(std::begin(kAxisSignedVideo), std::end(kAxisSignedVideo));
  payload.insert(payload.end(), {0xb0, 1, static_cast<std::uint8_t>(group.size())});
  payload.insert(payload.end(), group.begin(), group.end());
  Bytes out = {6, 5, static_cast<std::uint8_t>(payload.size())};
  int zeros = 0;
  for (const std::uint8_t byte : payload) {
    if (zeros >= 2 && byte <= 3) {
      out.push_back(3);
      zeros = 0;
    }
    zeros = byte == 0 ? zeros + 1 : 0;
    out.push_back(byte);
  }
  out.push_back(0x80);
  return out;
}

TEST(Signature, MessagesThatNobodySignedHideNoCut) {
  const Stream sound = Stream::read("axis_rsa.h264");
  const auto parameters = [&] {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < sound.units.size(); ++i) {
      if ((sound.units[i][0] & 0x1f) == 7) out.push_back(i);
    }
    return out;
  }();
  // Groups are taken out between the message of the one before them, which stands behind them, and their own last message.
  for (std::size_t gone = 1; gone <= 3; ++gone) {
    for (std::size_t forged = 0; forged <= gone; ++forged) {
      Stream cut = sound;
      cut.units.resize(parameters[2]);
      const auto take = [&](std::size_t begin, std::size_t end, bool messages) {
        for (std::size_t i = begin; i < end; ++i) {
          const bool is_message = sound.unit(i).kind == UnitKind::kSei && bears_name(sound.units[i], kSigningNames);
          if (is_message == messages) cut.units.push_back(sound.units[i]);
        }
      };
      take(parameters[2], parameters[3], true);
      for (std::size_t i = 0; i < forged; ++i) cut.units.push_back(empty_message(static_cast<std::uint32_t>(3 + i)));
      const std::size_t next = 2 + gone;
      take(parameters[next], parameters[next + 1], false);
      cut.units.insert(cut.units.end(), sound.units.begin() + static_cast<std::ptrdiff_t>(parameters[next + 1]),
                       sound.units.end());
      const MediaSignature found = check(cut.bytes());
      EXPECT_EQ(verdict_of(found), SignatureVerdict::kVerifiedWithGaps)
          << gone << " " << forged << " " << to_text(found);
      EXPECT_EQ(found.groups_missing, static_cast<std::int64_t>(gone)) << forged;
    }
  }
}

TEST(Signature, AStartCodeWithinAUnitIsToldSinceSomePlayersSeeMore) {
  const Framing framing{4};
  const Bytes good = {0, 0, 0, 2, 9, 0xf0, 0, 0, 0, 3, 0x41, 0x9a, 2};
  EXPECT_EQ(for_each_unit(UnitCodec::kH264, framing, good, [](const Unit&) {}).bytes, 0u);
  const Bytes hiding = {0, 0, 0, 8, 9, 0xf0, 0, 0, 1, 0x65, 0x88, 2};
  EXPECT_GT(for_each_unit(UnitCodec::kH264, framing, hiding, [](const Unit&) {}).bytes, 0u);
  // As decoders tell the framings of H.265 apart.
  Bytes head(23, 0);
  head[21] = 3;
  head[0] = 2;
  EXPECT_EQ(framing_of(UnitCodec::kH265, head).length_bytes, 4u);
  head = {0, 0, 1, 0x40, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0};
  EXPECT_EQ(framing_of(UnitCodec::kH265, head).length_bytes, 0u);
}

TEST(Signature, WhatAFilesEditsHideIsToldAsAGap) {
  Bytes file = read_sample("axis_gop.mp4");
  const ByteView name = as_bytes("elst");
  const auto at = std::search(file.begin(), file.end(), name.begin(), name.end()) - file.begin() + 4;
  ASSERT_EQ(file[static_cast<std::size_t>(at) + 7], 1) << "one edit";
  // Two seconds and a half of five, from the middle on; the time scale of the track is read behind `mdhd`.
  const ByteView header = as_bytes("mdhd");
  const auto scale_at = std::search(file.begin(), file.end(), header.begin(), header.end()) - file.begin() + 4 + 12;
  std::uint32_t scale = 0;
  for (int i = 0; i < 4; ++i) scale = scale << 8 | file[static_cast<std::size_t>(scale_at + i)];
  const auto put = [&](std::ptrdiff_t offset, std::uint32_t value) {
    const auto bytes = big_endian_u64(value);
    std::copy(bytes.begin() + 4, bytes.end(), file.begin() + at + offset);
  };
  put(8, 2'500);
  put(12, scale * 5 / 2);
  const MediaSignature found = check(file);
  EXPECT_EQ(verdict_of(found), SignatureVerdict::kVerifiedWithGaps) << to_text(found);
  EXPECT_TRUE(has_gap(found, SignatureGapKind::kHidden));
}

TEST(Signature, AClipIsSoundAsFarAsItGoes) {
  for (const char* name : kStreams) {
    const Stream sound = Stream::read(name);
    const auto groups = sound.all(UnitKind::kIntra);
    Stream clip = sound;
    std::size_t head = 0;  // parameters, and the key where it comes once
    while (sound.unit(head).kind != UnitKind::kIntra) ++head;
    clip.drop(groups[5] + 4, clip.units.size());
    clip.drop(head, groups[2]);
    const MediaSignature found = check(clip.bytes());
    EXPECT_EQ(verdict_of(found), SignatureVerdict::kVerified) << name << to_text(found);
    EXPECT_EQ(found.pictures_altered, 0) << name;
    EXPECT_GE(found.pictures_valid, 40) << name;
  }
  // Cut in the middle of a group: the rest of it has no beginning to be checked by.
  Stream clip = Stream::read("axis_rsa.h264");
  const auto groups = clip.all(UnitKind::kIntra);
  clip.drop(groups[0], groups[2] + 5);
  const MediaSignature found = check(clip.bytes());
  EXPECT_EQ(verdict_of(found), SignatureVerdict::kVerified) << to_text(found);
  EXPECT_EQ(found.pictures_at_start, 15);
}

TEST(Signature, WhatCannotBeCheckedIsNeverCalledUnsigned) {
  const Stream sound = Stream::read("axis_rsa.h264");
  Stream old = sound, later = sound;
  for (const std::size_t at : sound.all(UnitKind::kSei)) {
    const auto name = std::search(old.units[at].begin(), old.units[at].end(), std::begin(kAxisSignedVideo),
                                  std::end(kAxisSignedVideo));
    const auto flags = name - old.units[at].begin() + 16;
    old.units[at][static_cast<std::size_t>(flags)] = 0x80;      // before version 2
    later.units[at][static_cast<std::size_t>(flags) + 1] = 77;  // a field that nobody knows
  }
  MediaSignature found = check(old.bytes());
  EXPECT_EQ(verdict_of(found), SignatureVerdict::kSignedButUnchecked);
  EXPECT_EQ(found.unchecked, UncheckedReason::kOldForm);
  EXPECT_EQ(
      sentence_of(found),
      "The file is signed in a way that Lapel does not check: it is Axis Signed Video of a form before version 2 (Axis "
      "Signed Video). This says neither that it is sound nor that it is not.");
  found = check(later.bytes());
  EXPECT_EQ(verdict_of(found), SignatureVerdict::kSignedButUnchecked);
  EXPECT_EQ(found.unchecked, UncheckedReason::kUnknownForm);
  // The message with the key is gone.
  Stream keyless = Stream::read("axis_key_once.h264");
  const std::size_t first = keyless.all(UnitKind::kSei)[0];
  keyless.drop(first, first + 1);
  found = check(keyless.bytes());
  EXPECT_EQ(verdict_of(found), SignatureVerdict::kSignedButUnchecked);
  EXPECT_EQ(found.unchecked, UncheckedReason::kNoKey);
}

TEST(Signature, TwoKeysInOneFileAreAnAlteration) {
  // Signed by one camera at the front and by another behind it: each is sound for itself.
  const Stream one = Stream::read("axis_rsa.h264"), other = Stream::read("axis_many_groups.h264");
  Stream joined = one;
  joined.units.insert(joined.units.end(), other.units.begin(), other.units.end());
  const MediaSignature found = check(joined.bytes());
  EXPECT_EQ(verdict_of(found), SignatureVerdict::kAltered) << to_text(found);
  EXPECT_TRUE(found.is_key_changed);
}

TEST(Signature, ACameraThatBeganAnewIsTold) {
  const Stream one = Stream::read("axis_rsa.h264");
  Stream joined = one;
  joined.units.insert(joined.units.end(), one.units.begin(), one.units.end());
  const MediaSignature found = check(joined.bytes());
  EXPECT_EQ(verdict_of(found), SignatureVerdict::kVerifiedWithGaps) << to_text(found);
  EXPECT_EQ(found.restarts, 1);
}

TEST(Signature, PicturesOfAKindThatIsNeverSignedAreTold) {
  Stream stream = Stream::read("onvif_gop.h265");
  const auto groups = stream.all(UnitKind::kIntra);
  // The same picture once more, as one that a decoder may leave out: decoders show it, and no signature covers it.
  Bytes hidden = stream.units[groups[2] + 3];
  hidden[0] = static_cast<std::uint8_t>(3 << 1);
  stream.units.insert(stream.units.begin() + static_cast<std::ptrdiff_t>(groups[2]) + 4, hidden);
  const MediaSignature found = check(stream.bytes());
  EXPECT_EQ(verdict_of(found), SignatureVerdict::kVerifiedWithGaps) << to_text(found);
  EXPECT_EQ(found.units_hidden, 1);
}

TEST(Signature, BelievesWhatStandsBeforeTheSignatureAlone) {
  // A second description of the group, behind the signature, that nobody signed.
  Stream stream = Stream::read("axis_rsa.h264");
  for (const std::size_t at : stream.all(UnitKind::kSei)) {
    const auto data = read_user_data(stream.codec, stream.unit(at), kSigningNames);
    ASSERT_TRUE(data);
    const SigningMessage message = read_signing_message(*data);
    ASSERT_TRUE(message.group && message.signature && !message.unreadable);
    EXPECT_LT(message.document.size(), data->raw.size());
  }
}

TEST(Signature, AChainIsVouchedForByItsOwnRootAndNoOther) {
  const std::string root = read_text("root.pem"), other = read_text("other_root.pem");
  for (const char* name : {"axis_chain.mp4", "onvif_frame.mp4"}) {
    const Bytes bytes = read_sample(name);
    EXPECT_FALSE(check(bytes).vouched_by) << name;
    EXPECT_FALSE(check(bytes, {other}).vouched_by) << name;
    const MediaSignature found = check(bytes, {other, root});
    EXPECT_TRUE(found.vouched_by) << name;
    ASSERT_GE(found.chain.size(), 2U) << name;
    EXPECT_EQ(found.chain[1], "CN=Lapel Test Camera Factory 3,O=Lapel Test Works") << name;
  }
  EXPECT_FALSE(check(read_sample("axis_frame.mp4"), {root}).vouched_by) << "it has no certificates";
}

}  // namespace
}  // namespace lapel::mediaworker
