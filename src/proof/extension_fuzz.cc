// SPDX-License-Identifier: Apache-2.0
// A consistency proof from anywhere: one text for one proof, and the key of test/golden/ledger has signed no second history.
#include "base/check.h"
#include "proof/extension.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel::proof;
  static const Trust kTrust{
      VerifierKey::parse("ledger.example/ashfield+addadd8e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4").value(), {}};
  constexpr std::uint64_t kGoldenSize = 5;
  const auto text = lapel::as_text({data, size});
  const auto proof = ExtensionProof::parse(text);
  if (proof) CHECK(proof->text() == text);
  // The checkpoint in it as the smaller one, too: nothing but an empty path leads from it to itself.
  const auto verified = verify_extension(proof ? proof->checkpoint : std::string(), text, kTrust);
  if (verified) {
    CHECK(verified->larger.size <= kGoldenSize && verified->smaller == verified->larger && proof->path.empty());
  } else {
    CHECK(!verified.error().reason.empty());
  }
  return 0;
}
