// SPDX-License-Identifier: Apache-2.0
#include "evidence/vault.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/problems.h"
#include "base/text.h"
#include "base/turn.h"
#include "crypto/random.h"
#include "evidence/rows.h"
#include "ledger/custody_export.h"
#include "proof/entry.h"
#include "roster/file_requests.h"
#include "roster/locked.h"

namespace lapel::evidence {
namespace {

constexpr int kAdmitAttemptsMax = 4;
constexpr std::int64_t kSameBytesMax = 10;
constexpr std::size_t kCustodyPageMax = 10'000;

// A sort time may lie further ahead than a number in JSON may.
std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0 ? std::optional(value) : std::nullopt;
}

bool may_show(const access::Actor& actor, const Recording& recording) {
  return access::decide(actor, access::Action::kShow, recording.item).is_allowed();
}

// Whoever has a recording only as its officer is told by its custody how it came in and what they did themselves. Of what others
// did, nothing, whatever it was, or what tells that somebody investigates would be told apart.
bool is_withheld(const access::Actor& asker, const Recording& recording, const ledger::SealedEvent& event) {
  access::Item anothers = recording.item;
  anothers.assigned_officer.reset();
  if (access::decide(asker, access::Action::kShow, anothers).is_allowed()) return false;
  if (event.type == "recording.admitted" || event.type == "recording.derived") return false;
  const auto parsed = proof::parse_event(event.event);
  const std::string* actor = parsed ? parsed->find_string("actor") : nullptr;
  return !(actor && *actor == asker.subject().text());
}

template <typename T>
void put_if(Json::Object& fields, std::string_view name, const std::optional<T>& value) {
  if (value && !value->empty()) fields.emplace(name, *value);
}

// The dock's own id of the file, by which a file that is sent again is known.
std::optional<std::string> dock_file(const Admission& admission) {
  const std::string* file = admission.dock_statement ? admission.dock_statement->find_string("file") : nullptr;
  return file ? std::optional(*file) : std::nullopt;
}

// The recording that this file is already, if it is one.
struct Admitted {
  RecordingId id;
  bool is_same = false;  // of the same bytes by the same sender; else its dock has given the file's id to another file
};
Result<std::optional<Admitted>> find_admitted(db::Transaction& tx, const access::Actor& actor,
                                              const Admission& admission) {
  const db::Rows rows = TRY(tx.query(
      "SELECT id, sha256, bytes, uploader FROM recordings WHERE id = :id OR (agency = :agency AND dock_file = "
      ":dock_file) LIMIT 2",
      {{"id", admission.recording.text()}, {"agency", actor.agency.text()}, {"dock_file", dock_file(admission)}}));
  if (rows.empty()) return std::optional<Admitted>();
  const db::Row& row = rows[0];
  const auto id = RecordingId::parse(row.text("id"));
  CHECK(id.has_value());
  return Admitted{*id, row.text("sha256") == hex(admission.sha256) && row.text("uploader") == actor.subject().text() &&
                           row.integer("bytes") == static_cast<std::int64_t>(admission.source.bytes)};
}

// Whose recording it is: whoever wore the camera then by the roster, else whose the badge was that it came with.
Result<std::optional<PersonId>> officer_of(db::Transaction& tx, const AgencyId& agency, const Admission& admission,
                                           const std::optional<roster::Device>& device) {
  const Description& description = admission.description;
  const Timestamp at = description.recorded_at.value_or(admission.received_at);
  if (device) {
    if (const auto worn_by = TRY(roster::holder(tx, agency, roster::AssignmentKind::kDevice, device->id.text(), at)))
      return worn_by;
  }
  if (!description.wearer) return std::optional<PersonId>();
  return roster::holder(tx, agency, roster::AssignmentKind::kBadge, *description.wearer, at);
}

// What the catalog knows of a file that is to be admitted, at one moment.
struct Known {
  std::optional<Admitted> admitted_as;
  std::optional<roster::Device> device;
  std::optional<PersonId> officer;
};
Result<Known> look_up(db::Transaction& tx, const access::Actor& actor, const Admission& admission) {
  Known out;
  const std::optional<std::string>& serial = admission.description.device;
  out.admitted_as = TRY(find_admitted(tx, actor, admission));
  if (serial) out.device = TRY(roster::device_by_serial(tx, actor.agency, *serial));
  out.officer = TRY(officer_of(tx, actor.agency, admission, out.device));
  return out;
}

// The recording that it is already stays the one. What was put for it, here or before a kill, has no row and gets none: the
// file's id is another recording's.
Result<void> admit_as(const Vault::Parts& parts, const access::Actor& actor, const Admission& admission,
                      const Admitted& known, const Vault::AlsoStep& also) {
  if (known.id != admission.recording)
    TRY(parts.store.take_back(actor.agency_slug, admission.recording, admission.source));
  if (!known.is_same)
    return fail(problems::kDockStatement, "The dock has used this file id for another file", known.id.text());
  return parts.database.write([&](db::Transaction& tx) { return also(tx, known.id); });
}

// Puts on record what whoever asks for a view says of the home. The first word counts; that it is one after all can be said
// later, that it is none no more.
void say_inside_home(const Recording& recording, const ViewRequest& request, ledger::Submission& submission) {
  if (!request.inside_home || request.inside_home == recording.is_inside_home ||
      recording.is_inside_home.value_or(false))
    return;
  Json::Object fields = {
      {"field", "inside_home"}, {"new", *request.inside_home}, {"reason", "said when a view was asked for"}};
  if (recording.is_inside_home) fields.emplace("old", *recording.is_inside_home);
  submission.events.push_back({recording.id, "recording.changed", std::move(fields), false});
  submission.rows = [&recording, now = *request.inside_home](db::Transaction& tx,
                                                             std::span<const ledger::SealedEvent>) {
    return set_columns(tx, recording, "is_inside_home = :inside_home, inside_home_known = 1",
                       {{"inside_home", now ? 1 : 0}});
  };
}

Json::Object admitted_fields(const Admission& admission) {
  const Description& description = admission.description;
  Json::Object fields;
  fields.emplace("sha256", hex(admission.sha256));
  fields.emplace("bytes", admission.source.bytes);
  fields.emplace("received_at", ledger_time(admission.received_at));
  fields.emplace("chain_starts_at", chain_start_name(admission.chain_starts_at));
  if (description.recorded_at) fields.emplace("recorded_at", ledger_time(*description.recorded_at));
  if (description.group) fields.emplace("group", description.group->text());
  if (admission.dock_statement) fields.emplace("dock", *admission.dock_statement);
  // Beyond ledger.md's list: what was said of the recording at the start is committed to as well, or a first value
  // could be replaced without a trace where a later change could not.
  put_if(fields, "wearer", description.wearer);
  put_if(fields, "incident", description.incident);
  put_if(fields, "category", description.category);
  if (!description.filename.empty()) fields.emplace("filename", description.filename);
  return fields;
}

// Whoever sent it is nobody of the agency: it waits to be accepted, and what they said of it stays as they said it.
void add_outside(const Admission& admission, Json::Object& admitted) {
  admitted.emplace("quarantined", true);
  if (!admission.description.more.empty()) admitted.emplace("said", to_json(Json(admission.description.more)));
}

// One act on two subjects, where a camera is known: the recording's admission, and the offload in the camera's own chain.
std::vector<ledger::Draft> admission_events(const access::Actor& actor, const Admission& admission,
                                            const Known& known) {
  Json::Object admitted = admitted_fields(admission);
  // Said either way: an admission of before named none.
  if (known.officer) admitted.emplace("officer", known.officer->text());
  if (!known.officer) admitted.emplace("unattributed", true);
  const std::string act = crypto::new_id<ActId>().text();
  if (actor.file_request) {
    add_outside(admission, admitted);
    admitted.emplace("act", act);
    Json::Object received = roster::event_fields(roster::kFileRequestFiles, crypto::new_id<roster::SealedRowId>(),
                                                 {{"act", act}, {"recording", admission.recording.text()}});
    return {{admission.recording, "recording.admitted", std::move(admitted), true},
            {*actor.file_request, std::string(roster::kFileRequestFiles.made), std::move(received), false}};
  }
  if (!known.device) return {{admission.recording, "recording.admitted", std::move(admitted), true}};
  admitted.emplace("act", act);
  // The device as a subject: its serial stands in its own chain, where identity.bound vouches for it.
  admitted.emplace("device", known.device->id.text());
  return {{admission.recording, "recording.admitted", std::move(admitted), true},
          {known.device->id, "device.offloaded", {{"act", act}, {"recording", admission.recording.text()}}, false}};
}

Result<void> insert_recording(db::Transaction& tx, const access::Actor& actor, const Admission& admission,
                              const std::optional<PersonId>& officer) {
  const Description& description = admission.description;
  const auto text_of = [](const auto& id) { return id ? std::optional(id->text()) : std::nullopt; };
  const Timestamp sort = description.recorded_at.value_or(admission.received_at);
  TRY(
      tx.run("INSERT INTO recordings (id, agency, sha256, bytes, codec, filename, filetype, recorded_us, received_us, "
             "sort_us, uploader, device, wearer, assigned_officer, incident, category, group_id, dock_file, "
             "chain_starts_at, state, folded, more) "
             "VALUES (:id, :agency, :sha256, :bytes, :codec, :filename, :filetype, :recorded_us, :received_us, "
             ":sort_us, :uploader, :device, :wearer, :officer, :incident, :category, :group_id, :dock_file, "
             ":chain_starts_at, :state, :folded, :more)",
             {{"id", admission.recording.text()},
              {"agency", actor.agency.text()},
              {"sha256", hex(admission.sha256)},
              {"bytes", admission.source.bytes},
              {"codec", store::codec_name(store::Codec::kPlain)},
              {"filename", description.filename},
              {"filetype", description.filetype},
              {"recorded_us", description.recorded_at ? std::optional(description.recorded_at->us) : std::nullopt},
              {"received_us", admission.received_at.us},
              {"sort_us", sort.us},
              {"uploader", actor.subject().text()},
              {"device", description.device},
              {"wearer", description.wearer},
              {"officer", text_of(officer)},
              {"incident", description.incident},
              {"category", description.category},
              {"group_id", text_of(description.group)},
              {"dock_file", dock_file(admission)},
              {"chain_starts_at", chain_start_name(admission.chain_starts_at)},
              {"state", access::state_name(actor.file_request ? access::State::kQuarantined : access::State::kSealed)},
              {"folded", searchable(description)},
              {"more", to_json(Json(description.more))}}));
  return {};
}

Result<void> keep_received(db::Transaction& tx, const access::Actor& actor, const Admission& admission,
                           const ledger::SealedEvent& event) {
  const auto said = proof::parse_event(event.event);
  const auto id = roster::SealedRowId::parse(*said->find_string(roster::kFileRequestFiles.noun));
  return roster::insert_row(tx, roster::kFileRequestFiles, actor.agency,
                            {*id,
                             event.subject,
                             event.index,
                             PersonId(actor.subject().bytes()),
                             event.at,
                             {{"recording", admission.recording.text()}}});
}

}  // namespace

