// SPDX-License-Identifier: Apache-2.0
#include "base/problems.h"

#include <array>

namespace lapel::problems {

#define PROBLEM(name, slug, code, status, retry, title, remedy) \
  const Problem name {                                          \
    slug, Code::code, status, Retry::retry, title, remedy       \
  }

PROBLEM(kInvalid, "invalid", kInvalid, 400, kNo, "The request is not valid", "Correct what the message names.");
PROBLEM(kTooLarge, "too-large", kTooLarge, 413, kNo, "Too large", "Send less at once; the message names the limit.");
PROBLEM(kUnsupported, "unsupported", kUnsupported, 415, kNo, "Not supported",
        "Use one of the forms the message names.");
PROBLEM(kUnauthenticated, "unauthenticated", kUnauthenticated, 401, kAfterSignIn, "Not signed in",
        "Sign in, or send a valid token in the Authorization header.");
PROBLEM(kNotFound, "not-found", kNotFound, 404, kNo, "Not found",
        "Check the name or address; of evidence, you may lack the right to know.");
PROBLEM(kGone, "gone", kGone, 410, kNo, "No longer here", "Start again; what is gone does not come back.");
PROBLEM(kDenied, "denied", kDenied, 403, kNo, "Not allowed", "Ask whoever holds the role that the rule names.");
PROBLEM(kConflict, "conflict", kConflict, 409, kNo, "In conflict with the present state",
        "Read the state again and retry.");
PROBLEM(kHeld, "held", kHeld, 423, kNo, "Under a legal hold", "The hold must be released by two people first.");
PROBLEM(kBusy, "busy", kBusy, 423, kYes, "In use by another", "Try again after the time in Retry-After.");
PROBLEM(kCorrupt, "corrupt", kCorrupt, 500, kNever, "Stored data is damaged",
        "Do not retry. Keep the machine as it is and follow docs/operating/lost_disk.md.");
PROBLEM(kUnavailable, "unavailable", kUnavailable, 503, kYes, "Not available now", "Try again a little later.");
PROBLEM(kLimited, "limited", kLimited, 429, kYes, "Too many requests", "Slow down and try again later.");
PROBLEM(kFull, "full", kFull, 507, kLater, "No room", "Free or add storage; nothing already accepted is lost.");
PROBLEM(kInternal, "internal", kInternal, 500, kNo, "Something went wrong inside Lapel",
        "Note the request id and look at the server's trace.");

PROBLEM(kMethodNotAllowed, "method-not-allowed", kInvalid, 405, kNo, "Method not allowed",
        "Use a method in the Allow header.");
PROBLEM(kRequestTimeout, "request-timeout", kUnavailable, 408, kYes, "The request stalled",
        "Resume from the offset HEAD reports.");
PROBLEM(kRangeNotSatisfiable, "range-not-satisfiable", kInvalid, 416, kNo, "Range not satisfiable",
        "Ask for a range inside the length that Content-Range gives.");
PROBLEM(kPreconditionFailed, "precondition-failed", kConflict, 412, kNo, "Precondition failed", "Read the item again.");
PROBLEM(kHeaderTooLarge, "header-too-large", kTooLarge, 431, kNo, "Request header too large",
        "Send fewer or shorter header fields.");
PROBLEM(kLengthRequired, "length-required", kInvalid, 411, kNo, "A length is required", "Send Content-Length.");

PROBLEM(kTusVersion, "tus-version", kConflict, 412, kNo, "Unsupported tus version", "Send Tus-Resumable: 1.0.0.");
PROBLEM(kTusHeader, "tus-header", kInvalid, 400, kNo, "A tus header is missing or wrong",
        "Correct the header the message names.");
PROBLEM(kTusMetadata, "tus-metadata", kInvalid, 400, kNo, "Upload-Metadata is not valid",
        "Send comma-separated pairs of a key and base64.");
PROBLEM(kTusContentType, "tus-content-type", kUnsupported, 415, kNo, "Wrong content type",
        "Send Content-Type: application/offset+octet-stream.");
PROBLEM(kUploadOffset, "upload-offset", kConflict, 409, kNo, "Upload-Offset is not the upload's offset",
        "Ask HEAD for the offset and resume there.");
PROBLEM(kUploadLocked, "upload-locked", kBusy, 423, kYes, "Another request is writing this upload",
        "Wait, then resume.");
PROBLEM(kUploadTooLong, "upload-too-long", kTooLarge, 413, kNo, "More bytes than Upload-Length announced",
        "Send no more than the announced length.");
PROBLEM(kUploadLengthLimit, "upload-length-limit", kTooLarge, 413, kNo, "Upload-Length is over the limit",
        "Split the file, or raise the limit in the configuration.");
PROBLEM(kUploadExpired, "upload-expired", kGone, 410, kNo, "The upload has expired", "Create it again.");
PROBLEM(kUploadFinished, "upload-finished", kDenied, 403, kNo, "The upload is finished",
        "A sealed recording is never changed or removed by an upload request.");
PROBLEM(kChecksumMismatch, "checksum-mismatch", kInvalid, 460, kYes, "Checksum mismatch", "Send the same part again.");
PROBLEM(kChecksumAlgorithm, "checksum-algorithm", kInvalid, 400, kNo, "Unknown checksum algorithm",
        "Use sha1 or sha256.");
PROBLEM(kDigestMismatch, "digest-mismatch", kConflict, 409, kNo, "The file's SHA-256 is not the one declared",
        "Hash the file again at its source, then upload it anew.");
PROBLEM(kDockStatement, "dock-statement", kInvalid, 400, kNo, "The dock's statement does not fit",
        "Sign the file's own facts with the dock's own key.");
PROBLEM(kStorageFull, "storage-full", kFull, 507, kLater, "Not enough room for this upload",
        "Free or add storage, then retry.");
PROBLEM(kTooManyUploads, "too-many-uploads", kLimited, 429, kLater, "Too many unfinished uploads",
        "Finish or remove some first.");
PROBLEM(kConcatenation, "concatenation", kInvalid, 400, kNo, "These parts cannot be joined",
        "Join finished partial uploads of your own, each once.");

PROBLEM(kDataExists, "data-exists", kConflict, 409, kNo, "The data directory already holds something",
        "Choose an empty or absent directory; init never overwrites.");
PROBLEM(kDataFormat, "data-format", kUnsupported, 500, kNo, "Data directory of another version",
        "Use the program version that wrote it, or one that can migrate it.");
PROBLEM(kDataLocked, "data-locked", kBusy, 503, kLater, "Another server uses this data directory",
        "Stop the other server first.");
PROBLEM(kDataFilesystem, "data-filesystem", kUnsupported, 500, kNo, "Filesystem not suitable",
        "Keep catalog and ledger on a local disk.");
PROBLEM(kSqliteVersion, "sqlite-version", kUnsupported, 500, kNo, "SQLite with a known data-loss bug",
        "Build with the pinned SQLite (make setup).");
PROBLEM(kDatabaseServer, "database-server", kUnsupported, 500, kNo, "Database server not suitable",
        "Change what the message names; docs/operating/postgresql.md has the commands.");
PROBLEM(kCatalogElsewhere, "catalog-elsewhere", kConflict, 500, kNo, "The catalog is not where it was looked for",
        "Name the place that belongs to this data directory; docs/operating/postgresql.md tells how to move one.");
PROBLEM(kCommitUnknown, "commit-unknown", kUnavailable, 503, kYes, "The outcome of a commit is not known",
        "Ask again: the answer shows whether it was made.");
PROBLEM(kWeakFile, "weak-file", kDenied, 500, kNo, "A secret file others can read",
        "chmod 600 the file, and 700 the directory.");

PROBLEM(kLedgerMoved, "ledger-moved", kConflict, 409, kYes, "The ledger grew meanwhile",
        "Nothing to do; the sequencer retries.");
PROBLEM(kLedgerCorrupt, "ledger-corrupt", kCorrupt, 500, kNever, "The ledger does not agree with itself",
        "Do not retry. Keep the machine as it is and run lapel ledger check on a copy.");
PROBLEM(kFaultsFound, "faults-found", kCorrupt, 500, kNever, "The check found faults",
        "Keep the disk as it is, restore what is named from a second copy, and check again; see "
        "docs/operating/lost_disk.md.");
PROBLEM(kProofInvalid, "proof-invalid", kCorrupt, 422, kNever, "The proof does not hold",
        "Do not rely on it; ask for it again.");
PROBLEM(kNotSealed, "not-sealed", kConflict, 409, kYes, "Not sealed yet", "Ask again in a moment.");

PROBLEM(kStoreStopped, "store-stopped", kUnavailable, 503, kLater, "The store stopped after a failed sync",
        "Look at the disk, then restart the server.");
PROBLEM(kObjectDamaged, "object-damaged", kCorrupt, 500, kNever, "The stored file is damaged",
        "Restore it from a second copy; see docs/operating/lost_disk.md.");

PROBLEM(kSignIn, "sign-in", kUnauthenticated, 401, kNo, "Sign-in failed", "Check login and password.");
PROBLEM(kRule, "rule", kDenied, 403, kNo, "A rule forbids it", "The message names the rule.");
PROBLEM(kInsideHome, "inside-home", kConflict, 409, kNo, "Nobody has said whether this is inside a home",
        "Answer whether it shows one, and ask again: \"inside_home\" is true or false. The answer is put on record.");
PROBLEM(kSecondFactor, "second-factor", kUnauthenticated, 401, kNo, "The second factor is wrong",
        "Enter the code that the app shows now or a recovery code that was not used, or show the passkey again.");
PROBLEM(
    kSignInUnfinished, "sign-in-unfinished", kUnauthenticated, 401, kAfterSignIn, "Signing in is not finished",
    "GET /api/v1/session says what it still needs: a second factor, or to have one enrolled, or the notice accepted.");
PROBLEM(kFreshFactor, "fresh-factor", kUnauthenticated, 401, kAfterSignIn, "Say again who you are",
        "Present a second factor (POST /api/v1/session/factor), then do the same within five minutes.");
PROBLEM(kNoFactor, "no-factor", kUnauthenticated, 401, kAfterSignIn, "A second factor is needed",
        "Enroll one under Your account, then do the same within five minutes.");
PROBLEM(kLastAdministrator, "last-administrator", kConflict, 409, kNo, "The last administrator",
        "Make somebody else an administrator first.");
PROBLEM(kTwoPeople, "two-person", kDenied, 403, kNo, "Two people are needed", "Somebody else must do the other half.");
PROBLEM(kShareCode, "share-code", kUnauthenticated, 401, kAfterSignIn, "The code is not right",
        "Type it again, or ask whoever sent the link for a new one.");
PROBLEM(kShareEnded, "share-ended", kGone, 410, kNo, "The share has ended", "Ask whoever sent the link for another.");
PROBLEM(kProviderAnswer, "provider-answer", kUnauthenticated, 401, kNo, "The identity provider's answer does not count",
        "Begin the sign-in again; where it stays so, compare what the message names with the provider's settings.");
PROBLEM(kQuarantined, "quarantined", kConflict, 409, kNo, "The file is in quarantine",
        "Accept it first; or say why it is opened all the same, which goes on record, and treat it as what a stranger "
        "sent.");
PROBLEM(kFileRequestCode, "file-request-code", kUnauthenticated, 401, kAfterSignIn, "The code is missing or not right",
        "Type the code that you were told, or ask whoever sent the link for a new one.");
PROBLEM(kFileRequestEnded, "file-request-ended", kGone, 410, kNo, "The file request has ended",
        "Ask whoever sent the link for another.");
PROBLEM(kFileRequestQuota, "file-request-quota", kTooLarge, 413, kNo, "The file request takes no more",
        "Choose the files that matter most, or ask whoever sent the link to allow more.");
#undef PROBLEM

namespace {
constexpr std::array kAll = {
    &kInvalid,
    &kTooLarge,
    &kUnsupported,
    &kUnauthenticated,
    &kNotFound,
    &kGone,
    &kDenied,
    &kConflict,
    &kHeld,
    &kBusy,
    &kCorrupt,
    &kUnavailable,
    &kLimited,
    &kFull,
    &kInternal,
    &kMethodNotAllowed,
    &kRequestTimeout,
    &kRangeNotSatisfiable,
    &kPreconditionFailed,
    &kHeaderTooLarge,
    &kLengthRequired,
    &kTusVersion,
    &kTusHeader,
    &kTusMetadata,
    &kTusContentType,
    &kUploadOffset,
    &kUploadLocked,
    &kUploadTooLong,
    &kUploadLengthLimit,
    &kUploadExpired,
    &kUploadFinished,
    &kChecksumMismatch,
    &kChecksumAlgorithm,
    &kDigestMismatch,
    &kDockStatement,
    &kStorageFull,
    &kTooManyUploads,
    &kConcatenation,
    &kDataExists,
    &kDataFormat,
    &kDataLocked,
    &kDataFilesystem,
    &kSqliteVersion,
    &kDatabaseServer,
    &kCatalogElsewhere,
    &kCommitUnknown,
    &kWeakFile,
    &kLedgerMoved,
    &kLedgerCorrupt,
    &kFaultsFound,
    &kProofInvalid,
    &kNotSealed,
    &kStoreStopped,
    &kObjectDamaged,
    &kSignIn,
    &kRule,
    &kInsideHome,
    &kSecondFactor,
    &kSignInUnfinished,
    &kFreshFactor,
    &kNoFactor,
    &kLastAdministrator,
    &kTwoPeople,
    &kShareCode,
    &kShareEnded,
    &kProviderAnswer,
    &kQuarantined,
    &kFileRequestCode,
    &kFileRequestEnded,
    &kFileRequestQuota,
};
}  // namespace

std::span<const Problem* const> all_problems() {
  return kAll;
}

}  // namespace lapel::problems
