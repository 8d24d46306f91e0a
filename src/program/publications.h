// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reports that were published: their bytes stay as they were, and a later correction marks them.
//
// Owns: the tables program_publications and program_papers, and the event program.published in the chain of the server's console.
// Promises: what is published never has what is under embargo or privileged, whoever publishes it. Where somebody is named as a reviewer of
//   reports, only a draft that each of them approved is published, and as it was drafted. Its bytes in every form, and their SHA-256,
//   are sealed with the event and never change; what has been corrected, updated or decided otherwise since is told beside them.
// Fails with: problems::kRule, kInvalid, kNotFound, kConflict (published already, or stated meanwhile), and what the writers fail with.
// Threads: any; calls block.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "db/db.h"
#include "ledger/ledgers.h"
#include "program/drafts.h"
#include "program/fold.h"
#include "program/papers.h"
#include "program/program.h"

namespace lapel::program {

inline constexpr std::int64_t kPublicationsListed = 200;

// A figure of a published report that stands no more.
struct Superseded {
  std::string subject, field;
  std::string statement, by;  // ids: what was published, and what made it so
  Status status = Status::kCorrected;
};

struct Publication {
  std::string id, title, sha256;
  Day as_of;
  Timestamp published_at;
  PersonId published_by;
  std::string published_by_name;
  std::vector<Superseded> superseded;
  std::string draft;                    // that it was made of; empty: of none
  std::map<Paper, std::string> papers;  // SHA-256 of each form that was kept
  std::string content;                  // the report, as it was given out; of one that is shown alone
};

// Statements of a published report that stand no more in `now`. Pure.
std::vector<Superseded> superseded_in(const Json& report, const Program& now);

class Publications {
 public:
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    const Clock& clock;
    Programs& programs;
    Drafts& drafts;
  };
  explicit Publications(Parts parts) : parts_(parts) {}

  // The report as of a day; today's when left out.
  Result<Publication> publish(const access::Actor& actor, const std::string& title, const std::optional<Day>& as_of);
  // A draft that everybody who must has approved.
  Result<Publication> publish_draft(const access::Actor& actor, const std::string& draft);
  Result<std::vector<Publication>> list(const access::Actor& actor);  // the newest first
  Result<Publication> show(const access::Actor& actor, const std::string& id);
  // The bytes that were kept, or, marked, made again with what supersedes it in front.
  enum class Marked { kNo, kSuperseded };
  Result<std::string> paper(const access::Actor& actor, const std::string& id, Paper paper, Marked marked);

 private:
  // The bytes of a report, its title and day; and of a draft, which.
  Result<Publication> seal(const access::Actor& actor, Publication made, std::vector<std::string> notes);
  Result<std::vector<Publication>> read(const access::Actor& actor, const std::optional<std::string>& id);

  const Parts parts_;
};

}  // namespace lapel::program