std::string_view chain_start_name(ChainStart start) {
  constexpr std::array<std::string_view, 3> kNames = {"camera", "dock", "server"};
  return kNames[static_cast<std::size_t>(start)];
}

Result<void> Vault::check_group(const access::Actor& actor, const RecordingId& first) {
  bool is_first_of_theirs = false;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    is_first_of_theirs =
        !TRY(tx.query("SELECT id FROM recordings WHERE id = :id AND agency = :agency AND "
                      "uploader = :uploader AND group_id IS NULL LIMIT 1",
                      {{"id", first.text()}, {"agency", actor.agency.text()}, {"uploader", actor.subject().text()}}))
             .empty();
    return {};
  }));
  if (is_first_of_theirs) return {};
  return fail(Code::kInvalid,
              "\"group\" must be the id of the first file of a recording that you have uploaded yourself",
              first.text());
}

Result<void> Vault::admit(const access::Actor& actor, const Admission& admission, const AlsoStep& also) {
  ledger::Ledger& ledger = *TRY(parts_.ledgers.find(actor.agency));
  const Description& description = admission.description;
  if (description.group) TRY(check_group(actor, *description.group));

  for (int attempt = 1;; ++attempt) {
    Known known;
    TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
      known = TRY(look_up(tx, actor, admission));
      return {};
    }));
    if (known.admitted_as) return admit_as(parts_, actor, admission, *known.admitted_as, also);
    TRY(parts_.store.put(actor.agency_slug, admission.recording, admission.source));

    const bool is_new_device = description.device && !known.device;
    if (is_new_device) known.device = roster::Device{crypto::new_id<DeviceId>(), actor.agency, *description.device};
    ledger::Submission submission{actor.subject(), {}, {}};
    if (is_new_device) submission.events.push_back(device_bound(*known.device));
    for (ledger::Draft& event : admission_events(actor, admission, known))
      submission.events.push_back(std::move(event));
    const auto rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent> sealed) -> Result<void> {
      if (is_new_device) TRY(roster::add_device(tx, *known.device, parts_.clock.now()));
      TRY(insert_recording(tx, actor, admission, known.officer));
      if (actor.file_request) TRY(keep_received(tx, actor, admission, sealed.back()));
      TRY(parts_.jobs.enqueue(tx, {kMediaJob, actor.agency, admission.recording}));
      return also(tx, admission.recording);
    };
    submission.rows = rows;
    auto sealed = ledger.commit(std::move(submission));
    if (sealed) {
      parts_.jobs.nudge();
      return {};
    }
    // Two first files of one device at once, or this very admission by another process: look again.
    if (sealed.error().code() != Code::kConflict || attempt == kAdmitAttemptsMax)
      return fail(std::move(sealed).error());
  }
}

