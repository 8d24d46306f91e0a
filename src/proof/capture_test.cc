// SPDX-License-Identifier: Apache-2.0
#include "proof/capture.h"

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
  EXPECT_NE(verdict.breach.find(hex(camera_key(7).public_key())), std::string::npos);
}

TEST(Capture, AClockThatWentBackIsToldAndIsNoBreach) {
  CaptureSigner signer(camera_key(), test_head());
  const Bytes one = test_box("mdat", 10, 1), two = test_box("mdat", 10, 2);
  CaptureFacts later = test_facts(1);
  later.at = {1'600'000'000'000'000};
  const CaptureVerdict verdict =
      verify_capture(joined({one, signer.sign(one, test_facts(0)), two, signer.sign(two, later)}));
  EXPECT_EQ(verdict.standing, Standing::kCut);
  EXPECT_TRUE(verdict.went_back);
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

TEST(Capture, WhatNoCameraSignedSaysSo) {
  const CaptureVerdict verdict = verify_capture(joined({test_box("ftyp", 8, 0), test_box("mdat", 90, 0)}));
  EXPECT_EQ(verdict.standing, Standing::kUnsigned);
  EXPECT_EQ(all_words(verdict), "No lapel-camera has signed this file.\n");
}

}  // namespace
}  // namespace lapel::proof
