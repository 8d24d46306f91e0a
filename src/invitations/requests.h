// SPDX-License-Identifier: Apache-2.0
#pragma once
// File requests, by the agency that asks and by whoever was asked (docs/operating/file_requests.md).
//
// Owns: the tables file_request_codes and file_request_sessions; the events file_request.created, .opened, .code_given and
//   .revoked in a request's own chain, which begins with identity.bound. Its rows are roster's.
// Promises: the link's secret and the code are shown once; of them, and of a session, only hashes are kept. An unknown link and
//   one that was taken back get the same answer. After kCodeFailuresMax wrong codes none is compared any more until the agency
//   gives another. That a link was first opened is sealed before anybody is let in. A session ends with its request, at once.
// Fails with: kNotFound (also a wrong link), problems::kFileRequestCode, kFileRequestEnded, kLimited, kInvalid, problems::kRule.
// Threads: any; calls block.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "access/access.h"
#include "acts/act.h"
#include "base/clock.h"
#include "base/paging.h"
#include "db/db.h"
#include "evidence/vault.h"
#include "intake/guests.h"
#include "ledger/ledgers.h"
#include "os/pace.h"
#include "roster/asker.h"
#include "roster/file_requests.h"

namespace lapel::invitations {

inline constexpr std::int64_t kLifeUsDefault = 14LL * 86'400 * 1'000'000;
inline constexpr std::int64_t kLifeUsMax = 90LL * 86'400 * 1'000'000;
inline constexpr std::int64_t kFilesDefault = 20, kFilesMax = 500;
inline constexpr std::int64_t kBytesDefault = 20LL << 30, kBytesMax = 500LL << 30;
inline constexpr std::size_t kWordsBytesMax = 4 * 1024;
inline constexpr std::int64_t kStandingMax = 1'000;   // of one agency
inline constexpr std::int64_t kCodeFailuresMax = 10;  // of one code
inline constexpr std::int64_t kSessionLifeUs = 12LL * 3'600 * 1'000'000;
inline constexpr std::int64_t kSessionsMax = 50;  // of one request; a further one ends the oldest
// Of one address: so many links or codes at once, and one in each of so many seconds after that.
inline constexpr std::int64_t kTriesAtOnce = 20, kTryAgainS = 3;

struct Terms {
  std::string name;                    // whom it is asked of
  std::optional<std::string> contact;  // a telephone number or an address; in no event
  std::string incident, words;
  std::optional<Timestamp> ends_at;                  // kLifeUsDefault from now
  std::optional<std::int64_t> files_max, bytes_max;  // kFilesDefault, kBytesDefault
  bool wants_code = false;
};

class FileRequests {
 public:
  explicit FileRequests(acts::Parts parts, evidence::Vault& vault);

  // ---- by the agency ----

  struct Made {
    roster::FileRequest request;
    std::string secret;               // of the link: 256 bits, base64url
    std::optional<std::string> code;  // where one is wanted
  };
  Result<Made> make(const access::Actor& actor, const Terms& terms);

  struct Arrived {
    RecordingId recording;
    std::string filename;
    std::uint64_t bytes = 0;
    std::string sha256;
    Timestamp received_at;
    std::uint64_t leaf_index = 0;                  // after that of its admission
    std::string state;                             // of the recording
    std::optional<std::string> verdict, sentence;  // of the media worker, once it has looked
  };
  struct Known {
    roster::FileRequest request;
    std::string maker_name, agency_name, agency_slug;
    intake::Used used;
    bool is_code_dead = false;
    std::uint64_t published_size = 0;  // of the ledger: by own() alone
    std::vector<Arrived> files;        // those that the asker may know of
    std::vector<intake::UnderWay> under_way;
  };
  Result<Page<Known>> list(const access::Actor& actor, const PageQuery& query);
  Result<Known> show(const access::Actor& actor, const FileRequestId& id);
  Result<Known> revoke(const access::Actor& actor, const FileRequestId& id, const std::string& reason);
  Result<std::string> give_code(const access::Actor& actor, const FileRequestId& id);

  // ---- by whoever was asked ----

  struct Entered {
    FileRequestId request;
    AgencyId agency;
    std::string token;
    Timestamp ends_at;
  };
  // `address`: where it is tried from.
  Result<Entered> enter(std::string_view address, const std::string& secret, const std::string& code);
  // Whoever was asked, by the token of their session; every other request is `otherwise`'s.
  roster::Asker asker(roster::Asker otherwise);
  Result<Known> own(const access::Actor& actor);

 private:
  Result<Known> known(db::Transaction& tx, roster::FileRequest request);
  Result<Known> known(const FileRequestId& id);
  Result<void> check_code(const roster::FileRequest& request, const std::string& typed);
  Result<void> tell_opened(const roster::FileRequest& request);
  Result<access::Actor> actor_of_token(std::string_view token);

  const acts::Parts parts_;
  evidence::Vault& vault_;
  os::Pace tries_;
};

std::span<const db::Migration> schema();

// What the catalog says of file requests, against what the ledger sealed.
Result<void> check_record(db::Transaction& tx, const AgencyId& agency, const std::function<void(std::string)>& fault);

}  // namespace lapel::invitations