Result<roster::Device> Vault::register_device(const access::Actor& actor, const std::string& serial) {
  TRY(access::require(access::decide(actor, access::Action::kRegisterDevice, own_agency(actor)), "device", serial));
  for (int attempt = 0; attempt < kAdmitAttemptsMax; ++attempt) {
    std::optional<roster::Device> device;
    TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
      device = TRY(roster::device_by_serial(tx, actor.agency, serial));
      return {};
    }));
    if (device) return *device;
    const roster::Device made{crypto::new_id<DeviceId>(), actor.agency, serial};
    ledger::Submission submission{actor.subject(), {}, {}};
    submission.events.push_back(device_bound(made));
    submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) {
      return roster::add_device(tx, made, parts_.clock.now());
    };
    auto sealed = TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission));
    if (sealed) return made;
    if (sealed.error().code() != Code::kConflict) return fail(std::move(sealed).error());
  }
  return fail(Code::kConflict, "The device could not be registered", serial);
}

ledger::Draft Vault::device_bound(const roster::Device& device) const {
  return {device.id, "identity.bound", {{"serial", device.serial}, {"from", ledger_time(parts_.clock.now())}}, true};
}

Result<Recording> Vault::known_recording(const access::Actor& actor, const RecordingId& id) {
  Recording found;
  const Timestamp now = parts_.clock.now();
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    found = TRY(find_recording(tx, actor, id, now));
    // Whoever may not know of it is answered as soon as where there is none.
    if (!access::decide(actor, access::Action::kShow, found.item).may_know()) return {};
    for (const db::Row& row :
         TRY(tx.query(fmt::format("SELECT {} FROM recordings r WHERE agency = :agency AND sha256 = :sha256 AND id <> "
                                  ":id ORDER BY id LIMIT :limit",
                                  columns()),
                      asked_by(actor, now) + db::Params{{"agency", actor.agency.text()},
                                                        {"sha256", hex(found.sha256)},
                                                        {"id", id.text()},
                                                        {"limit", kSameBytesMax}}))) {
      const Recording other = TRY(read_recording(actor, row));
      if (may_show(actor, other)) found.same_bytes.push_back(other.id);
    }
    TRY(read_clips(tx, actor, std::span(&found, 1)));
    return read_media_jobs(tx, std::span(&found, 1));
  }));
  return found;
}

