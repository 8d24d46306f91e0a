// SPDX-License-Identifier: Apache-2.0
#include "training/policies.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "crypto/sha256.h"
#include "http/answers.h"
#include "roster/assignments.h"
#include "roster/categories.h"
#include "training/checklist.h"
#include "training/diff.h"
#include "training/schema.h"
#include "training/version.h"

namespace lapel::training {
namespace {

constexpr std::int64_t kVersionsMax = 1'000;  // of one policy
constexpr std::int64_t kPoliciesMax = 200;

std::string digest_of(const std::string& body) {
  return hex(crypto::sha256(as_bytes(body)));
}

Result<std::string> body_of(db::Transaction& tx, const AgencyId& agency, const Version& version) {
  const db::Rows rows =
      TRY(tx.query("SELECT body FROM policy_texts WHERE agency = :agency AND sha256 = :sha256 LIMIT 1",
                   {{"agency", agency.text()}, {"sha256", version.sha256}}));
  std::string body = rows.empty() ? std::string() : rows[0].text("body");
  // What people acknowledge is what they are shown.
  if (rows.empty() || digest_of(body) != version.sha256)
    return fail(Code::kCorrupt, "The text of a policy in the catalog is damaged", version.sha256);
  return body;
}

Result<VersionText> text_of(const std::string& body) {
  auto text = parse_version(body);
  if (!text) return fail(Code::kCorrupt, "The text of a policy in the catalog is damaged");
  return *std::move(text);
}

Result<const Version*> find_version(const Policy& policy, std::int64_t number) {
  const Version* found = policy.version(number);
  if (!found) return fail(Code::kNotFound, "No such version", fmt::format("{} {}", policy.slug, number));
  return found;
}

struct Standing {
  std::optional<std::int64_t> number;
  std::optional<Timestamp> at;
};
// The highest version of it that the person has acknowledged.
Result<std::map<RowId, Standing>> acknowledged_by(db::Transaction& tx, const AgencyId& agency,
                                                  const std::vector<Policy>& policies, const PersonId& person) {
  std::map<RowId, Standing> out;
  for (const Acknowledgement& each : TRY(acknowledgements(tx, agency, policies, person))) {
    Standing& known = out[each.policy];
    if (!known.number || *known.number < each.number) known = {each.number, each.at};
  }
  return out;
}

Json::Object policy_json(const Policy& policy, const Standing& standing, Timestamp now) {
  const Version* current = policy.in_force(now);
  const Version* last = policy.versions.empty() ? nullptr : &policy.versions.back();
  const bool is_coming = last && last != current;
  return {{"id", policy.id.text()},
          {"slug", policy.slug},
          {"title", policy.title},
          {"requirement", requirement_json(policy.requirement)},
          {"number", current ? Json(current->number) : Json()},
          {"effective_at", current ? Json(ledger_time(current->effective)) : Json()},
          {"next", is_coming ? Json(last->number) : Json()},
          {"next_at", is_coming ? Json(ledger_time(last->effective)) : Json()},
          {"acknowledged", http::or_null(standing.number)},
          {"acknowledged_at", http::time_or_null(standing.at)}};
}

Json::Object version_json(const Version& version, const Version* current) {
  return {{"id", version.id.text()},
          {"number", version.number},
          {"effective_at", ledger_time(version.effective)},
          {"in_force", current == &version},
          {"sha256", version.sha256},
          {"note", http::text_or_null(version.note)},
          {"issued_at", ledger_time(version.issued_at)}};
}

// What the page and the command say of a clause that names a setting.
Json setting_json(const Clause& clause, const std::map<std::string, std::string>& in_force) {
  if (!clause.setting) return Json();
  const SettingKind* kind = setting_kind(clause.setting->name);
  const auto found = in_force.find(clause.setting->name);
  Json::Object out = {{"name", clause.setting->name},
                      {"title", kind ? Json(kind->title) : Json()},
                      {"says", clause.setting->value},
                      {"in_force", Json()},
                      {"agrees", Json()},
                      {"sentence", "Not enforced by Lapel"}};
  if (!kind || found == in_force.end()) return Json(std::move(out));
  const bool is_so = agrees(clause.setting->value, found->second);
  out["in_force"] = found->second;
  out["agrees"] = is_so;
  out["sentence"] =
      fmt::format("{}{}: {}", is_so ? "Enforced. " : fmt::format("Not so. The clause says {}. ", clause.setting->value),
                  kind->title, found->second);
  return Json(std::move(out));
}

Json::Array pieces_json(const std::vector<Piece>& pieces) {
  Json::Array out;
  for (const Piece& piece : pieces)
    out.push_back(Json::Object{{"how", change_name(piece.change)}, {"text", piece.text}});
  return out;
}

}  // namespace

Json requirement_json(const Requirement& requirement) {
  Json unit;
  if (requirement.unit) unit = Json::Object{{"id", requirement.unit->text()}, {"name", requirement.unit_name}};
  return Json(Json::Object{{"required", requirement.is_required}, {"unit", std::move(unit)}});
}

Result<std::optional<UnitId>> find_unit(db::Transaction& tx, const AgencyId& agency, const std::string& text) {
  if (text.empty()) return std::optional<UnitId>();
  const auto unit = TRY(roster::find_unit(tx, agency, text));
  if (!unit) return fail(Code::kNotFound, "No unit of this agency has that name", text);
  return unit;
}

std::string acknowledgement_statement(const AcknowledgedWords& words) {
  return canonical(Json(Json::Object{{"v", 1},
                                     {"ledger", words.ledger},
                                     {"policy", words.policy},
                                     {"number", words.number},
                                     {"sha256", words.sha256},
                                     {"person", words.person.text()}}));
}

std::string challenge_of(const std::string& statement) {
  return base64url(crypto::sha256(as_bytes(statement)));
}

Result<Json::Array> Policies::list(const access::Actor& actor) {
  TRY(require(actor, access::Action::kReadPolicies));
  const Timestamp now = parts_.clock.now();
  Json::Array out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    out.clear();
    const std::vector<Policy> all = TRY(policies(tx, actor.agency));
    std::map<RowId, Standing> mine = TRY(acknowledged_by(tx, actor.agency, all, actor.person));
    for (const Policy& policy : all) out.emplace_back(policy_json(policy, mine[policy.id], now));
    return {};
  }));
  return out;
}

