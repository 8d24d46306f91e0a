// SPDX-License-Identifier: Apache-2.0
#pragma once
// tus 1.0.0 over HTTP: core, creation, creation-with-upload, checksum, expiration, termination, concatenation.
//
// Owns: the routes under /api/v1/uploads and the meaning of their headers (docs/formats/upload_protocol.md).
// Promises: 204, 201 and HEAD tell only offsets that are durable. Answers to very many very small pieces wait; the pieces count.
// Fails with: the problems that uploads.h names, and those of the protocol itself.
// Threads: register once; handlers run on any worker.

#include "http/server.h"
#include "intake/uploads.h"
#include "roster/asker.h"

namespace lapel::ingest {

void register_routes(http::Router& router, intake::Uploads& uploads, const Clock& clock, roster::Asker asker);

}  // namespace lapel::ingest
