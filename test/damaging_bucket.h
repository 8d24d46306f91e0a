// SPDX-License-Identifier: Apache-2.0
#pragma once
// A bucket over another whose next objects are refused, lost, cut short or changed, as a bad disk under it would have it.
//
// Owns: what is to become of the next objects.
// Promises: an object that was put before is left alone.
// Fails with: what the bucket below fails with; kFull when told to refuse.
// Threads: set_damage() only while nothing is being put.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bucket/bucket.h"

namespace lapel::test {

// All that is asked goes on to the bucket below.
class PassingBucket : public bucket::Bucket {
 public:
  explicit PassingBucket(bucket::Bucket& real) : real_(real) {}
  Result<void> put(std::string_view name, ByteView bytes) override { return real_.put(name, bytes); }
  Result<void> put_file(std::string_view name, const bucket::FileSource& source) override {
    return real_.put_file(name, source);
  }
  Result<std::shared_ptr<bucket::Object>> open(std::string_view name) override { return real_.open(name); }
  Result<bucket::ObjectStat> stat(std::string_view name) override { return real_.stat(name); }
  Result<void> remove(std::string_view name) override { return real_.remove(name); }
  Result<std::vector<std::string>> list(std::string_view prefix, std::string_view after, std::size_t limit) override {
    return real_.list(prefix, after, limit);
  }

 protected:
  bucket::Bucket& real_;
};

enum class Damage { kNone, kRefused, kLost, kCutShort, kChanged };

class DamagingBucket final : public PassingBucket {
 public:
  using PassingBucket::PassingBucket;
  void set_damage(Damage damage) { damage_ = damage; }

  Result<void> put(std::string_view name, ByteView bytes) override {
    if (damage_ == Damage::kRefused) return fail(Code::kFull, "No room");
    TRY(real_.put(name, bytes));
    return spoil(name);
  }
  Result<void> put_file(std::string_view name, const bucket::FileSource& source) override {
    if (damage_ == Damage::kRefused) return fail(Code::kFull, "No room");
    TRY(real_.put_file(name, source));
    return spoil(name);
  }

 private:
  Result<void> spoil(std::string_view name) {
    if (damage_ == Damage::kNone) return {};
    Bytes bytes = TRY(bucket::get(real_, name, std::size_t{1} << 26));
    TRY(real_.remove(name));
    if (damage_ == Damage::kLost) return {};
    if (damage_ == Damage::kCutShort) {
      bytes.pop_back();
    } else {
      bytes.back() ^= 0x01;
    }
    return real_.put(name, bytes);
  }

  Damage damage_ = Damage::kNone;
};

}  // namespace lapel::test
