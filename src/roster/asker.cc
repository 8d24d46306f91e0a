// SPDX-License-Identifier: Apache-2.0
#include "roster/asker.h"

namespace lapel::roster {

std::function<Result<access::Actor>()> still_asking(Asker asker, const http::Request& request) {
  http::Request again;
  again.method = "GET";
  again.path = request.path;
  again.route = request.route;
  again.client = request.client;
  again.host = request.host;
  again.is_secure = request.is_secure;
  again.request_id = request.request_id;
  for (const auto& header : request.headers) {
    if (header.first == "authorization" || header.first == "cookie") again.headers.push_back(header);
  }
  return [asker = std::move(asker), again = std::move(again)] { return asker(again); };
}

}  // namespace lapel::roster
