// SPDX-License-Identifier: Apache-2.0
#pragma once
// Shares: recordings for one named recipient outside the agency, who has no account.
//
// Owns: the tables shares, share_items and share_views; the events share.* in a share's own chain. recording.shared and
//   recording.received go through the vault. A share is a subject of the ledger, and its recipient acts as that subject.
// Promises: whoever makes one could export each recording for the same purpose. Nothing is served after it was taken back
//   or has ended, nor beyond its cap, however many ask at once: each view is counted and sealed in one step, before its
//   first byte. Nothing goes out before each original was read to its end and its maker, asked once more after that, still
//   may: a job does so, and seals what it came to. What is shared for viewing only is served as a marked rendition and never
//   as the original. Of discovery only the first opening, the first download of each file and the receipt are kept: when what
//   was watched is nobody's. Of a share that has ended no marked copy is on the disk kSweepPeriodUs later, also where the
//   server was killed in between. Whoever may see a share and may not know of one of its recordings now is told that it is
//   one of so many, and nothing else of it.
// Fails with: kNotFound (also a wrong link), kGone (ended, taken back, views used up), problems::kRule, kConflict (the
//   protective order is not accepted yet), kUnavailable (the share, or a copy for viewing, is still being prepared, or cannot
//   be), kLimited (kSharesWaitingMax), kInvalid.
// Threads: any; calls block. Two of its own, from begin() on.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/paging.h"
#include "base/result.h"
#include "db/db.h"
#include "evidence/renditions.h"
#include "evidence/vault.h"
#include "jobs/jobs.h"
#include "ledger/ledgers.h"
#include "os/disk.h"
#include "os/worker.h"

namespace lapel::sharing {

// Of one agency, which wait to be prepared.
inline constexpr std::int64_t kSharesWaitingMax = 200;
// The kind of the job that prepares one. Its subject is the share's id.
inline constexpr std::string_view kShareJob = "share";
// How long a marked copy may outlast its share.
inline constexpr std::int64_t kSweepPeriodUs = 10LL * 1'000'000;

enum class ShareKind {
  kView,       // watched here, marked with the recipient's name
  kDownload,   // the originals
  kDiscovery,  // the originals, without end, cap or marks, and with no more noted than law asks for
};
std::string_view share_kind_name(ShareKind kind);
std::optional<ShareKind> parse_share_kind(std::string_view name);

struct ShareTerms {
  ShareKind kind = ShareKind::kView;
  std::string recipient;                    // a person's name
  std::optional<std::string> organization;  // "Berkshire District Attorney"
  std::vector<RecordingId> recordings;      // 1 to limits::kShareRecordingsMax, each once
  evidence::ViewRequest basis;              // why; its inside_home is not looked at: that is said of a recording itself
  std::optional<Timestamp> ends_at;         // needed but for discovery, which has none
  std::optional<std::int64_t> views_max;    // of all its recordings together; not of discovery
  std::optional<std::string> order;         // the protective order that the recipient accepts first, in its words
};

struct Share {
  struct Item {
    RecordingId recording;
    std::string filename, filetype;
    std::uint64_t bytes = 0;
    Digest sha256{};
    std::optional<Timestamp> recorded_at;
    std::optional<std::int64_t> duration_ms;
    std::optional<Timestamp> downloaded_at;        // first
    std::optional<evidence::RenditionState> copy;  // of a share for viewing: what is watched
    bool is_hidden = false;  // by list(), show() and revoke(): whoever asks may not know of this recording now
  };
  ShareId id;
  AgencyId agency;
  PersonId maker;
  std::string maker_name;
  ShareTerms terms;
  std::vector<Item> items;  // as terms.recordings
  Timestamp made_at;
  std::optional<Timestamp> prepared_at, failed_at;  // neither: still being prepared
  std::string reason;                               // for people: why it failed, or how its preparing stands
  std::optional<Timestamp> revoked_at, opened_at, accepted_at, received_at;
  std::optional<Timestamp> code_failed_at;  // when a code last died of wrong ones
  std::int64_t views_used = 0;              // of discovery always 0

  bool has_ended(Timestamp now) const { return failed_at || revoked_at || (terms.ends_at && now >= *terms.ends_at); }
};

class Shares {
 public:
  struct Parts {
    db::Database& database;
    evidence::Vault& vault;
    store::Store& store;
    jobs::Queue& jobs;
    ledger::Ledgers& ledgers;
    const Clock& clock;
  };
  explicit Shares(Parts parts);
  ~Shares();
  Shares(const Shares&) = delete;
  Shares& operator=(const Shares&) = delete;

