// SPDX-License-Identifier: Apache-2.0
#include "program/costs.h"

#include <algorithm>
#include <map>

#include "program/kinds.h"

namespace lapel::program {

Amount amount_of(const Statement& statement) {
  return {{statement.value->low}, statement.is_approximate, statement.is_assumed};
}

namespace {

constexpr std::int64_t kUnitCents = 100;

std::optional<Amount> amount(const Program& program, const SubjectName& subject, std::string_view field) {
  const Statement* found = program.standing(subject, field);
  return found ? std::optional(amount_of(*found)) : std::nullopt;
}
std::optional<std::int64_t> count(const Program& program, const SubjectName& subject, std::string_view field) {
  const Statement* found = program.standing(subject, field);
  return found ? std::optional(found->value->low) : std::nullopt;
}

// Those that are stated, and the recurring ones up to the contract's years.
std::vector<Line> lines_of(const Program& program, const SubjectName& contract) {
  std::map<std::int64_t, Line> by_n;
  for (const SubjectName& payment : program.of_kind(kPayment)) {
    const auto n = count(program, payment, "n");
    if (words_of(program, payment, "contract") != contract.text() || !n) continue;
    Line& line = by_n[*n];
    line.n = *n;
    line.amount = amount(program, payment, "amount");
    line.fiscal_year = count(program, payment, "fiscal_year");
  }
  const Statement* years = program.standing(contract, "years");
  for (std::int64_t n = 1; years && n <= years->value->low; ++n) by_n[n].n = n;
  const auto recurring = amount(program, contract, "recurring");
  std::vector<Line> out;
  for (auto& [n, line] : by_n) {
    if (!line.amount && recurring) {
      line.amount = recurring;
      line.is_recurring = true;
    }
    // That there is such a line at all rests on how long the contract is said to run.
    if (line.amount && line.is_recurring && years && years->is_assumed) line.amount->is_assumed = true;
    out.push_back(line);
  }
  return out;
}

void add_grants(Costs& costs) {
  std::vector<Money> amounts, awards;
  for (const Line& line : costs.lines) {
    if (!line.amount) break;  // what comes after it cannot be known
    amounts.push_back(line.amount->money);
  }
  Amount left;  // of all grants, before each line
  for (const GrantShare& share : costs.grants) {
    awards.push_back(share.award.money);
    left = left + share.award;
  }
  const Allocation allocation = allocate(amounts, awards);
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    Line& line = costs.lines[i];
    // What is used up is so for certain, whatever comes after it.
    if (left.money.cents > 0) {
      left.is_approximate = left.is_approximate || line.amount->is_approximate;
      left.is_assumed = left.is_assumed || line.amount->is_assumed;
    }
    Amount grant = {{}, left.is_approximate, left.is_assumed};
    for (std::size_t j = 0; j < awards.size(); ++j) {
      grant.money = grant.money + allocation.shares[i][j];
      costs.grants[j].by_line.push_back(allocation.shares[i][j]);
    }
    line.city = Amount{line.amount->money - grant.money, line.amount->is_approximate || grant.is_approximate,
                       line.amount->is_assumed || grant.is_assumed};
    line.grant = grant;
    left.money = left.money - grant.money;
  }
  if (amounts.size() != costs.lines.size()) return;
  for (std::size_t j = 0; j < awards.size(); ++j) costs.grants[j].left = allocation.left[j];
  costs.unspent = left;
  // What comes after the line that the grants no longer cover has no part in it.
  Amount residual = {allocation.residual, false, false};
  Money before;
  for (const GrantShare& share : costs.grants) {
    residual.is_approximate = residual.is_approximate || share.award.is_approximate;
    residual.is_assumed = residual.is_assumed || share.award.is_assumed;
    before = before + share.award.money;
  }
  for (const Line& line : costs.lines) {
    if (line.amount->money > before) break;
    before = before - line.amount->money;
    residual.is_approximate = residual.is_approximate || line.amount->is_approximate;
    residual.is_assumed = residual.is_assumed || line.amount->is_assumed;
  }
  costs.residual = residual;
}

// One of the two was cut or rounded to whole units.
bool is_rounded(Money a, Money b) {
  const std::int64_t difference = (a - b).cents;
  return difference < kUnitCents && difference > -kUnitCents &&
         (a.cents % kUnitCents == 0 || b.cents % kUnitCents == 0);
}

}  // namespace

