// SPDX-License-Identifier: Apache-2.0
// Receipts come back from people: one text for one receipt, a refusal in words for what does not hold, and under the key
// of test/golden/ledger nothing holds but what was entered there.
#include "base/check.h"
#include "proof/receipt.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel::proof;
  static const Trust kTrust{
      VerifierKey::parse("ledger.example/ashfield+addadd8e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4").value(), {}};
  constexpr std::uint64_t kGoldenSize = 5;
  const auto text = lapel::as_text({data, size});
  if (const auto receipt = Receipt::parse(text)) CHECK(receipt->text() == text);
  const auto verified = verify_receipt(text, kTrust);
  if (verified) {
    CHECK(verified->index < kGoldenSize && verified->event.is_null() != verified->statement.is_null());
  } else {
    CHECK(!verified.error().reason.empty());
  }
  // The file admitted there has three bytes and another digest.
  CHECK(!verify_admission(text, kTrust, {}, 3));
  return 0;
}
