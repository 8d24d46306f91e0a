// SPDX-License-Identifier: Apache-2.0
#include "evidence/holds.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "crypto/sha256.h"
#include "evidence/rows.h"
#include "roster/locked.h"
#include "roster/roster_for_tests.h"

namespace lapel::evidence {
namespace {

constexpr std::size_t kRows = 20'000;
constexpr std::size_t kRowsAtOnce = 50;  // a statement looks for each of its parameters among all of them
constexpr std::size_t kIncidents = 400;
constexpr std::size_t kHoldsOfEachKind = 12;

struct Row {
  RecordingId id;
  AgencyId agency;
  std::optional<std::size_t> first;  // the row of which recording it is a further file
  std::optional<std::string> incident;
  std::optional<PersonId> officer;
};

class HoldsTest : public roster::RosterTest {
 protected:
  void SetUp() override {
    RosterTest::SetUp();
    ASSERT_TRUE(db::migrate(*database_, "evidence", schema()));
    ASSERT_TRUE(db::migrate(*database_, "holds", roster::holds_schema()));
    other_ = add_agency("Birchwood");
    officer_ = add(agency_, "officer", {access::Role::kOfficer});
    clerk_ = add(agency_, "clerk", {access::Role::kRecords});
  }

  // Recordings of two agencies that use the same incident numbers: of one file and of several, of none, of the same incident or of another.
  void fill(std::size_t count) {
    const auto below = [&](std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_); };
    std::vector<std::size_t> firsts[2];
    for (std::size_t i = 0; i < count; ++i) {
      Row row;
      row.id = crypto::new_id<RecordingId>();
      const std::size_t whose = below(10) == 0 ? 1 : 0;
      row.agency = whose == 0 ? agency_ : other_;
      if (!firsts[whose].empty() && below(3) == 0) {
        row.first = firsts[whose][below(firsts[whose].size())];
        // A few recordings of very many files.
        if (below(4) == 0) row.first = firsts[whose][below(std::min<std::size_t>(5, firsts[whose].size()))];
      } else {
        firsts[whose].push_back(i);
      }
      if (below(3) != 0) row.incident = "24-" + std::to_string(below(kIncidents));
      if (row.first && below(2) == 0) row.incident = rows_[*row.first].incident;
      if (whose == 0 && below(4) == 0) row.officer = officer_;
      rows_.push_back(row);
    }
    ASSERT_TRUE(database_->write([&](db::Transaction& tx) -> Result<void> {
      for (std::size_t i = 0; i < count; i += kRowsAtOnce) TRY(insert(tx, i));
      return {};
    }));
  }
  Result<void> insert(db::Transaction& tx, std::size_t from) const {
    std::string sql =
        "INSERT INTO recordings (id, agency, sha256, bytes, codec, filename, filetype, received_us, sort_us, uploader, "
        "assigned_officer, incident, group_id, chain_starts_at, state, more) VALUES ";
    db::Params params;
    std::deque<std::string> names;  // which the parameters only name
    for (std::size_t i = from; i < from + kRowsAtOnce; ++i) {
      const Row& row = rows_[i];
      sql += fmt::format(
          "{0}(:id{1}, :agency{1}, '', 0, '', '', '', 0, {1}, '', :officer{1}, :incident{1}, :group{1}, 'server', "
          "'sealed', '')",
          i == from ? "" : ", ", i);
      const auto name = [&](std::string_view what) -> std::string_view {
        return names.emplace_back(fmt::format("{}{}", what, i));
      };
      params.emplace_back(name("id"), row.id.text());
      params.emplace_back(name("agency"), row.agency.text());
      params.emplace_back(name("officer"), row.officer ? std::optional(row.officer->text()) : std::nullopt);
      params.emplace_back(name("incident"), row.incident);
      params.emplace_back(name("group"), row.first ? std::optional(rows_[*row.first].id.text()) : std::nullopt);
    }
    TRY(tx.run(sql, params));
    return {};
  }

