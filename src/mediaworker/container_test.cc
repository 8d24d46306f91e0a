// SPDX-License-Identifier: Apache-2.0
#include "mediaworker/container.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace lapel::mediaworker {
namespace {

using namespace std::string_literals;

std::string sniffed(const std::string& head) {
  const Container* container = sniff(as_bytes(head));
  return container ? std::string(container->name) : "";
}
std::string repeated(const std::string& unit, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += unit;
  return out;
}

TEST(Sniff, KnowsContainersByTheirFirstBytes) {
  const std::string packet = "\x47"s + std::string(187, '\0');
  const std::string mp3_frame = "\xff\xfb\x90\x00"s + std::string(413, '\0');  // 128 kbit/s, 44.1 kHz: 417 bytes
  const std::string adts_frame = "\xff\xf1\x50\x80\x02\x1f\xfc"s + std::string(9, '\0');  // 16 bytes
  EXPECT_EQ(sniffed("\0\0\0\x18"s + "ftypmp42"), "mp4");
  EXPECT_EQ(sniffed("\0\0\0\x01"s + "mdat"), "mp4");
  EXPECT_EQ(sniffed("\x1a\x45\xdf\xa3"s), "matroska");
  EXPECT_EQ(sniffed(repeated(packet, 5)), "mpegts");
  EXPECT_EQ(sniffed(repeated("\0\0\0\0"s + packet, 5)), "mpegts");
  EXPECT_EQ(sniffed("RIFF\0\0\0\0AVI "s), "avi");
  EXPECT_EQ(sniffed("RIFF\0\0\0\0WAVE"s), "wav");
  EXPECT_EQ(sniffed(repeated(mp3_frame, 2)), "mp3");
  EXPECT_EQ(sniffed("ID3\x04"s), "mp3");
  EXPECT_EQ(sniffed(repeated(adts_frame, 2)), "aac");
  EXPECT_EQ(sniffed("OggS"), "ogg");
  EXPECT_EQ(sniffed("fLaC"), "flac");
  EXPECT_EQ(sniffed("\xff\xd8\xff\xe0"s), "jpeg");
  EXPECT_EQ(sniffed("\x89PNG\r\n\x1a\n"s), "png");
  EXPECT_EQ(sniffed("\0\0\0\x01\x67\x42"s), "h264");
  EXPECT_EQ(sniffed("\0\0\x01\x09\xf0"s), "h264");
  EXPECT_EQ(sniffed("\0\0\0\x01\x40\x01"s), "hevc");
}

TEST(Sniff, KnowsNothingElse) {
  const std::string packet = "\x47"s + std::string(187, '\0');
  const std::string mp3_frame = "\xff\xfb\x90\x00"s + std::string(413, '\0');
  for (const std::string& head : {
           ""s,
           "\0"s,
           "#EXTM3U\n#EXT-X-VERSION:3\nfile:///etc/passwd\n"s,
           "ffconcat version 1.0\nfile '/etc/passwd'\n"s,
           "file '/etc/passwd'\n"s,
           "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 1 RTP/AVP 96\n"s,
           "subfile,,start,0,end,99,,:/etc/passwd"s,
           "<?xml version=\"1.0\"?><MPD>"s,
           "<smil>"s,
           "ftypmp42"s,             // no size before it
           "\0\0\0\x07"s + "ftyp",  // a box smaller than its header
           "\0\0\0\x18"s + "uuid",  // not a first box
           "\0\0\0\x18"s + "FTYP",
           "RIFF\0\0\0\0WEBP"s,
           "RIFF"s,
           "RIFX\0\0\0\0WAVE"s,
           "PK\x03\x04"s,
           "%PDF-1.7"s,
           "\x7f"
           "ELF"s,
           "GIF89a"s,
           "BM"s,
           packet,  // one packet proves nothing
           packet + "\x48"s + std::string(187, '\0'),
           repeated(packet, 4) + std::string(188, '\0'),
           mp3_frame,  // one frame proves nothing
           mp3_frame + std::string(417, '\0'),
           "\xff\xfb\xf0\x00"s + std::string(1000, '\0'),  // no such bit rate
           "\xff\xf1\x50\x80\x00\x1f\xfc"s,                // a frame of no length
           "\0\0\0\0\x01\x67"s,                            // four zeros
           "\0\0\x01\x65"s,                                // a picture without its parameters
           "\0\0\x01\xe7"s,                                // forbidden bit
           "\0\0\x01"s,
           "\x1a\x45\xdf"s,
           "Gary was here, and nothing else."s,
       }) {
    EXPECT_EQ(sniffed(head), "") << head.substr(0, 20);
  }
}

Outline outline(const std::string& file) {
  const Container* container = sniff(as_bytes(file));
  EXPECT_NE(container, nullptr);
  return read_outline(*container, file.size(), [&](std::uint64_t offset, std::span<std::uint8_t> out) {
    const std::size_t count = offset < file.size() ? std::min<std::size_t>(out.size(), file.size() - offset) : 0;
    std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(offset, file.size())), count,
                out.begin());
    return count;
  });
}

TEST(Outline, FindsTheIndexOfBoxes) {
  const std::string ftyp = "\0\0\0\x08"s + "ftyp";
  const std::string moov = "\0\0\0\x0a"s + "moov12";
  EXPECT_FALSE(outline(ftyp + moov).index_missing);
  EXPECT_FALSE(outline(ftyp + "\0\0\0\x01mdat\0\0\0\0\0\0\0\x12xx"s + moov).index_missing);
  EXPECT_TRUE(outline(ftyp).index_missing);
  EXPECT_FALSE(outline(ftyp).cut_short);
  EXPECT_TRUE(outline(ftyp + moov.substr(0, 9)).index_missing);
  EXPECT_TRUE(outline(ftyp + moov.substr(0, 9)).cut_short);
  EXPECT_TRUE(outline(ftyp + "\0\0\x01\0mdat"s + moov).index_missing);  // the index lies inside another box
  EXPECT_TRUE(outline(ftyp + "\0\0\0\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff"s + moov).cut_short);
  EXPECT_TRUE(outline(ftyp + "\0\0\0\x05mdat"s + moov).index_missing);  // a size that would go backwards
  EXPECT_FALSE(outline(ftyp + "\0\0\0\0moov"s).index_missing);          // to the end of the file
}

TEST(Outline, ComparesSizesWithTheFile) {
  EXPECT_FALSE(outline("RIFF\x04\0\0\0AVI "s).cut_short);
  EXPECT_TRUE(outline("RIFF\x05\0\0\0AVI "s).cut_short);
  EXPECT_FALSE(outline("RIFF\xff\xff\xff\xff\x41VI "s).cut_short);
  EXPECT_FALSE(outline("\x1a\x45\xdf\xa3\x81x\x18\x53\x80\x67\x82xx"s).cut_short);
  EXPECT_TRUE(outline("\x1a\x45\xdf\xa3\x81x\x18\x53\x80\x67\x83xx"s).cut_short);
  EXPECT_FALSE(outline("\x1a\x45\xdf\xa3\x81x\x18\x53\x80\x67\xffxx"s).cut_short);  // length unknown: a live recording
  EXPECT_TRUE(outline("\x1a\x45\xdf\xa3"s).cut_short);
}

}  // namespace
}  // namespace lapel::mediaworker
