// SPDX-License-Identifier: Apache-2.0
// The client of every bench, the same for ours and for the peers: threads with one keep-alive connection each. It is native
// because two cores hold client and server, and a slow client would hide what is measured.
//
//   load put|tus|get HOST:PORT PATH [--option value]…
//
//   put, tus   COUNT files of BYTES, cut from --file in turn, are sent over --connections; tus creates each and sends it in one
//              PATCH, or in patches of --patch bytes. --rate caps each link; --cut of the uploads lose their connection at a
//              random byte and are resumed where the server says that they stand. With --arrivals the connections are devices
//              that come one after another over so many seconds, each with its own share of the files.
//   get        --count requests or --seconds of them; with --range and --size, of random aligned ranges
//
// One line of JSON on stdout. Exits with 1, and the reason on stderr, on the first answer that is no success.
#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kHeadBytesMax = 64 * 1024;
constexpr std::size_t kSendBytes = 1 << 20;         // of one sendfile
constexpr std::size_t kPacedSendBytes = 64 * 1024;  // of one sendfile on a capped link
constexpr int kResumesMax = 100;                    // of one upload

struct Options {
  std::string mode, host, path, file;
  std::vector<std::string> headers;
  int port = 0;
  bool is_tls = false;
  std::uint64_t bytes = 0, patch = 0, rate = 0, range = 0, size = 0;
  int count = 1, connections = 1;
  double seconds = 0, cut = 0, arrivals = 0;
  unsigned seed = 1;
} options;

[[noreturn]] void die(const std::string& why) {
  fmt::print(stderr, "load: {}\n", why);
  std::_Exit(1);
}

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Answer {
  int status = 0;
  std::map<std::string, std::string, std::less<>> headers;
  double first_byte_ms = 0;
  std::uint64_t bytes = 0;
};

