// SPDX-License-Identifier: Apache-2.0
#pragma once
// Short-lived texts that this process gives out and knows again without having kept them: nonces and tokens of docks, tokens of
// camera systems.
//
// Owns: a secret that lives as long as the process.
// Promises: nobody else can make one, or change whose it is, what it is for or when it ends. Asking for them fills nothing; after
//   a restart, and at another server, they count no more, and whoever holds one asks again.
// Fails with: std::nullopt for a text that is none of ours, for another use, or past its end.
// Threads: any.

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"

namespace lapel::cameras {

class Minter {
 public:
  explicit Minter(const Clock& clock);

  struct Minted {
    SubjectId whose;
    Timestamp expires_at;
  };
  // In lower-case hex; no two are the same.
  std::string mint(std::string_view use, const SubjectId& whose, Timestamp expires_at) const;
  std::optional<Minted> read(std::string_view use, std::string_view text) const;
  // Whose it says it is, which nobody has to believe before read().
  static std::optional<SubjectId> claimed(std::string_view text);

 private:
  std::string sign(std::string_view use, const Minted& minted, ByteView salt) const;

  const Clock& clock_;
  const ByteArray<32> secret_;
};

}  // namespace lapel::cameras
