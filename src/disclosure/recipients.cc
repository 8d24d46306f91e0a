// SPDX-License-Identifier: Apache-2.0
#include "disclosure/recipients.h"

#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/problems.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "http/cookie.h"
#include "sharing/entry_codes.h"

namespace lapel::disclosure {
namespace {

constexpr std::string_view kCookie = "lapel-share";

constexpr db::Migration kSteps[] = {
    {1, "codes and sessions of recipients", R"sql(
CREATE TABLE share_codes (
  share TEXT NOT NULL PRIMARY KEY REFERENCES shares (id),
  salt TEXT NOT NULL,
  code_sha256 TEXT NOT NULL,
  failures BIGINT NOT NULL DEFAULT 0,
  ends_us BIGINT NOT NULL
);
CREATE TABLE share_sessions (
  id_sha256 TEXT NOT NULL PRIMARY KEY,
  share TEXT NOT NULL REFERENCES shares (id),
  ends_us BIGINT NOT NULL
);
CREATE INDEX share_sessions_by_share ON share_sessions (share, ends_us);
)sql"},
    // is_dead: of wrong ones, and not of its hours. is_told: the ledger says so.
    {2, "codes that were guessed at", R"sql(
ALTER TABLE share_codes ADD COLUMN is_dead BIGINT NOT NULL DEFAULT 0;
ALTER TABLE share_codes ADD COLUMN is_told BIGINT NOT NULL DEFAULT 0;
)sql"},
};

Error wrong() {
  return {&problems::kShareCode,
          fmt::format("The link or the code is not right. A code works once, for {} hours, and not after {} wrong ones",
                      kCodeLifeUs / 3'600'000'000, kCodeFailuresMax),
          {}};
}

std::optional<std::string> session_key(const http::Request& request) {
  const std::string header = request.header_list("cookie");
  const auto secret = parse_hex_array<32>(http::cookie_value(request, header, kCookie));
  return secret ? std::optional(hex(crypto::sha256(*secret))) : std::nullopt;
}

}  // namespace

std::span<const db::Migration> schema() {
  return kSteps;
}

std::string recipient_cookie(const http::Request& request, const std::string& value, std::int64_t life_s) {
  return http::set_cookie(request, kCookie, value, life_s);
}

namespace {

// Whether the code of a share died of wrong ones and the ledger does not say so yet.
constexpr std::string_view kUntold = "share = :share AND is_dead = 1 AND is_told = 0";
Result<bool> is_untold(db::Transaction& tx, const ShareId& share) {
  return !TRY(tx.query(fmt::format("SELECT share FROM share_codes WHERE {} LIMIT 1", kUntold),
                       {{"share", share.text()}}))
              .empty();
}

Result<void> keep(db::Transaction& tx, const ShareId& share, const sharing::EntryCode& code, Timestamp ends_at) {
  TRY(tx.run("DELETE FROM share_codes WHERE share = :share", {{"share", share.text()}}));
  TRY(tx.run("INSERT INTO share_codes (share, salt, code_sha256, ends_us) VALUES (:share, :salt, :hash, :ends)",
             {{"share", share.text()}, {"salt", code.salt}, {"hash", code.hash}, {"ends", ends_at.us}}));
  return {};
}

}  // namespace

Result<Recipients::EntryCode> Recipients::give_code(const access::Actor& actor, const ShareId& share) {
  const sharing::EntryCode code = sharing::new_entry_code();
  const Timestamp ends_at = parts_.clock.now() + kCodeLifeUs;
  const sharing::Share shown = TRY(parts_.shares.show(actor, share));
  // The row that knows it goes with the next code; and one may die while the rights to its recordings are read.
  bool died_meanwhile = false;
  const auto give = [&]() -> Result<void> {
    TRY(tell_if_dead(shown));
    return parts_.shares.give_code(
        actor, share, [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
          died_meanwhile = TRY(is_untold(tx, share));
          if (died_meanwhile) return fail(Code::kConflict, "The code before died of wrong ones just now: try again");
          return keep(tx, share, code, ends_at);
        });
  };
  Result<void> given = give();
  if (!given && died_meanwhile) given = give();
  if (!given) return fail(std::move(given).error());
  return EntryCode{code.text, ends_at};
}

Result<Recipients::Made> Recipients::make(const access::Actor& actor, const sharing::ShareTerms& terms) {
  const sharing::EntryCode code = sharing::new_entry_code();
  const Timestamp ends_at = parts_.clock.now() + kCodeLifeUs;
  auto made = TRY(parts_.shares.make(
      actor, terms, [&](db::Transaction& tx, const ShareId& share) { return keep(tx, share, code, ends_at); }));
  return Made{std::move(made), {code.text, ends_at}};
}

Result<Recipients::Entered> Recipients::enter(const http::Request& request, const std::string& secret,
                                              const std::string& typed) {
  const auto share = parts_.shares.find(secret);
  if (!share) return share.error().code() == Code::kNotFound ? fail(wrong()) : fail(share.error());
  const auto receiving = TRY(parts_.shares.receiving(*share));
  const bool is_discovery = receiving.share.terms.kind == sharing::ShareKind::kDiscovery;
  // Whoever has not shown the code is nobody's lawyer yet: what they try is traced, whatever the share.
  request.asked = {share->text(), receiving.share.agency.text()};
  std::string expected;
  // Counted before it is compared: of any number that try at once, no more than kCodeFailuresMax are compared at all.
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    expected.clear();
    const std::int64_t counted = TRY(
        tx.run("UPDATE share_codes SET failures = failures + 1 WHERE share = :share AND failures < :max AND ends_us "
               "> :now",
               {{"share", share->text()}, {"max", kCodeFailuresMax}, {"now", parts_.clock.now().us}}));
    if (counted == 0) return {};
    const db::Rows rows = TRY(tx.query("SELECT salt, code_sha256, failures FROM share_codes WHERE share = :share",
                                       {{"share", share->text()}}));
    const std::string& hash = rows[0].text("code_sha256");
    if (sharing::entry_code_hash(rows[0].text("salt"), typed) == hash) {
      expected = hash;
    } else if (rows[0].integer("failures") >= kCodeFailuresMax) {
      TRY(tx.run("UPDATE share_codes SET is_dead = 1 WHERE share = :share", {{"share", share->text()}}));
    }
    return {};
  }));
  if (expected.empty()) {
    TRY(tell_if_dead(receiving.share));
    return fail(wrong());
  }

  const auto cookie = crypto::random_bytes<32>();
  const Timestamp now = parts_.clock.now();
  const std::int64_t ends_us =
      is_discovery ? (now.us + kDiscoveryLifeUs) / kDayUs * kDayUs : (now + kRecipientLifeUs).us;
  TRY(parts_.shares.open(receiving, [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
    const std::int64_t used = TRY(tx.run("DELETE FROM share_codes WHERE share = :share AND code_sha256 = :hash",
                                         {{"share", share->text()}, {"hash", expected}}));
    if (used != 1) return fail(wrong());
    TRY(tx.run("DELETE FROM share_sessions WHERE ends_us <= :now", {{"now", now.us}}));
    TRY(
        tx.run("DELETE FROM share_sessions WHERE share = :share AND id_sha256 NOT IN (SELECT id_sha256 FROM "
               "share_sessions WHERE share = :share ORDER BY ends_us DESC, id_sha256 LIMIT :most)",
               {{"share", share->text()}, {"most", kRecipientSessionsMax - 1}}));
    TRY(tx.run("INSERT INTO share_sessions (id_sha256, share, ends_us) VALUES (:id, :share, :ends)",
               {{"id", hex(crypto::sha256(cookie))}, {"share", share->text()}, {"ends", ends_us}}));
    return {};
  }));
  request.is_untraced = is_discovery;
  return Entered{*share, hex(cookie), ends_us - now.us};
}

