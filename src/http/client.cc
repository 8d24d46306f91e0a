// SPDX-License-Identifier: Apache-2.0
#include "http/client.h"

#include <algorithm>
#include <mutex>

#include <curl/curl.h>
#include <fmt/format.h>

#include "base/check.h"

namespace lapel::http {
namespace {

constexpr std::size_t kUploadBufferBytes = 512 * 1024;

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct FreeHeaders {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::optional<std::string> part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, 0) != CURLUE_OK) return std::nullopt;
  std::string out = text;
  curl_free(text);
  return out;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  // 127.0.0.0/8 as four numbers: "127.example" is somebody else's name.
  return host.starts_with("127.") && std::count(host.begin(), host.end(), '.') == 3 &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

Result<void> check_url(const ClientOptions& options) {
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  CHECK(url != nullptr);
  const auto bad = [&](std::string_view why) {
    return fail(Code::kInvalid, fmt::format("The server's URL {}", why), options.base_url);
  };
  if (curl_url_set(url.get(), CURLUPART_URL, options.base_url.c_str(), 0) != CURLUE_OK) {
    return bad("must look like https://lapel.example or http://127.0.0.1:8080");
  }
  const auto scheme = part(url.get(), CURLUPART_SCHEME);
  const auto host = part(url.get(), CURLUPART_HOST);
  const auto path = part(url.get(), CURLUPART_PATH);
  if (!scheme || (*scheme != "http" && *scheme != "https") || !host || host->empty())
    return bad("must be http or https");
  for (const CURLUPart other : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    if (part(url.get(), other)) return bad("has more than a host and a port");
  }
  if (path && *path != "/") return bad("has a path; give only host and port");
  if (*scheme == "http" && options.plain_http == PlainHttp::kLoopbackOnly && !is_loopback(*host)) {
    return bad("is plain http to another machine; use https");
  }
  return {};
}

}  // namespace

const std::string* ClientAnswer::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return &value;
  }
  return nullptr;
}

struct Client::Impl {
  ClientOptions options;
  CURL* curl = nullptr;

  // Of the request on its way.
  const ClientRequest* request = nullptr;
  ClientAnswer answer;
  std::size_t header_bytes = 0;
  std::uint64_t sent = 0;
  std::optional<Error> failure;  // ours, which libcurl only knows as "aborted"

  ~Impl() { curl_easy_cleanup(curl); }

  template <typename T>
  void set(CURLoption option, T value) {
    const CURLcode code = curl_easy_setopt(curl, option, value);
    CHECK(code == CURLE_OK);
  }

  bool is_cancelled() {
    if (!options.is_cancelled || !options.is_cancelled()) return false;
    failure = Error{&generic_problem(Code::kUnavailable), "The request was cancelled", {}};
    return true;
  }

