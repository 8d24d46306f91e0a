// SPDX-License-Identifier: Apache-2.0
#include "sim/axis.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/sha256.h"
#include "http/client.h"
#include "os/disk.h"
#include "os/worker.h"

namespace lapel::sim {
namespace {

constexpr std::size_t kConnectionBytesMax = 64 * 1024;
constexpr std::uint64_t kClipFileBytesMax = std::uint64_t{1} << 30;
constexpr int kTriesMax = 240;
constexpr std::int64_t kFirstDayUs = 1'669'939'200'000'000;  // 2022-12-02
constexpr std::int64_t kClipSeconds = 30;
constexpr std::int64_t kBusyUs = 250'000;  // before a call is made again that was too much, or found nobody

// Nobody wakes it.
void wait_us(std::int64_t us) {
  os::Mutex mutex;
  os::Condition never;
  const os::MutexLock lock(mutex);
  (void)never.wait_for_us(mutex, us);
}

using Headers = std::vector<std::pair<std::string, std::string>>;
using Random = std::mt19937_64;

struct Connection {
  std::string base, path;  // of the address that tokens are asked at
  std::string user, key, container_type;
  std::string ca_file;  // of the certificates that the file carries; empty: there are none
};

std::string hex_of(Random& random, int digits) {
  std::string out;
  for (int i = 0; i < digits; ++i) out += fmt::format("{:x}", random() % 16);
  return out;
}

std::string uuid(Random& random) {
  return fmt::format("{}-{}-{}-{}-{}", hex_of(random, 8), hex_of(random, 4), hex_of(random, 4), hex_of(random, 4),
                     hex_of(random, 12));
}

// 20221202T061207Z
std::string stamp(std::int64_t us) {
  const std::string text = ledger_time({us});
  return fmt::format("{}{}{}T{}{}{}Z", text.substr(0, 4), text.substr(5, 2), text.substr(8, 2), text.substr(11, 2),
                     text.substr(14, 2), text.substr(17, 2));
}

std::string iso(std::int64_t us) {
  return ledger_time({us}).substr(0, 19) + "Z";
}

std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
                          c == '_' || c == '.' || c == '~';
    out += is_plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return out;
}

// The file that a connection file's certificates are kept in as long as somebody asks.
class Certificates {
 public:
  ~Certificates() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove(path_, ignored);
  }
  Result<std::string> keep(const std::string& pem) {
    path_ = std::filesystem::temp_directory_path() / fmt::format("lapel-sim-{}-{}.pem", ::getpid(), pem.size());
    TRY(os::replace_file(*os::real_disk(), path_, as_bytes(pem)));
    return path_.string();
  }

 private:
  std::filesystem::path path_;
};

Result<Connection> read_connection(const std::string& file, Certificates& certificates) {
  const Bytes bytes = TRY(os::read_file(*os::real_disk(), file, kConnectionBytesMax));
  const Json parsed = TRY(parse_json(as_text(bytes)));
  const auto bad = [&](std::string_view what) {
    return fail(Code::kInvalid, fmt::format("\"{}\" is missing in the connection file", what), file);
  };
  const Json* addresses = parsed.find("AuthenticationTokenURI");
  if (!addresses || !addresses->array() || addresses->array()->empty() || !addresses->array()->front().string())
    return bad("AuthenticationTokenURI");
  const Json* wants = parsed.find("WantEncryption");
  if (wants && wants->boolean() && *wants->boolean())
    return fail(Code::kUnsupported, "This simulator does not encrypt, and the connection file asks for it", file);
  Connection out;
  const std::string& address = *addresses->array()->front().string();
  const std::size_t host = address.find("://");
  const std::size_t slash = host == std::string::npos ? std::string::npos : address.find('/', host + 3);
  if (slash == std::string::npos) return bad("AuthenticationTokenURI");
  out.base = address.substr(0, slash);
  out.path = address.substr(slash);
  for (const auto& [name, member] : {std::pair("BlobAPIUserName", &out.user), std::pair("BlobAPIKey", &out.key)}) {
    const std::string* text = parsed.find_string(name);
    if (!text) return bad(name);
    *member = *text;
  }
  const std::string* type = parsed.find_string("ContainerType");
  out.container_type = type ? *type : "mkv";
  std::string pem;
  if (const Json* list = parsed.find("HTTPSCertificate"); list && list->array()) {
    for (const Json& each : *list->array()) {
      const auto decoded = each.string() ? parse_base64(*each.string()) : std::nullopt;
      if (!decoded) return bad("HTTPSCertificate");
      pem += as_text(*decoded);
    }
  }
  if (!pem.empty()) out.ca_file = TRY(certificates.keep(pem));
  return out;
}

