// SPDX-License-Identifier: Apache-2.0
#pragma once
// The media room: has every sealed recording looked at by the sandboxed worker, and stores what it found; has renditions
// made by it for those who may watch and not have.
//
// Owns: the jobs of kind evidence::kMediaJob, kSignatureJob and kRenditionJob, the children that do them, and the directory `scratch`.
// Promises: no byte of a recording is parsed in this process, and none outside the sandbox: where there is none, jobs
//   stay blocked with the reason and are begun when there is one. The worker gets the original through a descriptor
//   open for reading only. Each job ends once: facts, derived items and events are stored with its end or not at all.
//   A file that the worker cannot make sense of is a finding about the file and not a failure. A rendition for which the
//   disk has no room waits for room.
//   A signature is checked against whom the agency trusts at that moment, and that is sealed with what came of it.
// Fails with: what the disk fails with, at opening. Later failures are states of jobs.
// Threads: any; it has threads of its own. The destructor kills the workers that run; their jobs wait for the next
//   start.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "evidence/vault.h"
#include "jobs/jobs.h"
#include "os/disk.h"
#include "os/process.h"
#include "protocol/media.h"

namespace lapel::media {

inline constexpr int kPosterEdgePx = 320;
inline constexpr int kFilmstripFrames = 10;
inline constexpr int kFilmstripHeightPx = 90;
// While there is no sandbox, it is looked for again this often.
inline constexpr std::int64_t kSandboxRetryUs = 60LL * 1'000'000;

// Whom an agency believes that sign footage.
struct SigningTrust {
  struct Key {
    Digest sha256{};  // of its DER (SubjectPublicKeyInfo)
    std::string serial;
    bool is_revoked = false;
  };
  std::vector<Key> keys;           // each bound to a camera
  std::vector<std::string> roots;  // certificates in PEM
};

class Examiner {
 public:
  struct Parts {
    db::Database& database;
    os::Disk& disk;
    os::Process& process;
    evidence::Vault& vault;
    jobs::Queue& jobs;
    const Clock& clock;
    os::Path scratch;              // made when missing; what earlier servers left in it goes
    protocol::MediaWorker worker;  // an absolute path: a child starts in the root directory
    bool is_only_server = true;    // else others' leases and scratch files are left until they are old
    int threads = 2;               // workers at once that look; one more makes renditions
    std::function<Result<SigningTrust>(const AgencyId&)> trust = {};  // without it, nobody is believed
    // Another whenever what `trust` says is another.
    std::function<Result<std::string>(db::Transaction&, const AgencyId&)> trust_mark = {};
  };

  // Asks the worker for its self-test first. Leases of earlier servers are taken back at once where no other can be alive,
  // and else when they have run out.
  static Result<std::unique_ptr<Examiner>> open(Parts parts);
  ~Examiner();
  Examiner(const Examiner&) = delete;
  Examiner& operator=(const Examiner&) = delete;

  // Why no job is begun, in words for /readyz: "no sandbox: …". Nothing when jobs run.
  std::optional<std::string> blocked() const;

 private:
  struct Impl;
  explicit Examiner(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lapel::media
