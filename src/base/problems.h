// SPDX-License-Identifier: Apache-2.0
#pragma once
// The table of problems: every way Lapel says no, with a stable slug and a remedy. docs/errors.md is made from it.
//
// Owns: the slugs. A slug once released never changes its meaning.
// Promises: all_problems() lists each exactly once.
// Fails with: nothing.
// Threads: constants.

#include <span>

#include "base/result.h"

namespace lapel::problems {

// One for each code, for whatever has no name of its own.
extern const Problem kInvalid, kTooLarge, kUnsupported, kUnauthenticated, kNotFound, kGone, kDenied, kConflict, kHeld,
    kBusy, kCorrupt, kUnavailable, kLimited, kFull, kInternal;

// HTTP itself.
extern const Problem kMethodNotAllowed, kRequestTimeout, kRangeNotSatisfiable, kPreconditionFailed, kHeaderTooLarge,
    kLengthRequired;

// Uploads (tus).
extern const Problem kTusVersion, kTusHeader, kTusMetadata, kTusContentType, kUploadOffset, kUploadLocked,
    kUploadTooLong, kUploadLengthLimit, kUploadExpired, kUploadFinished, kChecksumMismatch, kChecksumAlgorithm,
    kDigestMismatch, kDockStatement, kStorageFull, kTooManyUploads, kConcatenation;

// Data directory and start-up.
extern const Problem kDataExists, kDataFormat, kDataLocked, kDataFilesystem, kSqliteVersion, kDatabaseServer,
    kCatalogElsewhere, kCommitUnknown, kWeakFile;

// Ledger and proofs.
extern const Problem kLedgerMoved, kLedgerCorrupt, kFaultsFound, kProofInvalid, kNotSealed;

// Store.
extern const Problem kStoreStopped, kObjectDamaged;

// People and access.
extern const Problem kSignIn, kRule, kInsideHome, kSecondFactor, kSignInUnfinished, kFreshFactor, kNoFactor,
    kLastAdministrator, kTwoPeople, kProviderAnswer;

// Shares.
extern const Problem kShareCode, kShareEnded;

// File requests.
extern const Problem kQuarantined, kFileRequestCode, kFileRequestEnded, kFileRequestQuota;

std::span<const Problem* const> all_problems();

}  // namespace lapel::problems
