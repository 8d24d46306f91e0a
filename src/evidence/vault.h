// SPDX-License-Identifier: Apache-2.0
#pragma once
// The vault: the only writer of recordings, views and custody. Every promise about evidence is kept or broken here.
//
// Owns: the tables recordings, views, releases and derived_items; the events recording.*, device.offloaded and identity.bound; the
//   bucket's names under derived/. renditions.h has the table renditions.
// Promises: a recording exists exactly when its bytes, its row and its admission are durable together and the admission
//   has a leaf. Bytes are served only under a view, and a view is sealed before it is returned. Every call takes an
//   Actor and asks access; what an actor may not know of is kNotFound, exactly as an unknown id. Every recording is
//   looked at by the media room in time: its admission asks for that job. A derived item exists exactly when its row, its
//   bytes, its event and the end of its job are durable together. What a file request brings waits in quarantine.
// Fails with: kNotFound, kDenied (problems::kRule, naming the rule), kConflict, kObjectDamaged, and what ledger and
//   store fail with.
// Threads: any; calls block.

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "bucket/bucket.h"
#include "db/db.h"
#include "evidence/renditions.h"
#include "jobs/jobs.h"
#include "ledger/ledgers.h"
#include "roster/assignments.h"
#include "roster/roster.h"
#include "store/store.h"

namespace lapel::evidence {

// Where custody can first be shown.
enum class ChainStart { kCamera, kDock, kServer };
std::string_view chain_start_name(ChainStart start);

// What a recording is said to be by whoever delivers it. Everything but the bytes may be unknown.
struct Description {
  std::string filename;  // as it was called at its source; never used as a path
  std::string filetype;  // declared media type
  std::optional<Timestamp> recorded_at;
  std::optional<std::string> device;  // serial
  std::optional<std::string> wearer;  // badge of the assigned officer
  std::optional<std::string> incident, category;
  std::optional<RecordingId> group;  // first file of a recording of several, by the same uploader
  Json::Object more;                 // metadata of other names, kept as given
};

struct Admission {
  RecordingId recording;      // chosen when the upload began, so that a repeated admission is recognized
  bucket::FileSource source;  // synced
  Digest sha256{};            // of the bytes as received
  Timestamp received_at;
  ChainStart chain_starts_at = ChainStart::kServer;
  std::optional<Json> dock_statement;  // verified by the caller: signature, key of the acting dock, digest, length
  Description description;
};

// The kind of the job that every admission asks for.
inline constexpr std::string_view kMediaJob = "media";
// The kind of the job that checks a camera's signature once more.
inline constexpr std::string_view kSignatureJob = "signature";

// What the media worker found in a file. Unset: not there, or not to be told.
struct MediaFacts {
  std::string verdict;   // protocol::verdict_name: whole, damaged, unreadable, not_media
  std::string sentence;  // for whoever has to decide what to do with it
  std::optional<std::int64_t> duration_ms, frames;
  std::optional<std::int64_t> width, height;  // as shown: turned as the file says
  std::optional<std::string> video_codec, audio_codec;
  std::optional<Timestamp> file_created_at;  // by the file's header: a camera's clock, often local time
};

// Who vouches for the key that signed a recording, as the agency had it when the signature was checked.
enum class KeyStanding {
  kUnknown,        // nobody: whoever has the key made the signature, and more is not shown
  kOfDevice,       // the agency bound it to the camera
  kOfRoot,         // a chain of certificates up to a root that the agency trusts
  kRevoked,        // the agency did, and no longer does
  kOfOtherDevice,  // the agency bound it to another camera than the recording is said to be of
};
std::string_view key_standing_name(KeyStanding standing);

// What the check of a camera's signature came to.
struct SignatureFacts {
  std::string verdict;             // protocol::verdict_name of a signature: verified, verified_with_gaps, altered, …
  std::optional<std::string> key;  // its fingerprint
  KeyStanding standing = KeyStanding::kUnknown;

