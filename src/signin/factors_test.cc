// SPDX-License-Identifier: Apache-2.0
#include "signin/factors.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/problems.h"
#include "signin/authenticator_for_tests.h"
#include "signin/record.h"
#include "signin/room_for_tests.h"

namespace lapel::signin {
namespace {

class FactorsTest : public RoomTest {
 protected:
  std::string code_of(const TotpSecret& secret) { return totp_code(secret, clock_.now()); }
  TotpSecret enroll(const roster::Person& person) {
    const TotpSecret secret = *factors_->begin_totp(person.id);
    const Result<void> confirmed = factors_->confirm_totp(by(person), "Phone", code_of(secret));
    EXPECT_TRUE(confirmed) << confirmed.error().text();
    return secret;
  }
  void next_step() { clock_.advance_us(kTotpStepS * 1'000'000); }

  static constexpr const char* kSession = "the session";
  PasskeyQuestion question(Challenges::Purpose purpose, std::string_view session = kSession) {
    return {*challenges_->make(purpose, session), "https://lapel.example", "lapel.example"};
  }
  void enroll(const roster::Person& person, const Authenticator& own) {
    const PasskeyQuestion asked = question(Challenges::Purpose::kCreate);
    const Result<void> added = factors_->add_passkey(by(person), "Key", asked, own.create(asked));
    ASSERT_TRUE(added) << added.error().text();
  }
  std::vector<std::string> events(const roster::Person& person) {
    std::vector<std::string> out;
    write([&](db::Transaction& tx) -> Result<void> {
      for (const AccountRecord& record : TRY(account_records(tx, person.id)))
        out.emplace_back(account_event_name(record.event));
      return {};
    });
    return out;
  }
};

TEST_F(FactorsTest, AnAppCountsOnceItsFirstCodeCame) {
  const TotpSecret secret = *factors_->begin_totp(person_.id);
  EXPECT_TRUE(factors_->list(person_.id)->empty());
  EXPECT_FALSE(factors_->present_totp(by(person_), code_of(secret))) << "it was never confirmed";
  ASSERT_TRUE(factors_->confirm_totp(by(person_), "Phone", code_of(secret)));
  ASSERT_EQ(factors_->list(person_.id)->size(), 1u);
  EXPECT_EQ(factors_->list(person_.id)->at(0).name, "Phone");
  next_step();
  EXPECT_TRUE(factors_->present_totp(by(person_), code_of(secret)));
}

TEST_F(FactorsTest, AnAppBegunAnewReplacesTheOneThatNeverCame) {
  const TotpSecret first = *factors_->begin_totp(person_.id);
  const TotpSecret second = *factors_->begin_totp(person_.id);
  EXPECT_FALSE(factors_->confirm_totp(by(person_), "", code_of(first)));
  EXPECT_TRUE(factors_->confirm_totp(by(person_), "", code_of(second)));
  EXPECT_FALSE(factors_->confirm_totp(by(person_), "", code_of(second))) << "there is none to confirm";
}

TEST_F(FactorsTest, ACodeCountsOnce) {
  const TotpSecret secret = enroll(person_);
  EXPECT_FALSE(factors_->present_totp(by(person_), code_of(secret))) << "the code of the enrollment";
  next_step();
  const std::string code = code_of(secret);
  ASSERT_TRUE(factors_->present_totp(by(person_), code));
  EXPECT_FALSE(factors_->present_totp(by(person_), code));
  clock_.advance_us(10'000'000);
  EXPECT_FALSE(factors_->present_totp(by(person_), code));
}

TEST_F(FactorsTest, AnothersCodeIsNone) {
  const roster::Person other = add("souza");
  const TotpSecret secret = enroll(other);
  enroll(person_);
  next_step();
  EXPECT_FALSE(factors_->present_totp(by(person_), code_of(secret)));
  EXPECT_TRUE(factors_->present_totp(by(other), code_of(secret)));
}

TEST_F(FactorsTest, FiveWrongCodesLockTheLogin) {
  const TotpSecret secret = enroll(person_);
  next_step();
  const std::string right = code_of(secret);
  for (std::int64_t i = 0; i < kFailuresMax; ++i) EXPECT_FALSE(factors_->present_totp(by(person_), "no"));
  EXPECT_TRUE(is_locked("hill"));
  EXPECT_FALSE(factors_->present_totp(by(person_), right));
  EXPECT_FALSE(sessions_->check_password("hill", kPassword, "192.0.2.1")) << "the password gets around the lock";
  const auto happened = events(person_);
  EXPECT_EQ(happened[0], "locked");
  EXPECT_EQ(std::ranges::count(happened, "failed"), kFailuresMax + 1);
  write([&](db::Transaction& tx) { return Locks::release(tx, "hill"); });
  next_step();
  EXPECT_TRUE(factors_->present_totp(by(person_), code_of(secret)));
}

TEST_F(FactorsTest, TheCatalogAloneTellsNoCodes) {
  const TotpSecret secret = enroll(person_);
  std::string kept;
  write([&](db::Transaction& tx) -> Result<void> {
    kept = TRY(tx.query("SELECT secret FROM factors LIMIT 1"))[0].text("secret");
    return {};
  });
  const Bytes bytes = *parse_base64(kept);
  EXPECT_EQ(std::search(bytes.begin(), bytes.end(), secret.begin(), secret.end()), bytes.end());
  // Another's sealed secret in one's own row opens nothing.
  const roster::Person other = add("souza");
  enroll(other);
  write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run("UPDATE factors SET secret = :kept WHERE person = :person",
               {{"kept", kept}, {"person", other.id.text()}}));
    return {};
  });
  next_step();
  const auto moved = factors_->present_totp(by(other), code_of(secret));
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code(), Code::kCorrupt);
}

