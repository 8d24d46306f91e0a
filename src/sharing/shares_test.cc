// SPDX-License-Identifier: Apache-2.0
// A share until it can be received: what is read first, who is asked again after that, and what becomes of it.
#include "sharing/shares.h"

#include "evidence/vault_for_tests.h"
#include "roster/roles.h"
#include "test/watched_disk.h"

namespace lapel::sharing {
namespace {

using access::Role;
using evidence::code_of;
using evidence::message_of;
using evidence::problem_of;

class SharesTest : public evidence::VaultTest {
 protected:
  SharesTest() {
    EXPECT_TRUE(db::migrate(*database_, "sharing", schema()));
    watched_bucket_ = *bucket::open_fs_bucket(watched_, files());
    store_.emplace(*watched_bucket_);
    vault_.emplace(evidence::Vault::Parts{*database_, *store_, *watched_bucket_, *queue_, *ledgers_, clock_});
    shares_.emplace(Shares::Parts{*database_, *vault_, *store_, *queue_, *ledgers_, clock_});
  }

  ShareTerms terms(ShareKind kind, std::vector<RecordingId> recordings) const {
    ShareTerms out;
    out.kind = kind;
    out.recipient = "Jane Doe";
    out.recordings = std::move(recordings);
    out.basis = {access::Purpose::kDiscovery, "22-117", {}, {}};
    if (kind != ShareKind::kDiscovery) out.ends_at = clock_.now() + 3'600LL * 1'000'000;
    return out;
  }
  Result<Shares::Made> make(const ShareTerms& terms) {
    return shares_->make(clerk_, terms, [](db::Transaction&, const ShareId&) -> Result<void> { return {}; });
  }
  ShareId made(ShareKind kind, std::vector<RecordingId> recordings) {
    const auto out = make(terms(kind, std::move(recordings)));
    EXPECT_TRUE(out) << message_of(out);
    return out->share.id;
  }
  // The next share's turn, as the thread of a server does it.
  Result<jobs::Outcome> prepare() {
    const auto lease = queue_->lease(kShareJob);
    EXPECT_TRUE(lease && *lease);
    return shares_->prepare(**lease);
  }
  Share shown(const ShareId& id) { return *shares_->show(clerk_, id); }
  std::string open(const ShareId& id, Shares::Use use = Shares::Use::kDownload) {
    const auto receiving = shares_->receiving(id);
    if (!receiving) return receiving.error().message;
    const auto view = shares_->open_view(*receiving, 0, use);
    return view ? "opened" : view.error().message;
  }

