// SPDX-License-Identifier: Apache-2.0
#include "cameras/destination_routes.h"

#include <functional>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/problems.h"
#include "base/trace.h"
#include "crypto/sha256.h"
#include "http/answers.h"
#include "http/json_body.h"
#include "http/params.h"

namespace lapel::cameras {
namespace {

using http::answer;
using http::Request;
using http::Response;
using StreamAnswer = std::variant<std::unique_ptr<http::BodySink>, Response>;

constexpr std::int64_t kComeAgainSeconds = 10;

// ---- to a body-worn system ----

enum class Asked { kOther, kEntry };  // a user or camera: beyond their number 402 is said

// As the API documents them. What a client cannot mend by sending otherwise is 503 or 507, which it tries again.
int status_of(const Error& error, Asked asked) {
  if (error.problem == &problems::kChecksumMismatch) return 422;
  if (error.problem == &problems::kStorageFull) return 507;
  if (error.problem == &problems::kTooManyUploads) return 503;
  switch (error.code()) {
    case Code::kUnauthenticated:
      return 401;
    case Code::kDenied:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kFull:
      return 507;
    case Code::kLimited:
      return asked == Asked::kEntry ? 402 : 503;
    case Code::kUnavailable:
    case Code::kBusy:
    case Code::kConflict:
      return 503;
    case Code::kInvalid:
    case Code::kTooLarge:
    case Code::kUnsupported:
      return 400;
    default:
      return 500;
  }
}

Response refusal(const Error& error, Asked asked) {
  const int status = status_of(error, asked);
  Response out = Response::text(
      status, status == 500 ? "Something failed on the server; it is in the server's trace\n" : error.message + "\n");
  if (status == 503) out.with("Retry-After", std::to_string(kComeAgainSeconds));
  if (status == 401) out.with("WWW-Authenticate", "Swift realm=\"lapel\"");
  out.error = error;
  return out;
}

template <typename Handler>
auto told(Handler handler, Asked asked = Asked::kOther) {
  return [handler, asked](const Request& request) -> Result<Response> {
    Result<Response> made = handler(request);
    return made ? std::move(made) : Result<Response>(refusal(made.error(), asked));
  };
}

Result<Systems::Asking> asking(const Request& request, Systems& systems) {
  const std::string* token = request.header("x-auth-token");
  if (!token) token = request.header("x-storage-token");
  if (!token) return fail(Code::kUnauthenticated, "X-Auth-Token is missing: ask /auth/v1.0 for one");
  Systems::Asking out = TRY(systems.asking(*token, request.params.at("account")));
  request.asked.actor = out.actor.subject().text();
  request.asked.agency = out.actor.agency_slug;
  return out;
}

Result<Response> sign_in(const Request& request, Systems& systems) {
  const auto either = [&](std::string_view a, std::string_view b) {
    const std::string* value = request.header(a);
    return value ? value : request.header(b);
  };
  const std::string* user = either("x-auth-user", "x-storage-user");
  const std::string* key = either("x-auth-key", "x-storage-pass");
  if (!user || !key) return fail(Code::kUnauthenticated, "X-Auth-User and X-Auth-Key are missing");
  request.is_untraced = true;
  const Systems::Token token = TRY(systems.sign_in(*user, *key));
  Response out = Response::empty(200);
  out.with("X-Auth-Token", token.text)
      .with("X-Storage-Token", token.text)
      .with("X-Auth-Token-Expires", std::to_string(kSystemTokenLifeUs / 1'000'000))
      .with("X-Storage-Url", fmt::format("{}/v1/{}", token.base_url, token.account))
      .with("Cache-Control", "no-store");
  return out;
}

Result<Response> put_container(const Request& request, Systems& systems, Destination& destination) {
  const Systems::Asking by = TRY(asking(request, systems));
  const ContentMetadata metadata = TRY(parse_content_metadata(request, kContainerMetadata));
  const auto made = TRY(destination.put_container(by, request.params.at("container"), metadata));
  return Response::empty(made == Destination::Made::kNew ? 201 : 202);
}

Result<Response> post_container(const Request& request, Systems& systems, Destination& destination) {
  const Systems::Asking by = TRY(asking(request, systems));
  const ContentMetadata metadata = TRY(parse_content_metadata(request, kContainerMetadata));
  TRY(destination.post_container(by, request.params.at("container"), metadata));
  return Response::empty(204);
}

void tell(Response& response, std::string_view prefix, const ContentMetadata& metadata) {
  for (const auto& [key, value] : metadata) response.with(metadata_header(prefix, key), metadata_value(value));
}

Result<Response> head_container(const Request& request, Systems& systems, Destination& destination) {
  const Systems::Asking by = TRY(asking(request, systems));
  const Container container = TRY(destination.container(by, request.params.at("container")));
  Response out = Response::empty(204);
  tell(out, kContainerMetadata, container.metadata);
  return out;
}

Result<Response> post_object(const Request& request, Systems& systems, Destination& destination) {
  const Systems::Asking by = TRY(asking(request, systems));
  const ContentMetadata metadata = TRY(parse_content_metadata(request, kObjectMetadata));
  TRY(destination.post_object(by, request.params.at("container"), request.params.at("object"), metadata));
  return Response::empty(202);
}

std::string md5_of(std::string_view text) {
  crypto::Md5 hash;
  hash.update(as_bytes(text));
  return hex(hash.finish());
}

Result<Response> get_object(const Request& request, Systems& systems, Destination& destination) {
  const Systems::Asking by = TRY(asking(request, systems));
  std::string text = TRY(destination.document(by, request.params.at("container"), request.params.at("object")));
  const std::string etag = md5_of(text);
  Response out = Response::text(200, std::move(text), "application/json");
  out.with("Etag", etag);
  return out;
}

Result<Response> head_object(const Request& request, Systems& systems, Destination& destination) {
  const Systems::Asking by = TRY(asking(request, systems));
  const std::string& container = request.params.at("container");
  const std::string& name = request.params.at("object");
  Response out = Response::empty(200);
  if (auto text = destination.document(by, container, name); text) {
    out.head_bytes = text->size();
    out.with("Etag", md5_of(*text));
    return out;
  }
  const StoredObject object = TRY(destination.object(by, container, name));
  out.head_bytes = object.bytes;
  out.with("Etag", object.md5);
  tell(out, kObjectMetadata, object.metadata);
  return out;
}

class ObjectSink final : public http::BodySink {
 public:
  ObjectSink(std::unique_ptr<Arrival> arrival, Asked asked) : arrival_(std::move(arrival)), asked_(asked) {}