TEST_F(FactorsTest, ARecoveryCodeIsOneTimeAndItsOwners) {
  enroll(person_);
  const auto codes = *factors_->make_recovery_codes(by(person_));
  EXPECT_EQ(std::set<std::string>(codes.begin(), codes.end()).size(), kRecoveryCodes);
  const roster::Person other = add("souza");
  EXPECT_FALSE(factors_->present_recovery_code(by(other), codes[0]));
  EXPECT_TRUE(factors_->present_recovery_code(by(person_), codes[0]));
  EXPECT_FALSE(factors_->present_recovery_code(by(person_), codes[0]));
  // As people type it.
  std::string typed = codes[1];
  for (char& c : typed) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::erase(typed, '-');
  typed.insert(8, " ");
  EXPECT_TRUE(factors_->present_recovery_code(by(person_), typed));
  EXPECT_EQ(factors_->recovery_codes_left(person_.id), static_cast<std::int64_t>(kRecoveryCodes) - 2);
  ASSERT_TRUE(factors_->make_recovery_codes(by(person_)));
  EXPECT_FALSE(factors_->present_recovery_code(by(person_), codes[2])) << "one of the set before";
}

TEST_F(FactorsTest, APasskeySignsItsOwnerIn) {
  const Authenticator own(PasskeyAlgorithm::kEs256);
  enroll(person_, own);
  const PasskeyQuestion asked = question(Challenges::Purpose::kPresent, "");
  const auto person = factors_->present_passkey(std::nullopt, own.id(), asked, own.present(asked));
  ASSERT_TRUE(person) << person.error().text();
  EXPECT_EQ(*person, person_.id);
}

