// SPDX-License-Identifier: Apache-2.0
#include "signin/tokens.h"

#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/problems.h"
#include "crypto/sha256.h"
#include "roster/roles.h"
#include "signin/room_for_tests.h"

namespace lapel::signin {
namespace {

class TokensTest : public RoomTest {
 protected:
  void SetUp() override {
    RoomTest::SetUp();
    add("ruiz");
    hill_ = person_.id;
  }

  Result<MadeToken> create(std::string_view expires = "", std::set<access::Action> scopes = {},
                           const std::string& login = "hill") {
    const Timestamp end = TRY(parse_token_end(expires, clock_.now()));
    const NewToken wanted{login, std::move(scopes), end};
    MadeToken made = TRY(make_token(wanted, clock_.now()));
    TRY(database_->write([&](db::Transaction& tx) { return add_token(tx, made, wanted, clock_.now()); }));
    return made;
  }
  Result<void> revoke(const TokenId& id) {
    return database_->write([&](db::Transaction& tx) { return revoke_token(tx, id, clock_.now()); });
  }
  Result<access::Actor> ask(const std::string& token) {
    http::Request request;
    request.headers = {{"authorization", "Bearer " + token}};
    return asker(*database_, clock_)(request);
  }
  std::vector<Token> listed(const std::optional<std::string>& login = std::nullopt) {
    const auto tokens = list_tokens(*database_, login, clock_.now());
    EXPECT_TRUE(tokens);
    return tokens.value_or(std::vector<Token>());
  }
  Result<void> deactivate() {
    return database_->write([&](db::Transaction& tx) { return roster::deactivate_person(tx, hill_, clock_.now()); });
  }
  Result<void> activate() {
    return database_->write([&](db::Transaction& tx) { return roster::activate_person(tx, hill_, clock_.now()); });
  }

  PersonId hill_;
};

TEST_F(TokensTest, ATokenActsForItsPersonUntilItsEndAndNoMomentLonger) {
  const auto made = create();
  ASSERT_TRUE(made) << made.error().text();
  ASSERT_TRUE(ask(made->text));
  EXPECT_EQ(ask(made->text)->login, "hill");
  clock_.advance_us(kTokenLifeDays * kDayUs - 1);
  EXPECT_TRUE(ask(made->text));
  clock_.advance_us(1);
  const auto expired = ask(made->text);
  ASSERT_FALSE(expired);
  std::string unknown = made->text;
  unknown.back() = unknown.back() == '0' ? '1' : '0';
  EXPECT_EQ(expired.error().problem, ask(unknown).error().problem);
  EXPECT_EQ(expired.error().text(), ask(unknown).error().text());
  EXPECT_EQ(listed()[0].state, TokenState::kExpired);
}

TEST_F(TokensTest, AnEndIsDaysOrATime) {
  const Timestamp now = clock_.now();
  EXPECT_EQ(parse_token_end("", now).value_or(now) - now, 90 * kDayUs);
  EXPECT_EQ(parse_token_end("1", now).value_or(now) - now, kDayUs);
  EXPECT_EQ(parse_token_end("366", now).value_or(now) - now, 366 * kDayUs);
  EXPECT_EQ(parse_token_end("2023-11-20T00:00:00Z", now).value_or(now), *parse_rfc3339("2023-11-20T00:00:00Z"));
  for (const std::string_view wrong : {"tomorrow", "-1", "1.5", "90d", " 90", "2023-11-20"}) {
    const auto end = parse_token_end(wrong, now);
    ASSERT_FALSE(end) << wrong;
    EXPECT_EQ(end.error().code(), Code::kInvalid);
  }
}

TEST_F(TokensTest, NoTokenIsOverAlreadyOrLivesLongerThanAYear) {
  for (const std::string& wrong : {std::string("0"), std::string("367"), std::string("99999999999999999999999"),
                                   std::string("2023-11-14T00:00:00Z"), std::string("2024-11-20T00:00:00Z"),
                                   std::string("9999-12-31T00:00:00Z")}) {
    const auto made = create(wrong);
    ASSERT_FALSE(made) << wrong;
    EXPECT_EQ(made.error().code(), Code::kInvalid);
    EXPECT_NE(made.error().message.find("366 days"), std::string::npos) << made.error().message;
  }
  EXPECT_TRUE(listed().empty());
  EXPECT_TRUE(create("366"));
}

TEST_F(TokensTest, ScopesAreKeptAndNarrow) {
  const auto narrow = create("", {access::Action::kList, access::Action::kUpload});
  const auto whole = create();
  ASSERT_TRUE(narrow && whole);
  EXPECT_EQ(ask(narrow->text)->scopes, (std::set{access::Action::kList, access::Action::kUpload}));
  EXPECT_FALSE(ask(whole->text)->scopes);
  for (const Token& token : listed())
    EXPECT_EQ(token.scopes, ask(token.id == narrow->id ? narrow->text : whole->text)->scopes);
  // A scope that no version knows any more is nothing, not everything.
  ASSERT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run("UPDATE tokens SET scopes = 'fly' WHERE id = :id", {{"id", narrow->id.text()}}));
    return {};
  }));
  EXPECT_EQ(ask(narrow->text)->scopes, std::set<access::Action>());
}

