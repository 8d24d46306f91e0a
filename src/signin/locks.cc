// SPDX-License-Identifier: Apache-2.0
#include "signin/locks.h"

#include "base/bytes.h"
#include "crypto/sha256.h"
#include "signin/tries.h"

namespace lapel::signin {
namespace {

std::string key_of(std::string_view login) {
  return hex(crypto::sha256(as_bytes(login)));
}

constexpr TriesLimit kLimit{.window_us = kLockWindowUs, .max = kFailuresMax};

Result<bool> exists(db::Transaction& tx, std::string_view login) {
  return !TRY(tx.query("SELECT id FROM people WHERE login = :login LIMIT 1", {{"login", login}})).empty();
}

}  // namespace

Result<bool> Locks::begin(std::string_view login) {
  const Timestamp now = parts_.clock.now();
  const std::string key = key_of(login);
  bool may_try = false;
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    // Of logins that nobody has, nothing is kept beyond the window: whoever invents them fills no table.
    TRY(tx.run("DELETE FROM signin_failures WHERE is_somebody = 0 AND since_us <= :then",
               {{"then", now.us - kLockWindowUs}}));
    const db::Rows rows =
        TRY(tx.query("SELECT tries, locked_us FROM signin_failures WHERE login_sha256 = :key LIMIT 1", {{"key", key}}));
    if (!rows.empty() && !rows[0].is_null("locked_us")) {
      may_try = false;
      return {};
    }
    Tries tries(kLimit, rows.empty() ? std::string() : rows[0].text("tries"));
    may_try = tries.count(now.us);
    if (!may_try) return {};
    const bool is_somebody = TRY(exists(tx, login));
    TRY(tx.run(
        "INSERT INTO signin_failures (login_sha256, is_somebody, since_us, failures, tries) VALUES (:key, :somebody, "
        ":since, :failures, :tries) ON CONFLICT (login_sha256) DO UPDATE SET is_somebody = excluded.is_somebody, "
        "since_us = excluded.since_us, failures = excluded.failures, tries = excluded.tries",
        {{"key", key},
         {"somebody", is_somebody ? 1 : 0},
         {"since", now.us},
         {"failures", static_cast<std::int64_t>(tries.size())},
         {"tries", tries.text()}}));
    return {};
  }));
  return may_try;
}

Result<void> Locks::fail_attempt(std::string_view login, const Also& also) {
  const std::string key = key_of(login);
  const std::int64_t now_us = parts_.clock.now().us;
  return parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows =
        TRY(tx.query("SELECT is_somebody, failures, locked_us FROM signin_failures WHERE login_sha256 = :key LIMIT 1",
                     {{"key", key}}));
    const bool is_locked_now = !rows.empty() && rows[0].integer("is_somebody") == 1 && rows[0].is_null("locked_us") &&
                               rows[0].integer("failures") >= kFailuresMax;
    const auto locked_us = is_locked_now  ? std::optional(now_us)
                           : rows.empty() ? std::nullopt
                                          : rows[0].maybe_integer("locked_us");
    TRY(tx.run("UPDATE signin_failures SET locked_us = CAST(:locked AS BIGINT) WHERE login_sha256 = :key",
               {{"locked", locked_us}, {"key", key}}));
    return also(tx, is_locked_now);
  });
}

Result<bool> Locks::succeed(std::string_view login) {
  bool counts = false;
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    counts = !TRY(locked_at(tx, login));
    return counts ? release(tx, login) : Result<void>();
  }));
  return counts;
}

Result<void> Locks::give_back(std::string_view login) {
  const Timestamp now = parts_.clock.now();
  return parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows =
        TRY(tx.query("SELECT tries FROM signin_failures WHERE login_sha256 = :key AND locked_us IS NULL LIMIT 1",
                     {{"key", key_of(login)}}));
    if (rows.empty()) return {};
    Tries tries(kLimit, rows[0].text("tries"));
    tries.give_back(now.us);
    TRY(tx.run(
        "UPDATE signin_failures SET failures = :failures, tries = :tries WHERE login_sha256 = :key",
        {{"failures", static_cast<std::int64_t>(tries.size())}, {"tries", tries.text()}, {"key", key_of(login)}}));
    return {};
  });
}

Result<std::optional<Timestamp>> Locks::locked_at(db::Transaction& tx, std::string_view login) {
  const db::Rows rows =
      TRY(tx.query("SELECT locked_us FROM signin_failures WHERE login_sha256 = :key AND locked_us IS NOT NULL LIMIT 1",
                   {{"key", key_of(login)}}));
  return rows.empty() ? std::nullopt : std::optional(Timestamp{rows[0].integer("locked_us")});
}

Result<void> Locks::release(db::Transaction& tx, std::string_view login) {
  TRY(tx.run("DELETE FROM signin_failures WHERE login_sha256 = :key", {{"key", key_of(login)}}));
  return {};
}

}  // namespace lapel::signin
