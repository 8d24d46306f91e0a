// SPDX-License-Identifier: Apache-2.0
#include "audit/facts_check.h"

#include <charconv>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "db/pages.h"
#include "proof/entry.h"
#include "roster/holds_check.h"
#include "roster/told.h"

namespace lapel::audit {
namespace {

constexpr std::int64_t kPage = 1'000;

using roster::quoted;
using roster::told;

using Lines = std::set<std::string>;

std::string time_of(const db::Row& row, std::string_view column) {
  return told(column_time(row.maybe_text(column)));
}

struct Assigned {
  std::string person, kind, target, from, until = "nothing";
};

std::string line_of(const std::string& id, const Assigned& assigned) {
  // A badge that its person was entered with is theirs from then, or from the beginning where nobody had it before.
  const std::string beginning = ledger_time(Timestamp{0});
  std::string_view from = assigned.from;
  if (id == assigned.person && assigned.from == beginning) from = "their entry";
  return fmt::format("assignment {}: {} {} of person {} from {} until {}", id, assigned.kind, assigned.target,
                     assigned.person, from, assigned.until);
}

std::string statement_line(const std::string& person, const std::string& incident, const std::string& filed,
                           const std::string& withdrawn) {
  return fmt::format("statement of person {} on incident {} filed {} taken back {}", person, incident, filed,
                     withdrawn);
}

// Shares as their events tell them: what each is, what became of it first, and how often it was opened.
class SharesByEvents {
 public:
  void add(const std::string& subject, const std::string& type, const Json& event) {
    if (type == "share.made") {
      std::string cap = "nothing";
      if (const std::int64_t* number = event.find_integer("views_max")) cap = std::to_string(*number);
      lines_.insert(share_line(
          subject,
          {told(event, "actor"), told(event, "kind"), quoted(event, "recipient"), quoted(event, "organization"),
           told(event, "purpose"), quoted(event, "case"), quoted(event, "warrant"), quoted(event, "order"),
           told(event, "link"), told(event, "at"), told(event, "until"), cap, event.find("waits") != nullptr}));
      views_.try_emplace(subject, 0);
    } else if (type == "share.code_failed") {
      code_failed_[subject] = told(event, "at");
    } else if (type.starts_with("share.")) {
      first(fmt::format("share {} {}", subject, type.substr(6)), event);
      if (type == "share.failed") lines_.insert(failure_line(subject, quoted(event, "reason")));
    } else if (type == "recording.shared") {
      lines_.insert(item_line(told(event, "share"), subject, told(event, "restriction")));
    } else {
      const std::string share = told(event, "share");
      if (told(event, "use") == "download") first(fmt::format("share {} downloaded {}", share, subject), event);
      if (event.find("view") == nullptr) return;
      lines_.insert(view_line(told(event, "view"), share, told(event, "use"), subject));
      ++views_[share];
    }
  }
  void finish(Lines& out) const {
    out.insert(lines_.begin(), lines_.end());
    for (const auto& [share, count] : views_) out.insert(fmt::format("share {} opened {} times", share, count));
    for (const auto& [share, at] : code_failed_) out.insert(fmt::format("share {} code_failed {}", share, at));
  }

  struct Terms {
    std::string maker, kind, recipient, organization, purpose, case_number, warrant, order, link, made, until, cap;
    bool waits = false;  // for being prepared, as all do since there is an event of that
  };
  static std::string share_line(const std::string& id, const Terms& t) {
    return fmt::format(
        "share {} by {}: {} to {} of {} for {}, case {}, warrant {}, order {}, link {}, made {} until {}, cap {}{}", id,
        t.maker, t.kind, t.recipient, t.organization, t.purpose, t.case_number, t.warrant, t.order, t.link, t.made,
        t.until, t.cap, t.waits ? ", prepared later" : "");
  }
  static std::string failure_line(const std::string& share, const std::string& reason) {
    return fmt::format("share {} could not be prepared: {}", share, reason);
  }
  static std::string item_line(const std::string& share, const std::string& recording, const std::string& restriction) {
    return fmt::format("share {} of recording {}, restricted then as {}", share, recording, restriction);
  }
  static std::string view_line(const std::string& view, const std::string& share, const std::string& use,
                               const std::string& recording) {
    return fmt::format("view {} of share {}: {} of recording {}", view, share, use, recording);
  }

