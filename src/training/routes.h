// SPDX-License-Identifier: Apache-2.0
#pragma once
// Policies and training over HTTP, as api/openapi.yaml describes it.
//
// Owns: the JSON of requests and answers.
// Promises: nothing is answered before it is sealed. An acknowledgement is the signature of a passkey of theirs over what is
//   acknowledged, or of a person who has just shown a second factor: `fresh` is asked then, and refuses every token.
// Fails with: what the room fails with, kInvalid.
// Threads: any.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "http/server.h"
#include "roster/asker.h"
#include "training/courses.h"
#include "training/policies.h"
#include "training/training.h"

namespace lapel::training {

// How people sign, which is another room's to know.
struct Prover {
  struct Question {
    std::string rp_id;
    std::vector<std::string> credentials;  // base64url
  };
  // How a browser at this request's address is asked for one; nullopt: the person has no passkey there.
  std::function<Result<std::optional<Question>>(const http::Request&, const PersonId&)> ask;
  // `credential`: as a browser gives it. It has to be theirs, and to sign that challenge.
  std::function<Result<PasskeyProof>(const http::Request&, const access::Actor&, const Json& credential,
                                     const std::string& challenge)>
      check;
};

struct Room {
  Training& training;
  Policies& policies;
  Courses& courses;
  Prover prover;
  roster::Asker fresh;
};
void register_routes(http::Router& router, const Room& room, roster::Asker asker);

}  // namespace lapel::training
