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
  files(false, "recording named as a person", "any event of a recording tells that it is one", [](ExportForTests& w) {
    ExportSubject& subject = w.subject(w.recording);
    subject.kind = "person";
    subject.role = ExportRole::kNamed;
    w.files.erase(export_original_path(w.recording.subject()));
    w.manifest.originals.clear();
    w.drop_row(w.recording, 0);
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

// What cannot be read is no verdict on the evidence.
TEST(Export, PassesOnAReadError) {
  class Unreadable final : public ExportFiles {
   public:
    MemoryFiles good = files_of(ExportForTests());
    std::string what;  // "" is the list itself
    Result<std::vector<Item>> list() const override {
      if (what.empty()) return fail(Code::kUnavailable, "I/O error");
      return good.list();
    }
    Result<void> read(const std::string& path, const std::function<bool(ByteView)>& sink) const override {
      if (path == what) return fail(Code::kUnavailable, "I/O error", path);
      return good.read(path, sink);
    }
  };
  Unreadable files;
  std::vector<std::string> paths = {""};
  for (const auto& [path, bytes] : files.good.files) paths.push_back(path);
  for (const std::string& path : paths) {
    files.what = path;
    const auto verdict = verify_export(files, test_trust());
    ASSERT_FALSE(verdict) << path;
    EXPECT_EQ(verdict.error().code(), Code::kUnavailable) << path;
  }
}

TEST(Export, RefusesMoreFilesThanAnExportMayHave) {
  class Crowded final : public ExportFiles {
    Result<std::vector<Item>> list() const override {
      return std::vector<Item>(kExportFilesMax + 1, {"file", Item::Kind::kFile});
    }
    Result<void> read(const std::string& path, const std::function<bool(ByteView)>&) const override {
      return fail(Code::kNotFound, "no such file", path);
    }
  };
  const ExportVerdict verdict = verify_export(Crowded(), test_trust()).value();
  EXPECT_TRUE(says(verdict, Finding::Kind::kRefused, "", "It has more than"));
  EXPECT_EQ(verdict.findings.size(), 1u);
}

// What an export is refused for whose ledger logged the event of this type in this chain otherwise.
std::vector<std::string> refusals_where(const std::string& chain, const std::string& type,
                                        const std::function<void(Json::Object&)>& change) {
  const ExportForTests world([&](const std::string& in, Json& event) {
    if (in == chain && *event.find_string("type") == type) change(*event.object());
  });
  const ExportVerdict verdict = verify_export(files_of(world), test_trust()).value();
  std::vector<std::string> out;
  for (const Finding& finding : verdict.findings) {
    if (finding.kind == Finding::Kind::kRefused) out.push_back(finding.text);
  }
  return out;
}

TEST(Export, ANameIsATextThatSaysSomething) {
  const std::vector<std::string> malformed = {"The binding is malformed."};
  for (const Json& name : {Json(7), Json(""), Json(Json::Array{})}) {
    const auto refusals = refusals_where("officer", "identity.bound", [&](Json::Object& e) { e["name"] = name; });
    ASSERT_FALSE(refusals.empty());
    EXPECT_EQ(refusals[0], malformed[0]);
  }
  EXPECT_EQ(refusals_where("officer", "identity.bound", [](Json::Object& e) { e.erase("name"); }),
            std::vector<std::string>())
      << "a badge alone is a name";
}

TEST(Export, ABindingSaysFromWhen) {
  for (const Json& from : {Json(7), Json(""), Json("2022-12-02")}) {
    const auto refusals = refusals_where("officer", "identity.bound", [&](Json::Object& e) { e["from"] = from; });
    ASSERT_FALSE(refusals.empty());
    EXPECT_EQ(refusals[0], "The binding is malformed.");
  }
}

TEST(Export, IsFinalWhenEveryTrustedWitnessHasSigned) {
  ExportForTests world;
  EXPECT_TRUE(verify_export(files_of(world), test_trust())->is_final);
  EXPECT_FALSE(verify_export(files_of(world), {test_log_key(), {}})->is_final) << "nobody is trusted to have looked";
  for (auto& [path, bytes] : world.files) {
    const std::size_t at = bytes.find("\u2014 two.example/w");
    if (at != std::string::npos) bytes.resize(at);
  }
  const ExportVerdict verdict = verify_export(files_of(world), test_trust()).value();
  EXPECT_TRUE(verdict.holds());
  EXPECT_FALSE(verdict.is_final);
}

TEST(Export, AChainHasAnEventZero) {
  ExportForTests world;
  for (const std::uint64_t n : {0, 1}) world.drop_row(world.device, n);
  const ExportVerdict verdict = verify_export(files_of(world), test_trust()).value();
  EXPECT_TRUE(says(verdict, Finding::Kind::kRefused, world.device.id(), "No row of it is listed"));
}

TEST(Export, AStartThatNobodySignedIsTheServersWord) {
  const auto starts = [](std::string_view where) {
    const ExportForTests world([&](const std::string&, Json& event) {
      if (*event.find_string("type") != "recording.admitted") return;
      event.object()->erase("dock");
      (*event.object())["chain_starts_at"] = where;
    });
    return says(*verify_export(files_of(world), test_trust()), Finding::Kind::kNote, world.recording.id(),
                "No dock signed this");
  };
  EXPECT_TRUE(starts("dock"));
  EXPECT_TRUE(starts("camera"));
  EXPECT_FALSE(starts("server"));
}

TEST(Export, AnEnrollmentNamesAKey) {
  const auto first_refusal = [](const std::function<void(Json::Object&)>& change) {
    const auto refusals = refusals_where("dock", "dock.enrolled", change);
    return refusals.empty() ? std::string() : refusals[0];
  };
  EXPECT_EQ(first_refusal([](Json::Object& e) { e.erase("key"); }), "The enrollment names no key.");
  EXPECT_EQ(first_refusal([](Json::Object& e) { e["key"] = 7; }), "The enrollment names no key.");
  EXPECT_EQ(first_refusal([](Json::Object& e) { e["key"] = base64(Bytes(31, 1)); }), "The enrollment names no key.");
}

TEST(Export, WhatWasTakenBackNamesAndVouchesForNobody) {
  ExportForTests dock;
  dock.take_back(dock.dock, 1);
  EXPECT_TRUE(says(*verify_export(files_of(dock), test_trust()), Finding::Kind::kRefused,
                   ExportForTests::path(dock.recording, 0), "No enrolled dock in the export vouches for the key"));
  ExportForTests officer;
  officer.take_back(officer.officer, 0);
  EXPECT_TRUE(says(*verify_export(files_of(officer), test_trust()), Finding::Kind::kRefused,
                   ExportForTests::path(officer.recording, 1), "The export does not say who the actor"));
}

TEST(Export, AnotherKeysEnrollmentDoesNotCount) {
  ExportForTests world;
  // The dock is enrolled again, with a new key, and after the file was admitted once more with the old one.
  for (const std::uint8_t fill : {0xd9, 0xd0}) {
    world.dock.add(world.dock.next("dock.enrolled", world.admin.id(), "2022-12-02T06:12:30.00Z",
                                   {{"key", base64(test_key(fill).public_key())}}));
  }
  world.put_all();
  EXPECT_TRUE(verify_export(files_of(world), test_trust())->holds());
  world.drop_row(world.dock, 1);
  EXPECT_TRUE(says(*verify_export(files_of(world), test_trust()), Finding::Kind::kRefused,
                   ExportForTests::path(world.recording, 0), "No enrolled dock in the export vouches for the key"))
      << "the right key, but enrolled only afterwards";
}

TEST(Export, AnOffloadIsOneActOfOneRecordingOfOneDevice) {
  using Refusals = std::vector<std::string>;
  EXPECT_EQ(refusals_where("device", "device.offloaded", [](Json::Object& e) { e.erase("act"); }),
            Refusals{"The offload names no act."});
  EXPECT_EQ(refusals_where("recording", "recording.admitted", [](Json::Object& e) { e.erase("act"); }),
            Refusals{"The offload and the admission are not one act."});
  ExportForTests world;
  world.device.add(world.device.next("device.offloaded", world.admin.id(), "2022-12-02T06:12:30.00Z",
                                     {{"act", test_id(0xac)}, {"recording", world.recording.id()}}));
  world.put_all();
  const ExportVerdict verdict = verify_export(files_of(world), test_trust()).value();
  EXPECT_TRUE(says(verdict, Finding::Kind::kRefused, ExportForTests::path(world.device, 2), "was offloaded before"));
}

TEST(Export, AnActorOfThisVeryLedgerIsNoGuest) {
  const ExportForTests world([](const std::string& chain, Json& event) {
    if (chain == "recording" && *event.find_string("type") == "recording.viewed")
      (*event.object())["actor_ledger"] = kTestOrigin;
  });
  const ExportVerdict verdict = verify_export(files_of(world), test_trust()).value();
  EXPECT_TRUE(verdict.holds());
  EXPECT_EQ(verdict.rows[7].actor_name, "Olu Officer, badge 4711");
}

// One more chain in a whole export, which may be numbered, linked and placed as no honest sequencer would.
struct LyingChain {
  ExportForTests world;
  SubjectKey key{};
  const SubjectId id = *SubjectId::parse(test_id(0x33));
  ExportSubject subject{id, "person", ExportRole::kExported, {}};
  std::map<std::uint64_t, std::uint64_t> rows;  // n to index
  Digest commitment{};

  Json event(std::string_view type, std::uint64_t n, Json::Object fields) const {
    fields["actor"] = world.admin.id();
    fields["at"] = "2022-12-02T06:12:30.00Z";
    fields["ledger"] = kTestOrigin;
    fields["n"] = static_cast<std::int64_t>(n);
    if (n > 0 && !fields.contains("prev")) fields["prev"] = base64(commitment);
    fields["subject"] = id.text();
    fields["type"] = type;
    return fields;
  }
  Digest commitment_of(const Json& event, std::uint64_t n) const {
    return commit(event_salt(key, n), canonical(event));
  }
  void log(const Json& event, std::uint64_t n) {
    commitment = commitment_of(event, n);
    rows[n] = world.ledger.add_event(event, event_salt(key, n));
  }
  ExportVerdict verdict() {
    world.put_all();
    subject.rows.clear();
    for (const auto& [n, index] : rows) {
      subject.rows.push_back(n);
      world.files[export_receipt_path(id, n)] = world.ledger.receipt(index, world.ledger.finished());
    }
    world.manifest.subjects.push_back(subject);
    world.seal();
    return verify_export(files_of(world), test_trust()).value();
  }
};
const Json::Object kBinding = {{"from", "2022-12-02T06:00:00.00Z"}, {"name", "Nobody"}};

TEST(Export, AnEventStandsBehindTheOneThatItFollows) {
  LyingChain lie;
  lie.log(lie.event("identity.bound", 0, kBinding), 0);
  const Json second = lie.event("identity.bound", 1, kBinding);
  Json::Object fields = kBinding;
  fields["prev"] = base64(lie.commitment_of(second, 1));
  const Json third = lie.event("identity.bound", 2, fields);
  lie.log(third, 2);  // before the second
  lie.log(second, 1);
  const ExportVerdict verdict = lie.verdict();
  EXPECT_TRUE(says(verdict, Finding::Kind::kRefused, export_receipt_path(lie.id, 2),
                   "It stands in the ledger before an event that it follows."));
}

TEST(Export, NothingFollowsADestructionAndItNamesItsFirst) {
  for (const bool is_followed : {false, true}) {
    for (const bool is_first_right : {false, true}) {
      LyingChain lie;
      lie.subject.kind = "recording";
      lie.log(lie.event("recording.flagged", 0, {{"flag", "x"}}), 0);
      const auto first = static_cast<std::int64_t>(lie.rows[0]);
      const Json destroyed = lie.event("recording.destroyed", 1,
                                       {{"certificate", test_id(0xce)}, {"first", is_first_right ? first : first - 1}});
      lie.log(destroyed, 1);
      if (is_followed) lie.log(lie.event("recording.flagged", 2, {{"flag", "y"}}), 2);
      const ExportVerdict verdict = lie.verdict();
      EXPECT_EQ(says(verdict, Finding::Kind::kRefused, export_receipt_path(lie.id, 2), "It follows the destruction"),
                is_followed);
      EXPECT_EQ(says(verdict, Finding::Kind::kRefused, export_receipt_path(lie.id, 1), "names another first index"),
                !is_followed && !is_first_right);
      EXPECT_EQ(says(verdict, Finding::Kind::kOk, lie.id.text(), "2 events of this recording"),
                !is_followed && is_first_right);
    }
  }
}

TEST(Export, NoEventOfARecordingStandsInAnotherKindOfChain) {
  for (const std::string kind : {"person", "device", "dock"}) {
    for (const std::uint64_t n : {0, 1, 2}) {  // admitted, viewed, flagged
      ExportForTests world;
      world.subject(world.recording).kind = kind;
      world.subject(world.recording).role = ExportRole::kNamed;
      world.files.erase(export_original_path(world.recording.subject()));
      world.manifest.originals.clear();
      for (const std::uint64_t other : {0, 1, 2}) {
        if (other != n) world.drop_row(world.recording, other);
      }
      const ExportVerdict verdict = verify_export(files_of(world), test_trust()).value();
      EXPECT_TRUE(says(verdict, Finding::Kind::kRefused, ExportForTests::path(world.recording, n),
                       "belongs to a recording, and the manifest says " + kind))
          << kind << " " << n;
    }
  }
}

TEST(Export, NamedSubjectsAloneAreNoExport) {
  ExportForTests world;
  for (ExportSubject& subject : world.manifest.subjects) subject.role = ExportRole::kNamed;
  world.seal();
  EXPECT_TRUE(says(*verify_export(files_of(world), test_trust()), Finding::Kind::kRefused, "manifest.json",
                   "It exports no subject."));
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
  EXPECT_FALSE(ExportManifest::parse("[]"));
}

TEST(Manifest, EachMemberIsThereAndOfItsType) {
  const Json good = *parse_canonical(ExportForTests().files.at("manifest.json"));
  const auto holds = [](const Json& json) { return ExportManifest::parse(to_json(json)).has_value(); };
  ASSERT_TRUE(holds(good));
  for (const auto& [name, value] : *good.object()) {
    Json lacking = good, other = good;
    lacking.object()->erase(name);
    EXPECT_FALSE(holds(lacking)) << name;
    (*other.object())[name] = 7;
    EXPECT_FALSE(holds(other)) << name;
  }
  for (const std::string list : {"subjects", "originals"}) {
    const auto changed = [&](const std::function<void(Json::Array&)>& change) {
      Json json = good;
      change(*(*json.object())[list].array());
      return json;
    };
    EXPECT_FALSE(holds(changed([](Json::Array& a) { a.push_back(a[0]); }))) << "twice in " << list;
    EXPECT_FALSE(holds(changed([](Json::Array& a) { a[0] = "text"; }))) << list;
    for (const auto& [name, value] : *(*good.find(list)->array())[0].object()) {
      EXPECT_FALSE(holds(changed([&, key = name](Json::Array& a) { a[0].object()->erase(key); })))
          << list << ": " << name;
      EXPECT_FALSE(holds(changed([&, key = name](Json::Array& a) { (*a[0].object())[key] = 7; })))
          << list << ": " << name;
      EXPECT_FALSE(holds(changed([&, key = name](Json::Array& a) { (*a[0].object())[key] = "other"; })))
          << list << ": " << name;
    }
  }
  for (const Json& row : {Json("0"), Json(-1), Json(0)}) {
    Json json = good;
    (*(*(*json.object())["subjects"].array())[0].object())["rows"] = Json::Array{0, row};
    EXPECT_FALSE(holds(json)) << to_json(row);
  }
}

}  // namespace
}  // namespace lapel::proof
