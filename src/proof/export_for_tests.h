// SPDX-License-Identifier: Apache-2.0
#pragma once
// A whole custody export in memory, for tests of its verifiers, in a ledger that may be made to lie.
//
// Owns: the chains, their ledger, and the export's files.
// Promises: the same calls make the same bytes.
// Fails with: nothing.
// Threads: one.

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "proof/ledger_for_tests.h"

namespace lapel::proof {

// A recording with a dock, its device, two people: everything an export can hold. Hooks make the ledger
// itself lie.
struct ExportForTests {
  using Edit = std::function<void(const std::string& chain, Json& event)>;
  LedgerForTests ledger;
  ChainForTests admin{ledger, 0xa0}, officer{ledger, 0xa1}, device{ledger, 0xd1}, dock{ledger, 0xd0},
      recording{ledger, 0x11};
  std::map<std::string, std::string> files;
  ExportManifest manifest;

  explicit ExportForTests(const Edit& edit = [](const std::string&, Json&) {}) {
    const auto add = [&](const std::string& name, ChainForTests& chain, std::string_view type, std::string_view second,
                         Json::Object fields = {}) {
      const bool by_officer = type == "recording.viewed" || type == "recording.flagged";
      Json event = chain.next(type, by_officer ? officer.id() : admin.id(),
                              fmt::format("2022-12-02T06:12:{}.00Z", second), std::move(fields));
      edit(name, event);
      chain.add(event);
    };
    const std::string act = test_id(0xac);
    const std::string from = "2022-12-02T06:00:00.00Z";
    add("admin", admin, "identity.bound", "00", {{"badge", "1"}, {"from", from}, {"name", "Ada Admin"}});
    add("officer", officer, "identity.bound", "01", {{"badge", "4711"}, {"from", from}, {"name", "Olu Officer"}});
    add("device", device, "identity.bound", "02", {{"from", from}, {"name", "Camera 7"}, {"serial", "X-7"}});
    add("dock", dock, "identity.bound", "03", {{"from", from}, {"name", "Dock North"}, {"serial", "D-1"}});
    add("dock", dock, "dock.enrolled", "04", {{"key", base64(test_key(0xd0).public_key())}});
    Json::Object fields = dock_admission_fields();
    fields["act"] = act;
    add("recording", recording, "recording.admitted", "10", std::move(fields));
    add("device", device, "device.offloaded", "10", {{"act", act}, {"recording", recording.id()}});
    add("recording", recording, "recording.viewed", "20", {{"purpose", "review"}});
    add("recording", recording, "recording.flagged", "21", {{"flag", "use_of_force"}, {"reason", "on review"}});
    ledger.add(private_entry(padding({}, 0)), "");

    manifest.ledger = kTestOrigin;
    manifest.originals = {recording.subject()};
    files[export_original_path(recording.subject())] = kTestFile;
    put_all();
  }
  void put_all() {
    manifest.subjects.clear();
    put(recording, "recording", ExportRole::kExported);
    put(device, "device", ExportRole::kExported);
    put(dock, "dock", ExportRole::kNamed);
    put(officer, "person", ExportRole::kNamed);
    put(admin, "person", ExportRole::kNamed);
    files["checkpoint"] = ledger.finished();
    seal();
  }
  // An attempt at the chain's end, by which event `of` took no effect; every receipt is of the ledger after it.
  void take_back(ChainForTests& chain, std::int64_t of) {
    chain.add(chain.next("attempt", admin.id(), "2022-12-02T06:12:30.00Z", {{"of", of}}));
    put_all();
  }
  void put(const ChainForTests& chain, std::string kind, ExportRole role) {
    ExportSubject subject{chain.subject(), std::move(kind), role, {}};
    for (std::size_t n = 0; n < chain.rows().size(); ++n) {
      subject.rows.push_back(n);
      files[path(chain, n)] = ledger.receipt(chain.rows()[n], ledger.finished());
    }
    manifest.subjects.push_back(std::move(subject));
  }
  void drop_subject(const ChainForTests& chain) {
    std::erase_if(manifest.subjects, [&](const ExportSubject& s) { return s.id == chain.subject(); });
    std::erase_if(files, [&](const auto& f) { return f.first.starts_with("subjects/" + chain.id() + "/"); });
    seal();
  }
  void drop_row(const ChainForTests& chain, std::uint64_t n) {
    std::erase(subject(chain).rows, n);
    files.erase(path(chain, n));
    seal();
  }
  ExportSubject& subject(const ChainForTests& chain) {
    return *std::find_if(manifest.subjects.begin(), manifest.subjects.end(),
                         [&](const ExportSubject& s) { return s.id == chain.subject(); });
  }
  void seal() { files["manifest.json"] = manifest.text(); }
  static std::string path(const ChainForTests& chain, std::uint64_t n) {
    return export_receipt_path(chain.subject(), n);
  }
};

}  // namespace lapel::proof
