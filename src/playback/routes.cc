// SPDX-License-Identifier: Apache-2.0
#include "playback/routes.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "http/answers.h"
#include "http/json_body.h"
#include "http/params.h"
#include "http/range.h"
#include "protocol/signature.h"
#include "protocol/track.h"

namespace lapel::playback {
namespace {

using evidence::DerivedKind;
using http::answer;
using http::id_or_null;
using http::id_param;
using http::or_null;
using http::page;
using http::Request;
using http::Response;
using http::text_or_null;
using http::text_query;
using http::time_or_null;
using http::time_query;

// Why a camera's signature does not begin the chain; nothing where there is none.
std::string_view why_not_camera(const evidence::Recording& recording) {
  if (!recording.signature) return "";
  if (recording.signature->verdict != "verified") {
    if (recording.signature->verdict == "altered") return " A camera signed it, and it is no longer as it was signed.";
    return " A camera signed it, but its signature does not cover all of it or was not checked.";
  }
  switch (recording.signature->standing) {
    case evidence::KeyStanding::kUnknown:
      return " Its pictures bear a sound signature, by a key that this agency does not know: only that whoever has "
             "that key "
             "made it.";
    case evidence::KeyStanding::kRevoked:
      return " Its pictures bear a sound signature, by a key that this agency no longer trusts.";
    case evidence::KeyStanding::kOfOtherDevice:
      return " Its pictures bear a sound signature, by the key of another camera than it is said to be of, or of "
             "one of which that is not shown.";
    case evidence::KeyStanding::kOfDevice:
    case evidence::KeyStanding::kOfRoot:
      return "";
  }
  CHECK(false);
}

std::string chain_note(const evidence::Recording& recording) {
  switch (recording.chain_start()) {
    case evidence::ChainStart::kCamera:
      return recording.signature->standing == evidence::KeyStanding::kOfDevice
                 ? "The camera signed its pictures with a key that this agency bound to it; custody is shown from the "
                   "camera "
                   "on."
                 : "A camera signed its pictures, and a root that this agency trusts vouches for its key; custody is "
                   "shown "
                   "from the camera on.";
    case evidence::ChainStart::kDock:
      return fmt::format("The dock signed this file; custody is shown from the dock on.{}", why_not_camera(recording));
    case evidence::ChainStart::kServer:
      return fmt::format("{}custody is shown from this server on.{}",
                         recording.signature ? "No dock signed this file before it came in; "
                                             : "Nobody signed this file before it came in; ",
                         why_not_camera(recording));
  }
  CHECK(false);
}

std::string_view key_words(evidence::KeyStanding standing) {
  switch (standing) {
    case evidence::KeyStanding::kUnknown:
      return "This agency does not know the key. The signature shows that whoever has it made it, and not which camera "
             "that is.";
    case evidence::KeyStanding::kOfDevice:
      return "The key is one that this agency bound to this camera.";
    case evidence::KeyStanding::kOfRoot:
      return "The key comes with certificates up to a root that this agency trusts.";
    case evidence::KeyStanding::kRevoked:
      return "The key is one that this agency trusted and no longer does.";
    case evidence::KeyStanding::kOfOtherDevice:
      return "The key is one that this agency bound to another camera than this recording is said to be of, or comes "
             "with "
             "certificates of a camera that is not shown to be this one.";
  }
  CHECK(false);
}

// All that is known of it, in words and in numbers.
Result<Json> signature_json(evidence::Vault& vault, const access::Actor& actor, const evidence::Recording& recording) {
  if (!recording.signature) return Json();
  const Bytes text = TRY(vault.signature(actor, recording.id));
  const protocol::MediaSignature found = TRY(protocol::parse_signature(as_text(text)));
  Json out = protocol::to_json_value(found);
  Json::Object& members = *out.object();
  members["words"] = protocol::sentence_of(found);
  members["key_is"] = evidence::key_standing_name(recording.signature->standing);
  members["key_words"] = found.key ? key_words(recording.signature->standing) : "";
  for (const char* name : {"from", "to"}) {
    const auto& time = name == std::string_view("from") ? found.from : found.to;
    members.erase(std::string(name) + "_us");
    members[name] = time_or_null(time);
  }
  for (const char* name : {"unchecked", "breach", "vouched_by", "key", "product"}) members.try_emplace(name, Json());
  return out;
}

std::string receipt_url(const RecordingId& id) {
  return fmt::format("/api/v1/recordings/{}/receipt", id.text());
}

// How far the media worker is, and what it says of the file; until it has, the sentence says what it waits for.
Json media_json(const evidence::Recording& recording) {
  if (!recording.media_job) return Json();
  const evidence::MediaFacts facts = recording.media.value_or(evidence::MediaFacts{});
  const std::string& sentence = recording.media ? facts.sentence : recording.media_job->reason;
  return Json(Json::Object{
      {"state", jobs::state_name(recording.media_job->state)},
      {"verdict", recording.media ? Json(facts.verdict) : Json()},
      {"sentence", text_or_null(sentence)},
      {"frames", or_null(facts.frames)},
      {"file_created_at", time_or_null(facts.file_created_at)},
  });
}

// What whoever asks may do with this one beside looking at it, so that no page repeats a rule.
Json::Array rights_of(const access::Actor& actor, const evidence::Recording& recording) {
  Json::Array may;
  for (const access::Action action :
       {access::Action::kPoster, access::Action::kChange, access::Action::kReassign, access::Action::kRestrict,
        access::Action::kReleaseOwn, access::Action::kAccept}) {
    access::Item item = recording.item;
    // Of a recording of several files, a lock is asked for as of whoever is in any of them.
    if (action == access::Action::kRestrict && recording.is_own_in_part) item.assigned_officer = actor.person;
    if (action == access::Action::kAccept && recording.state != access::State::kQuarantined) continue;
    if (access::decide(actor, action, item).is_allowed()) may.emplace_back(access::action_name(action));
  }
  return may;
}

Json::Object to_members(const access::Actor& actor, const evidence::Recording& recording) {
  const evidence::Description& description = recording.description;
  const evidence::MediaFacts facts = recording.media.value_or(evidence::MediaFacts{});
  Json::Array same_bytes;
  for (const RecordingId& other : recording.same_bytes) same_bytes.emplace_back(other.text());
  Json::Array clips;
  for (const evidence::Clip& clip : recording.clips) {
    clips.emplace_back(Json::Object{{"id", clip.id.text()},
                                    {"filename", clip.filename},
                                    {"sha256", hex(clip.sha256)},
                                    {"bytes", clip.bytes},
                                    {"receipt", receipt_url(clip.id)}});
  }
  return {
      {"id", recording.id.text()},
      {"sha256", hex(recording.sha256)},
      {"bytes", recording.bytes},
      {"filename", description.filename},
      {"filetype", description.filetype},
      {"recorded_at", time_or_null(description.recorded_at)},
      {"received_at", ledger_time(recording.received_at)},
      // What only the media worker can tell; unknown until it has looked.
      {"duration_ms", or_null(facts.duration_ms)},
      {"width", or_null(facts.width)},
      {"height", or_null(facts.height)},
      {"video_codec", or_null(facts.video_codec)},
      {"audio_codec", or_null(facts.audio_codec)},
      {"media", media_json(recording)},
      {"device", or_null(description.device)},
      {"wearer", or_null(description.wearer)},
      {"agency", recording.agency.text()},
      {"category", or_null(description.category)},
      {"incident", or_null(description.incident)},
      {"group", id_or_null(description.group)},
      {"state", access::state_name(recording.state)},
      {"inside_home", or_null(recording.is_inside_home)},
      {"victim_sensitive", recording.is_victim_sensitive},
      {"restriction", recording.restriction ? Json(access::restriction_name(*recording.restriction)) : Json()},
      {"assigned_officer", id_or_null(recording.assigned_officer)},
      {"chain_starts_at", evidence::chain_start_name(recording.chain_start())},
      {"chain_note", chain_note(recording)},
      {"signature", Json()},
      {"same_bytes_as", std::move(same_bytes)},
      {"clips", std::move(clips)},
      {"may", rights_of(actor, recording)},
      {"metadata", Json(description.more)},
  };
}

// One that was asked for, with what no list has.
Result<Response> one(evidence::Vault& vault, const access::Actor& actor, const evidence::Recording& recording) {
  Json::Object members = to_members(actor, recording);
  members["signature"] = TRY(signature_json(vault, actor, recording));
  return answer(200, std::move(members));
}

// ---- queries ----

Result<Response> list(const Request& request, evidence::Vault& vault, const access::Actor& actor) {
  evidence::ListQuery query;
  query.text = text_query(request, "q");
  query.officer = text_query(request, "officer");
  query.device = text_query(request, "device");
  query.category = text_query(request, "category");
  query.incident = text_query(request, "incident");
  query.is_unattributed = text_query(request, "unattributed") == "true";
  query.from = TRY(time_query(request, "from"));
  query.to = TRY(time_query(request, "to"));
  query.received_from = TRY(time_query(request, "received_from"));
  query.received_to = TRY(time_query(request, "received_to"));
  query.limit = TRY(http::limit_query(request));
  query.cursor = text_query(request, "cursor").value_or("");
  if (text_query(request, "bbox")) return fail(Code::kUnsupported, "Searching by area is not available yet");
  const evidence::ListPage found = TRY(vault.list(actor, query));
  Json::Array items;
  for (const evidence::Recording& recording : found.items) items.emplace_back(to_members(actor, recording));
  return page(std::move(items), found.next);
}

Result<Response> show(const Request& request, evidence::Vault& vault, const access::Actor& actor) {
  return one(vault, actor, TRY(vault.show(actor, TRY(id_param<RecordingId>(request, "recording")))));
}

// ---- changes ----

// Absent: stays as it is. null or empty: unknown from now on.
Result<std::optional<std::string>> new_text(const Json& body, std::string_view name) {
  if (!body.find(name)) return std::optional<std::string>();
  return std::optional(TRY(http::text_member(body, name)).value_or(""));
}

Result<Response> change(const Request& request, evidence::Vault& vault, const access::Actor& actor) {
  const RecordingId id = TRY(id_param<RecordingId>(request, "recording"));
  const Json body = TRY(http::json_body(request));
  evidence::Vault::Change wanted;
  wanted.category = TRY(new_text(body, "category"));
  wanted.incident = TRY(new_text(body, "incident"));
  wanted.inside_home = TRY(http::flag_member(body, "inside_home"));
  wanted.victim_sensitive = TRY(http::flag_member(body, "victim_sensitive"));
  if (const auto text = TRY(new_text(body, "assigned_officer"))) {
    wanted.officer = PersonId::parse(*text);
    if (!text->empty() && !*wanted.officer) {
      return fail(Code::kInvalid, "\"assigned_officer\" must be a person's id, or null for nobody");
    }
  }
  if (const auto text = TRY(new_text(body, "restriction"))) {
    wanted.restriction = access::parse_restriction(*text);
    if (!text->empty() && !*wanted.restriction) {
      return fail(Code::kInvalid,
                  fmt::format("\"restriction\" must be one of {}, or null for none", access::all_restriction_names()));
    }
  }
  wanted.reason = TRY(http::required_text(body, "reason"));
  return one(vault, actor, TRY(vault.change(actor, id, wanted)));
}

Result<Response> release_own(const Request& request, evidence::Vault& vault, const access::Actor& actor) {
  const RecordingId id = TRY(id_param<RecordingId>(request, "recording"));
  const Json body = TRY(http::json_body(request));
  TRY(vault.release_own(actor, id, TRY(http::required_text(body, "reason"))));
  return Response::empty(204);
}

// ---- custody ----

Result<Response> custody(const Request& request, evidence::Vault& vault, const access::Actor& actor) {
  const RecordingId id = TRY(id_param<RecordingId>(request, "recording"));
  Json::Array items;
  for (const evidence::CustodyItem& item : TRY(vault.custody(actor, id))) {
    const auto event = parse_canonical(item.event.event);
    if (!event) return fail(Code::kCorrupt, "A custody event is damaged", id.text());
    items.emplace_back(Json::Object{{"n", item.event.n},
                                    {"index", item.event.index},
                                    {"type", item.event.type},
                                    {"at", ledger_time(item.event.at)},
                                    {"actor_name", or_null(item.actor_name)},
                                    {"event", *event},
                                    {"salt", base64(item.salt)},
                                    {"receipt", fmt::format("{}?n={}", receipt_url(id), item.event.n)}});
  }
  return page(std::move(items));
}

Result<Response> receipt(const Request& request, evidence::Vault& vault, const access::Actor& actor) {
  const RecordingId id = TRY(id_param<RecordingId>(request, "recording"));
  std::uint64_t n = 0;
  if (const auto text = text_query(request, "n")) {
    const auto value = parse_decimal(*text);
    if (!value) return fail(Code::kInvalid, "\"n\" must be the number of an event");
    n = *value;
  }
  const std::string under = text_query(request, "under").value_or("sealed");
  if (under != "sealed" && under != "published") return fail(Code::kInvalid, "\"under\" must be sealed or published");
  std::string text =
      TRY(vault.receipt(actor, id, n, under == "sealed" ? ledger::Under::kSealed : ledger::Under::kPublished));
  return Response::text(200, std::move(text))
      .with("Cache-Control", "no-store")
      .with("Content-Disposition", fmt::format("attachment; filename=\"{}-{}.tlog-proof\"", id.text(), n));
}

// ---- views ----

Result<evidence::ViewRequest> parse_view(const Request& request) {
  const Json body = TRY(http::json_body(request));
  evidence::ViewRequest view;
  const auto purpose = TRY(http::text_member(body, "purpose"));
  const auto known = purpose ? access::parse_purpose(*purpose) : std::nullopt;
  if (!known) return fail(Code::kInvalid, fmt::format("\"purpose\" must be one of {}", access::all_purpose_names()));
  view.purpose = *known;
  view.case_number = TRY(http::text_member(body, "case"));
  view.warrant = TRY(http::text_member(body, "warrant"));
  view.inside_home = TRY(http::flag_member(body, "inside_home"));
  view.despite_quarantine = TRY(http::text_member(body, "despite_quarantine"));
  return view;
}

Json::Object to_members(const evidence::View& view) {
  return {{"view", view.id.text()},
          {"original", fmt::format("/api/v1/views/{}/original", view.id.text())},
          {"expires_at", ledger_time(view.expires_at)}};
}

Result<Response> open_view(const Request& request, evidence::Vault& vault, const access::Actor& actor) {
  const RecordingId id = TRY(id_param<RecordingId>(request, "recording"));
  const evidence::View opened = TRY(vault.open_view(actor, id, TRY(parse_view(request))));
  return answer(201, to_members(opened));
}

// ---- exports ----

Result<Response> open_export(const Request& request, evidence::Vault& vault, const access::Actor& actor) {
  const RecordingId id = TRY(id_param<RecordingId>(request, "recording"));
  const evidence::View opened = TRY(vault.open_export(actor, id, TRY(parse_view(request))));
  Json::Object members = to_members(opened);
  members.emplace("files", fmt::format("/api/v1/views/{}/export", opened.id.text()));
  return answer(201, std::move(members));
}

Result<Response> export_files(const Request& request, evidence::Vault& vault, const access::Actor& actor) {
  Json::Object files;
  for (auto& [path, text] : TRY(vault.export_files(actor, TRY(id_param<ViewId>(request, "view")))))
    files.emplace(path, text);
  return answer(200, {{"files", std::move(files)}});
}

// Whether the bytes of a view may go on being sent: to whoever asked, by the credential that they asked with, as everything stands.
Result<bool> stands(evidence::Vault& vault, const Result<access::Actor>& actor, const ViewId& view) {
  const auto standing =
      actor ? vault.standing_view(*actor, view, access::Action::kView, evidence::Vault::Refusal::kUnsealed)
            : Result<evidence::View>(fail(actor.error()));
  if (standing) return true;
  switch (standing.error().code()) {
    case Code::kUnauthenticated:
    case Code::kNotFound:
    case Code::kGone:
    case Code::kDenied:
      return false;
    default:  // not found out
      return fail(standing.error());
  }
}

struct Originals {
  evidence::Vault& vault;
  roster::Asker asker;
};

Result<Response> original(const Request& request, const Originals& room, const access::Actor& actor) {
  const ViewId view = TRY(id_param<ViewId>(request, "view"));
  evidence::Vault::OpenedView opened = TRY(room.vault.view(actor, view));
  const evidence::Recording& recording = opened.view.recording;
  const auto file = opened.original.plain_file();
  if (!file) return fail(Code::kInternal, "This store keeps no files that can be served");
  // What nobody has accepted is a file to be saved, whatever its sender called it, and never a page, a picture or a film.
  const bool is_quarantined = recording.state == access::State::kQuarantined;
  Response response = TRY(http::serve_representation(
      request, {file, recording.bytes, http::safe_type(is_quarantined ? "" : recording.description.filetype),
                fmt::format("\"{}\"", hex(recording.sha256))}));
  if (is_quarantined) {
    response.with("Content-Disposition", fmt::format("attachment; filename=\"{}.bin\"", recording.id.text()));
  }
  response.with("Cache-Control", "private, no-store");
  response.with("Content-Security-Policy", "default-src 'none'; media-src 'self'; sandbox");
  response.goes_on = http::as_long_as([&vault = room.vault, who = roster::still_asking(room.asker, request), view] {
    return stands(vault, who(), view);
  });
  return response;
}

// What was derived of a recording, under the view that the request names.
Result<Bytes> shown(const Request& request, evidence::Vault& vault, const access::Actor& actor, DerivedKind kind) {
  const RecordingId id = TRY(id_param<RecordingId>(request, "recording"));
  const auto text = text_query(request, "view");
  if (!text)
    return fail(Code::kInvalid,
                fmt::format("A {} is shown under a view: name it with ?view=", derived_kind_name(kind)));
  const auto view = ViewId::parse(*text);
  if (!view) return fail(Code::kNotFound, "No such view", *text);
  return vault.shown(actor, id, *view, kind);
}

// ---- pictures ----

Response picture(const Bytes& jpeg) {
  Response response = Response::text(200, std::string(as_text(jpeg)), "image/jpeg");
  // Whether it may be shown can change, so nobody keeps it. What made it was fed by a stranger: no page may run in it.
  response.with("Cache-Control", "private, no-store");
  response.with("Content-Security-Policy", "default-src 'none'; sandbox");
  return response;
}

Result<Response> poster(const Request& request, evidence::Vault& vault, const access::Actor& actor) {
  return picture(TRY(vault.poster(actor, TRY(id_param<RecordingId>(request, "recording")))));
}

Result<Response> filmstrip(const Request& request, evidence::Vault& vault, const access::Actor& actor) {
  return picture(TRY(shown(request, vault, actor, DerivedKind::kFilmstrip)));
}

// ---- the track ----

// Whether the view that the request names is the asker's own of this recording, and stands.
Result<bool> is_watching(const Request& request, evidence::Vault& vault, const access::Actor& actor) {
  const auto view = ViewId::parse(text_query(request, "view").value_or(""));
  if (!view) return false;
  const auto opened = vault.view(actor, *view);
  if (!opened && opened.error().code() != Code::kNotFound) return fail(opened.error());
  return opened && opened->view.recording.id == TRY(id_param<RecordingId>(request, "recording"));
}

Result<Response> track(const Request& request, evidence::Vault& vault, const access::Actor& actor) {
  struct Form {
    std::string_view name;
    std::string_view type;
    std::string (*write)(const protocol::Track&);
  };
  static constexpr std::array kForms = {Form{"json", "application/json", &protocol::to_track_json},
                                        Form{"geojson", "application/geo+json", &protocol::to_geojson},
                                        Form{"gpx", "application/gpx+xml", &protocol::to_gpx}};
  const std::string wanted = text_query(request, "format").value_or("json");
  const auto form = std::find_if(kForms.begin(), kForms.end(), [&](const Form& f) { return f.name == wanted; });
  if (form == kForms.end()) return fail(Code::kInvalid, "A track is given as json, geojson or gpx", wanted);
  auto kept = shown(request, vault, actor, DerivedKind::kTrack);
  // Whoever watches it is told that there is none, or none yet: most recordings have none, and that is no failure.
  if (!kept && kept.error().code() == Code::kNotFound && TRY(is_watching(request, vault, actor)))
    return Response::empty(204);
  const Bytes text = TRY(std::move(kept));
  // Read again with the reader that it passed when it was made.
  Response response =
      Response::text(200, form->write(TRY(protocol::parse_track(as_text(text)))), std::string(form->type));
  response.with("Cache-Control", "private, no-store");
  return response;
}

}  // namespace

void register_routes(http::Router& router, evidence::Vault& vault, roster::Asker asker) {
  roster::asked_routes(router, asker, Originals{vault, asker})("GET", "/api/v1/views/{id}/original", original);
  const auto add = roster::asked_routes(router, std::move(asker), std::ref(vault));
  add("GET", "/api/v1/recordings", list);
  add("GET", "/api/v1/recordings/{id}", show);
  add("PATCH", "/api/v1/recordings/{id}", change);
  add("POST", "/api/v1/recordings/{id}/release", release_own);
  add("GET", "/api/v1/recordings/{id}/custody", custody);
  add("GET", "/api/v1/recordings/{id}/receipt", receipt);
  add("GET", "/api/v1/recordings/{id}/poster", poster);
  add("GET", "/api/v1/recordings/{id}/filmstrip", filmstrip);
  add("GET", "/api/v1/recordings/{id}/track", track);
  add("POST", "/api/v1/recordings/{id}/views", open_view);
  add("POST", "/api/v1/recordings/{id}/exports", open_export);
  add("GET", "/api/v1/views/{id}/export", export_files);
}

}  // namespace lapel::playback
