// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { readFor, writtenFor } from "../../app/kept.js";
import { type Choice, Choices, KEPT_MAX, OFFERED_MAX, readChoices } from "./chosen.js";

/** As a tab keeps it: one text, over the life of a page. */
function tab(): { text: string | null; readonly page: () => Choices } {
  const kept: { text: string | null; readonly page: () => Choices } = {
    text: null,
    page: () => new Choices({ read: (who) => readFor(who, kept.text), write: (who, value) => (kept.text = writtenFor(who, value)) }),
  };
  return kept;
}

test("what was said for a case covers its recordings, and no others", () => {
  const choices = tab().page();
  assert.equal(choices.find("hill", "22-1"), undefined);
  choices.remember("hill", { purpose: "investigation", case: "22-1" });
  assert.deepEqual(choices.find("hill", "22-1"), { purpose: "investigation", case: "22-1" });
  assert.equal(choices.find("hill", "22-2"), undefined);
  assert.equal(choices.find("hill", null), undefined);
  choices.remember("hill", { purpose: "discovery", case: "22-1" });
  assert.equal(choices.find("hill", "22-1")?.purpose, "discovery");
  choices.remember("hill", { purpose: "investigation", case: "22-1" });
  assert.equal(choices.find("hill", "22-1")?.purpose, "investigation", "what was said last");
});

test("a request, a docket and a review are offered for any recording, the newest first and each once; a case is not", () => {
  const choices = tab().page();
  assert.deepEqual(choices.offered("hill"), []);
  const request: Choice = { purpose: "records_request", case: "R-2026-0143" };
  const docket: Choice = { purpose: "discovery", case: "26-CR-118" };
  const review: Choice = { purpose: "review", case: "Q3" };
  for (const said of [request, { purpose: "investigation", case: "22-1" }, docket, { purpose: "training", case: "T" }, review, { purpose: "own_recording", case: "O" }, request] as const) {
    choices.remember("hill", said);
  }
  assert.deepEqual(choices.offered("hill"), [request, review, docket]);
  assert.deepEqual(choices.find("hill", "22-1"), { purpose: "investigation", case: "22-1" });
});

test("one number may be two things", () => {
  const choices = tab().page();
  choices.remember("hill", { purpose: "review", case: "22-1" });
  choices.remember("hill", { purpose: "discovery", case: "22-1" });
  assert.deepEqual(choices.offered("hill"), [{ purpose: "discovery", case: "22-1" }, { purpose: "review", case: "22-1" }]);
});

test("without a number nothing is offered again", () => {
  const choices = tab().page();
  choices.remember("hill", { purpose: "review", case: undefined });
  assert.deepEqual(choices.offered("hill"), []);
  assert.equal(choices.find("hill", null), undefined);
});

test("it is there when the page is loaded again", () => {
  const kept = tab();
  kept.page().remember("hill", { purpose: "records_request", case: "R-1" });
  assert.deepEqual(kept.page().offered("hill"), [{ purpose: "records_request", case: "R-1" }]);
  assert.deepEqual(kept.page().find("hill", "R-1"), { purpose: "records_request", case: "R-1" });
});

test("what one person said is nothing that another did", () => {
  const kept = tab();
  kept.page().remember("hill", { purpose: "review", case: "22-1" });
  assert.equal(kept.page().find("ruiz", "22-1"), undefined);
  assert.deepEqual(kept.page().offered("ruiz"), []);
  kept.page().remember("ruiz", { purpose: "discovery", case: "D-1" });
  assert.equal(kept.page().find("hill", "22-1"), undefined, "somebody else was here in between");
});

test("no more is kept than the newest, and fewer are offered", () => {
  const kept = tab();
  for (let i = 0; i < KEPT_MAX + 5; ++i) kept.page().remember("hill", { purpose: "records_request", case: `R-${i}` });
  assert.equal(kept.page().find("hill", "R-4"), undefined);
  assert.equal(kept.page().find("hill", "R-5")?.case, "R-5");
  const offered = kept.page().offered("hill");
  assert.equal(offered.length, OFFERED_MAX);
  assert.equal(offered[0]?.case, `R-${KEPT_MAX + 4}`);
});

test("what is damaged, foreign or of another version is ignored", () => {
  const good = { purpose: "review", case: "22-1" };
  assert.deepEqual(readChoices([good]), [good]);
  const bad = [undefined, null, 1, "x", {}, good, [null], ["22-1"], [good, {}], [{ purpose: "review" }], [{ ...good, purpose: "curiosity" }], [{ ...good, purpose: "toString" }],
    [{ ...good, case: "" }], [{ ...good, case: " " }], [{ ...good, case: 1 }], [{ ...good, case: "x".repeat(201) }], Array.from({ length: KEPT_MAX + 1 }, () => good)];
  for (const value of bad) assert.deepEqual(readChoices(value), [], JSON.stringify(value));
  const kept = tab();
  kept.page().remember("hill", { purpose: "review", case: "22-1" });
  const whole = kept.text ?? "";
  for (const text of [null, "", "null", "[]", "x", whole.slice(0, -1), whole.replace('"version":1', '"version":2'), whole.replace("review", "<script>")]) {
    kept.text = text;
    assert.deepEqual(kept.page().offered("hill"), [], String(text));
    kept.page().remember("hill", { purpose: "discovery", case: "D-1" });
    assert.equal(kept.page().offered("hill").length, 1, "it is written anew");
  }
  kept.text = whole;
  assert.equal(kept.page().offered("hill").length, 1);
});
