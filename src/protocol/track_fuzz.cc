// SPDX-License-Identifier: Apache-2.0
// A track comes from a worker that a file may have taken over: what is accepted is the one spelling of itself, and can be told
// in every form.
#include "base/bytes.h"
#include "base/check.h"
#include "base/json.h"
#include "protocol/track.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel::protocol;
  const auto text = lapel::as_text({data, size});
  const auto track = parse_track(text);
  if (!track) return 0;
  CHECK(to_text(*track) == text);
  CHECK(!sentence_of(*track).empty() && length_m(*track) >= 0);
  CHECK(lapel::parse_json(to_track_json(*track)));
  CHECK(lapel::parse_json(to_geojson(*track)));
  CHECK(to_gpx(*track).ends_with("</gpx>\n"));
  return 0;
}
