// SPDX-License-Identifier: Apache-2.0
#include "signin/idle_accounts.h"

#include <map>

#include "base/clock.h"
#include "signin/accounts.h"
#include "signin/record.h"
#include "signin/room_for_tests.h"
#include "signin/tokens.h"

namespace lapel::signin {
namespace {

class IdleAccountsTest : public RoomTest {
 protected:
  std::map<PersonId, IdleAccounts::Use> uses() {
    std::map<PersonId, IdleAccounts::Use> out;
    write([&](db::Transaction& tx) -> Result<void> {
      for (const IdleAccounts::Use& use : TRY(IdleAccounts::uses(tx, agency_.id))) out[use.person] = use;
      return {};
    });
    return out;
  }
  void run(const std::string& sql, const PersonId& person, Timestamp at) {
    write([&](db::Transaction& tx) -> Result<void> {
      EXPECT_GE(TRY(tx.run(sql, {{"person", person.text()}, {"at", at.us}})), 1) << sql;
      return {};
    });
  }
  void happened(AccountEvent event, const PersonId& person, Timestamp at) {
    write([&](db::Transaction& tx) { return note(tx, {.at = at, .event = event, .person = person}); });
  }
};

TEST_F(IdleAccountsTest, ItCountsFromTheLastOfEntryActivationSignInAndUseOfAToken) {
  const Timestamp entered = clock_.now();
  EXPECT_EQ(uses().at(person_.id).counts_from, entered);
  EXPECT_FALSE(uses().at(person_.id).used_at);
  // Neither a wrong password nor a right one alone is a sign-in.
  for (const AccountEvent event : {AccountEvent::kFailed, AccountEvent::kPasswordShown, AccountEvent::kInvited})
    happened(event, person_.id, entered + 5 * kDayUs);
  EXPECT_EQ(uses().at(person_.id).counts_from, entered);
  happened(AccountEvent::kSignedIn, person_.id, entered + 2 * kDayUs);
  happened(AccountEvent::kSignedIn, person_.id, entered + 1 * kDayUs);
  EXPECT_EQ(uses().at(person_.id).used_at, entered + 2 * kDayUs);
  const NewToken wanted{person_.login, {}, entered + 90 * kDayUs};
  const auto made = make_token(wanted, entered);
  ASSERT_TRUE(made);
  write([&](db::Transaction& tx) { return add_token(tx, *made, wanted, entered); });
  EXPECT_EQ(uses().at(person_.id).counts_from, entered + 2 * kDayUs) << "a token that nobody uses";
  run("UPDATE tokens SET used_us = :at WHERE person = :person", person_.id, entered + 3 * kDayUs);
  EXPECT_EQ(uses().at(person_.id).counts_from, entered + 3 * kDayUs);
  run("UPDATE people SET active_from_us = :at WHERE id = :person", person_.id, entered + 4 * kDayUs);
  EXPECT_EQ(uses().at(person_.id).counts_from, entered + 4 * kDayUs);
  EXPECT_EQ(uses().at(person_.id).used_at, entered + 3 * kDayUs);
}

TEST_F(IdleAccountsTest, OfManyPeopleEachIsLookedAtAndNobodyWhoIsInactive) {
  constexpr int kMore = 1'100;  // more than a page
  write([&](db::Transaction& tx) -> Result<void> {
    for (int i = 0; i < kMore; ++i) {
      TRY(roster::add_person(tx,
                             {crypto::new_id<PersonId>(),
                              agency_.id,
                              fmt::format("p{}", i),
                              "P",
                              std::nullopt,
                              {access::Role::kAdministrator}},
                             clock_.now()));
    }
    return {};
  });
  EXPECT_EQ(uses().size(), kMore + 1u);
  EXPECT_FALSE(uses().at(person_.id).is_administrator);
  run("UPDATE people SET active_until_us = :at WHERE id = :person", person_.id, clock_.now());
  EXPECT_EQ(uses().size(), static_cast<std::size_t>(kMore));
  EXPECT_TRUE(uses().begin()->second.is_administrator);
}

TEST_F(IdleAccountsTest, WhyAnAccountIsDisabledIsToldUntilItIsActivated) {
  const auto is_disabled = [&] {
    bool out = false;
    write([&](db::Transaction& tx) -> Result<void> {
      out = TRY(account_facts(tx, agency_.id, clock_.now()))[person_.id].is_disabled;
      return {};
    });
    return out;
  };
  run("UPDATE people SET active_until_us = :at WHERE id = :person", person_.id, clock_.now());
  EXPECT_FALSE(is_disabled()) << "by hand";
  happened(AccountEvent::kDisabled, person_.id, clock_.now());
  EXPECT_TRUE(is_disabled());
  clock_.advance_us(kDayUs);
  run("UPDATE people SET active_until_us = NULL, active_from_us = :at WHERE id = :person", person_.id, clock_.now());
  EXPECT_FALSE(is_disabled());
  run("UPDATE people SET active_until_us = :at WHERE id = :person", person_.id, clock_.now());
  EXPECT_FALSE(is_disabled()) << "by hand, after that";
}

TEST_F(IdleAccountsTest, TheDaysAreNoneThatSwitchItOff) {
  for (const std::int64_t days : {std::int64_t{-1}, std::int64_t{0}, kIdleDaysMin - 1, kIdleDaysMax + 1}) {
    const auto set = database_->write([&](db::Transaction& tx) {
      return set_sign_in_rules(tx, agency_.id,
                               {.second_factor = SecondFactor::kOptional, .banner = {}, .idle_days = days});
    });
    ASSERT_FALSE(set) << days;
    EXPECT_EQ(set.error().code(), Code::kInvalid);
  }
  write([&](db::Transaction& tx) -> Result<void> {
    EXPECT_EQ(TRY(sign_in_rules(tx, agency_.id)).idle_days, kIdleDays) << "of an agency that has said nothing of it";
    return {};
  });
}

}  // namespace
}  // namespace lapel::signin
