// SPDX-License-Identifier: Apache-2.0
#pragma once
// The room over a catalog and a key store of its own, with one person of one agency.
//
// Owns: a scratch directory.
// Promises: time stands still until the test moves it.
// Fails with: a failed test.
// Threads: one.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "crypto/password.h"
#include "crypto/random.h"
#include "db/catalog_for_tests.h"
#include "roster/roster.h"
#include "signin/factors.h"
#include "signin/rules.h"
#include "signin/sessions.h"
#include "signin/signin.h"

namespace lapel::signin {

inline constexpr const char* kPassword = "correct horse battery staple";

// RFC 4226 5.3 by hand, so that what makes a code and what checks it share nothing.
inline std::string totp_code(const TotpSecret& secret, Timestamp at) {
  const auto step = big_endian_u64(static_cast<std::uint64_t>(at.seconds() / kTotpStepS));
  ByteArray<20> mac;
  unsigned size = 0;
  HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()), step.data(), step.size(), mac.data(), &size);
  const std::size_t from = mac[19] & 15;
  const std::uint32_t number = static_cast<std::uint32_t>(mac[from] & 127) << 24 |
                               static_cast<std::uint32_t>(mac[from + 1]) << 16 |
                               static_cast<std::uint32_t>(mac[from + 2]) << 8 | mac[from + 3];
  return fmt::format("{:06}", number % 1'000'000);
}

class RoomTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ =
        std::filesystem::temp_directory_path() / fmt::format("lapel-signin-{}", hex(crypto::random_bytes<8>()));
    std::filesystem::create_directory(directory_);
    std::filesystem::permissions(directory_, std::filesystem::perms::owner_all);
    catalog_.emplace(directory_, db::CatalogForTests::Modules{{"roster", roster::schema()}, {"signin", schema()}});
    database_ = catalog_->open();
    agency_ = {crypto::new_id<AgencyId>(), "Ashfield", "ashfield", true, crypto::new_id<PersonId>()};
    disk_ = os::real_disk();
    keys_ = *store::KeyStore::open(*disk_, directory_ / "keys");
    ASSERT_TRUE(keys_->create_agency("ashfield"));
    write([&](db::Transaction& tx) { return roster::add_agency(tx, agency_); });
    person_ = add("hill");
    set_rules({.second_factor = SecondFactor::kOptional, .banner = {}});
    locks_ = std::make_unique<Locks>(Locks::Parts{*database_, clock_});
    challenges_ = std::make_unique<Challenges>(Challenges::Parts{*database_, clock_});
    factors_ = std::make_unique<Factors>(Factors::Parts{*database_, clock_, *keys_, *locks_, *challenges_});
    sessions_ = std::make_unique<Sessions>(Sessions::Parts{*database_, clock_, *locks_});
  }
  void TearDown() override {
    sessions_.reset();
    factors_.reset();
    database_.reset();
    std::filesystem::remove_all(directory_);
  }

  void write(const std::function<Result<void>(db::Transaction&)>& body) {
    const Result<void> written = database_->write(body);
    ASSERT_TRUE(written) << written.error().text();
  }
  roster::Person add(const std::string& login) {
    static const std::string kHash = crypto::hash_password(kPassword);
    const roster::Person person{crypto::new_id<PersonId>(), agency_.id, login, "Of " + login, std::nullopt,
                                {access::Role::kRecords}};
    write([&](db::Transaction& tx) -> Result<void> {
      TRY(roster::add_person(tx, person, clock_.now()));
      return set_password(tx, person.id, kHash, clock_.now());
    });
    return person;
  }
  void set_rules(const SignInRules& rules) {
    write([&](db::Transaction& tx) { return set_sign_in_rules(tx, agency_.id, rules); });
  }
  bool is_locked(const std::string& login) {
    bool out = false;
    write([&](db::Transaction& tx) -> Result<void> {
      out = TRY(Locks::locked_at(tx, login)).has_value();
      return {};
    });
    return out;
  }
  static By by(const roster::Person& person) { return {person.id, person.login, "192.0.2.1"}; }

  std::filesystem::path directory_;
  std::optional<db::CatalogForTests> catalog_;
  ManualClock clock_{Timestamp{1'700'000'000'000'000}};
  std::unique_ptr<os::Disk> disk_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<store::KeyStore> keys_;
  roster::Agency agency_;
  roster::Person person_;
  std::unique_ptr<Locks> locks_;
  std::unique_ptr<Challenges> challenges_;
  std::unique_ptr<Factors> factors_;
  std::unique_ptr<Sessions> sessions_;
};

}  // namespace lapel::signin