struct Shared {
  const AxisOptions& options;
  const Connection connection;
  const Bytes clip;  // that every clip begins with
  std::vector<std::string> users, cameras;
  const std::function<void(const Json&)>& say;
  os::Mutex mutex;
  std::atomic<std::int64_t> next = 0;
  std::atomic<bool> has_failed = false;
  std::optional<Error> error;
};

// One connection to the server, and the token that it has.
class Caller {
 public:
  Caller(Shared& shared, Random random) : shared_(shared), random_(random) {}

  Result<void> open() {
    http::ClientOptions options;
    options.base_url = shared_.connection.base;
    options.ca_file = shared_.connection.ca_file;
    client_ = TRY(http::Client::open(std::move(options)));
    return {};
  }

  // Until it is answered by one of these; `calls` counts how often it was made.
  struct Object {
    std::string path;  // below the account, encoded
    Headers headers;
    std::string head;  // the body: this, and then `bytes` of the clip
    std::uint64_t bytes = 0;
  };
  Result<int> call(const std::string& method, const Object& object, std::initializer_list<int> wanted) {
    const std::uint64_t length = object.head.size() + object.bytes;
    int calls = 0;
    bool is_done = false;
    for (int tries = 0; tries < kTriesMax; ++tries) {
      if (token_.empty()) {
        auto signed_in = sign_in();
        if (!signed_in && signed_in.error().code() != Code::kUnavailable) return fail(std::move(signed_in).error());
        if (!signed_in) {
          wait_us(kBusyUs);
          continue;
        }
      }
      http::ClientRequest request{method, fmt::format("{}/{}", storage_, object.path), object.headers, {}, {}};
      request.headers.emplace_back("X-Auth-Token", token_);
      const bool is_cut = length > 0 && !is_done && happens(shared_.options.cut_percent);
      const std::uint64_t until = is_cut ? random_() % length : length;
      if (length > 0) {
        request.stream = http::BodySource{length, [&, until](std::uint64_t offset, std::span<std::uint8_t> out) {
                                            return fill(object, offset, until, out);
                                          }};
      }
      ++calls;
      const auto answer = client_->send(request);
      if (!answer) {
        // Cut by ourselves, or by whatever is between, or there is nobody at the moment: again, by a new connection.
        if (!is_cut) wait_us(kBusyUs);
        TRY(open());
        continue;
      }
      if (answer->status == 401) {
        token_.clear();
        continue;
      }
      if (answer->status == 503 || answer->status == 507) {
        wait_us(kBusyUs);
        continue;
      }
      if (std::find(wanted.begin(), wanted.end(), answer->status) == wanted.end()) {
        return fail(Code::kInternal, fmt::format("{} {} was answered by {}: {}", method, object.path, answer->status,
                                                 answer->body.substr(0, 200)));
      }
      // As if the answer had been lost on its way.
      is_done = true;
      if (!happens(shared_.options.repeat_percent)) return calls;
    }
    return fail(Code::kUnavailable, fmt::format("{} {} was not answered", method, object.path));
  }

  bool happens(std::int64_t percent) { return static_cast<std::int64_t>(random_() % 100) < percent; }
  Random& random() { return random_; }

