// SPDX-License-Identifier: Apache-2.0
// The verdict follows from the numbers, and a text whose parts do not agree is none.
#include "protocol/signature.h"

#include <gtest/gtest.h>

namespace lapel::protocol {
namespace {

MediaSignature sound() {
  MediaSignature out;
  out.scheme = SignatureScheme::kOnvifMediaSigning;
  out.hash = "sha256";
  out.version = "r25.12.3";
  out.key = SignatureKey{Digest{1}, "EC P-256", "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n"};
  out.chain = {"CN=camera"};
  out.product = SignatureProduct{"", "3.1", "A-7", "a maker"};
  out.pictures = 120;
  out.pictures_valid = 100;
  out.pictures_at_end = 20;
  out.groups_valid = 5;
  out.signatures = 5;
  out.covered_to_ms = 4'000;
  out.duration_ms = 4'800;
  out.from = Timestamp{1'796'100'000'000'000};
  return out;
}

TEST(SignatureText, IsReadAsItWasWrittenAndHasOneVerdict) {
  const MediaSignature one = sound();
  const auto read = parse_signature(to_text(one));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(*read, one);
  EXPECT_EQ(verdict_of(one), SignatureVerdict::kVerified);
  const auto with = [](auto change) {
    MediaSignature out = sound();
    change(out);
    return verdict_of(out);
  };
  EXPECT_EQ(with([](auto& s) { s.scheme = SignatureScheme::kNone; }), SignatureVerdict::kUnsigned);
  EXPECT_EQ(with([](auto& s) { s.groups_valid = 0; }), SignatureVerdict::kSignedButUnchecked);
  EXPECT_EQ(with([](auto& s) { s.unchecked = UncheckedReason::kUnknownForm; }), SignatureVerdict::kSignedButUnchecked);
  for (const auto member : {&MediaSignature::units_missing, &MediaSignature::groups_missing, &MediaSignature::restarts,
                            &MediaSignature::units_hidden, &MediaSignature::pictures_uncovered})
    EXPECT_EQ(with([&](auto& s) { s.*member = 1; }), SignatureVerdict::kVerifiedWithGaps);
  EXPECT_EQ(with([](auto& s) { s.has_other_video = true; }), SignatureVerdict::kVerifiedWithGaps);
  for (const auto member : {&MediaSignature::pictures_altered, &MediaSignature::groups_altered,
                            &MediaSignature::signatures_wrong, &MediaSignature::order_breaks})
    EXPECT_EQ(with([&](auto& s) { s.*member = 1; }), SignatureVerdict::kAltered);
  EXPECT_EQ(with([](auto& s) { s.is_key_changed = true; }), SignatureVerdict::kAltered);
  EXPECT_EQ(with([](auto& s) {
              s.signatures_wrong = 1;
              s.unchecked = UncheckedReason::kUnknownForm;
            }),
            SignatureVerdict::kAltered)
      << "what is known to be wrong is not left open";
}

TEST(SignatureText, WhosePartsDoNotAgreeIsNone) {
  const std::string text = to_text(sound());
  const auto changed = [&](std::string_view from, std::string_view to) {
    std::string out = text;
    const std::size_t at = out.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return out.replace(at, from.size(), to);
  };
  EXPECT_TRUE(parse_signature(text));
  for (const auto& [from, to] :
       {std::pair("\"verified\"", "\"altered\""), std::pair("\"pictures\":120", "\"pictures\":121"),
        std::pair("\"pictures_altered\":0", "\"pictures_altered\":1"), std::pair("\"pictures\":120", "\"pictures\":-1"),
        std::pair("\"EC P-256\"", "\"EC\\u00a0P\""), std::pair("\"A-7\"", "\"<\\u202e\""),
        std::pair("\"sound\":false", "\"sound\":0"), std::pair("\"gaps\":[]", "\"gaps\":[],\"more\":1"),
        std::pair("\"gaps\":[]", "\"gaps\":[{\"kind\":\"altered\",\"from_ms\":2,\"to_ms\":1,\"pictures\":0}]")})
    EXPECT_FALSE(parse_signature(changed(from, to))) << to;
}

TEST(SignatureText, SaysInWordsWhatIsNotCovered) {
  MediaSignature cut = sound();
  cut.groups_missing = 2;
  cut.pictures_uncovered = 1;
  cut.pictures = 121;
  cut.gaps = {{SignatureGapKind::kMissing, 61'000, 61'000, 0}, {SignatureGapKind::kUncovered, 70'000, 70'040, 1}};
  EXPECT_EQ(
      sentence_of(cut),
      "What is covered is as it was signed (ONVIF Media Signing): 100 of 121 pictures, from 0.0 s to 4.0 s. But not "
      "all is "
      "covered. 2 runs of pictures between those that are here were signed and are not in the file, first at 1 min 1 "
      "s. 1 "
      "picture has no signature, and could be anything, first at 1 min 10 s. The last 20 pictures are not covered: a "
      "camera "
      "signs a run of pictures when the next begins. The file's own times and texts are not covered by this scheme.");
  MediaSignature wrong = sound();
  wrong.signatures_wrong = 1;
  wrong.is_key_changed = true;
  EXPECT_EQ(sentence_of(wrong),
            "This is not the footage as it was signed (ONVIF Media Signing). 1 signature was damaged, or not made with "
            "the key "
            "that the file brings. The file brings more than one key, which no camera does on its own. 100 of 120 "
            "pictures are as "
            "signed. The last 20 pictures are not covered: a camera signs a run of pictures when the next begins. The "
            "file's own "
            "times and texts are not covered by this scheme.");
}

}  // namespace
}  // namespace lapel::protocol