  roster::Hold place(const std::optional<RecordingId>& recording, const std::optional<std::string>& incident) {
    const roster::Hold hold{
        crypto::new_id<HoldId>(), agency_, "Doe", "letter", recording, incident, clerk_, roster::kNow, {}};
    EXPECT_TRUE(database_->write([&](db::Transaction& tx) { return roster::add_hold(tx, hold); }));
    return hold;
  }

  // What a hold is: its recording with its further files, or all of an incident with theirs.
  bool is_covered(const roster::Hold& hold, const Row& row) const {
    if (row.agency != hold.agency) return false;
    const Row* first = row.first ? &rows_[*row.first] : nullptr;
    if (hold.recording) return row.id == *hold.recording || (first != nullptr && first->id == *hold.recording);
    return row.incident == hold.incident || (first != nullptr && first->incident == hold.incident);
  }
  std::vector<const Row*> covered_by(const roster::Hold& hold) const {
    std::vector<const Row*> out;
    for (const Row& row : rows_) {
      if (is_covered(hold, row)) out.push_back(&row);
    }
    std::ranges::sort(out, {}, [](const Row* row) { return row->id.text(); });
    return out;
  }
  void expect_as_defined(const roster::Hold& hold) {
    const std::vector<const Row*> expected = covered_by(hold);
    crypto::Sha256 hash;
    for (const Row* row : expected) hash.update(as_bytes(row->id.text()));
    const Digest digest = hash.finish();
    std::int64_t revision = 0;
    for (std::size_t i = 0; i < 6; ++i) revision = revision << 8 | digest[i];
    const bool covers_own = std::ranges::any_of(expected, [&](const Row* row) { return row->officer == officer_; });

    Target target;
    target.held = HeldItem{hold, {}, 0, true, {}};
    EXPECT_TRUE(database_->read([&](db::Transaction& tx) -> Result<void> {
      TRY(Holds::count(tx, *target.held));
      EXPECT_EQ(TRY(Holds::revision(tx, target)), revision);
      EXPECT_EQ(TRY(Holds::covers_own(tx, hold.id, officer_)), covers_own);
      return {};
    }));
    EXPECT_EQ(target.held->covers, static_cast<std::int64_t>(expected.size()));
  }

  // How SQLite would go about it: a line for each table that it reads.
  std::vector<std::string> plan(const std::string& sql, const db::Params& params) {
    std::vector<std::string> out;
    for (const db::Row& row :
         read([&](db::Transaction& tx) { return tx.query("EXPLAIN QUERY PLAN " + sql, params); })) {
      const std::string& line = row.text("detail");
      if (line.starts_with("SCAN") || line.starts_with("SEARCH")) out.push_back(line);
    }
    return out;
  }
  // Whether it reads recordings by nothing but whose they are, or by nothing at all.
  bool reads_all(const std::string& sql, const db::Params& params) {
    const std::vector<std::string> lines = plan(sql, params);
    const auto is_of = [](const std::string& line, std::string_view verb) {
      return std::ranges::any_of(std::vector<std::string>{"r", "f", "recordings"}, [&](const std::string& name) {
        return line.starts_with(fmt::format("{} {} ", verb, name)) || line == fmt::format("{} {}", verb, name);
      });
    };
    EXPECT_TRUE(std::ranges::any_of(lines, [&](const std::string& line) {
      return is_of(line, "SEARCH") || is_of(line, "SCAN");
    })) << sql;
    return std::ranges::any_of(lines, [&](const std::string& line) {
      return is_of(line, "SCAN") || (is_of(line, "SEARCH") && line.find("(agency=?)") != std::string::npos);
    });
  }

