// SPDX-License-Identifier: Apache-2.0
// Asking the server: JSON in, JSON out, and its refusals as they are (RFC 9457).

/** The server said no, in words. */
export class Problem extends Error {
  override readonly name = "Problem";
  constructor(
    readonly status: number,
    readonly slug: string,
    readonly title: string,
    detail: string,
    readonly remedy: string,
    readonly reference: string,
  ) {
    super(detail);
  }
}

/** No answer came at all. */
export class Offline extends Error {
  override readonly name = "Offline";
}

/** Sent with every request: what another site makes a browser send cannot carry it. */
export const GUARD = { "X-Lapel": "1" } as const;

type Listener = () => void;
const signedOut = new Set<Listener>();

/** Called when an answer says that the session is over. */
export function onSignedOut(listener: Listener): () => void {
  signedOut.add(listener);
  return () => signedOut.delete(listener);
}

function text(value: unknown, otherwise: string): string {
  return typeof value === "string" && value !== "" ? value : otherwise;
}

export function readProblem(status: number, body: string): Problem {
  let fields: Record<string, unknown> = {};
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null) fields = value as Record<string, unknown>;
  } catch {
    // A proxy in between answers in its own words; its status is all there is.
  }
  return new Problem(
    status,
    text(fields["type"], "").replace("/problems/", ""),
    text(fields["title"], `The server answered ${status}`),
    text(fields["detail"], `The server answered ${status}`),
    text(fields["remedy"], ""),
    text(fields["instance"], ""),
  );
}

export interface Ask {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

async function send(path: string, ask: Ask): Promise<Response> {
  const headers: Record<string, string> = { ...GUARD };
  if (ask.body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(path, {
      method: ask.method ?? "GET",
      headers,
      body: ask.body === undefined ? null : JSON.stringify(ask.body),
      signal: ask.signal ?? null,
      credentials: "same-origin",
    });
  } catch (error) {
    if (ask.signal?.aborted === true) throw error;
    throw new Offline("The server cannot be reached");
  }
  if (response.ok) return response;
  const problem = readProblem(response.status, await response.text());
  // A wrong password is no ended session.
  if (problem.status === 401 && problem.slug !== "sign-in") for (const listener of signedOut) listener();
  throw problem;
}

/** The answer's JSON; undefined for an answer without a body. */
export async function askJson<T>(path: string, ask: Ask = {}): Promise<T | undefined> {
  const response = await send(path, ask);
  return response.status === 204 ? undefined : ((await response.json()) as T);
}

export async function askBytes(path: string, ask: Ask = {}): Promise<Uint8Array> {
  return new Uint8Array(await (await send(path, ask)).arrayBuffer());
}

export async function must<T>(answer: Promise<T | undefined>): Promise<T> {
  const value = await answer;
  if (value === undefined) throw new Offline("The server gave an empty answer");
  return value;
}
