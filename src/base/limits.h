// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every limit that is not an option of one module, by name, with its unit.
//
// Owns: the numbers.
// Promises: a limit that a person can meet is named in the sentence that refuses.
// Fails with: nothing.
// Threads: constants.

#include <cstddef>
#include <cstdint>

namespace lapel::limits {

inline constexpr std::size_t kMiB = 1 << 20;

// Uploads
inline constexpr std::uint64_t kUploadBytesMax = std::uint64_t{1} << 40;  // 1 TiB a file
inline constexpr std::size_t kUploadsUnfinishedMax = 2'000;               // of one actor
inline constexpr std::uint64_t kUploadCheckpointBytes = 64 * kMiB;        // offset made durable at least this often
inline constexpr std::int64_t kUploadLifeUs = 7LL * 86'400 * 1'000'000;   // unfinished uploads expire after this
inline constexpr std::int64_t kUploadPromiseUs =
    3'600LL * 1'000'000;  // room is kept for one so long after its last byte
// Each piece costs a sync however small it is: past so many below so many bytes that end no upload, answers wait.
inline constexpr std::uint64_t kSmallPieceBytes = 64 * 1024;
inline constexpr std::int64_t kSmallPiecesAtOnce = 2'000;
inline constexpr std::int64_t kSmallPiecesPerSecond = 200;
inline constexpr std::size_t kUploadMetadataBytesMax = 8 * 1024;
inline constexpr std::size_t kUploadMetadataKeysMax = 64;
inline constexpr std::size_t kUploadPartsMax = 1'000;           // of one concatenation
inline constexpr std::uint64_t kDiskReserveBytes = 256 * kMiB;  // kept free so that the ledger can be written
inline constexpr std::uint64_t kDiskReserveFiles = 1'024;       // likewise, where a filesystem has only so many
inline constexpr std::uint64_t kUploadFilesMax = 8;  // what sealing one may still make: object, key, entries, pictures
inline constexpr std::int64_t kClipsMax = 1'000;     // files of one recording that are listed

// Ledger
inline constexpr std::size_t kSequencerQueueMax = 4'096;    // submissions waiting
inline constexpr std::size_t kSequencerBatchMax = 512;      // submissions in one commit
inline constexpr int kSequencerAttemptsMax = 64;            // lost swaps in a row before a batch is refused
inline constexpr std::size_t kSubmissionEventsMax = 2'048;  // events of one act: a file of rows is one
inline constexpr std::size_t kEventBytesMax = 16 * 1024;    // canonical bytes of one event
inline constexpr std::size_t kAgenciesMax = 256;            // on one server

// Refusals by a rule are sealed: of one actor in one chain so many at once, and one in each of so many seconds after that.
inline constexpr std::int64_t kRefusalsAtOnce = 100;
inline constexpr std::int64_t kRefusalAgainS = 60;

// Pages
inline constexpr std::int64_t kPageItemsMax = 200;
inline constexpr std::int64_t kPageItemsDefault = 50;

// Views
inline constexpr std::int64_t kViewLifeUs = 12LL * 3'600 * 1'000'000;

// Shares
inline constexpr std::size_t kShareRecordingsMax = 50;
inline constexpr std::int64_t kShareLifeUsMax = 366LL * 86'400 * 1'000'000;
inline constexpr std::int64_t kShareViewsMax = 10'000;  // a cap on views may be 1 to this
inline constexpr std::int64_t kShareViewLifeUs =
    12LL * 3'600 * 1'000'000;  // one view of a recipient, as long as a browser stays let in

// Text fields of people and recordings
inline constexpr std::size_t kFieldBytesMax = 1'024;

}  // namespace lapel::limits
