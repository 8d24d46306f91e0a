// SPDX-License-Identifier: Apache-2.0
#include "lapel/camera_systems.h"

#include <functional>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "cameras/signing_keys.h"
#include "cameras/systems.h"

namespace lapel::door {
namespace {

constexpr std::size_t kPemBytesMax = 256 * 1024;

Result<std::string> read_pem(os::Disk& disk, const std::string& file) {
  const Bytes bytes = TRY(os::read_file(disk, file, kPemBytesMax));
  return std::string(as_text(bytes));
}

cameras::SigningKeys signing_keys(Installation& installation) {
  return cameras::SigningKeys(
      {installation.database(), installation.ledgers(), installation.clock(), installation.vault()});
}

// By `make`, into a file that is not there yet.
Result<void> connect(
    const Where& where, const ConnectionTerms& asked, std::string_view done,
    const std::function<Result<cameras::Systems::Connected>(cameras::Systems&, const cameras::Systems::Terms&)>& make) {
  const auto disk = os::real_disk();
  cameras::Systems::Terms terms;
  terms.base_url = asked.url;
  for (const std::string& file : asked.certificates) terms.certificates.push_back(TRY(read_pem(*disk, file)));
  if (!asked.encrypt_to.empty()) terms.public_key = TRY(read_pem(*disk, asked.encrypt_to));
  const auto there = disk->stat(asked.out);
  if (there) return fail(Code::kConflict, "The file is there already; it is not written over", asked.out);
  if (there.error().code() != Code::kNotFound) return fail(there.error());
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  cameras::Systems systems({installation->database(), installation->ledgers(), installation->clock()});
  const auto made = TRY(make(systems, terms));
  TRY(os::write_new_file(*disk, asked.out, as_bytes(made.file)));
  fmt::print(stderr, "{} {}. Upload {} in the manager of the body-worn system, and then remove it: it has the key.\n",
             done, made.system.name, asked.out);
  return {};
}

}  // namespace

Result<void> run_camera_system_add(const Where& where, const std::string& agency, const ConnectionTerms& terms) {
  return connect(where, terms, "Added", [&](cameras::Systems& systems, const cameras::Systems::Terms& said) {
    return systems.add(agency, terms.name, said);
  });
}

Result<void> run_camera_system_renew(const Where& where, const std::string& agency, const ConnectionTerms& terms) {
  return connect(where, terms, "A new key for", [&](cameras::Systems& systems, const cameras::Systems::Terms& said) {
    return systems.renew(agency, terms.name, said);
  });
}

Result<void> run_camera_system_list(const Where& where, const std::string& agency, bool as_json) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  cameras::Systems systems({installation->database(), installation->ledgers(), installation->clock()});
  Json::Array items;
  for (const roster::CameraSystem& system : TRY(systems.list(agency))) {
    if (as_json) {
      items.emplace_back(Json::Object{{"id", system.id.text()}, {"name", system.name}, {"revoked", system.is_revoked}});
    } else {
      fmt::print("{}  {}{}\n", system.id.text(), system.name, system.is_revoked ? "  (revoked)" : "");
    }
  }
  if (as_json) fmt::print("{}\n", to_json(Json(Json::Object{{"items", std::move(items)}, {"next", Json()}})));
  return {};
}

Result<void> run_camera_system_revoke(const Where& where, const std::string& agency, const std::string& name) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  cameras::Systems systems({installation->database(), installation->ledgers(), installation->clock()});
  TRY(systems.revoke(agency, name));
  fmt::print(stderr, "Revoked {}; a running server refuses its next request.\n", name);
  return {};
}

// ---- whose signatures in footage are believed ----

Result<void> run_camera_key_add(const Where& where, const std::string& agency, const KeyTerms& terms) {
  if (terms.root.empty() == terms.key.empty()) return fail(Code::kInvalid, "Name a key, or a root, and not both");
  if (!terms.root.empty() && !terms.serial.empty())
    return fail(Code::kInvalid, "A root vouches for many cameras: it has no serial");
  if (!terms.key.empty() && terms.serial.empty())
    return fail(Code::kInvalid, "A key is of one camera: name its serial");
  const std::string pem = TRY(read_pem(*os::real_disk(), terms.root.empty() ? terms.key : terms.root));
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  cameras::SigningKeys keys = signing_keys(*installation);
  const cameras::SigningKey made =
      terms.root.empty() ? TRY(keys.trust_key(agency, terms.serial, pem)) : TRY(keys.trust_root(agency, pem));
  fmt::print(stderr, "Trusted: {} {}. Signed recordings are checked once more.\n",
             made.is_root ? "root" : "key of " + made.serial, made.sha256);
  return {};
}

Result<void> run_camera_key_list(const Where& where, const std::string& agency, bool as_json) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  Json::Array items;
  for (const cameras::SigningKey& key : TRY(signing_keys(*installation).list(agency))) {
    if (as_json) {
      items.emplace_back(Json::Object{{"kind", key.is_root ? "root" : "key"},
                                      {"serial", key.is_root ? Json() : Json(key.serial)},
                                      {"sha256", key.sha256},
                                      {"since", ledger_time(key.since)},
                                      {"revoked_at", key.revoked_at ? Json(ledger_time(*key.revoked_at)) : Json()}});
    } else {
      fmt::print("{}  {}{}\n", key.sha256, key.is_root ? "root" : "camera " + key.serial,
                 key.revoked_at ? "  (revoked)" : "");
    }
  }
  if (as_json) fmt::print("{}\n", to_json(Json(Json::Object{{"items", std::move(items)}, {"next", Json()}})));
  return {};
}

Result<void> run_camera_key_revoke(const Where& where, const std::string& agency, const KeyTerms& terms) {
  const auto installation = TRY(Installation::open(where, Installation::Publishing::kNo));
  TRY(signing_keys(*installation).revoke(agency, terms.sha256, terms.reason));
  fmt::print(stderr, "Revoked {}. Signed recordings are checked once more.\n", terms.sha256);
  return {};
}

}  // namespace lapel::door