  Result<void> write(std::span<std::uint8_t> chunk) override { return arrival_->write(chunk); }

  Result<Response> finish(http::BodyEnd end) override {
    if (end == http::BodyEnd::kCut) {
      arrival_.reset();
      return fail(Code::kUnavailable, "The object was cut off, and nothing of it is kept");
    }
    const Result<std::string> md5 = arrival_->finish();
    if (!md5) {
      trace_error("cameras", "taking an object", md5.error(), {});
      return refusal(md5.error(), asked_);
    }
    Response out = Response::empty(201);
    out.with("Etag", *md5);
    return out;
  }

 private:
  std::unique_ptr<Arrival> arrival_;
  const Asked asked_;
};

Result<StreamAnswer> put_object(const Request& request, Systems& systems, Destination& destination) {
  Asked asked = Asked::kOther;
  auto begun = [&]() -> Result<std::unique_ptr<Arrival>> {
    const Systems::Asking by = TRY(asking(request, systems));
    Destination::NewObject object;
    object.container = request.params.at("container");
    object.name = request.params.at("object");
    if (object.container == "Users" || object.container == "Devices") asked = Asked::kEntry;
    object.metadata = TRY(parse_content_metadata(request, kObjectMetadata));
    if (request.header("transfer-encoding") || !request.content_length)
      return fail(Code::kInvalid, "Content-Length must say how long the object is");
    object.bytes = *request.content_length;
    if (const std::string* etag = request.header("etag")) object.md5 = *etag;
    return destination.put_object(by, std::move(object));
  }();
  if (!begun) return StreamAnswer(refusal(begun.error(), asked));
  return StreamAnswer(std::make_unique<ObjectSink>(*std::move(begun), asked));
}

// ---- to people ----

constexpr JsonLimits kFileBody = {64 * 1024, 4};

struct Managed {
  Systems& systems;
  Reached reached;
};

Json entry_json(const Systems::Entry& entry) {
  return Json::Object{{"kind", entry.kind},
                      {"name", entry.name},
                      {"shown", http::text_or_null(entry.shown)},
                      {"user_id", http::text_or_null(entry.user_id)},
                      {"model", http::text_or_null(entry.model)},
                      {"active", entry.is_active},
                      {"person", http::id_or_null(entry.person)}};
}

Result<Response> list_systems(const Request&, const Managed& room, const access::Actor& actor) {
  return http::page_of(TRY(room.systems.list(actor)), [](const Systems::Known& known) {
    return Json::Object{{"id", known.system.id.text()},
                        {"name", known.system.name},
                        {"revoked", known.system.is_revoked},
                        {"url", http::text_or_null(known.base_url)},
                        {"encrypts", known.wants_encryption},
                        {"seen_at", http::time_or_null(known.seen_at)},
                        {"users", known.users},
                        {"cameras", known.devices},
                        {"recordings", known.recordings},
                        {"unfinished", known.open},
                        {"last_at", http::time_or_null(known.last_at)}};
  });
}

Result<Response> list_entries(const Request& request, const Managed& room, const access::Actor& actor) {
  const auto id = TRY(http::id_param<CameraSystemId>(request, "camera system"));
  return http::page_of(TRY(room.systems.entries(actor, id)), entry_json);
}

Result<Systems::Terms> terms_of(const Json& body, const Request& request, const Reached& reached) {
  Systems::Terms out;
  const auto url = TRY(http::text_member(body, "url"));
  const std::string here = fmt::format("{}://{}", request.is_secure ? "https" : "http", request.host);
  out.base_url = url.value_or(reached.public_url.empty() ? here : reached.public_url);
  const Json* certificate = body.find("certificate");
  if (certificate && certificate->string()) {
    out.certificates.push_back(*certificate->string());
  } else if (out.base_url.starts_with("https://")) {
    out.certificates = reached.certificates;
  }
  const Json* key = body.find("encrypt_to");
  if (key && key->string() && !key->string()->empty()) out.public_key = *key->string();
  return out;
}

Response connected(const Systems::Connected& made, int status) {
  return answer(status, {{"id", made.system.id.text()}, {"name", made.system.name}, {"file", made.file}});
}

Result<Response> add_system(const Request& request, const Managed& room, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request, kFileBody));
  const std::string name = TRY(http::required_text(body, "name"));
  return connected(TRY(room.systems.add(actor, name, TRY(terms_of(body, request, room.reached)))), 201);
}

