// SPDX-License-Identifier: Apache-2.0
#include "program/rows.h"

#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/check.h"
#include "crypto/sha256.h"
#include "program/gates.h"
#include "program/import.h"
#include "program/kinds.h"

namespace lapel::program {
namespace {

constexpr std::int64_t kPage = 5'000;

// leaf_index and place: which event commits to the row, and as the how manyeth of its digests. import_id: the act.
constexpr db::Migration kSteps[] = {
    {1, "program statements", R"sql(
CREATE TABLE program_statements (
  agency TEXT NOT NULL REFERENCES agencies (id),
  leaf_index BIGINT NOT NULL,
  place BIGINT NOT NULL,
  id TEXT NOT NULL,
  import_id TEXT NOT NULL,
  name TEXT,
  kind TEXT NOT NULL,
  slug TEXT NOT NULL,
  field TEXT NOT NULL,
  type TEXT CHECK (type IN ('money', 'count', 'range', 'date', 'text', 'subject')),
  low BIGINT,
  high BIGINT,
  words TEXT,
  approximate BIGINT NOT NULL CHECK (approximate IN (0, 1)),
  assumption BIGINT NOT NULL CHECK (assumption IN (0, 1)),
  said_by TEXT NOT NULL,
  said_where TEXT NOT NULL,
  said_on BIGINT NOT NULL,
  recorded_on BIGINT,
  recorded_at_us BIGINT NOT NULL,
  recorded_by TEXT NOT NULL REFERENCES people (id),
  relation TEXT CHECK (relation IN ('corrects', 'updates', 'contradicts', 'chooses')),
  about TEXT,
  reason TEXT,
  salt TEXT NOT NULL,
  PRIMARY KEY (agency, leaf_index, place)
);
CREATE UNIQUE INDEX program_statements_by_id ON program_statements (agency, id);
CREATE UNIQUE INDEX program_statements_by_name ON program_statements (agency, name);
)sql"},
    {2, "published reports", R"sql(
CREATE TABLE program_publications (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  title TEXT NOT NULL,
  as_of BIGINT NOT NULL,
  published_us BIGINT NOT NULL,
  published_by TEXT NOT NULL REFERENCES people (id),
  content TEXT NOT NULL,
  sha256 TEXT NOT NULL
);
CREATE INDEX program_publications_by_time ON program_publications (agency, published_us, id);
)sql"},
    {3, "statements by kind", R"sql(
CREATE INDEX program_statements_by_kind ON program_statements (agency, kind, field);
)sql"},
    // form, content: base64 of the file in that form.
    {4, "drafts of reports, and reports on paper", R"sql(
CREATE TABLE program_drafts (
  id TEXT NOT NULL PRIMARY KEY,
  agency TEXT NOT NULL REFERENCES agencies (id),
  title TEXT NOT NULL,
  as_of BIGINT NOT NULL,
  drafted_us BIGINT NOT NULL,
  drafted_by TEXT NOT NULL REFERENCES people (id),
  content TEXT NOT NULL,
  sha256 TEXT NOT NULL
);
CREATE INDEX program_drafts_by_time ON program_drafts (agency, drafted_us, id);
CREATE TABLE program_draft_reviews (
  draft TEXT NOT NULL REFERENCES program_drafts (id),
  reviewer TEXT NOT NULL,
  agency TEXT NOT NULL REFERENCES agencies (id),
  person TEXT NOT NULL REFERENCES people (id),
  decision TEXT NOT NULL CHECK (decision IN ('approved', 'refused')),
  reason TEXT NOT NULL,
  decided_us BIGINT NOT NULL,
  PRIMARY KEY (draft, reviewer)
);
ALTER TABLE program_publications ADD COLUMN draft TEXT REFERENCES program_drafts (id);
CREATE UNIQUE INDEX program_publications_by_draft ON program_publications (draft);
CREATE TABLE program_papers (
  publication TEXT NOT NULL REFERENCES program_publications (id),
  form TEXT NOT NULL CHECK (form IN ('csv', 'html', 'pdf')),
  agency TEXT NOT NULL REFERENCES agencies (id),
  content TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (publication, form)
);
)sql"},
};

constexpr std::array<std::string_view, 21> kSealedColumns = {
    "id",      "import_id",   "name",        "kind",        "slug",       "field",   "type",
    "low",     "high",        "words",       "approximate", "assumption", "said_by", "said_where",
    "said_on", "recorded_on", "recorded_by", "relation",    "about",      "reason",  "salt"};

Result<Statement> statement_of(const db::Row& row) {
  const std::string& id = row.text("id");
  const auto damaged = [&] { return fail(Code::kCorrupt, "A program statement in the catalog is damaged", id); };
  Statement out;
  out.id = id;
  out.name = row.maybe_text("name").value_or("");
  out.subject = {row.text("kind"), row.text("slug")};
  out.field = row.text("field");
  if (const auto name = row.maybe_text("type")) {
    const auto type = parse_type(*name);
    if (!type) return damaged();
    out.value = Value{*type, row.maybe_integer("low").value_or(0), row.maybe_integer("high").value_or(0),
                      row.maybe_text("words").value_or("")};
    if (*type == Type::kDate && !is_day(out.value->low)) return damaged();
  }
  out.is_approximate = row.integer("approximate") == 1;
  out.is_assumed = row.integer("assumption") == 1;
  out.source = {row.text("said_by"), row.text("said_where"), {row.integer("said_on")}};
  if (const auto day = row.maybe_integer("recorded_on")) out.recorded_on = Day{*day};
  out.recorded_at = {row.integer("recorded_at_us")};
  const auto by = PersonId::parse(row.text("recorded_by"));
  const auto relation = parse_relation(row.maybe_text("relation").value_or(""));
  if (!by || !relation || !is_day(out.source.on.number) || (out.recorded_on && !is_day(out.recorded_on->number)))
    return damaged();
  out.recorded_by = *by;
  out.relation = *relation;
  out.about = row.maybe_text("about").value_or("");
  out.reason = row.maybe_text("reason").value_or("");
  return out;
}

std::optional<std::string> or_null(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional(std::string(text));
}

}  // namespace

std::span<const db::Migration> schema() {
  return kSteps;
}

std::span<const std::string_view> sealed_columns() {
  return kSealedColumns;
}

Result<std::vector<Statement>> read_statements(db::Transaction& tx, const AgencyId& agency) {
  std::vector<Statement> out;
  std::int64_t leaf = -1, place = -1;
  for (;;) {
    const db::Rows rows = TRY(tx.query(
        "SELECT leaf_index, place, id, name, kind, slug, field, type, low, high, words, approximate, assumption, "
        "said_by, said_where, "
        "said_on, recorded_on, recorded_at_us, recorded_by, relation, about, reason FROM program_statements WHERE "
        "agency = :agency AND "
        "(leaf_index, place) > (CAST(:leaf AS BIGINT), CAST(:place AS BIGINT)) ORDER BY leaf_index, place LIMIT :limit",
        {{"agency", agency.text()}, {"leaf", leaf}, {"place", place}, {"limit", kPage}}));
    for (const db::Row& row : rows) {
      out.push_back(TRY(statement_of(row)));
      leaf = row.integer("leaf_index");
      place = row.integer("place");
    }
    if (static_cast<std::int64_t>(rows.size()) < kPage) return out;
  }
}

Result<bool> opens_check_out(db::Transaction& tx, const AgencyId& agency) {
  const db::Rows rows =
      TRY(tx.query("SELECT 1 AS found FROM program_statements WHERE agency = :agency AND kind = 'gate' AND field = "
                   "'opens' AND words = :phase LIMIT 1",
                   {{"agency", agency.text()}, {"phase", fmt::format("{}/{}", kPhase, kCheckOut)}}));
  return !rows.empty();
}

Result<std::int64_t> last_leaf(db::Transaction& tx, const AgencyId& agency) {
  const db::Rows rows = TRY(tx.query("SELECT max(leaf_index) AS last FROM program_statements WHERE agency = :agency",
                                     {{"agency", agency.text()}}));
  return rows.empty() ? -1 : rows[0].maybe_integer("last").value_or(-1);
}

std::string digest_of(const Sealing& sealing) {
  Json::Object content = content_of(sealing.statement);
  content.emplace("id", sealing.statement.id);
  content.emplace("import_id", sealing.import);
  content.emplace("recorded_by", sealing.statement.recorded_by.text());
  content.emplace("salt", sealing.salt);
  return hex(crypto::sha256(as_bytes(canonical(Json(std::move(content))))));
}

Result<void> add_statement(db::Transaction& tx, const AgencyId& agency, const Sealing& sealing,
                           std::uint64_t leaf_index, std::int64_t place, Timestamp at) {
  const Statement& statement = sealing.statement;
  const auto number = [&](std::int64_t Value::*member) {
    return statement.value ? std::optional((*statement.value).*member) : std::nullopt;
  };
  TRY(
      tx.run("INSERT INTO program_statements (agency, leaf_index, place, id, import_id, name, kind, slug, field, type, "
             "low, high, words, "
             "approximate, assumption, said_by, said_where, said_on, recorded_on, recorded_at_us, recorded_by, "
             "relation, about, reason, salt) "
             "VALUES (:agency, :leaf, :place, :id, :import, :name, :kind, :slug, :field, :type, :low, :high, :words, "
             ":approximate, :assumption, "
             ":by, :where, :on, :recorded_on, :recorded_at, :recorded_by, :relation, :about, :reason, :salt)",
             {{"agency", agency.text()},
              {"leaf", leaf_index},
              {"place", place},
              {"id", statement.id},
              {"import", sealing.import},
              {"name", or_null(statement.name)},
              {"kind", statement.subject.kind},
              {"slug", statement.subject.slug},
              {"field", statement.field},
              {"type", statement.value ? or_null(type_name(statement.value->type)) : std::nullopt},
              {"low", number(&Value::low)},
              {"high", number(&Value::high)},
              {"words", statement.value ? or_null(statement.value->words) : std::nullopt},
              {"approximate", statement.is_approximate ? 1 : 0},
              {"assumption", statement.is_assumed ? 1 : 0},
              {"by", statement.source.by},
              {"where", statement.source.where},
              {"on", statement.source.on.number},
              {"recorded_on", statement.recorded_on ? std::optional(statement.recorded_on->number) : std::nullopt},
              {"recorded_at", at.us},
              {"recorded_by", statement.recorded_by.text()},
              {"relation", or_null(relation_name(statement.relation))},
              {"about", or_null(statement.about)},
              {"reason", or_null(statement.reason)},
              {"salt", sealing.salt}}));
  return {};
}

}  // namespace lapel::program
