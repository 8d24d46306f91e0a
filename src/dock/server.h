// SPDX-License-Identifier: Apache-2.0
#pragma once
// The server as a dock speaks to it: tokens, devices, tus, receipts.
//
// Owns: the requests, and the present token.
// Promises: nothing that the server says is believed beyond its form: ids are ids, offsets are within the file,
//   and no address in an answer is followed. A refused token is replaced once.
// Fails with: the code that the status stands for, with the server's sentence; kUnavailable for an answer that is
//   none, and for what http/client.h fails with.
// Threads: one.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "dock/item.h"
#include "dock/state.h"
#include "http/client.h"

namespace lapel::dock {

// The error that an answer without success stands for.
Error error_of(const http::ClientAnswer& answer);
// The JSON object of a successful answer.
Result<Json> json_of(const http::ClientAnswer& answer);

struct UploadState {
  enum class Is { kUnderway, kSealed, kRefused } is = Is::kUnderway;
  std::optional<RecordingId> recording;  // when sealed
  std::string reason;                    // when refused
};

class Server {
 public:
  static Result<std::unique_ptr<Server>> open(const State& state, const Clock& clock,
                                              std::function<bool()> is_cancelled);

  Result<DeviceId> register_device(const std::string& serial);
  Result<UploadId> create(const Item& item);
  // What the server has durably; kNotFound or kGone when the upload must be created anew.
  Result<std::uint64_t> offset(const UploadId& upload, std::uint64_t length);
  Result<void> send(const UploadId& upload, std::uint64_t offset, const http::BodySource& rest);
  Result<UploadState> state(const UploadId& upload);
  Result<std::string> receipt(const RecordingId& recording);

 private:
  Server(const State& state, const Clock& clock, std::unique_ptr<http::Client> client)
      : state_(state), clock_(clock), client_(std::move(client)) {}
  Result<http::ClientAnswer> ask(http::ClientRequest request);
  Result<void> get_token();

  const State& state_;
  const Clock& clock_;
  std::unique_ptr<http::Client> client_;
  std::string token_;
  std::int64_t token_got_us_ = 0;  // monotonic: the dock's clock may be wrong
};

}  // namespace lapel::dock
