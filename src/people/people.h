// SPDX-License-Identifier: Apache-2.0
#pragma once
// The facts that access stands on, as people change them: roles, who is still active, units, cases, who was what when, filed
// statements, the agency's rule of own viewing; and what a person may do by them.
//
// Owns: the events person.active, assignment.began, assignment.ended, statement.recorded and statement.withdrawn (in the
//   person's chain), unit.added, case.opened and rule.changed (in that of the server's console), and person.roles wherever
//   roles change after a person's entry; the tables are roster's.
// Promises: nothing is true here that the ledger does not say: row and event are sealed together. Whoever changes a fact
//   is asked for the right to that kind of it, and nobody changes those about themselves that two people must decide. Nobody
//   chooses another's password: who is added gets a link, by which they choose their own.
// Fails with: problems::kRule, kNotFound, kConflict (taken, ended, there already), problems::kLastAdministrator, kInvalid.
// Threads: any; calls block.

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "db/db.h"
#include "ledger/ledgers.h"
#include "roster/assignments.h"
#include "roster/categories.h"
#include "roster/lists.h"
#include "roster/roster.h"

namespace lapel::people {

class People {
 public:
  struct Link {
    std::string secret;
    Timestamp expires_at;
  };
  struct Parts {
    db::Database& database;
    ledger::Ledgers& ledgers;
    const Clock& clock;
    // Somebody's activity is changed by hand, in that transaction. Whether something else had deactivated them.
    std::function<Result<bool>(db::Transaction&, const PersonId&)> by_hand;
    // The link by which a person without a password chooses one; the link before counts no more. kConflict where they sign in
    // already, by whatever it is.
    std::function<Result<Link>(db::Transaction&, const PersonId& person, const PersonId& by)> invite;
    // Why somebody may not be given a camera now, in a sentence; nullopt: they may. Null: nothing has to come first. What is entered
    // of a time that is over is history, and is not asked.
    std::function<Result<std::optional<std::string>>(db::Transaction&, const AgencyId&, const PersonId&)> bar = nullptr;
  };
  explicit People(Parts parts) : parts_(std::move(parts)) {}

  Result<std::vector<roster::Person>> list(const access::Actor& actor);
  Result<roster::Person> show(const access::Actor& actor, const std::string& person);
  struct NewPerson {
    std::string login;
    std::string name;  // empty: the login
    std::optional<std::string> badge;
    std::vector<std::string> roles;
  };
  struct Invited {
    roster::Person person;
    Link link;
  };
  Result<Invited> add(const access::Actor& actor, const NewPerson& wanted);
  // Another link for somebody who has not used theirs.
  Result<Invited> invite(const access::Actor& actor, const std::string& person);
  // All that the person holds from now on, by name. What they may do changes with their next request.
  Result<roster::Person> change_roles(const access::Actor& actor, const std::string& person,
                                      const std::vector<std::string>& roles, const std::string& reason);
  enum class Activity { kActive, kInactive };
  // By hand: also of somebody whom a directory has deactivated, who stays so then whatever it says.
  Result<roster::Person> change_activity(const access::Actor& actor, const std::string& person, Activity activity,
                                         const std::string& reason);

  Result<std::vector<roster::Unit>> units(const access::Actor& actor);
  Result<roster::Unit> add_unit(const access::Actor& actor, const std::string& name);
  // Those that stand and those that are retired. Whoever describes recordings is told, and whoever sees the roster.
  Result<std::vector<roster::Category>> categories(const access::Actor& actor);
  Result<roster::Category> add_category(const access::Actor& actor, const std::string& name);
  // For what is described from now on; recordings keep what they were given.
  Result<roster::Category> retire_category(const access::Actor& actor, const CategoryId& id, const std::string& reason);
  Result<std::vector<roster::Case>> cases(const access::Actor& actor);
  Result<roster::Case> add_case(const access::Actor& actor, const std::string& number, const std::string& title);

  // Those that the actor may know of: who is investigated, or cleared, is not for everybody who sees the roster.
  // A page of them, as `page` has it.
  Result<Page<roster::Assignment>> assignments(const access::Actor& actor, const roster::AssignmentQuery& query,
                                               const PageQuery& page);

  // `person` is an id or a login; `target` as people write it: a badge, a serial, a unit's name, a case's number, a
  // restriction, nothing.
  struct Beginning {
    roster::AssignmentKind kind = roster::AssignmentKind::kUnit;
    std::string person, target;
    std::optional<Timestamp> from, until;  // from: now, or the beginning of time for a person's first of its kind
  };
  Result<roster::Assignment> begin(const access::Actor& actor, const Beginning& beginning);
  // Of one that the actor may see.
  Result<roster::AssignmentKind> kind_of(const access::Actor& actor, const AssignmentId& id);
  Result<roster::Assignment> end(const access::Actor& actor, const AssignmentId& id, std::optional<Timestamp> until,
                                 const std::string& reason);

  // What of setting an agency up is done, beside what whoever asks does for themselves.
  struct FirstSteps {
    bool has_people = false;  // somebody beside the first
    bool has_dock = false;
    bool has_rule = false;  // of own viewing; that it stays as it is counts once it is said
  };
  Result<FirstSteps> first_steps(const access::Actor& actor);

  // A person's, the latest first.
  Result<Page<roster::Statement>> statements(const access::Actor& actor, const std::string& person,
                                             const PageQuery& page);
  Result<void> record_statement(const access::Actor& actor, const std::string& person, const std::string& incident,
                                std::optional<Timestamp> filed_at);
  // Of the wrong officer or incident: what opened by it is closed with the next request, and it stays on record.
  Result<void> withdraw_statement(const access::Actor& actor, const std::string& person, const std::string& incident,
                                  const std::string& reason);

  Result<roster::OwnViewingRule> own_viewing(const access::Actor& actor);
  Result<void> set_own_viewing(const access::Actor& actor, roster::OwnViewingRule rule, const std::string& reason);

  // What a person may do today with a recording that stands so to them, and by which rule: nothing, while they are
  // deactivated.
  struct Right {
    access::Action action = access::Action::kPublic;
    std::optional<access::Purpose> purpose;  // of a view
    std::string_view relation;               // "own", "supervised", "other"
    access::Decision decision;
  };
  struct Rights {
    roster::Person person;
    std::vector<roster::Assignment> assignments;
    std::vector<Right> rights;
  };
  Result<Rights> rights(const access::Actor& actor, const std::string& person);

 private:
  Result<roster::Person> find(const access::Actor& actor, const std::string& person);
  // The person, once the actor may manage people, and this one.
  Result<roster::Person> find_to_manage(const access::Actor& actor, const std::string& person);
  Result<roster::Assignment> find_assignment(const access::Actor& actor, const AssignmentId& id);
  Result<void> check_bar(db::Transaction& tx, const roster::Assignment& made, Timestamp now);
  Result<std::string> target_of(db::Transaction& tx, const access::Actor& actor, const Beginning& beginning);
  Result<roster::OwnViewingRule> stored_own_viewing(const AgencyId& agency);
  Result<PersonId> console(const access::Actor& actor);
  Result<void> commit(const access::Actor& actor, std::vector<ledger::Draft> events, ledger::RowsStep rows);

  const Parts parts_;
};

}  // namespace lapel::people
