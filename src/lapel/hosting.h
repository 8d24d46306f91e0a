// SPDX-License-Identifier: Apache-2.0
#pragma once
// The agencies that a server hosts, as the lead agency sees them: numbers only.
//
// Owns: /api/v1/agencies and what is under it.
// Promises: of a hosted agency nothing is told but its name and slug, how many people and recordings it has, how many bytes,
//   when it last published, and whether somebody administers it. Only administrators of the lead agency ask; an agency that
//   they add works at once, in every server on this catalog. Its first administrator comes by a link that is given once.
// Fails with: problems::kRule, kInvalid, kNotFound, kConflict (name or slug taken; an administrator is there already).
// Threads: any.

#include <optional>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "http/server.h"
#include "lapel/installation.h"
#include "roster/asker.h"
#include "signin/setup.h"

namespace lapel::door {

struct HostedAgency {
  roster::Agency agency;
  std::int64_t people = 0;  // active
  std::int64_t recordings = 0, bytes = 0;
  std::optional<Timestamp> published_at;  // the last checkpoint that outsiders have
  bool has_administrator = false;         // somebody who is active
  std::optional<Timestamp> link_until;    // of the one by which the first is made
};
// The lead agency first.
Result<std::vector<HostedAgency>> hosted_agencies(Installation& installation);
// "ready", "invited" (a link is out) or "waiting" (nobody can sign in yet).
std::string_view first_run_name(const HostedAgency& hosted);
Json::Object to_members(const HostedAgency& hosted);

void register_hosting(http::Router& router, Installation& installation, signin::Setup& setup, roster::Asker asker);

}  // namespace lapel::door
