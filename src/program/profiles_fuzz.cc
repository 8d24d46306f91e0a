// SPDX-License-Identifier: Apache-2.0
// A profile that is read can be named in an address, and its words are no markup of the page that is made of it.
#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "program/council.h"
#include "program/papers.h"
#include "program/profiles.h"
#include "program/statement.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel;
  const auto file = parse_json(as_text({data, size}));
  if (!file) return 0;
  const auto profile = program::read_profile(*file);
  if (!profile) return 0;
  CHECK(program::parse_subject("profile/" + profile->slug));
  const auto tags = [](const std::string& title, const std::string& note) {
    const Json report(Json::Object{{"title", title}, {"note", note}, {"items", Json::Array()}});
    const auto page =
        program::make_paper(program::Paper::kHtml, program::profile_document(report, {"", title, "", {}, {}, {}}));
    CHECK(page);
    return std::count(page->begin(), page->end(), '<');
  };
  CHECK(tags(profile->title, profile->note) == tags("x", "x"));
  return 0;
}