Result<void> Vault::read_media_jobs(db::Transaction& tx, std::span<Recording> recordings) const {
  std::vector<SubjectId> subjects;
  for (const Recording& recording : recordings) subjects.push_back(recording.id);
  const auto statuses = TRY(parts_.jobs.statuses(tx, kMediaJob, subjects));
  for (Recording& recording : recordings) {
    if (const auto it = statuses.find(recording.id); it != statuses.end()) recording.media_job = it->second;
  }
  return {};
}

Result<void> Vault::read_clips(db::Transaction& tx, const access::Actor& actor, std::span<Recording> recordings) const {
  for (Recording& recording : recordings) {
    const RecordingId first = recording.description.group.value_or(recording.id);
    recording.clips.clear();
    for (const db::Row& row : TRY(tx.query(
             fmt::format("SELECT {} FROM {} ORDER BY CASE WHEN id = :first THEN 0 ELSE 1 END, sort_us, id LIMIT :limit",
                         columns(), roster::files_of_first()),
             asked_by(actor, parts_.clock.now()) +
                 db::Params{{"agency", actor.agency.text()}, {"first", first.text()}, {"limit", limits::kClipsMax}}))) {
      const Recording file = TRY(read_recording(actor, row));
      // A file of another wearer, or from inside a home, may be another matter than the one asked for.
      if (file.id == recording.id || may_show(actor, file))
        recording.clips.push_back({file.id, file.description.filename, file.sha256, file.bytes});
    }
    const auto is_listed = [&](const Clip& clip) { return clip.id == first; };
    if (std::none_of(recording.clips.begin(), recording.clips.end(), is_listed)) recording.description.group.reset();
  }
  return {};
}

