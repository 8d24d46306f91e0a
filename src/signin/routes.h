// SPDX-License-Identifier: Apache-2.0
#pragma once
// Signing in over HTTP: a browser's session, the account of whoever is signed in, and what an administrator does for others.
//
// Owns: /api/v1/session and what is under it, /api/v1/account and what is under it, /api/v1/people/{id}/sign-in and what is
//   under it, /api/v1/sign-in/console, and /api/v1/setup.
// Promises: GET /api/v1/session answers 204 when nobody is signed in, so that asking is no error; the answer says what the
//   person may do, decided by access/, so that no page repeats a rule, and what the session still needs. Only a session, by
//   its cookie, reaches an account: a program's token neither enrolls nor removes a factor. What changes how somebody signs in
//   takes a factor that was shown within kFreshUs.
// Fails with: kInvalid, kFreshFactor, and what Sessions and Factors fail with.
// Threads: register once; handlers run on any worker.

#include <functional>
#include <string>

#include "base/clock.h"
#include "db/db.h"
#include "http/server.h"
#include "roster/asker.h"
#include "signin/challenges.h"
#include "signin/factors.h"
#include "signin/locks.h"
#include "signin/managed_people.h"
#include "signin/provider_client.h"
#include "signin/provider_flow.h"
#include "signin/provider_settings.h"
#include "signin/sessions.h"
#include "signin/setup.h"

namespace lapel::signin {

struct Room {
  db::Database& database;
  const Clock& clock;
  Sessions& sessions;
  Factors& factors;
  Challenges& challenges;
  Setup& setup;
  Providers& providers;
  ProviderClient& provider_client;
  ProviderFlows& flows;
  ManagedPeople& managed;
};

void register_routes(http::Router& router, const Room& room, roster::Asker asker);

}  // namespace lapel::signin
