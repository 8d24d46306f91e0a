// SPDX-License-Identifier: Apache-2.0
#pragma once
// The vault: the only writer of recordings, views and custody. Every promise about evidence is kept or broken here.
//
// Owns: the tables recordings and views; the events recording.*, device.offloaded and identity.bound.
// Promises: a recording exists exactly when its bytes, its row and its admission are durable together and the admission
//   has a leaf. Bytes are served only under a view, and a view is sealed before it is returned. Every call takes an
//   Actor and asks access; what an actor may not know of is kNotFound, exactly as an unknown id.
// Fails with: kNotFound, kDenied (problems::kRule, naming the rule), kConflict, kObjectDamaged, and what ledger and
//   store fail with.
// Threads: any; calls block.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "db/db.h"
#include "ledger/ledgers.h"
#include "roster/roster.h"
#include "store/store.h"

namespace lapel::evidence {

// Where custody can first be shown.
enum class ChainStart { kCamera, kDock, kServer };
std::string_view chain_start_name(ChainStart start);

// What a recording is said to be by whoever delivers it. Everything but the bytes may be unknown.
struct Description {
  std::string filename;                     // as it was called at its source; never used as a path
  std::string filetype;                     // declared media type
  std::optional<Timestamp> recorded_at;
  std::optional<std::string> device;        // serial
  std::optional<std::string> wearer;        // badge of the assigned officer
  std::optional<std::string> incident, category;
  std::optional<RecordingId> group;         // first file of a recording of several
  Json::Object more;                        // metadata of other names, kept as given
};

struct Admission {
  RecordingId recording;        // chosen when the upload began, so that a repeated admission is recognized
  bucket::FileSource source;    // synced
  Digest sha256{};              // of the bytes as received
  Timestamp received_at;
  ChainStart chain_starts_at = ChainStart::kServer;
  std::optional<Json> dock_statement;  // verified by the caller: signature, key of the acting dock, digest, length
  Description description;
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
  std::string state;            // "sealed", … (contract)
  bool is_inside_home = false;
  std::vector<RecordingId> same_bytes;  // others of the agency with this digest, at most ten; pointed out, never merged
};

struct ListQuery {
  std::optional<std::string> device, category, incident, officer, text;
  std::optional<Timestamp> from, to;  // by recorded time, or received where it is unknown
  std::int64_t limit = 50;
  std::string cursor;                 // of the page before; empty for the first
};
struct ListPage {
  std::vector<Recording> items;
  std::string next;  // empty on the last page
};

struct ViewRequest {
  access::Purpose purpose = access::Purpose::kReview;
  std::optional<std::string> case_number, warrant;
  std::optional<bool> inside_home;
};
struct View {
  ViewId id;
  Recording recording;
  Timestamp expires_at;
};

struct CustodyItem {
  ledger::SealedEvent event;
  ByteArray<32> salt;
};

class Vault {
 public:
  struct Parts {
    db::Database& database;
    store::Store& store;
    ledger::Ledgers& ledgers;
    const Clock& clock;
  };
  explicit Vault(Parts parts) : parts_(parts) {}

  // Object, key, row and leaf. `also` runs in the same transaction with the recording's id: the admission's own, or that
  // of the recording as which this very file of the same dock was admitted before. Again is harmless.
  using AlsoStep = std::function<Result<void>(db::Transaction&, const RecordingId&)>;
  Result<void> admit(const access::Actor& actor, const Admission& admission, const AlsoStep& also);

  // The device of this serial, made known to the ledger first where it is new.
  Result<roster::Device> register_device(const access::Actor& actor, const std::string& serial);

  Result<ListPage> list(const access::Actor& actor, const ListQuery& query);
  Result<Recording> show(const access::Actor& actor, const RecordingId& id);

  Result<View> open_view(const access::Actor& actor, const RecordingId& id, const ViewRequest& request);
  // The view and its bytes, for the person who opened it and until it expires.
  struct OpenedView {
    View view;
    store::Original original;
  };
  Result<OpenedView> view(const access::Actor& actor, const ViewId& id);

  Result<std::vector<CustodyItem>> custody(const access::Actor& actor, const RecordingId& id);
  // The receipt of event `n` of this recording.
  Result<std::string> receipt(const access::Actor& actor, const RecordingId& id, std::uint64_t n, ledger::Under under);

 private:
  ledger::Draft device_bound(const roster::Device& device) const;
  Result<Recording> known_recording(const access::Actor& actor, const RecordingId& id);
  Parts parts_;
};

std::span<const db::Migration> schema();

}  // namespace lapel::evidence
