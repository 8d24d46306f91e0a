// SPDX-License-Identifier: Apache-2.0
// What a card says: the first line is a path, the rest a profile or what a camera wrote of itself. What is taken of either is within its
// bounds, and a name that is judged once is judged the same again.
#include "base/bytes.h"
#include "base/check.h"
#include "base/text.h"
#include "dock/profile.h"
#include "dock/takes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel;
  const std::string_view text = as_text({data, size});
  const std::size_t end = text.find('\n');
  const std::string path(text.substr(0, end));
  const std::string_view rest = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  const auto profile = dock::Profile::parse(rest);
  static const auto kGoPro = dock::Profile::parse(
      R"({"format": "lapel-device-profile/1", "profile": "p", "make": "m", "verified": false, "sources": ["s"], "times": "camera",
      "counter": {"first": 1, "last": 9999}, "recording": "sequence",
      "clips": [{"name": "{year:4}{month:2}{day:2}{hour:2}{minute:2}{second:2}{sequence:3-6}{channel:F=front|R}.MP4"},
                {"name": "G{codec:H|X}{chapter:2}{sequence:4}.MP4", "under": ["DCIM/{folder:3}GOPRO"]}],
      "side_cars": [{"name": "G{codec:H|X}{chapter:2}{sequence:4}.LRV"}],
      "identity": {"file": "MISC/version.txt", "serial": "serial", "model": "model"}})");
  for (const auto* each : {&profile, &kGoPro}) {
    if (!*each) continue;
    const auto judged = (*each)->judge(path);
    CHECK(judged == (*each)->judge(path));
    if (judged && judged->sequence)
      CHECK(*judged->sequence >= (*each)->counter_first() && *judged->sequence <= (*each)->counter_last());
    if (judged && judged->wall_seconds) CHECK(dock::wall_text(*judged->wall_seconds).size() == 19);
    const auto planned = dock::plan(&**each, {{path, 1, 0, 0, 1}, {path + "x", 1, 0, 0, 2}});
    CHECK(planned.size() == 2);
    for (const dock::Planned& file : planned) {
      for (const auto& [key, value] : dock::tell({&**each, {}, dock::Camera::Times::kUtc, std::nullopt}, file, {}).said)
        CHECK(!value.empty() && value.size() <= 400);
    }
    const dock::CardSays says = (*each)->read_identity(rest);
    CHECK(!has_control_characters(says.serial) && says.serial.size() <= 1024);
  }
  return 0;
}