 private:
  Result<void> sign_in() {
    const auto answer =
        TRY(client_->send({"GET",
                           shared_.connection.path,
                           {{"X-Auth-User", shared_.connection.user}, {"X-Auth-Key", shared_.connection.key}},
                           {},
                           {}}));
    const std::string* token = answer.header("x-auth-token");
    const std::string* storage = answer.header("x-storage-url");
    if (answer.status != 200 || !token || !storage)
      return fail(Code::kUnauthenticated, fmt::format("No token was given: {}", answer.status));
    token_ = *token;
    const std::size_t host = storage->find("://");
    storage_ = host == std::string::npos ? *storage : storage->substr(storage->find('/', host + 3));
    return {};
  }

  Result<std::size_t> fill(const Object& object, std::uint64_t offset, std::uint64_t until,
                           std::span<std::uint8_t> out) const {
    if (offset >= until) return fail(Code::kUnavailable, "cut off");
    std::size_t count = std::min<std::uint64_t>(out.size(), until - offset);
    if (offset < object.head.size()) {
      count = std::min<std::size_t>(count, object.head.size() - offset);
      std::copy_n(object.head.begin() + static_cast<std::ptrdiff_t>(offset), count, out.begin());
      return count;
    }
    const std::uint64_t at = (offset - object.head.size()) % shared_.clip.size();
    count = std::min<std::size_t>(count, shared_.clip.size() - at);
    std::copy_n(shared_.clip.begin() + static_cast<std::ptrdiff_t>(at), count, out.begin());
    return count;
  }

  Shared& shared_;
  Random random_;
  std::unique_ptr<http::Client> client_;
  std::string token_, storage_;
};

Headers metadata(std::string_view prefix, std::initializer_list<std::pair<std::string_view, std::string>> values) {
  Headers out;
  for (const auto& [key, value] : values) out.emplace_back(fmt::format("{}{}", prefix, key), encoded(value));
  return out;
}

constexpr std::string_view kContainer = "X-Container-Meta-", kObject = "X-Object-Meta-";

// One recording: its container, its clips, its trail and bookmarks, and that it is complete.
class Recording {
 public:
  Recording(Shared& shared, Caller& caller, std::int64_t n)
      : shared_(shared),
        caller_(caller),
        random_(shared.options.seed * 1'000'003 + static_cast<std::uint64_t>(n)),
        user_(shared.users[static_cast<std::size_t>(n) % shared.users.size()]),
        camera_(shared.cameras[static_cast<std::size_t>(n) % shared.cameras.size()]),
        start_us_(kFirstDayUs + n * 600'000'000),
        id_(hex_of(random_, 4)) {
    container_ = fmt::format("{}_{}_{}", user_, camera_, stamp(start_us_ + kBufferUs));
  }

  Result<void> send() {
    const std::int64_t clips = shared_.options.clips, stop_us = start_us_ + clips * kClipSeconds * 1'000'000;
    TRY(caller_.call("PUT",
                     {container_,
                      metadata(kContainer, {{"Containername", container_},
                                            {"Bwcserialnumber", camera_},
                                            {"Scuserialnumber", "B8A44F000001"},
                                            {"Firmwareversion", "11.2.64"},
                                            {"Bwcmodel", "W102"},
                                            {"Userid", user_},
                                            {"Triggeron", "Button"},
                                            {"Triggerontime", std::to_string((start_us_ + kBufferUs) / 1'000'000)},
                                            {"Triggerontimeiso", iso(start_us_ + kBufferUs)},
                                            {"Starttime", std::to_string(start_us_ / 1'000'000)},
                                            {"Starttimeiso", iso(start_us_)},
                                            {"Timezone", "America/New_York"},
                                            {"Status", "Transferring"}}),
                      {},
                      0},
                     {201, 202}));
    for (std::int64_t n = 0; n < clips; ++n) TRY(send_clip(n));
    TRY(send_trail(clips));
    TRY(send_bookmark());
    TRY(caller_.call("POST",
                     {container_,
                      metadata(kContainer, {{"Triggeroff", "Button"},
                                            {"Triggerofftime", std::to_string(stop_us / 1'000'000)},
                                            {"Stoptime", std::to_string(stop_us / 1'000'000)},
                                            {"Stoptimeiso", iso(stop_us)},
                                            {"Status", "Complete"}}),
                      {},
                      0},
                     {204}));
    say({{"container", container_}, {"complete", true}});
    return {};
  }

