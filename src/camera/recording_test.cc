// SPDX-License-Identifier: Apache-2.0
#include "camera/recording.h"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "camera/encoder.h"
#include "camera/log_writer.h"
#include "proof/device_log.h"
#include "test/faulty_disk.h"

namespace lapel::camera {
namespace {

using Standing = proof::CaptureVerdict::Standing;

crypto::SigningKey test_key() {
  ByteArray<32> seed;
  seed.fill(7);
  return crypto::SigningKey::from_seed(seed);
}

class StillWitness final : public Recording::Witness {
 public:
  Timestamp now() const override { return {1'700'000'000'000'000}; }
  std::string clock() const override { return "none"; }
  std::string fix() const override { return {}; }
};

// Real pictures of a real encoder, a few seconds of them.
class RecordingTest : public ::testing::Test {
 protected:
  static constexpr int kRate = 10;

  void SetUp() override {
    av_log_set_level(AV_LOG_QUIET);
    PictureEncoding encoding;
    encoding.width = encoding.height = 64;
    encoding.rate = kRate;
    encoding.kbit_s = 100;
    encoder_.emplace(PictureEncoder::open(encoding).value());
    for (int i = 0; i < 4 * kRate; ++i) {
      FramePtr frame(av_frame_alloc());
      frame->format = AV_PIX_FMT_YUV420P;
      frame->width = frame->height = 64;
      ASSERT_EQ(av_frame_get_buffer(frame.get(), 0), 0);
      for (int plane = 0; plane < 3; ++plane) {
        const int bytes = frame->linesize[plane] * (plane == 0 ? 64 : 32);
        for (int at = 0; at < bytes; ++at) frame->data[plane][at] = static_cast<std::uint8_t>(at * 7 + i * 11 * plane);
      }
      ASSERT_TRUE(encoder_->take(*frame, i * (1'000'000 / kRate), [&](AVPacket& packet) -> Result<void> {
        packets_.emplace_back(av_packet_clone(&packet));
        return {};
      }));
    }
    ASSERT_EQ(packets_.size(), 4u * kRate);
    ASSERT_TRUE(disk_.make_directory("/card"));
    ASSERT_TRUE(disk_.sync_directory("/"));
  }

  std::unique_ptr<Recording> open() {
    Recording::Start start;
    start.card = "/card";
    start.name = "a.mp4";
    start.head = {"BC-7", {}, ByteArray<16>{1}, "h264", "none", 0};
    start.picture_us = 1'000'000 / kRate;
    return Recording::open(disk_, key_, witness_, start, encoder_->context(), nullptr).value();
  }

  proof::CaptureVerdict verdict_of(os::Disk& disk, std::uint64_t bytes_max = 1 << 30) {
    Bytes bytes = os::read_file(disk, "/card/a.mp4", 1 << 30).value();
    bytes.resize(std::min<std::uint64_t>(bytes.size(), bytes_max));
    proof::CaptureVerifier verifier(key_.public_key());
    verifier.feed(bytes);
    return verifier.finish();
  }

  const crypto::SigningKey key_ = test_key();
  const StillWitness witness_{};
  std::optional<PictureEncoder> encoder_;
  std::vector<PacketPtr> packets_;
  test::FaultyDisk disk_;
};

TEST_F(RecordingTest, APowerCutAnywhereLeavesWhatWasSignedAndSyncedAndItVerifies) {
  const auto recording = open();
  std::vector<std::pair<std::size_t, std::uint64_t>> durable;  // calls, signatures
  for (const PacketPtr& packet : packets_) {
    ASSERT_TRUE(recording->add_picture(*packet));
    ASSERT_TRUE(recording->commit());
    durable.emplace_back(disk_.position(), recording->signatures());
  }
  ASSERT_TRUE(recording->end("deactivated").value());
  durable.emplace_back(disk_.position(), recording->signatures());
  EXPECT_EQ(verdict_of(disk_).standing, Standing::kWhole);
  EXPECT_EQ(verdict_of(disk_).boxes, 4u);

  std::size_t files = 0;
  for (std::size_t at = 0; at <= disk_.position(); ++at) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      const auto after = disk_.after_power_cut(at, seed);
      std::uint64_t least = 0;
      for (const auto& [calls, signatures] : durable) least = calls <= at ? signatures : least;
      if (!after->stat("/card/a.mp4")) {
        ASSERT_EQ(least, 0u) << disk_.describe(at > 0 ? at - 1 : 0);
        continue;
      }
      ++files;
      const auto verdict = verdict_of(*after);
      ASSERT_GE(verdict.boxes, least) << at;
      ASSERT_GE(verdict.boxes, 1u) << at;  // it has no name before
      const auto part = verdict_of(*after, verdict.signed_bytes);
      ASSERT_TRUE(part.standing == Standing::kCut || part.standing == Standing::kWhole) << at << part.breach;
    }
  }
  EXPECT_GT(files, 20u);
}

// What a card says no to: room for the bytes, or that they are safe.
struct Refusal {
  test::Op op;
  int error_number;
};
class RefusedTest : public RecordingTest, public testing::WithParamInterface<Refusal> {};
INSTANTIATE_TEST_SUITE_P(ByTheCard, RefusedTest,
                         testing::Values(Refusal{test::Op::kWrite, ENOSPC}, Refusal{test::Op::kSyncData, EIO}));

TEST_P(RefusedTest, LeavesTheFileAtItsLastSignature) {
  const auto recording = open();
  std::size_t i = 0;
  for (; i < 25; ++i) {
    ASSERT_TRUE(recording->add_picture(*packets_[i]));
    ASSERT_TRUE(recording->commit());
  }
  disk_.inject({.op = GetParam().op, .error_number = GetParam().error_number});
  Result<bool> committed = false;
  for (; i < packets_.size() && committed; ++i) {
    ASSERT_TRUE(recording->add_picture(*packets_[i]));
    committed = recording->commit();
  }
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code() == Code::kFull, GetParam().error_number == ENOSPC);
  EXPECT_EQ(verdict_of(disk_).standing, Standing::kCut);
  EXPECT_EQ(verdict_of(disk_).boxes, recording->signatures());
  EXPECT_EQ(verdict_of(disk_).last, recording->last());
}

TEST_F(RecordingTest, WhatACutLeftWithoutItsNameIsNamedIfItIsSigned) {
  const auto recording = open();
  for (const PacketPtr& packet : packets_) ASSERT_TRUE(recording->add_picture(*packet));
  ASSERT_TRUE(recording->end("off").value());
  ASSERT_TRUE(disk_.rename("/card/a.mp4", "/card/.a.mp4.17-1.tmp"));
  ASSERT_TRUE(os::write_new_file(disk_, "/card/.b.mp4.17-2.tmp", as_bytes("no footage")));
  ASSERT_TRUE(os::write_new_file(disk_, "/card/.state-0000000001.log.17-3.tmp", as_bytes("{")));
  EXPECT_EQ(name_leftovers(disk_, "/card", key_.public_key()).value(), std::vector<std::string>{"a.mp4"});
  EXPECT_EQ(disk_.list("/card").value(), std::vector<std::string>{"a.mp4"});
  EXPECT_EQ(verdict_of(disk_).standing, Standing::kWhole);
}

TEST_F(RecordingTest, APowerCutAnywhereLeavesALogThatVerifiesAndTheNextRunGoesOnFromIt) {
  ASSERT_TRUE(disk_.make_directory("/state"));
  ASSERT_TRUE(disk_.sync_directory("/"));
  const LogWriter::Moment moment{{1'700'000'000'000'000}, "none", 5};
  const auto begin = [&](os::Disk& disk) {
    return LogWriter::open(disk, "/state", "/card", key_, moment, {{"serial", "BC-7"}, {"beat_s", 60}});
  };
  const auto verdict = [&](os::Disk& disk) {
    std::vector<proof::DeviceLogFile> files;
    const std::vector<std::string> names = disk.list("/card").value();
    for (const std::string& name : names) {
      if (name.starts_with('.')) continue;
      files.push_back({name, std::string(as_text(os::read_file(disk, "/card/" + name, 1 << 20).value()))});
    }
    return proof::verify_device_log(files, key_.public_key());
  };
  const std::size_t from = disk_.position();
  std::vector<std::pair<std::size_t, std::uint64_t>> durable;
  {
    auto log = begin(disk_).value();
    durable.emplace_back(disk_.position(), 1);
    for (std::uint64_t n = 2; n < 7; ++n) {
      ASSERT_TRUE(log->add("marker", moment, {{"text", std::string(300, 'm')}}));
      durable.emplace_back(disk_.position(), n);
    }
  }
  for (std::size_t at = from; at <= disk_.position(); ++at) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      const auto after = disk_.after_power_cut(at, seed);
      std::uint64_t least = 0;
      for (const auto& [calls, lines] : durable) least = calls <= at ? lines : least;
      auto log = begin(*after);
      ASSERT_TRUE(log) << log.error().text();
      ASSERT_TRUE((*log)->add("off", moment, {{"reason", "asked to"}}));
      const auto found = verdict(*after);
      ASSERT_TRUE(found.holds()) << found.where << found.breach << " at " << at << " seed " << seed;
      ASSERT_GE(found.entries, least + 2) << at;
    }
  }
}

TEST_P(RefusedTest, ALineIsNoneAndTheNextOneFollowsTheLastThatIs) {
  ASSERT_TRUE(disk_.make_directory("/state"));
  const LogWriter::Moment moment{{1'700'000'000'000'000}, "none", 5};
  auto log = LogWriter::open(disk_, "/state", "/card", key_, moment, {{"serial", "BC-7"}, {"beat_s", 60}}).value();
  disk_.inject({.op = GetParam().op, .error_number = GetParam().error_number});
  ASSERT_FALSE(log->add("beat", moment));
  ASSERT_TRUE(log->add("off", moment));
  const std::string text(as_text(os::read_file(disk_, "/card/state-0000000001.log", 1 << 20).value()));
  const auto verdict = proof::verify_device_log({{"log", text}}, key_.public_key());
  EXPECT_TRUE(verdict.holds()) << verdict.breach;
  EXPECT_EQ(verdict.entries, 2u);
}

}  // namespace
}  // namespace lapel::camera
