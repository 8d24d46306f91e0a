// SPDX-License-Identifier: Apache-2.0
// TLS straight on the socket: OpenSSL reads into and writes from the caller's buffers, without the pair of
// memory BIOs that a stream adapter would copy through.
#include <algorithm>
#include <array>
#include <cerrno>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "base/check.h"
#include "base/problems.h"
#include "http/conn.h"

namespace lapel::http {
namespace {

// Ciphertext taken from the socket at once: several records, so that a fast upload does not cost two reads a
// record.
constexpr std::size_t kReadAheadBytes = 128 * 1024;

// One call writes at most one record, because of SSL_MODE_ENABLE_PARTIAL_WRITE.
constexpr std::size_t kRecordBytesMax = 16 * 1024;

// The socket as OpenSSL writes to it. Its own BIO sends each record at once; where more follows, the kernel is told to wait for
// it, which halves what sending costs.
struct Wire {
  int fd = -1;
  bool more_follows = false;
};

int send_to_wire(BIO* bio, const char* data, std::size_t bytes, std::size_t* written) {
  const Wire& wire = *static_cast<const Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  ssize_t count = 0;
  do {
    count = ::send(wire.fd, data, bytes, MSG_NOSIGNAL | (wire.more_follows ? MSG_MORE : 0));
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) BIO_set_retry_write(bio);
    return 0;
  }
  *written = static_cast<std::size_t>(count);
  return 1;
}

long control_wire(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;  // nothing is kept back here
}

BIO* open_wire(Wire& wire) {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "lapel wire");
    CHECK(made != nullptr && BIO_meth_set_write_ex(made, send_to_wire) == 1 &&
          BIO_meth_set_ctrl(made, control_wire) == 1);
    return made;
  }();
  BIO* const bio = BIO_new(method);
  CHECK(bio != nullptr);
  BIO_set_data(bio, &wire);
  BIO_set_init(bio, 1);
  return bio;
}

class TlsConn final : public Conn {
 public:
  TlsConn(UniqueFd fd, SSL_CTX* context) : Conn(std::move(fd)), ssl_(SSL_new(context)) {
    CHECK(ssl_ != nullptr);
    CHECK(SSL_set_rfd(ssl_, descriptor()) == 1);
    wire_.fd = descriptor();
    SSL_set0_wbio(ssl_, open_wire(wire_));
    SSL_set_accept_state(ssl_);
  }
  ~TlsConn() override { SSL_free(ssl_); }

  Step handshake() override {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    return result == 1 ? Step{} : failed(result);
  }

  // Record after record until the buffer is full or the socket empty: one call then fills a large buffer.
  Step read(std::span<std::uint8_t> out) override {
    std::size_t filled = 0;
    while (filled < out.size()) {
      ERR_clear_error();
      std::size_t count = 0;
      const int result = SSL_read_ex(ssl_, out.data() + filled, out.size() - filled, &count);
      if (result != 1) {
        if (filled > 0) break;  // what stopped it will be met again by the next call
        return failed(result);
      }
      filled += count;
    }
    return {filled, Outcome::kDone};
  }

  Step write(std::string_view text, Follows follows) override {
    ERR_clear_error();
    std::size_t count = 0;
    wire_.more_follows = follows == Follows::kMore || text.size() > kRecordBytesMax;
    const int result = SSL_write_ex(ssl_, text.data(), text.size(), &count);
    wire_.more_follows = false;
    return result == 1 ? Step{count, Outcome::kDone} : failed(result);
  }
  bool can_send_file() const override { return false; }
  Step send_file(int, std::uint64_t, std::size_t) override { CHECK(false); }
  void shutdown_write() override {
    ERR_clear_error();
    if (!is_broken_) SSL_shutdown(ssl_);
    ::shutdown(descriptor(), SHUT_WR);
  }

 private:
  Step failed(int result) {
    switch (SSL_get_error(ssl_, result)) {
      case SSL_ERROR_WANT_READ:
        return {0, Outcome::kWantRead};
      case SSL_ERROR_WANT_WRITE:
        return {0, Outcome::kWantWrite};
      case SSL_ERROR_ZERO_RETURN:
        return {0, Outcome::kEnd};
      default:
        break;
    }
    is_broken_ = true;  // OpenSSL forbids SSL_shutdown after a fatal error
    return {0, Outcome::kEnd};
  }

  Wire wire_;
  SSL* ssl_;
  bool is_broken_ = false;
};

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
                    unsigned int in_length, void*) {
  static constexpr std::array<unsigned char, 9> kHttp11 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, kHttp11.data(), kHttp11.size(), in, in_length) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

std::string openssl_reason() {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  return text.data();
}

}  // namespace

struct TlsContext::Impl {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  Impl() { CHECK(context != nullptr); }
  ~Impl() { SSL_CTX_free(context); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
};

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

Result<std::unique_ptr<TlsContext>> TlsContext::open(const std::string& certificate_file, const std::string& key_file) {
  auto impl = std::make_unique<Impl>();
  SSL_CTX* const context = impl->context;
  ERR_clear_error();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // A client that closes without close_notify is common; HTTP's own framing tells a cut body from a whole
  // one.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, kReadAheadBytes);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return fail(problems::kInvalid, "The TLS certificate cannot be used: " + openssl_reason(), certificate_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return fail(problems::kInvalid, "The TLS key cannot be used with this certificate: " + openssl_reason(), key_file);
  }
  return std::unique_ptr<TlsContext>(new TlsContext(std::move(impl)));
}

std::unique_ptr<Conn> TlsContext::accept(UniqueFd fd) const {
  return std::make_unique<TlsConn>(std::move(fd), impl_->context);
}

}  // namespace lapel::http
