// SPDX-License-Identifier: Apache-2.0
#include "lapel/camera_systems.h"

#include <functional>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "cameras/systems.h"

namespace lapel::door {
namespace {

constexpr std::size_t kPemBytesMax = 256 * 1024;

Result<std::string> read_pem(os::Disk& disk, const std::string& file) {
  const Bytes bytes = TRY(os::read_file(disk, file, kPemBytesMax));
  return std::string(as_text(bytes));
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

}  // namespace lapel::door
