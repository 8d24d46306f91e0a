// SPDX-License-Identifier: Apache-2.0
// Commands come from whoever writes a script or speaks to the camera's socket: what is taken stands in order, and a
// marker may stand in a log.
#include "base/bytes.h"
#include "base/check.h"
#include "base/json.h"
#include "camera/control.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel::camera;
  const auto script = read_script(lapel::as_text({data, size}));
  if (!script) {
    CHECK(!script.error().message.empty());
    return 0;
  }
  std::int64_t before = 0;
  for (const Timed& timed : *script) {
    CHECK(timed.us >= before);
    CHECK(lapel::is_canonical_value(lapel::Json(timed.command.text)));
    CHECK((timed.command.what == Command::What::kMark) == !timed.command.text.empty());
    before = timed.us;
  }
  return 0;
}
