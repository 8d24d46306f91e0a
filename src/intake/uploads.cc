// SPDX-License-Identifier: Apache-2.0
// What survives at each step, and what start-up does with it:
//   row inserted                                         an upload of which nothing has come yet
//   file created by its first request, bytes written     beyond the row's offset: overwritten by the next request
//   data synced, at first the directory too → row's offset and midstate swapped     the offset may now be told
//   last byte: the same swap sets state 'sealing'        the sealer finds it
//   object linked, key synced, leaf and row sealed       the same again is harmless; the admission's transaction sets 'sealed'
//   upload file removed                                  a file of a sealed upload is removed (sweep)
#include "intake/uploads.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/problems.h"
#include "base/trace.h"
#include "crypto/random.h"
#include "intake/guests.h"
#include "proof/entry.h"
#include "roster/file_requests.h"
#include "roster/roster.h"

namespace lapel::intake {
namespace {

constexpr std::int64_t kSealPeriodUs = 2'000'000;
constexpr std::int64_t kExpirePeriodUs = 60'000'000;
constexpr std::int64_t kSealPageMax = 256;
constexpr std::int64_t kOrphanLifeUs = 3'600LL * 1'000'000;

constexpr db::Migration kSteps[] = {
    {1, "uploads", R"sql(
CREATE TABLE uploads (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  owner TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('whole', 'partial', 'final')),
  state TEXT NOT NULL CHECK (state IN ('receiving', 'sealing', 'sealed', 'refused')),
  reason TEXT NOT NULL,
  length_bytes BIGINT NOT NULL CHECK (length_bytes >= 0),
  offset_bytes BIGINT NOT NULL CHECK (offset_bytes >= 0 AND offset_bytes <= length_bytes),
  midstate TEXT NOT NULL,
  declared_sha256 TEXT,
  sha256 TEXT,
  recording TEXT NOT NULL,
  metadata TEXT NOT NULL,
  parts TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  expires_us BIGINT NOT NULL,
  received_us BIGINT NOT NULL
);
CREATE INDEX uploads_by_state ON uploads (state, created_us, id);
CREATE INDEX uploads_by_expiry ON uploads (expires_us, id);
CREATE INDEX uploads_by_owner ON uploads (owner, state);
)sql"},
    // Random, of whoever took the upload over last: a commit of an earlier writer, dead by then, finds another's.
    {2, "writers", R"sql(
ALTER TABLE uploads ADD COLUMN writer TEXT NOT NULL DEFAULT '';
)sql"},
};

constexpr std::string_view kColumns =
    "id, agency, owner, kind, state, reason, length_bytes, offset_bytes, midstate, declared_sha256, sha256, recording, "
    "metadata, parts, writer, created_us, expires_us, received_us";

// Asked at each step of an upload, as of whoever begins one: the role may be gone since, or the credential be another of the
// same person that may not.
Result<void> require_upload(const access::Actor& actor) {
  access::Item own_agency;
  own_agency.agency = actor.agency;
  return access::require(access::decide(actor, access::Action::kUpload, own_agency), "page");
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::kWhole:
      return "whole";
    case Kind::kPartial:
      return "partial";
    case Kind::kFinal:
      return "final";
  }
  CHECK(false);
}

// Ids joined by spaces, as in the tus header.
std::string joined(const std::vector<UploadId>& ids) {
  std::string out;
  for (const UploadId& id : ids) out += (out.empty() ? "" : " ") + id.text();
  return out;
}

Result<Upload> read_upload(const db::Row& row) {
  const auto damaged = [&] {
    return fail(Code::kCorrupt, "A row of the catalog is damaged", "uploads " + row.text("id"));
  };
  Upload out;
  const auto id = UploadId::parse(row.text("id"));
  const auto agency = AgencyId::parse(row.text("agency"));
  const auto owner = SubjectId::parse(row.text("owner"));
  const auto recording = RecordingId::parse(row.text("recording"));
  if (!id || !agency || !owner || !recording) return damaged();
  out.id = *id;
  out.agency = *agency;
  out.owner = *owner;
  out.recording = *recording;
  for (const Kind kind : {Kind::kWhole, Kind::kPartial, Kind::kFinal}) {
    if (kind_name(kind) == row.text("kind")) out.kind = kind;
  }
  for (const State state : {State::kReceiving, State::kSealing, State::kSealed, State::kRefused}) {
    if (state_name(state) == row.text("state")) out.state = state;
  }
  out.reason = row.text("reason");
  out.length = static_cast<std::uint64_t>(row.integer("length_bytes"));
  out.offset = static_cast<std::uint64_t>(row.integer("offset_bytes"));
  out.midstate = row.text("midstate");
  if (const auto text = row.maybe_text("declared_sha256")) {
    out.declared_sha256 = parse_hex_array<32>(*text);
    if (!out.declared_sha256) return damaged();
  }
  if (const auto text = row.maybe_text("sha256")) {
    out.sha256 = parse_hex_array<32>(*text);
    if (!out.sha256) return damaged();
  }
  out.metadata = row.text("metadata");
  out.writer = row.text("writer");
  for (std::string_view rest = row.text("parts"); !rest.empty();) {
    const auto part = UploadId::parse(rest.substr(0, 32));
    if (!part) return damaged();
    out.parts.push_back(*part);
    rest.remove_prefix(std::min<std::size_t>(33, rest.size()));
  }
  out.created_at = {row.integer("created_us")};
  out.expires_at = {row.integer("expires_us")};
  out.received_at = {row.integer("received_us")};
  return out;
}

