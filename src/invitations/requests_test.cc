// SPDX-License-Identifier: Apache-2.0
// File requests by the clock, and what an outsider's file becomes.
#include "invitations/requests.h"

#include "evidence/vault_for_tests.h"
#include "intake/uploads.h"

namespace lapel::invitations {
namespace {

using access::Role;
using evidence::code_of;
using evidence::message_of;
using evidence::problem_of;

class FileRequestsTest : public evidence::VaultTest {
 protected:
  FileRequestsTest() {
    EXPECT_TRUE(db::migrate(*database_, "ingest", intake::schema()));
    EXPECT_TRUE(db::migrate(*database_, "invitations", schema()));
    requests_.emplace(acts::Parts{*database_, *ledgers_, clock_}, *vault_);
    morse_ = enter("morse", {Role::kInvestigator});
  }

  Terms terms() const {
    Terms out;
    out.name = "Ella Marsh";
    out.incident = "22-1187";
    out.words = "The film of your door";
    return out;
  }
  FileRequests::Made make(const Terms& terms) {
    auto made = requests_->make(morse_, terms);
    EXPECT_TRUE(made) << message_of(made);
    return *std::move(made);
  }
  Result<FileRequests::Entered> try_enter(const FileRequests::Made& made, const std::string& code = "") {
    // Each from an address of its own.
    return requests_->enter(std::to_string(++addresses_), made.secret, code);
  }
  access::Actor sender(const FileRequests::Made& made) {
    EXPECT_TRUE(try_enter(made));
    return actor(made.request.id);
  }
  std::vector<std::string> faults() { return faults_by(check_record); }
  void examine(const RecordingId& id, const std::string& verdict) {
    run("UPDATE recordings SET media_verdict = '" + verdict + "', media_sentence = 'It was looked at.' WHERE id = '" +
        id.text() + "'");
  }

