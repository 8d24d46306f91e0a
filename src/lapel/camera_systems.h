// SPDX-License-Identifier: Apache-2.0
#pragma once
// Body-worn systems of another maker, from the server's own console.
//
// Owns: the words these commands print: data on stdout, talk on stderr.
// Promises: may run beside a serving process. The connection file has a key in it, is readable by whoever ran the command alone, and is
//   never written over another file.
// Fails with: what the installation fails with; kConflict where the file is there already; kInvalid, kNotFound.
// Threads: one.

#include <string>
#include <vector>

#include "base/result.h"
#include "lapel/installation.h"
#include "os/disk.h"

namespace lapel::door {

struct ConnectionTerms {
  std::string name, url;                  // url: where the system reaches this server
  std::vector<std::string> certificates;  // files, PEM
  std::string encrypt_to;                 // a file with an RSA public key in PEM; empty: clips come as they are
  std::string out;                        // the connection file
};
Result<void> run_camera_system_add(const Where& where, const std::string& agency, const ConnectionTerms& terms);
// Another key for one that is there; the old one counts no more.
Result<void> run_camera_system_renew(const Where& where, const std::string& agency, const ConnectionTerms& terms);
Result<void> run_camera_system_list(const Where& where, const std::string& agency, bool as_json);
Result<void> run_camera_system_revoke(const Where& where, const std::string& agency, const std::string& name);

// ---- whose signatures in footage are believed ----

struct KeyTerms {
  std::string serial, key, root;  // key, root: files, PEM; one of the two
  std::string sha256, reason;     // to revoke
};
Result<void> run_camera_key_add(const Where& where, const std::string& agency, const KeyTerms& terms);
Result<void> run_camera_key_list(const Where& where, const std::string& agency, bool as_json);
Result<void> run_camera_key_revoke(const Where& where, const std::string& agency, const KeyTerms& terms);

}  // namespace lapel::door