Result<Json::Object> Policies::show(const access::Actor& actor, const std::string& text) {
  TRY(require(actor, access::Action::kReadPolicies));
  const Timestamp now = parts_.clock.now();
  Json::Object out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const Policy policy = TRY(find_policy(tx, actor.agency, text));
    std::map<RowId, Standing> mine = TRY(acknowledged_by(tx, actor.agency, {policy}, actor.person));
    out = policy_json(policy, mine[policy.id], now);
    Json::Array versions;
    for (const Version& version : policy.versions) versions.emplace_back(version_json(version, policy.in_force(now)));
    out.emplace("versions", std::move(versions));
    return {};
  }));
  return out;
}

Result<Json::Object> Policies::add(const access::Actor& actor, const New& wanted) {
  TRY(require(actor, access::Action::kManageTraining));
  if (!is_key(wanted.slug))
    return fail(Code::kInvalid, "\"slug\" must be of a-z, 0-9 and '-', beginning with a letter");
  TRY(check_words("A title", wanted.title));
  SubjectId console;
  std::optional<UnitId> unit;
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    console = TRY(console_of(tx, actor.agency));
    unit = TRY(find_unit(tx, actor.agency, wanted.unit));
    const std::vector<Policy> all = TRY(policies(tx, actor.agency));
    if (static_cast<std::int64_t>(all.size()) >= kPoliciesMax)
      return fail(Code::kConflict, fmt::format("There are {} policies already", all.size()));
    if (std::ranges::find(all, wanted.slug, &Policy::slug) != all.end())
      return fail(Code::kConflict, "There is a policy of that name: issue its next version", wanted.slug);
    return {};
  };
  TRY(parts_.database.read(look));
  Act act(actor);
  act.guard(look);
  const RowId id = act.make(kPolicies, console, {{"slug", wanted.slug}, {"title", wanted.title}});
  Json::Object required = {{"policy", id.text()}, {"required", wanted.is_required ? "yes" : "no"}};
  if (unit) required.emplace("unit", unit->text());
  act.make(kRequirements, console, std::move(required));
  TRY(act.commit(parts_.ledgers));
  return show(actor, id.text());
}