void report(std::string_view doing, const UploadId& id, const Error& error) {
  trace_error("intake", doing, error, {{"upload", id.text()}});
}

}  // namespace

std::span<const db::Migration> schema() {
  return kSteps;
}

std::string_view state_name(State state) {
  switch (state) {
    case State::kReceiving:
      return "receiving";
    case State::kSealing:
      return "sealing";
    case State::kSealed:
      return "sealed";
    case State::kRefused:
      return "refused";
  }
  CHECK(false);
}

// ---- uploads ----

Uploads::Uploads(Parts parts)
    : parts_(std::move(parts)), directory_sync_([this] { return parts_.disk.sync_directory(parts_.directory); }) {}

Result<std::unique_ptr<Uploads>> Uploads::open(Parts parts) {
  TRY(os::make_directories(parts.disk, parts.directory));
  std::unique_ptr<Uploads> uploads(new Uploads(std::move(parts)));
  TRY(uploads->sweep());
  uploads->sealers_ = std::make_unique<os::WorkerPool>(
      os::WorkerPool::Options{"sealer", uploads->parts_.sealing_threads, static_cast<std::size_t>(kSealPageMax)});
  Uploads* raw = uploads.get();
  uploads->sealer_ = std::make_unique<os::PeriodicWorker>("seal-scan", kSealPeriodUs, [raw] { raw->seal_step(); });
  uploads->expirer_ = std::make_unique<os::PeriodicWorker>("expire", kExpirePeriodUs, [raw] {
    if (auto done = raw->expire(); !done) report("expiring", UploadId(), done.error());
  });
  uploads->sealer_->nudge();
  return uploads;
}

Uploads::~Uploads() {
  expirer_.reset();
  sealer_.reset();
  if (sealers_) sealers_->stop();
}

Claim::~Claim() {
  if (!uploads_) return;
  const os::MutexLock lock(uploads_->mutex_);
  uploads_->writing_.erase(id_);
}

Result<Claim> Uploads::claim(const UploadId& id) {
  const os::MutexLock lock(mutex_);
  if (!writing_.insert(id).second)
    return fail(problems::kUploadLocked, "Another request is writing this upload", id.text());
  return Claim(*this, id);
}

Result<std::optional<Upload>> Uploads::read(const UploadId& id) {
  std::optional<Upload> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.reset();
    const db::Rows rows =
        TRY(tx.query(fmt::format("SELECT {} FROM uploads WHERE id = :id", kColumns), {{"id", id.text()}}));
    if (!rows.empty()) out = TRY(read_upload(rows[0]));
    return {};
  }));
  return out;
}

// The row as no earlier writer can change it any more. A server may die, or lose its answer, between a commit that it has sent
// and the commit itself, and its lock on the file goes at once: were the file then written to before the commit came, the
// row would tell of bytes that are no longer there. So the row is taken first, which waits for such a commit or undoes it.
// An embedded catalog has no other server, and a commit ends with the request that holds the claim; only one that failed by its
// sync may be found later all the same, and after that no file is touched until the catalog is opened anew.
Result<std::optional<Upload>> Uploads::take_over(const UploadId& id) {
  if (parts_.is_only_server) {
    TRY(parts_.database.check_writable());
    return read(id);
  }
  const db::Params by_id = {{"id", id.text()}};
  const db::Params mine = {{"writer", hex(crypto::random_bytes<16>())}, {"id", id.text()}};
  std::optional<Upload> out;
  const auto take = [&](db::Transaction& tx) -> Result<void> {
    out.reset();
    TRY(tx.run("UPDATE uploads SET writer = :writer WHERE id = :id", mine));
    const db::Rows rows = TRY(tx.query(fmt::format("SELECT {} FROM uploads WHERE id = :id", kColumns), by_id));
    if (!rows.empty()) out = TRY(read_upload(rows[0]));
    return {};
  };
  TRY(parts_.database.write(take));
  return out;
}

