// SPDX-License-Identifier: Apache-2.0
// Entries and events have one text each; an admission that is believed has a dock statement that holds, or none.
#include "base/check.h"
#include "proof/entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel::proof;
  const auto text = lapel::as_text({data, size});
  if (const auto entry = parse_entry(text)) {
    const auto* hidden = std::get_if<PrivateEntry>(&*entry);
    CHECK((hidden ? private_entry(hidden->commitment) : public_entry(std::get<PublicEntry>(*entry).statement)) == text);
  }
  if (const auto event = parse_event(text)) {
    CHECK(lapel::canonical(*event) == text);
    const auto admission = parse_admission(*event);
    if (admission && admission->dock) CHECK(verify_dock_statement(*admission->dock));
  }
  if (const auto statement = lapel::parse_canonical(text)) verify_dock_statement(*statement);
  return 0;
}