Result<Json::Object> Policies::issue(const access::Actor& actor, const std::string& text, const Issue& wanted) {
  TRY(require(actor, access::Action::kManageTraining));
  if (!wanted.note.empty()) TRY(check_words("A note", wanted.note));
  const WrittenVersion written = TRY(read_version(wanted.file));
  const Timestamp effective = ledger_moment(wanted.effective.value_or(parts_.clock.now()));
  SubjectId console;
  Policy policy;
  const auto look = [&](db::Transaction& tx) -> Result<void> {
    console = TRY(console_of(tx, actor.agency));
    policy = TRY(find_policy(tx, actor.agency, text));
    if (static_cast<std::int64_t>(policy.versions.size()) >= kVersionsMax)
      return fail(Code::kConflict, fmt::format("{} has {} versions already", policy.title, policy.versions.size()));
    if (!policy.versions.empty() && effective <= policy.versions.back().effective) {
      return fail(Code::kConflict, fmt::format("Version {} of {} is in force from {} on: a later one begins after it",
                                               policy.versions.back().number, policy.title,
                                               ledger_time(policy.versions.back().effective)));
    }
    return {};
  };
  TRY(parts_.database.read(look));
  const std::int64_t number = policy.versions.empty() ? 1 : policy.versions.back().number + 1;
  const std::string body = canonical_version({policy.slug, number}, written.text);
  const std::string sha256 = digest_of(body);
  Act act(actor);
  act.guard([&](db::Transaction& tx) -> Result<void> {
    TRY(look(tx));
    if (!policy.versions.empty() && policy.versions.back().number >= number)
      return fail(Code::kConflict, fmt::format("Version {} of {} was issued meanwhile", number, policy.title));
    TRY(tx.run("INSERT INTO policy_texts (agency, sha256, body) VALUES (:agency, :sha256, :body)",
               {{"agency", actor.agency.text()}, {"sha256", sha256}, {"body", body}}));
    return {};
  });
  Json::Object values = {{"policy", policy.id.text()},
                         {"number", number},
                         {"effective", ledger_time(effective)},
                         {"sha256", sha256},
                         {"right", right_text(written.right)}};
  if (!wanted.note.empty()) values.emplace("note", wanted.note);
  act.make(kVersions, console, std::move(values));
  TRY(act.commit(parts_.ledgers));
  return version(actor, text, number);
}

Result<std::map<std::string, std::string>> Policies::in_force(db::Transaction& tx, const AgencyId& agency,
                                                              const Policy& policy, Timestamp now) {
  std::map<std::string, std::string> out;
  if (settings_) out = TRY(settings_(tx, agency, now));
  out["own_viewing"] = roster::own_viewing_rule_name(TRY(roster::own_viewing_rule(tx, agency)));
  std::string names;
  for (const roster::Category& each : TRY(roster::categories(tx, agency))) {
    if (!each.retired_at) names += (names.empty() ? "" : ", ") + each.name;
  }
  out["categories"] = names.empty() ? "none" : names;
  out["policy_before_check_out"] = policy.requirement.is_required ? "required" : "not_required";
  const std::vector<Course> all = TRY(courses(tx, agency));
  const bool trains = std::ranges::any_of(all, [](const Course& each) { return each.requirement.is_required; });
  out["training_before_check_out"] = trains ? "required" : "not_required";
  for (const SettingKind& kind : settings()) {
    if (kind.always) out[std::string(kind.name)] = kind.always;
  }
  return out;
}