// Room for this upload and for what the unfinished ones still have to bring, besides the reserve for the ledger: in bytes
// and, since each file that is made takes one, in inodes.
Result<void> Uploads::check_room(std::uint64_t bytes) {
  std::uint64_t promised = 0;
  std::uint64_t unfinished = 0;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows =
        TRY(tx.query("SELECT COUNT(*) AS unfinished, CAST(COALESCE(SUM(length_bytes - offset_bytes), 0) AS BIGINT) "
                     "AS promised FROM uploads WHERE state = 'receiving' AND received_us > :since",
                     {{"since", parts_.clock.now().us - limits::kUploadPromiseUs}}));
    promised = static_cast<std::uint64_t>(rows[0].integer("promised"));
    unfinished = static_cast<std::uint64_t>(rows[0].integer("unfinished"));
    return {};
  }));
  const std::uint64_t free = TRY(parts_.disk.free_bytes(parts_.directory));
  if (free < promised + limits::kDiskReserveBytes || free - promised - limits::kDiskReserveBytes < bytes) {
    return fail(problems::kStorageFull, fmt::format("There is not enough room for {} bytes", bytes),
                fmt::format("free {}, promised to unfinished uploads {}", free, promised));
  }
  const std::uint64_t files = TRY(parts_.disk.free_files(parts_.directory));
  if (files < limits::kDiskReserveFiles + (unfinished + 1) * limits::kUploadFilesMax) {
    return fail(problems::kStorageFull, "There are not enough inodes left for another file",
                fmt::format("free {}, uploads unfinished {}", files, unfinished));
  }
  return {};
}

// A dock vouches for each file it sends; nobody else may speak in a dock's name. Checked before a byte is taken, since a
// statement that does not fit could never be admitted.
Result<void> Uploads::check_dock_statement(const access::Actor& actor, const Metadata& metadata, std::uint64_t bytes) {
  const auto refuse = [](std::string why) { return fail(problems::kDockStatement, std::move(why)); };
  if (!actor.dock) {
    return metadata.dock_statement ? Result<void>(refuse("Only a dock may send a dock statement")) : Result<void>();
  }
  if (!metadata.dock_statement)
    return refuse("A dock signs each file it sends: \"dock\" in Upload-Metadata is missing");
  const Json& statement = *metadata.dock_statement;
  if (!proof::verify_dock_statement(statement))
    return refuse("The dock statement is malformed or its signature does not hold");
  std::string origin;
  std::optional<roster::Device> device;
  ByteArray<32> key{};
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    key = TRY(roster::dock(tx, *actor.dock)).key;
    device.reset();
    if (metadata.description.device)
      device = TRY(roster::device_by_serial(tx, actor.agency, *metadata.description.device));
    origin = TRY(ledger::Ledger::terms(tx, actor.agency)).origin;
    return {};
  }));
  if (*statement.find_string("key") != base64(key))
    return refuse("The dock statement is signed by another key than this dock's");
  if (*statement.find_string("ledger") != origin) return refuse("The dock statement is meant for another ledger");
  if (*statement.find_integer("bytes") != static_cast<std::int64_t>(bytes))
    return refuse("The dock statement names another length than Upload-Length");
  if (!metadata.sha256 || *statement.find_string("sha256") != hex(*metadata.sha256)) {
    return refuse("The dock statement and \"sha256\" in Upload-Metadata must name the same digest");
  }
  const std::string* named = statement.find_string("device");
  if (static_cast<bool>(named) != metadata.description.device.has_value())
    return refuse("\"device\" must stand in both dock statement and Upload-Metadata, or in neither");
  if (named && (!device || device->id.text() != *named))
    return refuse("The dock statement names another device than the serial does; register the serial first");
  return {};
}