 private:
  // What happens more than once is in the catalog as it was the first time.
  void first(const std::string& what, const Json& event) {
    if (seen_.insert(what).second) lines_.insert(what + " " + told(event, "at"));
  }
  Lines lines_, seen_;
  std::map<std::string, std::int64_t> views_;       // by share
  std::map<std::string, std::string> code_failed_;  // by share: when last, which is what the catalog keeps
};
std::string token_line(const std::string& id, const std::string& person, const std::string& scopes,
                       const std::string& made, const std::string& expires) {
  return fmt::format("token {} of person {} for {} made {} until {}", id, person, scopes, made, expires);
}
std::string revoked_line(const std::string& id, const std::string& at) {
  return fmt::format("token {} revoked {}", id, at);
}

// An agency that the lead agency hosts. Those from before are in no event.
Result<void> check_hosted(db::Transaction& tx, const Json& event, const std::function<void(std::string)>& fault) {
  const std::string id = told(event, "agency");
  const std::string said = fmt::format("{}, {}", quoted(event, "name"), quoted(event, "slug"));
  const db::Params one = {{"id", id}};
  const db::Rows rows =
      TRY(tx.query("SELECT CAST(name AS TEXT) AS name, CAST(slug AS TEXT) AS slug FROM agencies WHERE id = :id", one));
  std::string kept;
  for (const db::Row& row : rows) kept = fmt::format("{}, {}", quoted(row, "name"), quoted(row, "slug"));
  if (kept != said) fault(fmt::format("agency {}: an event says {}, and the catalog does not", id, said));
  return {};
}

std::string rule_line(const std::string& rule, const std::string& value) {
  return fmt::format("rule {}: {}", rule, value);
}

// `tokens_since`: when the first token was made that there is an event of; empty where there is none.
Result<Lines> by_events(db::Transaction& tx, const std::string& agency, const std::function<void(std::string)>& fault,
                        std::string& tokens_since) {
  Lines out;
  std::map<std::string, Assigned> assignments;
  std::set<std::string> worn_before, from_beginning;  // badges; people whose entry badge nobody had before
  std::map<std::string, std::string> rules;           // as they were changed last
  SharesByEvents shares;
  roster::HoldFacts holds;
  for (std::int64_t after = -1;;) {
    const db::Params page = {{"agency", agency}, {"after", after}, {"limit", kPage}};
    const db::Rows rows = TRY(tx.query(
        "SELECT subject, n, leaf_index, type, event FROM ledger_events WHERE agency = :agency AND leaf_index > "
        ":after AND type IN ('identity.bound', 'assignment.began', 'assignment.ended', 'statement.recorded', "
        "'statement.withdrawn', "
        "'unit.added', 'category.added', 'category.retired', 'case.opened', 'rule.changed', 'recording.released', "
        "'agency.added', 'hold.placed', "
        "'hold.released', 'proposal.made', 'proposal.approved', 'proposal.refused', 'proposal.withdrawn', "
        "'token.made', 'token.revoked', 'share.made', "
        "'share.prepared', 'share.failed', 'share.opened', 'share.accepted', 'share.received', 'share.revoked', "
        "'share.code_failed', "
        "'recording.shared', "
        "'recording.received') "
        "ORDER BY leaf_index LIMIT :limit",
        page));
    if (rows.empty()) break;
    for (const db::Row& row : rows) {
      after = row.integer("leaf_index");
      const std::string& subject = row.text("subject");
      const std::string& type = row.text("type");
      const auto event = proof::parse_event(row.text("event"));
      if (!event) continue;  // told with its chain
      if (type == "identity.bound") {
        if (row.integer("n") == 0 && event->find("badge")) {
          assignments[subject] = {subject, "badge", told(*event, "badge"), told(*event, "from")};
          if (worn_before.insert(told(*event, "badge")).second) from_beginning.insert(subject);
        }
      } else if (type == "assignment.began") {
        const bool has_target = event->find("target") != nullptr;
        if (told(*event, "kind") == "badge") worn_before.insert(told(*event, "target"));
        assignments[told(*event, "assignment")] = {subject, told(*event, "kind"),
                                                   has_target ? told(*event, "target") : "", told(*event, "from"),
                                                   told(*event, "until")};
      } else if (type == "assignment.ended") {
        const auto found = assignments.find(told(*event, "assignment"));
        if (found == assignments.end() || found->second.person != subject) {
          fault(fmt::format("person {}: event {} ends an assignment that none began", subject, row.integer("n")));
        } else {
          found->second.until = told(*event, "until");
        }
      } else if (type == "statement.recorded") {
        out.insert(statement_line(subject, told(*event, "incident"), told(*event, "filed_at"), "nothing"));
      } else if (type == "statement.withdrawn") {
        const std::string incident = told(*event, "incident"), filed = told(*event, "filed_at");
        if (out.erase(statement_line(subject, incident, filed, "nothing")) == 0) {
          fault(
              fmt::format("person {}: event {} takes back a statement that does not stand", subject, row.integer("n")));
        }
        out.insert(statement_line(subject, incident, filed, told(*event, "at")));
      } else if (type == "unit.added") {
        out.insert(fmt::format("unit {}: {}", told(*event, "unit"), told(*event, "name")));
      } else if (type == "category.added") {
        out.insert(fmt::format("category {}: {}", told(*event, "category"), told(*event, "name")));
      } else if (type == "category.retired") {
        out.insert(fmt::format("category {} is retired", told(*event, "category")));
      } else if (type == "case.opened") {
        std::string title;
        if (event->find("title")) title = told(*event, "title");
        out.insert(fmt::format("case {}: {} {}", told(*event, "case"), told(*event, "number"), title));
      } else if (type.starts_with("share.") || type == "recording.shared" || type == "recording.received") {
        shares.add(subject, type, *event);
      } else if (type == "recording.released") {
        out.insert(fmt::format("release of recording {} to person {}", subject, told(*event, "officer")));
      } else if (type == "agency.added") {
        TRY(check_hosted(tx, *event, fault));
      } else if (type.starts_with("hold.") || type.starts_with("proposal.")) {
        holds.event(subject, type, *event, fault);
      } else if (type == "token.made") {
        if (tokens_since.empty()) tokens_since = told(*event, "at");
        std::string scopes = "everything";
        if (event->find("scopes")) scopes = told(*event, "scopes");
        out.insert(token_line(told(*event, "token"), subject, scopes, told(*event, "at"), told(*event, "expires")));
      } else if (type == "token.revoked") {
        out.insert(revoked_line(told(*event, "token"), told(*event, "at")));
      } else {
        rules[told(*event, "rule")] = told(*event, "new");
      }
    }
  }
  for (auto& [id, assigned] : assignments) {
    if (id == assigned.person && from_beginning.contains(id)) assigned.from = ledger_time(Timestamp{0});
    out.insert(line_of(id, assigned));
  }
  shares.finish(out);
  holds.add_lines(out);
  for (const auto& [rule, value] : rules) out.insert(rule_line(rule, value));
  return out;
}

// Every row of one table as a line, `sql` selecting columns as text.
template <typename Line>
Result<void> add_rows(db::Transaction& tx, const std::string& agency, std::string_view table, std::string_view columns,
                      std::string_view place, Lines& out, Line&& line) {
  const std::string sql = fmt::format(
      "SELECT {}, CAST({} AS TEXT) AS place FROM {} WHERE agency = :agency AND {} ORDER BY place LIMIT :limit", columns,
      place, table, db::is_on_next_page(fmt::format("CAST({} AS TEXT)", place)));
  return db::for_rows(tx, sql, {{"agency", agency}, {"limit", kPage}}, "place",
                      [&](const db::Row& row) -> Result<void> {
                        out.insert(line(row));
                        return {};
                      });
}

Result<Lines> by_catalog(db::Transaction& tx, const std::string& agency) {
  Lines out;
  const auto assignment = [](const db::Row& row) {
    return line_of(told(row, "id"), {told(row, "person"), told(row, "kind"), told(row, "target"),
                                     time_of(row, "from_us"), time_of(row, "until_us")});
  };
  TRY(add_rows(tx, agency, "assignments",
               "CAST(id AS TEXT) AS id, CAST(person AS TEXT) AS person, CAST(kind AS TEXT) AS kind, CAST(target AS "
               "TEXT) AS target, CAST(from_us AS TEXT) AS from_us, CAST(until_us AS TEXT) AS until_us",
               "id", out, assignment));
  const auto statement = [](const db::Row& row) {
    return statement_line(told(row, "person"), told(row, "incident"), time_of(row, "filed_us"),
                          time_of(row, "withdrawn_us"));
  };
  TRY(add_rows(tx, agency, "statements",
               "CAST(person AS TEXT) AS person, CAST(incident AS TEXT) AS incident, CAST(filed_us AS TEXT) AS "
               "filed_us, CAST(nullif(withdrawn_us, 0) AS TEXT) AS withdrawn_us",
               "person || ' ' || incident || ' ' || CAST(withdrawn_us AS TEXT)", out, statement));
  const auto unit = [](const db::Row& row) { return fmt::format("unit {}: {}", told(row, "id"), told(row, "name")); };
  TRY(add_rows(tx, agency, "units", "CAST(id AS TEXT) AS id, CAST(name AS TEXT) AS name", "id", out, unit));
  const auto category = [&](const db::Row& row) {
    if (!row.is_null("retired")) out.insert(fmt::format("category {} is retired", told(row, "id")));
    return fmt::format("category {}: {}", told(row, "id"), told(row, "name"));
  };
  TRY(add_rows(tx, agency, "categories",
               "CAST(id AS TEXT) AS id, CAST(name AS TEXT) AS name, CAST(retired_us AS TEXT) AS retired", "id", out,
               category));
  const auto opened = [](const db::Row& row) {
    return fmt::format("case {}: {} {}", told(row, "id"), told(row, "number"), told(row, "title"));
  };
  TRY(add_rows(tx, agency, "cases",
               "CAST(id AS TEXT) AS id, CAST(number AS TEXT) AS number, CAST(title AS TEXT) AS title", "id", out,
               opened));
  const auto release = [](const db::Row& row) {
    return fmt::format("release of recording {} to person {}", told(row, "recording"), told(row, "person"));
  };
  TRY(add_rows(tx, agency, "releases", "CAST(recording AS TEXT) AS recording, CAST(person AS TEXT) AS person",
               "recording || ' ' || person", out, release));
  const auto share = [&](const db::Row& row) {
    const std::string id = told(row, "id");
    for (const char* step : {"prepared", "failed", "revoked", "opened", "accepted", "received", "code_failed"}) {
      if (!row.is_null(step)) out.insert(fmt::format("share {} {} {}", id, step, time_of(row, step)));
    }
    if (!row.is_null("failure")) out.insert(SharesByEvents::failure_line(id, quoted(row, "failure")));
    out.insert(fmt::format("share {} opened {} times", id, told(row, "views_used")));
    return SharesByEvents::share_line(
        id, {told(row, "maker"), told(row, "kind"), quoted(row, "recipient"), quoted(row, "organization"),
             told(row, "purpose"), quoted(row, "case_number"), quoted(row, "warrant"), quoted(row, "order_text"),
             told(row, "link"), time_of(row, "made_us"), time_of(row, "ends_us"), told(row, "views_max"),
             told(row, "waits") != "0"});
  };
  TRY(add_rows(
      tx, agency, "shares",
      "CAST(id AS TEXT) AS id, CAST(maker AS TEXT) AS maker, CAST(kind AS TEXT) AS kind, CAST(recipient AS TEXT) "
      "AS recipient, CAST(organization AS TEXT) AS organization, CAST(purpose AS TEXT) AS purpose, "
      "CAST(case_number AS TEXT) AS case_number, CAST(warrant AS TEXT) AS warrant, CAST(order_text AS TEXT) AS "
      "order_text, CAST(secret_sha256 AS TEXT) AS link, CAST(made_us AS TEXT) AS made_us, CAST(ends_us AS TEXT) "
      "AS ends_us, CAST(views_max AS TEXT) AS views_max, CAST(views_used AS TEXT) AS views_used, "
      "CAST(revoked_us AS TEXT) AS revoked, CAST(opened_us AS TEXT) AS opened, CAST(accepted_us AS TEXT) AS "
      "accepted, CAST(received_us AS TEXT) AS received, CAST(prepared_us AS TEXT) AS prepared, CAST(failed_us AS TEXT) "
      "AS failed, CAST(failure AS TEXT) AS failure, CAST(waits AS TEXT) AS waits, CAST(code_failed_us AS TEXT) AS "
      "code_failed",
      "id", out, share));
  const auto item = [&](const db::Row& row) {
    if (!row.is_null("downloaded_us"))
      out.insert(fmt::format("share {} downloaded {} {}", told(row, "share"), told(row, "recording"),
                             time_of(row, "downloaded_us")));
    return SharesByEvents::item_line(told(row, "share"), told(row, "recording"), told(row, "restriction"));
  };
  TRY(add_rows(tx, agency, "share_items",
               "CAST(share AS TEXT) AS share, CAST(recording AS TEXT) AS recording, CAST(restriction AS TEXT) AS "
               "restriction, CAST(downloaded_us AS TEXT) AS downloaded_us",
               "share || ' ' || CAST(n AS TEXT)", out, item));
  const auto view = [](const db::Row& row) {
    return SharesByEvents::view_line(told(row, "id"), told(row, "share"), told(row, "use_as"), told(row, "recording"));
  };
  TRY(add_rows(
      tx, agency, "share_views",
      "CAST(id AS TEXT) AS id, CAST(share AS TEXT) AS share, CAST(use_as AS TEXT) AS use_as, (SELECT "
      "CAST(i.recording AS TEXT) FROM share_items i WHERE i.share = share_views.share AND i.n = share_views.n) "
      "AS recording",
      "id", out, view));
  const auto rule = [](const db::Row& row) { return rule_line("own_viewing", told(row, "own_viewing")); };
  TRY(add_rows(tx, agency, "agency_rules", "CAST(own_viewing AS TEXT) AS own_viewing", "agency", out, rule));
  TRY(roster::add_hold_rows(tx, agency, out));
  return out;
}

// How people sign in, of which events say what was changed since there are such events. Of what was set before, nothing is known;
// but a token that was made since then is none of before, whatever its row says.
struct SignInFacts {
  Lines sealed, before;
  std::size_t tokens_before = 0;
};
Result<SignInFacts> sign_in_facts(db::Transaction& tx, const std::string& agency, const Lines& events,
                                  const std::string& tokens_since, const std::function<void(std::string)>& note) {
  SignInFacts out;
  const auto token = [&](const db::Row& row) {
    const std::string id = told(row, "id"), made = time_of(row, "created_us");
    std::string scopes = told(row, "scopes");
    if (scopes.empty()) scopes = "everything";
    // Times of the ledger sort as they are written.
    const std::string said = told(row, "is_sealed");
    const bool is_sealed = said != "0" || (!tokens_since.empty() && made >= tokens_since);
    if (!is_sealed) ++out.tokens_before;
    Lines& lines = is_sealed ? out.sealed : out.before;
    if (!row.is_null("revoked_us")) lines.insert(revoked_line(id, time_of(row, "revoked_us")));
    std::string line = token_line(id, told(row, "person"), scopes, made, time_of(row, "expires_us"));
    if (!is_sealed) out.before.insert(line);
    return line;
  };
  TRY(add_rows(
      tx, agency,
      "(SELECT t.id AS id, t.person AS person, t.scopes AS scopes, t.created_us AS created_us, t.expires_us AS "
      "expires_us, t.revoked_us AS revoked_us, t.is_sealed AS is_sealed, p.agency AS agency FROM tokens t "
      "JOIN people p ON p.id = t.person) held",
      "CAST(id AS TEXT) AS id, CAST(person AS TEXT) AS person, CAST(scopes AS TEXT) AS scopes, "
      "CAST(created_us AS TEXT) AS created_us, CAST(expires_us AS TEXT) AS expires_us, CAST(revoked_us AS "
      "TEXT) AS revoked_us, CAST(is_sealed AS TEXT) AS is_sealed",
      "id", out.sealed, token));
  for (const std::string& line : out.before) out.sealed.erase(line);
  const auto was_changed = [&](const std::string& rule) {
    const std::string start = rule_line(rule, "");
    const auto next = events.lower_bound(start);
    return next != events.end() && next->starts_with(start);
  };
  const db::Params mine = {{"agency", agency}};
  const db::Rows rules =
      TRY(tx.query("SELECT CAST(second_factor AS TEXT) AS second_factor, CAST(banner AS TEXT) AS banner, "
                   "CAST(idle_days AS TEXT) AS idle_days FROM signin_rules WHERE agency = :agency LIMIT 1",
                   mine));
  for (const db::Row& row : rules) {
    const auto add = [&](const std::string& rule, const std::string& value) {
      (was_changed(rule) ? out.sealed : out.before).insert(rule_line(rule, value));
    };
    const std::string banner = row.maybe_text("banner").value_or("");
    std::string notice = "nothing";
    if (!banner.empty()) notice = hex(crypto::sha256(as_bytes(banner)));
    add("second_factor", told(row, "second_factor"));
    add("notice_of_use", notice);
    add("idle_days", told(row, "idle_days"));
  }
  const db::Rows providers = TRY(
      tx.query("SELECT CAST(version AS TEXT) AS version, CAST(name AS TEXT) AS name, CAST(issuer AS TEXT) AS issuer, "
               "CAST(client_id AS TEXT) AS client_id, CAST(settings AS TEXT) AS settings FROM sign_in_providers WHERE "
               "agency = :agency LIMIT 1",
               mine));
  std::string provider = "nothing";
  for (const db::Row& row : providers) {
    Json::Object settings;
    for (const char* name : {"client_id", "issuer", "name", "settings", "version"})
      settings.emplace(name, row.maybe_text(name).value_or(""));
    provider = hex(crypto::sha256(as_bytes(to_json(Json(std::move(settings))))));
  }
  if (was_changed("identity_provider")) {
    out.sealed.insert(rule_line("identity_provider", provider));
  } else if (!providers.empty()) {
    note("The identity provider was set before there were events of it: the ledger knows nothing of it");
  }
  return out;
}

}  // namespace

std::optional<std::string> column_time(const std::optional<std::string>& column) {
  if (!column) return std::nullopt;
  std::int64_t us = 0;
  const char* end = column->data() + column->size();
  const auto [stop, error] = std::from_chars(column->data(), end, us);
  if (error != std::errc() || stop != end || us < 0 || us >= kLedgerTimeEndUs) return column;
  return ledger_time(Timestamp{us});
}

Result<void> check_facts(db::Transaction& tx, const std::string& agency, const std::function<void(std::string)>& fault,
                         const std::function<void(std::string)>& note) {
  std::string tokens_since;
  const Lines events = TRY(by_events(tx, agency, fault, tokens_since));
  Lines catalog = TRY(by_catalog(tx, agency));
  SignInFacts sign_in = TRY(sign_in_facts(tx, agency, events, tokens_since, note));
  catalog.merge(sign_in.sealed);
  if (sign_in.tokens_before > 0)
    note(fmt::format("{} tokens are of before there were events of tokens: the ledger knows nothing of them",
                     sign_in.tokens_before));
  // Nobody's: no agency's check would come to them.
  for (const std::string_view table : {"assignments", "statements", "units", "categories", "cases", "releases",
                                       "agency_rules", "holds", "proposals", "shares", "share_items", "share_views"}) {
    const std::int64_t strays =
        TRY(tx.query(fmt::format("SELECT COUNT(*) AS strays FROM {} t WHERE NOT EXISTS (SELECT 1 FROM agencies a WHERE "
                                 "a.id = t.agency)",
                                 table)))[0]
            .integer("strays");
    if (strays > 0) fault(fmt::format("{}: {} rows name no agency", table, strays));
  }
  // What a person holds is compared with the person.
  const std::int64_t nobodys = TRY(tx.query(
      "SELECT COUNT(*) AS strays FROM person_roles r WHERE NOT EXISTS (SELECT 1 FROM people p WHERE p.id = "
      "r.person)"))[0]
                                   .integer("strays");
  if (nobodys > 0) fault(fmt::format("person_roles: {} rows name no person", nobodys));
  const std::int64_t lost =
      TRY(tx.query("SELECT COUNT(*) AS strays FROM tokens t WHERE NOT EXISTS (SELECT 1 FROM people p WHERE p.id = "
                   "t.person)"))[0]
          .integer("strays");
  if (lost > 0) fault(fmt::format("tokens: {} rows name no person", lost));
  for (const std::string& line : catalog) {
    if (!events.contains(line)) fault(line + ": the catalog has it, and no event");
  }
  for (const std::string& line : events) {
    if (!catalog.contains(line) && !sign_in.before.contains(line))
      fault(line + ": an event says so, and the catalog does not");
  }
  return {};
}

}  // namespace lapel::audit
