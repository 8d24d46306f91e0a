// SPDX-License-Identifier: Apache-2.0
#include "dock/state.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/problems.h"
#include "base/text.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "dock/item.h"
#include "dock/server.h"
#include "proof/receipt.h"
#include "protocol/dock.h"

namespace lapel::dock {
namespace {

constexpr std::string_view kFormat = "lapel-dock/1";
constexpr std::string_view kIdentityFile = "dock.json";
constexpr std::string_view kSigningKeyFile = "signing_key";
constexpr std::string_view kSpoolKeyFile = "spool_key";
constexpr std::string_view kAgencyKeyFile = "agency_key.tlog-proof";
constexpr std::size_t kIdentityBytesMax = 64 * 1024;

// 32 bytes as a line of hex.
Result<ByteArray<32>> read_secret(os::Disk& disk, const os::Path& path) {
  const auto file = TRY(disk.open(path, os::OpenMode::kRead));
  struct ::stat status;
  if (::fstat(file->descriptor(), &status) != 0 || (status.st_mode & 0077) != 0) {
    return fail(problems::kWeakFile, "A secret of the dock can be read by others", path.native());
  }
  Bytes bytes(65);
  if (TRY(file->size()) != bytes.size() || TRY(file->read_at(0, bytes)) != bytes.size() || bytes.back() != '\n') {
    return fail(Code::kCorrupt, "A secret of the dock is damaged", path.native());
  }
  const auto secret = parse_hex_array<32>(as_text(ByteView(bytes).first(64)));
  if (!secret) return fail(Code::kCorrupt, "A secret of the dock is damaged", path.native());
  return *secret;
}

// Kept where it is there: an enrollment that was cut goes on with the key that the server may know already.
Result<ByteArray<32>> secret_or_new(os::Disk& disk, const os::Path& path) {
  auto secret = read_secret(disk, path);
  if (secret || secret.error().code() != Code::kNotFound) return secret;
  const auto made = crypto::random_bytes<32>();
  const std::string line = hex(made) + "\n";
  TRY(os::write_new_file(disk, path, as_bytes(line)));
  return read_secret(disk, path);
}

struct Held {
  std::unique_ptr<os::File> file;
  os::FileLock lock;
};
Result<Held> hold(os::Disk& disk, const os::Path& directory) {
  auto file = TRY(disk.open(directory / "lock", os::OpenMode::kCreateOrOpen));
  auto lock = os::FileLock::acquire(*file);
  if (!lock) return fail(Code::kBusy, "Another lapel-dock is using this state directory", directory.native());
  return Held{std::move(file), *std::move(lock)};
}

}  // namespace

std::string identity_text(const Identity& identity) {
  return to_json(Json(Json::Object{{"format", kFormat},
                                   {"server", identity.server},
                                   {"plain_http", identity.plain_http == http::PlainHttp::kAnywhere},
                                   {"ca_file", identity.ca_file},
                                   {"dock", identity.dock.text()},
                                   {"name", identity.name},
                                   {"agency", identity.agency},
                                   {"origin", identity.origin},
                                   {"vkey", identity.ledger.text()}})) +
         "\n";
}

std::optional<Identity> parse_identity(std::string_view text) {
  const auto json = parse_json(text, {kIdentityBytesMax, 4});
  if (!json) return std::nullopt;
  const auto member = [&](std::string_view name) { return json->find_string(name); };
  const std::string *format = member("format"), *server = member("server"), *ca_file = member("ca_file"),
                    *dock = member("dock"), *name = member("name"), *agency = member("agency"),
                    *origin = member("origin"), *vkey = member("vkey");
  const Json* plain = json->find("plain_http");
  if (!format || *format != kFormat || !server || !ca_file || !dock || !name || !agency || !origin || !vkey || !plain ||
      !plain->boolean()) {
    return std::nullopt;
  }
  const auto id = DockId::parse(*dock);
  const auto key = proof::VerifierKey::parse(*vkey);
  if (!id || !key || key->type != proof::KeyType::kLog || key->name != *origin) return std::nullopt;
  return Identity{*server,  *plain->boolean() ? http::PlainHttp::kAnywhere : http::PlainHttp::kLoopbackOnly,
                  *ca_file, *id,
                  *name,    *agency,
                  *origin,  *key};
}

Result<std::unique_ptr<State>> State::open(os::Disk& disk, const os::Path& directory) {
  const auto text = os::read_file(disk, directory / kIdentityFile, kIdentityBytesMax);
  if (!text && text.error().code() == Code::kNotFound) {
    return fail(Code::kNotFound, "This is no enrolled dock; run lapel-dock enroll first", directory.native());
  }
  if (!text) return fail(text.error());
  auto identity = parse_identity(as_text(*text));
  if (!identity) return fail(Code::kCorrupt, "The dock's identity is damaged", (directory / kIdentityFile).native());
  const auto seed = TRY(read_secret(disk, directory / kSigningKeyFile));
  Held held = TRY(hold(disk, directory));
  std::optional<crypto::X25519Public> agency_key;
  const auto receipt = os::read_file(disk, directory / kAgencyKeyFile, proof::kReceiptBytesMax);
  if (receipt) agency_key = TRY(check_agency_key(as_text(*receipt), *identity));
  if (!receipt && receipt.error().code() != Code::kNotFound) return fail(receipt.error());
  std::optional<crypto::AeadKey> spool_key;
  auto own = read_secret(disk, directory / kSpoolKeyFile);
  // Without the agency's key there is no other: copying goes on.
  if (!own && own.error().code() == Code::kNotFound && !agency_key)
    own = secret_or_new(disk, directory / kSpoolKeyFile);
  if (own) spool_key = *own;
  if (!own && own.error().code() != Code::kNotFound) return fail(own.error());
  return std::unique_ptr<State>(new State(directory, *std::move(identity), crypto::SigningKey::from_seed(seed),
                                          spool_key, agency_key, std::move(held.file), std::move(held.lock)));
}

Result<crypto::X25519Public> check_agency_key(std::string_view receipt, const Identity& identity) {
  const auto refuse = [](const std::string& why) {
    return fail(problems::kProofInvalid, fmt::format("The agency's spool key is not proven: {}", printable(why)));
  };
  const auto verified = proof::verify_receipt(receipt, {identity.ledger, {}});
  if (!verified) return refuse(verified.error().reason);
  const std::string* type = verified->event.find_string("type");
  const std::string* key_text = verified->event.find_string("key");
  if (!type || *type != protocol::kSpoolKeyEvent || !key_text) return refuse("its event tells no such key");
  const auto bytes = parse_base64(*key_text);
  const auto key = bytes ? to_array<32>(*bytes) : std::nullopt;
  if (!key) return refuse("the key in its event is none");
  return *key;
}

Result<void> keep_agency_key(os::Disk& disk, const os::Path& directory, std::string_view receipt) {
  return os::replace_file(disk, directory / kAgencyKeyFile, as_bytes(receipt));
}

Result<Identity> enroll(os::Disk& disk, const EnrollOptions& options) {
  const auto code = protocol::EnrollmentCode::parse(options.code);
  if (!code) return fail(Code::kInvalid, "This is no enrollment code: a letter is wrong or missing");
  http::ClientOptions client_options;
  client_options.base_url = options.server;
  client_options.plain_http = options.plain_http;
  client_options.ca_file = options.ca_file.native();
  const auto client = TRY(http::Client::open(client_options));

  TRY(os::make_directories(disk, options.directory));
  const Held held = TRY(hold(disk, options.directory));
  if (disk.stat(options.directory / kIdentityFile)) {
    return fail(Code::kConflict, "This state directory is an enrolled dock already", options.directory.native());
  }
  const auto key = crypto::SigningKey::from_seed(TRY(secret_or_new(disk, options.directory / kSigningKeyFile)));

  const Json body(Json::Object{{"code", code->text()},
                               {"public_key", hex(key.public_key())},
                               {"signature", hex(key.sign(as_bytes(protocol::enroll_message(*code))))}});
  const Json answer = TRY(http::json_of(
      TRY(client->send({"POST", "/api/v1/docks/enroll", {{"Content-Type", "application/json"}}, to_json(body), {}}))));
  const std::string *dock = answer.find_string("dock"), *name = answer.find_string("name"),
                    *agency = answer.find_string("agency"), *origin = answer.find_string("origin"),
                    *vkey = answer.find_string("vkey");
  const auto id = dock ? DockId::parse(*dock) : std::nullopt;
  if (!id || !name || !agency || !origin || !vkey)
    return fail(Code::kUnavailable, "The server's answer is not one of a Lapel server");
  const auto ledger = proof::VerifierKey::parse(*vkey);
  const bool is_pinned = ledger && crypto::equal_constant_time(protocol::ledger_key_digest(*vkey), code->ledger_key);
  if (!is_pinned || ledger->type != proof::KeyType::kLog || ledger->name != *origin) {
    return fail(problems::kProofInvalid,
                "The server shows another ledger key than the code names: this is not the server that the code is for",
                printable(*vkey));
  }
  const Identity identity{options.server, options.plain_http, client_options.ca_file, *id, *name, *agency, *origin,
                          *ledger};
  // Servers from before there was one give none; what is copied without it is sealed with a key of the dock's own (State::open).
  if (const std::string* receipt = answer.find_string("spool_key")) {
    TRY(check_agency_key(*receipt, identity));
    TRY(keep_agency_key(disk, options.directory, *receipt));
  }
  const std::string text = identity_text(identity);
  TRY(os::write_new_file(disk, options.directory / kIdentityFile, as_bytes(text)));
  return identity;
}

}  // namespace lapel::dock