  // Custody is shown from the camera on.
  bool is_of_camera() const {
    return verdict == "verified" && (standing == KeyStanding::kOfDevice || standing == KeyStanding::kOfRoot);
  }
};

// One file of a recording.
struct Clip {
  RecordingId id;
  std::string filename;
  Digest sha256{};
  std::uint64_t bytes = 0;
};

struct Recording {
  RecordingId id;
  AgencyId agency;
  Digest sha256{};
  std::uint64_t bytes = 0;
  Description description;
  std::optional<PersonId> assigned_officer;
  SubjectId uploader;
  Timestamp received_at;
  ChainStart chain_starts_at = ChainStart::kServer;
  store::Codec codec = store::Codec::kPlain;
  access::State state = access::State::kSealed;
  std::optional<bool> is_inside_home;              // nullopt: nobody has said
  std::optional<access::Restriction> restriction;  // that covers it: roster/locked.h
  bool is_own_in_part = false;                     // one of the recording's files is the actor's
  bool is_victim_sensitive = false;
  std::int64_t revision = 0;            // goes up with every change of the above and of the description
  bool is_case_known = false;           // there is a case with its incident as its number
  access::Item item;                    // as access decides about it: how the actor who asked stands to it
  std::vector<RecordingId> same_bytes;  // others with this digest that the actor may know of, at most ten; never merged
  std::vector<Clip> clips;              // the files of one recording, its first first; those that the actor may know of
  std::optional<MediaFacts> media;
  std::optional<jobs::Status> media_job;
  std::optional<SignatureFacts> signature;  // nothing where no camera signed it, or nobody has looked
  // As it was admitted, or earlier where a camera's signature shows more.
  ChainStart chain_start() const {
    return signature && signature->is_of_camera() ? ChainStart::kCamera : chain_starts_at;
  }
};

struct ListQuery {
  std::optional<std::string> device, category, incident, officer;
  std::optional<std::string> text;    // in the name, incident, category, wearer or device, whatever the case
  bool is_unattributed = false;       // only those that nobody is assigned to
  std::optional<Timestamp> from, to;  // by recorded time, or received where it is unknown
  std::optional<Timestamp> received_from, received_to;
  std::int64_t limit = 50;
  std::string cursor;  // of the page before; empty for the first
};
struct ListPage {
  std::vector<Recording> items;
  std::string next;  // empty on the last page
};

// What stands in somebody else's list, as far as whoever looks has it in theirs.
struct OthersRow {
  Recording recording;  // as the one who looks is shown it
  access::Item item;    // as that other stands to it
  access::Basis basis;  // of a view by them for its own case
};
struct OthersPage {
  std::vector<OthersRow> items;
  std::int64_t total = 0;   // of that other's list, counted to kOthersCountMax
  std::int64_t hidden = 0;  // of that: what the one who looks has no right to
  std::string next;
};
inline constexpr std::int64_t kOthersCountMax = 10'000;

// Recordings that nobody is assigned to, by the day, UTC, that they were received on; the newest first.
struct UnattributedDay {
  Timestamp day;
  std::int64_t open = 0;
};
inline constexpr std::int64_t kUnattributedDaysMax = 31;

inline constexpr int kExportsReadAtOnceMax = 4;

struct ViewRequest {
  access::Purpose purpose = access::Purpose::kReview;
  std::optional<std::string> case_number, warrant;
  std::optional<bool> inside_home;
  std::optional<std::string> despite_quarantine = std::nullopt;  // why it is opened although nobody has accepted it
};
struct View {
  ViewId id;
  Recording recording;
  Timestamp expires_at;
};

struct CustodyItem {
  ledger::SealedEvent event;
  ByteArray<32> salt;
  std::optional<std::string> actor_name;  // as the roster has it today; nullopt: not of this agency
};

enum class DerivedKind { kProbe, kPoster, kFilmstrip, kTrack, kSignature };
std::string_view derived_kind_name(DerivedKind kind);
// Short texts stand in their row; pictures and tracks are objects.
inline bool is_kept_in_row(DerivedKind kind) {
  return kind == DerivedKind::kProbe || kind == DerivedKind::kSignature;
}

struct Derived {
  DerivedKind kind = DerivedKind::kProbe;
  std::string tool, version, arguments;  // what made it, so that it can be made again
  Bytes bytes;
};
// What one lease of a media job, or of a signature's, came to.
struct Derivation {
  jobs::Lease lease;
  RecordingId recording;
  std::optional<MediaFacts> facts;               // of a look at all of it
  std::vector<Derived> items;                    // each kind at most once
  std::optional<SignatureFacts> signature = {};  // with the item
  // In the transaction that keeps it: whether whom it was checked against is another by then, so that it is checked once more.
  std::function<Result<bool>(db::Transaction&)> is_outdated = {};
};

class Vault {
 public:
  struct Parts {
    db::Database& database;
    store::Store& store;
    bucket::Bucket& bucket;
    jobs::Queue& jobs;
    ledger::Ledgers& ledgers;
    const Clock& clock;
  };
  explicit Vault(Parts parts) : parts_(parts) {}

