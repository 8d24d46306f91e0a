// SPDX-License-Identifier: Apache-2.0
#include "camera/gnss.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lapel::camera {
namespace {

std::string sentence(std::string_view body) {
  unsigned sum = 0;
  for (const char c : body) sum ^= static_cast<unsigned char>(c);
  return fmt::format("${}*{:02X}", body, sum);
}

TEST(Nmea, APositionOfEachKindAndHemisphere) {
  const auto rmc = read_nmea(sentence("GPRMC,080706.50,A,3746.4940,N,12225.1640,W,0.1,0.0,300826,,,A"));
  ASSERT_TRUE(rmc);
  EXPECT_EQ(rmc->place, "37.774900,-122.419400");
  EXPECT_EQ(ledger_time(*rmc->time), "2026-08-30T08:07:06.50Z");
  const auto gga = read_nmea(sentence("GNGGA,235959,3351.5,S,15112.5,E,1,08,0.9,10,M,0,M,,"));
  ASSERT_TRUE(gga);
  EXPECT_EQ(gga->place, "-33.858333,151.208333");
  EXPECT_FALSE(gga->time);
}

TEST(Nmea, WhatIsNoPositionIsNone) {
  for (const char* body :
       {"GPRMC,080706.50,V,3746.4940,N,12225.1640,W,,,300826,,,N",  // no fix
        "GPGGA,080706,3746.4940,N,12225.1640,W,0,08,0.9,10,M,0,M,,",
        "GPRMC,080706.50,A,9146.4940,N,12225.1640,W,,,300826,,,A",  // no such place
        "GPRMC,080706.50,A,3760.0000,N,12225.1640,W,,,300826,,,A",
        "GPRMC,250706.50,A,3746.4940,N,12225.1640,W,,,300826,,,A",
        "GPRMC,080706.50,A,3746.4940,X,12225.1640,W,,,300826,,,A",
        "GPRMC,080706.50,A,-3746.49,N,12225.1640,W,,,300826,,,A", "GPRMC,080706.50,A", "GPVTG,1,2,3", ""}) {
    EXPECT_FALSE(read_nmea(sentence(body))) << body;
  }
  EXPECT_FALSE(read_nmea("$GPRMC,080706.50,A,3746.4940,N,12225.1640,W,0.1,0.0,300826,,,A*00"));
  EXPECT_FALSE(read_nmea("GPRMC"));
}

TEST(Gnss, AFileIsReadByTheTimesInItAcrossMidnight) {
  std::string pattern = (std::filesystem::temp_directory_path() / "lapel_gnss_XXXXXX").native();
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  const std::filesystem::path path = std::filesystem::path(pattern) / "walk.nmea";
  const auto at = [](const char* time) {
    return sentence(fmt::format("GPRMC,{},A,3746.4940,N,12225.1640,W,0.1,0.0,300826,,,A", time));
  };
  std::ofstream(path) << at("235958") << "\r\nnoise\n" << at("235959") << "\n" << at("000001") << "\n";
  auto gnss = Gnss::open("nmea:" + path.native());
  ASSERT_TRUE(gnss);
  EXPECT_EQ((*gnss)->take(0), std::vector<std::string>{at("235958")});
  EXPECT_EQ((*gnss)->take(999'999).size(), 0u);
  EXPECT_EQ((*gnss)->take(2'999'999), std::vector<std::string>{at("235959")});
  EXPECT_EQ((*gnss)->take(3'000'000), std::vector<std::string>{at("000001")});
  EXPECT_EQ((*gnss)->take(9'000'000).size(), 0u);
  std::filesystem::remove_all(pattern);
}

TEST(Gnss, WhatNamesNoReceiverIsRefused) {
  EXPECT_EQ(Gnss::open("stars").error().code(), Code::kInvalid);
  EXPECT_EQ(Gnss::open("gpsd:2947").error().code(), Code::kInvalid);
  EXPECT_EQ(Gnss::open("nmea:/nowhere/at/all").error().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace lapel::camera
