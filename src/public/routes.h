// SPDX-License-Identifier: Apache-2.0
#pragma once
// What outsiders may read without an account: each ledger's published checkpoint, tiles and key (C2SP tlog-tiles).
//
// Owns: the routes under /ledger.
// Promises: nothing but published sizes can be learned here: no answer depends on an unpublished leaf.
// Fails with: kNotFound for everything else.
// Threads: register once; handlers run on any worker.

#include <functional>

#include "http/server.h"
#include "ledger/ledger.h"

namespace lapel::public_pages {

// The ledger of an agency's slug; the first agency's for an empty one.
using FindLedger = std::function<Result<ledger::Ledger*>(std::string_view slug)>;

void register_routes(http::Router& router, FindLedger find_ledger);

}  // namespace lapel::public_pages
