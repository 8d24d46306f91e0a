// SPDX-License-Identifier: Apache-2.0
// A forecast that can be made tells enough to be made again.
#include "base/bytes.h"
#include "base/check.h"
#include "program/forecast.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel;
  const auto file = parse_json(as_text({data, size}));
  if (!file) return 0;
  const Json* volumes = file->find("volumes");
  const Json* asked = file->find("what_if");
  if (volumes == nullptr || asked == nullptr) return 0;
  auto read = program::read_volumes(*volumes);
  auto what_if = program::read_what_if(*asked);
  if (!read || !what_if) return 0;
  const auto made = program::forecast(std::move(*read), std::move(*what_if));
  if (!made) return 0;
  const Json told(program::forecast_json(*made));
  const auto again =
      program::forecast(*program::read_volumes(*told.find("volumes")), *program::read_what_if(*told.find("what_if")));
  CHECK(again && Json(program::forecast_json(*again)) == told);
  return 0;
}
