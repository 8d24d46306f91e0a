// SPDX-License-Identifier: Apache-2.0
// Notes, checkpoints and verifier keys from anywhere: what is accepted is written the same way again, and the key of
// test/golden/ledger has signed nothing but what is there.
#include "base/check.h"
#include "proof/note.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lapel::proof;
  static const VerifierKey kLog =
      VerifierKey::parse("ledger.example/ashfield+addadd8e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4").value();
  static const VerifierKey kWitness{"witness.example", KeyType::kWitness, kLog.key};
  constexpr std::uint64_t kGoldenSize = 5;
  const auto text = lapel::as_text({data, size});
  if (const auto key = VerifierKey::parse(text)) CHECK(key->text() == text);
  if (const auto checkpoint = Checkpoint::parse(text)) CHECK(checkpoint->text() == text);
  if (const auto note = Note::parse(text)) {
    CHECK(text.starts_with(note->text) && note->text.ends_with('\n'));
    CHECK(!note->signatures.empty() && note->signatures.size() <= kNoteSignaturesMax);
  }
  const auto checked = check_checkpoint(text, kLog, {kWitness});
  if (checked) {
    CHECK(checked->checkpoint.size <= kGoldenSize && checked->cosignatures.empty());
  } else {
    CHECK(!checked.error().reason.empty());
  }
  return 0;
}
