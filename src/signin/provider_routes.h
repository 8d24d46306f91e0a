// SPDX-License-Identifier: Apache-2.0
#pragma once
// Signing in through the agency's own identity provider. A part of routes.h.
//
// Owns: /api/v1/session/provider and what is under it.
// Promises: beginning tells the browser where to go and gives it the cookie of its return. The provider sends it back to
//   a page of Lapel's own, /sign-in/return, which changes nothing by itself: that page asks /return, as any other page of
//   Lapel's asks, with the guard header and from the same site. So the session's cookie stays SameSite=Strict, and a link
//   of somebody else's signs nobody in. Who asks for an agency that is none, or has no provider, gets one answer.
// Fails with: see routes.h; problems::kProviderAnswer, kUnavailable (the provider cannot be reached), kDenied.
// Threads: register once; handlers run on any worker.

#include "signin/routes.h"

namespace lapel::signin {

void register_provider_routes(http::Router& router, const Room& room);

}  // namespace lapel::signin