Result<Upload> Uploads::create(const access::Actor& actor, const Creation& creation) {
  TRY(require_upload(actor));
  const Metadata metadata = TRY(parse_metadata(creation.metadata));
  if (actor.file_request) TRY(check_said(metadata, creation.kind));
  if (creation.kind != Kind::kPartial) TRY(check_dock_statement(actor, metadata, creation.length));
  if (metadata.description.group) TRY(parts_.vault.check_group(actor, *metadata.description.group));

  Upload upload;
  upload.id = crypto::new_id<UploadId>();
  upload.recording = creation.recording.value_or(crypto::new_id<RecordingId>());
  upload.agency = actor.agency;
  upload.owner = actor.subject();
  upload.kind = creation.kind;
  upload.length = creation.length;
  upload.metadata = creation.metadata;
  upload.declared_sha256 = metadata.sha256;
  upload.midstate = crypto::Sha256().midstate();
  upload.parts = creation.parts;
  upload.created_at = upload.received_at = parts_.clock.now();
  upload.expires_at = upload.created_at + limits::kUploadLifeUs;
  if (creation.kind == Kind::kFinal) {
    upload.length = 0;
    for (const UploadId& id : creation.parts) {
      const auto part = TRY(read(id));
      const bool fits =
          part && part->owner == actor.subject() && part->kind == Kind::kPartial && part->state == State::kReceiving;
      if (!fits)
        return fail(problems::kConcatenation, "A part to be joined is unknown, joined already or no partial upload",
                    id.text());
      if (part->offset != part->length)
        return fail(problems::kConcatenation, "A part to be joined is not whole yet", id.text());
      upload.length += part->length;
    }
    upload.offset = upload.length;
    upload.state = State::kSealing;
  }
  if (upload.length > limits::kUploadBytesMax) {
    return fail(problems::kUploadLengthLimit,
                fmt::format("An upload may have at most {} bytes", limits::kUploadBytesMax));
  }
  TRY(check_room(upload.length));
  const bool is_empty = upload.length == 0 && creation.kind == Kind::kWhole;
  if (is_empty) {
    upload.sha256 = crypto::Sha256().finish();
    upload.state = State::kSealing;
  }

  // The others get their file with their first bytes: a promise of none needs no file, and at a shift change each sync counts.
  const bool is_made_here = upload.length == 0 || upload.kind == Kind::kFinal;
  if (is_made_here) {
    TRY(TRY(parts_.disk.open(path(upload.id), os::OpenMode::kCreate))->sync_data());
    TRY(directory_sync_.run());
  }
  std::optional<std::string> declared, sha256;
  if (upload.declared_sha256) declared = hex(*upload.declared_sha256);
  if (upload.sha256) sha256 = hex(*upload.sha256);
  const db::Params owner = {{"owner", actor.subject().text()}};
  const db::Params row = {{"id", upload.id.text()},
                          {"agency", upload.agency.text()},
                          {"owner", upload.owner.text()},
                          {"kind", kind_name(upload.kind)},
                          {"state", state_name(upload.state)},
                          {"length", upload.length},
                          {"offset", upload.offset},
                          {"midstate", upload.midstate},
                          {"declared", declared},
                          {"sha256", sha256},
                          {"recording", upload.recording.text()},
                          {"metadata", upload.metadata},
                          {"parts", joined(upload.parts)},
                          {"created", upload.created_at.us},
                          {"expires", upload.expires_at.us},
                          {"received", upload.received_at.us}};
  const auto insert = [&](db::Transaction& tx) -> Result<void> {
    if (actor.file_request) TRY(take_quota(tx, *actor.file_request, upload.length, parts_.clock.now()));
    const db::Rows counted =
        TRY(tx.query("SELECT COUNT(*) AS uploads FROM uploads WHERE owner = :owner AND state = 'receiving'", owner));
    const std::int64_t unfinished = counted[0].integer("uploads");
    if (unfinished >= static_cast<std::int64_t>(limits::kUploadsUnfinishedMax)) {
      return fail(problems::kTooManyUploads, fmt::format("{} uploads are unfinished", unfinished));
    }
    for (const UploadId& part : upload.parts) {
      // Each part is joined once: the second final upload that names it finds it taken.
      const db::Params by_id = {{"id", part.text()}};
      const std::int64_t taken =
          TRY(tx.run("UPDATE uploads SET state = 'sealed', reason = 'joined' WHERE id = :id AND state = 'receiving' "
                     "AND kind = 'partial' AND offset_bytes = length_bytes",
                     by_id));
      if (taken != 1)
        return fail(problems::kConcatenation, "A part to be joined has been taken meanwhile", part.text());
    }
    TRY(
        tx.run("INSERT INTO uploads (id, agency, owner, kind, state, reason, length_bytes, offset_bytes, midstate, "
               "declared_sha256, sha256, recording, metadata, parts, created_us, expires_us, received_us) "
               "VALUES (:id, :agency, :owner, :kind, :state, '', :length, :offset, :midstate, :declared, :sha256, "
               ":recording, :metadata, :parts, :created, :expires, :received)",
               row));
    return creation.rows ? creation.rows(tx, upload) : Result<void>();
  };
  bool is_refused = false;  // by the statements: a commit whose end nobody knows may stand, and then its file is needed
  const auto try_insert = [&](db::Transaction& tx) {
    auto made = insert(tx);
    is_refused = !made;
    return made;
  };
  auto inserted = parts_.database.write(try_insert);
  if (!inserted) {
    if (is_made_here && is_refused) (void)parts_.disk.remove(path(upload.id));  // else the sweep finds it
    return fail(std::move(inserted).error());
  }
  if (upload.state == State::kSealing) sealer_->nudge();
  return upload;
}

