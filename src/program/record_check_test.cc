// SPDX-License-Identifier: Apache-2.0
// Statements of the program, its drafts, reviews, reports and waivers, row by row against the events that say them.
#include "program/record_check.h"

#include "evidence/vault_for_tests.h"
#include "program/rows.h"

namespace lapel::program {
namespace {

using Lines = std::vector<std::string>;

class RecordCheckTest : public evidence::VaultTest {
 protected:
  RecordCheckTest() {
    EXPECT_TRUE(db::migrate(*database_, "program", schema()));
    Statement cameras = statement("1", {"agency", "ashfield"}, "cameras"),
              waived = statement("2", {"gate_waiver", "w"}, "gate");
    cameras.value = Value{Type::kCount, 12, 12, {}};
    waived.value = Value{Type::kSubject, 0, 0, "gate/policy"};
    waived.reason = "the council has voted";
    state({cameras, waived},
          {{"program.gate_waived", {{"import", kImport}, {"gate", "policy"}, {"reason", waived.reason}}}});
    const std::string digest = hash("draft"), whole = hash("report"), table = hash("a,b");
    fact("program.drafted", {{"draft", "d"}, {"title", "Pilot"}, {"as_of", "2022-11-29"}, {"sha256", digest}},
         fmt::format("INSERT INTO program_drafts (id, agency, title, as_of, drafted_us, drafted_by, content, sha256) "
                     "VALUES ('d', '{}', 'Pilot', 19325, {}, '{}', 'draft', '{}')",
                     agency_, us(), boyd(), digest));
    fact(
        "program.reviewed", {{"draft", "d"}, {"reviewer", "chief"}, {"decision", "approved"}, {"reason", "complete"}},
        fmt::format("INSERT INTO program_draft_reviews (draft, reviewer, agency, person, decision, reason, decided_us) "
                    "VALUES ('d', 'chief', '{}', '{}', 'approved', 'complete', {})",
                    agency_, boyd(), us()));
    const std::string published =
        "INSERT INTO program_publications (id, agency, title, as_of, published_us, published_by, content, sha256, "
        "draft) VALUES ('{}', '{}', 'Pilot', 19325, {}, '{}', 'report', '{}', {})";
    fact("program.published",
         {{"publication", "p"},
          {"title", "Pilot"},
          {"as_of", "2022-11-29"},
          {"sha256", whole},
          {"draft", "d"},
          {"csv", table}},
         fmt::format(fmt::runtime(published), "p", agency_, us(), boyd(), whole, "'d'"));
    run(
        fmt::format("INSERT INTO program_papers (publication, form, agency, content, sha256) VALUES ('p', 'csv', '{}', "
                    "'{}', '{}')",
                    agency_, base64(as_bytes("a,b")), table));
    // As before there were drafts.
    fact("program.published", {{"publication", "q"}, {"title", "Pilot"}, {"as_of", "2022-11-29"}, {"sha256", whole}},
         fmt::format(fmt::runtime(published), "q", agency_, us(), boyd(), whole, "NULL"));
  }

