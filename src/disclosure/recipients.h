// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a share's recipient is let in: the link, a code that works once, and then a cookie.
//
// Owns: the tables share_codes and share_sessions.
// Promises: the link alone opens nothing, nor does the code. A code is of one share, is good once and for kCodeLifeUs, and dies
//   of kCodeFailuresMax wrong ones; making another ends the one before. Who asked for a code, each time one was used, and that
//   one died of wrong ones, is in the share's chain. Of link, code and cookie only hashes are kept. A wrong link and a wrong
//   code get the same words.
// Fails with: problems::kShareCode, problems::kShareEnded (only to whoever has the link), and what evidence fails with.
// Threads: any; calls block.

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "db/db.h"
#include "http/server.h"
#include "sharing/shares.h"

namespace lapel::disclosure {

inline constexpr std::int64_t kCodeLifeUs = 24LL * 3'600 * 1'000'000;
inline constexpr std::int64_t kCodeFailuresMax = 5;
inline constexpr std::int64_t kRecipientLifeUs = 12LL * 3'600 * 1'000'000;
// Of discovery: nobody has to ask for a code each day. Its end is that of a day, and says nothing of the hour.
inline constexpr std::int64_t kDiscoveryLifeUs = 30LL * 86'400 * 1'000'000;
inline constexpr std::int64_t kRecipientSessionsMax = 20;  // of one share; a further one ends the oldest

class Recipients {
 public:
  struct Parts {
    db::Database& database;
    sharing::Shares& shares;
    const Clock& clock;
  };
  explicit Recipients(Parts parts) : parts_(parts) {}

  struct EntryCode {
    std::string text;  // "4711-0815": told to the recipient by another way than the link
    Timestamp ends_at;
  };
  Result<EntryCode> give_code(const access::Actor& actor, const ShareId& share);
  // A share and its first code, in one step.
  struct Made {
    sharing::Shares::Made share;
    EntryCode code;
  };
  Result<Made> make(const access::Actor& actor, const sharing::ShareTerms& terms);

  struct Entered {
    ShareId share;
    std::string cookie;  // its value
    std::int64_t life_us = 0;
  };
  // `request` is not traced where it is of discovery and the code was right: before that nobody has shown whom it is for.
  Result<Entered> enter(const http::Request& request, const std::string& secret, const std::string& code);
  // Whose cookie the request has; problems::kShareCode where it has none that stands.
  Result<sharing::Shares::Receiving> find(const http::Request& request);
  Result<void> end(const http::Request& request);

 private:
  Result<void> tell_if_dead(const sharing::Share& share);
  const Parts parts_;
};

std::string recipient_cookie(const http::Request& request, const std::string& value, std::int64_t life_s);

std::span<const db::Migration> schema();

}  // namespace lapel::disclosure
