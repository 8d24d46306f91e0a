// SPDX-License-Identifier: Apache-2.0
#include "invitations/requests.h"

#include <utility>

#include <fmt/format.h>

#include "acts/tables_check.h"
#include "base/limits.h"
#include "base/problems.h"
#include "base/text.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "roster/roster.h"
#include "sharing/entry_codes.h"

namespace lapel::invitations {
namespace {

using roster::FileRequest;

constexpr std::string_view kTokenHead = "lapelfiles_";
constexpr std::string_view kUnknown = "There is no file request with this link, or it has been taken back";

constexpr db::Migration kSteps[] = {
    {1, "codes and sessions of those who were asked", R"sql(
CREATE TABLE file_request_codes (
  request TEXT NOT NULL PRIMARY KEY REFERENCES file_requests (id),
  salt TEXT NOT NULL,
  code_sha256 TEXT NOT NULL,
  failures BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE file_request_sessions (
  id_sha256 TEXT NOT NULL PRIMARY KEY,
  request TEXT NOT NULL REFERENCES file_requests (id),
  ends_us BIGINT NOT NULL
);
CREATE INDEX file_request_sessions_by_request ON file_request_sessions (request, ends_us);
)sql"},
};

constexpr const roster::SealedTable* kTables[] = {&roster::kFileRequests, &roster::kFileRequestOpenings,
                                                  &roster::kFileRequestFiles};

std::string hash_of(std::string_view text) {
  return hex(crypto::sha256(as_bytes(text)));
}

// How file requests are decided about: an item whose officer is whoever made it.
access::Item item_of(const FileRequest& request) {
  access::Item item;
  item.agency = request.agency;
  item.assigned_officer = request.maker;
  return item;
}

Result<void> check_name(std::string_view what, const std::string& text) {
  TRY(acts::check_words(what, text));
  if (has_format_characters(text))
    return fail(Code::kInvalid, fmt::format("{} has characters that are not seen", what));
  return {};
}

Result<void> check_terms(const Terms& terms, Timestamp now) {
  TRY(check_name("The name of whom it is asked", terms.name));
  if (terms.contact) TRY(check_name("How they are reached", *terms.contact));
  TRY(check_name("The incident or case number", terms.incident));
  std::string one_line = terms.words;
  std::erase(one_line, '\n');
  if (one_line.empty() || terms.words.size() > kWordsBytesMax || !is_utf8(terms.words) ||
      has_control_characters(one_line) || has_format_characters(one_line)) {
    return fail(Code::kInvalid, fmt::format("What is asked for must be 1 to {} bytes of words", kWordsBytesMax));
  }
  if (terms.ends_at && (*terms.ends_at <= now || *terms.ends_at - now > kLifeUsMax)) {
    return fail(Code::kInvalid, fmt::format("A file request ends in the future, and within {} days",
                                            kLifeUsMax / (86'400LL * 1'000'000)));
  }
  if (terms.files_max && (*terms.files_max < 1 || *terms.files_max > kFilesMax)) {
    return fail(Code::kInvalid, fmt::format("A file request takes 1 to {} files", kFilesMax));
  }
  if (terms.bytes_max && (*terms.bytes_max < 1 || *terms.bytes_max > kBytesMax)) {
    return fail(Code::kInvalid, fmt::format("A file request takes 1 to {} bytes", kBytesMax));
  }
  return {};
}

Result<void> keep_code(db::Transaction& tx, const FileRequestId& id, const sharing::EntryCode& code) {
  TRY(tx.run("DELETE FROM file_request_codes WHERE request = :request", {{"request", id.text()}}));
  TRY(tx.run("INSERT INTO file_request_codes (request, salt, code_sha256) VALUES (:request, :salt, :hash)",
             {{"request", id.text()}, {"salt", code.salt}, {"hash", code.hash}}));
  return {};
}

Result<std::vector<FileRequests::Arrived>> arrived(db::Transaction& tx, const FileRequestId& id) {
  std::vector<FileRequests::Arrived> out;
  for (const db::Row& row :
       TRY(tx.query("SELECT r.id AS id, r.filename AS filename, r.bytes AS bytes, r.sha256 AS sha256, r.received_us AS "
                    "received_us, f.leaf_index AS leaf_index, r.state AS state, r.media_verdict AS verdict, "
                    "r.media_sentence AS sentence FROM "
                    "file_request_files f JOIN recordings r ON r.id = f.recording WHERE f.request = :request ORDER BY "
                    "f.leaf_index, f.id LIMIT :limit",
                    {{"request", id.text()}, {"limit", kFilesMax}}))) {
    const auto recording = RecordingId::parse(row.text("id"));
    if (!recording) return fail(Code::kCorrupt, "A row of the catalog is damaged", "recordings " + row.text("id"));
    out.push_back({*recording, row.text("filename"), static_cast<std::uint64_t>(row.integer("bytes")),
                   row.text("sha256"), Timestamp{row.integer("received_us")},
                   static_cast<std::uint64_t>(row.integer("leaf_index")), row.text("state"), row.maybe_text("verdict"),
                   row.maybe_text("sentence")});
  }
  return out;
}

}  // namespace

std::span<const db::Migration> schema() {
  return kSteps;
}

Result<void> check_record(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault) {
  return acts::check_tables(tx, kTables, agency, fault);
}

FileRequests::FileRequests(acts::Parts parts, evidence::Vault& vault)
    : parts_(parts),
      vault_(vault),
      tries_(parts.clock, {.per_second = 1, .at_once = kTriesAtOnce, .seconds = kTryAgainS}) {}

// ---- by the agency ----

Result<FileRequests::Made> FileRequests::make(const access::Actor& actor, const Terms& terms) {
  TRY(acts::require(actor, access::Action::kAskFiles));
  const Timestamp now = parts_.clock.now();
  TRY(check_terms(terms, now));
  const auto id = crypto::new_id<FileRequestId>();
  std::string secret = base64url(crypto::random_bytes<32>());
  const std::optional<sharing::EntryCode> code =
      terms.wants_code ? std::optional(sharing::new_entry_code()) : std::nullopt;
  const roster::SealedRowId row(id.bytes());
  const Json::Object values = {{"name", terms.name},
                               {"incident", terms.incident},
                               {"words", terms.words},
                               {"link", hash_of(secret)},
                               {"until", ledger_time(terms.ends_at.value_or(now + kLifeUsDefault))},
                               {"files_max", terms.files_max.value_or(kFilesDefault)},
                               {"bytes_max", terms.bytes_max.value_or(kBytesDefault)},
                               {"code", terms.wants_code ? 1 : 0}};
  ledger::Submission submission{actor.subject(), {}, {}};
  submission.events.push_back({id, "identity.bound", {{"name", terms.name}, {"from", ledger_time(now)}}, true});
  submission.events.push_back(
      {id, std::string(roster::kFileRequests.made), roster::event_fields(roster::kFileRequests, row, values), false});
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent> sealed) -> Result<void> {
    const std::int64_t standing =
        TRY(tx.query("SELECT COUNT(*) AS standing FROM file_requests WHERE agency = :agency AND revoked_us IS NULL AND "
                     "ends_us > :now",
                     {{"agency", actor.agency.text()}, {"now", now.us}}))[0]
            .integer("standing");
    if (standing >= kStandingMax)
      return fail(Code::kLimited, fmt::format("{} file requests stand: take back those that have served", standing));
    TRY(roster::insert_row(tx, roster::kFileRequests, actor.agency,
                           {row, id, sealed[1].index, actor.person, sealed[1].at, values}));
    if (code) TRY(keep_code(tx, id, *code));
    if (!terms.contact) return {};
    TRY(tx.run("UPDATE file_requests SET contact = :contact WHERE id = :id",
               {{"contact", *terms.contact}, {"id", id.text()}}));
    return {};
  };
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  Known made = TRY(known(id));
  return Made{std::move(made.request), std::move(secret), code ? std::optional(code->text) : std::nullopt};
}

Result<FileRequests::Known> FileRequests::known(db::Transaction& tx, FileRequest request) {
  Known out;
  const roster::Agency agency = TRY(roster::agency(tx, request.agency));
  out.agency_name = agency.name;
  out.agency_slug = agency.slug;
  out.maker_name = TRY(roster::name_of(tx, request.agency, request.maker)).value_or("");
  out.used = TRY(intake::used_of(tx, request.id));
  for (const db::Row& row : TRY(tx.query("SELECT failures FROM file_request_codes WHERE request = :request LIMIT 1",
                                         {{"request", request.id.text()}}))) {
    out.is_code_dead = row.integer("failures") >= kCodeFailuresMax;
  }
  out.request = std::move(request);
  return out;
}

Result<FileRequests::Known> FileRequests::known(const FileRequestId& id) {
  std::optional<Known> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(known(tx, TRY(roster::file_request(tx, id))));
    out->files = TRY(arrived(tx, id));
    out->under_way = TRY(intake::under_way_of(tx, id));
    return {};
  }));
  return *std::move(out);
}

Result<Page<FileRequests::Known>> FileRequests::list(const access::Actor& actor, const PageQuery& query) {
  // Who may see none asks in vain; who may see their own is given those.
  TRY(acts::require(actor, access::Action::kSeeFileRequests, actor.person));
  access::Item others;
  others.agency = actor.agency;
  const bool sees_all = access::decide(actor, access::Action::kSeeFileRequests, others).is_allowed();
  const Timestamp now = parts_.clock.now();
  PageQuery more = query;
  ++more.limit;
  Page<Known> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = {};
    for (FileRequest& request : TRY(roster::file_requests(
             tx, actor.agency, sees_all ? std::nullopt : std::optional(actor.person), more, now))) {
      out.items.push_back(TRY(known(tx, std::move(request))));
    }
    return {};
  }));
  if (static_cast<std::int64_t>(out.items.size()) > query.limit) {
    out.items.pop_back();
    const FileRequest& last = out.items.back().request;
    out.next = cursor_of({last.stands(now) ? 0 : 1, last.made_at.us, last.id.text()});
  }
  return out;
}

