// SPDX-License-Identifier: Apache-2.0
// docs/access.csv against the decision: every actor, action, standing, state, purpose and circumstance.
//
// A row reads: these actors, doing these actions, standing so to the item, in these states, for these purposes, in these
// circumstances, get this answer, because of this. The first row that fits decides, as in a firewall's list. "*" is all of
// them, "!x y" all but x and y. Whoever writes a row that never decides anything, or leaves a case out, fails the build.
#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "access/access.h"
#include "access/actors_for_tests.h"

namespace lapel::access {
namespace {

using Names = std::vector<std::string>;

Names split(std::string_view text, char separator) {
  Names out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    if (end > begin || separator == ',') out.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

// One cell: which values it takes.
struct Pattern {
  bool is_negated = false;
  std::set<std::string> names;  // empty and not negated: all

  bool fits(const std::string& value) const { return names.empty() || names.contains(value) != is_negated; }
};

struct Row {
  Pattern actor, action, relation, state, purpose, fact;
  std::string answer, reason;
  int line = 0;
};

const Names kRelations = {"own", "supervised", "case", "unattributed", "other", "foreign"};
const Names kFacts = {"-",         "home_related", "home_warrant", "home_unrelated", "home_unasked", "sensitive",
                      "own_waits", "no_case",      "cleared",      "proposed",       "lead",         "outside_scope"};
const Names kAnswers = {"allow", "refuse", "ask", "hide", "sign_in"};

Names words(const std::string& all) {
  Names out;
  for (const std::string& name : split(all, ',')) out.push_back(name.substr(name.find_first_not_of(' ')));
  return out;
}
Names actors() {
  Names out = words(all_role_names());
  out.insert(out.end(), {"anonymous", "share_recipient", "file_request", "dock", "camera_system", "program_token"});
  return out;
}
Names states() {
  Names out;
  for (int i = 0; i <= static_cast<int>(State::kImportedPending); ++i) out.emplace_back(state_name(State(i)));
  return out;
}

Pattern pattern(const std::string& cell, const Names& known, int line) {
  Pattern out;
  if (cell == "*") return out;
  out.is_negated = cell.starts_with('!');
  for (const std::string& name : split(out.is_negated ? cell.substr(1) : cell, ' ')) {
    EXPECT_NE(std::find(known.begin(), known.end(), name), known.end()) << "line " << line << ": " << name;
    out.names.insert(name);
  }
  EXPECT_FALSE(out.names.empty()) << "line " << line << ": an empty cell";
  return out;
}

std::vector<Row> read_table() {
  std::ifstream file(std::string(LAPEL_SOURCE_DIR) + "/docs/access.csv");
  std::vector<Row> rows;
  std::string text;
  std::getline(file, text);
  EXPECT_EQ(text, "actor,action,relation,state,purpose,fact,answer,reason");
  for (int line = 2; std::getline(file, text); ++line) {
    const Names cells = split(text, ',');
    if (cells.size() != 8) {
      ADD_FAILURE() << "line " << line << " has " << cells.size() << " cells";
      continue;
    }
    rows.push_back({pattern(cells[0], actors(), line), pattern(cells[1], words(all_action_names()), line),
                    pattern(cells[2], kRelations, line), pattern(cells[3], states(), line),
                    pattern(cells[4], words(all_purpose_names()), line), pattern(cells[5], kFacts, line), cells[6],
                    cells[7], line});
    EXPECT_NE(std::find(kAnswers.begin(), kAnswers.end(), cells[6]), kAnswers.end()) << "line " << line;
    EXPECT_TRUE(cells[7].ends_with(".")) << "line " << line << " gives no reason";
  }
  return rows;
}

// ---- a case of the table, as the code would meet it ----

Actor actor_of(const std::string& name) {
  Actor out;
  if (name == "anonymous") return out;
  out.agency = kAgency;
  if (name == "share_recipient") {
    out.share = kShare;
    return out;
  }
  if (name == "file_request") {
    out.file_request = kFileRequest;
    return out;
  }
  if (name == "dock") {
    out.dock = kDock;
    return out;
  }
  if (name == "camera_system") {
    out.camera_system = kCameraSystem;
    return out;
  }
  out.person = kSelf;
  if (name == "program_token") {
    out.roles = {Role::kRecords};
    out.scopes = {Action::kUpload, Action::kList};
  } else {
    out.roles = {*parse_role(name)};
  }
  return out;
}

Item item_of(const std::string& actor, const std::string& relation, const std::string& state, const std::string& fact) {
  Item item;
  item.agency = relation == "foreign" ? kOtherAgency : kAgency;
  item.state = *parse_state(state);
  if (relation == "own") {
    item.assigned_officer = kSelf;
    if (actor == "dock") item.uploader = kDock;
    if (actor == "camera_system") item.uploader = kCameraSystem;
    if (actor == "file_request") item.uploader = kFileRequest;
  } else if (relation != "unattributed") {
    item.assigned_officer = kSomebody;
    if (actor == "dock") item.uploader = kOtherDock;
  }
  item.is_supervised = relation == "supervised" || relation == "unattributed";
  item.is_in_case = relation == "case";
  item.is_inside_home = fact == "home_unasked" ? std::nullopt : std::optional(fact.starts_with("home_"));
  item.is_victim_sensitive = fact == "sensitive";
  // A case of theirs is within everybody's scope.
  item.is_outside_scope = fact == "outside_scope" && relation != "case";
  item.is_cleared = fact == "cleared";
  item.is_proposed_by_actor = fact == "proposed";
  if (fact == "own_waits") item.own_viewing = OwnViewing::kAwaitsStatement;
  return item;
}

Basis basis_of(const std::string& purpose, const std::string& fact) {
  Basis basis;
  basis.purpose = *parse_purpose(purpose);
  basis.has_case = fact != "no_case";
  basis.is_related = fact != "home_warrant" && fact != "home_unrelated" && fact != "home_unasked";
  basis.has_warrant = fact == "home_warrant";
  return basis;
}

struct Case {
  std::string actor, action, relation, state, purpose, fact;

  std::string title() const { return fmt::format("{} {} {} {} {} {}", actor, action, relation, state, purpose, fact); }
  bool fits(const Row& row) const {
    return row.actor.fits(actor) && row.action.fits(action) && row.relation.fits(relation) && row.state.fits(state) &&
           row.purpose.fits(purpose) && row.fact.fits(fact);
  }
  Decision decided() const {
    Actor asker = actor_of(actor);
    asker.is_of_lead_agency = fact == "lead";
    return decide(asker, *parse_action(action), item_of(actor, relation, state, fact), basis_of(purpose, fact));
  }
};

std::vector<Case> all_cases() {
  std::vector<Case> out;
  for (const std::string& actor : actors()) {
    for (const std::string& action : words(all_action_names())) {
      const bool needs_purpose = action == "view" || action == "export" || action == "share";
      for (const std::string& relation : kRelations) {
        for (const std::string& state : states()) {
          for (const std::string& fact : kFacts) {
            for (const std::string& purpose : needs_purpose ? words(all_purpose_names()) : Names{"review"}) {
              out.push_back({actor, action, relation, state, purpose, fact});
            }
          }
        }
      }
    }
  }
  return out;
}

// What the code decides otherwise than a table says, in words; the first `limit` of it.
Names differences(const std::vector<Row>& rows, const std::vector<Case>& cases, std::size_t limit) {
  Names out;
  for (const Case& each : cases) {
    if (out.size() == limit) break;
    const Decision decision = each.decided();
    EXPECT_FALSE(decision.rule.empty());
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& candidate) { return each.fits(candidate); });
    if (row == rows.end()) {
      out.push_back("no row for " + each.title());
    } else if (answer_name(decision.answer) != row->answer) {
      out.push_back(fmt::format("{}: decided {} ({}); line {} says {} ({})", each.title(), answer_name(decision.answer),
                                decision.rule, row->line, row->answer, row->reason));
    }
  }
  return out;
}

// The cases that each row decides.
std::vector<std::vector<Case>> decided_by(const std::vector<Row>& rows) {
  std::vector<std::vector<Case>> out(rows.size());
  for (Case& each : all_cases()) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!each.fits(rows[i])) continue;
      out[i].push_back(std::move(each));
      break;
    }
  }
  return out;
}

