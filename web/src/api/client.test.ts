// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { askJson, onSignedOut, Offline, Problem, readProblem } from "./client.js";
import type { Recording } from "./schema.js";

/** Answers the next request with this, and remembers what was asked. */
function answering(response: Response | Error): { readonly asked: [string, RequestInit][] } {
  const asked: [string, RequestInit][] = [];
  globalThis.fetch = (path, init) => {
    asked.push([String(path), init ?? {}]);
    return response instanceof Error ? Promise.reject(response) : Promise.resolve(response);
  };
  return { asked };
}

const problem = (status: number, slug: string): Response =>
  new Response(JSON.stringify({ type: `/problems/${slug}`, title: "T", status, detail: "D", instance: "i", remedy: "R" }), { status });

test("a body is sent as JSON under the guard header, and the answer's JSON comes back", async () => {
  const { asked } = answering(new Response(`{"view":"v"}`, { status: 201 }));
  const view = await askJson<"POST /api/v1/recordings/{id}/views">("/api/v1/recordings/r/views", {
    method: "POST",
    body: { purpose: "review", case: undefined },
  });
  assert.equal(view.view, "v");
  const [path, init] = asked[0] ?? assert.fail();
  assert.equal(path, "/api/v1/recordings/r/views");
  assert.equal(init.method, "POST");
  assert.equal(init.body, `{"purpose":"review"}`);
  assert.deepEqual(init.headers, { "X-Lapel": "1", "X-Lapel-Idle": "0", "Content-Type": "application/json" });
});

test("no content is undefined", async () => {
  answering(new Response(null, { status: 204 }));
  assert.equal(await askJson<"GET /api/v1/session">("/api/v1/session"), undefined);
});

test("a refusal is thrown in the server's words, and only an ended session signs out", async () => {
  let ended = 0;
  const stop = onSignedOut(() => ended++);
  for (const [status, slug, expected] of [[403, "rule", 0], [401, "sign-in", 0], [401, "second-factor", 0], [401, "fresh-factor", 0], [401, "no-factor", 0], [401, "unauthenticated", 1]] as const) {
    answering(problem(status, slug));
    await assert.rejects(
      askJson<"GET /api/v1/recordings">("/api/v1/recordings"),
      (error: unknown) => error instanceof Problem && error.slug === slug && error.message === "D" && error.remedy === "R",
    );
    assert.equal(ended, expected, slug);
  }
  stop();
});

test("no answer at all is being offline", async () => {
  answering(new TypeError("network"));
  await assert.rejects(askJson<"GET /api/v1/recordings">("/api/v1/recordings"), Offline);
});

test("words of a proxy in between are no problem of ours, and no type is trusted", () => {
  for (const body of ["<html>", "", "null", "[]", `"text"`, `{"type":7,"title":null,"detail":{},"remedy":[]}`]) {
    const read = readProblem(502, body);
    assert.deepEqual([read.status, read.slug, read.message, read.remedy, read.reference], [502, "", "The server answered 502", "", ""]);
  }
});

/** Never run: what the contract's types must refuse. A line that compiled after all would fail the build. */
export async function refusedByTheTypes(): Promise<void> {
  // @ts-expect-error no such route
  await askJson<"GET /api/v1/nonsense">("/api/v1/nonsense");
  // @ts-expect-error a route without this method
  await askJson<"DELETE /api/v1/recordings">("/api/v1/recordings", { method: "DELETE" });
  // @ts-expect-error another address than the route's
  await askJson<"GET /api/v1/recordings/{id}/custody">("/api/v1/recordings/x/receipt");
  // @ts-expect-error another method than the route's
  await askJson<"DELETE /api/v1/session">("/api/v1/session", { method: "POST" });
  // @ts-expect-error a change without its method
  await askJson<"DELETE /api/v1/session">("/api/v1/session");
  // @ts-expect-error a purpose that is none
  await askJson<"POST /api/v1/recordings/{id}/views">("/api/v1/recordings/x/views", { method: "POST", body: { purpose: "fun" } });
  // @ts-expect-error a required member left out
  await askJson<"POST /api/v1/session">("/api/v1/session", { method: "POST", body: { login: "x" } });
  // @ts-expect-error a member that no answer has
  void (await askJson<"GET /api/v1/recordings/{id}">("/api/v1/recordings/x")).received;
  // @ts-expect-error nobody may be signed in
  void (await askJson<"GET /api/v1/session">("/api/v1/session")).login;
  const recording: Recording = await askJson<"GET /api/v1/recordings/{id}">("/api/v1/recordings/x?y=z");
  // @ts-expect-error unknown is null
  void recording.device.length;
}