Allocation allocate(std::span<const Money> lines, std::span<const Money> grants) {
  Allocation out;
  out.left.assign(grants.begin(), grants.end());
  Money all;
  for (const Money grant : grants) all = all + grant;
  out.residual = all;
  bool is_covered = true;
  for (const Money line : lines) {
    is_covered = is_covered && line <= out.residual;
    if (is_covered) out.residual = out.residual - line;
    Money open = line;
    std::vector<Money>& shares = out.shares.emplace_back();
    for (Money& left : out.left) {
      const Money share = std::min(open, left);
      shares.push_back(share);
      left = left - share;
      open = open - share;
    }
  }
  return out;
}

Costs costs(const Program& program, const std::optional<SubjectName>& contract) {
  Costs out;
  out.contract = contract;
  if (!contract) return out;
  out.lines = lines_of(program, *contract);
  const bool has_all_lines = program.is_whole(kPayment) && !out.lines.empty() &&
                             std::ranges::all_of(out.lines, [](const Line& line) { return line.amount.has_value(); });
  if (has_all_lines) {
    Amount total;
    for (const Line& line : out.lines) total = total + *line.amount;
    out.total = total;
  }
  // A share says what the grants are, and what the lines before it are.
  if (!program.is_whole(kGrant) || !program.is_whole(kPayment)) return out;
  for (const SubjectName& grant : program.of_kind(kGrant)) {
    const auto award = amount(program, grant, "award");
    if (award && words_of(program, grant, "pays") == contract->text()) out.grants.push_back({grant, *award, {}, {}});
  }
  if (!out.grants.empty()) add_grants(out);
  return out;
}

std::optional<Amount> per_year(const Program& program, const SubjectName& contract) {
  const Statement* years = program.standing(contract, "years");
  if (!years || years->value->low == 0) return std::nullopt;
  const Statement* stated = program.standing(contract, "total");
  std::optional<Amount> all = stated ? std::optional(amount_of(*stated)) : costs(program, contract).total;
  if (!all) return std::nullopt;
  all->money = part_of(all->money, 1, years->value->low);
  all->is_approximate = all->is_approximate || years->is_approximate;
  all->is_assumed = all->is_assumed || years->is_assumed;
  return all;
}

std::vector<Round> rounds(const Program& program) {
  std::vector<Round> out;
  for (const SubjectName& name : program.of_kind(kRound)) {
    Round round;
    round.round = name;
    Amount sum, beside_sum;
    bool is_rounding = true, has_beside = false;
    for (const SubjectName& grant : program.of_kind(kGrant)) {
      const Field* field = program.field(grant, "award");
      const auto standing = amount(program, grant, "award");
      if (!field || !standing || words_of(program, grant, "round") != name.text()) continue;
      Award award{grant, words_of(program, grant, "recipient"), *standing, {}};
      for (const Statement* beside : field->beside()) award.beside.push_back(amount_of(*beside));
      sum = sum + award.award;
      beside_sum = beside_sum + (award.beside.empty() ? award.award : award.beside.back());
      has_beside = has_beside || !award.beside.empty();
      for (const Amount& beside : award.beside) {
        is_rounding = is_rounding && is_rounded(award.award.money, beside.money);
      }
      round.awards.push_back(std::move(award));
    }
    // Which awards a round has is a figure of all of them.
    if (program.is_whole(kGrant)) {
      if (!round.awards.empty()) round.sum = sum;
      if (has_beside) round.beside_sum = beside_sum;
      round.is_rounding = has_beside && is_rounding;
    }
    const auto fresh = count(program, name, "departments_new"), growing = count(program, name, "departments_expanding");
    if (fresh && growing) round.departments = *fresh + *growing;
    out.push_back(std::move(round));
  }
  return out;
}

}  // namespace lapel::program