  Statement statement(const std::string& id, const SubjectName& subject, const std::string& field) const {
    Statement out;
    out.id = std::string(63, '0') + id;
    out.subject = subject;
    out.field = field;
    out.source = {"the chief", "a memorandum", Day{19'000}};
    out.recorded_by = PersonId(boyd_.person.bytes());
    return out;
  }
  struct Beside {
    std::string type;
    Json::Object fields;
  };
  // One act; its statements in one event.
  void state(const std::vector<Statement>& statements, const std::vector<Beside>& beside = {}) {
    Json::Array digests;
    for (const Statement& one : statements) digests.emplace_back(digest_of({one, kImport, kSalt}));
    std::vector<ledger::Draft> events = {
        {ashfield_.console, "program.stated", {{"import", kImport}, {"statements", std::move(digests)}}, false}};
    for (const Beside& one : beside) events.push_back({ashfield_.console, one.type, one.fields, false});
    seal(boyd_.person, std::move(events), ashfield_, [&](db::Transaction& tx, auto sealed) -> Result<void> {
      for (std::size_t i = 0; i < statements.size(); ++i) {
        TRY(add_statement(tx, ashfield_.id, {statements[i], kImport, kSalt}, sealed[0].index,
                          static_cast<std::int64_t>(i), sealed[0].at));
      }
      return {};
    });
  }
  void fact(const std::string& type, Json::Object fields, const std::string& sql = {}) {
    seal(boyd_.person, {{ashfield_.console, type, std::move(fields), false}}, ashfield_,
         [&](db::Transaction& tx, auto) -> Result<void> {
           if (!sql.empty()) TRY(tx.run(sql));
           return {};
         });
  }
  void expect_named(const std::vector<std::string>& changes, const std::vector<std::string>& words) {
    const Lines found = faults_after(changes, check_record);
    EXPECT_TRUE(names(found, words)) << fmt::format("{}\n{}", fmt::join(changes, "; "), fmt::join(found, "\n"));
  }
  void expect_named(const std::string& change, const std::vector<std::string>& words) {
    expect_named(std::vector{change}, words);
  }
  static std::string hash(std::string_view text) { return hex(crypto::sha256(as_bytes(text))); }
  std::string boyd() const { return boyd_.person.text(); }
  std::int64_t us() const { return clock_.now().us; }

  inline static const std::string kImport = std::string(32, '7'), kSalt = std::string(32, '8');
  const std::string agency_ = ashfield_.id.text();
  const access::Actor boyd_ = enter("boyd", {access::Role::kProgramManager});
};

TEST_F(RecordCheckTest, ARecordThatIsSoundHasNoFaultAndOneThatCannotBeReadIsNoSoundOne) {
  EXPECT_EQ(faults_by(check_record), Lines());
  expect_refusals_told(check_record, 15);
}

TEST_F(RecordCheckTest, AStatementSaysWhatWasSealed) {
  const std::string count = " WHERE field = 'cameras'", name = "program statement " + std::string(63, '0') + "1";
  expect_named("UPDATE program_statements SET low = 13" + count, {name, "does not say what was sealed"});
  expect_named("UPDATE program_statements SET salt = 'x'" + count, {name, "does not say what was sealed"});
  expect_named("UPDATE program_statements SET reason = CAST(X'ff' AS TEXT)" + count, {"does not say what was sealed"});
  expect_named("UPDATE program_statements SET recorded_at_us = 1" + count, {name, "it was sealed at 2022-12-02"});
  expect_named("UPDATE program_statements SET place = 7" + count, {name, "the catalog has it, and no event"});
  expect_named("DELETE FROM program_statements" + count, {"place 0", "an event says so, and the catalog does not"});
  expect_named({"PRAGMA defer_foreign_keys = ON", "UPDATE program_statements SET agency = 'nowhere'" + count},
               {"program_statements: 1 rows name no agency"});
  const std::string event = " WHERE type = 'program.stated'";
  expect_named("UPDATE ledger_events SET event = '{'" + event, {name, "the catalog has it, and no event"});
  // What speaks of no statement seals none.
  fact("program.stated", {{"import", kImport}});
  fact("program.stated", {{"import", kImport}, {"statements", 7}});
  EXPECT_EQ(faults_by(check_record), Lines());
  fact("program.stated", {{"import", kImport}, {"statements", Json::Array{Json(7)}}});
  EXPECT_TRUE(
      names(faults_by(check_record), {"program statement at leaf", "an event says so, and the catalog does not"}));
}

TEST_F(RecordCheckTest, AWaiverSaysInTheOpenWhatItsStatementSays) {
  const std::string waiver = " WHERE kind = 'gate_waiver'", line = "waiver " + kImport + " of gate policy";
  expect_named("UPDATE program_statements SET reason = NULL" + waiver, {line + ": nothing", "no event"});
  expect_named("UPDATE program_statements SET words = NULL" + waiver, {"of gate nothing", "no event"});
  expect_named("UPDATE program_statements SET words = 'gate/training'" + waiver, {"of gate training", "no event"});
  expect_named("DELETE FROM program_statements" + waiver, {line, "the catalog does not"});
  expect_named("UPDATE ledger_events SET event = '{' WHERE type = 'program.gate_waived'", {line, "no event"});
}

TEST_F(RecordCheckTest, AReportItsDraftAndItsReviewAreWhatTheirEventsSay) {
  const std::string report = "published report p", draft = "draft of a report d", review = "review of draft d as chief";
  const std::string p = " WHERE id = 'p'";
  expect_named("UPDATE program_publications SET title = 'Triumph'" + p, {report + ": Triumph", "no event"});
  expect_named("UPDATE program_publications SET as_of = 19326" + p, {report, "as of 2022-11-30", "no event"});
  expect_named("UPDATE program_publications SET as_of = -999999999" + p, {report, "as of -999999999", "no event"});
  expect_named("UPDATE program_publications SET as_of = 'soon'" + p, {report, "as of soon", "no event"});
  expect_named("UPDATE program_publications SET as_of = '1x'" + p, {report, "as of 1x", "no event"});
  expect_named("UPDATE program_publications SET content = 'another'" + p, {report, "kept as", "no event"});
  expect_named("UPDATE program_publications SET draft = NULL" + p, {report, "no event"});
  expect_named("UPDATE program_publications SET published_us = 'soon'" + p, {report, "at soon", "no event"});
  expect_named("UPDATE program_papers SET content = '!'", {report, "csv no base64", "no event"});
  expect_named("UPDATE program_papers SET sha256 = 'x'", {report, "kept as x", "no event"});
  expect_named("DELETE FROM program_papers", {report, "csv", "the catalog does not"});
  expect_named("UPDATE program_drafts SET content = 'another'", {draft, "kept as", "no event"});
  expect_named("UPDATE program_drafts SET drafted_us = 1", {draft, "at 1970-01-01", "no event"});
  expect_named("UPDATE program_draft_reviews SET decision = 'refused'", {review + ": refused", "no event"});
  expect_named("DELETE FROM program_draft_reviews", {review + ": approved", "the catalog does not"});
  expect_named("UPDATE ledger_events SET event = '{' WHERE type = 'program.drafted'", {draft, "no event"});
}

TEST_F(RecordCheckTest, OfManyEventsEachIsCompared) {
  constexpr int kMany = 1'001;
  const auto seal_many = [&](const std::string& type, const std::function<Json::Object(int)>& fields) {
    std::vector<ledger::Draft> events;
    for (int i = 0; i < kMany; ++i) events.push_back({ashfield_.console, type, fields(i), false});
    seal(boyd_.person, std::move(events), ashfield_);
  };
  seal_many("program.stated", [](int) { return Json::Object{{"statements", Json::Array{Json(7)}}}; });
  seal_many("program.drafted", [](int i) { return Json::Object{{"draft", fmt::format("n{}", i)}}; });
  seal_many("program.gate_waived", [](int i) { return Json::Object{{"gate", fmt::format("n{}", i)}}; });
  const Lines found = faults_by(check_record);
  EXPECT_EQ(found.size(), 3U * kMany);
  for (const char* last : {"draft of a report n1000", "of gate n1000"}) EXPECT_TRUE(names(found, {last})) << last;
}

}  // namespace
}  // namespace lapel::program
