// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate.h"

#include <ctime>
#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "crypto/openssl.h"
#include "crypto/sha256.h"

namespace lapel::crypto {
namespace {

// The DER of each block of the text; nothing where one is of another kind.
std::optional<std::vector<Bytes>> blocks(std::string_view pem, std::string_view kind) {
  const openssl::Source source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (source == nullptr) return std::nullopt;
  std::vector<Bytes> out;
  for (;;) {
    char *name = nullptr, *header = nullptr;
    unsigned char* data = nullptr;
    long length = 0;
    if (PEM_read_bio(source.get(), &name, &header, &data, &length) != 1) break;
    const bool is_wanted = name == kind;
    if (is_wanted) out.emplace_back(data, data + length);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
    if (!is_wanted) return std::nullopt;
  }
  ERR_clear_error();
  return out;
}

std::optional<Certificate> read_certificate(const Bytes& der) {
  const unsigned char* at = der.data();
  const openssl::Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  std::tm until{};
  if (certificate == nullptr || at != der.data() + der.size() ||
      ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &until) != 1)
    return std::nullopt;
  const openssl::Source out(BIO_new(BIO_s_mem()));
  char* text = nullptr;
  if (out == nullptr || PEM_write_bio_X509(out.get(), certificate.get()) != 1) return std::nullopt;
  const long bytes = BIO_get_mem_data(out.get(), &text);
  return Certificate{{text, static_cast<std::size_t>(bytes)},
                     sha256(der),
                     Timestamp{static_cast<std::int64_t>(timegm(&until)) * 1'000'000}};
}

}  // namespace

std::optional<std::vector<Certificate>> read_certificates(std::string_view pem) {
  const auto ders = blocks(pem, "CERTIFICATE");
  if (!ders || ders->empty()) return std::nullopt;
  std::vector<Certificate> out;
  for (const Bytes& der : *ders) {
    auto certificate = read_certificate(der);
    if (!certificate) return std::nullopt;
    out.push_back(*std::move(certificate));
  }
  return out;
}

std::optional<RsaPublicKey> read_rsa_public_key(std::string_view pem) {
  const auto ders = blocks(pem, "PUBLIC KEY");
  if (!ders || ders->size() != 1) return std::nullopt;
  const Bytes& der = (*ders)[0];
  const unsigned char* at = der.data();
  const openssl::Key key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (key == nullptr || at != der.data() + der.size() || EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA)
    return std::nullopt;
  return RsaPublicKey{sha256(der), EVP_PKEY_bits(key.get())};
}

}  // namespace lapel::crypto
