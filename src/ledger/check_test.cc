// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/problems.h"
#include "crypto/sha256.h"
#include "ledger/log.h"
#include "ledger/restarts_for_tests.h"
#include "test/damaging_bucket.h"

namespace lapel::ledger {
namespace {

class CheckTest : public LedgerTest {
 protected:
  // Entries as whoever holds the key could append them.
  void append(const std::vector<std::string>& entries) {
    Log log({agency_.text(), terms_.origin, terms_.slug, *database_, *bucket_, clock_});
    ASSERT_TRUE(log.append(**log.refresh(), entries, [](db::Transaction&, const Edge&) -> Result<void> { return {}; }));
  }
  Json genesis(std::int64_t beat_s, std::int64_t floor, std::int64_t heads_s, const std::string& policy,
               const proof::VerifierKey& key) {
    return Json::Object{{"beat", beat_s},          {"floor", floor},   {"heads", heads_s},        {"key", key.text()},
                        {"ledger", terms_.origin}, {"policy", policy}, {"type", "ledger.genesis"}};
  }
  std::string tally(std::string_view from, std::string_view to) {
    return proof::public_entry(Json::Object{{"counts", Json::Object{}},
                                            {"from", std::string(from) + "T00:00:00.00Z"},
                                            {"ledger", terms_.origin},
                                            {"to", std::string(to) + "T00:00:00.00Z"},
                                            {"type", "ledger.tally"}});
  }
  // What the check says of a ledger that is open, while it stands changed so.
  std::vector<std::string> faults_with(const Ledger& ledger, std::string_view change) {
    keep();
    run(change);
    const auto report = ledger.check();
    EXPECT_TRUE(report) << change << ": " << report.error().text();
    put_back();
    return report ? report->faults : std::vector<std::string>();
  }
  const Problem* refused_with(const Ledger& ledger, std::string_view change) {
    keep();
    run(change);
    const auto report = ledger.check();
    put_back();
    return report ? nullptr : report.error().problem;
  }
  static bool names(const std::vector<std::string>& faults, std::string_view words) {
    return std::any_of(faults.begin(), faults.end(),
                       [&](const std::string& fault) { return fault.find(words) != std::string::npos; });
  }

  // An object of the bucket with other bytes, or without any.
  std::string object(const std::string& name) {
    const Bytes bytes = *bucket::get(*bucket_, name, 1 << 20);
    return std::string(as_text(bytes));
  }
  void replace(const std::string& name, const std::optional<std::string>& bytes) {
    ASSERT_TRUE(bucket_->remove(name));
    if (!bytes) return;
    ASSERT_TRUE(bucket_->put(name, as_bytes(*bytes)));
  }
  std::string batch_from(std::uint64_t first) {
    std::string out;
    EXPECT_TRUE(database_->read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(tx.query("SELECT object FROM ledger_batches WHERE first_index = :first", {{"first", first}}))[0].text(
          "object");
      return {};
    }));
    return out;
  }

 private:
  static constexpr std::string_view kTables[] = {"ledger_chains", "ledger_events", "ledger_published"};

  void keep() {
    ASSERT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
      for (const std::string_view table : kTables) {
        TRY(tx.run(fmt::format("CREATE TABLE IF NOT EXISTS kept_{0} AS SELECT * FROM {0}", table)));
      }
      return {};
    }));
  }
  void put_back() {
    ASSERT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
      for (const std::string_view table : kTables) {
        TRY(tx.run(fmt::format("DELETE FROM {}", table)));
        TRY(tx.run(fmt::format("INSERT INTO {0} SELECT * FROM kept_{0}", table)));
      }
      return {};
    }));
  }
};

TEST_F(CheckTest, ALedgerThatHasNotBegunIsSoundAndHasPublishedNothing) {
  const auto ledger = *try_open();
  const auto report = ledger->check();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->faults, std::vector<std::string>());
  EXPECT_EQ(report->size, 0u);
  run("DELETE FROM ledger_published");
  EXPECT_EQ(ledger->check()->published_size, 0u);
}