Result<Response> renew_system(const Request& request, const Managed& room, const access::Actor& actor) {
  const auto id = TRY(http::id_param<CameraSystemId>(request, "camera system"));
  const Json body = TRY(http::json_body(request, kFileBody));
  return connected(TRY(room.systems.renew(actor, id, TRY(terms_of(body, request, room.reached)))), 200);
}

Result<Response> revoke_system(const Request& request, const Managed& room, const access::Actor& actor) {
  TRY(room.systems.revoke(actor, TRY(http::id_param<CameraSystemId>(request, "camera system"))));
  return Response::empty(204);
}

Json::Object key_json(const SigningKey& key) {
  return {{"kind", key.is_root ? "root" : "key"},
          {"serial", http::text_or_null(key.serial)},
          {"sha256", key.sha256},
          {"since", ledger_time(key.since)},
          {"revoked_at", http::time_or_null(key.revoked_at)}};
}

Result<Response> list_keys(const Request&, SigningKeys& keys, const access::Actor& actor) {
  return http::page_of(TRY(keys.list(actor)), key_json);
}

Result<Response> trust_key(const Request& request, SigningKeys& keys, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request, kFileBody));
  const std::string *root = body.find_string("root"), *key = body.find_string("key");
  if ((root == nullptr) == (key == nullptr)) return fail(Code::kInvalid, "Name a \"key\", or a \"root\", and not both");
  if (root) return answer(201, key_json(TRY(keys.trust_root(actor, *root))));
  return answer(201, key_json(TRY(keys.trust_key(actor, TRY(http::required_text(body, "serial")), *key))));
}