Result<void> Uploads::may_go_on(const access::Actor& actor) {
  access::Actor now;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    now = TRY(roster::actor(tx, actor.subject()));
    return {};
  }));
  now.scopes = actor.scopes;
  return require_upload(now);
}

Result<Upload> Uploads::find(const access::Actor& actor, const UploadId& id) {
  TRY(require_upload(actor));
  auto upload = TRY(read(id));
  if (!upload || upload->owner != actor.subject()) return fail(Code::kNotFound, "No such upload", id.text());
  if (upload->state == State::kReceiving) {
    if (parts_.clock.now() >= upload->expires_at) return fail(problems::kUploadExpired, "The upload has expired");
    // What the row says must stand on the disk too: whichever is less is what is durable.
    const auto stat = parts_.disk.stat(path(id));
    if (!stat && stat.error().code() != Code::kNotFound) return fail(stat.error());
    const std::uint64_t file_bytes = stat ? stat->bytes : 0;
    if (file_bytes < upload->offset) {
      // Lost, or taken away since the row was read, because the upload is sealed, joined or removed by now: the row tells.
      upload = TRY(read(id));
      if (!upload) return fail(Code::kNotFound, "No such upload", id.text());
      if (upload->state == State::kReceiving) upload->offset = std::min(upload->offset, file_bytes);
    }
  }
  return *std::move(upload);
}

// The file is shorter than the row's offset: the disk has lost what it had acknowledged. What is left is hashed again and
// the row set back, so that the client is told the truth and can send the rest once more.
Result<void> Uploads::repair_short(Upload& upload, std::uint64_t file_bytes) {
  report("reading an upload", upload.id,
         Error{&problems::kObjectDamaged,
               fmt::format("{} bytes on disk where {} were durable", file_bytes, upload.offset),
               {}});
  const auto file = TRY(parts_.disk.open(path(upload.id), os::OpenMode::kCreateOrOpen));
  crypto::Sha256 hash;
  Bytes buffer(limits::kMiB);
  while (hash.bytes() < file_bytes) {
    const std::size_t count = TRY(file->read_at(hash.bytes(), buffer));
    if (count == 0) break;
    hash.update(ByteView(buffer).first(std::min<std::uint64_t>(count, file_bytes - hash.bytes())));
  }
  const std::uint64_t old_offset = upload.offset;
  upload.offset = hash.bytes();
  upload.midstate = hash.midstate();
  const db::Params row = {{"offset", upload.offset},
                          {"midstate", upload.midstate},
                          {"id", upload.id.text()},
                          {"old_offset", old_offset},
                          {"writer", upload.writer}};
  const auto swap = [&row](db::Transaction& tx) -> Result<void> {
    const std::int64_t swapped =
        TRY(tx.run("UPDATE uploads SET offset_bytes = :offset, midstate = :midstate WHERE id = :id AND offset_bytes = "
                   ":old_offset AND writer = :writer AND state = 'receiving'",
                   row));
    if (swapped != 1) return fail(problems::kUploadLocked, "Another request has taken this upload over");
    return {};
  };
  return parts_.database.write(swap);
}

