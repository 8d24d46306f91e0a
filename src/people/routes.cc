// SPDX-License-Identifier: Apache-2.0
#include "people/routes.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/problems.h"
#include "http/answers.h"
#include "http/json_body.h"
#include "http/params.h"

namespace lapel::people {
namespace {

using http::answer;
using http::id_param;
using http::or_null;
using http::Request;
using http::Response;
using http::time_or_null;

Json::Object to_members(const roster::Person& person) {
  Json::Array roles;
  for (const access::Role role : person.roles) roles.emplace_back(access::role_name(role));
  return {{"id", person.id.text()},         {"login", person.login},     {"name", person.name},
          {"badge", or_null(person.badge)}, {"roles", std::move(roles)}, {"active", person.is_active}};
}
// With the link, which is shown to nobody again. The login stands in it for the page, and proves nothing.
Json::Object to_members(const People::Invited& invited) {
  Json::Object out = to_members(invited.person);
  out.emplace("setup", fmt::format("/setup#{}.{}", invited.link.secret, base64url(as_bytes(invited.person.login))));
  out.emplace("setup_expires_at", ledger_time(invited.link.expires_at));
  return out;
}
Json::Object to_members(const roster::Statement& statement) {
  return {{"person", statement.person.text()},
          {"incident", statement.incident},
          {"filed_at", ledger_time(statement.filed_at)},
          {"withdrawn_at", http::time_or_null(statement.withdrawn_at)}};
}
Json::Object to_members(const roster::Unit& unit) {
  return {{"id", unit.id.text()}, {"name", unit.name}};
}
Json::Object to_members(const roster::Category& category) {
  return {{"id", category.id.text()},
          {"name", category.name},
          {"retired_at", category.retired_at ? Json(ledger_time(*category.retired_at)) : Json()}};
}
Json::Object to_members(const roster::Case& known) {
  return {{"id", known.id.text()}, {"number", known.number}, {"title", known.title}};
}
Json::Object to_members(const roster::Assignment& assignment) {
  return {{"id", assignment.id.text()},
          {"person", assignment.person.text()},
          {"kind", roster::assignment_kind_name(assignment.kind)},
          {"target", assignment.target},
          {"from", ledger_time(assignment.from)},
          {"until", time_or_null(assignment.until)}};
}
template <typename T>
Response page_of(const std::vector<T>& items) {
  return http::page_of(items, [](const T& item) { return to_members(item); });
}

Result<Response> people(const Request&, People& all, const access::Actor& actor) {
  return page_of(TRY(all.list(actor)));
}

Result<Response> person(const Request& request, People& all, const access::Actor& actor) {
  return answer(200, to_members(TRY(all.show(actor, id_param(request)))));
}

Result<std::vector<std::string>> role_names(const Json& body) {
  const Json* roles = body.find("roles");
  const Error wrong{&problems::kInvalid, "\"roles\" must be a list of names of roles", {}};
  if (roles == nullptr || roles->array() == nullptr) return fail(wrong);
  std::vector<std::string> out;
  for (const Json& role : *roles->array()) {
    if (role.string() == nullptr) return fail(wrong);
    out.push_back(*role.string());
  }
  return out;
}

Result<Response> add_person(const Request& request, People& all, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  People::NewPerson wanted;
  wanted.login = TRY(http::required_text(body, "login"));
  wanted.name = TRY(http::text_member(body, "name")).value_or("");
  wanted.badge = TRY(http::text_member(body, "badge"));
  wanted.roles = TRY(role_names(body));
  return answer(201, to_members(TRY(all.add(actor, wanted))));
}
Result<Response> invite(const Request& request, People& all, const access::Actor& actor) {
  return answer(201, to_members(TRY(all.invite(actor, id_param(request)))));
}

Result<Response> first_steps(const Request&, People& all, const access::Actor& actor) {
  const People::FirstSteps steps = TRY(all.first_steps(actor));
  return answer(200, {{"people", steps.has_people}, {"dock", steps.has_dock}, {"own_viewing", steps.has_rule}});
}

Result<Response> change_roles(const Request& request, People& all, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  return answer(200, to_members(TRY(all.change_roles(actor, id_param(request), TRY(role_names(body)),
                                                     TRY(http::required_text(body, "reason"))))));
}

Result<Response> change_activity(const Request& request, People& all, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  const auto is_active = TRY(http::flag_member(body, "active"));
  if (!is_active) return fail(Code::kInvalid, "\"active\" must be true or false");
  return answer(200, to_members(TRY(all.change_activity(
                         actor, id_param(request), *is_active ? People::Activity::kActive : People::Activity::kInactive,
                         TRY(http::required_text(body, "reason"))))));
}

Result<Response> rights(const Request& request, People& all, const access::Actor& actor) {
  const People::Rights rights = TRY(all.rights(actor, id_param(request)));
  Json::Array assignments, items;
  for (const roster::Assignment& assignment : rights.assignments) assignments.emplace_back(to_members(assignment));
  for (const People::Right& right : rights.rights) {
    items.emplace_back(Json::Object{{"action", access::action_name(right.action)},
                                    {"purpose", right.purpose ? Json(access::purpose_name(*right.purpose)) : Json()},
                                    {"recording", right.relation},
                                    {"answer", access::answer_name(right.decision.answer)},
                                    {"rule", right.decision.rule}});
  }
  Json::Object out = to_members(rights.person);
  out.emplace("assignments", std::move(assignments));
  out.emplace("rights", std::move(items));
  return answer(200, std::move(out));
}

Result<Response> units(const Request&, People& all, const access::Actor& actor) {
  return page_of(TRY(all.units(actor)));
}
Result<Response> add_unit(const Request& request, People& all, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  return answer(201, to_members(TRY(all.add_unit(actor, TRY(http::required_text(body, "name"))))));
}

Result<Response> categories(const Request&, People& all, const access::Actor& actor) {
  return page_of(TRY(all.categories(actor)));
}
Result<Response> add_category(const Request& request, People& all, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  return answer(201, to_members(TRY(all.add_category(actor, TRY(http::required_text(body, "name"))))));
}
Result<Response> retire_category(const Request& request, People& all, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  const auto id = CategoryId::parse(id_param(request));
  if (!id) return fail(Code::kNotFound, "No such category", id_param(request));
  return answer(200, to_members(TRY(all.retire_category(actor, *id, TRY(http::required_text(body, "reason"))))));
}

Result<Response> cases(const Request&, People& all, const access::Actor& actor) {
  return page_of(TRY(all.cases(actor)));
}
Result<Response> add_case(const Request& request, People& all, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  return answer(201, to_members(TRY(all.add_case(actor, TRY(http::required_text(body, "number")),
                                                 TRY(http::text_member(body, "title")).value_or("")))));
}

Result<roster::AssignmentKind> kind_named(const std::string& name) {
  const auto kind = roster::parse_assignment_kind(name);
  if (!kind) return fail(Code::kInvalid, "\"kind\" must be one of " + roster::all_assignment_kind_names());
  return *kind;
}

Result<Response> assignments(const Request& request, People& all, const access::Actor& actor) {
  roster::AssignmentQuery query;
  for (const auto& [name, text] : request.query) {
    if (name == "kind") {
      query.kind = TRY(kind_named(text));
    } else if (name == "person") {
      query.person = PersonId::parse(text);
      if (!query.person) return fail(Code::kInvalid, "\"person\" must be a person's id");
    } else if (name == "target") {
      query.target = text;
    } else if (name == "at") {
      query.at = TRY(http::parse_time(text, name));
    }
  }
  return http::page_of(TRY(all.assignments(actor, query, TRY(http::page_query(request)))),
                       [](const roster::Assignment& each) { return to_members(each); });
}
// Who is cleared for what is locked, who belongs to a unit and who supervises it, which part of the agency is theirs, and that somebody
// is no longer investigated, is not changed by whoever finds a browser open or a token: it takes a person who has just shown a second
// factor, as roles and rules do.
bool opens_footage(roster::AssignmentKind kind) {
  return kind == roster::AssignmentKind::kClearance || kind == roster::AssignmentKind::kScope ||
         kind == roster::AssignmentKind::kUnitSupervisor || kind == roster::AssignmentKind::kUnit;
}

Result<Response> begin(const Request& request, People& all, const access::Actor& actor, const roster::Asker& fresh) {
  const Json body = TRY(http::json_body(request));
  People::Beginning asked;
  asked.kind = TRY(kind_named(TRY(http::required_text(body, "kind"))));
  if (opens_footage(asked.kind)) TRY(fresh(request));
  asked.person = TRY(http::required_text(body, "person"));
  asked.target = TRY(http::text_member(body, "target")).value_or("");
  asked.from = TRY(http::time_member(body, "from"));
  asked.until = TRY(http::time_member(body, "until"));
  return answer(201, to_members(TRY(all.begin(actor, asked))));
}
Result<Response> end(const Request& request, People& all, const access::Actor& actor, const roster::Asker& fresh) {
  const AssignmentId id = TRY(id_param<AssignmentId>(request, "assignment"));
  const roster::AssignmentKind kind = TRY(all.kind_of(actor, id));
  if (opens_footage(kind) || kind == roster::AssignmentKind::kInvestigation) TRY(fresh(request));
  const Json body = TRY(http::json_body(request));
  return answer(200, to_members(TRY(all.end(actor, id, TRY(http::time_member(body, "until")),
                                            TRY(http::required_text(body, "reason"))))));
}

Result<Response> statements(const Request& request, People& all, const access::Actor& actor) {
  const auto person = http::text_query(request, "person");
  if (!person) return fail(Code::kInvalid, "\"person\" must be a person's id or login");
  return http::page_of(TRY(all.statements(actor, *person, TRY(http::page_query(request)))),
                       [](const roster::Statement& each) { return to_members(each); });
}
Result<Response> record_statement(const Request& request, People& all, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  TRY(all.record_statement(actor, TRY(http::required_text(body, "person")), TRY(http::required_text(body, "incident")),
                           TRY(http::time_member(body, "filed_at"))));
  return Response::empty(204);
}

Result<Response> withdraw_statement(const Request& request, People& all, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  TRY(all.withdraw_statement(actor, TRY(http::required_text(body, "person")),
                             TRY(http::required_text(body, "incident")), TRY(http::required_text(body, "reason"))));
  return Response::empty(204);
}

Result<Response> rules(const Request&, People& all, const access::Actor& actor) {
  const auto rule = TRY(all.own_viewing(actor));
  return answer(200, {{"own_viewing", roster::own_viewing_rule_name(rule)}});
}
Result<Response> set_rules(const Request& request, People& all, const access::Actor& actor) {
  const Json body = TRY(http::json_body(request));
  const auto rule = roster::parse_own_viewing_rule(TRY(http::required_text(body, "own_viewing")));
  if (!rule) {
    return fail(Code::kInvalid, "\"own_viewing\" must be one of allowed, after_statement, supervisor_releases");
  }
  TRY(all.set_own_viewing(actor, *rule, TRY(http::required_text(body, "reason"))));
  return answer(200, {{"own_viewing", roster::own_viewing_rule_name(*rule)}});
}

}  // namespace

void register_routes(http::Router& router, People& all, roster::Asker asker, roster::Asker fresh) {
  const auto add = roster::asked_routes(router, std::move(asker), std::ref(all));
  const auto add_fresh = roster::asked_routes(router, fresh, std::ref(all));
  const auto with_fresh = [&fresh](auto handler) {
    return [handler, fresh](const Request& request, People& room, const access::Actor& actor) {
      return handler(request, room, actor, fresh);
    };
  };
  add("GET", "/api/v1/people", people);
  add_fresh("POST", "/api/v1/people", add_person);
  add("GET", "/api/v1/people/{id}", person);
  add_fresh("POST", "/api/v1/people/{id}/setup-link", invite);
  add("GET", "/api/v1/people/{id}/rights", rights);
  add_fresh("POST", "/api/v1/people/{id}/roles", change_roles);
  add("POST", "/api/v1/people/{id}/active", change_activity);
  add("GET", "/api/v1/units", units);
  add("POST", "/api/v1/units", add_unit);
  add("GET", "/api/v1/categories", categories);
  add("POST", "/api/v1/categories", add_category);
  add("POST", "/api/v1/categories/{id}/retire", retire_category);
  add("GET", "/api/v1/cases", cases);
  add("POST", "/api/v1/cases", add_case);
  add("GET", "/api/v1/assignments", assignments);
  add("POST", "/api/v1/assignments", with_fresh(begin));
  add("POST", "/api/v1/assignments/{id}/end", with_fresh(end));
  add("GET", "/api/v1/first-steps", first_steps);
  add("GET", "/api/v1/statements", statements);
  add("POST", "/api/v1/statements", record_statement);
  add("POST", "/api/v1/statements/withdraw", withdraw_statement);
  add("GET", "/api/v1/rules", rules);
  add_fresh("PUT", "/api/v1/rules", set_rules);
}

}  // namespace lapel::people
