// SPDX-License-Identifier: Apache-2.0
#pragma once
// Figures of money: payment lines of a contract with what grants pay of them, and the awards of a round.
//
// Owns: allocation, costs() and rounds().
// Promises: to the cent: what grants pay and what is left of them is what they were, what a line's grants and the city pay is the
//   line. A figure that a dropped subject, or an unknown one, would change is absent.
// Fails with: nothing.
// Threads: pure functions.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "program/fold.h"
#include "program/money.h"

namespace lapel::program {

// What a statement of money says, with its marks.
Amount amount_of(const Statement& statement);

// shares[line][grant]: grants in order are used up over lines in order.
struct Allocation {
  std::vector<std::vector<Money>> shares;
  std::vector<Money> left;  // of each grant
  Money residual;           // of all grants together, after the lines before the first that they do not cover whole
};
Allocation allocate(std::span<const Money> lines, std::span<const Money> grants);

struct Line {
  std::int64_t n = 0;
  std::optional<Amount> amount;       // nullopt: nobody has said
  std::optional<Amount> grant, city;  // nullopt: no grant is known, or it is withheld
  std::optional<std::int64_t> fiscal_year;
  bool is_recurring = false;  // the contract's recurring amount
};
struct GrantShare {
  SubjectName grant;
  Amount award;
  std::vector<Money> by_line;
  Money left;
};
struct Costs {
  std::optional<SubjectName> contract;  // nullopt: there is none
  std::vector<Line> lines;
  std::vector<GrantShare> grants;
  std::optional<Amount> residual, unspent, total;
};
// Of a contract that is in the program, or of none.
Costs costs(const Program& program, const std::optional<SubjectName>& contract);

// A year of it in the mean, to the nearest cent: what was said of all of it, or else the sum of its payments, by its years.
std::optional<Amount> per_year(const Program& program, const SubjectName& contract);

struct Award {
  SubjectName grant;
  std::string recipient;
  Amount award;
  std::vector<Amount> beside;  // what contradicting claims say
};
struct Round {
  SubjectName round;
  std::vector<Award> awards;
  // nullopt: withheld, or not known.
  std::optional<Amount> sum, beside_sum;    // of the awards, and with what contradicts in place of what stands
  bool is_rounding = false;                 // that is all that the two differ by
  std::optional<std::int64_t> departments;  // new and expanding together, as they were said
};
std::vector<Round> rounds(const Program& program);

}  // namespace lapel::program
