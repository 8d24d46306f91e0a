// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/problems.h"
#include "http/session.h"

namespace lapel::http {
namespace {

namespace asio = boost::asio;

constexpr int kBacklog = 1024;
constexpr int kAcceptsATurn = 64;
constexpr std::int64_t kStopGrace_ms = 10'000;
constexpr std::int64_t kAcceptPause_ms = 100;  // when the process is out of descriptors
constexpr int kThreadsMax = 64;
constexpr std::string_view kHttp = "http://", kHttps = "https://";
// Given at accept, before a request is read, so that it costs nothing when there is nothing left to spend.
constexpr std::string_view kTooManyConnections =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\nConnection: close\r\n\r\n";

std::string errno_text(int number) {
  return std::system_category().message(number);
}

struct HostPort {
  std::string host, port;
};

Result<HostPort> split_listen(const std::string& listen) {
  const auto malformed = [&] {
    return fail(problems::kInvalid, "An address to listen on looks like HOST:PORT or [IPv6]:PORT.", listen);
  };
  const std::size_t colon = listen.rfind(':');
  if (colon == listen.npos || colon == 0) return malformed();
  HostPort out{listen.substr(0, colon), listen.substr(colon + 1)};
  const auto port = parse_decimal(out.port);
  if (!port || *port > 65535) return malformed();
  if (out.host.starts_with('[')) {
    if (!out.host.ends_with(']')) return malformed();
    out.host = out.host.substr(1, out.host.size() - 2);
  } else if (out.host.find(':') != out.host.npos) {
    return malformed();  // IPv6 without brackets: where the port starts would be a guess
  }
  return out;
}

int local_port(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  CHECK(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

std::string address_text(const sockaddr_storage& address, socklen_t length) {
  char host[NI_MAXHOST];
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address), length, host, sizeof host, nullptr, 0,
                    NI_NUMERICHOST) != 0) {
    return {};
  }
  return normal_address(host);
}

bool is_loopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET)
    return ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) >> 24 == 127;
  if (address.ss_family != AF_INET6) return false;
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

// Nobody's password or footage crosses a network in the clear: beyond this machine TLS ends here, or at a proxy in front.
enum class Reach { kLoopback, kAnywhere };
Reach reach_of(const ServerOptions& options) {
  const bool is_behind_proxy = !options.trusted_proxies.empty() && options.public_url.starts_with(kHttps);
  return !options.tls_certificate_file.empty() || is_behind_proxy ? Reach::kAnywhere : Reach::kLoopback;
}

// A listening socket for each address the host name has: "localhost" is usually two.
Result<std::vector<UniqueFd>> listen_on(const std::string& listen, Reach reach) {
  const HostPort where = TRY(split_listen(listen));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* raw_found = nullptr;
  if (const int code = ::getaddrinfo(where.host.c_str(), where.port.c_str(), &hints, &raw_found); code != 0) {
    return fail(problems::kInvalid, "The address to listen on is unknown.", listen + ": " + ::gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(raw_found, ::freeaddrinfo);

  std::vector<UniqueFd> out;
  int absent = 0;
  for (const addrinfo* each = found.get(); each != nullptr; each = each->ai_next) {
    sockaddr_storage address{};
    std::memcpy(&address, each->ai_addr, each->ai_addrlen);
    if (reach == Reach::kLoopback && !is_loopback(address)) {
      return fail(
          problems::kInvalid,
          "Beyond this machine the server listens with TLS alone: give --tls-cert and --tls-key, or, where a proxy "
          "in front ends TLS, name it by --trusted-proxy and the https address that people use by --public-url.",
          listen);
    }
    if (!out.empty() && where.port == "0") {  // all on the port the first was given
      const auto port = htons(static_cast<std::uint16_t>(local_port(out.front().get())));
      if (each->ai_family == AF_INET6) reinterpret_cast<sockaddr_in6&>(address).sin6_port = port;
      if (each->ai_family == AF_INET) reinterpret_cast<sockaddr_in&>(address).sin_port = port;
    }
    UniqueFd fd(::socket(each->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    if (fd.get() >= 0) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd.get() < 0 || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), each->ai_addrlen) != 0 ||
        ::listen(fd.get(), kBacklog) != 0) {
      const int number = errno;
      absent = number;
      // A name may have an address this machine does not: IPv6 in a container without it.
      if (number == EADDRNOTAVAIL || number == EAFNOSUPPORT) continue;
      const std::string context = listen + ": " + errno_text(number);
      if (number == EADDRINUSE) return fail(problems::kConflict, "Another program listens on this address.", context);
      if (number == EACCES) return fail(problems::kDenied, "This user may not listen on this port.", context);
      return fail(problems::kInternal, "The address cannot be listened on.", context);
    }
    out.push_back(std::move(fd));
  }
  if (out.empty()) {
    return fail(problems::kConflict, "This machine does not have the address to listen on.",
                listen + ": " + errno_text(absent));
  }
  return out;
}

// HOST[:PORT] of an address without a path; empty when it is none.
std::string public_host(std::string_view url) {
  for (const std::string_view scheme : {kHttps, kHttp}) {
    if (!url.starts_with(scheme)) continue;
    url.remove_prefix(scheme.size());
    if (url.ends_with('/')) url.remove_suffix(1);
    return url.find_first_of("/?#@ \\") == url.npos ? std::string(url) : std::string();
  }
  return {};
}

Result<void> check_options(const ServerOptions& options) {
  const auto refuse = [](const char* what) { return fail(problems::kInvalid, what, "server options"); };
  if (options.io_threads < 1 || options.io_threads > kThreadsMax) return refuse("io_threads must be 1 to 64.");
  if (options.handler_threads < 1 || options.handler_threads > kThreadsMax) {
    return refuse("handler_threads must be 1 to 64.");
  }
  if (options.body_chunk_bytes == 0 || options.body_chunk_bytes % os::kDirectAlignmentBytes != 0) {
    return refuse("body_chunk_bytes must be a multiple of 4096.");
  }
  if (options.connections_max == 0) return refuse("connections_max must be at least 1.");
  for (const std::int64_t ms : {options.header_timeout_ms, options.body_idle_timeout_ms, options.write_idle_timeout_ms,
                                options.keep_alive_timeout_ms}) {
    if (ms <= 0) return refuse("Timeouts must be positive.");
  }
  if (options.tls_certificate_file.empty() != options.tls_key_file.empty()) {
    return refuse("TLS needs both a certificate and a key.");
  }
  if (!options.public_url.empty() && public_host(options.public_url).empty()) {
    return fail(problems::kInvalid, "A public URL is http:// or https:// and a host, perhaps with a port, and no path.",
                options.public_url);
  }
  return {};
}

}  // namespace

