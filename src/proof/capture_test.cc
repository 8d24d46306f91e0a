// SPDX-License-Identifier: Apache-2.0
#include "proof/capture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "proof/capture_for_tests.h"

namespace lapel::proof {
namespace {

using Standing = CaptureVerdict::Standing;

std::string all_words(const CaptureVerdict& verdict) {
  std::string out;
  for (const std::string& line : capture_words(verdict)) out += line + ".\n";
  return out;
}

TEST(Capture, WholeFootageVerifiesHoweverItIsFed) {
  const Bytes file = joined(test_footage(4));
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{64}, file.size()}) {
    const CaptureVerdict verdict = verify_capture(file, step);
    ASSERT_EQ(verdict.standing, Standing::kWhole) << all_words(verdict);
    EXPECT_EQ(verdict.boxes, 5u);
    EXPECT_EQ(verdict.signed_bytes, file.size());
    EXPECT_EQ(verdict.head->serial, "BC-7");
    EXPECT_EQ(verdict.end, "deactivated");
    EXPECT_EQ(verdict.media_ms, 4'000u);
    EXPECT_EQ(verdict.sounds.at("off"), 2'000u);
    EXPECT_EQ(verdict.sounds.at("on"), 2'000u);
    EXPECT_TRUE(all_words(verdict).ends_with("Ended by the camera: deactivated.\n"));
  }
}

TEST(Capture, EveryCutIsToldAsOneAndKeepsWhatWasSignedBefore) {
  const std::vector<Bytes> pieces = test_footage(3);
  const Bytes file = joined(pieces);
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; const Bytes& piece : pieces) ends.push_back(at += piece.size());
  for (std::size_t bytes = 0; bytes < file.size(); ++bytes) {
    const CaptureVerdict verdict = verify_capture(ByteView(file).first(bytes));
    const auto whole = static_cast<std::size_t>(
        std::count_if(ends.begin(), ends.end(), [&](std::size_t end) { return end <= bytes; }));
    const bool is_between = whole > 0 && ends[whole - 1] == bytes;
    const Standing wanted = whole == 0 ? Standing::kUnsigned : is_between ? Standing::kCut : Standing::kInPart;
    ASSERT_EQ(verdict.standing, wanted) << bytes;
    ASSERT_EQ(verdict.boxes, whole) << bytes;
    ASSERT_EQ(verdict.signed_bytes, whole > 0 ? ends[whole - 1] : 0u);
  }
}

TEST(Capture, EveryChangedByteIsNoticed) {
  const Bytes file = joined(test_footage(3));
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (const std::uint8_t change : {0x01, 0x80}) {
      Bytes other = file;
      other[at] ^= change;
      const CaptureVerdict verdict = verify_capture(other);
      ASSERT_NE(verdict.standing, Standing::kWhole) << at;
      ASSERT_NE(verdict.standing, Standing::kCut) << at;
    }
  }
}

TEST(Capture, AFragmentLeftOutMovedDoubledOrTakenFromElsewhereIsNoticed) {
  const std::vector<Bytes> good = test_footage(4);
  const auto verdict_of = [](const std::vector<Bytes>& pieces) { return verify_capture(joined(pieces)); };

  const CaptureVerdict dropped = verdict_of({good[0], good[2], good[3], good[4]});
  EXPECT_EQ(dropped.standing, Standing::kBreach);
  EXPECT_EQ(dropped.boxes, 1u);
  EXPECT_NE(all_words(dropped).find("signature 2 follows signature 0: fragments were left out"), std::string::npos);

  EXPECT_EQ(verdict_of({good[0], good[2], good[1], good[3], good[4]}).standing, Standing::kBreach);
  EXPECT_EQ(verdict_of({good[0], good[1], good[1], good[2], good[3], good[4]}).standing, Standing::kBreach);
  EXPECT_EQ(verdict_of({good[1], good[2], good[3], good[4]}).breach,
            "the first signature is not the first of its recording");
  // The same place in another recording by the same camera: the chain differs from its first box on.
  CaptureHead head = test_head();
  head.recording[0] = 9;
  CaptureSigner other(camera_key(), head);
  const Bytes first = joined({test_box("ftyp", 16, 0), test_box("moov", 60, 0), test_box("mdat", 20, 3)});
  const Bytes start = joined({first, other.sign(first, test_facts(0))});
  EXPECT_EQ(verdict_of({start, good[1]}).standing, Standing::kBreach);
}

TEST(Capture, WhatFollowsTheEndIsNoticed) {
  std::vector<Bytes> pieces = test_footage(2);
  pieces.push_back(test_box("mdat", 30, 1));
  const CaptureVerdict more = verify_capture(joined(pieces));
  EXPECT_EQ(more.standing, Standing::kBreach);
  EXPECT_EQ(more.breach, "bytes follow the end that the camera signed");
}

TEST(Capture, UnsignedBytesAtTheEndAreNeverWhole) {
  std::vector<Bytes> pieces = test_footage(3);
  pieces.pop_back();
  const std::size_t signed_bytes = joined(pieces).size();
  pieces.push_back(joined({test_box("moof", 40, 9), test_box("mdat", 100, 9)}));
  const CaptureVerdict verdict = verify_capture(joined(pieces));
  EXPECT_EQ(verdict.standing, Standing::kInPart);
  EXPECT_EQ(verdict.signed_bytes, signed_bytes);
  EXPECT_NE(all_words(verdict).find("The last 156 bytes bear no signature"), std::string::npos) << all_words(verdict);
}

TEST(Capture, AnotherKeyIsNamed) {
  const Bytes file = joined(test_footage(2));
  const CaptureVerdict verdict = verify_capture(file, 1 << 20, 8);
  EXPECT_EQ(verdict.standing, Standing::kBreach);
  EXPECT_EQ(all_words(verdict), fmt::format("At byte {}: it names another key, {}, than the one that was given.\n",
                                            verdict.breach_at, hex(camera_key(7).public_key())));
}

TEST(Capture, AClockThatWentBackIsToldAndIsNoBreach) {
  CaptureSigner signer(camera_key(), test_head());
  const Bytes one = test_box("mdat", 10, 1), two = test_box("mdat", 10, 2);
  CaptureFacts later = test_facts(1);
  later.at = {1'600'000'000'000'000};
  const CaptureVerdict verdict = verify_capture(joined(
      {one, signer.sign(one, test_facts(0)), two, signer.sign(two, later), two, signer.sign(two, test_facts(2))}));
  EXPECT_EQ(verdict.standing, Standing::kCut);
  EXPECT_TRUE(verdict.went_back);
  EXPECT_NE(all_words(verdict).find("synchronized by NTP (3), and went back in between"), std::string::npos);
}

TEST(Capture, ABoxMayHaveALongLength) {
  Bytes longer = test_box("mdat", 200, 5);
  std::fill(longer.begin(), longer.begin() + 4, std::uint8_t{0});
  longer[3] = 1;
  const auto length = big_endian_u64(longer.size());
  std::copy(length.begin(), length.end(), longer.begin() + 8);
  CaptureSigner signer(camera_key(), test_head());
  const Bytes file = joined({longer, signer.sign(longer, test_facts(0))});
  for (const std::size_t step : {std::size_t{1}, std::size_t{9}, file.size()})
    EXPECT_EQ(verify_capture(file, step).standing, Standing::kCut) << step;
}

TEST(Capture, ABoxWithoutAnEndHidesNothing) {
  // A box of size 0 reaches to the end of the file: what would be signatures in it are none.
  std::vector<Bytes> pieces = test_footage(3);
  Bytes endless = test_box("free", 8, 0);
  std::fill(endless.begin(), endless.begin() + 4, std::uint8_t{0});
  pieces.insert(pieces.begin() + 1, endless);
  const CaptureVerdict verdict = verify_capture(joined(pieces));
  EXPECT_EQ(verdict.standing, Standing::kInPart);
  EXPECT_EQ(verdict.boxes, 1u);
}

// What a camera may have signed that no CaptureSigner would.
Bytes box_of(const std::string& signed_text, std::uint8_t key_fill = 7) {
  std::string text(kCaptureDomain);
  text += signed_text;
  const crypto::Signature signature = camera_key(key_fill).sign(as_bytes(text));
  text += as_text(ByteView(signature));
  const CaptureHead head = test_head();
  Bytes box = CaptureSigner(camera_key(), head).sign({}, test_facts(0));
  box.resize(kCaptureHeaderBytes);
  const auto length = big_endian_u64(kCaptureHeaderBytes + text.size());
  std::copy(length.begin() + 4, length.end(), box.begin());
  box.insert(box.end(), text.begin(), text.end());
  return box;
}
Bytes box_of(const Json::Object& members) {
  return box_of(canonical(Json(members)) + "\n");
}

Json::Object signed_members(ByteView covered, std::int64_t n) {
  return {{"n", n},
          {"bytes", covered.size()},
          {"sha256", hex(crypto::sha256(covered))},
          {"at", "2023-11-14T22:13:20.00Z"},
          {"clock", "ntp"},
          {"media_ms", 1000},
          {"sound", "on"}};
}
Json::Object first_members(ByteView covered) {
  Json::Object out = signed_members(covered, 0);
  out.insert({{"serial", "BC-7"},
              {"key", hex(camera_key().public_key())},
              {"recording", std::string(32, 'a')},
              {"video", "h265"},
              {"audio", "none"},
              {"pre_event_ms", 30000}});
  return out;
}

struct Wrong {
  const char* name;
  Json value;  // null: left out
};
std::vector<Wrong> wrong_of_all() {
  const std::string longer(kCaptureTextBytesMax + 1, 'x');
  return {{"n", {}},        {"n", "0"},        {"bytes", {}},  {"bytes", "1"},  {"media_ms", {}},  {"media_ms", "1"},
          {"sha256", {}},   {"sha256", 1},     {"at", {}},     {"at", 1},       {"at", "now"},     {"clock", {}},
          {"clock", 1},     {"clock", "moon"}, {"sound", {}},  {"sound", 1},    {"sound", "loud"}, {"fix", 1},
          {"fix", "1,2,3"}, {"fix", "1.5"},    {"fix", "a,b"}, {"fix", longer}, {"end", 1},        {"end", ""},
          {"end", longer},  {"more", "x"}};
}
void expect_unformed(Json::Object members, const Wrong& wrong, ByteView before) {
  if (wrong.value.is_null()) {
    members.erase(wrong.name);
  } else {
    members[wrong.name] = wrong.value;
  }
  const CaptureVerdict verdict = verify_capture(joined({Bytes(before.begin(), before.end()), box_of(members)}));
  EXPECT_EQ(verdict.breach, "a signature box is not of the format") << canonical(Json(members));
}

TEST(Capture, EachMemberOfASignatureHasItsTypeAndItsValues) {
  const Bytes piece = test_box("mdat", 20, 1), next = test_box("mdat", 20, 2);
  const std::string longer(kCaptureTextBytesMax + 1, 'x');
  std::vector<Wrong> of_first = wrong_of_all();
  for (const Wrong& wrong : std::vector<Wrong>{{"serial", {}},
                                               {"serial", 1},
                                               {"serial", ""},
                                               {"serial", longer},
                                               {"key", {}},
                                               {"key", 1},
                                               {"key", "7"},
                                               {"recording", {}},
                                               {"recording", 1},
                                               {"recording", "aa"},
                                               {"video", {}},
                                               {"video", 1},
                                               {"video", "av1"},
                                               {"audio", {}},
                                               {"audio", 1},
                                               {"audio", "mp3"},
                                               {"pre_event_ms", {}},
                                               {"pre_event_ms", "1"},
                                               {"previous", std::string(64, '0')}})
    of_first.push_back(wrong);
  ASSERT_EQ(verify_capture(joined({piece, box_of(first_members(piece))})).standing, Standing::kCut);
  for (const Wrong& wrong : of_first) expect_unformed(first_members(piece), wrong, piece);

  const Bytes start = joined({piece, box_of(first_members(piece))});
  Json::Object second = signed_members(next, 1);
  second["previous"] = hex(crypto::sha256(ByteView(start).subspan(piece.size() + kCaptureHeaderBytes)));
  const Bytes before = joined({start, next});
  ASSERT_EQ(verify_capture(joined({before, box_of(second)})).standing, Standing::kCut);
  std::vector<Wrong> of_next = wrong_of_all();
  for (const Wrong& wrong :
       std::vector<Wrong>{{"previous", {}}, {"previous", 1}, {"previous", "0"}, {"serial", "BC-7"}})
    of_next.push_back(wrong);
  for (const Wrong& wrong : of_next) expect_unformed(second, wrong, before);
}

TEST(Capture, ABoxThatIsNoneOfOursIsNoSignatureAndOneThatIsBrokenIsABreach) {
  const Bytes piece = test_box("mdat", 20, 1);
  const std::string good = canonical(Json(first_members(piece)));
  for (const std::string& text : {good, "{}\n" + good + "\n", good + " \n", std::string("[]\n"), std::string("1\n")})
    EXPECT_EQ(verify_capture(joined({piece, box_of(text)})).breach, "a signature box is not of the format") << text;
  Bytes domain = box_of(good + "\n");
  domain[kCaptureHeaderBytes] ^= 1;
  EXPECT_EQ(verify_capture(joined({piece, domain})).breach, "a signature box is not of the format");
  EXPECT_EQ(verify_capture(joined({piece, box_of("")})).breach, "a signature box has a length that none has");
  EXPECT_EQ(verify_capture(joined({piece, box_of(std::string(kCapturePayloadBytesMax, ' '))})).breach,
            "a signature box has a length that none has");
  // A box of a user's type that is another's, and one too short to have a type.
  Bytes anothers = box_of(good + "\n");
  anothers[8] ^= 1;
  EXPECT_EQ(verify_capture(joined({piece, anothers})).standing, Standing::kUnsigned);
  EXPECT_EQ(verify_capture(joined({piece, test_box("uuid", 4, 0), test_box("free", 30, 0)})).standing,
            Standing::kUnsigned);
  const Bytes header = box_of(good + "\n");
  EXPECT_TRUE(is_capture_header(ByteView(header).first(kCaptureHeaderBytes)));
  EXPECT_FALSE(is_capture_header(ByteView(header).first(kCaptureHeaderBytes - 1)));
  EXPECT_FALSE(is_capture_header(ByteView(anothers).first(kCaptureHeaderBytes)));
  EXPECT_FALSE(is_capture_header(test_box("free", kCaptureHeaderBytes, 0)));
}

TEST(Capture, WhatTheCameraSignedHasToFitWhatItSignedBefore) {
  const Bytes piece = test_box("mdat", 20, 1), next = test_box("mdat", 20, 2);
  const Bytes start = joined({piece, box_of(first_members(piece))});
  const auto breach_with = [&](const char* name, const Json& value) {
    Json::Object second = signed_members(next, 1);
    second["previous"] = hex(crypto::sha256(ByteView(start).subspan(piece.size() + kCaptureHeaderBytes)));
    second[name] = value;
    return verify_capture(joined({start, next, box_of(second)})).breach;
  };
  EXPECT_EQ(breach_with("media_ms", 1000), "");
  EXPECT_EQ(breach_with("media_ms", 999), "signature 1 goes back in the time of the media");
  EXPECT_EQ(breach_with("previous", std::string(64, '0')),
            "signature 1 follows signature 0: fragments were left out, moved or taken from elsewhere");
  EXPECT_EQ(breach_with("n", 2),
            "signature 2 follows signature 0: fragments were left out, moved or taken from elsewhere");
  EXPECT_EQ(breach_with("bytes", 27), "28 bytes stand before signature 1, which signed 27");
  EXPECT_EQ(breach_with("sha256", std::string(64, '0')), "the bytes before signature 1 are not those that it signed");
  Json::Object late = first_members(piece);
  late["n"] = 3;
  EXPECT_EQ(verify_capture(joined({piece, box_of(late)})).breach,
            "the first signature is not the first of its recording");

  CaptureSigner signer(camera_key(), test_head());
  CaptureFacts end = test_facts(0);
  end.end = "deactivated";
  const Bytes ended = joined({piece, signer.sign(piece, end), next, signer.sign(next, test_facts(1))});
  EXPECT_EQ(verify_capture(ended).breach, "a signature follows the end that the camera signed");
}

TEST(Capture, WithoutAKeyTheOneThatTheFileNamesIsAskedAndToldByIt) {
  const Bytes file = joined(test_footage(2));
  CaptureVerifier verifier(std::nullopt);
  verifier.feed(file);
  const CaptureVerdict verdict = verifier.finish();
  EXPECT_EQ(verdict.standing, Standing::kWhole);
  EXPECT_EQ(verdict.head->key, camera_key().public_key());
  // It must be signed by that key, even so.
  const Bytes piece = test_box("mdat", 20, 1);
  CaptureVerifier other(std::nullopt);
  other.feed(joined({piece, box_of(canonical(Json(first_members(piece))) + "\n", 8)}));
  EXPECT_EQ(other.finish().breach, "a signature is not by the key that was given");
}

TEST(Capture, TheWordsTellSoundAndClocks) {
  const Bytes piece = test_box("mdat", 20, 1);
  Json::Object silent = first_members(piece);
  silent["media_ms"] = 0;
  EXPECT_EQ(
      all_words(verify_capture(joined({piece, box_of(silent)}))),
      "Camera BC-7, recording aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, h265 and no sound.\n"
      "1 signatures from 2023-11-14T22:13:20.00Z to 2023-11-14T22:13:20.00Z, over 0.0 s of footage, 0.0 s of it before "
      "activation.\n"
      "The camera's clock was synchronized by NTP (1).\n"
      "Cut off after that: the camera's end is missing, and more may have been recorded.\n");
  CaptureSigner signer(camera_key(), test_head());
  Bytes file;
  std::uint64_t n = 0;
  for (const std::string_view clock : {kClockGnss, kClockNone, kClockSimulated, kClockNtp}) {
    CaptureFacts facts = test_facts(n++);
    facts.clock = clock;
    facts.sound = n == 1 ? kSoundMuted : kSoundLost;
    file = joined({file, piece, signer.sign(piece, facts)});
  }
  const std::string words = all_words(verify_capture(file));
  EXPECT_NE(words.find("The camera's clock was in agreement with a GNSS receiver (1), set by nothing that it knew (1), "
                       "synchronized by NTP (1), simulated: these are no times of the world (1).\n"
                       "Sound: lost 3.0 s, muted 1.0 s.\n"),
            std::string::npos)
      << words;
}

TEST(Capture, WhatNoCameraSignedSaysSo) {
  const CaptureVerdict verdict = verify_capture(joined({test_box("ftyp", 8, 0), test_box("mdat", 90, 0)}));
  EXPECT_EQ(verdict.standing, Standing::kUnsigned);
  EXPECT_EQ(all_words(verdict), "No lapel-camera has signed this file.\n");
}

}  // namespace
}  // namespace lapel::proof