  // Object, key, row and leaf. `also` runs in the same transaction with the recording's id: the admission's own, or that
  // of the recording as which this very file of the same dock was admitted before. Again is harmless.
  using AlsoStep = std::function<Result<void>(db::Transaction&, const RecordingId&)>;
  Result<void> admit(const access::Actor& actor, const Admission& admission, const AlsoStep& also);

  // Whether `first` may be the group of a further file by this actor; kInvalid when not.
  Result<void> check_group(const access::Actor& actor, const RecordingId& first);

  // The device of this serial, made known to the ledger first where it is new.
  Result<roster::Device> register_device(const access::Actor& actor, const std::string& serial);

  // Each query is sealed in the asker's own chain before it is answered.
  Result<ListPage> list(const access::Actor& actor, const ListQuery& query);
  Result<Recording> show(const access::Actor& actor, const RecordingId& id);
  // Those of `ids` that the actor is shown.
  Result<std::set<RecordingId>> shown_of(const access::Actor& actor, const std::vector<RecordingId>& ids);
  // The list as `other` of the same agency would have it, without a still or a byte. Nobody gains a row by it: what the
  // actor's own list does not hold is counted and not told, nor where it stands, nor that somebody is investigated, but to
  // whoever may say that. Sealed in the chains of both before it is answered.
  Result<OthersPage> list_of_other(const access::Actor& actor, const access::Actor& other, const ListQuery& query);
  // Of those in the actor's list that nobody is assigned to.
  Result<std::vector<UnattributedDay>> unattributed_days(const access::Actor& actor);

  // What a recording is said to be. Each field that changes is an event of its own in its custody: old, new, why.
  struct Change {
    std::optional<std::string> category, incident;  // empty: unknown from now on
    std::optional<bool> inside_home, victim_sensitive;
    std::optional<std::optional<PersonId>> officer;                 // of this agency; nobody
    std::optional<std::optional<access::Restriction>> restriction;  // locked as that; unlocked
    std::string reason;
  };
  Result<Recording> change(const access::Actor& actor, const RecordingId& id, const Change& change);
  // What somebody outside sent is as any other from now on. kConflict unless the media worker has found footage in it.
  Result<Recording> accept(const access::Actor& actor, const RecordingId& id, const std::string& reason);
  // Lets its assigned officer see it, whatever the agency's rule of own viewing waits for.
  Result<void> release_own(const access::Actor& actor, const RecordingId& id, const std::string& reason);

  // A refusal by rule is sealed as well, before it is answered.
  Result<View> open_view(const access::Actor& actor, const RecordingId& id, const ViewRequest& request);
  // The view and its bytes: for the person who opened it, while they may, and until it expires.
  struct OpenedView {
    View view;
    store::Original original;
  };
  Result<OpenedView> view(const access::Actor& actor, const ViewId& id);
  // As it is decided again at this moment, for the bytes (kView) or for the files of an export (kExport). Of bytes that are under
  // way nobody asks, and a refusal is not sealed.
  enum class Refusal { kSealed, kUnsealed };
  Result<View> standing_view(const access::Actor& actor, const ViewId& id, access::Action action, Refusal refusal);

  // The right to export: sealed as recording.exported, with a view of the original, which is read to its end first; the
  // right is asked for before that and after. At most kExportsReadAtOnceMax are read; others are kUnavailable, since each
  // takes a thread that answers for as long.
  Result<View> open_export(const access::Actor& actor, const RecordingId& id, const ViewRequest& request);
  // The files of the custody export but for the original (docs/formats/custody_export.md), by path, all under the newest
  // published checkpoint. kNotSealed until that covers the export's own event.
  Result<std::map<std::string, std::string>> export_files(const access::Actor& actor, const ViewId& id);

  // A recording that the actor may share for this; whether its refusal by a rule is sealed, or nobody has asked.
  Result<Recording> to_share(const access::Actor& actor, const RecordingId& id, const ViewRequest& request,
                             Refusal refusal = Refusal::kSealed);
  Result<void> require_undamaged(const access::Actor& actor, const Recording& recording);
  // Whether a share's recipient may be given it now: `restriction` is what it was locked as when it was shared.
  Result<void> require_receivable(const access::Actor& recipient, const RecordingId& id,
                                  std::optional<access::Restriction> restriction);
  // Seals recording.shared or recording.received of each recording named, with the events and rows of the share itself.
  Result<void> seal_sharing(const access::Actor& actor, std::vector<ledger::Draft> events, ledger::RowsStep rows);

