// SPDX-License-Identifier: Apache-2.0
#pragma once
// Owners of what OpenSSL allocates, for the sources of this folder alone.
//
// Owns: nothing.
// Promises: each object is freed once, by the function that OpenSSL names for it.
// Fails with: nothing.
// Threads: values.

#include <memory>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/x509.h>

namespace lapel::crypto::openssl {

template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};
template <typename T, auto kFree>
using Owned = std::unique_ptr<T, Freed<kFree>>;

using Source = Owned<BIO, BIO_free_all>;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using KeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using CipherContext = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using Derivation = Owned<EVP_KDF, EVP_KDF_free>;
using DerivationContext = Owned<EVP_KDF_CTX, EVP_KDF_CTX_free>;
using Certificate = Owned<X509, X509_free>;

}  // namespace lapel::crypto::openssl
