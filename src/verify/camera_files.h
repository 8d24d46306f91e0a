// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a camera signed, verified for its user: footage and state logs of one device, each alone and one by the other.
//
// Owns: the report in sentences and in JSON.
// Promises: reads the files that are named, streamed; believes the key that was given and no other. Without a word
//   against a file every byte of it is signed.
// Fails with: kNotFound, kUnavailable naming the path.
// Threads: one.

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "crypto/ed25519.h"

namespace lapel::verify {

struct CameraReport {
  bool is_verified = false;
  std::string summary;
  std::vector<std::string> lines;
  Json::Object json;
};

// Each path is footage or a log.
Result<CameraReport> verify_camera_files(const std::vector<std::string>& paths, const crypto::PublicKey& key);

}  // namespace lapel::verify