  static std::size_t on_read(char* out, std::size_t size, std::size_t count, void* self) {
    Impl& impl = *static_cast<Impl*>(self);
    const BodySource& source = *impl.request->stream;
    const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(size * count, source.bytes - impl.sent));
    if (want == 0) return 0;
    if (impl.is_cancelled()) return CURL_READFUNC_ABORT;
    auto read = source.read(impl.sent, {reinterpret_cast<std::uint8_t*>(out), want});
    if (!read) {
      impl.failure = std::move(read).error();
      return CURL_READFUNC_ABORT;
    }
    CHECK(*read > 0 && *read <= want);
    impl.sent += *read;
    return *read;
  }
  // libcurl sends a body again when a kept connection turned out to be closed.
  static int on_seek(void* self, curl_off_t offset, int origin) {
    if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
    static_cast<Impl*>(self)->sent = static_cast<std::uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
  }
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
    Impl& impl = *static_cast<Impl*>(self);
    if (impl.answer.body.size() + size * count > impl.options.answer_bytes_max) {
      impl.failure = Error{&generic_problem(Code::kTooLarge), "The server's answer is longer than it may be",
                           fmt::format("{}: over {} bytes", impl.request->target, impl.options.answer_bytes_max)};
      return 0;
    }
    impl.answer.body.append(data, size * count);
    return size * count;
  }
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
    Impl& impl = *static_cast<Impl*>(self);
    const std::string_view line(data, size * count);
    impl.header_bytes += line.size();
    if (impl.header_bytes > impl.options.answer_header_bytes_max) return 0;
    if (line.starts_with("HTTP/")) {
      impl.answer.headers.clear();  // what came before was only 100 Continue
      return line.size();
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return line.size();
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    std::string_view value = line.substr(colon + 1);
    const std::size_t first = value.find_first_not_of(" \t\r\n");
    value = first == std::string_view::npos ? std::string_view()
                                            : value.substr(first, value.find_last_not_of(" \t\r\n") + 1 - first);
    impl.answer.headers.emplace_back(std::move(name), value);
    return line.size();
  }
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Impl*>(self)->is_cancelled() ? 1 : 0;
  }
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::open(ClientOptions options) {
  static std::once_flag once;
  std::call_once(once, [] { CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
  TRY(check_url(options));
  if (options.base_url.ends_with('/')) options.base_url.pop_back();
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  impl->curl = curl_easy_init();
  CHECK(impl->curl != nullptr);
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

Result<ClientAnswer> Client::send(const ClientRequest& request) {
  Impl& impl = *impl_;
  impl.request = &request;
  impl.answer = {};
  impl.header_bytes = 0;
  impl.sent = 0;
  impl.failure.reset();

  // Keeps connections, forgets the request before.
  curl_easy_reset(impl.curl);
  const std::string url = impl.options.base_url + request.target;
  impl.set(CURLOPT_URL, url.c_str());
  impl.set(CURLOPT_PROTOCOLS_STR, "http,https");
  impl.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  impl.set(CURLOPT_PROXY, "");
  impl.set(CURLOPT_NOSIGNAL, 1L);
  impl.set(CURLOPT_FOLLOWLOCATION, 0L);
  impl.set(CURLOPT_SSL_VERIFYPEER, 1L);
  impl.set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!impl.options.ca_file.empty()) impl.set(CURLOPT_CAINFO, impl.options.ca_file.c_str());
  impl.set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(impl.options.connect_timeout_ms));
  impl.set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  impl.set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(impl.options.stall_timeout_s));
  impl.set(CURLOPT_UPLOAD_BUFFERSIZE, static_cast<long>(kUploadBufferBytes));
  impl.set(CURLOPT_WRITEFUNCTION, &Impl::on_body);
  impl.set(CURLOPT_WRITEDATA, impl_.get());
  impl.set(CURLOPT_HEADERFUNCTION, &Impl::on_header);
  impl.set(CURLOPT_HEADERDATA, impl_.get());
  impl.set(CURLOPT_XFERINFOFUNCTION, &Impl::on_progress);
  impl.set(CURLOPT_XFERINFODATA, impl_.get());
  impl.set(CURLOPT_NOPROGRESS, 0L);
  std::string error_text(CURL_ERROR_SIZE, '\0');
  impl.set(CURLOPT_ERRORBUFFER, error_text.data());

  std::unique_ptr<curl_slist, FreeHeaders> headers;
  const auto add_header = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(headers.get(), line.c_str());
    CHECK(longer != nullptr);
    static_cast<void>(headers.release());
    headers.reset(longer);
  };
  for (const auto& [name, value] : request.headers) {
    CHECK((name + value).find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    add_header(name + ": " + value);
  }
  if (request.stream) {
    impl.set(CURLOPT_UPLOAD, 1L);
    impl.set(CURLOPT_READFUNCTION, &Impl::on_read);
    impl.set(CURLOPT_READDATA, impl_.get());
    impl.set(CURLOPT_SEEKFUNCTION, &Impl::on_seek);
    impl.set(CURLOPT_SEEKDATA, impl_.get());
    impl.set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.stream->bytes));
  } else if (request.method == "HEAD") {
    impl.set(CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET" || !request.body.empty()) {
    impl.set(CURLOPT_POST, 1L);
    impl.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    impl.set(CURLOPT_POSTFIELDS, request.body.data());
    add_header("Expect:");  // not worth a round trip
    const bool names_type = std::any_of(request.headers.begin(), request.headers.end(),
                                        [](const auto& header) { return header.first == "Content-Type"; });
    if (!names_type) add_header("Content-Type:");
  }
  if (request.method != "HEAD" && request.method != "GET") impl.set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  impl.set(CURLOPT_HTTPHEADER, headers.get());

  const CURLcode code = curl_easy_perform(impl.curl);
  impl.request = nullptr;
  long status = 0;
  curl_easy_getinfo(impl.curl, CURLINFO_RESPONSE_CODE, &status);
  if (impl.failure) return fail(*std::move(impl.failure));
  // A server may refuse a long body with an answer and close: then the answer counts, not that sending failed.
  const bool is_refusal = code == CURLE_SEND_ERROR && status >= 400;
  if (code != CURLE_OK && !is_refusal) {
    const std::string_view text =
        error_text.front() != '\0' ? std::string_view(error_text.c_str()) : curl_easy_strerror(code);
    return fail(Code::kUnavailable, "The server could not be reached, or the connection was cut",
                fmt::format("{} {}: {}", request.method, url, text));
  }
  impl.answer.status = static_cast<int>(status);
  return std::move(impl.answer);
}

}  // namespace lapel::http
