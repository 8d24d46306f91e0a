// SPDX-License-Identifier: Apache-2.0
#include "signin/factors.h"

#include <utility>

#include <fmt/format.h>

#include "base/problems.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "roster/roster.h"
#include "signin/record.h"

namespace lapel::signin {
namespace {

constexpr std::size_t kRecoveryBytes = 10;
constexpr std::size_t kRecoveryGroup = 4;

Error wrong(std::string context = {}) {
  return {&problems::kSecondFactor, "That code is wrong, was used before, or the account is locked",
          std::move(context)};
}

// As it is hashed: people type capitals, spaces and dashes.
std::string plain_code(std::string_view code) {
  std::string out;
  for (const char c : code) {
    if (c == '-' || c == ' ') continue;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

std::string hash_of_code(const PersonId& person, std::string_view code) {
  return hex(crypto::sha256({person.bytes(), as_bytes(plain_code(code))}));
}

std::string plain_digits(std::string_view code) {
  std::string out;
  for (const char c : code) {
    if (c != ' ') out += c;
  }
  return out;
}

Result<std::string> checked_name(const std::string& name, std::string_view otherwise) {
  if (name.empty()) return std::string(otherwise);
  if (name.size() > kFactorNameBytesMax)
    return fail(Code::kInvalid, fmt::format("A factor's name has at most {} bytes", kFactorNameBytesMax));
  if (has_control_characters(name)) return fail(Code::kInvalid, "A factor's name has no control characters");
  return name;
}

std::string associated_data(const FactorId& id) {
  return "lapel-totp/1\n" + id.text();
}

// The secret of an app's row.
Result<TotpSecret> secret_of(const ByteArray<32>& key, const db::Row& row) {
  const auto id = FactorId::parse(row.text("id"));
  const auto sealed = parse_base64(row.text("secret"));
  const auto opened = id && sealed ? crypto::aead_open(key, as_bytes(associated_data(*id)), *sealed) : std::nullopt;
  const auto secret = opened ? to_array<20>(*opened) : std::nullopt;
  if (!secret) return fail(Code::kCorrupt, "A second factor does not open with its owner's key", row.text("id"));
  return *secret;
}

AccountRecord record_of(const By& by, Timestamp now, AccountEvent event, std::string detail) {
  return {.at = now,
          .event = event,
          .person = by.person,
          .actor = by.person,
          .client = by.client,
          .detail = std::move(detail)};
}

}  // namespace

std::string_view factor_kind_name(FactorKind kind) {
  return kind == FactorKind::kPasskey ? "passkey" : "totp";
}

Result<std::vector<Factor>> Factors::list(const PersonId& person) {
  std::vector<Factor> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    for (const db::Row& row : TRY(tx.query(
             "SELECT id, kind, name, created_us, used_us FROM factors WHERE person = :person AND is_confirmed = 1 "
             "ORDER BY created_us, id LIMIT :limit",
             {{"person", person.text()}, {"limit", kFactorsMax}}))) {
      const auto id = FactorId::parse(row.text("id"));
      if (!id) return fail(Code::kCorrupt, "A factor is damaged");
      const auto used_us = row.maybe_integer("used_us");
      out.push_back({*id,
                     row.text("kind") == "passkey" ? FactorKind::kPasskey : FactorKind::kTotp,
                     row.text("name"),
                     {row.integer("created_us")},
                     used_us ? std::optional(Timestamp{*used_us}) : std::nullopt});
    }
    return {};
  }));
  return out;
}

Result<std::vector<std::string>> Factors::passkey_ids(const PersonId& person, std::string_view rp_id) {
  std::vector<std::string> out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    for (const db::Row& row : TRY(tx.query(
             "SELECT credential FROM factors WHERE person = :person AND kind = 'passkey' AND rp_id = :rp ORDER BY id "
             "LIMIT :limit",
             {{"person", person.text()}, {"rp", rp_id}, {"limit", kFactorsMax}}))) {
      out.push_back(row.text("credential"));
    }
    return {};
  }));
  return out;
}

Result<std::int64_t> Factors::recovery_codes_left(const PersonId& person) {
  std::int64_t out = 0;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(tx.query("SELECT count(*) AS n FROM recovery_codes WHERE person = :person AND used_us IS NULL LIMIT 1",
                       {{"person", person.text()}}))[0]
              .integer("n");
    return {};
  }));
  return out;
}

