// SPDX-License-Identifier: Apache-2.0
#include "signin/sessions.h"

#include <set>
#include <string>
#include <vector>

#include "base/problems.h"
#include "signin/room_for_tests.h"

namespace lapel::signin {
namespace {

class SessionsTest : public RoomTest {
 protected:
  std::string open(Proof proof = Proof::kPassword) {
    auto opened = sessions_->open(person_.id, proof);
    EXPECT_TRUE(opened);
    return opened->cookie;
  }
  // A request of the app's own page, with this cookie, by somebody at the keys.
  static http::Request request(const std::string& method, const std::string& cookie) {
    http::Request out;
    out.method = method;
    out.host = "lapel.example";
    out.headers = {{"cookie", "other=1; lapel-session=" + cookie}, {"x-lapel", "1"}, {"x-lapel-idle", "0"}};
    return out;
  }
  Result<access::Actor> ask(const http::Request& request) {
    return sessions_->asker([](const http::Request&) -> Result<access::Actor> {
      return fail(Code::kUnauthenticated, "otherwise");
    })(request);
  }
  bool stands(const std::string& cookie) { return ask(request("GET", cookie)).has_value(); }
  Needs needs(const std::string& cookie) {
    const auto session = sessions_->find(request("GET", cookie));
    EXPECT_TRUE(session && *session);
    return session && *session ? (*session)->needs : Needs::kNothing;
  }
  void enroll() {
    const TotpSecret secret = *factors_->begin_totp(person_.id);
    ASSERT_TRUE(factors_->confirm_totp(by(person_), "", totp_code(secret, clock_.now())));
  }
};

TEST_F(SessionsTest, TheRightPasswordIsItsPersons) {
  const auto person = sessions_->check_password("hill", kPassword, "192.0.2.1");
  ASSERT_TRUE(person);
  EXPECT_EQ(*person, person_.id);
}

TEST_F(SessionsTest, WhateverWasWrongTheWordsAreTheSame) {
  const std::vector<std::pair<std::string, std::string>> wrong = {{"hill", "wrong"},
                                                                  {"hill", ""},
                                                                  {"nobody", kPassword},
                                                                  {"", kPassword},
                                                                  {std::string("hill\0", 5), kPassword},
                                                                  {"hill", std::string(kPasswordBytesMax + 1, 'x')},
                                                                  {"Hill' OR 1=1 --", kPassword}};
  std::set<std::string> words;
  for (const auto& [login, password] : wrong) {
    const auto person = sessions_->check_password(login, password, "192.0.2.1");
    ASSERT_FALSE(person) << login;
    EXPECT_EQ(person.error().problem, &problems::kSignIn);
    words.insert(person.error().message);
  }
  EXPECT_EQ(words.size(), 1u);
}

TEST_F(SessionsTest, FiveFailuresLockEvenTheRightPasswordUntilReleased) {
  std::set<std::string> words;
  for (std::int64_t i = 0; i < kFailuresMax; ++i) {
    EXPECT_FALSE(is_locked("hill")) << i;
    words.insert(sessions_->check_password("hill", "wrong", "192.0.2.1").error().message);
  }
  EXPECT_TRUE(is_locked("hill"));
  for (const char* client : {"192.0.2.1", "192.0.2.2"}) {
    const auto refused = sessions_->check_password("hill", kPassword, client);
    ASSERT_FALSE(refused);
    words.insert(refused.error().message);
  }
  EXPECT_EQ(words.size(), 1u) << "the lock told whether the password was right";
  clock_.advance_us(kLockWindowUs * 100);
  EXPECT_FALSE(sessions_->check_password("hill", kPassword, "192.0.2.1")) << "a lock that time opens";
  EXPECT_TRUE(sessions_->open(person_.id, Proof::kFactor)) << "a passkey is never locked";
  write([&](db::Transaction& tx) { return Locks::release(tx, "hill"); });
  EXPECT_TRUE(sessions_->check_password("hill", kPassword, "192.0.2.1"));
}

// Not those of a quarter of an hour that begins with the first: whoever waits for its end could try eight within a minute.
TEST_F(SessionsTest, FiveFailuresWithinAnyQuarterOfAnHourLock) {
  constexpr std::int64_t kMinuteUs = 60LL * 1'000'000;
  const auto fails = [&] { return !sessions_->check_password("hill", "wrong", "192.0.2.1"); };
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(fails());  // at 0
  clock_.advance_us(kLockWindowUs);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(fails());  // at 15: those of before are out of sight
  EXPECT_FALSE(is_locked("hill"));
  clock_.advance_us(10 * kMinuteUs);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(fails());  // at 25
  EXPECT_FALSE(is_locked("hill"));
  clock_.advance_us(5 * kMinuteUs - 1);
  EXPECT_TRUE(fails());  // a moment before 30: the fifth since 15
  EXPECT_TRUE(is_locked("hill"));
  EXPECT_FALSE(sessions_->check_password("hill", kPassword, "192.0.2.1"));
}

TEST_F(SessionsTest, TwoServersCountTogether) {
  const auto other_database = catalog_->open();
  Locks other_locks({*other_database, clock_});
  Sessions other({*other_database, clock_, other_locks});
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE((i % 2 == 0 ? *sessions_ : other).check_password("hill", "wrong", "192.0.2.1"));
    clock_.advance_us(kLockWindowUs / 5);
  }
  EXPECT_FALSE(is_locked("hill"));
  EXPECT_FALSE(other.check_password("hill", "wrong", "192.0.2.1"));
  EXPECT_TRUE(is_locked("hill"));
  EXPECT_FALSE(sessions_->check_password("hill", kPassword, "192.0.2.1"));
}

TEST_F(SessionsTest, FailuresFarApartLockNobody) {
  for (std::int64_t i = 0; i < 4 * kFailuresMax; ++i) {
    EXPECT_FALSE(sessions_->check_password("hill", "wrong", "192.0.2.1"));
    clock_.advance_us(kLockWindowUs / (kFailuresMax - 1) + 1);
  }
  EXPECT_FALSE(is_locked("hill"));
  EXPECT_TRUE(sessions_->check_password("hill", kPassword, "192.0.2.1"));
}

TEST_F(SessionsTest, ARightPasswordForgetsWhatWasWrong) {
  for (int round = 0; round < 5; ++round) {
    for (std::int64_t i = 0; i + 1 < kFailuresMax; ++i)
      EXPECT_FALSE(sessions_->check_password("hill", "wrong", "192.0.2.1"));
    ASSERT_TRUE(sessions_->check_password("hill", kPassword, "192.0.2.1")) << round;
  }
}

// Whoever tries logins that nobody has neither learns that nor fills a table.
TEST_F(SessionsTest, ALoginThatNobodyHasIsCountedAndForgotten) {
  const std::string words = sessions_->check_password("hill", "wrong", "192.0.2.1").error().message;
  for (std::int64_t i = 0; i < kFailuresMax + 2; ++i)
    EXPECT_EQ(sessions_->check_password("nobody", kPassword, "192.0.2.1").error().message, words);
  const auto kept = [&] {
    std::int64_t rows = 0;
    write([&](db::Transaction& tx) -> Result<void> {
      rows = TRY(tx.query("SELECT count(*) AS n FROM signin_failures LIMIT 1"))[0].integer("n");
      return {};
    });
    return rows;
  };
  EXPECT_EQ(kept(), 2);
  clock_.advance_us(kLockWindowUs);
  EXPECT_FALSE(sessions_->check_password("hill", "wrong", "192.0.2.1"));
  EXPECT_EQ(kept(), 1);
}

TEST_F(SessionsTest, OneAddressLocksOnlySoManyOut) {
  int locked = 0;
  for (int i = 0; i < 40; ++i) {
    const std::string login = fmt::format("officer{}", i);
    add(login);
    for (std::int64_t k = 0; k < kFailuresMax; ++k) (void)sessions_->check_password(login, "wrong", "192.0.2.66");
    locked += is_locked(login) ? 1 : 0;
  }
  EXPECT_EQ(locked, kFailuresOfClientMax / kFailuresMax);
  const auto refused = sessions_->check_password("hill", kPassword, "192.0.2.66");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kLimited);
  EXPECT_EQ(refused.error().retry_after_s, kFailureWindowUs / 1'000'000);
  EXPECT_TRUE(sessions_->check_password("hill", kPassword, "192.0.2.1"));
}