Result<Json::Object> Policies::version(const access::Actor& actor, const std::string& text,
                                       std::optional<std::int64_t> number) {
  TRY(require(actor, access::Action::kReadPolicies));
  const Timestamp now = parts_.clock.now();
  Json::Object out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const Policy policy = TRY(find_policy(tx, actor.agency, text));
    const Version* current = policy.in_force(now);
    const Version* wanted = current;
    if (!wanted && !policy.versions.empty()) wanted = &policy.versions.front();
    if (number) wanted = TRY(find_version(policy, *number));
    if (!wanted) return fail(Code::kNotFound, fmt::format("{} has no version yet", policy.title), policy.slug);
    const std::string body = TRY(body_of(tx, actor.agency, *wanted));
    const VersionText words = TRY(text_of(body));
    const std::map<std::string, std::string> settings = TRY(in_force(tx, actor.agency, policy, now));
    Json::Array clauses, check;
    for (const Clause& clause : words.clauses) {
      Json::Array items;
      for (const std::string& key : clause.items) {
        const ChecklistItem* item = checklist_item(key);
        items.push_back(Json::Object{{"key", key},
                                     {"area", item ? Json(item->area) : Json()},
                                     {"question", item ? Json(item->question) : Json()}});
      }
      clauses.push_back(Json::Object{{"key", clause.key},
                                     {"heading", clause.heading},
                                     {"text", clause.text},
                                     {"items", std::move(items)},
                                     {"setting", setting_json(clause, settings)}});
    }
    for (const Question& question : words.check) {
      check.push_back(Json::Object{{"question", question.question},
                                   {"choices", Json::Array(question.choices.begin(), question.choices.end())}});
    }
    std::optional<Timestamp> acknowledged_at;
    for (const Acknowledgement& each : TRY(acknowledgements(tx, actor.agency, {policy}, actor.person))) {
      if (each.version == wanted->id) acknowledged_at = each.at;
    }
    out = version_json(*wanted, current);
    out.emplace("policy", policy.slug);
    out.emplace("title", policy.title);
    out.emplace("clauses", std::move(clauses));
    out.emplace("check", std::move(check));
    out.emplace("acknowledged_at", http::time_or_null(acknowledged_at));
    out.emplace("text", body);
    return {};
  }));
  return out;
}

Result<Json::Object> Policies::changes(const access::Actor& actor, const std::string& text, std::int64_t number,
                                       std::optional<std::int64_t> since) {
  TRY(require(actor, access::Action::kReadPolicies));
  Json::Object out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const Policy policy = TRY(find_policy(tx, actor.agency, text));
    const Version* after = TRY(find_version(policy, number));
    std::optional<std::int64_t> from = since;
    if (!from) {
      for (const Acknowledgement& each : TRY(acknowledgements(tx, actor.agency, {policy}, actor.person))) {
        if (each.number < number && (!from || *from < each.number)) from = each.number;
      }
    }
    if (!from && number > 1) from = number - 1;
    VersionText before, now = TRY(text_of(TRY(body_of(tx, actor.agency, *after))));
    if (from) {
      const Version* old = TRY(find_version(policy, *from));
      before = TRY(text_of(TRY(body_of(tx, actor.agency, *old))));
    }
    Json::Array clauses;
    for (const ClauseChange& each : changed_clauses(before, now)) {
      clauses.push_back(Json::Object{{"key", each.key},
                                     {"change", change_name(each.change)},
                                     {"heading", pieces_json(each.heading)},
                                     {"text", pieces_json(each.text)},
                                     {"mapping", http::text_or_null(each.mapping)}});
    }
    out = {{"policy", policy.slug},
           {"title", policy.title},
           {"number", number},
           {"since", http::or_null(from)},
           {"clauses", std::move(clauses)},
           {"check_changed", from.has_value() && before.check != now.check}};
    return {};
  }));
  return out;
}

Result<Json::Object> Policies::checklist(const access::Actor& actor) {
  TRY(require(actor, access::Action::kReadPolicies));
  const Timestamp now = parts_.clock.now();
  Json::Object out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    std::map<std::string, Json::Array> spoken;  // by item
    for (const Policy& policy : TRY(policies(tx, actor.agency))) {
      const Version* current = policy.in_force(now);
      if (!current) continue;
      const VersionText words = TRY(text_of(TRY(body_of(tx, actor.agency, *current))));
      for (const Clause& clause : words.clauses) {
        for (const std::string& item : clause.items) {
          spoken[item].push_back(Json::Object{
              {"policy", policy.slug}, {"title", policy.title}, {"clause", clause.key}, {"heading", clause.heading}});
        }
      }
    }
    Json::Array items, known;
    for (const ChecklistItem& item : training::checklist()) {
      items.push_back(Json::Object{{"key", item.key},
                                   {"area", item.area},
                                   {"question", item.question},
                                   {"clauses", std::move(spoken[std::string(item.key)])}});
    }
    const std::map<std::string, std::string> values = TRY(in_force(tx, actor.agency, {}, now));
    for (const SettingKind& kind : settings()) {
      const auto found = values.find(std::string(kind.name));
      // Of a policy, which is none here.
      const bool is_of_policy = kind.name == "policy_before_check_out";
      known.push_back(Json::Object{{"name", kind.name},
                                   {"title", kind.title},
                                   {"values", kind.values},
                                   {"in_force", found == values.end() || is_of_policy ? Json() : Json(found->second)}});
    }
    out = {{"items", std::move(items)}, {"settings", std::move(known)}};
    return {};
  }));
  return out;
}

