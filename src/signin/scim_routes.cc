// SPDX-License-Identifier: Apache-2.0
#include "signin/scim_routes.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "base/problems.h"
#include "http/message.h"
#include "http/params.h"
#include "signin/scim_json.h"
#include "signin/scim_words.h"

namespace lapel::signin {
namespace {

using http::id_param;
using http::Request;
using http::Response;

constexpr const char* kType = "application/scim+json";
constexpr const char* kErrorSchema = "urn:ietf:params:scim:api:messages:2.0:Error";
constexpr const char* kListSchema = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

Response answer(int status, const Json& body) {
  return Response::text(status, to_json(body), kType).with("Cache-Control", "no-store");
}

// SCIM's own words for a refusal; status, Retry-After and what the trace is told are those of any other.
Response refusal(const Error& error, const Request& request) {
  Response response = http::problem_response(error, request);
  Json::Object body{
      {"schemas", Json::Array{kErrorSchema}}, {"status", std::to_string(response.status)}, {"detail", error.message}};
  const bool has_word =
      error.context.starts_with("invalid") || error.context == "mutability" || error.context == "noTarget";
  if (error.problem == &problems::kConflict) {
    body.emplace("scimType", "uniqueness");
  } else if (error.code() == Code::kInvalid && response.status == 400) {
    body.emplace("scimType", has_word ? error.context : "invalidValue");
  }
  response.body = {to_json(Json(std::move(body)))};
  for (auto& [name, value] : response.headers) {
    if (name == "Content-Type") value = kType;
  }
  return response;
}

std::string place(const Request& request, std::string_view kind, const std::string& id) {
  return fmt::format("{}://{}/scim/v2/{}/{}", request.is_secure ? "https" : "http", request.host, kind, id);
}

Json meta(const Request& request, std::string_view kind, const std::string& id, Timestamp created, Timestamp changed) {
  return Json::Object{{"resourceType", kind},
                      {"created", ledger_time(created)},
                      {"lastModified", ledger_time(changed)},
                      {"location", place(request, fmt::format("{}s", kind), id)}};
}

Json to_scim(const Request& request, const DirectoryUser& user, const std::vector<DirectoryGroup>& groups) {
  Json::Array in;
  for (const DirectoryGroup& group : groups) {
    in.emplace_back(Json::Object{{"value", group.id}, {"display", group.name}, {"type", "direct"}});
  }
  Json::Object out{{"schemas", Json::Array{kScimUser}},
                   {"id", user.id},
                   {"userName", user.user_name},
                   {"displayName", user.name},
                   {"name", Json::Object{{"formatted", user.name}}},
                   {"active", user.is_active},
                   {"groups", std::move(in)},
                   {"meta", meta(request, "User", user.id, user.created, user.changed)}};
  if (user.external_id) out.emplace("externalId", *user.external_id);
  return out;
}

Json to_scim(const Request& request, const DirectoryGroup& group) {
  Json::Array members;
  // Who keeps in step asks for a group without them: it knows them better.
  const auto excluded = request.query.find("excludedAttributes");
  if (excluded == request.query.end() || excluded->second.find("members") == std::string::npos) {
    for (const std::string& id : group.members) {
      members.emplace_back(Json::Object{{"value", id}, {"type", "User"}});
    }
  }
  Json::Object out{{"schemas", Json::Array{kScimGroup}},
                   {"id", group.id},
                   {"displayName", group.name},
                   {"members", std::move(members)},
                   {"meta", meta(request, "Group", group.id, group.created, group.changed)}};
  if (group.external_id) out.emplace("externalId", *group.external_id);
  return out;
}

Result<Json> body_of(const Request& request) {
  const std::string* type = request.header("content-type");
  if (type != nullptr && !type->starts_with(kType) && !type->starts_with("application/json"))
    return fail(Code::kUnsupported, "Send application/scim+json");
  auto body = parse_json(request.body);
  if (!body || body->object() == nullptr)
    return fail(Code::kInvalid, "The body must be a JSON object", "invalidSyntax");
  return *std::move(body);
}

Result<std::int64_t> number(const Request& request, std::string_view name, std::int64_t otherwise) {
  const auto at = request.query.find(name);
  if (at == request.query.end()) return otherwise;
  // RFC 7644 3.4.2.4: what is below counts as the least.
  if (at->second.starts_with('-')) return 0;
  const auto value = parse_decimal(at->second);
  if (!value) return fail(Code::kInvalid, fmt::format("\"{}\" must be a number", name), "invalidValue");
  return static_cast<std::int64_t>(std::min<std::uint64_t>(*value, kDirectoryUsersMax * 10));
}

Result<Directory::Query> query_of(const Request& request, bool is_user) {
  using By = Directory::Query::By;
  Directory::Query out;
  out.start = std::max<std::int64_t>(1, TRY(number(request, "startIndex", 1)));
  out.count = TRY(number(request, "count", out.count));
  const auto at = request.query.find("filter");
  if (at == request.query.end()) return out;
  const auto filter = parse_scim_filter(at->second);
  const std::string attribute = filter ? filter->attribute : "";
  if (attribute == "id") {
    out.by = By::kId;
  } else if (attribute == "externalid") {
    out.by = By::kExternalId;
  } else if (is_user && attribute == "username") {
    out.by = By::kUserName;
  } else if (attribute == "displayname") {
    out.by = By::kName;
  } else {
    return fail(Code::kInvalid,
                is_user ? "A filter is userName, externalId, displayName or id eq \"VALUE\""
                        : "A filter is displayName, externalId or id eq \"VALUE\"",
                "invalidFilter");
  }
  out.value = filter->value;
  return out;
}

template <typename T, typename Write>
Result<Json> listed(const Directory::Query& query, const Directory::Page<T>& page, Write write) {
  Json::Array resources;
  for (const T& each : page.items) resources.emplace_back(TRY(write(each)));
  const auto shown = static_cast<std::int64_t>(resources.size());
  return Json(Json::Object{{"schemas", Json::Array{kListSchema}},
                           {"totalResults", page.total},
                           {"startIndex", query.start},
                           {"itemsPerPage", shown},
                           {"Resources", std::move(resources)}});
}

Result<Json> shown(const Request& request, Directory& directory, const access::Actor& actor,
                   const DirectoryUser& user) {
  return to_scim(request, user, TRY(directory.groups_of(actor.agency, user.id)));
}

Result<std::vector<ScimOperation>> operations_of(const Json& body) {
  const Json* list = body.find("Operations");
  if (list == nullptr) list = body.find("operations");
  if (list == nullptr || list->array() == nullptr || list->array()->empty() ||
      list->array()->size() > kScimOperationsMax)
    return fail(Code::kInvalid, fmt::format("A patch has 1 to {} \"Operations\"", kScimOperationsMax), "invalidSyntax");
  std::vector<ScimOperation> out;
  for (const Json& each : *list->array()) out.push_back(TRY(read_scim_operation(each)));
  return out;
}

// ---- users ----

Result<Response> users(const Request& request, Directory& directory, const access::Actor& actor) {
  const Directory::Query query = TRY(query_of(request, true));
  return answer(200, TRY(listed(query, TRY(directory.users(actor.agency, query)),
                                [&](const DirectoryUser& user) { return shown(request, directory, actor, user); })));
}

Result<Response> user(const Request& request, Directory& directory, const access::Actor& actor) {
  return answer(200, TRY(shown(request, directory, actor, TRY(directory.user(actor.agency, id_param(request))))));
}

Result<Response> add_user(const Request& request, Directory& directory, const access::Actor& actor) {
  DirectoryUser wanted;
  TRY(read_scim(TRY(body_of(request)), wanted));
  const DirectoryUser added = TRY(directory.add_user(actor, std::move(wanted)));
  return answer(201, TRY(shown(request, directory, actor, added))).with("Location", place(request, "Users", added.id));
}

Result<Response> put_user(const Request& request, Directory& directory, const access::Actor& actor) {
  TRY(directory.user(actor.agency, id_param(request)));
  const Json body = TRY(body_of(request));
  const auto edit = [&](DirectoryUser& user) { return read_scim(body, user); };
  return answer(200, TRY(shown(request, directory, actor, TRY(directory.change_user(actor, id_param(request), edit)))));
}

Result<Response> patch_user(const Request& request, Directory& directory, const access::Actor& actor) {
  TRY(directory.user(actor.agency, id_param(request)));
  const Json body = TRY(body_of(request));
  const auto operations = TRY(operations_of(body));
  const auto edit = [&](DirectoryUser& user) -> Result<void> {
    for (const ScimOperation& operation : operations) TRY(apply_scim(operation, user));
    return {};
  };
  return answer(200, TRY(shown(request, directory, actor, TRY(directory.change_user(actor, id_param(request), edit)))));
}

Result<Response> remove_user(const Request& request, Directory& directory, const access::Actor& actor) {
  TRY(directory.remove_user(actor, id_param(request)));
  return Response::empty(204);
}

// ---- groups ----

Result<Response> groups(const Request& request, Directory& directory, const access::Actor& actor) {
  const Directory::Query query = TRY(query_of(request, false));
  return answer(200, TRY(listed(query, TRY(directory.groups(actor.agency, query)),
                                [&](const DirectoryGroup& group) -> Result<Json> { return to_scim(request, group); })));
}

Result<Response> group(const Request& request, Directory& directory, const access::Actor& actor) {
  return answer(200, to_scim(request, TRY(directory.group(actor.agency, id_param(request)))));
}

Result<Response> add_group(const Request& request, Directory& directory, const access::Actor& actor) {
  DirectoryGroup wanted;
  TRY(read_scim(TRY(body_of(request)), wanted));
  const DirectoryGroup added = TRY(directory.add_group(actor, std::move(wanted)));
  return answer(201, to_scim(request, added)).with("Location", place(request, "Groups", added.id));
}

Result<Response> put_group(const Request& request, Directory& directory, const access::Actor& actor) {
  TRY(directory.group(actor.agency, id_param(request)));
  const Json body = TRY(body_of(request));
  const auto edit = [&](DirectoryGroup& group, std::set<std::string>& touched) {
    touched = group.members;
    return read_scim(body, group);
  };
  return answer(200, to_scim(request, TRY(directory.change_group(actor, id_param(request), edit))));
}

Result<Response> patch_group(const Request& request, Directory& directory, const access::Actor& actor) {
  TRY(directory.group(actor.agency, id_param(request)));
  const Json body = TRY(body_of(request));
  const auto operations = TRY(operations_of(body));
  const auto edit = [&](DirectoryGroup& group, std::set<std::string>& touched) -> Result<void> {
    for (const ScimOperation& operation : operations) TRY(apply_scim(operation, group, touched));
    return {};
  };
  return answer(200, to_scim(request, TRY(directory.change_group(actor, id_param(request), edit))));
}

Result<Response> remove_group(const Request& request, Directory& directory, const access::Actor& actor) {
  TRY(directory.remove_group(actor, id_param(request)));
  return Response::empty(204);
}

// ---- what is spoken here ----

Json supported(bool is) {
  return Json::Object{{"supported", is}};
}

Result<Response> configuration(const Request&, Directory&, const access::Actor&) {
  return answer(
      200,
      Json::Object{{"schemas", Json::Array{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"}},
                   {"patch", supported(true)},
                   {"bulk", Json::Object{{"supported", false}, {"maxOperations", 0}, {"maxPayloadSize", 0}}},
                   {"filter", Json::Object{{"supported", true}, {"maxResults", kDirectoryPageMax}}},
                   {"changePassword", supported(false)},
                   {"sort", supported(false)},
                   {"etag", supported(false)},
                   {"authenticationSchemes", Json::Array{Json::Object{{"type", "oauthbearertoken"},
                                                                      {"name", "Bearer token"},
                                                                      {"description", "A token whose scope is scim"},
                                                                      {"primary", true}}}}});
}

Json resource_type(const char* name, const char* endpoint, const char* schema) {
  return Json::Object{{"schemas", Json::Array{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}},
                      {"id", name},
                      {"name", name},
                      {"endpoint", endpoint},
                      {"schema", schema}};
}

Json attribute(const char* name, const char* type, bool is_required, bool is_multiple = false) {
  return Json::Object{{"name", name},
                      {"type", type},
                      {"multiValued", is_multiple},
                      {"required", is_required},
                      {"caseExact", false},
                      {"mutability", "readWrite"},
                      {"returned", "default"},
                      {"uniqueness", is_required ? "server" : "none"}};
}

Json schema(const char* id, const char* name, Json::Array attributes) {
  return Json::Object{{"schemas", Json::Array{"urn:ietf:params:scim:schemas:core:2.0:Schema"}},
                      {"id", id},
                      {"name", name},
                      {"attributes", std::move(attributes)}};
}

Result<Response> all_of(Json::Array items) {
  Directory::Page<Json> page{static_cast<std::int64_t>(items.size()), std::move(items)};
  return answer(200, TRY(listed({}, page, [](const Json& each) -> Result<Json> { return each; })));
}

Result<Response> resource_types(const Request&, Directory&, const access::Actor&) {
  return all_of({resource_type("User", "/Users", kScimUser), resource_type("Group", "/Groups", kScimGroup)});
}

Result<Response> schemas(const Request&, Directory&, const access::Actor&) {
  return all_of({schema(kScimUser, "User",
                        {attribute("userName", "string", true), attribute("displayName", "string", false),
                         attribute("name", "complex", false), attribute("active", "boolean", false)}),
                 schema(kScimGroup, "Group",
                        {attribute("displayName", "string", true), attribute("members", "complex", false, true)})});
}

// A token of its own, which can do nothing else; whoever has another credential is not a directory.
Result<access::Actor> directory_asker(const roster::Asker& asker, const Request& request) {
  access::Actor actor = TRY(asker(request));
  if (!actor.scopes || !actor.scopes->contains(access::Action::kScim))
    return fail(problems::kRule, "A directory has a token of its own, whose scope is scim");
  access::Item item;
  item.agency = actor.agency;
  TRY(access::require(access::decide(actor, access::Action::kScim, item), "resource"));
  return actor;
}

}  // namespace

void register_scim_routes(http::Router& router, Directory& directory, roster::Asker asker) {
  const auto add = [&](std::string_view method, std::string_view pattern, auto handler) {
    router.add(method, pattern, [&directory, asker, handler](const Request& request) -> Result<Response> {
      const auto actor = directory_asker(asker, request);
      if (!actor) return refusal(actor.error(), request);
      if (const auto finished = directory.finish(*actor); !finished) return refusal(finished.error(), request);
      auto done = handler(request, directory, *actor);
      return done ? std::move(done) : refusal(done.error(), request);
    });
  };
  add("GET", "/scim/v2/ServiceProviderConfig", configuration);
  add("GET", "/scim/v2/ResourceTypes", resource_types);
  add("GET", "/scim/v2/Schemas", schemas);
  add("GET", "/scim/v2/Users", users);
  add("POST", "/scim/v2/Users", add_user);
  add("GET", "/scim/v2/Users/{id}", user);
  add("PUT", "/scim/v2/Users/{id}", put_user);
  add("PATCH", "/scim/v2/Users/{id}", patch_user);
  add("DELETE", "/scim/v2/Users/{id}", remove_user);
  add("GET", "/scim/v2/Groups", groups);
  add("POST", "/scim/v2/Groups", add_group);
  add("GET", "/scim/v2/Groups/{id}", group);
  add("PUT", "/scim/v2/Groups/{id}", put_group);
  add("PATCH", "/scim/v2/Groups/{id}", patch_group);
  add("DELETE", "/scim/v2/Groups/{id}", remove_group);
}

}  // namespace lapel::signin