TEST(AccessTable, EveryCaseIsDecidedAsItsRowSays) {
  const std::vector<Row> rows = read_table();
  const std::vector<Case> cases = all_cases();
  for (const std::string& wrong : differences(rows, cases, 20)) ADD_FAILURE() << wrong;
  std::printf("%zu rows, %zu cases\n", rows.size(), cases.size());
}

// The comparison above finds every row that is gone and every answer that is another. Only the cases that a row decides can
// tell: the others have the row that they had.
TEST(AccessTable, AWrongRowIsFound) {
  const std::vector<Row> rows = read_table();
  const std::vector<std::vector<Case>> cases = decided_by(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ASSERT_FALSE(cases[i].empty()) << "line " << rows[i].line << " decides nothing";
    std::vector<Row> without = rows;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(differences(without, cases[i], 1).empty()) << "line " << rows[i].line << " could be left out";
    for (const std::string& answer : kAnswers) {
      if (answer == rows[i].answer) continue;
      std::vector<Row> turned = rows;
      turned[i].answer = answer;
      EXPECT_EQ(differences(turned, cases[i], 1).size(), 1U) << "line " << rows[i].line << " said " << answer;
    }
  }
}

// Every operation of the contract says which action it is, and every action is some operation's.
TEST(AccessTable, EveryOperationOfTheContractIsAnAction) {
  std::ifstream file(std::string(LAPEL_SOURCE_DIR) + "/api/openapi.yaml");
  std::string line, pending;
  std::map<std::string, Names> by_action;
  std::size_t operations = 0;
  const auto after = [&](std::string_view key) -> std::optional<std::string> {
    const std::size_t begin = line.find_first_not_of(' ');
    if (begin == std::string::npos || !line.substr(begin).starts_with(key)) return std::nullopt;
    return line.substr(begin + key.size());
  };
  while (std::getline(file, line)) {
    if (const auto operation = after("operationId: ")) {
      EXPECT_TRUE(pending.empty()) << pending << " names no x-action";
      pending = *operation;
      ++operations;
    } else if (const auto actions = after("x-action: ")) {
      EXPECT_FALSE(pending.empty()) << "an x-action without an operation: " << line;
      for (const std::string& name : split(*actions, ' ')) {
        EXPECT_TRUE(parse_action(name)) << pending << ": " << name;
        by_action[name].push_back(pending);
      }
      pending.clear();
    }
  }
  EXPECT_TRUE(pending.empty()) << pending << " names no x-action";
  EXPECT_GT(operations, 30U);
  for (const std::string& name : words(all_action_names())) {
    EXPECT_TRUE(by_action.contains(name)) << "no operation is \"" << name << "\"";
  }
}

}  // namespace
}  // namespace lapel::access
