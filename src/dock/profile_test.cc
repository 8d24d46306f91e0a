// SPDX-License-Identifier: Apache-2.0
#include "dock/profile.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "dock/takes.h"

namespace lapel::dock {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// Those that are installed.
std::vector<Profile> shipped() {
  std::vector<Profile> out;
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(fs::path(LAPEL_SOURCE_DIR) / "share/devices"))
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) {
    auto profile = Profile::parse(text_of(path));
    EXPECT_TRUE(profile) << path << ": " << profile.error().text();
    if (profile) out.push_back(*std::move(profile));
  }
  return out;
}
const Profile& of(const std::vector<Profile>& profiles, std::string_view name) {
  for (const Profile& profile : profiles) {
    if (profile.name() == name) return profile;
  }
  ADD_FAILURE() << name;
  return profiles.front();
}

std::vector<Found> found(const std::vector<std::string>& paths) {
  std::vector<Found> out;
  for (const std::string& path : paths) out.push_back({path, 1, 1'670'000'000'000'000, 0, out.size()});
  std::sort(out.begin(), out.end());
  return out;
}

TEST(Profile, NamesSayWhatTheirMakersMean) {
  const auto profiles = shipped();
  ASSERT_EQ(profiles.size(), 6u);
  const auto gopro = of(profiles, "gopro").judge("DCIM/100GOPRO/GX020123.MP4");
  ASSERT_TRUE(gopro);
  EXPECT_EQ(gopro->sequence, 123);
  EXPECT_EQ(gopro->chapter, 2);
  EXPECT_FALSE(gopro->wall_seconds);
  EXPECT_EQ(of(profiles, "gopro").judge("dcim/104gopro/gopr0042.mp4")->sequence, 42);
  EXPECT_EQ(of(profiles, "gopro").judge("DCIM/100GOPRO/GL010123.LRV")->role, Judged::Role::kSideCar);
  // Names of the test data, and as the folders of a two-channel camera have them.
  const auto mai = of(profiles, "70mai").judge("PA20191130-121656-000136.MP4");
  ASSERT_TRUE(mai);
  EXPECT_EQ(mai->event, "parking");
  EXPECT_EQ(mai->sequence, 136);
  EXPECT_EQ(wall_text(*mai->wall_seconds), "2019-11-30T12:16:56");
  EXPECT_EQ(of(profiles, "70mai").judge("Normal/Back/NO20260712-195504-000000B.MP4")->channel, "rear");
  EXPECT_FALSE(of(profiles, "70mai").judge("ZZ20191130-123256-000152.MP4"));
  const auto blackvue = of(profiles, "blackvue").judge("BlackVue/Record/20191224_113912_NF.mp4");
  ASSERT_TRUE(blackvue);
  EXPECT_EQ(blackvue->channel, "front");
  EXPECT_FALSE(blackvue->sequence);
  EXPECT_EQ(of(profiles, "novatek").judge("Movie/2022_1202_184119_000123PF.MP4")->event, "parking");
  EXPECT_EQ(of(profiles, "thinkware").judge("evt_rec/REC_2022_12_02_18_41_19_R.MP4")->event, "event");
  EXPECT_EQ(of(profiles, "garmin").judge("DCIM/105UNSVD/GRMN0007.MP4")->sequence, 7);
}

TEST(Profile, NamesThatOnlyLookAlikeSayNothing) {
  const auto profiles = shipped();
  for (const std::string_view path : {"DCIM/100GOPRO/GX010000.MP4",  // no number of its counter
                                      "DCIM/100GOPRO/GX01012.MP4",
                                      "DCIM/100GOPRO/GX0101234.MP4",
                                      "DCIM/100GOPRO/GX010123.MP4.exe",
                                      "DCIM/100GOPRO/xGX010123.MP4",
                                      "GX010123.MP4",
                                      "DCIM/100GOPRO/sub/GX010123.MP4",
                                      "DCIM/100CANON/GX010123.MP4",
                                      "DCIM/100GOPRO/GX\xef\xbc\x90\xef\xbc\x91"
                                      "0123.MP4",
                                      "DCIM/100GOPRO/GX010123.MP4\n",
                                      "",
                                      "/",
                                      "DCIM/100GOPRO/",
                                      "NO20191330-120256-000122.MP4",  // a thirteenth month
                                      "NO20190229-120256-000122.MP4",
                                      "NO20191130-240000-000122.MP4",
                                      "NO20191130-126000-000122.MP4",
                                      "NO18991130-120256-000122.MP4",
                                      "Record/20191224_113912_XF.mp4",
                                      "BlackVue/20191224_113912_NF.mp4"}) {
    for (const Profile& profile : profiles) EXPECT_FALSE(profile.judge(path)) << path << " by " << profile.name();
  }
  EXPECT_FALSE(of(profiles, "gopro").judge(std::string(100'000, 'G')));
  EXPECT_FALSE(of(profiles, "novatek").judge(std::string(100'000, '1')));
}

TEST(Profile, ACardIsOfTheMakeThatKnowsMostOfIt) {
  const auto profiles = shipped();
  const std::vector<std::string> gopro = {"DCIM/100GOPRO/GX010123.MP4", "notes.txt"},
                                 none = {"notes.txt", "VID_0001.mp4"};
  EXPECT_EQ(profile_of(profiles, gopro), &of(profiles, "gopro"));
  EXPECT_EQ(profile_of(profiles, none), nullptr);
  EXPECT_EQ(profile_of({}, gopro), nullptr);
}

TEST(Profile, ACardSaysWhoseItIs) {
  const auto profiles = shipped();
  const Profile& gopro = of(profiles, "gopro");
  const std::vector<std::string> paths = {"DCIM/100GOPRO/GX010123.MP4", "misc/Version.txt"};
  EXPECT_EQ(gopro.identity_file(paths), "misc/Version.txt");
  EXPECT_EQ(gopro.identity_file({}), "");
  const CardSays says = gopro.read_identity(
      "{\n\"info version\":\"2.0\",\n\"firmware version\":\"HD9.01.01.72.00\",\n\"wifi mac\":\"001122334455\",\n"
      "\"camera type\":\"HERO9 Black\",\n\"camera serial number\":\"C0000000000000\",\n}\n");
  EXPECT_EQ(says.serial, "C0000000000000");
  EXPECT_EQ(says.model, "HERO9 Black");
  EXPECT_EQ(gopro.read_identity("{\"camera serial number\":\"C1\"\n,\"camera type\":\"HERO13 Black\"\n}").serial, "C1");
  for (const std::string_view bad :
       {"", "{", "}", ",}", "{,}", "[1]", "{\"camera serial number\": 7}", "{\"camera serial number\": \"a\\u0000b\"}",
        "{\"camera serial number\": \"a\\nb\"}"}) {
    EXPECT_EQ(gopro.read_identity(bad).serial, "") << bad;
  }
}

TEST(Profile, RefusesTextsThatAreNone) {
  const std::string good = text_of(fs::path(LAPEL_SOURCE_DIR) / "share/devices/gopro.json");
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  for (const std::string& bad :
       {std::string(), std::string("{}"), with("lapel-device-profile/1", "lapel-device-profile/2"),
        with("\"verified\": false", "\"verified\": 0"), with("\"camera\"", "\"mars\""),
        with("\"first\": 1", "\"first\": 9999"), with("{chapter:2}", "{chapter}"), with("{chapter:2}", "{chapter:0}"),
        with("{chapter:2}", "{chapter:2-1}"), with("{chapter:2}", "{chapter:2"), with("{chapter:2}", "chapter:2}"),
        with("{chapter:2}", "{Chapter:2}"), with("{chapter:2}", "{sequence:2}"),
        with("{codec:H|X|S|L}", "{codec:H||L}"), with("\"clips\"", "\"films\""),
        with("{chapter:2}", std::string(300, 'x'))}) {
    const auto profile = Profile::parse(bad);
    ASSERT_FALSE(profile) << bad;
    EXPECT_EQ(profile.error().code(), Code::kInvalid);
  }
}

TEST(Profile, TimesAreOfTheZoneThatIsNamed) {
  const auto wall = of(shipped(), "blackvue").judge("Record/20221202_184119_NF.mp4")->wall_seconds;
  ASSERT_TRUE(wall);
  EXPECT_EQ(ledger_time(name_time(*wall, parse_zone("America/New_York"))->at), "2022-12-02T23:41:19.00Z");
  EXPECT_EQ(ledger_time(name_time(*wall, std::nullopt)->at), "2022-12-02T18:41:19.00Z");
  const auto twice = of(shipped(), "blackvue").judge("Record/20221106_013000_NF.mp4")->wall_seconds;
  EXPECT_TRUE(name_time(*twice, parse_zone("America/New_York"))->comes_twice);
  EXPECT_EQ(ledger_time(name_time(*twice, parse_zone("America/New_York"))->at), "2022-11-06T05:30:00.00Z");
  const auto never = of(shipped(), "blackvue").judge("Record/20220313_023000_NF.mp4")->wall_seconds;
  EXPECT_FALSE(name_time(*never, parse_zone("America/New_York")));
}

// ---- takes ----

std::vector<std::string> order(const std::vector<Planned>& plan) {
  std::vector<std::string> out;
  for (const Planned& each : plan) out.push_back(each.found.path);
  return out;
}

TEST(Takes, FootageComesFirstAndChaptersInTheirOrder) {
  const auto profiles = shipped();
  const auto planned = plan(&of(profiles, "gopro"),
                            found({"DCIM/100GOPRO/GL010123.LRV", "DCIM/100GOPRO/GX010123.MP4",
                                   "DCIM/100GOPRO/GX010123.THM", "DCIM/100GOPRO/GX010125.MP4",
                                   "DCIM/100GOPRO/GX020123.MP4", "DCIM/101GOPRO/GX010123.MP4", "MISC/version.txt"}));
  EXPECT_EQ(order(planned),
            (std::vector<std::string>{"MISC/version.txt", "DCIM/100GOPRO/GX010123.MP4", "DCIM/100GOPRO/GX010125.MP4",
                                      "DCIM/101GOPRO/GX010123.MP4", "DCIM/100GOPRO/GX020123.MP4",
                                      "DCIM/100GOPRO/GL010123.LRV", "DCIM/100GOPRO/GX010123.THM"}));
  std::map<std::string, std::string> take;
  for (const Planned& each : planned) take[each.found.path] = each.take;
  EXPECT_EQ(take["MISC/version.txt"], "");
  EXPECT_EQ(take["DCIM/100GOPRO/GX010123.MP4"], take["DCIM/100GOPRO/GX020123.MP4"]);
  EXPECT_EQ(take["DCIM/100GOPRO/GX010123.MP4"], take["DCIM/100GOPRO/GL010123.LRV"]);
  EXPECT_NE(take["DCIM/100GOPRO/GX010123.MP4"], take["DCIM/100GOPRO/GX010125.MP4"]);
  EXPECT_NE(take["DCIM/100GOPRO/GX010123.MP4"], take["DCIM/101GOPRO/GX010123.MP4"]);
}

TEST(Takes, SideCarsBelongToTheClipThatSaysTheSame) {
  const auto profiles = shipped();
  std::map<std::string, std::string> take;
  for (const Planned& each :
       plan(&of(profiles, "blackvue"),
            found({"Record/20221202_184119_NF.mp4", "Record/20221202_184119_NR.mp4", "Record/20221202_184119_N.gps",
                   "Record/20221202_184119_NR.thm", "Record/20221202_184119_E.3gf", "Record/20221202_184219_N.gps"}))) {
    take[each.found.path] = each.take;
  }
  EXPECT_EQ(take["Record/20221202_184119_N.gps"], take["Record/20221202_184119_NF.mp4"]);
  EXPECT_EQ(take["Record/20221202_184119_NR.thm"], take["Record/20221202_184119_NR.mp4"]);
  EXPECT_NE(take["Record/20221202_184119_NF.mp4"], take["Record/20221202_184119_NR.mp4"]);
  EXPECT_EQ(take["Record/20221202_184119_E.3gf"], "");
  EXPECT_EQ(take["Record/20221202_184219_N.gps"], "");
}

TEST(Takes, TellWhatTheNameSaysAndWhatWasAssumed) {
  const auto profiles = shipped();
  const Timestamp now{1'670'000'000'000'000};  // 2022-12-02T16:53:20Z
  Card card{&of(profiles, "70mai"), {"", "A810", ""}, Camera::Times::kUtc, std::nullopt};
  const auto file = [&](const std::string& path) { return plan(card.profile, found({path})).at(0); };
  Told told = tell(card, file("NO20221202-114119-000122F.MP4"), now);
  EXPECT_FALSE(told.recorded_at);  // nobody has said which zone
  EXPECT_EQ(told.said, (std::map<std::string, std::string>{{"camera_profile", "70mai"},
                                                           {"camera_sequence", "122"},
                                                           {"camera_counter", "0-999999"},
                                                           {"camera_channel", "front"},
                                                           {"camera_event", "normal"},
                                                           {"camera_time", "2022-12-02T11:41:19"},
                                                           {"camera_zone", "unknown"},
                                                           {"camera_model", "A810"}}));
  card.zone = parse_zone("America/New_York");
  told = tell(card, file("NO20221202-114119-000122F.MP4"), now);
  EXPECT_EQ(ledger_time(told.recorded_at.value()), "2022-12-02T16:41:19.00Z");
  EXPECT_EQ(told.said["camera_zone"], "America/New_York");
  EXPECT_FALSE(told.said.contains("camera_ahead_s"));
  // Of the future: the camera's clock is ahead by that at least.
  told = tell(card, file("NO20221202-125320-000122F.MP4"), now);
  EXPECT_EQ(told.said["camera_ahead_s"], "3600");
  // FAT keeps the camera's wall clock.
  Planned plain{{"clip.mp4", 1, 1'669'998'000'000'000, 0, 1}, std::nullopt, {}, 0, false};
  card.times = Camera::Times::kWall;
  EXPECT_EQ(ledger_time(tell(card, plain, now).recorded_at.value()), "2022-12-02T21:20:00.00Z");
  card.zone.reset();
  EXPECT_FALSE(tell(card, plain, now).recorded_at);
  EXPECT_EQ(tell(card, plain, now).said["camera_zone"], "unknown");
}

}  // namespace
}  // namespace lapel::dock
