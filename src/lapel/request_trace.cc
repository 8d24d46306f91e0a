// SPDX-License-Identifier: Apache-2.0
#include "lapel/request_trace.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "base/bytes.h"
#include "base/trace.h"

namespace lapel::door {

namespace {

// Of the answer's body, as it is about to be sent.
std::uint64_t bytes_of(const http::Request& request, const http::Response& response) {
  if (request.method == "HEAD") return 0;
  std::uint64_t out = 0;
  for (const http::Piece& piece : response.body) {
    const auto* slice = std::get_if<http::FileSlice>(&piece);
    out += slice ? slice->bytes : std::get<std::string>(piece).size();
  }
  return out;
}

}  // namespace

Json::Object describe_request(const http::Request& request, const http::Response& response, std::int64_t ended_us) {
  Json::Object out{{"event", "request"},       {"request", request.request_id}, {"client", request.client},
                   {"method", request.method}, {"route", request.route},        {"status", response.status}};
  for (const auto& [name, value] : request.params) {
    if (parse_hex_array<16>(value)) out.emplace(name, value);
  }
  if (request.began_us != 0) out.emplace("ms", (ended_us - request.began_us + 500) / 1'000);
  out.emplace("bytes", bytes_of(request, response));
  for (const auto& [name, value] : {std::pair("session", &request.asked.session),
                                    {"token", &request.asked.token},
                                    {"account", &request.asked.account}}) {
    if (!value->empty()) out.emplace(name, *value);
  }
  if (!request.asked.actor.empty()) {
    out.emplace("actor", request.asked.actor);
    out.emplace("agency", request.asked.agency);
  }
  if (response.error) {
    out.emplace("problem", response.error->problem->slug);
    // Of a refusal by a rule the sentence names the rule; of a fault inside, the context is what the client was not told.
    if (response.status == 403) out.emplace("rule", response.error->message);
    if (response.status >= 500) out.emplace("detail", response.error->text());
  }
  return out;
}

void trace_request(const http::Request& request, const http::Response& response) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  // A fault is traced all the same: it is ours, and says no more than that somebody asked.
  if (request.is_untraced && response.status < 500) return;
  // 503 and 507 are for the client to wait; anything else from 500 on is for whoever runs the server.
  const bool is_fault = response.status >= 500 && response.status != 503 && response.status != 507;
  trace(is_fault ? TraceLevel::kError : TraceLevel::kInfo, "http",
        describe_request(request, response, std::chrono::duration_cast<std::chrono::microseconds>(now).count()));
}

}  // namespace lapel::door
