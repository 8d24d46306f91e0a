// SPDX-License-Identifier: Apache-2.0
#pragma once
// The first administrator, made by whoever has the link that the server printed when it started.
//
// Owns: the link's secret, in memory. A restart makes another.
// Promises: there is a link only while the first agency has no administrator, and it works once. The secret stands behind
//   '#': browsers send it to nobody, and no log of a proxy has it.
// Fails with: kUnauthenticated (another secret, or none any more), kInvalid (login or password of no possible form).
// Threads: any.

#include <functional>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "os/worker.h"

namespace lapel::signin {

struct FirstAdministrator {
  std::string login;
  std::string name;  // empty: the login
  std::string password;
};

class Setup {
 public:
  // How the first administrator is added: kConflict where there is one already.
  using Add = std::function<Result<PersonId>(const FirstAdministrator&)>;
  // `is_needed`: whether a link is made at all.
  Setup(Add add, bool is_needed);

  // What stands behind '#' in the link; nullopt where none is needed. Given once: only the hash is kept.
  std::optional<std::string> take_secret();
  bool is_open();
  Result<PersonId> run(const std::string& secret, const FirstAdministrator& first);

 private:
  const Add add_;
  os::Mutex mutex_;
  std::optional<std::string> secret_ LAPEL_GUARDED_BY(mutex_);  // until it is taken
  std::optional<Digest> hash_ LAPEL_GUARDED_BY(mutex_);
};

}  // namespace lapel::signin
