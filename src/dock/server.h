// SPDX-License-Identifier: Apache-2.0
#pragma once
// The server as a dock speaks to it: tokens, devices, uploads, receipts.
//
// Owns: the requests, and the present token.
// Promises: as http/tus_client.h, and a refused token is replaced once.
// Fails with: what http/tus_client.h and http/client.h fail with.
// Threads: one.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "dock/item.h"
#include "dock/state.h"
#include "http/client.h"
#include "http/tus_client.h"

namespace lapel::dock {

class Server {
 public:
  static Result<std::unique_ptr<Server>> open(const State& state, const Clock& clock,
                                              std::function<bool()> is_cancelled);

  Result<DeviceId> register_device(const std::string& serial);
  http::TusClient& uploads() { return uploads_; }
  Result<std::string> receipt(const RecordingId& recording);
  // The receipt that tells the agency's spool key; kNotFound from a server that has none.
  Result<std::string> spool_key();
  // What opens a copy that an earlier process made.
  Result<crypto::AeadKey> unwrap(const FileId& file, ByteView wrapped_key);
  Result<void> tell_state(const Json& state);

 private:
  Server(const State& state, const Clock& clock, std::unique_ptr<http::Client> client)
      : state_(state),
        clock_(clock),
        client_(std::move(client)),
        uploads_([this](http::ClientRequest request) { return ask(std::move(request)); }) {}
  Result<Json> post(std::string target, Json::Object body);
  Result<http::ClientAnswer> ask(http::ClientRequest request);
  Result<void> get_token();

  const State& state_;
  const Clock& clock_;
  std::unique_ptr<http::Client> client_;
  http::TusClient uploads_;
  std::string token_;
  std::int64_t token_got_us_ = 0;  // monotonic: the dock's clock may be wrong
};

}  // namespace lapel::dock