TEST_F(SessionsTest, ACookieActsForItsPersonAndOnlyItsHashIsKept) {
  const std::string cookie = open();
  const auto actor = ask(request("GET", cookie));
  ASSERT_TRUE(actor);
  EXPECT_EQ(actor->login, "hill");
  EXPECT_TRUE(actor->has(access::Role::kRecords));
  ASSERT_TRUE(database_->read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows = TRY(tx.query("SELECT id_sha256 FROM sessions LIMIT 2"));
    EXPECT_EQ(rows.size(), 1u);
    EXPECT_NE(rows[0].text("id_sha256"), cookie);
    return {};
  }));
}

TEST_F(SessionsTest, ForgedAndMalformedCookiesAreNobody) {
  const std::string cookie = open();
  std::string other = cookie;
  other.back() = other.back() == '0' ? '1' : '0';
  std::string upper = cookie;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const std::string& forged :
       {other, upper + "", cookie.substr(1), cookie + "0", std::string(64, 'g'), std::string()}) {
    if (forged == cookie) continue;
    EXPECT_FALSE(stands(forged)) << forged;
  }
  http::Request elsewhere = request("GET", cookie);
  elsewhere.headers[0].second = "xlapel-session=" + cookie;
  EXPECT_FALSE(ask(elsewhere));
  http::Request secure = request("GET", cookie);
  secure.is_secure = true;
  EXPECT_FALSE(ask(secure)) << "over TLS only the __Host- name counts";
  secure.headers[0].second = "__Host-lapel-session=" + cookie;
  EXPECT_TRUE(ask(secure));
}

