// SPDX-License-Identifier: Apache-2.0
#include "proof/package.h"

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include "proof/export_for_tests.h"
#include "proof/ledger_for_tests.h"
#include "proof/vectors_for_tests.h"

namespace lapel::proof {
namespace {

std::vector<Vector> export_vectors() {
  std::vector<Vector> out;
  const auto add = [&](bool is_good, std::string name, std::string why, const ExportForTests& world) {
    out.push_back({std::move(name), is_good, std::move(why), {}, {}, world.files, {}});
  };
  // The good export with its files changed.
  const auto files = [&](bool is_good, std::string name, std::string why, auto change) {
    ExportForTests world;
    change(world);
    add(is_good, std::move(name), std::move(why), world);
  };
  // A ledger in which one event was logged otherwise.
  const auto logged = [&](bool is_good, std::string name, std::string why, const std::string& chain,
                          const std::string& type, auto change) {
    add(is_good, std::move(name), std::move(why), ExportForTests([&](const std::string& in, Json& event) {
          if (in == chain && *event.find_string("type") == type) change(*event.object());
        }));
  };

  files(true, "whole", "everything is here", [](ExportForTests&) {});
  files(true, "without the original", "said as a note", [](ExportForTests& w) {
    w.files.erase(export_original_path(w.recording.subject()));
    w.manifest.originals.clear();
    w.seal();
  });
  files(true, "device only named", "its binding is here", [](ExportForTests& w) {
    w.subject(w.device).role = ExportRole::kNamed;
    w.drop_row(w.device, 1);
  });
  files(true, "sealed checkpoint", "not final, and said so", [](ExportForTests& w) {
    for (auto& [path, bytes] : w.files) {
      const std::size_t at = bytes.find("\u2014 one.example/w");
      if (at != std::string::npos) bytes.resize(at);
    }
  });
  logged(true, "guest", "the name is in another ledger", "recording", "recording.viewed", [](Json::Object& e) {
    e["actor"] = test_id(0xee);
    e["actor_ledger"] = "other.example/agency";
  });

  logged(true, "name that would write on a terminal", "any text may be a name; who prints it takes care", "officer",
         "identity.bound", [](Json::Object& e) { e["name"] = "Olu\n\x1b[2JVERIFIED\u202e \u0085"; });

  files(false, "original changed", "SHA-256",
        [](ExportForTests& w) { w.files[export_original_path(w.recording.subject())] = "abd"; });
  files(false, "original truncated", "length",
        [](ExportForTests& w) { w.files[export_original_path(w.recording.subject())] = "ab"; });
  files(false, "original extended", "length",
        [](ExportForTests& w) { w.files[export_original_path(w.recording.subject())] = "abcd"; });
  files(false, "original missing", "listed",
        [](ExportForTests& w) { w.files.erase(export_original_path(w.recording.subject())); });
  files(false, "original of nothing", "no admission is of it", [](ExportForTests& w) {
    w.manifest.originals.push_back(w.officer.subject());
    w.files[export_original_path(w.officer.subject())] = kTestFile;
    w.seal();
  });
  files(false, "stray file", "not listed", [](ExportForTests& w) { w.files["README"] = "trust me"; });
  files(false, "stray original", "not listed",
        [](ExportForTests& w) { w.files[export_original_path(w.officer.subject())] = kTestFile; });
  files(false, "stray receipt", "not listed", [](ExportForTests& w) {
    w.files["subjects/" + w.recording.id() + "/3.tlog-proof"] = w.files[ExportForTests::path(w.recording, 2)];
  });
  files(false, "checkpoint missing", "needed", [](ExportForTests& w) { w.files.erase("checkpoint"); });
  files(false, "manifest missing", "needed", [](ExportForTests& w) { w.files.erase("manifest.json"); });
  files(false, "nothing at all", "needed", [](ExportForTests& w) { w.files.clear(); });
  files(false, "receipt missing", "listed",
        [](ExportForTests& w) { w.files.erase(ExportForTests::path(w.recording, 1)); });
  files(false, "receipt broken", "form",
        [](ExportForTests& w) { w.files[ExportForTests::path(w.recording, 1)] += "\n"; });
  files(false, "receipt empty", "form",
        [](ExportForTests& w) { w.files[ExportForTests::path(w.recording, 1)].clear(); });
  files(false, "receipts swapped", "n is not the name", [](ExportForTests& w) {
    std::swap(w.files[ExportForTests::path(w.recording, 1)], w.files[ExportForTests::path(w.recording, 2)]);
  });
  files(false, "receipt twice", "n is not the name", [](ExportForTests& w) {
    w.files[ExportForTests::path(w.recording, 2)] = w.files[ExportForTests::path(w.recording, 1)];
  });
  files(false, "receipt of another subject", "subject", [](ExportForTests& w) {
    w.files[ExportForTests::path(w.recording, 0)] = w.files[ExportForTests::path(w.officer, 0)];
  });
  files(false, "receipt of a statement", "no event", [](ExportForTests& w) {
    w.files[ExportForTests::path(w.recording, 2)] = w.ledger.receipt(0, w.ledger.finished());
  });
  files(false, "gap in n", "n without a gap", [](ExportForTests& w) { w.drop_row(w.recording, 1); });
  files(false, "chain without event 0", "n from 0", [](ExportForTests& w) { w.drop_row(w.recording, 0); });
  files(false, "device chain with a gap", "n from 0", [](ExportForTests& w) { w.drop_row(w.device, 0); });
  files(false, "recording only named", "a recording is exported whole", [](ExportForTests& w) {
    w.subject(w.recording).role = ExportRole::kNamed;
    w.seal();
  });
  files(false, "one receipt under another checkpoint", "all under one", [](ExportForTests& w) {
    LedgerForTests& ledger = w.ledger;
    ledger.add(private_entry(padding({}, 9)), "");
    w.files[ExportForTests::path(w.recording, 2)] = ledger.receipt(w.recording.rows()[2], ledger.finished());
  });
  files(false, "checkpoint is another", "all under one", [](ExportForTests& w) {
    w.ledger.add(private_entry(padding({}, 9)), "");
    w.files["checkpoint"] = w.ledger.finished();
  });
  files(false, "checkpoint signed by another key", "the key given",
        [](ExportForTests& w) { w.files["checkpoint"] = sign_checkpoint(w.ledger.checkpoint(), test_key(9)); });
  files(false, "officer not named", "every actor's binding", [](ExportForTests& w) { w.drop_subject(w.officer); });
  files(false, "administrator not named", "every actor's binding, of the bindings too",
        [](ExportForTests& w) { w.drop_subject(w.admin); });
  files(false, "device not named", "every device's binding", [](ExportForTests& w) { w.drop_subject(w.device); });
  files(false, "dock not vouched for", "dock.enrolled", [](ExportForTests& w) { w.drop_row(w.dock, 1); });
  files(false, "dock not named", "every dock's binding", [](ExportForTests& w) { w.drop_row(w.dock, 0); });
  files(false, "device chain cut before the offload", "the device's chain names the recording",
        [](ExportForTests& w) { w.drop_row(w.device, 1); });
  files(false, "recording listed as a person", "the manifest is not believed", [](ExportForTests& w) {
    w.subject(w.recording).kind = "person";
    w.seal();
  });
  const auto manifest = [&](std::string name, std::string from, std::string to) {
    files(false, std::move(name), "the manifest's form",
          [&](ExportForTests& w) { w.files["manifest.json"] = replaced(w.files["manifest.json"], from, to); });
  };
  manifest("manifest with a newline", R"("version":1})", "\"version\":1}\n");
  manifest("manifest of version 2", R"("version":1)", R"("version":2)");
  manifest("manifest of another format", "lapel-custody-export", "lapel-custody-export2");
  manifest("manifest that claims completeness", "not proven", "proven");
  manifest("manifest with an unknown field", R"("version":1)", R"("version":1,"zone":"UTC")");
  manifest("manifest with an unknown kind", R"("kind":"person")", R"("kind":"robot")");
  manifest("manifest with an unknown role", R"("role":"named")", R"("role":"vouched")");
  manifest("manifest with rows out of order", R"("rows":[0,1,2])", R"("rows":[0,2,1])");
  manifest("manifest with a row twice", R"("rows":[0,1,2])", R"("rows":[0,1,1,2])");
  manifest("manifest with a path outside", "\"originals/", "\"originals/../");
  manifest("manifest of another ledger", kTestOrigin, "vectors.example/other");
  manifest("manifest that is no JSON", "{", "[");

  logged(false, "prev wrong", "prev is the commitment before", "recording", "recording.viewed",
         [](Json::Object& e) { e["prev"] = base64(Bytes(32, 1)); });
  logged(false, "n skipped in the ledger", "n without a gap", "recording", "recording.flagged",
         [](Json::Object& e) { e["n"] = 3; });
  logged(false, "another subject in the chain", "same subject", "recording", "recording.viewed",
         [](Json::Object& e) { e["subject"] = test_id(0x12); });
  logged(false, "first event is no admission", "a recording begins with its admission", "recording",
         "recording.admitted", [](Json::Object& e) { e["type"] = "recording.created"; });
  logged(false, "binding without a name", "name, badge or serial", "officer", "identity.bound", [](Json::Object& e) {
    e.erase("name");
    e.erase("badge");
  });
  logged(false, "binding without from", "identity.bound has one", "officer", "identity.bound",
         [](Json::Object& e) { e.erase("from"); });
  logged(false, "another key enrolled", "dock.enrolled vouches for the key", "dock", "dock.enrolled",
         [](Json::Object& e) { e["key"] = base64(test_key(0xd9).public_key()); });
  logged(false, "offload of another act", "one act, the same act id", "device", "device.offloaded",
         [](Json::Object& e) { e["act"] = test_id(0xad); });
  logged(false, "offload of another recording", "the device's chain names the recording", "device", "device.offloaded",
         [](Json::Object& e) { e["recording"] = test_id(0x12); });
  logged(false, "offload that names nothing", "naming the subject", "device", "device.offloaded",
         [](Json::Object& e) { e.erase("recording"); });
  logged(false, "admission names no device", "the offload's device", "recording", "recording.admitted",
         [](Json::Object& e) {
           e.erase("device");
           e.erase("dock");
         });
  logged(false, "attempt of a later event", "of is before it", "recording", "recording.flagged", [](Json::Object& e) {
    e["type"] = "attempt";
    e["of"] = 2;
  });
  logged(true, "attempt of an earlier event", "it took no effect", "recording", "recording.flagged",
         [](Json::Object& e) {
           e["type"] = "attempt";
           e["of"] = 1;
         });
  logged(false, "late clock", "at <= earliest cosignature + 300 s", "recording", "recording.viewed",
         [](Json::Object& e) { e["at"] = "2022-12-02T07:12:00.00Z"; });
  {
    // Two recordings admitted from one file of the dock.
    ExportForTests world;
    ChainForTests second(world.ledger, 0x12);
    Json::Object fields = dock_admission_fields();
    fields["act"] = test_id(0xae);
    second.add(second.next("recording.admitted", world.admin.id(), "2022-12-02T06:12:40.00Z", std::move(fields)));
    world.device.add(world.device.next("device.offloaded", world.admin.id(), "2022-12-02T06:12:40.00Z",
                                       {{"act", test_id(0xae)}, {"recording", second.id()}}));
    world.files.clear();
    world.manifest.subjects.clear();
    world.manifest.originals.clear();
    world.files["checkpoint"] = world.ledger.finished();
    world.put(world.recording, "recording", ExportRole::kExported);
    world.put(second, "recording", ExportRole::kExported);
    world.put(world.device, "device", ExportRole::kExported);
    world.put(world.dock, "dock", ExportRole::kNamed);
    world.put(world.officer, "person", ExportRole::kNamed);
    world.put(world.admin, "person", ExportRole::kNamed);
    world.seal();
    add(false, "one dock file admitted twice", "one file is admitted once", world);
  }
  {
    // The same opening at two leaves.
    ExportForTests world;
    const std::uint64_t again = world.ledger.add_event_text(
        canonical(*parse_canonical(world.ledger.extra(world.recording.rows()[2]))->find("event")),
        world.recording.salt(2));
    world.files.clear();
    world.manifest.subjects.clear();
    world.manifest.originals.clear();
    world.files["checkpoint"] = world.ledger.finished();
    world.put(world.recording, "recording", ExportRole::kExported);
    world.put(world.device, "device", ExportRole::kExported);
    world.put(world.dock, "dock", ExportRole::kNamed);
    world.put(world.officer, "person", ExportRole::kNamed);
    world.put(world.admin, "person", ExportRole::kNamed);
    world.subject(world.recording).rows.push_back(3);
    world.files[ExportForTests::path(world.recording, 3)] = world.ledger.receipt(again, world.ledger.finished());
    world.seal();
    add(false, "a commitment twice", "n is not the name, and one opening serves two rows", world);
  }
  return out;
}

TEST(Vectors, Exports) {
  check_vectors("export", export_vectors());
}

MemoryFiles files_of(const ExportForTests& world) {
  MemoryFiles files;
  files.files = world.files;
  return files;
}
bool says(const ExportVerdict& verdict, Finding::Kind kind, std::string_view where, std::string_view text) {
  return std::any_of(verdict.findings.begin(), verdict.findings.end(), [&](const Finding& finding) {
    return finding.kind == kind && finding.where == where && finding.text.find(text) != std::string::npos;
  });
}

TEST(Export, SaysWhoDidWhatWhen) {
  const ExportForTests world;
  const ExportVerdict verdict = verify_export(files_of(world), test_trust()).value();
  ASSERT_TRUE(verdict.holds());
  EXPECT_TRUE(verdict.is_final);
  EXPECT_EQ(verdict.cosignatures.size(), 2u);
  EXPECT_EQ(verdict.checkpoint, world.ledger.checkpoint());
  ASSERT_EQ(verdict.rows.size(), 9u);
  EXPECT_TRUE(std::is_sorted(verdict.rows.begin(), verdict.rows.end(),
                             [](const ExportRow& a, const ExportRow& b) { return a.index < b.index; }));
  const ExportRow& viewed = verdict.rows[7];
  EXPECT_EQ(viewed.type, "recording.viewed");
  EXPECT_EQ(viewed.actor_name, "Olu Officer, badge 4711");
  EXPECT_EQ(viewed.at, "2022-12-02T06:12:20.00Z");
  const std::string recording = world.recording.id();
  EXPECT_TRUE(says(verdict, Finding::Kind::kOk, recording, "3 events of this recording are in the ledger"));
  EXPECT_TRUE(says(verdict, Finding::Kind::kOk, "originals/" + recording, "These are the 3 bytes"));
  EXPECT_TRUE(says(verdict, Finding::Kind::kOk, ExportForTests::path(world.recording, 0), "Dock North, serial D-1"));
  EXPECT_TRUE(says(verdict, Finding::Kind::kNote, recording, "The chain starts at the dock."));
  EXPECT_TRUE(says(verdict, Finding::Kind::kNote, "", "Completeness not proven"));
}

TEST(Export, NamesAreThoseInForceWhenTheActHappened) {
  ExportForTests world;
  world.officer.add(
      world.officer.next("identity.bound", world.admin.id(), "2022-12-02T06:12:50.00Z",
                         {{"badge", "4712"}, {"from", "2022-12-02T06:12:50.00Z"}, {"name", "Olu Other"}}));
  world.recording.add(world.recording.next("recording.viewed", world.officer.id(), "2022-12-02T06:12:51.00Z"));
  world.files = {{"checkpoint", world.ledger.finished()}};
  world.manifest.subjects.clear();
  world.manifest.originals.clear();
  world.put(world.recording, "recording", ExportRole::kExported);
  world.put(world.device, "device", ExportRole::kExported);
  world.put(world.dock, "dock", ExportRole::kNamed);
  world.put(world.officer, "person", ExportRole::kNamed);
  world.put(world.admin, "person", ExportRole::kNamed);
  world.seal();
  const auto name_of_view = [&](std::size_t from_the_end) {
    const ExportVerdict verdict = verify_export(files_of(world), test_trust()).value();
    EXPECT_TRUE(verdict.holds());
    return verdict.rows[verdict.rows.size() - from_the_end].actor_name;
  };
  EXPECT_EQ(name_of_view(1), "Olu Other, badge 4712");
  EXPECT_EQ(name_of_view(3), "Olu Officer, badge 4711");
  world.drop_row(world.officer, 0);  // only a binding that came later is disclosed
  const ExportVerdict verdict = verify_export(files_of(world), test_trust()).value();
  EXPECT_TRUE(verdict.holds());
  EXPECT_TRUE(says(verdict, Finding::Kind::kNote, ExportForTests::path(world.recording, 1), "only after this event"));
}

TEST(Export, NamesTheFileThatDoesNotHold) {
  ExportForTests world;
  world.files[ExportForTests::path(world.recording, 1)].back() = 'x';
  world.files["stray"] = "";
  world.files[export_original_path(world.recording.subject())] = "abd";
  const ExportVerdict verdict = verify_export(files_of(world), test_trust()).value();
  EXPECT_FALSE(verdict.holds());
  EXPECT_TRUE(says(verdict, Finding::Kind::kRefused, ExportForTests::path(world.recording, 1), "not a receipt"));
  EXPECT_TRUE(says(verdict, Finding::Kind::kRefused, "stray", "does not list"));
  EXPECT_TRUE(says(verdict, Finding::Kind::kRefused, export_original_path(world.recording.subject()), "SHA-256"));
}

TEST(Export, RefusesLinksAndDevices) {
  MemoryFiles files = files_of(ExportForTests());
  files.others = {"originals/link"};
  const ExportVerdict verdict = verify_export(files, test_trust()).value();
  EXPECT_FALSE(verdict.holds());
  EXPECT_TRUE(says(verdict, Finding::Kind::kRefused, "originals/link", "neither a file nor a directory"));
}

TEST(Export, RefusesFilesTooLongToBeWhatTheyAreCalled) {
  for (const std::string& path :
       {std::string("checkpoint"), std::string("manifest.json"), ExportForTests::path(ExportForTests().recording, 0)}) {
    ExportForTests world;
    world.files[path].append(kManifestBytesMax, ' ');
    EXPECT_FALSE(verify_export(files_of(world), test_trust())->holds()) << path;
  }
}

// A file that cannot be read is no verdict on the evidence.
TEST(Export, PassesOnAReadError) {
  class Unreadable final : public ExportFiles {
   public:
    MemoryFiles good = files_of(ExportForTests());
    Result<std::vector<Item>> list() const override { return good.list(); }
    Result<void> read(const std::string& path, const std::function<bool(ByteView)>& sink) const override {
      if (path.starts_with("originals/")) return fail(Code::kUnavailable, "I/O error", path);
      return good.read(path, sink);
    }
  };
  const auto verdict = verify_export(Unreadable(), test_trust());
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code(), Code::kUnavailable);
}

TEST(Export, ReadsAnOriginalInChunks) {
  ExportForTests world([](const std::string& chain, Json& event) {
    if (chain != "recording" || *event.find_string("type") != "recording.admitted") return;
    const std::string file(100'000, 'v');
    event.object()->erase("dock");
    (*event.object())["bytes"] = 100'000;
    (*event.object())["sha256"] = hex(crypto::sha256(as_bytes(file)));
  });
  const std::string path = export_original_path(world.recording.subject());
  world.files[path] = std::string(100'000, 'v');
  EXPECT_TRUE(verify_export(files_of(world), test_trust())->holds());
  world.files[path][99'999] = 'w';
  EXPECT_FALSE(verify_export(files_of(world), test_trust())->holds());
}

TEST(Manifest, WritesWhatItReads) {
  const ExportForTests world;
  const auto manifest = ExportManifest::parse(world.files.at("manifest.json"));
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->text(), world.manifest.text());
  EXPECT_EQ(manifest->subjects.size(), 5u);
  EXPECT_FALSE(ExportManifest::parse(""));
  EXPECT_FALSE(ExportManifest::parse("{}"));
}

}  // namespace
}  // namespace lapel::proof
