// SPDX-License-Identifier: Apache-2.0
#pragma once
// Asking an identity provider: its document, its keys, and what a code is worth.
//
// Owns: what providers said last, in memory.
// Promises: a provider is asked within kProviderDeadlineMs, never followed elsewhere, never believed beyond a limit; no
//   more than kProviderCallsMax questions are out at once, and kProviderCallsOfAgencyMax of an agency, so that a slow one leaves
//   the server its threads and other agencies their providers. A document that could not be had is not asked for again within
//   kDiscoveryAgainUs. Keys are asked for again when a token names one that is not known, at most once in kKeysAgainUs.
// Fails with: kUnavailable (it cannot be reached, or not in time), problems::kProviderAnswer.
// Threads: any; calls block.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "os/worker.h"
#include "signin/jose.h"
#include "signin/provider_documents.h"
#include "signin/provider_flow.h"
#include "signin/provider_settings.h"

namespace lapel::signin {

inline constexpr std::int64_t kProviderDeadlineMs = 10'000;
inline constexpr int kProviderCallsMax = 4;
inline constexpr int kProviderCallsOfAgencyMax = 2;
inline constexpr std::int64_t kDiscoveryAgainUs = 30LL * 1'000'000;
inline constexpr std::int64_t kDiscoveryKeptUs = 10LL * 60 * 1'000'000;
inline constexpr std::int64_t kKeysAgainUs = 60LL * 1'000'000;

class ProviderClient {
 public:
  explicit ProviderClient(const Clock& clock) : clock_(clock) {}

  Result<Discovery> discovery(const Provider& provider);
  // The ID token for a code, its signature found good.
  struct Redeemed {
    Jws token;
    std::optional<std::string> access_token;
  };
  Result<Redeemed> redeem(const Provider& provider, const ProviderFlow& flow, const std::string& code);

 private:
  // Times are of the clock that never goes back.
  struct Known {
    std::string version;
    std::int64_t asked_us = 0;
    std::shared_ptr<const Discovery> discovery;
    std::shared_ptr<const KeySet> keys;
    std::optional<Error> failure;          // of the document, where that is what was said last, at asked_us
    std::optional<std::int64_t> again_us;  // when keys were last asked for because of an unknown one
  };
  struct Question {
    const AgencyId& agency;
    const WebAddress& address;
    std::string method = "GET";
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string body = {};
    std::size_t answer_bytes_max = kDiscoveryBytesMax;
    std::string_view what;
  };
  class Turn;
  // nullopt: too many are out.
  Result<std::optional<std::string>> try_ask(const Question& question);
  Result<std::string> ask(const Question& question);
  Known known(const Provider& provider);
  Result<std::shared_ptr<const KeySet>> ask_keys(const Provider& provider, const Discovery& discovery);
  Result<void> check(const Provider& provider, const Discovery& discovery, const Jws& token);

  const Clock& clock_;
  os::Mutex mutex_;
  std::map<AgencyId, Known> known_ LAPEL_GUARDED_BY(mutex_);
  std::map<AgencyId, int> calls_ LAPEL_GUARDED_BY(mutex_);  // that are out
};

}  // namespace lapel::signin
