// SPDX-License-Identifier: Apache-2.0
#include "signin/setup.h"

#include <utility>

#include "base/problems.h"
#include "crypto/random.h"
#include "crypto/sha256.h"

namespace lapel::signin {

Setup::Setup(Add add, bool is_needed) : add_(std::move(add)) {
  if (!is_needed) return;
  secret_ = base64url(crypto::random_bytes<32>());
  hash_ = crypto::sha256(as_bytes(*secret_));
}

std::optional<std::string> Setup::take_secret() {
  const os::MutexLock lock(mutex_);
  return std::exchange(secret_, std::nullopt);
}

bool Setup::is_open() {
  const os::MutexLock lock(mutex_);
  return hash_.has_value();
}

Result<PersonId> Setup::run(const std::string& secret, const FirstAdministrator& first) {
  // Held while the administrator is added: of two who come at once, the second finds the link used.
  const os::MutexLock lock(mutex_);
  if (!hash_ || !crypto::equal_constant_time(*hash_, crypto::sha256(as_bytes(secret)))) {
    return fail(Error{&problems::kUnauthenticated,
                      "This set-up link is not valid: it works once, and only until the server is started again",
                      {}});
  }
  PersonId person = TRY(add_(first));
  hash_.reset();
  return person;
}

}  // namespace lapel::signin