Result<Recording> Vault::show(const access::Actor& actor, const RecordingId& id) {
  Recording recording = TRY(known_recording(actor, id));
  const auto decision = access::decide(actor, access::Action::kShow, recording.item);
  TRY(require_on_record(actor, recording, access::Action::kShow, decision));
  return recording;
}

Result<ListPage> Vault::list(const access::Actor& actor, const ListQuery& query) {
  TRY(access::require(access::decide(actor, access::Action::kList, own_agency(actor)), "recording"));
  // A cursor is the place of the last row: "<sort_us>.<id>".
  std::optional<std::int64_t> after_us;
  std::string after_id;
  if (!query.cursor.empty()) {
    const std::size_t dot = query.cursor.find('.');
    const auto us = parse_integer(std::string_view(query.cursor).substr(0, dot));
    const auto id =
        dot == std::string::npos ? std::nullopt : RecordingId::parse(std::string_view(query.cursor).substr(dot + 1));
    if (!us || !id) return fail(Code::kInvalid, "This cursor is not one that a page has given");
    after_us = *us;
    after_id = id->text();
  }
  // Exactly those that it would show one by one.
  std::string sql = fmt::format("SELECT {} FROM recordings r WHERE agency = :agency AND {}", columns(),
                                TRY(reached_condition(actor)));
  db::Params params =
      asked_by(actor, parts_.clock.now()) + db::Params{{"agency", actor.agency.text()}, {"limit", query.limit + 1}};
  const auto narrow = [&](std::string_view condition, std::string_view name, db::Value value) {
    sql += " AND ";
    sql += condition;
    params.emplace_back(name, nullptr);
    params.back().value = std::move(value);
  };
  if (query.is_unattributed) sql += " AND assigned_officer IS NULL";
  if (query.device) narrow("device = :device", "device", *query.device);
  if (query.category) narrow("category = :category", "category", *query.category);
  if (query.incident) narrow("incident = :incident", "incident", *query.incident);
  if (query.officer) narrow("wearer = :officer", "officer", *query.officer);
  if (query.from) narrow("sort_us >= :from_us", "from_us", query.from->us);
  if (query.to) narrow("sort_us < :to_us", "to_us", query.to->us);
  if (query.received_from) narrow("received_us >= :received_from", "received_from", query.received_from->us);
  if (query.received_to) narrow("received_us < :received_to", "received_to", query.received_to->us);
  if (query.text) narrow(parts_.database.contains("folded", "text"), "text", fold(*query.text));
  if (after_us) {
    narrow("(sort_us < :after_us OR (sort_us = :after_us AND id < :after_id))", "after_us", *after_us);
    params.emplace_back("after_id", after_id);
  }
  sql += " ORDER BY sort_us DESC, id DESC LIMIT :limit";

  ListPage page;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    page = {};
    for (const db::Row& row : TRY(tx.query(sql, params))) {
      if (static_cast<std::int64_t>(page.items.size()) == query.limit) {
        const Recording& last = page.items.back();
        page.next = fmt::format("{}.{}", last.description.recorded_at.value_or(last.received_at).us, last.id.text());
        break;
      }
      page.items.push_back(TRY(read_recording(actor, row)));
    }
    TRY(read_clips(tx, actor, page.items));
    return read_media_jobs(tx, page.items);
  }));
  TRY(seal_listing(actor, query, page.items.size()));
  return page;
}

// What somebody looked for is an act of theirs, in their own chain: one event a query, sealed before it is answered.
Result<void> Vault::seal_listing(const access::Actor& actor, const ListQuery& query, std::size_t items) {
  Json::Object fields = {{"items", static_cast<std::uint64_t>(items)}};
  put_if(fields, "q", query.text);
  put_if(fields, "device", query.device);
  put_if(fields, "category", query.category);
  put_if(fields, "incident", query.incident);
  put_if(fields, "officer", query.officer);
  if (query.is_unattributed) fields.emplace("unattributed", true);
  if (query.from) fields.emplace("from", ledger_time(*query.from));
  if (query.to) fields.emplace("to", ledger_time(*query.to));
  if (query.received_from) fields.emplace("received_from", ledger_time(*query.received_from));
  if (query.received_to) fields.emplace("received_to", ledger_time(*query.received_to));
  if (!query.cursor.empty()) fields.emplace("cursor", query.cursor);
  ledger::Submission submission{actor.subject(), {}, {}};
  submission.events.push_back({actor.subject(), "recordings.listed", std::move(fields), false});
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  return {};
}