TEST_F(CheckTest, AnEntryThatHasNoBusinessInALedgerIsNamed) {
  (void)open();  // genesis
  const proof::VerifierKey other{terms_.origin, proof::KeyType::kLog,
                                 crypto::SigningKey::from_seed(crypto::random_bytes<32>()).public_key()};
  const auto& [beat_s, leaves, heads_s, policy] = std::tie(terms_.beat_s, terms_.floor, terms_.heads_s, terms_.policy);
  append({"no entry",                                                               // 1
          proof::public_entry(genesis(beat_s, leaves, heads_s, policy, other)),     // 2
          proof::public_entry(genesis(beat_s + 1, leaves, heads_s, policy, key_)),  // 3
          proof::public_entry(genesis(beat_s, leaves + 1, heads_s, policy, key_)),  // 4
          proof::public_entry(genesis(beat_s, leaves, heads_s + 1, policy, key_)),  // 5
          proof::public_entry(genesis(beat_s, leaves, heads_s, "quorum 1", key_)),  // 6
          proof::public_entry(Json::Object{{"ledger", "ledger.example/otherton"},   // 7
                                           {"policy", policy},
                                           {"type", "ledger.policy"}}),
          tally("2022-12-02", "2023-01-01"),    // 8
          tally("2023-01-01", "2023-01-31"),    // 9
          tally("2023-02-01", "2023-03-01")});  // 10
  const std::string place = "genesis stands at leaf 0 and only there";
  const std::string terms = "leaf 0: the catalog's terms are not those that the ledger began with";
  EXPECT_EQ(faults(),
            (std::vector<std::string>{
                "leaf 1: not an entry of ledger.md", "leaf 2: " + place, "leaf 0: names another log key",
                "leaf 3: " + place, terms, "leaf 4: " + place, terms, "leaf 5: " + place, terms, "leaf 6: " + place,
                terms, "leaf 7: names another ledger", "leaf 8: a tally of no calendar month",
                "leaf 9: a tally of no calendar month", "leaf 10: the tally before it ends elsewhere"}));
}

TEST_F(CheckTest, EachColumnIsWhatItsEventSaysOrIsNamed) {
  const auto ledger = open();
  const auto subject = crypto::new_id<SubjectId>(), other = crypto::new_id<SubjectId>();
  for (int i = 0; i < 3; ++i) seal(*ledger, subject);
  seal(*ledger, other);
  const std::string of_it = fmt::format(" WHERE subject = '{}'", subject.text());
  const std::string disagree = "the catalog's columns and the event disagree";
  const std::pair<std::string, std::string> columns[] = {
      {"leaf_index = 0" + of_it + " AND n = 0", "leaf 0: the catalog opens a public statement as an event"},
      {"leaf_index = -1" + of_it + " AND n = 0", "the catalog holds 4 events, the leaves 3"},
      {fmt::format("subject = '{}', n = 1{} AND n = 1", other.text(), of_it), "leaf 2: " + disagree},
      {fmt::format("subject = '{}'{} AND n = 1", crypto::new_id<SubjectId>().text(), of_it),
       "leaf 2: the key of subject"},
      {"type = 'recording.shared'" + of_it + " AND n = 1", "leaf 2: " + disagree},
      {"n = 7" + of_it + " AND n = 1", "leaf 2: " + disagree},
      {"n = 8" + of_it + " AND n = 1", fmt::format("leaf 2: event 8 of subject {} follows 1", subject.text())},
      {"event = REPLACE(event, 'ashfield', 'ashfielt')" + of_it + " AND n = 1", "leaf 2: " + disagree},
      {"event = 'x'" + of_it + " AND n = 1", "leaf 2: the event in the catalog is malformed"},
      {fmt::format("event = (SELECT event FROM kept_ledger_events{0} AND n = 0){0} AND n = 1", of_it),
       "leaf 2: prev does not name the event before it"},
      {fmt::format("event = (SELECT event FROM kept_ledger_events{0} AND n = 1){0} AND n = 2", of_it),
       "leaf 3: prev does not name the event before it"}};
  for (const auto& [change, words] : columns) {
    const auto found = faults_with(*ledger, "UPDATE ledger_events SET " + change);
    EXPECT_TRUE(names(found, words)) << change << "\n" << fmt::format("{}", fmt::join(found, "\n"));
  }
  const std::string end = fmt::format("subject {}: the catalog's end of the chain is not the leaves'", subject.text());
  for (const std::string change :
       {"next_n = 2", "last_commitment = 'x'", "last_index = 2", "first_index = 2", "last_index = 1000000"}) {
    EXPECT_EQ(faults_with(*ledger, "UPDATE ledger_chains SET " + change + of_it), std::vector<std::string>{end})
        << change;
  }
  const std::string nobody = std::string(32, '0');
  for (const int last_index : {1, 1'000'000}) {
    const auto found = faults_with(
        *ledger, fmt::format("INSERT INTO ledger_chains (agency, subject, next_n, last_commitment, first_index, "
                             "last_index) VALUES ('{}', '{}', 1, 'x', 1, {})",
                             agency_.text(), nobody, last_index));
    EXPECT_EQ(found,
              std::vector<std::string>{fmt::format("subject {}: the catalog has a chain, and no leaf has it", nobody)});
  }
  EXPECT_EQ(faults_with(*ledger, "DELETE FROM ledger_chains" + of_it),
            std::vector<std::string>{"the catalog holds 1 chains of the leaves' 2"});
  for (const std::string table : {"ledger_chains", "ledger_events"}) {
    EXPECT_EQ(refused_with(*ledger, fmt::format("UPDATE {} SET subject = 'nobody'{} AND {}", table, of_it,
                                                table == "ledger_chains" ? "next_n = 3" : "n = 1")),
              &problems::kLedgerCorrupt);
  }
  expect_sound(*ledger);
}