TEST_F(SessionsTest, AnIdleSessionEndsAndAUsedOneGoesOn) {
  const std::string used = open();
  const std::string idle = open();
  for (std::int64_t passed = 0; passed < kSessionIdleUs + kSessionIdleUs / 2; passed += kSessionIdleUs / 4) {
    EXPECT_TRUE(stands(used)) << passed;
    clock_.advance_us(kSessionIdleUs / 4);
  }
  EXPECT_TRUE(stands(used));
  EXPECT_FALSE(stands(idle));
}

TEST_F(SessionsTest, WhatAPlayerFetchesIsNobodyAtTheScreen) {
  const std::string cookie = open();
  http::Request range = request("GET", cookie);
  std::erase_if(range.headers, [](const auto& header) { return header.first == "x-lapel-idle"; });
  http::Request long_idle = request("GET", cookie);
  long_idle.headers.back().second = "1500";
  for (std::int64_t passed = 0; passed < kSessionIdleUs; passed += kSessionTouchUs) {
    EXPECT_TRUE(ask(range)) << passed;
    clock_.advance_us(kSessionTouchUs);
  }
  EXPECT_FALSE(stands(cookie));
  // Somebody touched a key 25 minutes ago: five are left from then.
  const std::string other = open();
  clock_.advance_us(29LL * 60 * 1'000'000);
  long_idle.headers[0].second = "lapel-session=" + other;
  EXPECT_TRUE(ask(long_idle));
  clock_.advance_us(5LL * 60 * 1'000'000 - 1);
  EXPECT_TRUE(ask(long_idle));
  http::Request none = long_idle;
  clock_.advance_us(1);
  none.headers.back().second = "1800";
  EXPECT_TRUE(ask(none)) << "the request before had moved the end";
  for (const char* bad : {"-1", "1801", "x", "", "1e3", "99999999999999999999"}) {
    none.headers.back().second = bad;
    EXPECT_TRUE(ask(none)) << bad;
  }
  clock_.advance_us(25LL * 60 * 1'000'000);
  EXPECT_FALSE(stands(other)) << "a header of no possible form kept it open";
}