TEST_F(FactorsTest, APasskeysAnswerCountsOnce) {
  const Authenticator own(PasskeyAlgorithm::kEdDsa);
  enroll(person_, own);
  const PasskeyQuestion asked = question(Challenges::Purpose::kPresent);
  // One that does not count: nothing but the used challenge refuses it.
  const PasskeyPresented answer = own.present(asked, 0);
  ASSERT_TRUE(factors_->present_passkey(by(person_), own.id(), asked, answer));
  EXPECT_FALSE(factors_->present_passkey(by(person_), own.id(), asked, answer));
  const PasskeyQuestion creation = question(Challenges::Purpose::kCreate);
  const Authenticator second(PasskeyAlgorithm::kEs256);
  ASSERT_TRUE(factors_->add_passkey(by(person_), "", creation, second.create(creation)));
  EXPECT_FALSE(
      factors_->add_passkey(by(person_), "", creation, Authenticator(PasskeyAlgorithm::kEs256).create(creation)));
}

TEST_F(FactorsTest, AnothersPasskeyIsRefused) {
  const Authenticator own(PasskeyAlgorithm::kEs256);
  const roster::Person other = add("souza");
  enroll(other, own);
  const PasskeyQuestion asked = question(Challenges::Purpose::kPresent);
  EXPECT_FALSE(factors_->present_passkey(by(person_), own.id(), asked, own.present(asked)));
  const PasskeyQuestion again = question(Challenges::Purpose::kCreate);
  EXPECT_FALSE(factors_->add_passkey(by(person_), "", again, own.create(again))) << "enrolled by two";
  const Authenticator stranger(PasskeyAlgorithm::kEs256);
  EXPECT_FALSE(factors_->present_passkey(std::nullopt, stranger.id(), asked, stranger.present(asked)));
  EXPECT_FALSE(factors_->present_passkey(std::nullopt, own.id(), asked, stranger.present(asked)))
      << "its id with another key";
}

TEST_F(FactorsTest, APasskeyOfAnotherAddressIsRefused) {
  const Authenticator own(PasskeyAlgorithm::kEs256);
  enroll(person_, own);
  const PasskeyQuestion elsewhere{*challenges_->make(Challenges::Purpose::kPresent, ""), "https://evil.example",
                                  "evil.example"};
  EXPECT_FALSE(factors_->present_passkey(std::nullopt, own.id(), elsewhere, own.present(elsewhere)));
}

TEST_F(FactorsTest, AWrongPasskeyLocksNobody) {
  const Authenticator own(PasskeyAlgorithm::kEs256);
  enroll(person_, own);
  const PasskeyQuestion asked = question(Challenges::Purpose::kPresent);
  PasskeyPresented wrong = own.present(asked);
  wrong.signature.back() ^= 1;
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(factors_->present_passkey(by(person_), own.id(), asked, wrong));
  EXPECT_FALSE(is_locked("hill"));
  EXPECT_TRUE(factors_->present_passkey(by(person_), own.id(), asked, own.present(asked)));
}

TEST_F(FactorsTest, TheLastFactorStaysWhereOneIsRequired) {
  enroll(person_);
  const FactorId id = factors_->list(person_.id)->at(0).id;
  const auto refused = factors_->remove(by(person_), id, Factors::Last::kStays);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kConflict);
  enroll(person_, Authenticator(PasskeyAlgorithm::kEs256));
  EXPECT_FALSE(factors_->remove(by(add("souza")), id, Factors::Last::kMayGo)) << "somebody else's";
  EXPECT_TRUE(factors_->remove(by(person_), id, Factors::Last::kStays));
  EXPECT_EQ(factors_->list(person_.id)->size(), 1u);
}

TEST_F(FactorsTest, ThereIsALimitAndANameHasOne) {
  for (std::int64_t i = 0; i < kFactorsMax; ++i) enroll(person_, Authenticator(PasskeyAlgorithm::kEs256));
  const PasskeyQuestion asked = question(Challenges::Purpose::kCreate);
  const Authenticator more(PasskeyAlgorithm::kEs256);
  const auto refused = factors_->add_passkey(by(person_), "", asked, more.create(asked));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kLimited);
  for (const std::string& bad :
       {std::string(kFactorNameBytesMax + 1, 'x'), std::string("a\nb"), std::string("\x1b[31m")}) {
    EXPECT_EQ(factors_->add_passkey(by(person_), bad, asked, more.create(asked)).error().code(), Code::kInvalid);
  }
}