Result<std::unique_ptr<Writer>> Uploads::append(const access::Actor& actor, const UploadId& id, std::uint64_t offset) {
  TRY(require_upload(actor));
  Claim claimed = TRY(claim(id));
  std::unique_ptr<Writer> writer(new Writer(*this, std::move(claimed)));
  const auto require_open = [&](const std::optional<Upload>& upload) -> Result<void> {
    if (!upload || upload->owner != actor.subject()) return fail(Code::kNotFound, "No such upload", id.text());
    if (upload->kind == Kind::kFinal || upload->state != State::kReceiving) {
      return fail(problems::kUploadFinished, "The upload is finished: no bytes can be added", id.text());
    }
    if (parts_.clock.now() >= upload->expires_at) return fail(problems::kUploadExpired, "The upload has expired");
    return {};
  };
  TRY(require_open(TRY(read(id))));
  // A file lost with its directory entry is made anew, empty; the row is set back to what is there.
  writer->file_ = TRY(parts_.disk.open(path(id), os::OpenMode::kCreateOrOpen, os::Caching::kDirect));
  auto lock = os::FileLock::acquire(*writer->file_);
  if (!lock) return fail(problems::kUploadLocked, "Another server is writing this upload", id.text());
  writer->lock_ = *std::move(lock);
  const std::uint64_t file_bytes = TRY(writer->file_->size());
  // Under both locks, and before a byte of the file changes.
  auto upload = TRY(take_over(id));
  if (auto open = require_open(upload); !open) {
    // Where the file of a finished upload had been taken away, opening it has made an empty one.
    if (file_bytes == 0 && (!upload || upload->length > 0)) (void)parts_.disk.remove(path(id));
    return fail(std::move(open).error());
  }
  if (file_bytes < upload->offset) TRY(repair_short(*upload, file_bytes));
  if (offset != upload->offset) {
    return fail(problems::kUploadOffset, fmt::format("The upload stands at {}, not at {}", upload->offset, offset),
                id.text());
  }
  auto hash = crypto::Sha256::restore(upload->midstate);
  if (!hash || hash->bytes() != offset)
    return fail(Code::kCorrupt, "The hash of an upload does not fit its offset", id.text());
  writer->hash_ = *std::move(hash);
  writer->position_ = offset;
  writer->upload_ = *std::move(upload);
  const std::size_t block = writer->file_->alignment();
  if (block > 1) {
    writer->grow_bounce(block);
    writer->tail_bytes_ = offset % block;
    if (writer->tail_bytes_ > 0) {
      const std::size_t count =
          TRY(writer->file_->read_at(offset - writer->tail_bytes_, {writer->bounce_.get(), block}));
      if (count < writer->tail_bytes_) return fail(Code::kCorrupt, "An upload's last block cannot be read", id.text());
    }
  }
  return writer;
}

Result<void> Uploads::remove(const access::Actor& actor, const UploadId& id) {
  TRY(require_upload(actor));
  const auto upload = TRY(read(id));
  if (!upload || upload->owner != actor.subject()) return fail(Code::kNotFound, "No such upload", id.text());
  return take_back(id);
}

Result<void> Uploads::take_back(const UploadId& id) {
  const Claim claimed = TRY(claim(id));
  // Another server's writer is not cut off either.
  std::optional<os::FileLock> lock;
  const auto file = parts_.disk.open(path(id), os::OpenMode::kRead);
  if (file) {
    auto taken = os::FileLock::acquire(**file);
    if (!taken) return fail(problems::kUploadLocked, "Another server is writing this upload", id.text());
    lock = *std::move(taken);
  } else if (file.error().code() != Code::kNotFound) {
    return fail(file.error());
  }
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    const std::int64_t removed =
        TRY(tx.run("DELETE FROM uploads WHERE id = :id AND state IN ('receiving', 'refused')", {{"id", id.text()}}));
    if (removed == 1) return {};
    if (TRY(tx.query("SELECT id FROM uploads WHERE id = :id LIMIT 1", {{"id", id.text()}})).empty()) {
      return fail(Code::kNotFound, "No such upload", id.text());
    }
    return fail(problems::kUploadFinished, "A finished upload is not removed: it is, or becomes, a sealed recording");
  }));
  auto gone = parts_.disk.remove(path(id));
  return gone || gone.error().code() == Code::kNotFound ? Result<void>() : gone;
}

Result<void> Uploads::expire() {
  std::vector<UploadId> expired;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    expired.clear();
    for (const db::Row& row : TRY(tx.query("SELECT id FROM uploads WHERE expires_us <= :now AND state <> 'sealing' "
                                           "ORDER BY expires_us, id LIMIT 1000",
                                           {{"now", parts_.clock.now().us}}))) {
      if (const auto id = UploadId::parse(row.text("id"))) expired.push_back(*id);
    }
    return {};
  }));
  for (const UploadId& id : expired) {
    const auto claimed = claim(id);
    if (!claimed) continue;  // still in use: next time
    // Of a sealed upload only this row goes; the recording is the store's and the catalog's. A part that has yet to be
    // joined is the only copy of bytes that were acknowledged twice, its own upload's and the final one's.
    bool is_gone = false;
    TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
      is_gone = TRY(tx.run(fmt::format("DELETE FROM uploads WHERE id = :id AND state <> 'sealing' AND NOT EXISTS "
                                       "(SELECT 1 FROM uploads f WHERE f.state = 'sealing' AND {})",
                                       parts_.database.contains("f.parts", "id")),
                           {{"id", id.text()}})) == 1;
      return {};
    }));
    if (!is_gone) continue;
    if (auto gone = parts_.disk.remove(path(id)); !gone && gone.error().code() != Code::kNotFound) return gone;
  }
  return {};
}

