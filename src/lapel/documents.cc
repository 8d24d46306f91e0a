// SPDX-License-Identifier: Apache-2.0
#include "lapel/documents.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/problems.h"
#include "crypto/sha256.h"

namespace lapel::door {
namespace {

using http::Request;
using http::Response;

struct Contract {
  std::string json, etag;
};

Result<Response> answer_contract(const Request& request, const Contract& contract) {
  const std::string known = request.header_list("if-none-match");
  const bool is_known = known == "*" || known.find(contract.etag) != std::string::npos;
  Response response = is_known ? Response::empty(304) : Response::json(200, contract.json);
  response.with("Cache-Control", "no-cache").with("ETag", contract.etag);
  return response;
}

std::string page_of(const Problem& problem) {
  return fmt::format(
      "{}\n"
      "\n"
      "{}\n"
      "\n"
      "type         /problems/{}\n"
      "HTTP status  {}\n"
      "exit code    {}\n"
      "try again    {}\n",
      problem.title, problem.remedy, problem.slug, problem.http_status, exit_code(problem.code),
      retry_name(problem.retry));
}

Result<Response> answer_problem(const Request& request) {
  const std::string& slug = request.params.find("slug")->second;
  const auto all = problems::all_problems();
  const auto it = std::find_if(all.begin(), all.end(), [&](const Problem* problem) { return problem->slug == slug; });
  if (it == all.end()) return fail(Code::kNotFound, "No problem has this name", slug);
  return Response::text(200, page_of(**it)).with("Cache-Control", "no-cache");
}

}  // namespace

Result<std::string> read_contract(os::Disk& disk, const os::Path& path) {
  const Bytes bytes = TRY(os::read_file(disk, path, kContractBytesMax));
  return std::string(as_text(bytes));
}

void register_documents(http::Router& router, std::optional<std::string> contract) {
  std::shared_ptr<const Contract> shared;
  if (contract) {
    std::string etag = fmt::format("\"{}\"", hex(crypto::sha256(as_bytes(*contract))).substr(0, 32));
    shared = std::make_shared<const Contract>(Contract{*std::move(contract), std::move(etag)});
  }
  router.add("GET", "/api/v1/openapi.json", [shared](const Request& request) -> Result<Response> {
    if (!shared) return fail(Code::kNotFound, "This server was installed without its contract");
    return answer_contract(request, *shared);
  });
  router.add("GET", "/problems/{slug}", answer_problem);
}

}  // namespace lapel::door