  std::mt19937_64 random_{20'000};
  AgencyId other_;
  PersonId officer_, clerk_;
  std::vector<Row> rows_;
};

TEST_F(HoldsTest, WhatIsFoundByTheIndexesIsWhatAHoldCovers) {
  fill(kRows);
  std::vector<roster::Hold> holds;
  const auto any = [&] { return std::uniform_int_distribution<std::size_t>(0, kRows - 1)(random_); };
  for (std::size_t i = 0; i < kHoldsOfEachKind; ++i) {
    holds.push_back(place({}, "24-" + std::to_string(any() % kIncidents)));
    // A first file, or a further one; of another agency too, which covers nothing.
    holds.push_back(place(rows_[any()].id, {}));
    holds.push_back(place(rows_[rows_[any()].first.value_or(i)].id, {}));
  }
  holds.push_back(place({}, "no such incident"));
  std::size_t largest = 0;
  for (const roster::Hold& hold : holds) {
    expect_as_defined(hold);
    largest = std::max(largest, covered_by(hold).size());
  }
  EXPECT_GT(largest, 50U);  // or nothing much was compared

  // And what some hold covers is held.
  std::set<std::string> expected, ids;
  for (const roster::Hold& hold : holds) {
    for (const Row* row : covered_by(hold)) expected.insert(row->id.text());
  }
  const db::Rows found = read([&](db::Transaction& tx) {
    return tx.query(fmt::format("SELECT r.id AS id FROM recordings r WHERE {} ORDER BY r.id LIMIT :limit",
                                roster::held_condition()),
                    {{"limit", static_cast<std::int64_t>(kRows)}});
  });
  for (const db::Row& row : found) ids.insert(row.text("id"));
  EXPECT_EQ(ids, expected);
}

TEST_F(HoldsTest, WhatWasReleasedIsNotCounted) {
  fill(1'000);
  const roster::Hold hold = place({}, "24-1");
  ASSERT_FALSE(covered_by(hold).empty());
  HeldItem held{hold, {}, 0, true, {}};
  held.hold.released_at = roster::kNow;
  ASSERT_TRUE(database_->read([&](db::Transaction& tx) { return Holds::count(tx, held); }));
  EXPECT_EQ(held.covers, 0);
}

// Of the embedded engine, whose plan follows from the statement; PostgreSQL's follows from what the tables hold at the time.
TEST_F(HoldsTest, NoneOfItReadsEveryRecording) {
  ASSERT_EQ(database_->engine(), db::Engine::kSqlite) << "evidence_on_postgres leaves it out";
  const db::Params id = {{"id", "x"}}, first = {{"first", "x"}, {"agency", "a"}};
  EXPECT_FALSE(reads_all(roster::covered("r.id AS id", "h.id = :id"), id));
  EXPECT_FALSE(reads_all("SELECT COUNT(*) AS n FROM (" + roster::covered("r.id AS id", "h.id = :id") + ") c", id));
  EXPECT_FALSE(reads_all(roster::covered("r.id AS id", "h.id = :id AND r.id > :after") + " ORDER BY id LIMIT 10",
                         id + db::Params{{"after", "y"}}));
  EXPECT_FALSE(reads_all(roster::covered("r.assigned_officer AS officer", "h.id = :id AND r.assigned_officer = :self"),
                         id + db::Params{{"self", "y"}}));
  EXPECT_FALSE(reads_all(fmt::format("SELECT COUNT(*) AS n FROM {}", roster::files_of_first()), first));
  EXPECT_FALSE(reads_all(fmt::format("SELECT CASE WHEN {} THEN 1 ELSE 0 END AS n FROM recordings r WHERE r.id = :id",
                                     roster::held_condition()),
                         id));
  // Asked in one condition, it would.
  EXPECT_TRUE(reads_all(
      "SELECT r.id AS id FROM holds h JOIN recordings r ON r.agency = h.agency AND (r.id = h.recording OR r.group_id = "
      "h.recording OR r.incident = h.incident) WHERE h.id = :id",
      id));
  EXPECT_TRUE(
      reads_all("SELECT id FROM recordings r WHERE agency = :agency AND (id = :first OR group_id = :first)", first));
}

}  // namespace
}  // namespace lapel::evidence