Result<FileRequests::Known> FileRequests::show(const access::Actor& actor, const FileRequestId& id) {
  auto found = known(id);
  if (!found && found.error().code() != Code::kNotFound) return fail(found.error());
  // Whoever may not see it does not learn that there is one.
  const bool is_shown = found && found->request.agency == actor.agency &&
                        access::decide(actor, access::Action::kSeeFileRequests, item_of(found->request)).is_allowed();
  if (!is_shown) return fail(Code::kNotFound, "No such file request", id.text());
  std::vector<RecordingId> ids;
  for (const Arrived& file : found->files) ids.push_back(file.recording);
  const std::set<RecordingId> shown = TRY(vault_.shown_of(actor, ids));
  std::erase_if(found->files, [&](const Arrived& file) { return !shown.contains(file.recording); });
  return *std::move(found);
}

Result<FileRequests::Known> FileRequests::revoke(const access::Actor& actor, const FileRequestId& id,
                                                 const std::string& reason) {
  const FileRequest request = TRY(show(actor, id)).request;
  TRY(access::require(access::decide(actor, access::Action::kManageFileRequest, item_of(request)), "file request"));
  TRY(acts::check_words("A reason", reason));
  if (request.revoked_at) return fail(Code::kConflict, "This file request has been taken back already");
  acts::Act act(actor);
  act.end(roster::kFileRequests, id, roster::SealedRowId(id.bytes()),
          {{"revoked_at", ledger_time(parts_.clock.now())}, {"reason", reason}});
  TRY(act.commit(parts_.ledgers));
  return show(actor, id);
}