Result<Response> revoke_key(const Request& request, SigningKeys& keys, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request, kFileBody));
  TRY(keys.revoke(actor, http::id_param(request), TRY(http::required_text(body, "reason"))));
  return Response::empty(204);
}

Result<Response> show_markers(const Request& request, Markers& markers, const access::Actor& actor) {
  const auto id = TRY(http::id_param<RecordingId>(request, "recording"));
  Json::Array items;
  Told told = TRY(markers.told(actor, id));
  for (const Marker& marker : told.markers) {
    items.emplace_back(Json::Object{{"id", marker.id.text()},
                                    {"recording", marker.recording.text()},
                                    {"at", http::time_or_null(marker.at)},
                                    {"until", http::time_or_null(marker.until)},
                                    {"words", http::text_or_null(marker.words)},
                                    {"category", http::text_or_null(marker.category)},
                                    {"tags", http::text_or_null(marker.tags)},
                                    {"place", http::text_or_null(marker.place)},
                                    {"by", marker.by},
                                    {"entered_at", ledger_time(marker.entered_at)}});
  }
  return answer(200, {{"items", std::move(items)}, {"next", Json()}, {"said", std::move(told.said)}});
}

}  // namespace

void register_destination(http::Router& router, Systems& systems, Destination& destination) {
  const std::string container = "/v1/{account}/{container}", object = container + "/{object...}";
  const auto with_systems = [&systems](auto handler) {
    return told([handler, &systems](const Request& request) { return handler(request, systems); });
  };
  const auto with_both = [&systems, &destination](auto handler) {
    return told(
        [handler, &systems, &destination](const Request& request) { return handler(request, systems, destination); });
  };
  router.add("GET", "/auth/v1.0", with_systems(sign_in));
  router.add("PUT", container, with_both(put_container));
  router.add("POST", container, with_both(post_container));
  router.add("HEAD", container, with_both(head_container));
  router.add_stream("PUT", object, [&systems, &destination](const Request& request) {
    return put_object(request, systems, destination);
  });
  router.add("POST", object, with_both(post_object));
  router.add("HEAD", object, with_both(head_object));
  router.add("GET", object, with_both(get_object));
}

void register_systems(http::Router& router, Systems& systems, SigningKeys& keys, Markers& markers, Reached reached,
                      roster::Asker asker, roster::Asker fresh) {
  const auto with_keys = roster::asked_routes(router, asker, std::ref(keys));
  with_keys("GET", "/api/v1/camera-keys", list_keys);
  roster::asked_routes(router, fresh, std::ref(keys))("POST", "/api/v1/camera-keys", trust_key);
  with_keys("POST", "/api/v1/camera-keys/{id}/revoke", revoke_key);
  const Managed managed{systems, std::move(reached)};
  const auto add = roster::asked_routes(router, asker, managed);
  const auto add_fresh = roster::asked_routes(router, std::move(fresh), managed);
  add("GET", "/api/v1/camera-systems", list_systems);
  add_fresh("POST", "/api/v1/camera-systems", add_system);
  add("GET", "/api/v1/camera-systems/{id}/entries", list_entries);
  add_fresh("POST", "/api/v1/camera-systems/{id}/connection", renew_system);
  add("DELETE", "/api/v1/camera-systems/{id}", revoke_system);
  const auto of_recording = roster::asked_routes(router, std::move(asker), std::ref(markers));
  of_recording("GET", "/api/v1/recordings/{id}/markers", show_markers);
}

}  // namespace lapel::cameras