struct Server::Impl {
  Impl(ServerOptions options, Routes routes, TrustedProxies proxies, std::vector<UniqueFd> sockets,
       std::unique_ptr<TlsContext> given_tls)
      : tls(std::move(given_tls)),
        port(local_port(sockets.front().get())),
        loops(static_cast<std::size_t>(options.io_threads)),
        shared(std::move(options), std::move(routes), std::move(proxies)) {
    for (UniqueFd& socket : sockets) listeners.emplace_back(loops.front().context, socket.release());
    for (Loop& loop : loops) work.emplace_back(loop.context.get_executor());
  }

  asio::awaitable<void> accept_from(asio::posix::stream_descriptor& listener) {
    asio::steady_timer pause(loops.front().context);
    for (;;) {
      const auto [error] =
          co_await listener.async_wait(asio::posix::stream_descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
      if (error) co_return;
      for (int i = 0; i < kAcceptsATurn; ++i) {
        sockaddr_storage address{};
        socklen_t length = sizeof address;
        UniqueFd fd(::accept4(listener.native_handle(), reinterpret_cast<sockaddr*>(&address), &length,
                              SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (fd.get() >= 0) {
          admit(std::move(fd), address_text(address, length));
          continue;
        }
        if (errno == ECONNABORTED || errno == EINTR) continue;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
          // The connection stays in the backlog; asking again at once would spin.
          pause.expires_after(std::chrono::milliseconds(kAcceptPause_ms));
          co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        break;
      }
    }
  }

  void admit(UniqueFd fd, std::string address) {
    if (shared.connections.fetch_add(1) >= shared.options.connections_max) {
      shared.connections.fetch_sub(1);
      if (!tls) {
        // As much as the socket takes at once, which is all of it; a refused client that misses it sees a
        // close.
        [[maybe_unused]] const ssize_t sent =
            ::send(fd.get(), kTooManyConnections.data(), kTooManyConnections.size(), MSG_NOSIGNAL);
        ::shutdown(fd.get(), SHUT_WR);
      }
      return;
    }
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Loop& loop = loops[next_loop++ % loops.size()];
    const std::string& url = shared.options.public_url;
    Origin origin{std::move(address), tls != nullptr, url.starts_with(kHttps) ? public_host(url) : std::string()};
    asio::post(loop.context, [this, &loop, fd = std::move(fd), origin = std::move(origin)]() mutable {
      start_session(loop, shared, tls ? tls->accept(std::move(fd)) : plain_conn(std::move(fd)), std::move(origin));
    });
  }

  const std::unique_ptr<TlsContext> tls;
  const int port;
  // One thread each, one connection on one loop for its life: no strands, no locks. A single acceptor deals
  // them out; SO_REUSEPORT would let a second server take the port unnoticed.
  std::vector<Loop> loops;
  std::size_t next_loop = 0;
  std::vector<asio::posix::stream_descriptor> listeners;
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> work;
  Shared shared;  // last: its pool ends before what its tasks refer to
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::open(Router router, ServerOptions options) {
  TRY(check_options(options));
  TrustedProxies proxies = TRY(TrustedProxies::parse(options.trusted_proxies));
  std::unique_ptr<TlsContext> tls;
  if (!options.tls_certificate_file.empty()) {
    tls = TRY(TlsContext::open(options.tls_certificate_file, options.tls_key_file));
  }
  std::vector<UniqueFd> sockets = TRY(listen_on(options.listen, reach_of(options)));
  // sendfile(2) and OpenSSL's write to a socket have no MSG_NOSIGNAL: a client that leaves would end the
  // process.
  std::signal(SIGPIPE, SIG_IGN);
  return std::unique_ptr<Server>(new Server(std::make_unique<Impl>(
      std::move(options), std::move(router.impl_->routes), std::move(proxies), std::move(sockets), std::move(tls))));
}

int Server::port() const {
  return impl_->port;
}

void Server::run() {
  for (auto& listener : impl_->listeners) {
    asio::co_spawn(impl_->loops.front().context, impl_->accept_from(listener), asio::detached);
  }
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < impl_->loops.size(); ++i) {
      threads.emplace_back([&loop = impl_->loops[i]] { loop.context.run(); });
    }
    impl_->loops.front().context.run();
  }
  impl_->shared.pool.stop();
  impl_->shared.questions.stop();
}

void Server::stop() {
  for (std::size_t i = 0; i < impl_->loops.size(); ++i) {
    asio::post(impl_->loops[i].context, [this, i] {
      Loop& loop = impl_->loops[i];
      if (loop.is_stopping) return;
      if (i == 0) {
        for (auto& listener : impl_->listeners) listener.close();
      }
      loop.begin_stop(kStopGrace_ms);
      impl_->work[i].reset();
    });
  }
}

}  // namespace lapel::http