TEST_F(SessionsTest, ASessionEndsHoweverMuchItIsUsed) {
  const std::string cookie = open();
  for (std::int64_t passed = 0; passed < kSessionLifeUs; passed += kSessionIdleUs / 2) {
    ASSERT_TRUE(stands(cookie)) << passed;
    clock_.advance_us(kSessionIdleUs / 2);
  }
  EXPECT_FALSE(stands(cookie));
}

TEST_F(SessionsTest, EndingOneSessionEndsNoOther) {
  const std::string one = open();
  const std::string two = open();
  ASSERT_TRUE(sessions_->end(request("DELETE", one)));
  EXPECT_FALSE(stands(one));
  EXPECT_TRUE(stands(two));
  EXPECT_TRUE(sessions_->end(request("DELETE", one)));
}

TEST_F(SessionsTest, OneSessionTooManyEndsTheOldest) {
  std::vector<std::string> cookies;
  for (std::int64_t i = 0; i <= kSessionsOfPersonMax; ++i) {
    cookies.push_back(open());
    clock_.advance_us(1'000'000);
  }
  EXPECT_FALSE(stands(cookies[0]));
  for (std::size_t i = 1; i < cookies.size(); ++i) EXPECT_TRUE(stands(cookies[i])) << i;
}

TEST_F(SessionsTest, WhoeverHasThePasswordAloneSignsNobodyOut) {
  enroll();
  const std::string whole = open(Proof::kFactor);
  for (std::int64_t i = 0; i < 2 * kSessionsOfPersonMax; ++i) {
    clock_.advance_us(1'000'000);
    open();
  }
  EXPECT_TRUE(stands(whole));
}

TEST_F(SessionsTest, WhatAnotherSiteMayHaveSentChangesNothing) {
  const std::string cookie = open();
  ASSERT_TRUE(ask(request("POST", cookie)));
  const auto with = [&](const std::string& name, const std::string& value) {
    http::Request out = request("POST", cookie);
    std::erase_if(out.headers, [&](const auto& header) { return header.first == name; });
    if (!value.empty()) out.headers.emplace_back(name, value);
    return out;
  };
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"x-lapel", ""},
                                                        {"x-lapel", "0"},
                                                        {"sec-fetch-site", "cross-site"},
                                                        {"sec-fetch-site", "same-site"},
                                                        {"origin", "null"},
                                                        {"origin", "http://evil.example"},
                                                        {"origin", "https://lapel.example"},
                                                        {"origin", "http://lapel.example:81"}}) {
    for (const std::string method : {"POST", "PATCH", "DELETE", "PUT"}) {
      http::Request forged = with(name, value);
      forged.method = method;
      const auto actor = ask(forged);
      ASSERT_FALSE(actor) << method << " " << name << ": " << value;
      EXPECT_EQ(actor.error().code(), Code::kDenied);
    }
  }
  EXPECT_TRUE(ask(with("sec-fetch-site", "same-origin")));
  EXPECT_TRUE(ask(with("origin", "http://lapel.example")));
}

TEST_F(SessionsTest, AnAuthorizationHeaderIsNotMixedWithACookie) {
  http::Request both = request("GET", open());
  both.headers.emplace_back("authorization", "Bearer x");
  const auto actor = ask(both);
  ASSERT_FALSE(actor);
  EXPECT_EQ(actor.error().message, "otherwise");
}

TEST_F(SessionsTest, WithoutItsSecondFactorASessionOpensNothing) {
  const std::string before = open();
  enroll();
  const std::string half = open();
  EXPECT_EQ(needs(half), Needs::kFactor);
  const auto refused = ask(request("GET", half));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().problem, &problems::kSignInUnfinished);
  EXPECT_EQ(needs(before), Needs::kFactor) << "one from before the factor was enrolled";
  clock_.advance_us(kUnfinishedLifeUs);
  EXPECT_FALSE(*sessions_->find(request("GET", half)));
}

