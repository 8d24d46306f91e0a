// SPDX-License-Identifier: Apache-2.0
#include "signin/sessions.h"

#include <filesystem>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/problems.h"
#include "crypto/password.h"
#include "crypto/random.h"
#include "db/catalog_for_tests.h"
#include "roster/roster.h"
#include "signin/signin.h"

namespace lapel::signin {
namespace {

constexpr const char* kPassword = "correct horse battery staple";

class SessionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ =
        std::filesystem::temp_directory_path() / fmt::format("lapel-signin-{}", hex(crypto::random_bytes<8>()));
    std::filesystem::create_directory(directory_);
    catalog_.emplace(directory_);
    database_ = catalog_->open();
    ASSERT_TRUE(db::migrate(*database_, "roster", roster::schema()));
    ASSERT_TRUE(db::migrate(*database_, "signin", schema()));
    const Result<void> written = database_->write([&](db::Transaction& tx) -> Result<void> {
      roster::Agency agency{crypto::new_id<AgencyId>(), "Ashfield", "ashfield", true, crypto::new_id<PersonId>()};
      TRY(roster::add_agency(tx, agency));
      person_ = {crypto::new_id<PersonId>(), agency.id, "hill", "Pat Hill", std::nullopt, {access::Role::kRecords}};
      TRY(roster::add_person(tx, person_, clock_.now()));
      return set_password(tx, person_.id, crypto::hash_password(kPassword));
    });
    ASSERT_TRUE(written) << written.error().text();
    sessions_ = std::make_unique<Sessions>(Sessions::Parts{*database_, clock_});
  }
  void TearDown() override {
    sessions_.reset();
    database_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::string open() {
    auto opened = sessions_->open(person_.id);
    EXPECT_TRUE(opened);
    return opened->cookie;
  }
  // A request of the app's own page, with this cookie.
  static http::Request request(const std::string& method, const std::string& cookie) {
    http::Request out;
    out.method = method;
    out.host = "lapel.example";
    out.headers = {{"cookie", "other=1; lapel-session=" + cookie}, {"x-lapel", "1"}};
    return out;
  }
  Result<access::Actor> ask(const http::Request& request) {
    return sessions_->asker([](const http::Request&) -> Result<access::Actor> {
      return fail(Code::kUnauthenticated, "otherwise");
    })(request);
  }
  bool stands(const std::string& cookie) { return ask(request("GET", cookie)).has_value(); }

  std::filesystem::path directory_;
  std::optional<db::CatalogForTests> catalog_;
  ManualClock clock_{Timestamp{1'700'000'000'000'000}};
  std::unique_ptr<db::Database> database_;
  roster::Person person_;
  std::unique_ptr<Sessions> sessions_;
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
  for (const auto& [login, password] : wrong) {
    const auto person = sessions_->check_password(login, password, "192.0.2.1");
    ASSERT_FALSE(person) << login;
    EXPECT_EQ(person.error().problem, &problems::kSignIn);
    EXPECT_EQ(person.error().message, "The login or the password is wrong");
  }
}

TEST_F(SessionsTest, TooManyFailuresRefuseEvenTheRightPassword) {
  for (int i = 0; i < kFailuresOfPairMax; ++i) ASSERT_FALSE(sessions_->check_password("hill", "wrong", "192.0.2.1"));
  const auto refused = sessions_->check_password("hill", kPassword, "192.0.2.1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kLimited);
  EXPECT_NE(refused.error().message.find("15 minutes"), std::string::npos) << refused.error().message;
  EXPECT_EQ(refused.error().retry_after_s, kFailureWindowUs / 1'000'000);
  EXPECT_TRUE(sessions_->check_password("hill", kPassword, "192.0.2.2")) << "a colleague's machine was locked too";
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

TEST_F(SessionsTest, TheCookieIsLockedToTheBrowserAndSite) {
  http::Request plain;
  EXPECT_EQ(session_cookie(plain, "v", 60), "lapel-session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Strict");
  plain.is_secure = true;
  EXPECT_EQ(session_cookie(plain, "v", 60),
            "__Host-lapel-session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure");
}

}  // namespace
}  // namespace lapel::signin
