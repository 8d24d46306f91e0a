// SPDX-License-Identifier: Apache-2.0
#include "lapel/hosting.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "http/answers.h"
#include "http/json_body.h"
#include "http/params.h"

namespace lapel::door {
namespace {

using http::answer;
using http::Request;
using http::Response;
using http::time_or_null;

Result<access::Actor> lead_administrator(const Request& request, const roster::Asker& asker) {
  access::Actor actor = TRY(asker(request));
  access::Item item;
  item.agency = actor.agency;
  TRY(access::require(access::decide(actor, access::Action::kManageAgencies, item), "page"));
  return actor;
}

Result<HostedAgency> hosted(Installation& installation, const AgencyId& id) {
  for (HostedAgency& each : TRY(hosted_agencies(installation))) {
    if (each.agency.id == id) return std::move(each);
  }
  return fail(Code::kNotFound, "No such agency", id.text());
}

// With the link, which is shown to nobody again.
Result<Response> with_link(Installation& installation, signin::Setup& setup, const AgencyId& id, int status) {
  const signin::Setup::Link link = TRY(setup.make_link(id));
  Json::Object out = to_members(TRY(hosted(installation, id)));
  out.emplace("setup", "/setup#" + link.secret);
  return answer(status, std::move(out));
}

}  // namespace

Result<std::vector<HostedAgency>> hosted_agencies(Installation& installation) {
  std::vector<HostedAgency> out;
  const Timestamp now = installation.clock().now();
  TRY(installation.database().read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    for (roster::Agency& agency : TRY(roster::agencies(tx))) {
      const db::Params of = {{"agency", agency.id.text()}};
      HostedAgency each;
      each.people =
          TRY(tx.query("SELECT COUNT(*) AS n FROM people WHERE agency = :agency AND active_until_us IS NULL", of))[0]
              .integer("n");
      const db::Rows kept =
          TRY(tx.query("SELECT COUNT(*) AS n, CAST(coalesce(SUM(bytes), 0) AS BIGINT) AS bytes FROM "
                       "recordings WHERE agency = :agency",
                       of));
      each.recordings = kept[0].integer("n");
      each.bytes = kept[0].integer("bytes");
      const auto published =
          TRY(tx.query("SELECT MAX(at_us) AS at_us FROM ledger_published WHERE agency = :agency", of))[0].maybe_integer(
              "at_us");
      if (published) each.published_at = Timestamp{*published};
      each.has_administrator = TRY(Installation::has_administrator(tx, agency.id));
      if (!each.has_administrator) each.link_until = TRY(signin::Setup::link_until(tx, agency.id, now));
      each.agency = std::move(agency);
      out.push_back(std::move(each));
    }
    return {};
  }));
  return out;
}

std::string_view first_run_name(const HostedAgency& hosted) {
  if (hosted.has_administrator) return "ready";
  return hosted.link_until ? "invited" : "waiting";
}

Json::Object to_members(const HostedAgency& hosted) {
  return {{"id", hosted.agency.id.text()},
          {"name", hosted.agency.name},
          {"slug", hosted.agency.slug},
          {"lead", hosted.agency.is_first},
          {"people", hosted.people},
          {"recordings", hosted.recordings},
          {"bytes", hosted.bytes},
          {"published_at", time_or_null(hosted.published_at)},
          {"first_run", first_run_name(hosted)},
          {"link_expires_at", time_or_null(hosted.link_until)}};
}

void register_hosting(http::Router& router, Installation& installation, signin::Setup& setup, roster::Asker asker) {
  router.add("GET", "/api/v1/agencies", [&installation, asker](const Request& request) -> Result<Response> {
    TRY(lead_administrator(request, asker));
    return http::page_of(TRY(hosted_agencies(installation)), [](const HostedAgency& each) { return to_members(each); });
  });
  router.add("POST", "/api/v1/agencies", [&installation, &setup, asker](const Request& request) -> Result<Response> {
    const access::Actor actor = TRY(lead_administrator(request, asker));
    const Json body = TRY(http::json_body(request));
    NewAgency wanted;
    wanted.name = TRY(http::required_text(body, "name"));
    wanted.slug = TRY(http::text_member(body, "slug")).value_or("");
    return with_link(installation, setup, TRY(installation.add_agency(wanted, actor.person)).id, 201);
  });
  router.add("POST", "/api/v1/agencies/{id}/setup-link",
             [&installation, &setup, asker = std::move(asker)](const Request& request) -> Result<Response> {
               TRY(lead_administrator(request, asker));
               const AgencyId id = TRY(http::id_param<AgencyId>(request, "agency"));
               const HostedAgency now = TRY(hosted(installation, id));
               if (now.has_administrator) {
                 return fail(Code::kConflict, "This agency has an administrator, who makes others", id.text());
               }
               // From then on it is theirs: who hosts it does not make itself their administrator.
               if (now.people > 0 || now.recordings > 0) {
                 return fail(Code::kConflict,
                             "This agency has people or recordings already: its administrator is made at the server's "
                             "console",
                             id.text());
               }
               return with_link(installation, setup, id, 201);
             });
}

}  // namespace lapel::door
