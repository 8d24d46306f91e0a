// SPDX-License-Identifier: Apache-2.0
#include "lapel/assets.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "crypto/sha256.h"

namespace lapel::door {
namespace {

using http::Request;
using http::Response;

// Scripts, styles, fonts, footage and requests: from here and nowhere else, and no script inside a page.
constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; media-src 'self' blob:; "
    "connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'";

// What a page here never asks a browser for. Whole screen, clipboard and passkeys it does ask for, by itself alone.
constexpr std::string_view kPermissionsPolicy =
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), "
    "microphone=(), midi=(), payment=(), serial=(), usb=()";

// The app's own addresses (web/src/app/pages.ts): each answers with the app, which reads the rest of the address.
constexpr std::string_view kPages[] = {"/",
                                       "/sign-in",
                                       "/sign-in/return",
                                       "/upload",
                                       "/recordings",
                                       "/recordings/{id}",
                                       "/people",
                                       "/people/{id}",
                                       "/people/{id}/view-as",
                                       "/start",
                                       "/holds",
                                       "/imports",
                                       "/imports/{id}",
                                       "/approvals",
                                       "/shares",
                                       "/shared",
                                       "/send",
                                       "/file-requests",
                                       "/file-requests/{id}",
                                       "/agencies",
                                       "/alerts",
                                       "/alerts/{id}",
                                       "/weekly-review",
                                       "/weekly-review/{id}",
                                       "/access-review",
                                       "/program/bargaining",
                                       "/program/gates",
                                       "/program/money",
                                       "/program/report",
                                       "/program/storage",
                                       "/fleet",
                                       "/fleet/cameras/{id}",
                                       "/fleet/rotation",
                                       "/staffing",
                                       "/training",
                                       "/training/policies/{id}",
                                       "/training/people/{id}",
                                       "/account",
                                       "/setup",
                                       "/help"};

constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
    {".json", "application/json"},
};

std::string_view type_of(std::string_view name) {
  for (const auto& [end, type] : kTypes) {
    if (name.ends_with(end)) return type;
  }
  return "application/octet-stream";
}

struct Asset {
  std::string content, gzipped, type, etag;
};

// "gzip" as one of the listed codings and not refused by q=0. Other weights do not matter: there are only two forms.
bool takes_gzip(const Request& request) {
  const std::string list = request.header_list("accept-encoding");
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    std::string_view item = std::string_view(list).substr(at, end - at);
    at = end + 1;
    item.remove_prefix(std::min(item.find_first_not_of(' '), item.size()));
    const std::string_view name = item.substr(0, item.find_first_of(" ;"));
    if (name == "gzip")
      return item.find("q=0") == std::string_view::npos || item.find("q=0.") != std::string_view::npos;
  }
  return false;
}

Response answer(const Request& request, const Asset& asset, std::string_view caching) {
  const bool is_gzip = !asset.gzipped.empty() && takes_gzip(request);
  const std::string etag = fmt::format("\"{}{}\"", asset.etag, is_gzip ? "-gz" : "");
  const bool is_known = request.header_list("if-none-match").find(etag) != std::string::npos;
  Response response =
      is_known ? Response::empty(304) : Response::text(200, is_gzip ? asset.gzipped : asset.content, asset.type);
  response.with("Cache-Control", std::string(caching)).with("ETag", etag).with("Vary", "Accept-Encoding");
  if (is_gzip && !is_known) response.with("Content-Encoding", "gzip");
  return response;
}

bool has_header(const Response& response, std::string_view name) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [&](const auto& header) { return header.first == name; });
}

bool wants_page(const Request& request) {
  const std::string* accept = request.header("accept");
  return request.method == "GET" && accept != nullptr && accept->find("text/html") != std::string::npos &&
         !request.path.starts_with("/api/") && !request.path.starts_with("/ledger/") &&
         !request.path.starts_with("/problems/") && !request.path.starts_with("/assets/");
}

}  // namespace

struct Assets::Impl {
  std::map<std::string, Asset, std::less<>> by_path;  // "/index.html", "/assets/x-1a2b.js"
  const Asset& index() const { return by_path.find("/index.html")->second; }
};

Assets::Assets(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Assets::~Assets() = default;

Result<std::unique_ptr<Assets>> Assets::open(os::Disk& disk, const os::Path& directory) {
  auto impl = std::make_shared<Impl>();
  for (const std::string_view part : {"", "assets"}) {
    const os::Path folder = part.empty() ? directory : directory / part;
    const std::string prefix = part.empty() ? "/" : fmt::format("/{}/", part);
    for (const std::string& name : TRY(disk.list(folder))) {
      const os::Stat stat = TRY(disk.stat(folder / name));
      if (stat.is_directory) continue;
      if (impl->by_path.size() >= kAssetsMax)
        return fail(Code::kTooLarge, "The web app has too many files", directory.string());
      const Bytes bytes = TRY(os::read_file(disk, folder / name, kAssetBytesMax));
      const bool is_gzipped = name.ends_with(".gz");
      Asset& asset = impl->by_path[prefix + (is_gzipped ? name.substr(0, name.size() - 3) : name)];
      if (is_gzipped) {
        asset.gzipped = std::string(as_text(bytes));
        continue;
      }
      asset.content = std::string(as_text(bytes));
      asset.type = type_of(name);
      asset.etag = hex(crypto::sha256(bytes)).substr(0, 32);
    }
  }
  if (const auto it = impl->by_path.find("/index.html"); it == impl->by_path.end() || it->second.content.empty()) {
    return fail(Code::kNotFound, "There is no web app: index.html is missing", directory.string());
  }
  return std::unique_ptr<Assets>(new Assets(std::move(impl)));
}

void Assets::register_routes(http::Router& router) const {
  const auto impl = impl_;
  const auto page = [impl](const Request& request) -> Result<Response> {
    return answer(request, impl->index(), "no-cache");
  };
  for (const std::string_view pattern : kPages) router.add("GET", pattern, page);
  router.add("GET", "/assets/{name}", [impl](const Request& request) -> Result<Response> {
    const auto it = impl->by_path.find(request.path);
    if (it == impl->by_path.end() || it->second.content.empty())
      return fail(Code::kNotFound, "No such file of the web app", request.path);
    return answer(request, it->second, "public, max-age=31536000, immutable");
  });
  // Beside the index: the icon and the like, without a hash in their names.
  for (const auto& [path, asset] : impl->by_path) {
    if (path == "/index.html" || path.starts_with("/assets/")) continue;
    router.add("GET", path, [impl, &asset = asset](const Request& request) -> Result<Response> {
      return answer(request, asset, "no-cache");
    });
  }
  router.after([impl](const Request& request, Response& response) {
    // A person who mistypes an address gets the app's own words for it; programs get their problem.
    if (response.status == 404 && wants_page(request)) {
      Response not_found = answer(request, impl->index(), "no-store");
      not_found.status = 404;
      response = std::move(not_found);
    }
    if (!has_header(response, "Content-Security-Policy"))
      response.with("Content-Security-Policy", std::string(kPagePolicy));
    if (!has_header(response, "Access-Control-Allow-Origin"))
      response.with("Cross-Origin-Resource-Policy", "same-origin");
    response.with("Referrer-Policy", "same-origin")
        .with("X-Frame-Options", "DENY")
        .with("Permissions-Policy", std::string(kPermissionsPolicy))
        .with("Cross-Origin-Opener-Policy", "same-origin");
  });
}

os::Path installed_share() {
  std::error_code error;
  const os::Path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? os::Path() : program.parent_path().parent_path() / "share" / "lapel";
}

}  // namespace lapel::door