  // From now on shares are prepared, and copies of those that have ended are deleted at each turn, whoever looks or not.
  // Only where no other server works on the catalog does what one left half done begin at once, and not when its lease ends.
  Result<void> begin(bool is_only_server);
  Result<void> turn();
  // What a lease of kShareJob is about.
  Result<jobs::Outcome> prepare(const jobs::Lease& lease);

  // ---- by the agency ----

  struct Made {
    Share share;
    std::string secret;  // 256 bits, base64url: of the link. Only its hash is kept
  };
  // `code_rows` keeps the first code, in the same transaction.
  using CodeRows = std::function<Result<void>(db::Transaction&, const ShareId&)>;
  Result<Made> make(const access::Actor& actor, const ShareTerms& terms, const CodeRows& code_rows);
  // Those that the actor may see, standing ones first and then the newest; of one
  // recording or of all.
  Result<Page<Share>> list(const access::Actor& actor, const std::optional<RecordingId>& recording,
                           const PageQuery& query);
  Result<Share> show(const access::Actor& actor, const ShareId& id);
  Result<Share> revoke(const access::Actor& actor, const ShareId& id, const std::string& reason);
  // A new code for the recipient: whoever has it and the link is let in, so it is on record who asked for it. problems::kRule
  // where its maker may not share all of it any more, or a recording was locked since: then no code is worth giving.
  Result<void> give_code(const access::Actor& actor, const ShareId& id, ledger::RowsStep rows);

  // ---- by the recipient ----

  struct Receiving {
    Share share;
    access::Actor actor;
    std::string agency_name;
  };
  // Whose link it is; kNotFound.
  Result<ShareId> find(const std::string& secret);
  // kGone once it has ended, in words that say whom to ask.
  Result<Receiving> receiving(const ShareId& id);
  // A code died of `failures` wrong ones: who tried them is not known, so the server says it. `rows` as below.
  Result<void> tell_code_failed(const Share& share, std::int64_t failures, ledger::RowsStep rows);
  // The code was right. `rows` runs in the same transaction.
  Result<void> open(const Receiving& receiving, ledger::RowsStep rows);
  Result<void> accept_order(const Receiving& receiving);
  Result<void> confirm_receipt(const Receiving& receiving);

  enum class Use { kWatch, kDownload };
  // A view of item `n`, from 0. Nothing where it is discovery: its files are served without one.
  Result<std::optional<ShareViewId>> open_view(const Receiving& receiving, std::size_t n, Use use);

  struct Content {
    std::shared_ptr<os::File> file;
    std::uint64_t bytes = 0;
    Digest sha256{};
    std::string filename, filetype;
    RecordingId recording;
    Use use = Use::kWatch;
  };
  Result<Content> content(const Receiving& receiving, const ShareViewId& view);
  // kDownload only of what open_view() was asked for: it is on record then.
  Result<Content> discovery_content(const Receiving& receiving, std::size_t n, Use use);
  // Whether the recording may still go out by this share, at this moment: asked again while bytes are under way.
  Result<bool> goes_on(const Receiving& receiving, const RecordingId& recording);
  // The receipt of item `n`'s admission under a published checkpoint; not of what is for viewing only.
  Result<std::string> receipt(const Receiving& receiving, std::size_t n);

 private:
  Result<std::vector<Share>> read(const std::string& condition, const db::Params& params, std::int64_t limit = 1);
  Result<void> commit(const access::Actor& actor, std::vector<ledger::Draft> events, ledger::RowsStep rows);
  Result<void> require_unlocked(const Receiving& receiving, const Share::Item& item);
  Result<void> require_receivable(const Receiving& receiving, const Share::Item& item);
  Result<void> ask_copies(db::Transaction& tx, const Share& share);
  // Who made it, as they are now, may share all of it still, and each original is whole.
  Result<void> check(const Share& share);
  Result<std::pair<access::Actor, evidence::Recording>> may_share(const Share& share, const Share::Item& item);
  Result<void> require_shareable(const Share& share);
  // Marks what `actor` may not know of, for example what was locked after it was shared.
  Result<void> hide(const access::Actor& actor, std::vector<Share>& shares);
  Result<access::Actor> server_of(const Share& share);
  Result<Content> original(const Receiving& receiving, const Share::Item& item, Use use);
  const Parts parts_;
  std::atomic<bool> is_stopping_ = false;
  std::unique_ptr<os::PeriodicWorker> sweeper_;  // these two last: they use the rest
  std::unique_ptr<jobs::Runner> preparer_;
};

std::span<const db::Migration> schema();

}  // namespace lapel::sharing
