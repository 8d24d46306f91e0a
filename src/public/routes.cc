// SPDX-License-Identifier: Apache-2.0
#include "public/routes.h"

#include <utility>

#include <fmt/format.h>

namespace lapel::public_pages {
namespace {

using http::Request;
using http::Response;

constexpr std::string_view kForever = "public, max-age=31536000, immutable";

// /ledger/<rest> and /ledger/<slug>/<rest>: the first part is a slug unless it begins one of the log's own names.
Result<Response> serve(const Request& request, const FindLedger& find_ledger) {
  const auto not_found = [&] { return fail(Code::kNotFound, "No such part of a ledger", request.path); };
  const auto it = request.params.find("rest");
  std::string_view rest = it == request.params.end() ? std::string_view() : std::string_view(it->second);
  const auto is_own_name = [](std::string_view text) {
    return text == "checkpoint" || text == "key" || text.starts_with("tile/");
  };
  std::string_view slug;
  if (!is_own_name(rest)) {
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) return not_found();
    slug = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
    if (slug.empty() || !is_own_name(rest)) return not_found();
  }
  auto found = find_ledger(slug);
  if (!found)
    return found.error().code() == Code::kNotFound ? Result<Response>(not_found()) : fail(std::move(found).error());
  const ledger::Ledger& ledger = **found;
  if (rest == "checkpoint") {
    return Response::text(200, TRY(ledger.published_checkpoint())).with("Cache-Control", "no-cache");
  }
  if (rest == "key") return Response::text(200, ledger.key().text() + "\n").with("Cache-Control", "no-cache");
  const auto tile = proof::parse_tile_path(rest);
  if (!tile) return not_found();
  const Bytes bytes = TRY(ledger.published_tile(*tile));
  Response response = Response::text(200, std::string(as_text(bytes)), "application/octet-stream");
  response.with("Cache-Control", std::string(kForever));
  return response;
}

}  // namespace

void register_routes(http::Router& router, FindLedger find_ledger) {
  router.add("GET", "/ledger/{rest...}",
             [find_ledger = std::move(find_ledger)](const Request& request) -> Result<Response> {
               auto response = serve(request, find_ledger);
               // Witnesses and browsers of other origins may read it: there is nothing here but what is public.
               if (response) response->with("Access-Control-Allow-Origin", "*");
               return response;
             });
}

}  // namespace lapel::public_pages
