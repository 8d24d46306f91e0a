// SPDX-License-Identifier: Apache-2.0
#include "program/grant_pack.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"
#include "crypto/sha256.h"
#include "pack/zip.h"
#include "paper/csv.h"
#include "program/bargaining.h"
#include "program/costs.h"
#include "program/kinds.h"
#include "program/papers.h"
#include "program/report_parts.h"
#include "program/reports.h"

namespace lapel::program {
namespace {

Json::Object term_json(const Said& said, Json due, Json met_on) {
  const Source& source = said.statement->source;
  return {{"term", said.statement->value->words},
          {"status", status_name(said.status)},
          {"due", std::move(due)},
          {"met_on", std::move(met_on)},
          {"by", source.by},
          {"where", source.where},
          {"on", day_text(source.on)}};
}

// Those that were entered as text, and those that can be met.
Json::Array terms_of(const Program& program, const SubjectName& grant) {
  Json::Array out;
  const Field* terms = program.field(grant, "term");
  for (const Said& said : terms ? terms->all : std::vector<Said>()) {
    if (said.statement->value) out.emplace_back(term_json(said, {}, {}));
  }
  for (const SubjectName& term : naming(program, kGrantTerm, "grant", grant)) {
    const Field* text = program.field(term, "text");
    for (const Said& said : text ? text->all : std::vector<Said>()) {
      if (!said.statement->value) continue;
      out.emplace_back(term_json(said, standing_json(program, term, "due"), standing_json(program, term, "met_on")));
    }
  }
  return out;
}

// The grant with its terms, its contract and the payments of that, each with everything that was said of it.
Json::Array told_of(const Program& program, const SubjectName& grant, const std::optional<SubjectName>& contract) {
  std::set<SubjectName> wanted = {grant};
  for (const SubjectName& term : naming(program, kGrantTerm, "grant", grant)) wanted.insert(term);
  if (contract) {
    wanted.insert(*contract);
    for (const SubjectName& payment : naming(program, kPayment, "contract", *contract)) wanted.insert(payment);
  }
  Json::Array out;
  for (const SubjectName& subject : wanted) {
    const auto found = program.subjects.find(subject);
    if (found == program.subjects.end()) continue;
    Json::Array fields;
    for (const auto& [name, field] : found->second) fields.emplace_back(told_json(subject, name, field));
    out.emplace_back(Json::Object{{"subject", subject.text()}, {"kind", subject.kind}, {"fields", std::move(fields)}});
  }
  return out;
}

std::string payments_csv(const Json& evidence) {
  constexpr std::array<const char*, 4> kNames = {"n", "amount", "grant", "city"};
  std::string out = "payment,amount,grant,city,approximate\r\n";
  const Json* costs = evidence.find("costs");
  const Json* payments = costs ? costs->find("payments") : nullptr;
  if (!payments || !payments->array()) return out;
  for (const Json& payment : *payments->array()) {
    std::vector<std::string> cells;
    for (const char* name : kNames) {
      const Json* value = payment.find(name);
      const std::string* text = value ? value->string() : nullptr;
      cells.push_back(text ? *text : !value || value->is_null() ? "" : to_json(*value));
    }
    const Json* about = payment.find("approximate");
    cells.emplace_back(about && about->boolean() && *about->boolean() ? "yes" : "no");
    out += paper::csv_line(cells);
  }
  return out;
}

}  // namespace

Result<Json::Object> grant_evidence(const Program& program, const std::string& wanted) {
  const std::vector<SubjectName> all = program.of_kind(kGrant);
  const auto grant =
      std::ranges::find_if(all, [&](const SubjectName& name) { return name.slug == wanted || name.text() == wanted; });
  if (grant == all.end()) return fail(Code::kNotFound, "No such grant", wanted);
  const Statement* pays = program.standing(*grant, "pays");
  const auto contract = pays ? parse_subject(pays->value->words) : std::nullopt;
  const bool is_known = contract && program.subjects.contains(*contract);
  Json award, left, costs_of;
  Json::Array shares;
  if (const Statement* said = program.standing(*grant, "award")) {
    award = Json::Object{{"amount", money_text({said->value->low})},
                         {"approximate", said->is_approximate},
                         {"assumption", said->is_assumed}};
  }
  if (is_known) {
    const Costs figures = costs(program, contract);
    for (const GrantShare& share : figures.grants) {
      if (share.grant != *grant) continue;
      if (figures.unspent) left = money_text(share.left);
      for (std::size_t i = 0; i < share.by_line.size() && i < figures.lines.size(); ++i) {
        shares.emplace_back(Json::Object{{"n", figures.lines[i].n}, {"amount", money_text(share.by_line[i])}});
      }
    }
    Json::Object told = costs_report(program, contract);
    for (const char* of_others : {"rounds", "assumptions", "as_of", "follows", "embargoed", "privileged"})
      told.erase(of_others);
    costs_of = std::move(told);
  }
  Json::Object out = head_of(program);
  out.emplace("grant", Json::Object{{"grant", grant->text()},
                                    {"recipient", standing_json(program, *grant, "recipient")},
                                    {"grantor", standing_json(program, *grant, "grantor")},
                                    {"award", std::move(award)},
                                    {"received_on", standing_json(program, *grant, "received_on")},
                                    {"left", std::move(left)}});
  out.emplace("terms", terms_of(program, *grant));
  out.emplace("costs", std::move(costs_of));
  out.emplace("shares", std::move(shares));
  out.emplace("subjects", told_of(program, *grant, is_known ? contract : std::nullopt));
  return out;
}

Result<std::string> grant_pack(const Json& evidence, Cover cover) {
  const paper::Document document = grant_document(evidence, std::move(cover));
  std::vector<pack::ZipFile> files;
  constexpr std::array<std::pair<const char*, Paper>, 3> kForms = {
      {{"cover.pdf", Paper::kPdf}, {"cover.html", Paper::kHtml}, {"evidence.csv", Paper::kCsv}}};
  for (const auto& [name, form] : kForms) {
    std::string bytes = TRY(make_paper(form, document));
    files.push_back({name, std::move(bytes)});
  }
  files.push_back({"evidence.json", to_json(evidence)});
  files.push_back({"payments.csv", payments_csv(evidence)});
  std::string sums;
  for (const pack::ZipFile& file : files) {
    sums += fmt::format("{}  {}\n", hex(crypto::sha256(as_bytes(file.bytes))), file.name);
  }
  files.push_back({"SHA256SUMS", std::move(sums)});
  return pack::zip_stored(files, document.as_of);
}

}  // namespace lapel::program