Result<Policies::Ready> Policies::judge(const access::Actor& actor, const std::string& text, std::int64_t number,
                                        const std::vector<std::int64_t>& answers) {
  TRY(require(actor, access::Action::kReadPolicies));
  const std::string origin = TRY(parts_.ledgers.find(actor.agency))->terms().origin;
  Ready out;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const Policy policy = TRY(find_policy(tx, actor.agency, text));
    const Version* version = TRY(find_version(policy, number));
    for (const Acknowledgement& each : TRY(acknowledgements(tx, actor.agency, {policy}, actor.person))) {
      if (each.version == version->id) {
        return fail(Code::kConflict,
                    fmt::format("You acknowledged version {} of {} at {}", number, policy.title, ledger_time(each.at)));
      }
    }
    out = {training::judge(version->right, answers), {}};
    if (out.wrong.empty())
      out.statement = acknowledgement_statement({origin, policy.slug, number, version->sha256, actor.person});
    return {};
  }));
  return out;
}

Result<Json::Object> Policies::acknowledge(const access::Actor& actor, const std::string& text, std::int64_t number,
                                           const std::vector<std::int64_t>& answers,
                                           const std::optional<PasskeyProof>& proof) {
  if (!TRY(judge(actor, text, number, answers)).wrong.empty())
    return fail(Code::kConflict, "Answer every question of the check right first");
  Json::Object values;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    const Policy policy = TRY(find_policy(tx, actor.agency, text));
    const Version* version = TRY(find_version(policy, number));
    values = {{"policy", policy.id.text()},
              {"version", version->id.text()},
              {"sha256", version->sha256},
              {"proof", proof ? "passkey" : "second_factor"}};
    return {};
  }));
  if (proof) {
    values.emplace("credential", proof->credential);
    values.emplace("algorithm", proof->algorithm);
    values.emplace("public_key", proof->public_key);
    values.emplace("rp_id", proof->rp_id);
    values.emplace("authenticator_data", proof->authenticator_data);
    values.emplace("client_data", proof->client_data);
    values.emplace("signature", proof->signature);
  }
  Act act(actor);
  // Twice at once: the second meets the first.
  act.guard([&](db::Transaction& tx) -> Result<void> {
    const db::Rows rows =
        TRY(tx.query("SELECT id FROM policy_acknowledgements WHERE version = :version AND person = :person LIMIT 1",
                     {{"version", *values.at("version").string()}, {"person", actor.person.text()}}));
    return rows.empty() ? Result<void>() : Result<void>(fail(Code::kConflict, "You have acknowledged this already"));
  });
  act.make(kAcknowledgements, actor.person, values);
  TRY(act.commit(parts_.ledgers));
  return version(actor, text, number);
}

Result<Json::Object> Policies::require_first(const access::Actor& actor, const Requiring& wanted) {
  TRY(require(actor, access::Action::kManageTraining));
  if (wanted.policy.empty() == wanted.course.empty())
    return fail(Code::kInvalid, "Name a policy or a course, and not both");
  TRY(check_words("A reason", wanted.reason));
  SubjectId console;
  Json::Object values = {{"required", wanted.is_required ? "yes" : "no"}, {"reason", wanted.reason}};
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    console = TRY(console_of(tx, actor.agency));
    if (wanted.policy.empty()) {
      values.insert_or_assign("course", TRY(find_course(tx, actor.agency, wanted.course)).id.text());
    } else {
      values.insert_or_assign("policy", TRY(find_policy(tx, actor.agency, wanted.policy)).id.text());
    }
    if (const auto unit = TRY(find_unit(tx, actor.agency, wanted.unit))) values.insert_or_assign("unit", unit->text());
    return {};
  }));
  Act act(actor);
  act.make(kRequirements, console, values);
  TRY(act.commit(parts_.ledgers));
  Requirement made;
  TRY(parts_.database.read([&](db::Transaction& tx) -> Result<void> {
    made = wanted.policy.empty() ? TRY(find_course(tx, actor.agency, wanted.course)).requirement
                                 : TRY(find_policy(tx, actor.agency, wanted.policy)).requirement;
    return {};
  }));
  return *requirement_json(made).object();
}

}  // namespace lapel::training