  std::optional<FileRequests> requests_;
  access::Actor morse_;
  int addresses_ = 0;
};

TEST_F(FileRequestsTest, WhoeverMayBringFilesInAsksForThemAndNobodyElse) {
  for (const Role role : {Role::kOfficer, Role::kCommand, Role::kAuditor, Role::kAdministrator}) {
    const auto refused = requests_->make(enter(std::string(access::role_name(role)), {role}), terms());
    EXPECT_EQ(problem_of(refused), &problems::kRule);
  }
  EXPECT_TRUE(requests_->make(enter("clerk", {Role::kRecords}), terms()));
}

TEST_F(FileRequestsTest, ALinkOpensUntilItsTimeAndNoLonger) {
  const auto made = make(terms());
  EXPECT_EQ(made.request.ends_at - made.request.made_at, kLifeUsDefault);
  EXPECT_TRUE(try_enter(made));
  clock_.advance_us(kLifeUsDefault - 1'000'000);
  const auto late = try_enter(made);
  ASSERT_TRUE(late) << message_of(late);
  EXPECT_EQ(late->ends_at.us, made.request.ends_at.us) << "no session outlives its link";
  clock_.advance_us(1'000'000);
  EXPECT_EQ(problem_of(try_enter(made)), &problems::kFileRequestEnded);
}

TEST_F(FileRequestsTest, ThatALinkWasFirstOpenedIsSealedOnce) {
  const auto made = make(terms());
  EXPECT_TRUE(try_enter(made));
  EXPECT_TRUE(try_enter(made));
  EXPECT_EQ(types(made.request.id),
            (std::vector<std::string>{"identity.bound", "file_request.created", "file_request.opened"}));
  EXPECT_EQ(faults(), std::vector<std::string>());
}

TEST_F(FileRequestsTest, OneThatWasTakenBackIsAsOneThatNeverWas) {
  const auto made = make(terms());
  ASSERT_TRUE(try_enter(made));
  ASSERT_TRUE(requests_->revoke(morse_, made.request.id, "sent to the wrong person"));
  FileRequests::Made unknown = made;
  unknown.secret = "another";
  const auto taken_back = try_enter(made), nothing = try_enter(unknown);
  EXPECT_EQ(code_of(taken_back), Code::kNotFound);
  EXPECT_EQ(message_of(taken_back), message_of(nothing));
  EXPECT_EQ(code_of(requests_->revoke(morse_, made.request.id, "again")), Code::kConflict);
  EXPECT_EQ(faults(), std::vector<std::string>());
}

TEST_F(FileRequestsTest, ACodeIsComparedAtMostSoOften) {
  Terms with_code = terms();
  with_code.wants_code = true;
  const auto made = make(with_code);
  ASSERT_TRUE(made.code);
  EXPECT_EQ(problem_of(try_enter(made)), &problems::kFileRequestCode) << "without one nothing is counted";
  EXPECT_TRUE(try_enter(made, *made.code));
  const std::string wrong = *made.code == "0000-0000" ? "1111-1111" : "0000-0000";
  for (std::int64_t n = 0; n < kCodeFailuresMax; ++n) {
    EXPECT_EQ(problem_of(try_enter(made, wrong)), &problems::kFileRequestCode);
  }
  EXPECT_EQ(problem_of(try_enter(made, *made.code)), &problems::kFileRequestCode) << "dead";
  const auto another = requests_->give_code(morse_, made.request.id);
  ASSERT_TRUE(another) << message_of(another);
  EXPECT_TRUE(try_enter(made, *another));
}

TEST_F(FileRequestsTest, WhatASenderBringsIsQuarantinedUnderTheIncidentAndInBothChains) {
  const auto made = make(terms());
  const access::Actor ella = sender(made);
  const RecordingId id = admit(ella, {.filename = "door.mp4", .incident = "22-1187"});
  const auto shown = vault_->show(morse_, id);
  ASSERT_TRUE(shown) << message_of(shown);
  EXPECT_EQ(shown->state, access::State::kQuarantined);
  EXPECT_EQ(events(made.request.id, "file_request.received").size(), 1U);
  EXPECT_EQ(text(events(made.request.id, "file_request.received")[0], "recording"), id.text());
  EXPECT_EQ(text(events(id)[0], "actor"), made.request.id.text());
  EXPECT_EQ(faults(), std::vector<std::string>());
  run("DELETE FROM file_request_files");
  EXPECT_EQ(faults().size(), 1U);
}

TEST_F(FileRequestsTest, OnlyFootageThatWasExaminedIsAcceptedAndOnce) {
  const access::Actor ella = sender(make(terms()));
  const RecordingId id = admit(ella, {.filename = "door.mp4"});
  EXPECT_EQ(code_of(vault_->accept(morse_, id, "mine")), Code::kConflict) << "not examined";
  examine(id, "not_media");
  const auto stays = vault_->accept(morse_, id, "mine");
  EXPECT_EQ(message_of(stays), "This file stays in quarantine. It was looked at.");
  examine(id, "damaged");
  EXPECT_EQ(code_of(vault_->accept(morse_, id, "")), Code::kInvalid);
  EXPECT_EQ(problem_of(vault_->accept(enter("captain", {Role::kCommand}), id, "mine")), &problems::kRule);
  EXPECT_EQ(code_of(vault_->accept(enter("wearer", {Role::kOfficer}), id, "mine")), Code::kNotFound);
  const auto accepted = vault_->accept(morse_, id, "the door");
  ASSERT_TRUE(accepted) << message_of(accepted);
  EXPECT_EQ(accepted->state, access::State::kSealed);
  EXPECT_EQ(code_of(vault_->accept(morse_, id, "again")), Code::kConflict);
  EXPECT_EQ(text(events(id, "recording.accepted")[0], "verdict"), "damaged");
}

TEST_F(FileRequestsTest, WhoOpensItInQuarantineSaysWhyAndThatIsSealed) {
  const RecordingId id = admit(sender(make(terms())), {.filename = "door.mp4"});
  const access::Actor clerk = enter("clerk", {Role::kRecords});
  evidence::ViewRequest request{access::Purpose::kReview, {}, {}, {}};
  EXPECT_EQ(problem_of(vault_->open_view(clerk, id, request)), &problems::kQuarantined);
  request.despite_quarantine = "to see what it is";
  ASSERT_TRUE(vault_->open_view(clerk, id, request));
  EXPECT_EQ(text(events(id, "recording.viewed")[0], "despite"), "to see what it is");
  EXPECT_EQ(problem_of(vault_->open_view(morse_, id, request)), &problems::kRule);
}

TEST_F(FileRequestsTest, WhoDidNotMakeItIsNotToldThatThereIsOne) {
  const auto made = make(terms());
  const access::Actor lewis = enter("lewis", {Role::kInvestigator});
  EXPECT_EQ(code_of(requests_->show(lewis, made.request.id)), Code::kNotFound);
  EXPECT_EQ(code_of(requests_->revoke(lewis, made.request.id, "x")), Code::kNotFound);
  EXPECT_TRUE(requests_->list(lewis, {})->items.empty());
  EXPECT_EQ(code_of(requests_->show(enter_elsewhere("other", {Role::kRecords}), made.request.id)), Code::kNotFound);
  const access::Actor clerk = enter("clerk", {Role::kRecords});
  EXPECT_TRUE(requests_->show(clerk, made.request.id));
  EXPECT_EQ(requests_->list(clerk, {})->items.size(), 1U);
}

TEST_F(FileRequestsTest, APageEndsWhereTheNextOneBegins) {
  for (int n = 0; n < 5; ++n) {
    clock_.advance_us(1'000'000);
    const auto made = make(terms());
    if (n == 3) {
      ASSERT_TRUE(requests_->revoke(morse_, made.request.id, "served"));
    }
  }
  std::vector<std::string> all;
  PageQuery query{.limit = 2, .after = {}};
  for (;;) {
    const auto page = requests_->list(morse_, query);
    ASSERT_TRUE(page) << message_of(page);
    for (const auto& known : page->items) all.push_back(known.request.id.text());
    if (page->next.empty()) break;
    query.after = *parse_cursor(page->next);
  }
  EXPECT_EQ(all.size(), 5U);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 5U);
  const auto last = requests_->show(morse_, *FileRequestId::parse(all.back()));
  EXPECT_TRUE(last->request.revoked_at) << "what has ended stands last";
}

}  // namespace
}  // namespace lapel::invitations