Result<std::string> FileRequests::give_code(const access::Actor& actor, const FileRequestId& id) {
  const FileRequest request = TRY(show(actor, id)).request;
  TRY(access::require(access::decide(actor, access::Action::kManageFileRequest, item_of(request)), "file request"));
  if (!request.wants_code) return fail(Code::kConflict, "This file request asks for no code");
  if (!request.stands(parts_.clock.now())) return fail(Code::kConflict, "This file request has ended");
  const sharing::EntryCode code = sharing::new_entry_code();
  acts::Act act(actor);
  act.say({id, "file_request.code_given", {}, false}, [&](db::Transaction& tx) { return keep_code(tx, id, code); });
  TRY(act.commit(parts_.ledgers));
  return code.text;
}

// ---- by whoever was asked ----

// Counted before it is compared: of any number that try at once, no more than kCodeFailuresMax are compared at all.
Result<void> FileRequests::check_code(const FileRequest& request, const std::string& typed) {
  if (!request.wants_code) return {};
  if (typed.empty()) return fail(problems::kFileRequestCode, "This link asks for the code that you were told");
  bool is_right = false;
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    is_right = false;
    const db::Params by_id = {{"request", request.id.text()}};
    const std::int64_t counted =
        TRY(tx.run("UPDATE file_request_codes SET failures = failures + 1 WHERE request = :request AND failures < :max",
                   {{"request", request.id.text()}, {"max", kCodeFailuresMax}}));
    if (counted == 0) return {};
    const db::Rows rows =
        TRY(tx.query("SELECT salt, code_sha256 FROM file_request_codes WHERE request = :request LIMIT 1", by_id));
    is_right = sharing::entry_code_hash(rows[0].text("salt"), typed) == rows[0].text("code_sha256");
    if (is_right) TRY(tx.run("UPDATE file_request_codes SET failures = 0 WHERE request = :request", by_id));
    return {};
  }));
  if (is_right) return {};
  return fail(problems::kFileRequestCode,
              fmt::format("The code is not right. After {} wrong ones none counts until you are told another",
                          kCodeFailuresMax));
}