Result<ByteArray<32>> Factors::sealing_key(const PersonId& person) {
  std::string slug;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    slug = TRY(roster::agency(tx, TRY(roster::person(tx, person)).agency)).slug;
    return {};
  }));
  const auto key = TRY(parts_.keys.subject_key_or_create(slug, person));
  return crypto::hmac_sha256(key, as_bytes("lapel second factors"));
}

Result<TotpSecret> Factors::begin_totp(const PersonId& person) {
  const TotpSecret secret = crypto::random_bytes<20>();
  const auto id = crypto::new_id<FactorId>();
  const Bytes sealed = crypto::aead_seal(TRY(sealing_key(person)), as_bytes(associated_data(id)), secret);
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    // An app whose first code never came.
    TRY(tx.run("DELETE FROM factors WHERE person = :person AND is_confirmed = 0", {{"person", person.text()}}));
    TRY(tx.run(
        "INSERT INTO factors (id, person, kind, name, is_confirmed, secret, counter, created_us) VALUES (:id, :person, "
        "'totp', '', 0, :secret, 0, :now)",
        {{"id", id.text()}, {"person", person.text()}, {"secret", base64(sealed)}, {"now", parts_.clock.now().us}}));
    return {};
  }));
  return secret;
}

Result<void> Factors::confirm_totp(const By& by, const std::string& name, const std::string& code) {
  const std::string kept = TRY(checked_name(name, "Authenticator app"));
  const auto key = TRY(sealing_key(by.person));
  const Timestamp now = parts_.clock.now();
  return attempt(by, "a first code", [&]() -> Result<bool> {
    bool is_right = false;
    TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
      is_right = false;
      const db::Rows rows =
          TRY(tx.query("SELECT id, secret FROM factors WHERE person = :person AND kind = 'totp' AND is_confirmed = 0 "
                       "ORDER BY id LIMIT 1",
                       {{"person", by.person.text()}}));
      if (rows.empty()) return fail(Code::kConflict, "No app is being enrolled; begin again");
      const TotpSecret secret = TRY(secret_of(key, rows[0]));
      const auto step = totp_step(secret, plain_digits(code), now, 0);
      if (!step) return {};
      TRY(require_session(tx, by));
      TRY(require_room(tx, by.person));
      TRY(
          tx.run("UPDATE factors SET is_confirmed = 1, name = :name, counter = :step, created_us = :now, used_us = "
                 ":now WHERE id = :id",
                 {{"name", kept}, {"step", *step}, {"now", now.us}, {"id", rows[0].text("id")}}));
      TRY(note(tx, record_of(by, now, AccountEvent::kFactorAdded, kept)));
      is_right = true;
      return {};
    }));
    return is_right;
  });
}

Result<void> Factors::require_room(db::Transaction& tx, const PersonId& person) {
  const std::int64_t has =
      TRY(tx.query("SELECT count(*) AS n FROM factors WHERE person = :person AND is_confirmed = 1 LIMIT 1",
                   {{"person", person.text()}}))[0]
          .integer("n");
  if (has >= kFactorsMax)
    return fail(Code::kLimited, fmt::format("At most {} second factors; remove one first", kFactorsMax));
  return {};
}

// A reset ends every session in the transaction that takes the factors.
Result<void> Factors::require_session(db::Transaction& tx, const By& by) {
  if (!by.session) return {};
  const db::Rows rows = TRY(tx.query("SELECT person FROM sessions WHERE id_sha256 = :id AND person = :person LIMIT 1",
                                     {{"id", *by.session}, {"person", by.person.text()}}));
  if (rows.empty()) return fail(problems::kSignIn, "The session has ended; sign in again");
  return {};
}

Result<void> Factors::add_passkey(const By& by, const std::string& name, const PasskeyQuestion& question,
                                  const PasskeyCreated& answer) {
  const std::string kept = TRY(checked_name(name, "Passkey"));
  const Passkey passkey = TRY(check_created(question, answer));
  const Timestamp now = parts_.clock.now();
  return parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(require_session(tx, by));
    TRY(parts_.challenges.use(tx, question.challenge));
    TRY(require_room(tx, by.person));
    const std::int64_t added = TRY(tx.run(
        "INSERT INTO factors (id, person, kind, name, is_confirmed, credential, algorithm, public_key, rp_id, counter, "
        "created_us) VALUES (:id, :person, 'passkey', :name, 1, :credential, :algorithm, :key, :rp, :counter, :now) ON "
        "CONFLICT "
        "(credential) DO NOTHING",
        {{"id", crypto::new_id<FactorId>().text()},
         {"person", by.person.text()},
         {"name", kept},
         {"credential", base64url(passkey.credential_id)},
         {"algorithm", static_cast<std::int64_t>(passkey.algorithm)},
         {"key", hex(passkey.public_key)},
         {"rp", question.rp_id},
         {"counter", static_cast<std::int64_t>(passkey.counter)},
         {"now", now.us}}));
    if (added != 1) return fail(Code::kConflict, "This passkey is enrolled already");
    return note(tx, record_of(by, now, AccountEvent::kFactorAdded, kept));
  });
}