TEST_F(CheckTest, AnEventThatStandsAtNoLeafIsNamed) {
  const auto ledger = open();
  const auto subject = crypto::new_id<SubjectId>(), nobody = crypto::new_id<SubjectId>();
  seal(*ledger, subject);
  for (const std::string leaf : {"2", "4000000000000000000", "-1"}) {
    for (const auto& [whose, n] : {std::pair(subject, "1000000000"), std::pair(nobody, "0")}) {
      const auto found = faults_with(
          *ledger,
          fmt::format("INSERT INTO ledger_events (agency, subject, n, leaf_index, type, at_us, event) SELECT agency, "
                      "'{}', {}, {}, type, at_us, event FROM ledger_events WHERE subject = '{}'",
                      whose.text(), n, leaf, subject.text()));
      EXPECT_TRUE(
          names(found, fmt::format("leaf {}: the catalog has an event of recording.viewed of subject {} there, and the "
                                   "ledger has 2 leaves",
                                   leaf, whose.text())))
          << fmt::format("{}", fmt::join(found, "\n"));
    }
  }
  expect_sound(*ledger);
}

TEST_F(CheckTest, EachPublishedSizeIsOneOfTheTreeOrIsNamed) {
  const auto ledger = open();
  seal(*ledger, crypto::new_id<SubjectId>());
  const std::string other = hex(crypto::sha256(as_bytes("another")));
  EXPECT_EQ(faults_with(*ledger, fmt::format("UPDATE ledger_published SET root = '{}'", other)),
            std::vector<std::string>{"the root published at size 0 is not the tree's"});
  EXPECT_EQ(faults_with(*ledger, "UPDATE ledger_published SET size = 3"),
            std::vector<std::string>{"a published size lies beyond the sealed entries"});
  EXPECT_EQ(refused_with(*ledger, "UPDATE ledger_published SET root = 'x'"), &problems::kLedgerCorrupt);
  run("UPDATE ledgers SET size = 3");
  EXPECT_TRUE(
      names(ledger->check()->faults, "the entries make size 2 and another root than the stored head of size 3"));
}

