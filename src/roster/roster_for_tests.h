// SPDX-License-Identifier: Apache-2.0
#pragma once
// The roster in a catalog of its own, with one agency.
//
// Owns: a scratch directory.
// Promises: gone when the test is over.
// Fails with: a failed test.
// Threads: one.

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "crypto/random.h"
#include "db/catalog_for_tests.h"
#include "roster/roster.h"

namespace lapel::roster {

inline constexpr Timestamp kNow{1'700'000'000'000'000};

class RosterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ =
        std::filesystem::temp_directory_path() / fmt::format("lapel-roster-{}", hex(crypto::random_bytes<8>()));
    std::filesystem::create_directory(directory_);
    catalog_.emplace(directory_, db::CatalogForTests::Modules{{"roster", schema()}});
    database_ = catalog_->open();
    agency_ = add_agency("Ashfield");
  }
  void TearDown() override {
    database_.reset();
    std::filesystem::remove_all(directory_);
  }

  AgencyId add_agency(const std::string& name) {
    const Agency agency{crypto::new_id<AgencyId>(), name, slug_of(name), false, crypto::new_id<PersonId>()};
    EXPECT_TRUE(database_->write([&](db::Transaction& tx) { return roster::add_agency(tx, agency); }));
    return agency.id;
  }
  PersonId add(const AgencyId& agency, const std::string& login, const std::set<access::Role>& roles) {
    const Person added{crypto::new_id<PersonId>(), agency, login, login, std::nullopt, roles};
    EXPECT_TRUE(database_->write([&](db::Transaction& tx) { return add_person(tx, added, kNow); }));
    return added.id;
  }
  // What `read` finds: Transaction& -> Result of it.
  template <typename Read>
  auto read(const Read& read) {
    std::optional<typename decltype(read(std::declval<db::Transaction&>()))::value_type> out;
    EXPECT_TRUE(database_->read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(read(tx));
      return {};
    }));
    return *std::move(out);
  }

  std::filesystem::path directory_;
  std::optional<db::CatalogForTests> catalog_;
  std::unique_ptr<db::Database> database_;
  AgencyId agency_;
};

}  // namespace lapel::roster