Result<void> Factors::remove(const By& by, const FactorId& factor, Last last) {
  const Timestamp now = parts_.clock.now();
  return parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows = TRY(
        tx.query("SELECT id, name FROM factors WHERE person = :person AND is_confirmed = 1 ORDER BY id LIMIT :limit",
                 {{"person", by.person.text()}, {"limit", kFactorsMax}}));
    for (const db::Row& row : rows) {
      if (row.text("id") != factor.text()) continue;
      if (rows.size() == 1 && last == Last::kStays)
        return fail(Code::kConflict, "Your agency requires a second factor; enroll another before you remove the last");
      TRY(tx.run("DELETE FROM factors WHERE id = :id", {{"id", factor.text()}}));
      return note(tx, record_of(by, now, AccountEvent::kFactorRemoved, row.text("name")));
    }
    return fail(Code::kNotFound, "You have no such factor", factor.text());
  });
}

Result<std::vector<std::string>> Factors::make_recovery_codes(const By& by) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < kRecoveryCodes; ++i) {
    std::string code = plain_code(base32(crypto::random_bytes<kRecoveryBytes>()));
    for (std::size_t at = kRecoveryGroup; at < code.size(); at += kRecoveryGroup + 1) code.insert(at, 1, '-');
    out.push_back(std::move(code));
  }
  const Timestamp now = parts_.clock.now();
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(require_session(tx, by));
    TRY(tx.run("DELETE FROM recovery_codes WHERE person = :person", {{"person", by.person.text()}}));
    for (const std::string& code : out) {
      TRY(tx.run("INSERT INTO recovery_codes (person, code_sha256, created_us) VALUES (:person, :code, :now)",
                 {{"person", by.person.text()}, {"code", hash_of_code(by.person, code)}, {"now", now.us}}));
    }
    return note(tx, record_of(by, now, AccountEvent::kRecoveryCodesMade, ""));
  }));
  return out;
}

Result<void> Factors::attempt(const By& by, std::string_view what, const std::function<Result<bool>()>& is_right) {
  if (!TRY(parts_.locks.begin(by.login))) return fail(wrong("locked"));
  const Result<bool> right = is_right();
  if (!right) {
    TRY(parts_.locks.give_back(by.login));
    return fail(right.error());
  }
  if (*right && TRY(parts_.locks.succeed(by.login))) return {};
  const Timestamp now = parts_.clock.now();
  TRY(parts_.locks.fail_attempt(by.login, [&](db::Transaction& tx, bool is_locked_now) -> Result<void> {
    TRY(note(tx, record_of(by, now, AccountEvent::kFailed, std::string(what))));
    // It follows from the failure.
    return is_locked_now ? note(tx, record_of(by, now + 1, AccountEvent::kLocked, "")) : Result<void>();
  }));
  return fail(wrong());
}

Result<void> Factors::present_totp(const By& by, const std::string& code) {
  const auto key = TRY(sealing_key(by.person));
  const Timestamp now = parts_.clock.now();
  return attempt(by, "a code of the app", [&]() -> Result<bool> {
    bool is_right = false;
    TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
      is_right = false;
      for (const db::Row& row : TRY(tx.query(
               "SELECT id, secret, counter FROM factors WHERE person = :person AND kind = 'totp' AND is_confirmed = 1 "
               "ORDER BY id LIMIT :limit",
               {{"person", by.person.text()}, {"limit", kFactorsMax}}))) {
        const TotpSecret secret = TRY(secret_of(key, row));
        const auto step = totp_step(secret, plain_digits(code), now, row.integer("counter"));
        if (!step) continue;
        // Who presents the same code at the same moment finds the step used.
        is_right = TRY(tx.run("UPDATE factors SET counter = :step, used_us = :now WHERE id = :id AND counter < :step",
                              {{"step", *step}, {"now", now.us}, {"id", row.text("id")}})) == 1;
        return {};
      }
      return {};
    }));
    return is_right;
  });
}

