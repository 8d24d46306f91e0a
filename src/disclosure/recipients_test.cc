// SPDX-License-Identifier: Apache-2.0
// Codes of shares, and what stands in the share's chain of them whatever happens beside.
#include "disclosure/recipients.h"

#include <functional>
#include <utility>

#include "evidence/vault_for_tests.h"

namespace lapel::disclosure {
namespace {

using access::Role;
using evidence::message_of;

// Time that stands still, with something that happens just before it is looked at: what another request does between two steps.
class WatchedClock final : public Clock {
 public:
  explicit WatchedClock(const Clock& real) : real_(real) {}
  // Before the nth look from now on, 1 being the next; once.
  void before_look(int nth, std::function<void()> what) {
    left_ = nth;
    what_ = std::move(what);
  }
  bool has_happened() const { return !what_; }
  Timestamp now() const override {
    if (what_ && --left_ == 0) std::exchange(what_, nullptr)();
    return real_.now();
  }
  std::int64_t monotonic_us() const override { return real_.monotonic_us(); }

 private:
  const Clock& real_;
  mutable int left_ = 0;
  mutable std::function<void()> what_;
};

class RecipientsTest : public evidence::VaultTest {
 protected:
  RecipientsTest() {
    EXPECT_TRUE(db::migrate(*database_, "sharing", sharing::schema()));
    EXPECT_TRUE(db::migrate(*database_, "disclosure", schema()));
    shares_.emplace(sharing::Shares::Parts{*database_, *vault_, *store_, *queue_, *ledgers_, watched_});
    recipients_.emplace(Recipients::Parts{*database_, *shares_, clock_});
  }
  ShareId made() {
    sharing::ShareTerms terms;
    terms.kind = sharing::ShareKind::kDiscovery;
    terms.recipient = "Jane Doe";
    terms.recordings = {admit(clerk_)};
    terms.basis = {access::Purpose::kDiscovery, "22-117", {}, {}};
    const auto out = recipients_->make(clerk_, terms);
    EXPECT_TRUE(out) << message_of(out);
    return out->share.share.id;
  }
  // As wrong codes leave it, before that is told.
  void guess_to_death(const ShareId& id) {
    run(fmt::format("UPDATE share_codes SET failures = {}, is_dead = 1 WHERE share = '{}'", kCodeFailuresMax,
                    id.text()));
  }

  WatchedClock watched_{clock_};
  const access::Actor clerk_ = enter("clerk", {Role::kRecords});
  std::optional<sharing::Shares> shares_;
  std::optional<Recipients> recipients_;
};

TEST_F(RecipientsTest, ACodeThatDiesWhileTheNextOneIsGivenIsToldAllTheSame) {
  const ShareId id = made();
  // The first look is of who asks for a code, before the dead ones are told; the second is of what is shared, after that.
  watched_.before_look(2, [&] { guess_to_death(id); });
  const auto given = recipients_->give_code(clerk_, id);
  ASSERT_TRUE(given) << message_of(given);
  EXPECT_TRUE(watched_.has_happened());
  EXPECT_EQ(types(id), (std::vector<std::string>{"identity.bound", "share.made", "share.code_given",
                                                 "share.code_failed", "share.code_given"}));
  EXPECT_EQ(count("share_codes WHERE is_dead = 0 AND failures = 0"), 1) << "the new one is as good as any";
  EXPECT_EQ(shares_->show(clerk_, id)->code_failed_at, clock_.now());
}

TEST_F(RecipientsTest, ACodeThatDiedBeforeIsToldOnceWithTheNextOne) {
  const ShareId id = made();
  guess_to_death(id);
  ASSERT_TRUE(recipients_->give_code(clerk_, id));
  ASSERT_TRUE(recipients_->give_code(clerk_, id));
  EXPECT_EQ(types(id), (std::vector<std::string>{"identity.bound", "share.made", "share.code_given",
                                                 "share.code_failed", "share.code_given", "share.code_given"}));
}

}  // namespace
}  // namespace lapel::disclosure
