// SPDX-License-Identifier: Apache-2.0
#pragma once
// The calls of the Axis content destination API, which are those of OpenStack Swift that a body-worn system makes
// (docs/formats/content_destination.md), and camera systems and the keys that sign footage as people manage them.
//
// Owns: /auth/v1.0, /v1/{account}/…, /api/v1/camera-systems, /api/v1/camera-keys, and a recording's markers.
// Promises: to a body-worn system every answer has the status that the API documents for it, and a sentence. A client that cannot know
//   better is told to come again where that helps.
// Fails with: the problems that systems.h and destination.h name.
// Threads: register once; handlers run on any worker.

#include <string>
#include <vector>

#include "cameras/destination.h"
#include "cameras/markers.h"
#include "cameras/signing_keys.h"
#include "cameras/systems.h"
#include "http/server.h"
#include "roster/asker.h"

namespace lapel::cameras {

// What the server can say of itself for a connection file, where whoever makes one does not.
struct Reached {
  std::string public_url;                 // empty: as the request names it
  std::vector<std::string> certificates;  // PEM that it shows; none where TLS ends elsewhere
};

void register_destination(http::Router& router, Systems& systems, Destination& destination);
void register_systems(http::Router& router, Systems& systems, SigningKeys& keys, Markers& markers, Reached reached,
                      roster::Asker asker, roster::Asker fresh);

}  // namespace lapel::cameras