class Connection {
 public:
  Connection() {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(options.port));
    if (::inet_pton(AF_INET, options.host.c_str(), &address.sin_addr) != 1 ||
        ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      die(fmt::format("connect: {}", std::strerror(errno)));
    }
    if (!options.is_tls) return;
    static SSL_CTX* const context =
        SSL_CTX_new(TLS_client_method());  // of a certificate made for the bench: not checked
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, fd_);
    if (SSL_connect(ssl_) != 1) die("the TLS handshake failed");
  }
  ~Connection() {
    SSL_free(ssl_);
    ::close(fd_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send_text(std::string_view text, int flags = 0) {
    while (!text.empty()) {
      const ssize_t n = ssl_ ? SSL_write(ssl_, text.data(), static_cast<int>(text.size()))
                             : ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL | flags);
      if (n <= 0) die("the server closed the connection");
      text.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  // False when the server closed first: its answer says why.
  bool send_file(int file, std::uint64_t offset, std::uint64_t bytes) {
    const Clock::time_point start = Clock::now();
    const std::size_t step = options.rate > 0 ? kPacedSendBytes : kSendBytes;
    std::vector<char> block(ssl_ ? step : 0);
    for (std::uint64_t sent = 0; sent < bytes;) {
      const std::size_t wanted = std::min<std::uint64_t>(step, bytes - sent);
      auto at = static_cast<off_t>(offset + sent);
      ssize_t n = 0;
      if (ssl_) {
        n = ::pread(file, block.data(), wanted, at);
        if (n > 0) send_text({block.data(), static_cast<std::size_t>(n)});
      } else {
        n = ::sendfile(fd_, file, &at, wanted);
      }
      if (n <= 0) return false;
      sent += static_cast<std::uint64_t>(n);
      if (options.rate > 0) {  // a link of so many bytes a second: the load itself, not a wait for anything
        std::this_thread::sleep_until(start + std::chrono::microseconds(sent * 1'000'000 / options.rate));
      }
    }
    return true;
  }

  // What is no success ends the program, unless the caller wants to know it.
  enum class Refusal { kFatal, kTold };
  Answer answer(std::string_view method, Refusal refusal = Refusal::kFatal, Clock::time_point start = Clock::now()) {
    Answer out;
    std::size_t end = 0;
    bool is_first = input_.empty();
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (input_.size() > kHeadBytesMax) die("an answer's head is too long");
      receive();
      if (is_first) out.first_byte_ms = ms_since(start);
      is_first = false;
    }
    out.status = std::atoi(input_.c_str() + 9);
    for (std::size_t at = input_.find("\r\n") + 2; at < end;) {
      const std::size_t line_end = input_.find("\r\n", at);
      const std::size_t colon = input_.find(':', at);
      std::string name = input_.substr(at, colon - at);
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      std::size_t value_at = colon + 1;
      while (value_at < line_end && input_[value_at] == ' ') ++value_at;
      out.headers[name] = input_.substr(value_at, line_end - value_at);
      at = line_end + 2;
    }
    input_.erase(0, end + 4);
    if (method == "HEAD" || out.status == 204) return out;
    body_.clear();
    const auto length = out.headers.find("content-length");
    if (length != out.headers.end()) {
      take_body(std::strtoull(length->second.c_str(), nullptr, 10), out);
    } else {
      take_chunks(out);
    }
    if (out.status >= 400 && refusal == Refusal::kFatal)
      die(fmt::format("{} answered {}: {}", method, out.status, body_));
    return out;
  }

 private:
  // What a refusal says is kept for its sentence; everything else is let go.
  void take_body(std::uint64_t left, Answer& answer) {
    answer.bytes += left;
    while (left > 0) {
      if (input_.empty()) receive();
      const std::size_t used = std::min<std::uint64_t>(left, input_.size());
      if (answer.status >= 400) body_.append(input_, 0, used);
      input_.erase(0, used);
      left -= used;
    }
  }
  void take_chunks(Answer& answer) {
    for (std::uint64_t left = 1; left > 0;) {
      std::size_t end = 0;
      while ((end = input_.find("\r\n")) == std::string::npos) receive();
      left = std::strtoull(input_.c_str(), nullptr, 16);
      input_.erase(0, end + 2);
      take_body(left, answer);
      while (input_.size() < 2) receive();
      input_.erase(0, 2);
    }
  }

  void receive() {
    if (block_.empty()) block_.resize(256 * 1024);
    const ssize_t n = ssl_ ? SSL_read(ssl_, block_.data(), static_cast<int>(block_.size()))
                           : ::recv(fd_, block_.data(), block_.size(), 0);
    if (n <= 0) die("the server closed the connection instead of answering");
    input_.append(block_.data(), static_cast<std::size_t>(n));
  }

  int fd_ = -1;
  SSL* ssl_ = nullptr;
  std::string input_, body_;
  std::vector<char> block_;
};

std::string head(std::string_view method, std::string_view path, std::string_view more) {
  std::string out = fmt::format("{} {} HTTP/1.1\r\nHost: {}:{}\r\n{}", method, path, options.host, options.port, more);
  for (const std::string& header : options.headers) out += header + "\r\n";
  return out + "\r\n";
}

std::mutex results_mutex;
std::string uploads_json;
std::vector<double> latencies_ms;
std::uint64_t resent_bytes = 0;
int cuts = 0;

// The path of a Location, which some servers give as a whole address.
std::string path_of(const std::string& location) {
  const std::size_t scheme = location.find("://");
  return scheme == std::string::npos ? location : location.substr(location.find('/', scheme + 3));
}

void put(Connection& connection, int file, std::uint64_t offset, int number) {
  const std::string path = fmt::format("{}{}", options.path, number);
  connection.send_text(head("PUT", path, fmt::format("Content-Length: {}\r\n", options.bytes)), MSG_MORE);
  connection.send_file(file, offset, options.bytes);
  connection.answer("PUT");
  const std::scoped_lock lock(results_mutex);
  uploads_json += fmt::format(R"({}{{"location":"{}","from":{}}})", uploads_json.empty() ? "" : ",", path, offset);
}

void tus(std::unique_ptr<Connection>& connection, int file, std::uint64_t offset, std::uint64_t cut_at) {
  const std::string version = "Tus-Resumable: 1.0.0\r\n";
  connection->send_text(head("POST", options.path,
                             version + fmt::format("Upload-Length: {}\r\nContent-Length: 0\r\n"
                                                   "Upload-Metadata: filename Y2xpcC5tcDQ=\r\n",
                                                   options.bytes)));
  const Answer created = connection->answer("POST");
  const auto location = created.headers.find("location");
  if (location == created.headers.end()) die("no Location");
  const std::string path = path_of(location->second);
  std::uint64_t done = 0;
  std::uint64_t sent_in_all = 0;
  for (int resumes = 0; done < options.bytes;) {
    const std::uint64_t wanted =
        options.patch > 0 ? std::min(options.patch, options.bytes - done) : options.bytes - done;
    connection->send_text(
        head("PATCH", path,
             version + fmt::format("Upload-Offset: {}\r\nContent-Type: application/offset+octet-stream\r\n"
                                   "Content-Length: {}\r\n",
                                   done, wanted)),
        MSG_MORE);
    if (cut_at > done && cut_at < done + wanted) {
      connection->send_file(file, offset + done, cut_at - done);
      sent_in_all += cut_at - done;
      connection = std::make_unique<Connection>();  // the old one is closed in the middle of its body
      cut_at = 0;
      // The server may still be writing what came before the cut: 423 says so, and asking again is the protocol.
      for (;; ++resumes) {
        if (resumes == kResumesMax) die("an upload that was cut cannot be resumed");
        connection->send_text(head("HEAD", path, version));
        const Answer stands = connection->answer("HEAD");
        const auto at = stands.headers.find("upload-offset");
        if (stands.status == 200 && at != stands.headers.end()) {
          done = std::strtoull(at->second.c_str(), nullptr, 10);
          // Settled once the writer has gone: an empty PATCH is refused as long as it has not.
          connection->send_text(head("PATCH", path,
                                     version + fmt::format("Upload-Offset: {}\r\nContent-Type: "
                                                           "application/offset+octet-stream\r\nContent-Length: 0\r\n",
                                                           done)));
          if (connection->answer("PATCH", Connection::Refusal::kTold).status == 204) break;
          connection = std::make_unique<Connection>();
        }
        // A load generator, not a test: a tus client waits before it asks again, and asking at once would measure the asking.
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
      continue;
    }
    connection->send_file(file, offset + done, wanted);
    sent_in_all += wanted;
    const Answer patched = connection->answer("PATCH");
    if (patched.status != 204) die(fmt::format("PATCH answered {}", patched.status));
    done += wanted;
  }
  const std::scoped_lock lock(results_mutex);
  uploads_json += fmt::format(R"({}{{"location":"{}","from":{}}})", uploads_json.empty() ? "" : ",", path, offset);
  resent_bytes += sent_in_all - options.bytes;
}

void get(Connection& connection, std::mt19937_64& random) {
  std::string range;
  if (options.range > 0) {
    const std::uint64_t at = random() % (options.size / options.range) * options.range;
    range = fmt::format("Range: bytes={}-{}\r\n", at, at + options.range - 1);
  }
  const Clock::time_point start = Clock::now();
  connection.send_text(head("GET", options.path, range));
  const Answer answer = connection.answer("GET", Connection::Refusal::kFatal, start);
  if (answer.status != (options.range > 0 ? 206 : 200)) die(fmt::format("GET answered {}", answer.status));
  const std::scoped_lock lock(results_mutex);
  latencies_ms.push_back(answer.first_byte_ms);
}

double percentile(const std::vector<double>& sorted, double share) {
  return sorted.empty() ? 0
                        : sorted[std::min(sorted.size() - 1,
                                          static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

void parse(int argc, char** argv) {
  if (argc < 4) die("usage: load put|tus|get HOST:PORT PATH [--option value]…");
  options.mode = argv[1];
  const std::string address = argv[2];
  options.host = address.substr(0, address.rfind(':'));
  options.port = std::atoi(address.substr(address.rfind(':') + 1).c_str());
  options.path = argv[3];
  for (int i = 4; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const std::string value = argv[i + 1];
    const std::uint64_t number = std::strtoull(value.c_str(), nullptr, 10);
    if (name == "--file")
      options.file = value;
    else if (name == "--header")
      options.headers.push_back(value);
    else if (name == "--tls")
      options.is_tls = number == 1;
    else if (name == "--bytes")
      options.bytes = number;
    else if (name == "--patch")
      options.patch = number;
    else if (name == "--rate")
      options.rate = number;
    else if (name == "--range")
      options.range = number;
    else if (name == "--size")
      options.size = number;
    else if (name == "--count")
      options.count = static_cast<int>(number);
    else if (name == "--connections")
      options.connections = static_cast<int>(number);
    else if (name == "--seconds")
      options.seconds = std::atof(value.c_str());
    else if (name == "--cut")
      options.cut = std::atof(value.c_str());
    else if (name == "--arrivals")
      options.arrivals = std::atof(value.c_str());
    else if (name == "--seed")
      options.seed = static_cast<unsigned>(number);
    else
      die("unknown option " + name);
  }
}

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);  // sendfile has no flag for it
  parse(argc, argv);
  int file = -1;
  std::uint64_t file_bytes = 0;
  if (options.arrivals > 0 && options.count % options.connections != 0) die("devices have as many files each");
  if (options.mode != "get") {
    file = ::open(options.file.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) die("--file cannot be opened");
    file_bytes = static_cast<std::uint64_t>(::lseek(file, 0, SEEK_END));
    if (file_bytes < options.bytes) die("--file is shorter than one upload");
  }
  std::atomic<int> next = 0;
  const Clock::time_point start = Clock::now();
  double last_arrival_s = 0;  // written by the last thread alone, read when it has ended
  std::vector<std::thread> threads;
  for (int t = 0; t < options.connections; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(options.seed * 1'000u + static_cast<unsigned>(t));
      // The first device is there at once, and each later one somewhere in its own part of the time.
      const double at = t == 0 ? 0 : (t + std::uniform_real_distribution<>(0, 1)(random)) / options.connections;
      std::this_thread::sleep_until(start + std::chrono::duration<double>(options.arrivals * at));
      if (t == options.connections - 1) last_arrival_s = options.arrivals * at;
      auto connection = std::make_unique<Connection>();
      const int each = options.count / options.connections;
      for (int sent = 0;; ++sent) {
        if (options.arrivals > 0 && sent == each) return;
        const int number = options.arrivals > 0 ? t * each + sent : next++;
        if (options.seconds > 0 ? ms_since(start) >= options.seconds * 1'000 : number >= options.count) return;
        if (options.mode == "get") {
          get(*connection, random);
          continue;
        }
        const std::uint64_t slots = file_bytes / options.bytes;
        const std::uint64_t offset = static_cast<std::uint64_t>(number) % slots * options.bytes;
        if (options.mode == "put") {
          put(*connection, file, offset, number);
        } else {
          const bool is_cut = std::uniform_real_distribution<>(0, 1)(random) < options.cut;
          const std::uint64_t cut_at = is_cut ? 1 + random() % (options.bytes - 1) : 0;
          if (is_cut) {
            const std::scoped_lock lock(results_mutex);
            ++cuts;
          }
          tus(connection, file, offset, cut_at);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds = ms_since(start) / 1'000;
  std::sort(latencies_ms.begin(), latencies_ms.end());
  fmt::print(
      R"({{"seconds":{:.4f},"last_arrival":{:.4f},"requests":{},"p50_ms":{:.4f},"p99_ms":{:.4f},"resent":{},"cuts":{},"uploads":[{}]}})"
      "\n",
      seconds, last_arrival_s, latencies_ms.size(), percentile(latencies_ms, 0.5), percentile(latencies_ms, 0.99),
      resent_bytes, cuts, uploads_json);
}