// A refusal that names its rule is an act too: somebody wanted to know this. Whoever is not to know of the recording gets the
// 404 of an unknown id, and sealing that would take longer than one; it is for the trace.
Result<void> Vault::require_on_record(const access::Actor& actor, const Recording& recording, access::Action action,
                                      const access::Decision& decision) {
  if (decision.answer == access::Answer::kRefuse) {
    TRY(parts_.ledgers.seal_refusal(actor.agency, {actor.subject(), {denied(recording.id, action, decision)}, {}}));
  }
  return access::require(decision, "recording", recording.id.text());
}

Result<Recording> Vault::asked_recording(const access::Actor& actor, access::Action action, const RecordingId& id,
                                         const ViewRequest& request, Refusal refusal) {
  Recording recording = TRY(known_recording(actor, id));
  const access::Decision decision = access::decide(actor, action, recording.item, basis_of(recording, request));
  if (decision.answer == access::Answer::kRefuse && refusal == Refusal::kSealed) {
    Json::Object fields = {{"action", access::action_name(action)},
                           {"purpose", access::purpose_name(request.purpose)},
                           {"rule", decision.rule}};
    put_if(fields, "case", request.case_number);
    put_if(fields, "warrant", request.warrant);
    ledger::Submission submission{actor.subject(), {}, {}};
    // What was said in answer to the question stays said, or a second try would say otherwise. Nobody else's word counts who
    // gets nothing by it.
    ViewRequest unsaid = request;
    unsaid.inside_home.reset();
    const bool was_asked =
        access::decide(actor, action, recording.item, basis_of(recording, unsaid)).answer == access::Answer::kAsk;
    if (was_asked) say_inside_home(recording, request, submission);
    submission.events.push_back({recording.id, "recording.refused", std::move(fields), false});
    TRY(parts_.ledgers.seal_refusal(actor.agency, std::move(submission)));
  }
  TRY(access::require(decision, "recording", id.text()));
  // Nobody has vouched for these bytes: whoever has them all the same says first that they know it.
  if (recording.state == access::State::kQuarantined && request.despite_quarantine.value_or("").empty()) {
    return fail(problems::kQuarantined, "Somebody outside sent this file, and nobody has accepted it yet");
  }
  return recording;
}

Result<Recording> Vault::accept(const access::Actor& actor, const RecordingId& id, const std::string& reason) {
  const Recording before = TRY(known_recording(actor, id));
  TRY(require_on_record(actor, before, access::Action::kAccept,
                        access::decide(actor, access::Action::kAccept, before.item)));
  if (reason.empty() || has_control_characters(reason)) return fail(Code::kInvalid, "It is accepted with a reason");
  if (before.state != access::State::kQuarantined) return fail(Code::kConflict, "This recording is in no quarantine");
  if (!before.media) return fail(Code::kConflict, "This file has not been examined yet: look again in a moment");
  if (before.media->verdict != "whole" && before.media->verdict != "damaged") {
    return fail(Code::kConflict, fmt::format("This file stays in quarantine. {}", before.media->sentence));
  }
  ledger::Submission submission{actor.subject(), {}, {}};
  submission.events.push_back(
      {id, "recording.accepted", {{"reason", reason}, {"verdict", before.media->verdict}}, false});
  submission.rows = [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) {
    return set_columns(tx, before, "state = :state", {{"state", access::state_name(access::State::kSealed)}});
  };
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  return known_recording(actor, id);
}

Result<View> Vault::open_view(const access::Actor& actor, const RecordingId& id, const ViewRequest& request) {
  Recording recording = TRY(asked_recording(actor, access::Action::kView, id, request));
  return seal_view(actor, std::move(recording), request, "recording.viewed");
}

Result<View> Vault::open_export(const access::Actor& actor, const RecordingId& id, const ViewRequest& request) {
  Recording recording = TRY(asked_recording(actor, access::Action::kExport, id, request));
  const Turn turn(exports_read_, kExportsReadAtOnceMax);
  if (!turn.has_place()) {
    return fail(Code::kUnavailable, fmt::format("{} exports are being read at this moment; try again a little later",
                                                kExportsReadAtOnceMax));
  }
  TRY(require_undamaged(actor, recording));
  // Reading may have taken long: asked again, of the recording and of whoever wants it as they are now.
  access::Actor now;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    now = TRY(roster::actor(tx, actor.subject()));
    return {};
  }));
  now.scopes = actor.scopes;
  recording = TRY(asked_recording(now, access::Action::kExport, id, request));
  return seal_view(now, std::move(recording), request, "recording.exported");
}