Result<void> Factors::present_recovery_code(const By& by, const std::string& code) {
  const Timestamp now = parts_.clock.now();
  return attempt(by, "a recovery code", [&]() -> Result<bool> {
    bool is_right = false;
    TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
      is_right =
          TRY(tx.run("UPDATE recovery_codes SET used_us = :now WHERE person = :person AND code_sha256 = :code AND "
                     "used_us IS NULL",
                     {{"now", now.us}, {"person", by.person.text()}, {"code", hash_of_code(by.person, code)}})) == 1;
      if (is_right) TRY(note(tx, record_of(by, now, AccountEvent::kRecoveryCodeUsed, "")));
      return {};
    }));
    return is_right;
  });
}

Result<Factors::Shown> Factors::show_passkey(const std::optional<By>& by, const Bytes& credential_id,
                                             const PasskeyQuestion& question, const PasskeyPresented& answer,
                                             const std::function<Result<void>(db::Transaction&)>& then) {
  Passkey passkey;
  passkey.credential_id = credential_id;
  std::string id, rp_id;
  std::optional<PersonId> person;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows =
        TRY(tx.query("SELECT f.id AS id, f.person AS person, f.algorithm AS algorithm, f.public_key AS public_key, "
                     "f.counter AS counter, f.rp_id AS "
                     "rp_id FROM factors f JOIN people p ON p.id = f.person WHERE f.credential = :credential AND "
                     "f.kind = 'passkey' AND "
                     "p.active_until_us IS NULL LIMIT 1",
                     {{"credential", base64url(credential_id)}}));
    if (rows.empty()) return fail(Error{&problems::kSecondFactor, "This passkey is not enrolled here", {}});
    const auto key = parse_hex(rows[0].text("public_key"));
    person = PersonId::parse(rows[0].text("person"));
    if (!key || !person) return fail(Code::kCorrupt, "A passkey is damaged");
    id = rows[0].text("id");
    rp_id = rows[0].text("rp_id");
    passkey.algorithm = static_cast<PasskeyAlgorithm>(rows[0].integer("algorithm"));
    passkey.public_key = *key;
    passkey.counter = static_cast<std::uint32_t>(rows[0].integer("counter"));
    return {};
  }));
  if (by && *person != by->person) return fail(Error{&problems::kSecondFactor, "This passkey is not yours", {}});
  if (rp_id != question.rp_id)
    return fail(Error{&problems::kSecondFactor, "This passkey was enrolled at another address of this server", rp_id});
  const auto counted = check_presented(question, passkey, answer);
  const Timestamp now = parts_.clock.now();
  if (!counted) {
    TRY(parts_.database.write([&](db::Transaction& tx) {
      return note(tx, {.at = now,
                       .event = AccountEvent::kFailed,
                       .person = *person,
                       .client = by ? by->client : "",
                       .detail = "passkey"});
    }));
    return fail(counted.error());
  }
  const std::uint32_t counter = *counted;
  TRY(parts_.database.write([&](db::Transaction& tx) -> Result<void> {
    TRY(then(tx));
    const std::int64_t changed = TRY(tx.run(
        "UPDATE factors SET counter = :counter, used_us = :now WHERE id = :id AND (counter < :counter OR :counter = 0)",
        {{"counter", static_cast<std::int64_t>(counter)}, {"now", now.us}, {"id", id}}));
    if (changed != 1)
      return fail(Error{&problems::kSecondFactor, "This passkey was presented or removed meanwhile", {}});
    return {};
  }));
  return Shown{std::move(passkey), std::move(rp_id), *person};
}

Result<PersonId> Factors::present_passkey(const std::optional<By>& by, const Bytes& credential_id,
                                          const PasskeyQuestion& question, const PasskeyPresented& answer) {
  const Shown shown = TRY(show_passkey(by, credential_id, question, answer, [&](db::Transaction& tx) {
    return parts_.challenges.use(tx, question.challenge);
  }));
  return shown.person;
}

Result<Factors::Signed> Factors::present_signature(const By& by, const Bytes& credential_id,
                                                   const PasskeyQuestion& question, const PasskeyPresented& answer) {
  Shown shown = TRY(show_passkey(by, credential_id, question, answer, [](db::Transaction&) { return Result<void>(); }));
  return Signed{std::move(shown.passkey), std::move(shown.rp_id)};
}

Result<void> Factors::reset(db::Transaction& tx, const PersonId& person) {
  TRY(tx.run("DELETE FROM factors WHERE person = :person", {{"person", person.text()}}));
  TRY(tx.run("DELETE FROM recovery_codes WHERE person = :person", {{"person", person.text()}}));
  return {};
}

}  // namespace lapel::signin
