// SPDX-License-Identifier: Apache-2.0
#pragma once
// The store: original files, write-once, named by their subject id under their agency (docs/formats/object_layout.md).
//
// Owns: the names of objects in the bucket and the codec between stored bytes and the file's bytes.
// Promises: what put() has acknowledged is durable under objects/<slug>/<first two hex>/<subject> and never changes; it
//   can be taken back until a row names it. A read returns the file's bytes whatever the codec, so encryption can arrive
//   as a second codec without moving objects.
// Fails with: kConflict (other bytes under this id), kFull, kNotFound, kObjectDamaged (shorter than recorded),
//   kStoreStopped.
// Threads: any.

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "bucket/bucket.h"

namespace lapel::store {

// How a file's bytes are kept. The catalog names it for each recording; a new one gets a new name here.
enum class Codec {
  kPlain,  // "plain": the bytes as they are
};
std::string_view codec_name(Codec codec);
Result<Codec> parse_codec(std::string_view name);

// A file opened for reading through its codec.
class Original {
 public:
  Original(std::shared_ptr<bucket::Object> object, Codec codec) : object_(std::move(object)), codec_(codec) {}

  std::uint64_t bytes() const { return object_->bytes(); }
  // Fills `out` from `offset`; shorter only at the end.
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out);
  // The file for sendfile, where the stored bytes are the file's bytes; else null.
  std::shared_ptr<os::File> plain_file();

 private:
  std::shared_ptr<bucket::Object> object_;
  Codec codec_;
};

class Store {
 public:
  explicit Store(bucket::Bucket& bucket) : bucket_(bucket) {}

  // Takes over a synced file. Putting the same again is harmless.
  Result<void> put(std::string_view slug, const SubjectId& subject, const bucket::FileSource& source);
  // What was put of a subject that the catalog neither has nor will have. Harmless where nothing was. It destroys nothing:
  // kConflict unless the file that was put is still there, with the same bytes.
  Result<void> take_back(std::string_view slug, const SubjectId& subject, const bucket::FileSource& source);
  // `bytes` as the catalog has it: an object of another size is damaged.
  Result<Original> open(std::string_view slug, const SubjectId& subject, Codec codec, std::uint64_t bytes);
  // Reads all of it: what it hashes to now.
  Result<Digest> digest(Original& original);

 private:
  bucket::Bucket& bucket_;
};

std::string object_name(std::string_view slug, const SubjectId& subject);

}  // namespace lapel::store
