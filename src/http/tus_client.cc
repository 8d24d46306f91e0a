// SPDX-License-Identifier: Apache-2.0
#include "http/tus_client.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/problems.h"
#include "base/text.h"

namespace lapel::http {
namespace {

constexpr std::string_view kUploads = "/api/v1/uploads";
constexpr std::size_t kSentenceBytesMax = 500;

Code code_of(int status) {
  switch (status) {
    case 400:
    case 411:
    case 422:
    case 431:
    case 460:
      return Code::kInvalid;
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kDenied;
    case 404:
      return Code::kNotFound;
    case 405:
    case 415:
      return Code::kUnsupported;
    case 409:
    case 412:
      return Code::kConflict;
    case 410:
      return Code::kGone;
    case 413:
      return Code::kTooLarge;
    case 423:
      return Code::kBusy;
    case 429:
      return Code::kLimited;
    case 507:
      return Code::kFull;
    default:
      return Code::kUnavailable;
  }
}

// The problem that the answer names, where it is of the kind that the status stands for: what a server says of itself in
// a 500 is no reason for its client to give up. That one stored file is damaged is said of the file.
const Problem& problem_of(const ClientAnswer& answer, const std::string* type) {
  const Code code = code_of(answer.status);
  const bool is_of_a_file = type && *type == fmt::format("/problems/{}", problems::kObjectDamaged.slug);
  if (answer.status == problems::kObjectDamaged.http_status && is_of_a_file) return problems::kObjectDamaged;
  for (const Problem* problem : problems::all_problems()) {
    if (type && problem->code == code && *type == fmt::format("/problems/{}", problem->slug)) return *problem;
  }
  return generic_problem(code);
}

std::string path_of(const UploadId& upload) {
  return fmt::format("{}/{}", kUploads, upload.text());
}

std::vector<std::pair<std::string, std::string>> tus_headers() {
  return {{"Tus-Resumable", "1.0.0"}};
}

std::string sentence_of(const std::string* text) {
  return text ? printable(std::string_view(*text).substr(0, kSentenceBytesMax)) : "no reason given";
}

}  // namespace

Error error_of(const ClientAnswer& answer) {
  const Json body = parse_json(answer.body, {64 * 1024, 8}).value_or(Json());
  return {&problem_of(answer, body.find_string("type")),
          fmt::format("The server refuses with {}: {}", answer.status, sentence_of(body.find_string("detail"))),
          {}};
}

Error nonsense(std::string_view what) {
  return {&generic_problem(Code::kUnavailable),
          fmt::format("The server's answer is not one of a Lapel server: {}", what),
          {}};
}

Result<Json> json_of(const ClientAnswer& answer, std::size_t bytes_max) {
  if (answer.status >= 300) return fail(error_of(answer));
  auto json = parse_json(answer.body, {.bytes_max = bytes_max});
  if (!json || !json->object()) return fail(nonsense("it is no JSON object"));
  return *std::move(json);
}

std::string tus_metadata(const std::vector<std::pair<std::string_view, std::string>>& pairs) {
  std::string out;
  for (const auto& [key, value] : pairs) {
    out += fmt::format("{}{} {}", out.empty() ? "" : ",", key, base64(as_bytes(value)));
  }
  return out;
}

Result<UploadId> TusClient::create(std::uint64_t bytes, std::string metadata) {
  auto headers = tus_headers();
  headers.emplace_back("Upload-Length", std::to_string(bytes));
  headers.emplace_back("Upload-Metadata", std::move(metadata));
  const ClientAnswer answer = TRY(ask_({"POST", std::string(kUploads), std::move(headers), {}, {}}));
  if (answer.status != 201) return fail(error_of(answer));
  // Only the id is taken from it: where to send footage is not for an answer to say.
  const std::string* location = answer.header("location");
  const auto id = location ? UploadId::parse(location->substr(location->rfind('/') + 1)) : std::nullopt;
  if (!id) return fail(nonsense("Location names no upload"));
  return *id;
}

Result<std::uint64_t> TusClient::offset(const UploadId& upload, std::uint64_t bytes) {
  const ClientAnswer answer = TRY(ask_({"HEAD", path_of(upload), tus_headers(), {}, {}}));
  if (answer.status != 200) return fail(error_of(answer));
  const std::string* text = answer.header("upload-offset");
  const auto value = text ? parse_decimal(*text) : std::nullopt;
  if (!value || *value > bytes) return fail(nonsense("Upload-Offset is not within the file"));
  return *value;
}

Result<void> TusClient::send(const UploadId& upload, std::uint64_t offset, const BodySource& rest) {
  auto headers = tus_headers();
  headers.emplace_back("Content-Type", "application/offset+octet-stream");
  headers.emplace_back("Upload-Offset", std::to_string(offset));
  const ClientAnswer answer = TRY(ask_({"PATCH", path_of(upload), std::move(headers), {}, rest}));
  if (answer.status != 204) return fail(error_of(answer));
  return {};
}

Result<UploadState> TusClient::state(const UploadId& upload) {
  const Json json = TRY(json_of(TRY(ask_({"GET", path_of(upload), {}, {}, {}}))));
  const std::string* text = json.find_string("state");
  UploadState out;
  if (text && *text == "sealed") {
    out.is = UploadState::Is::kSealed;
    out.recording = TRY(id_member<RecordingId>(json, "recording"));
  } else if (text && *text == "refused") {
    out.is = UploadState::Is::kRefused;
    out.reason = sentence_of(json.find_string("reason"));
  } else if (!text || (*text != "receiving" && *text != "sealing")) {
    return fail(nonsense("\"state\" is none of an upload's"));
  }
  return out;
}

}  // namespace lapel::http