 private:
  static constexpr std::int64_t kBufferUs = 10'000'000;

  void say(Json::Object line) {
    const os::MutexLock lock(shared_.mutex);
    shared_.say(Json(std::move(line)));
  }

  Result<void> deliver(const std::string& name, Headers headers, std::string head, std::uint64_t bytes) {
    Caller::Object object{fmt::format("{}/{}", container_, name), std::move(headers), std::move(head), bytes};
    const int calls = TRY(caller_.call("PUT", object, {201}));
    crypto::Sha256 hash;
    hash.update(as_bytes(object.head));
    for (std::uint64_t done = 0; done < bytes;) {
      const std::uint64_t count = std::min<std::uint64_t>(bytes - done, shared_.clip.size());
      hash.update(ByteView(shared_.clip).first(count));
      done += count;
    }
    say({{"container", container_},
         {"name", name},
         {"sha256", hex(hash.finish())},
         {"bytes", object.head.size() + bytes},
         {"calls", calls}});
    return {};
  }

  Result<void> send_clip(std::int64_t n) {
    const std::int64_t from_us = start_us_ + n * kClipSeconds * 1'000'000, to_us = from_us + kClipSeconds * 1'000'000;
    const std::string& type = shared_.connection.container_type;
    // Behind the media of a file, where it hurts nobody; in front of noise.
    const bool is_media = !shared_.options.clip_file.empty();
    const std::string mark = fmt::format("{} {}", container_, n);
    std::string head = mark;
    std::uint64_t bytes = static_cast<std::uint64_t>(shared_.options.clip_bytes);
    if (is_media) {
      head = std::string(as_text(shared_.clip)) + free_box(mark);
      bytes = 0;
    }
    return deliver(fmt::format("{}_{}.{}", stamp(from_us), id_, type),
                   metadata(kObject, {{"Starttime", std::to_string(from_us / 1'000'000)},
                                      {"Starttimeiso", iso(from_us)},
                                      {"Stoptime", std::to_string(to_us / 1'000'000)},
                                      {"Stoptimeiso", iso(to_us)},
                                      {"Containertype", type}}),
                   std::move(head), bytes);
  }

  // A box of an MP4 that players skip.
  static std::string free_box(const std::string& text) {
    const auto bytes = static_cast<std::uint32_t>(text.size() + 8);
    std::string out;
    for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<char>(bytes >> shift & 0xff));
    return out + "free" + text;
  }

  Result<void> send_trail(std::int64_t clips) {
    Json::Array points;
    for (std::int64_t s = 0; s < clips * kClipSeconds; s += 10) {
      const double along = static_cast<double>(s) / 100'000.0;
      points.emplace_back(
          Json::Object{{"LocationWKT", fmt::format("POINT({:.6f} {:.6f})", -73.245382 + along, 42.450085 + along / 2)},
                       {"SecondsFromStart", static_cast<double>(s)},
                       {"Timestamp", iso(start_us_ + s * 1'000'000)}});
    }
    std::string text = to_json(Json(Json::Object{{"CoordinateEntries", std::move(points)}}));
    return deliver(fmt::format("{}_{}_{}_gpstrail.json", stamp(start_us_), id_, camera_),
                   metadata(kObject, {{"Filetype", "json"}}), std::move(text), 0);
  }

  Result<void> send_bookmark() {
    return deliver(fmt::format("bookmark_{}_1", (start_us_ + kBufferUs) / 1'000'000),
                   metadata(kObject, {{"Starttime", iso(start_us_ + kBufferUs)},
                                      {"Categoryid", "5"},
                                      {"Categoryname", "Traffic"},
                                      {"Tags", "TriggerOn:Button;SomeTag:SomeValue"}}),
                   "Stopped a car at the corner", 0);
  }

  Shared& shared_;
  Caller& caller_;
  Random random_;
  const std::string user_, camera_;
  const std::int64_t start_us_;
  const std::string id_;
  std::string container_;
};