TEST_F(CheckTest, WhatIsSealedDuringTheCheckIsNoFaultAndWhatIsForgedMeanwhileIs) {
  const auto ledger = open();
  const auto known = crypto::new_id<SubjectId>();
  const auto seal_meanwhile = [&](const std::function<void()>& then) {
    before_key_ = [&, then, done = false]() mutable {
      if (std::exchange(done, true)) return;
      seal(*ledger, known);
      seal(*ledger, crypto::new_id<SubjectId>());
      then();
    };
  };
  seal(*ledger, known);
  seal_meanwhile([] {});
  expect_sound(*ledger);
  seal_meanwhile([&] { run(fmt::format("UPDATE ledger_chains SET next_n = 1 WHERE subject = '{}'", known.text())); });
  EXPECT_EQ(ledger->check()->faults,
            std::vector<std::string>{
                fmt::format("subject {}: the catalog's end of the chain is not the leaves'", known.text())});
}

TEST_F(CheckTest, ALedgerInWhichNothingIsSoundIsToldInAThousandFaults) {
  seal_many(*open(), 600);
  run("UPDATE ledger_events SET event = 'x'");
  EXPECT_EQ(faults().size(), 1'000u);
}

// 301 leaves: one tile, and a batch of leaves 241 to 260 of which the first fifteen are in it.
TEST_F(CheckTest, ATileOrABatchThatIsNotWhatWasSealedIsNamed) {
  seal_many(*open(), 300);
  const auto ledger = open();
  const std::string tiles = "ledger/ashfield/tile/", batch = batch_from(241);
  const auto faults_of = [&](const std::string& name, const std::optional<std::string>& bytes) {
    const std::string genuine = object(name);
    replace(name, bytes);
    const auto report = ledger->check();
    EXPECT_TRUE(report) << name;
    replace(name, genuine);
    return report ? report->faults : std::vector<std::string>();
  };
  const auto with = [&](const std::string& name, std::size_t width, std::size_t at, const std::string& entry) {
    auto entries = *proof::parse_bundle(object(name), width);
    entries[at] = entry;
    return faults_of(name, proof::format_bundle(entries));
  };
  const std::string other = proof::private_entry(crypto::sha256(as_bytes("another")));
  std::string changed = object(tiles + "0/000");
  changed[0] = static_cast<char>(changed[0] ^ 1);
  for (const std::optional<std::string>& bytes : {std::optional(changed), std::optional<std::string>()}) {
    EXPECT_EQ(faults_of(tiles + "0/000", bytes),
              std::vector<std::string>{tiles + "0/000: not the tile that the entries make"});
  }
  EXPECT_TRUE(names(faults_of(tiles + "entries/000", {}), "A bundle of the ledger cannot be read"));
  EXPECT_TRUE(names(faults_of(tiles + "entries/000", {}), "entries before leaf 241 are missing"));
  auto found = with(tiles + "entries/000", 256, 3, other);
  for (const std::string_view words : {"leaf 3: the event in the catalog is not the one that was sealed",
                                       "tile/0/000: not the tile", "another root than the stored head of size 301"}) {
    EXPECT_TRUE(names(found, words)) << words;
  }
  EXPECT_TRUE(names(with(batch, 20, 2, other), "leaf 243 is another than in its tile"));
  found = with(batch, 20, 17, other);
  EXPECT_FALSE(names(found, "is another than in its tile"));
  EXPECT_TRUE(names(found, "leaf 258: the event in the catalog is not the one that was sealed"));
  EXPECT_TRUE(names(faults_of(batch, "x"), "A batch does not hold the entries its row counts"));
  // Gone: as while a sequencer turns it into tiles, which a check looks at again, and then says what it could not read.
  const std::string genuine = object(batch);
  replace(batch, {});
  EXPECT_EQ(ledger->check().error().code(), Code::kNotFound);
  replace(batch, genuine);
  // Or a tile, between two looks at it.
  const std::string tile = tiles + "entries/000", kept = object(tile);
  before_key_ = [&, looks = 0]() mutable {
    if (++looks == 250) replace(tile, {});
  };
  EXPECT_EQ(ledger->check().error().problem, &problems::kLedgerCorrupt);
  before_key_ = nullptr;
  replace(tile, kept);
  expect_sound(*ledger);
}

}  // namespace
}  // namespace lapel::ledger