// ---- sealing ----

void Uploads::seal_step() {
  std::vector<UploadId> waiting;
  auto found = parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    waiting.clear();
    for (const db::Row& row :
         TRY(tx.query("SELECT id FROM uploads WHERE state = 'sealing' ORDER BY created_us, id LIMIT :limit",
                      {{"limit", kSealPageMax}}))) {
      if (const auto id = UploadId::parse(row.text("id"))) waiting.push_back(*id);
    }
    return {};
  });
  if (!found) report("looking for uploads to seal", UploadId(), found.error());
  for (const UploadId& id : waiting) {
    {
      const os::MutexLock lock(mutex_);
      if (!sealing_.insert(id).second) continue;
    }
    auto posted = sealers_->post([this, id] { seal_one(id); });
    if (!posted) {
      const os::MutexLock lock(mutex_);
      sealing_.erase(id);
      sealed_.notify_all();
      return;
    }
  }
}

void Uploads::seal_one(const UploadId& id) {
  const auto seal = [&]() -> Result<void> {
    auto upload = TRY(read(id));
    if (!upload || upload->state != State::kSealing) return {};
    // One sealer an upload, among all servers over this directory: a second that joined it anew would cut off bytes that
    // the first has stored meanwhile, since they are one file. Whoever is too late finds the row changed.
    const bool is_to_be_joined = upload->kind == Kind::kFinal && !upload->sha256;
    const auto file = parts_.disk.open(path(id), is_to_be_joined ? os::OpenMode::kCreateOrOpen : os::OpenMode::kRead);
    std::optional<os::FileLock> lock;
    if (file) {
      auto taken = os::FileLock::acquire(**file);
      if (!taken && taken.error().code() == Code::kBusy) return {};  // looked at again at the next scan
      lock = TRY(std::move(taken));
    } else if (file.error().code() != Code::kNotFound) {
      return fail(file.error());
    }
    upload = TRY(is_to_be_joined ? take_over(id) : read(id));
    if (!upload || upload->state != State::kSealing) {
      // Where the file had been taken away, opening it may have made an empty one.
      if (is_to_be_joined && TRY((*file)->size()) == 0) (void)parts_.disk.remove(path(id));
      return {};
    }
    if (upload->kind == Kind::kFinal && !upload->sha256) TRY(join(*upload));
    if (upload->state != State::kSealing) return {};
    auto admitted = admit(*upload);
    // What can never be admitted is said so; everything else is tried again.
    if (!admitted && admitted.error().problem == &problems::kDockStatement)
      return refuse(*upload, admitted.error().message);
    TRY(std::move(admitted));
    auto gone = parts_.disk.remove(path(id));
    return gone || gone.error().code() == Code::kNotFound ? Result<void>() : gone;
  };
  if (auto sealed = seal(); !sealed) report("sealing", id, sealed.error());
  const os::MutexLock lock(mutex_);
  sealing_.erase(id);
  sealed_.notify_all();
}

Result<void> Uploads::become(const UploadId& id, const RecordingId& recording, const std::string& metadata) {
  TRY(parse_metadata(metadata));
  return parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    const std::int64_t changed =
        TRY(tx.run("UPDATE uploads SET recording = :recording, metadata = :metadata WHERE id = :id AND state = "
                   "'receiving'",
                   {{"recording", recording.text()}, {"metadata", metadata}, {"id", id.text()}}));
    if (changed != 1) return fail(problems::kUploadFinished, "The upload is finished", id.text());
    return {};
  });
}

Result<Upload> Uploads::seal(const UploadId& id) {
  {
    os::MutexLock lock(mutex_);
    while (!sealing_.insert(id).second) sealed_.wait(mutex_);
  }
  seal_one(id);
  auto upload = TRY(read(id));
  if (!upload) return fail(Code::kNotFound, "No such upload", id.text());
  if (upload->state == State::kSealing)
    return fail(Code::kUnavailable, "The file is kept and not sealed yet", id.text());
  return *std::move(upload);
}

Result<void> Uploads::refuse(const Upload& upload, const std::string& reason) {
  return parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run("UPDATE uploads SET state = 'refused', reason = :reason WHERE id = :id AND state = 'sealing'",
               {{"reason", reason}, {"id", upload.id.text()}}));
    return {};
  });
}

