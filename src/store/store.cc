// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/problems.h"
#include "crypto/sha256.h"

namespace lapel::store {

std::string_view codec_name(Codec codec) {
  switch (codec) {
    case Codec::kPlain:
      return "plain";
  }
  CHECK(false);
}

Result<Codec> parse_codec(std::string_view name) {
  if (name == codec_name(Codec::kPlain)) return Codec::kPlain;
  return fail(problems::kDataFormat, fmt::format("The store has no codec \"{}\"", name));
}

std::string object_name(std::string_view slug, const SubjectId& subject) {
  const std::string id = subject.text();
  return fmt::format("objects/{}/{}/{}", slug, id.substr(0, 2), id);
}

Result<std::size_t> Original::read_at(std::uint64_t offset, std::span<std::uint8_t> out) {
  switch (codec_) {
    case Codec::kPlain:
      return object_->read_at(offset, out);
  }
  CHECK(false);
}

std::shared_ptr<os::File> Original::plain_file() {
  return codec_ == Codec::kPlain ? object_->file() : nullptr;
}

Result<void> Store::put(std::string_view slug, const SubjectId& subject, const bucket::FileSource& source) {
  const std::string name = object_name(slug, subject);
  TRY(bucket_.put_file(name, source));
  const bucket::ObjectStat stat = TRY(bucket_.stat(name));
  if (stat.bytes != source.bytes) {
    return fail(problems::kObjectDamaged, "The stored file has another length than was received", name);
  }
  return {};
}

Result<void> Store::take_back(std::string_view slug, const SubjectId& subject, const bucket::FileSource& source) {
  const std::string name = object_name(slug, subject);
  if (const auto there = bucket_.stat(name); !there) {
    return there.error().code() == Code::kNotFound ? Result<void>() : fail(there.error());
  }
  TRY(bucket_.put_file(name, source));  // the same again: the bytes of the two are compared
  return bucket_.remove(name);
}

Result<Original> Store::open(std::string_view slug, const SubjectId& subject, Codec codec, std::uint64_t bytes) {
  const std::string name = object_name(slug, subject);
  auto object = bucket_.open(name);
  if (!object && object.error().code() == Code::kNotFound) {
    return fail(problems::kObjectDamaged, "The stored file of a sealed recording is missing", name);
  }
  if (!object) return fail(std::move(object).error());
  if ((*object)->bytes() != bytes) {
    return fail(problems::kObjectDamaged,
                fmt::format("The stored file has {} bytes where {} were sealed", (*object)->bytes(), bytes), name);
  }
  return Original(*std::move(object), codec);
}

Result<Digest> Store::digest(Original& original) {
  crypto::Sha256 hash;
  Bytes buffer(limits::kMiB);
  for (std::uint64_t offset = 0; offset < original.bytes();) {
    const std::size_t count = TRY(original.read_at(offset, buffer));
    if (count == 0) return fail(problems::kObjectDamaged, "The stored file ends early", fmt::format("at {}", offset));
    hash.update(ByteView(buffer).first(count));
    offset += count;
  }
  return hash.finish();
}

}  // namespace lapel::store