// Who the system is, its users and its cameras, as an administrator enters them in its manager.
Result<void> announce(Shared& shared, Caller& caller, const std::string& system_id) {
  for (const std::string_view container : {"System", "Users", "Devices"})
    TRY(caller.call("PUT", {std::string(container), {}, {}, 0}, {201, 202}));
  TRY(caller.call("PUT",
                  {"System/" + system_id,
                   metadata(kObject, {{"Connectionid", "1"}, {"Systemname", "Simulated body-worn system"}}),
                   {},
                   0},
                  {201}));
  for (std::size_t n = 0; n < shared.users.size(); ++n) {
    TRY(caller.call("PUT",
                    {"Users/" + shared.users[n],
                     metadata(kObject, {{"Active", "True"},
                                        {"Name", fmt::format("Officer {} (fictitious)", n + 1)},
                                        {"Userid", std::to_string(9'000 + n)}}),
                     {},
                     0},
                    {201}));
    TRY(caller.call(
        "PUT",
        {"Devices/" + shared.cameras[n],
         metadata(kObject, {{"Active", "True"}, {"Name", fmt::format("Camera {}", n + 1)}, {"Model", "W102"}}),
         {},
         0},
        {201}));
  }
  return {};
}

void send_some(Shared& shared, std::uint64_t seed) {
  const auto done = [&]() -> Result<void> {
    Caller caller(shared, Random(seed));
    TRY(caller.open());
    for (;;) {
      const std::int64_t n = shared.next++;
      if (n >= shared.options.recordings || shared.has_failed) return {};
      TRY(Recording(shared, caller, n).send());
    }
  }();
  if (done) return;
  const os::MutexLock lock(shared.mutex);
  shared.has_failed = true;
  if (!shared.error) shared.error = done.error();
}

}  // namespace

Result<void> run_axis(const AxisOptions& options, const std::function<void(const Json&)>& say) {
  Certificates certificates;
  Connection connection = TRY(read_connection(options.connection_file, certificates));
  Random random(options.seed);
  Bytes clip;
  if (!options.clip_file.empty()) {
    clip = TRY(os::read_file(*os::real_disk(), options.clip_file, kClipFileBytesMax));
    if (clip.empty()) return fail(Code::kInvalid, "The file of the clip is empty", options.clip_file);
  } else {
    clip.resize(64 * 1024);
    for (std::uint8_t& byte : clip) byte = static_cast<std::uint8_t>(random());
  }
  const std::string system_id = options.system_id.empty() ? uuid(random) : options.system_id;
  Shared shared{options, std::move(connection), std::move(clip), {}, {}, say, {}, {}, {}, {}};
  for (std::int64_t n = 0; n < options.cameras; ++n) {
    shared.users.push_back(uuid(random));
    shared.cameras.push_back(fmt::format("B8A44F{:06X}", random() % 0x1000000));
  }
  {
    Caller caller(shared, Random(random()));
    TRY(caller.open());
    TRY(announce(shared, caller, system_id));
  }
  {
    std::vector<std::jthread> senders;
    for (std::int64_t n = 0; n < options.senders; ++n)
      senders.emplace_back([&shared, seed = random()] { send_some(shared, seed); });
  }
  return shared.error ? Result<void>(fail(*shared.error)) : Result<void>();
}

}  // namespace lapel::sim