Result<void> FileRequests::tell_opened(const FileRequest& request) {
  if (request.opened_at) return {};
  access::Actor actor;
  actor.agency = request.agency;
  actor.file_request = request.id;
  acts::Act act(actor);
  act.make(roster::kFileRequestOpenings, request.id, {});
  const auto told = act.commit(parts_.ledgers);
  // By another phone of this moment.
  return told || told.error().code() == Code::kConflict ? Result<void>() : fail(told.error());
}

Result<FileRequests::Entered> FileRequests::enter(std::string_view address, const std::string& secret,
                                                  const std::string& code) {
  TRY(tries_.take(address));
  std::optional<FileRequest> found;
  const std::string hash = hash_of(secret);
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    found.reset();
    auto known = roster::file_request_by_link(tx, hash);
    if (known) found = *std::move(known);
    return known || known.error().code() == Code::kNotFound ? Result<void>() : fail(known.error());
  }));
  const Timestamp now = parts_.clock.now();
  if (!found || found->revoked_at) return fail(Code::kNotFound, std::string(kUnknown));
  if (!found->stands(now)) {
    return fail(problems::kFileRequestEnded, "This link has ended. Ask the person who sent it for another");
  }
  TRY(check_code(*found, code));
  TRY(tell_opened(*found));
  const auto token = crypto::random_bytes<32>();
  const Timestamp ends_at = std::min(now + kSessionLifeUs, found->ends_at);
  const db::Params of_request = {{"request", found->id.text()}, {"now", now.us}, {"most", kSessionsMax - 1}};
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(
        tx.run("DELETE FROM file_request_sessions WHERE ends_us <= :now OR (request = :request AND id_sha256 NOT IN "
               "(SELECT id_sha256 FROM file_request_sessions WHERE request = :request ORDER BY ends_us DESC, id_sha256 "
               "LIMIT :most))",
               of_request));
    TRY(tx.run("INSERT INTO file_request_sessions (id_sha256, request, ends_us) VALUES (:id, :request, :ends)",
               {{"id", hex(crypto::sha256(token))}, {"request", found->id.text()}, {"ends", ends_at.us}}));
    return {};
  }));
  return Entered{found->id, found->agency, std::string(kTokenHead) + hex(token), ends_at};
}

Result<access::Actor> FileRequests::actor_of_token(std::string_view token) {
  const auto secret = parse_hex_array<32>(token.substr(kTokenHead.size()));
  const Error unknown{&problems::kUnauthenticated, "Open the link that you were sent once more", {}};
  if (!secret) return fail(unknown);
  access::Actor actor;
  const Timestamp now = parts_.clock.now();
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows =
        TRY(tx.query("SELECT request FROM file_request_sessions WHERE id_sha256 = :id AND ends_us > :now LIMIT 1",
                     {{"id", hex(crypto::sha256(*secret))}, {"now", now.us}}));
    const auto id = rows.empty() ? std::nullopt : FileRequestId::parse(rows[0].text("request"));
    if (!id) return fail(unknown);
    if (!TRY(roster::file_request(tx, *id)).stands(now)) return fail(unknown);
    actor = TRY(roster::actor(tx, *id));
    return {};
  }));
  return actor;
}

roster::Asker FileRequests::asker(roster::Asker otherwise) {
  return [this, otherwise = std::move(otherwise)](const http::Request& request) -> Result<access::Actor> {
    constexpr std::string_view kScheme = "Bearer ";
    const std::string* header = request.header("authorization");
    if (!header || !header->starts_with(kScheme)) return otherwise(request);
    const std::string_view token = std::string_view(*header).substr(kScheme.size());
    return token.starts_with(kTokenHead) ? actor_of_token(token) : otherwise(request);
  };
}

Result<FileRequests::Known> FileRequests::own(const access::Actor& actor) {
  if (!actor.file_request) return fail(Code::kNotFound, "Nobody has asked you for files by a link");
  Known out = TRY(known(*actor.file_request));
  const auto published = TRY(parts_.ledgers.find(actor.agency))->standing(ledger::Under::kPublished);
  if (published) out.published_size = published->size;  // before the first beat there is none
  return out;
}

}  // namespace lapel::invitations