// Also what a server that was killed in between has left untold: whoever tries next, or gives another code, comes by here.
Result<void> Recipients::tell_if_dead(const sharing::Share& share) {
  bool is_to_be_told = false;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    is_to_be_told = TRY(is_untold(tx, share.id));
    return {};
  }));
  if (!is_to_be_told) return {};
  const auto told = parts_.shares.tell_code_failed(
      share, kCodeFailuresMax, [&](db::Transaction& tx, std::span<const ledger::SealedEvent>) -> Result<void> {
        const std::int64_t changed = TRY(
            tx.run(fmt::format("UPDATE share_codes SET is_told = 1 WHERE {}", kUntold), {{"share", share.id.text()}}));
        return changed == 1 ? Result<void>() : fail(Code::kConflict, "That this code died has been told already");
      });
  return told || told.error().code() == Code::kConflict ? Result<void>() : fail(told.error());
}

Result<sharing::Shares::Receiving> Recipients::find(const http::Request& request) {
  const auto key = session_key(request);
  std::optional<ShareId> share;
  if (key) {
    TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
      share.reset();
      for (const db::Row& row :
           TRY(tx.query("SELECT share FROM share_sessions WHERE id_sha256 = :id AND ends_us > :now LIMIT 1",
                        {{"id", *key}, {"now", parts_.clock.now().us}}))) {
        share = ShareId::parse(row.text("share"));
      }
      return {};
    }));
  }
  if (!share) return fail(Error{&problems::kShareCode, "Open the link that you were sent, and enter its code", {}});
  return parts_.shares.receiving(*share);
}

Result<void> Recipients::end(const http::Request& request) {
  const auto key = session_key(request);
  if (!key) return {};
  return parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.run("DELETE FROM share_sessions WHERE id_sha256 = :id", {{"id", *key}}));
    return {};
  });
}

}  // namespace lapel::disclosure