TEST_F(TokensTest, OfItsUseTheDayIsKept) {
  const auto made = create("366");
  ASSERT_TRUE(made);
  EXPECT_FALSE(listed()[0].used_on);
  ASSERT_FALSE(ask(made->text.substr(0, made->text.size() - 1) + "x"));
  EXPECT_FALSE(listed()[0].used_on) << "a wrong secret is no use";
  ASSERT_TRUE(ask(made->text));
  const Timestamp first{clock_.now().us - clock_.now().us % kDayUs};
  EXPECT_EQ(listed()[0].used_on, first);
  clock_.set(first + (kDayUs - 1));
  ASSERT_TRUE(ask(made->text));
  EXPECT_EQ(listed()[0].used_on, first);
  clock_.advance_us(1);
  ASSERT_TRUE(ask(made->text));
  EXPECT_EQ(listed()[0].used_on, first + kDayUs);
}

TEST_F(TokensTest, ARevokedTokenIsNobodysAndTheOthersStand) {
  const auto one = create(), two = create();
  ASSERT_TRUE(one && two);
  clock_.advance_us(1'000'000);
  ASSERT_TRUE(revoke(one->id));
  EXPECT_FALSE(ask(one->text));
  EXPECT_TRUE(ask(two->text));
  const auto again = revoke(one->id);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::kNotFound);
  EXPECT_FALSE(revoke(crypto::new_id<TokenId>()));
  for (const Token& token : listed()) {
    const bool is_revoked = token.id == one->id;
    EXPECT_EQ(token.state, is_revoked ? TokenState::kRevoked : TokenState::kStands);
    EXPECT_EQ(token.revoked_at, is_revoked ? std::optional(clock_.now()) : std::nullopt);
  }
}

TEST_F(TokensTest, AListIsTheNewestFirstAndOfOneLoginWhereItIsAskedFor) {
  const auto old = create();
  clock_.advance_us(1);
  const auto other = create("", {}, "ruiz");
  ASSERT_TRUE(old && other);
  ASSERT_EQ(listed().size(), 2u);
  EXPECT_EQ(listed()[0].id, other->id);
  ASSERT_EQ(listed("hill").size(), 1u);
  EXPECT_EQ(listed("hill")[0].id, old->id);
  const auto nobody = list_tokens(*database_, "nobody", clock_.now());
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code(), Code::kNotFound);
}

TEST_F(TokensTest, WithItsPersonATokenAndASessionEndForGood) {
  Sessions& sessions = *sessions_;
  const auto made = create(), others = create("", {}, "ruiz");
  ASSERT_TRUE(made && others);
  const auto open = sessions.open(hill_, Proof::kFactor);
  ASSERT_TRUE(open);
  http::Request request;
  request.headers = {{"cookie", "lapel-session=" + open->cookie}};
  const auto stands = [&] {
    const auto found = sessions.find(request);
    EXPECT_TRUE(found);
    return found && found->has_value();
  };
  ASSERT_TRUE(stands());
  const auto wrong = sessions.check_password("hill", "wrong", "192.0.2.1");

  clock_.advance_us(1);
  ASSERT_TRUE(deactivate());
  EXPECT_FALSE(stands());
  const auto refused = ask(made->text);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text(), ask("lapel_x").error().text());
  EXPECT_TRUE(ask(others->text));
  const auto late = sessions.check_password("hill", kPassword, "192.0.2.1");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().text(), wrong.error().text());
  const auto more = create();
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code(), Code::kConflict);

  clock_.advance_us(1);
  ASSERT_TRUE(activate());
  EXPECT_FALSE(stands());
  EXPECT_FALSE(ask(made->text));
  EXPECT_EQ(listed("hill")[0].state, TokenState::kDeactivated);
  EXPECT_TRUE(sessions.check_password("hill", kPassword, "192.0.2.1"));
  const auto anew = create();
  ASSERT_TRUE(anew);
  EXPECT_TRUE(ask(anew->text));
}

TEST_F(TokensTest, ATokenFromBeforeThereWereEndsGetsOne) {
  const std::filesystem::path before = directory_ / "before";
  std::filesystem::create_directory(before);
  const db::CatalogForTests catalog(before);
  const auto database = catalog.open();
  ASSERT_TRUE(db::migrate(*database, "roster", roster::schema()));
  ASSERT_TRUE(db::migrate(*database, "signin", schema().first(2)));
  const TokenId id = crypto::new_id<TokenId>();
  const ByteArray<32> secret = crypto::random_bytes<32>();
  const Result<void> written = database->write([&](db::Transaction& tx) -> Result<void> {
    const roster::Agency agency{crypto::new_id<AgencyId>(), "Ashfield", "ashfield", true, crypto::new_id<PersonId>()};
    TRY(roster::add_agency(tx, agency));
    const roster::Person person{crypto::new_id<PersonId>(), agency.id, "hill", "hill", std::nullopt,
                                {access::Role::kRecords}};
    TRY(roster::add_person(tx, person, clock_.now()));
    TRY(
        tx.run("INSERT INTO tokens (id, person, secret_sha256, scopes, created_us) VALUES (:id, :person, :secret, '', "
               ":now)",
               {{"id", id.text()},
                {"person", person.id.text()},
                {"secret", hex(crypto::sha256(secret))},
                {"now", clock_.now().us}}));
    return {};
  });
  ASSERT_TRUE(written) << written.error().text();
  ASSERT_TRUE(db::migrate(*database, "signin", schema()));
  http::Request request;
  request.headers = {{"authorization", fmt::format("Bearer lapel_{}_{}", id.text(), hex(secret))}};
  clock_.advance_us(366 * kDayUs - 1);
  EXPECT_TRUE(asker(*database, clock_)(request));
  clock_.advance_us(1);
  EXPECT_FALSE(asker(*database, clock_)(request));
}

}  // namespace
}  // namespace lapel::signin