Result<Recording> Vault::to_share(const access::Actor& actor, const RecordingId& id, const ViewRequest& request,
                                  Refusal refusal) {
  return asked_recording(actor, access::Action::kShare, id, request, refusal);
}

Result<void> Vault::require_receivable(const access::Actor& recipient, const RecordingId& id,
                                       std::optional<access::Restriction> restriction) {
  Recording recording = TRY(known_recording(recipient, id));
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    recording.item.is_cleared = restriction && TRY(roster::is_locked_only_as(tx, id, *restriction));
    return {};
  }));
  return access::require(access::decide(recipient, access::Action::kReceive, recording.item), "recording");
}

Result<void> Vault::seal_sharing(const access::Actor& actor, std::vector<ledger::Draft> events, ledger::RowsStep rows) {
  for (const ledger::Draft& event : events) {
    CHECK(event.type == "recording.shared" || event.type == "recording.received" ||
          !event.type.starts_with("recording."));
  }
  ledger::Submission submission{actor.subject(), std::move(events), std::move(rows)};
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  return {};
}

// What leaves the agency is read once more first, to its end. A view is not: a range of a file cannot be checked without
// reading all of it, and whoever has the whole has its digest beside it.
Result<void> Vault::require_undamaged(const access::Actor& actor, const Recording& recording) {
  store::Original original = TRY(parts_.store.open(actor.agency_slug, recording.id, recording.codec, recording.bytes));
  const Digest digest = TRY(parts_.store.digest(original));
  if (digest == recording.sha256) return {};
  return fail(problems::kObjectDamaged, "The stored file is not the one that was sealed, so it is not exported",
              fmt::format("recording {} hashes to {}, and {} was sealed", recording.id.text(), hex(digest),
                          hex(recording.sha256)));
}

Result<View> Vault::seal_view(const access::Actor& actor, Recording recording, const ViewRequest& request,
                              std::string_view type) {
  const RecordingId id = recording.id;
  View view{crypto::new_id<ViewId>(), std::move(recording), parts_.clock.now() + limits::kViewLifeUs};
  ledger::Submission submission{actor.subject(), {}, {}};
  say_inside_home(view.recording, request, submission);
  Json::Object fields = {{"purpose", access::purpose_name(request.purpose)}, {"view", view.id.text()}};
  put_if(fields, "case", request.case_number);
  put_if(fields, "warrant", request.warrant);
  if (request.inside_home) fields.emplace("inside_home", *request.inside_home);
  if (view.recording.state == access::State::kQuarantined) put_if(fields, "despite", request.despite_quarantine);
  submission.events.push_back({id, std::string(type), std::move(fields), false});
  submission.rows = [&, say = std::move(submission.rows)](db::Transaction& tx,
                                                          std::span<const ledger::SealedEvent> sealed) -> Result<void> {
    if (say) TRY(say(tx, sealed));
    TRY(tx.run(
        "INSERT INTO views (id, recording, agency, person, purpose, case_number, warrant, opened_us, expires_us) "
        "VALUES (:id, :recording, :agency, :person, :purpose, :case_number, :warrant, :opened, :expires)",
        {{"id", view.id.text()},
         {"recording", id.text()},
         {"agency", actor.agency.text()},
         {"person", actor.person.text()},
         {"purpose", access::purpose_name(request.purpose)},
         {"case_number", request.case_number},
         {"warrant", request.warrant},
         {"opened", parts_.clock.now().us},
         {"expires", view.expires_at.us}}));
    return {};
  };
  TRY(TRY(parts_.ledgers.find(actor.agency))->commit(std::move(submission)));
  return view;
}

Result<Vault::OpenedView> Vault::view(const access::Actor& actor, const ViewId& id) {
  View found = TRY(standing_view(actor, id, access::Action::kView, Refusal::kSealed));
  const Recording& shown = found.recording;
  store::Original original = TRY(parts_.store.open(actor.agency_slug, shown.id, shown.codec, shown.bytes));
  return OpenedView{std::move(found), std::move(original)};
}

