#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What tools/coverage.py holds to be a decision, on small sources; and that its lists name functions that there are."""
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import coverage  # noqa: E402  (the path above leads there)


class Decisions(unittest.TestCase):
    def check(self, marked):
        """A source in which the lines that decide end with //!."""
        lines = marked.splitlines()
        decide, _ = coverage.deciding_lines("\n".join(line.removesuffix("//!") for line in lines))
        self.assertEqual(sorted(decide), [n for n, line in enumerate(lines, 1) if line.endswith("//!")])

    def test_a_condition_counts_to_its_last_line(self):
        self.check("""
int f(int a, int b) {
  if (a == 1 && //!
      g(a,      //!
        b)) {   //!
    h();
  }
  while (next( //!
      a)) {    //!
  }
  return b;
}""")

    def test_an_expression_counts_from_its_first_line_to_its_last(self):
        self.check("""
void f() {
  const bool x =          //!
      std::all_of(a, b,   //!
                  c) && d //!
      || e;               //!
  g(x);
  return call(
      first,
      x ? y : //!
          z,  //!
      last);
}""")

    def test_lists_and_lambdas_in_a_condition_are_statements_of_their_own(self):
        self.check("""
void f() {
  for (const Row& row : TRY(query( //!
           "SELECT 1",             //!
           {{"a", b},
            {"c", d}}))) {
    h(row);
  }
  TRY(read([&](Transaction& tx) { //!
    h();
    if (tx) h(); //!
    return a;
  }));
}""")

    def test_a_failing_check_and_words_in_texts_decide_nothing(self):
        self.check("""
void f() {
  CHECK(a &&
        b);
  g("if (a && b) ? c", 'x', R"(a ||
b)");  // if (a || b)
  if (a) CHECK(b); //!
}""")

    def test_each_case_counts(self):
        self.check("""
switch (a) { //!
  case 1: //!
    g();
  default:
    h();
}""")


class Lists(unittest.TestCase):
    def test_every_function_named_is_there(self):
        for scope in (coverage.ACKNOWLEDGEMENT, coverage.VERIFICATION):
            for path, names in scope.items():
                lines = (ROOT / path).read_text().splitlines()
                for name in names or ():
                    self.assertGreater(len(coverage.extent(lines, name)), 0, name)

    def test_a_function_that_is_gone_is_told(self):
        with self.assertRaises(SystemExit):
            coverage.extent(["void f() {", "}"], "g")


if __name__ == "__main__":
    unittest.main()
