// SPDX-License-Identifier: Apache-2.0
#include "signin/challenges.h"

#include "base/problems.h"
#include "crypto/random.h"
#include "crypto/sha256.h"

namespace lapel::signin {
namespace {

// end (microseconds, big-endian) ‖ random ‖ HMAC-SHA-256
constexpr std::size_t kEndBytes = 8;
constexpr std::size_t kRandomBytes = 16;
constexpr std::size_t kHeadBytes = kEndBytes + kRandomBytes;
constexpr std::size_t kMacBytes = 32;

Digest mac_of(const ByteArray<32>& key, Challenges::Purpose purpose, std::string_view session, ByteView head) {
  Bytes message{static_cast<std::uint8_t>(purpose)};
  message.insert(message.end(), head.begin(), head.end());
  const ByteView name = as_bytes(session);
  message.insert(message.end(), name.begin(), name.end());
  return crypto::hmac_sha256(key, message);
}

tl::unexpected<Error> refused(std::string why) {
  return fail(
      Error{&problems::kSecondFactor, "This question has been answered, or its five minutes are over", std::move(why)});
}

}  // namespace

Result<ByteArray<32>> room_key(db::Database& database, std::string_view name) {
  constexpr std::string_view kSelect = "SELECT secret FROM signin_keys WHERE name = :name LIMIT 1";
  std::string text;
  TRY(database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows = TRY(tx.query(kSelect, {{"name", name}}));
    if (!rows.empty()) text = rows[0].text("secret");
    return {};
  }));
  if (text.empty()) {
    const std::string made = hex(crypto::random_bytes<32>());
    TRY(database.write([&](db::Transaction& tx) -> Result<void> {
      // Another server may have made one meanwhile: that one counts.
      TRY(tx.run("INSERT INTO signin_keys (name, secret) VALUES (:name, :secret) ON CONFLICT (name) DO NOTHING",
                 {{"name", name}, {"secret", made}}));
      text = TRY(tx.query(kSelect, {{"name", name}}))[0].text("secret");
      return {};
    }));
  }
  const auto key = parse_hex_array<32>(text);
  if (!key) return fail(Code::kCorrupt, "A key of this installation is damaged", std::string(name));
  return *key;
}

Result<ByteArray<32>> Challenges::key() {
  return room_key(parts_.database, "challenges");
}

Result<std::string> Challenges::make(Purpose purpose, std::string_view session) {
  const auto key = TRY(this->key());
  Bytes out;
  const auto end = big_endian_u64(static_cast<std::uint64_t>((parts_.clock.now() + kChallengeLifeUs).us));
  out.insert(out.end(), end.begin(), end.end());
  const auto random = crypto::random_bytes<kRandomBytes>();
  out.insert(out.end(), random.begin(), random.end());
  const Digest mac = mac_of(key, purpose, session, out);
  out.insert(out.end(), mac.begin(), mac.end());
  return base64url(out);
}

Result<void> Challenges::check(Purpose purpose, std::string_view session, std::string_view challenge) {
  const auto bytes = parse_base64url(challenge);
  if (!bytes || bytes->size() != kHeadBytes + kMacBytes) return refused("a challenge of no possible form");
  const ByteView head = ByteView(*bytes).first(kHeadBytes);
  const auto key = TRY(this->key());
  if (!crypto::equal_constant_time(mac_of(key, purpose, session, head), ByteView(*bytes).subspan(kHeadBytes)))
    return refused("a challenge that this installation did not make for this");
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < kEndBytes; ++i) end = end << 8 | head[i];
  if (parts_.clock.now().us >= static_cast<std::int64_t>(end)) return refused("a challenge whose time is over");
  return {};
}

Result<void> Challenges::use(db::Transaction& tx, std::string_view challenge) {
  const Timestamp now = parts_.clock.now();
  TRY(tx.run("DELETE FROM used_challenges WHERE ends_us <= :now", {{"now", now.us}}));
  const std::int64_t added = TRY(tx.run(
      "INSERT INTO used_challenges (challenge_sha256, ends_us) VALUES (:id, :ends) ON CONFLICT (challenge_sha256) "
      "DO NOTHING",
      {{"id", hex(crypto::sha256(as_bytes(challenge)))}, {"ends", (now + kChallengeLifeUs).us}}));
  if (added != 1) return refused("a challenge that was answered before");
  return {};
}

}  // namespace lapel::signin