Result<View> Vault::standing_view(const access::Actor& actor, const ViewId& id, access::Action action,
                                  Refusal refusal) {
  std::optional<View> found;
  ViewRequest opened_for;
  const db::Params asked = asked_by(actor, parts_.clock.now());
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    found.reset();
    const db::Rows views =
        TRY(tx.query("SELECT recording, purpose, case_number, warrant, expires_us FROM views WHERE id = :id AND person "
                     "= :person AND agency = :agency",
                     {{"id", id.text()}, {"person", actor.person.text()}, {"agency", actor.agency.text()}}));
    if (views.empty()) return {};
    const db::Rows rows = TRY(tx.query(fmt::format("SELECT {} FROM recordings r WHERE id = :id", columns()),
                                       asked + db::Params{{"id", views[0].text("recording")}}));
    CHECK(rows.size() == 1);  // a foreign key
    const auto purpose = access::parse_purpose(views[0].text("purpose"));
    if (!purpose) return fail(Code::kCorrupt, "A view's purpose is damaged", id.text());
    opened_for = {*purpose, views[0].maybe_text("case_number"), views[0].maybe_text("warrant"), {}};
    Recording shown = TRY(read_recording(actor, rows[0]));
    found = View{id, std::move(shown), Timestamp{views[0].integer("expires_us")}};
    return {};
  }));
  if (!found) return fail(Code::kNotFound, "No such view", id.text());
  // Asked again: the role may be gone since, the recording locked, or the credential a narrower one than the view was
  // opened with.
  const auto decision = access::decide(actor, action, found->recording.item, basis_of(found->recording, opened_for));
  if (refusal == Refusal::kUnsealed) TRY(access::require(decision, "recording"));
  if (refusal == Refusal::kSealed) TRY(require_on_record(actor, found->recording, action, decision));
  if (parts_.clock.now() >= found->expires_at) return fail(Code::kGone, "This view has expired: open a new one");
  return *std::move(found);
}

Result<std::map<std::string, std::string>> Vault::export_files(const access::Actor& actor, const ViewId& id) {
  const View view = TRY(standing_view(actor, id, access::Action::kExport, Refusal::kSealed));
  return ledger::custody_export(*TRY(parts_.ledgers.find(actor.agency)), view.recording.id, id);
}

Result<std::vector<CustodyItem>> Vault::custody(const access::Actor& asker, const RecordingId& id) {
  const Recording recording = TRY(show(asker, id));
  const ledger::Ledger& ledger = *TRY(parts_.ledgers.find(asker.agency));
  std::vector<CustodyItem> out;
  for (std::uint64_t n = 0, got = kCustodyPageMax; got == kCustodyPageMax; n += got) {
    const std::vector<ledger::SealedEvent> page = TRY(ledger.events(id, n, kCustodyPageMax));
    got = page.size();
    for (const ledger::SealedEvent& event : page) {
      if (is_withheld(asker, recording, event)) continue;
      out.push_back({event, {}, {}});
      out.back().salt = TRY(ledger.salt(event));
    }
  }
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    std::map<std::string, std::optional<std::string>> names;
    for (CustodyItem& item : out) {
      const auto event = proof::parse_event(item.event.event);
      if (!event) return fail(Code::kCorrupt, "A custody event is damaged", id.text());
      const std::string& actor = *event->find_string("actor");
      if (!names.contains(actor)) names[actor] = TRY(roster::name_of(tx, asker.agency, *SubjectId::parse(actor)));
      item.actor_name = names[actor];
    }
    return {};
  }));
  // Whoever is in no roster has a chain that says their name: the recipient of a share.
  std::map<SubjectId, std::optional<std::string>> recipients;
  for (CustodyItem& item : out) {
    if (item.actor_name) continue;
    const SubjectId actor = *SubjectId::parse(*proof::parse_event(item.event.event)->find_string("actor"));
    if (!recipients.contains(actor)) {
      const auto first = TRY(ledger.events(actor, 0, 1));
      const auto bound = first.empty() ? std::nullopt : proof::parse_event(first[0].event);
      const std::string* name = bound ? bound->find_string("name") : nullptr;
      recipients[actor] = name ? std::optional(*name + ", recipient of a share") : std::nullopt;
    }
    item.actor_name = recipients[actor];
  }
  return out;
}

Result<std::string> Vault::receipt(const access::Actor& actor, const RecordingId& id, std::uint64_t n,
                                   ledger::Under under) {
  const Recording recording = TRY(known_recording(actor, id));
  const auto decision = access::decide(actor, access::Action::kReceipt, recording.item);
  TRY(require_on_record(actor, recording, access::Action::kReceipt, decision));
  const ledger::Ledger& ledger = *TRY(parts_.ledgers.find(actor.agency));
  if (actor.file_request) under = ledger::Under::kPublished;  // as all that leaves the agency
  const std::vector<ledger::SealedEvent> events = TRY(ledger.events(id, n, 1));
  if (events.empty() || events[0].n != n || is_withheld(actor, recording, events[0]))
    return fail(Code::kNotFound, "This recording has no event of that number");
  return ledger.receipt(events[0], under);
}

}  // namespace lapel::evidence