// Puts the parts behind one another, sharing blocks where the filesystem can, and hashes the whole once.
Result<void> Uploads::join(Upload& upload) {
  const auto file = TRY(parts_.disk.open(path(upload.id), os::OpenMode::kCreateOrOpen));
  TRY(file->truncate(0));
  std::uint64_t end = 0;
  for (const UploadId& id : upload.parts) {
    const auto part = TRY(parts_.disk.open(path(id), os::OpenMode::kRead));
    const std::uint64_t bytes = TRY(part->size());
    TRY(parts_.disk.copy_range(*part, 0, *file, end, bytes));
    end += bytes;
  }
  if (end != upload.length)
    return fail(Code::kCorrupt, "The parts of an upload have changed their length", upload.id.text());
  crypto::Sha256 hash;
  Bytes buffer(limits::kMiB);
  while (hash.bytes() < end) {
    const std::size_t count = TRY(file->read_at(hash.bytes(), buffer));
    if (count == 0) return fail(Code::kCorrupt, "A joined upload ends early", upload.id.text());
    hash.update(ByteView(buffer).first(count));
  }
  TRY(file->sync_data());
  upload.sha256 = hash.finish();
  if (upload.declared_sha256 && upload.declared_sha256 != upload.sha256) {
    upload.state = State::kRefused;
    upload.reason = fmt::format("The file's SHA-256 is {}, not the {} that was declared", hex(*upload.sha256),
                                hex(*upload.declared_sha256));
  }
  const db::Params row = {{"sha256", hex(*upload.sha256)},
                          {"state", state_name(upload.state)},
                          {"reason", upload.reason},
                          {"id", upload.id.text()},
                          {"writer", upload.writer}};
  const auto swap = [&row](db::Transaction& tx) -> Result<void> {
    const std::int64_t swapped =
        TRY(tx.run("UPDATE uploads SET sha256 = :sha256, state = :state, reason = :reason WHERE id = :id AND writer = "
                   ":writer AND state = 'sealing'",
                   row));
    if (swapped != 1) return fail(problems::kUploadLocked, "Another server has taken this upload over");
    return {};
  };
  TRY(parts_.database.write(swap));
  // What stays of a part goes when its row expires.
  for (const UploadId& id : upload.parts) (void)parts_.disk.remove(path(id));
  return {};
}

Result<void> Uploads::admit(const Upload& upload) {
  access::Actor actor;
  Metadata metadata = TRY(parse_metadata(upload.metadata));
  const auto find_actor = [&](db::Transaction& tx) -> Result<void> {
    actor = TRY(roster::actor_of_received(tx, upload.owner));
    if (actor.file_request) metadata.description.incident = TRY(roster::file_request(tx, *actor.file_request)).incident;
    return {};
  };
  TRY(parts_.database.read(find_actor));
  evidence::Admission admission;
  admission.recording = upload.recording;
  admission.source = {path(upload.id), upload.length};
  CHECK(upload.sha256.has_value());
  admission.sha256 = *upload.sha256;
  admission.received_at = upload.received_at;
  admission.chain_starts_at = metadata.dock_statement ? evidence::ChainStart::kDock : evidence::ChainStart::kServer;
  admission.dock_statement = metadata.dock_statement;
  admission.description = metadata.description;
  const auto end = [&](db::Transaction& tx, const RecordingId& recording) -> Result<void> {
    const db::Params row = {{"recording", recording.text()}, {"id", upload.id.text()}};
    TRY(tx.run("UPDATE uploads SET state = 'sealed', recording = :recording WHERE id = :id AND state = 'sealing'",
               row));
    return {};
  };
  return parts_.vault.admit(actor, admission, end);
}

// Files without a row, files of uploads that have been sealed, and of those of which nothing was acknowledged. Where another server
// may be alive, one without a row goes only when it is old: a server makes the file before others can see the row.
Result<void> Uploads::sweep() {
  const std::int64_t living_us = parts_.is_only_server ? INT64_MAX : parts_.clock.now().us - kOrphanLifeUs;
  for (const std::string& name : TRY(parts_.disk.list(parts_.directory))) {
    const auto id = UploadId::parse(name);
    const auto upload = id ? TRY(read(*id)) : std::nullopt;
    bool is_needed = upload && (upload->state != State::kSealed || upload->kind == Kind::kPartial);
    if (is_needed && parts_.is_only_server && upload->state == State::kReceiving && upload->offset == 0 &&
        upload->length > 0)
      is_needed = false;  // the next bytes make it anew
    if (!upload) {
      const auto there = parts_.disk.stat(parts_.directory / name);
      if (!there && there.error().code() != Code::kNotFound) return fail(there.error());
      is_needed = !there || there->modified_us > living_us;
    }
    if (is_needed) continue;
    auto gone = parts_.disk.remove(parts_.directory / name);
    if (!gone && gone.error().code() != Code::kNotFound) return gone;
  }
  return {};
}

}  // namespace lapel::intake