TEST_F(SessionsTest, AfterTheFactorTheCookieIsAnotherOne) {
  enroll();
  const std::string half = open();
  const auto promoted = sessions_->promote(request("POST", half));
  ASSERT_TRUE(promoted);
  EXPECT_NE(promoted->cookie, half);
  EXPECT_TRUE(stands(promoted->cookie));
  EXPECT_FALSE(*sessions_->find(request("GET", half))) << "whoever planted the first cookie is in";
  EXPECT_FALSE(sessions_->promote(request("POST", half)));
  EXPECT_FALSE(sessions_->promote(request("POST", std::string(64, '0'))));
}

TEST_F(SessionsTest, WhereAFactorIsRequiredTheFirstThingIsToEnrollOne) {
  const std::string open_already = open();
  set_rules({.second_factor = SecondFactor::kRequired, .banner = {}});
  EXPECT_EQ(needs(open_already), Needs::kEnrollment) << "a rule holds for open sessions too";
  EXPECT_EQ(needs(open()), Needs::kEnrollment);
  enroll();
  const auto promoted = sessions_->promote(request("POST", open_already));
  ASSERT_TRUE(promoted);
  EXPECT_TRUE(stands(promoted->cookie));
}

TEST_F(SessionsTest, TheNoticeOfUseIsAcceptedBeforeAnythingOpens) {
  set_rules({.second_factor = SecondFactor::kOptional, .banner = "Official use only.\nWhat you do is recorded."});
  const std::string cookie = open();
  EXPECT_EQ(needs(cookie), Needs::kBanner);
  EXPECT_FALSE(stands(cookie));
  ASSERT_TRUE(sessions_->accept_banner(request("POST", cookie)));
  EXPECT_TRUE(stands(cookie));
  EXPECT_EQ(needs(open()), Needs::kBanner) << "each time";
}

TEST_F(SessionsTest, ABannerOfNoPossibleFormIsRefused) {
  for (const std::string& bad : {std::string(kBannerBytesMax + 1, 'x'), std::string("a\x1b[2J"), std::string("\xff")}) {
    const Result<void> set = database_->write([&](db::Transaction& tx) {
      return set_sign_in_rules(tx, agency_.id, {SecondFactor::kOptional, bad});
    });
    ASSERT_FALSE(set);
    EXPECT_EQ(set.error().code(), Code::kInvalid);
  }
}

TEST_F(SessionsTest, WhatWasShownCountsForFiveMinutes) {
  const std::string cookie = open(Proof::kFactor);
  const auto is_fresh = [&] { return (*sessions_->find(request("GET", cookie)))->is_fresh(clock_.now()); };
  EXPECT_TRUE(is_fresh());
  clock_.advance_us(kFreshUs);
  EXPECT_FALSE(is_fresh());
  ASSERT_TRUE(sessions_->refresh(request("POST", cookie)));
  EXPECT_TRUE(is_fresh());
}

TEST_F(SessionsTest, EndingTheOthersLeavesThisOne) {
  const std::string here = open();
  const std::string there = open();
  EXPECT_EQ(sessions_->list(person_.id, request("GET", here))->size(), 2u);
  ASSERT_TRUE(sessions_->end_others(person_.id, request("POST", here)));
  EXPECT_TRUE(stands(here));
  EXPECT_FALSE(stands(there));
}

TEST_F(SessionsTest, TheCookieIsLockedToTheBrowserAndSite) {
  http::Request plain;
  EXPECT_EQ(session_cookie(plain, "v", 60), "lapel-session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Strict");
  plain.is_secure = true;
  EXPECT_EQ(session_cookie(plain, "v", 60),
            "__Host-lapel-session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure");
}

}  // namespace
}  // namespace lapel::signin
