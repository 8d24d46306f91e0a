// SPDX-License-Identifier: Apache-2.0
#include "signin/provider_client.h"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/problems.h"
#include "http/client.h"

namespace lapel::signin {
namespace {

constexpr std::int64_t kConnectTimeoutMs = 5'000;
constexpr std::int64_t kStallTimeoutS = 5;
constexpr std::string_view kTooMany = "Many people sign in through the identity provider at this moment; try again";

tl::unexpected<Error> unreachable(std::string context) {
  return fail(
      Error{&problems::kUnavailable,
            "The identity provider cannot be reached now; try again later. Whoever has a password or a passkey of "
            "their own signs in as always",
            std::move(context)});
}

}  // namespace

// One of kProviderCallsMax, and of the agency's kProviderCallsOfAgencyMax.
class ProviderClient::Turn {
 public:
  Turn(ProviderClient& client, const AgencyId& agency) : client_(client), agency_(agency) {
    const os::MutexLock lock(client_.mutex_);
    int all = 0;
    for (const auto& [id, calls] : client_.calls_) all += calls;
    int& own = client_.calls_[agency_];
    has_ = all < kProviderCallsMax && own < kProviderCallsOfAgencyMax;
    if (has_) ++own;
  }
  ~Turn() {
    if (!has_) return;
    const os::MutexLock lock(client_.mutex_);
    if (--client_.calls_[agency_] == 0) client_.calls_.erase(agency_);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  bool has() const { return has_; }

 private:
  ProviderClient& client_;
  const AgencyId agency_;
  bool has_ = false;
};

Result<std::string> ProviderClient::ask(const Question& question) {
  auto answer = TRY(try_ask(question));
  if (!answer) return fail(Code::kUnavailable, std::string(kTooMany));
  return *std::move(answer);
}

Result<std::optional<std::string>> ProviderClient::try_ask(const Question& question) {
  const Turn turn(*this, question.agency);
  if (!turn.has()) return std::optional<std::string>();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kProviderDeadlineMs);
  http::ClientOptions options;
  options.base_url = question.address.origin;
  options.connect_timeout_ms = kConnectTimeoutMs;
  options.stall_timeout_s = kStallTimeoutS;
  options.answer_bytes_max = question.answer_bytes_max;
  options.is_cancelled = [deadline] { return std::chrono::steady_clock::now() >= deadline; };
  const auto client = TRY(http::Client::open(std::move(options)));
  http::ClientRequest request{question.method, question.address.target, question.headers, question.body, std::nullopt};
  request.headers.emplace_back("Accept", "application/json");
  auto answer = client->send(request);
  if (!answer) {
    if (answer.error().code() == Code::kTooLarge)
      return refused_provider(fmt::format("{} has more than {} bytes", question.what, question.answer_bytes_max));
    return unreachable(answer.error().text());
  }
  if (answer->status >= 500) return unreachable(fmt::format("{}: status {}", question.what, answer->status));
  if (answer->status != 200)
    return refused_provider(fmt::format("{} came with status {}", question.what, answer->status));
  return std::optional(std::move(answer->body));
}

ProviderClient::Known ProviderClient::known(const Provider& provider) {
  const os::MutexLock lock(mutex_);
  const auto at = known_.find(provider.agency);
  if (at == known_.end() || at->second.version != provider.version) return {};
  return at->second;
}

Result<Discovery> ProviderClient::discovery(const Provider& provider) {
  const std::int64_t now_us = clock_.monotonic_us();
  const Known last = known(provider);
  if (last.discovery && now_us - last.asked_us < kDiscoveryKeptUs) return *last.discovery;
  if (last.failure && now_us - last.asked_us < kDiscoveryAgainUs) return fail(*last.failure);
  const WebAddress address = discovery_address(provider.issuer);
  const auto found = [&]() -> Result<std::shared_ptr<const Discovery>> {
    const auto text = TRY(try_ask({.agency = provider.agency, .address = address, .what = "its document"}));
    if (!text) return std::shared_ptr<const Discovery>();
    return std::make_shared<const Discovery>(TRY(parse_discovery(*text, provider.issuer)));
  }();
  // Nothing was asked, so nothing is remembered.
  if (found && !*found) return fail(Code::kUnavailable, std::string(kTooMany));
  const os::MutexLock lock(mutex_);
  Known& known = known_[provider.agency];
  // The keys are asked for anew with the document: a provider that moved has others.
  known = {provider.version,
           clock_.monotonic_us(),
           found ? *found : nullptr,
           nullptr,
           found ? std::nullopt : std::optional(found.error()),
           known.version == provider.version ? known.again_us : std::nullopt};
  if (!found) return fail(found.error());
  return **found;
}

Result<std::shared_ptr<const KeySet>> ProviderClient::ask_keys(const Provider& provider, const Discovery& discovery) {
  const std::string text = TRY(ask({.agency = provider.agency,
                                    .address = discovery.keys,
                                    .answer_bytes_max = kKeySetBytesMax,
                                    .what = "its set of keys"}));
  auto keys = std::make_shared<const KeySet>(TRY(KeySet::parse(text)));
  const os::MutexLock lock(mutex_);
  const auto at = known_.find(provider.agency);
  if (at != known_.end() && at->second.version == provider.version) at->second.keys = keys;
  return keys;
}

Result<void> ProviderClient::check(const Provider& provider, const Discovery& discovery, const Jws& token) {
  std::shared_ptr<const KeySet> keys = known(provider).keys;
  const bool is_old = keys != nullptr;
  if (!keys) keys = TRY(ask_keys(provider, discovery));
  const crypto::VerifyingKey* key = TRY(keys->find(token));
  if (key == nullptr && is_old) {
    // Maybe a key that the provider signs with since.
    const std::int64_t now_us = clock_.monotonic_us();
    bool may_ask = false;
    {
      const os::MutexLock lock(mutex_);
      Known& known = known_[provider.agency];
      may_ask = known.version == provider.version && (!known.again_us || now_us - *known.again_us >= kKeysAgainUs);
      if (may_ask) known.again_us = now_us;
    }
    if (may_ask) {
      keys = TRY(ask_keys(provider, discovery));
      key = TRY(keys->find(token));
    }
  }
  if (key == nullptr) return refused_provider("a token signed by a key that it does not publish");
  return check_signature(token, *key);
}

Result<ProviderClient::Redeemed> ProviderClient::redeem(const Provider& provider, const ProviderFlow& flow,
                                                        const std::string& code) {
  const Discovery discovery = TRY(this->discovery(provider));
  std::string form = fmt::format("grant_type=authorization_code&code={}&redirect_uri={}&code_verifier={}",
                                 form_encoded(code), form_encoded(flow.return_address), form_encoded(flow.verifier));
  std::vector<std::pair<std::string, std::string>> headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  const std::string id = form_encoded(provider.client_id);
  const std::string secret = form_encoded(provider.client_secret);
  if (discovery.takes_basic) {
    headers.emplace_back("Authorization", "Basic " + base64(as_bytes(id + ":" + secret)));
  } else {
    form += fmt::format("&client_id={}&client_secret={}", id, secret);
  }
  const std::string text = TRY(ask({.agency = provider.agency,
                                    .address = discovery.token,
                                    .method = "POST",
                                    .headers = std::move(headers),
                                    .body = std::move(form),
                                    .answer_bytes_max = kTokenAnswerBytesMax,
                                    .what = "its answer for the code"}));
  TokenAnswer answer = TRY(parse_token_answer(text));
  Redeemed out{TRY(parse_jws(answer.id_token)), std::move(answer.access_token)};
  TRY(check(provider, discovery, out.token));
  return out;
}

}  // namespace lapel::signin