TEST_F(FactorsTest, AResetTakesEverything) {
  enroll(person_);
  enroll(person_, Authenticator(PasskeyAlgorithm::kEs256));
  const auto codes = *factors_->make_recovery_codes(by(person_));
  write([&](db::Transaction& tx) { return Factors::reset(tx, person_.id); });
  EXPECT_TRUE(factors_->list(person_.id)->empty());
  EXPECT_FALSE(factors_->present_recovery_code(by(person_), codes[0]));
}

TEST_F(FactorsTest, WhatIsEnrolledInTheMomentOfAResetDoesNotOutliveIt) {
  const auto opened = sessions_->open(person_.id, Proof::kPassword);
  ASSERT_TRUE(opened) << opened.error().text();
  http::Request request;
  request.headers = {{"cookie", "lapel-session=" + opened->cookie}};
  By signed_in = by(person_);
  signed_in.session = session_key_of(request);
  ASSERT_TRUE(signed_in.session);
  const Authenticator before(PasskeyAlgorithm::kEs256), after(PasskeyAlgorithm::kEs256);
  PasskeyQuestion asked = question(Challenges::Purpose::kCreate);
  ASSERT_TRUE(factors_->add_passkey(signed_in, "", asked, before.create(asked)));
  const TotpSecret secret = *factors_->begin_totp(person_.id);
  // The session was looked at; then the reset comes, and then the answer is written.
  write([&](db::Transaction& tx) -> Result<void> {
    TRY(Factors::reset(tx, person_.id));
    return Sessions::end_all(tx, person_.id);
  });
  asked = question(Challenges::Purpose::kCreate);
  EXPECT_EQ(factors_->add_passkey(signed_in, "", asked, after.create(asked)).error().problem, &problems::kSignIn);
  EXPECT_FALSE(factors_->confirm_totp(signed_in, "", code_of(secret)));
  const TotpSecret anew = *factors_->begin_totp(person_.id);
  EXPECT_EQ(factors_->confirm_totp(signed_in, "", code_of(anew)).error().problem, &problems::kSignIn);
  EXPECT_EQ(factors_->make_recovery_codes(signed_in).error().problem, &problems::kSignIn);
  EXPECT_TRUE(factors_->list(person_.id)->empty());
  EXPECT_EQ(*factors_->recovery_codes_left(person_.id), 0);
}

TEST_F(FactorsTest, AChallengeIsForItsPurposeItsSessionAndFiveMinutes) {
  using Purpose = Challenges::Purpose;
  const std::string made = *challenges_->make(Purpose::kPresent, "one");
  EXPECT_TRUE(challenges_->check(Purpose::kPresent, "one", made));
  EXPECT_FALSE(challenges_->check(Purpose::kCreate, "one", made));
  EXPECT_FALSE(challenges_->check(Purpose::kPresent, "two", made));
  EXPECT_FALSE(challenges_->check(Purpose::kPresent, "", made));
  const Bytes bytes = *parse_base64url(made);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes other = bytes;
    other[i] ^= 1;
    EXPECT_FALSE(challenges_->check(Purpose::kPresent, "one", base64url(other))) << i;
  }
  for (const std::string& bad :
       {std::string(), std::string("AAAA"), made.substr(1), made + "AAAA", made + "=", std::string(75, 'A')})
    EXPECT_FALSE(challenges_->check(Purpose::kPresent, "one", bad)) << bad;
  Challenges elsewhere({*database_, clock_});
  EXPECT_TRUE(elsewhere.check(Purpose::kPresent, "one", made)) << "another server of the installation";
  clock_.advance_us(kChallengeLifeUs);
  EXPECT_FALSE(challenges_->check(Purpose::kPresent, "one", made));
}

}  // namespace
}  // namespace lapel::signin