  // ---- by the server itself: the actor is the agency's console ----

  struct Source {
    Recording recording;
    store::Original original;
  };
  Result<Source> open_to_derive(const access::Actor& actor, const RecordingId& id);
  // Objects, rows, one event recording.derived for each item, and the end of the job: all of it or nothing. kConflict
  // when the lease was lost, or the recording has such an item already.
  Result<void> derive(const access::Actor& actor, const Derivation& derivation);
  // What was found of a camera's signature: the text of its item.
  Result<Bytes> signature(const access::Actor& actor, const RecordingId& id);
  // Of all recordings that are signed, by a job of kind kSignatureJob each.
  Result<void> check_signatures_again(db::Transaction& tx, const AgencyId& agency);

  // What a job of kind kRenditionJob is to make, or nothing where its holder's right has ended: then the job is finished.
  struct RenditionSource {
    Source source;
    std::string holder;
    std::vector<std::string> lines;
  };
  Result<std::optional<RenditionSource>> open_to_render(const access::Actor& actor, const jobs::Lease& lease);
  // As derive(): object, row, event and the end of the job. `made` is hashed here, and then put.
  Result<void> keep_rendition(const access::Actor& actor, const jobs::Lease& lease, const MadeRendition& made);
  // Nothing can be made of the recording, and no later attempt will: `sentence` says why, and the job has ended.
  Result<void> refuse_rendition(const access::Actor& actor, const jobs::Lease& lease, const std::string& sentence);

  // ---- renditions, for whoever has decided that the one who asks is their holder ----

  // kNotFound for one of another agency, one that is not made yet, and one that is forgotten. Its length is compared with
  // the row; its digest was taken when it was made, and `lapel ledger check` takes it again.
  Result<OpenedRendition> open_rendition(std::string_view slug, const RenditionId& id);
  // The holder's right has ended: the copies are removed, and what still waits is not made. Again is harmless.
  Result<void> forget_renditions(const SubjectId& holder);
  // What is left of such copies, of all holders or of one; those that are being made are for a later call. Again is harmless.
  Result<void> sweep_renditions(const std::optional<SubjectId>& holder = std::nullopt);

  // JPEG for the list, under the right to the list; by a rule not of a home, a victim or what is restricted, whoever asks.
  Result<Bytes> poster(const access::Actor& actor, const RecordingId& id);
  // The filmstrip or the track, for the player, under a view of this recording that the actor has opened.
  Result<Bytes> shown(const access::Actor& actor, const RecordingId& id, const ViewId& view_id, DerivedKind kind);

  Result<std::vector<CustodyItem>> custody(const access::Actor& asker, const RecordingId& id);
  // The receipt of event `n` of this recording.
  Result<std::string> receipt(const access::Actor& actor, const RecordingId& id, std::uint64_t n, ledger::Under under);

 private:
  // Allowed, or refused by a rule, which is sealed first.
  Result<void> require_on_record(const access::Actor& actor, const Recording& recording, access::Action action,
                                 const access::Decision& decision);
  // One that the actor may have for this.
  Result<Recording> asked_recording(const access::Actor& actor, access::Action action, const RecordingId& id,
                                    const ViewRequest& request, Refusal refusal = Refusal::kSealed);
  // Seals `type` with the request's purpose and case, and makes the view that goes with it.
  Result<View> seal_view(const access::Actor& actor, Recording recording, const ViewRequest& request,
                         std::string_view type);
  ledger::Draft device_bound(const roster::Device& device) const;
  Result<void> seal_listing(const access::Actor& actor, const ListQuery& query, std::size_t items);
  Result<Recording> known_recording(const access::Actor& actor, const RecordingId& id);
  Result<void> read_media_jobs(db::Transaction& tx, std::span<Recording> recordings) const;
  Result<void> read_clips(db::Transaction& tx, const access::Actor& actor, std::span<Recording> recordings) const;
  Result<void> require_server(const access::Actor& actor);
  Result<Bytes> read_derived(const RecordingId& recording, DerivedKind kind);
  Parts parts_;
  std::atomic<int> exports_read_ = 0;
};

std::span<const db::Migration> schema();

}  // namespace lapel::evidence