  test::WatchedDisk watched_;
  std::unique_ptr<bucket::Bucket> watched_bucket_;
  const access::Actor chief_ = enter("chief", {Role::kAdministrator});
  const access::Actor clerk_ = enter("clerk", {Role::kRecords});
  std::optional<Shares> shares_;
};

TEST_F(SharesTest, NothingGoesOutBeforeEachOriginalWasReadToItsEnd) {
  const RecordingId first = admit(clerk_), second = admit(clerk_);
  const ShareId id = made(ShareKind::kDownload, {first, second});
  EXPECT_EQ(types(first).back(), "recording.shared") << "the act is on record at once";
  EXPECT_EQ(shown(id).prepared_at, std::nullopt);
  const auto receiving = shares_->receiving(id);
  ASSERT_TRUE(receiving) << message_of(receiving);
  EXPECT_EQ(code_of(shares_->open_view(*receiving, 0, Shares::Use::kDownload)), Code::kUnavailable);
  EXPECT_EQ(code_of(shares_->receipt(*receiving, 0)), Code::kUnavailable);
  EXPECT_EQ(code_of(shares_->confirm_receipt(*receiving)), Code::kUnavailable);
  EXPECT_EQ(shown(id).views_used, 0);

  int read = 0;
  watched_.before_open = [&] { ++read; };
  clock_.advance_us(60'000'000);
  const auto done = prepare();
  ASSERT_TRUE(done) << message_of(done);
  EXPECT_EQ(read, 1);
  const Share share = shown(id);
  EXPECT_EQ(share.prepared_at, clock_.now());
  EXPECT_EQ(share.failed_at, std::nullopt);
  EXPECT_EQ(types(id),
            (std::vector<std::string>{"identity.bound", "share.made", "share.code_given", "share.prepared"}));
  EXPECT_EQ(text(events(id, "share.prepared").at(0), "actor"), ashfield_.console.text());
  EXPECT_EQ(open(id), "opened");
  EXPECT_EQ(count("jobs WHERE kind = 'share' AND state = 'done'"), 1);
}

TEST_F(SharesTest, OneDamagedOriginalIsTheEndOfTheShare) {
  const RecordingId first = admit(clerk_), second = admit(clerk_);
  const ShareId id = made(ShareKind::kView, {first, second});
  damage(object(second));
  const auto done = prepare();
  ASSERT_TRUE(done) << message_of(done);
  const Share share = shown(id);
  EXPECT_TRUE(share.failed_at);
  EXPECT_TRUE(share.has_ended(clock_.now()));
  EXPECT_EQ(share.reason, text(events(id, "share.failed").at(0), "reason"));
  EXPECT_EQ(share.reason, "The stored file is not the one that was sealed, so it is not exported");
  const auto receiving = shares_->receiving(id);
  EXPECT_EQ(problem_of(receiving), &problems::kShareEnded);
  EXPECT_EQ(message_of(receiving), "This share could not be prepared. Ask Of clerk of Ashfield for another");
  EXPECT_EQ(code_of(shares_->give_code(clerk_, id, {})), Code::kConflict);
  EXPECT_EQ(count("renditions"), 0) << "no copy is made for a share that nobody gets";
  // Those that stand come first.
  const ShareId later = made(ShareKind::kDownload, {first});
  const auto page = shares_->list(clerk_, {}, {});
  ASSERT_TRUE(page) << message_of(page);
  ASSERT_EQ(page->items.size(), 2U);
  EXPECT_EQ(page->items[0].id, later);
}

TEST_F(SharesTest, WhoeverMayNotShareAnyMoreWhenItHasBeenReadHasSharedNothing) {
  const RecordingId recording = admit(clerk_);
  const auto as_officer = [&] {
    write([&](db::Transaction& tx) {
      return roster::change_roles(tx, clerk_.person, {Role::kRecords}, {Role::kOfficer});
    });
  };
  const ShareId first = made(ShareKind::kDownload, {recording});
  watched_.before_open = as_officer;
  ASSERT_TRUE(prepare());
  EXPECT_FALSE(watched_.before_open) << "it was taken from them while the file was read";
  const auto share = shares_->list(chief_, {}, {});
  EXPECT_EQ(problem_of(share), &problems::kRule);
  EXPECT_EQ(types(first).back(), "share.failed");
  EXPECT_EQ(types(recording).back(), "recording.shared") << "nobody asked again, so nobody was refused";

  write(
      [&](db::Transaction& tx) { return roster::change_roles(tx, clerk_.person, {Role::kOfficer}, {Role::kRecords}); });
  const ShareId second = made(ShareKind::kDownload, {recording});
  write([&](db::Transaction& tx) { return roster::deactivate_person(tx, clerk_.person, clock_.now()); });
  ASSERT_TRUE(prepare());
  EXPECT_EQ(text(events(second, "share.failed").at(0), "reason"), "This person has been deactivated");
}

TEST_F(SharesTest, WhatIsTakenBackWhileItIsReadStaysSo) {
  const ShareId id = made(ShareKind::kView, {admit(clerk_)});
  watched_.before_open = [&] { ASSERT_TRUE(shares_->revoke(clerk_, id, "Sent to the wrong office")); };
  EXPECT_EQ(code_of(prepare()), Code::kConflict);
  EXPECT_EQ(types(id).back(), "share.revoked");
  EXPECT_EQ(shown(id).prepared_at, std::nullopt);
  EXPECT_EQ(count("renditions"), 0);
  // Whoever has its turn next finds that nothing is left to do.
  clock_.advance_us(queue_->lease_us() + 1);
  ASSERT_TRUE(prepare());
  EXPECT_EQ(types(id).back(), "share.revoked");
  EXPECT_EQ(count("jobs WHERE kind = 'share' AND state = 'done'"), 1);
}

TEST_F(SharesTest, WhatStandsAgainstItForAMomentIsNoReasonToFail) {
  const ShareId id = made(ShareKind::kDiscovery, {admit(clerk_)});
  create({"ALTER TABLE recordings RENAME TO put_away"});
  const auto lease = queue_->lease(kShareJob);
  const auto tried = shares_->prepare(**lease);
  ASSERT_FALSE(tried);
  EXPECT_TRUE(queue_->fail(**lease, tried.error().message));
  create({"ALTER TABLE put_away RENAME TO recordings"});
  const Share share = shown(id);
  EXPECT_EQ(std::pair(share.prepared_at, share.failed_at),
            std::pair(std::optional<Timestamp>(), std::optional<Timestamp>()));
  EXPECT_EQ(share.reason, tried.error().message);
  clock_.advance_us(3'600LL * 1'000'000);
  ASSERT_TRUE(prepare());
  EXPECT_TRUE(shown(id).prepared_at);
  EXPECT_EQ(shown(id).reason, "");
}

TEST_F(SharesTest, CopiesAreAskedForWhenTheShareIsPrepared) {
  const RecordingId recording = admit(clerk_);
  const ShareId id = made(ShareKind::kView, {recording});
  EXPECT_EQ(count("renditions"), 0);
  ASSERT_TRUE(prepare());
  EXPECT_EQ(count("renditions"), 1);
  ASSERT_TRUE(shown(id).items[0].copy);
  EXPECT_EQ(shown(id).items[0].copy->recording, recording);
  EXPECT_NE(open(id, Shares::Use::kWatch), "opened") << "the copy is still to be made";
}

TEST_F(SharesTest, NoMoreThanSoManyWait) {
  const RecordingId recording = admit(clerk_);
  const ShareId id = made(ShareKind::kDownload, {recording});
  const auto copy = [&](std::int64_t n) {
    run(fmt::format(
        "INSERT INTO shares (id, agency, maker, kind, recipient, purpose, secret_sha256, made_us, waits) SELECT "
        "'{0}', agency, maker, kind, recipient, purpose, '{0}', made_us, waits FROM shares WHERE id = '{1}'",
        n, id.text()));
  };
  for (std::int64_t n = 1; n < kSharesWaitingMax; ++n) copy(n);
  const std::uint64_t before = sealed();
  EXPECT_EQ(code_of(make(terms(ShareKind::kDownload, {recording}))), Code::kLimited);
  EXPECT_EQ(sealed(), before);
  ASSERT_TRUE(prepare());
  EXPECT_TRUE(make(terms(ShareKind::kDownload, {recording})));
}

TEST_F(SharesTest, WhatEndedBeforeItWasPreparedWaitsNoMore) {
  const RecordingId recording = admit(clerk_);
  const ShareId id = made(ShareKind::kDownload, {recording});
  for (std::int64_t n = 1; n < kSharesWaitingMax; ++n) {
    run(fmt::format(
        "INSERT INTO shares (id, agency, maker, kind, recipient, purpose, secret_sha256, made_us, ends_us, waits) "
        "SELECT '{0}', agency, maker, kind, recipient, purpose, '{0}', made_us, ends_us, waits FROM shares WHERE id = "
        "'{1}'",
        n, id.text()));
  }
  clock_.advance_us(3'600LL * 1'000'000 - 1);
  EXPECT_EQ(code_of(make(terms(ShareKind::kDownload, {recording}))), Code::kLimited);
  clock_.advance_us(1);
  const auto later = make(terms(ShareKind::kDownload, {recording}));
  EXPECT_TRUE(later) << message_of(later);
}

}  // namespace
}  // namespace lapel::sharing
