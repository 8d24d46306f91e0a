// SPDX-License-Identifier: Apache-2.0
// Asking the server: JSON in, JSON out, and its refusals as they are (RFC 9457). What an answer or a body may be is said by
// the route's types, which are made from api/openapi.yaml; nothing of them is left at run time.
import { idleSeconds } from "./idle.js";
import type { paths, Problem as ProblemJson } from "./schema.js";

type Operation<P, M> = P extends keyof paths ? (M extends keyof paths[P] ? paths[P][M] : never) : never;
type Routes = {
  [P in keyof paths]: { [M in "get" | "post" | "put" | "patch" | "delete"]: Operation<P, M> extends { responses: unknown } ? `${Uppercase<M>} ${P}` : never };
};
/** "GET /api/v1/recordings/{id}" and every other route of the contract that is asked for JSON. */
export type Route = { [P in keyof paths]: Routes[P][keyof Routes[P]] }[keyof paths];

type Filled<P extends string> = P extends `${infer Head}{${string}}${infer Tail}` ? `${Head}${string}${Filled<Tail>}` : P;
type PathOf<R> = R extends `${string} ${infer P}` ? P : never;
/** An address of the route: something in place of each parameter, and perhaps a query. */
export type Address<R extends Route> = Filled<PathOf<R>> | `${Filled<PathOf<R>>}?${string}`;

type OperationOf<R> = R extends `${infer M} ${infer P}` ? Operation<P, Lowercase<M>> : never;
type JsonOf<T> = T extends { content: { "application/json": infer J } } ? J : never;
type Responses<R> = OperationOf<R> extends { responses: infer S } ? S : never;
/** The JSON of the route's successes; undefined where one has no body. */
export type Answer<R extends Route> =
  | { [S in keyof Responses<R>]: S extends 200 | 201 ? JsonOf<Responses<R>[S]> : never }[keyof Responses<R>]
  | (204 extends keyof Responses<R> ? undefined : never);

type BodyOf<R> = OperationOf<R> extends { requestBody: infer B } ? JsonOf<B> : undefined;
/** An optional member that is undefined is not sent. */
type Sent<B> = { readonly [K in keyof B]: {} extends Pick<B, K> ? B[K] | undefined : B[K] };

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

type Listener = (slug: string) => void;
/** What a 401 may say while the session stands as it was: something that was typed is wrong, or has to be shown again. */
const STANDS = new Set(["sign-in", "second-factor", "fresh-factor", "no-factor", "share-code", "provider-answer"]);
const signedOut = new Set<Listener>();

/** Called with its slug when an answer says that the session is over, or needs more. */
export function onSignedOut(listener: Listener): () => void {
  signedOut.add(listener);
  return () => signedOut.delete(listener);
}

function text(value: unknown, otherwise: string): string {
  return typeof value === "string" && value !== "" ? value : otherwise;
}

export function readProblem(status: number, body: string): Problem {
  // A body is believed in nothing: each member may be absent or of another type.
  let fields: { readonly [K in keyof ProblemJson]?: unknown } = {};
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null) fields = value;
  } catch {
    // A proxy in between answers in its own words; its status is all there is.
  }
  return new Problem(
    status,
    text(fields.type, "").replace("/problems/", ""),
    text(fields.title, `The server answered ${status}`),
    text(fields.detail, `The server answered ${status}`),
    text(fields.remedy, ""),
    text(fields.instance, ""),
  );
}

interface Request {
  readonly method?: string;
  readonly body?: unknown;
  readonly range?: string;
  readonly signal?: AbortSignal;
}
type Reading = Extract<Route, `GET ${string}`>;
type Changing = Exclude<Route, Reading>;
export interface Read {
  readonly signal?: AbortSignal;
}
export interface Change<R extends Changing> extends Read {
  readonly method: R extends `${infer M} ${string}` ? M : never;
  readonly body?: Sent<BodyOf<R>>;
}

async function send(path: string, ask: Request): Promise<Response> {
  const headers: Record<string, string> = { ...GUARD, "X-Lapel-Idle": String(idleSeconds()) };
  if (ask.body !== undefined) headers["Content-Type"] = "application/json";
  if (ask.range !== undefined) headers["Range"] = ask.range;
  let response: Response;
  try {
    response = await fetch(path, {
      method: ask.method ?? "GET",
      headers,
      body: ask.body === undefined ? null : JSON.stringify(ask.body),
      signal: ask.signal ?? null,
      credentials: "same-origin",
      // A part is what the server sends now, not what a player has kept of it. The cache would also make it wait, for up to
      // 20 s in Chromium, while the player reads the same address.
      cache: ask.range === undefined ? "default" : "no-store",
    });
  } catch (error) {
    if (ask.signal?.aborted === true) throw error;
    throw new Offline("The server cannot be reached");
  }
  if (response.ok) return response;
  const problem = readProblem(response.status, await response.text());
  if (problem.status === 401 && !STANDS.has(problem.slug)) for (const listener of signedOut) listener(problem.slug);
  throw problem;
}

/** The answer's JSON; undefined for an answer without a body. */
export async function askJson<R extends Reading>(path: Address<R>, ask?: Read): Promise<Answer<R>>;
export async function askJson<R extends Changing>(path: Address<R>, ask: Change<R>): Promise<Answer<R>>;
export async function askJson(path: string, ask: Request = {}): Promise<unknown> {
  const response = await send(path, ask);
  return response.status === 204 ? undefined : await response.json();
}

export async function askBytes(path: string, ask: Read = {}): Promise<Uint8Array> {
  return new Uint8Array(await (await send(path, ask)).arrayBuffer());
}

export interface Piece {
  readonly bytes: Uint8Array;
  /** Length of the whole. */
  readonly total: number;
}

/** The bytes from `first` to `last`, both included. An answer with the whole is refused unread: it may be of any length. */
export async function askRange(path: string, first: number, last: number, ask: Read = {}): Promise<Piece> {
  const response = await send(path, { ...ask, range: `bytes=${first}-${last}` });
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "");
  if (response.status !== 206 || range === null || Number(range[1]) !== first) {
    await response.body?.cancel();
    throw new Error("the server answered with another part than was asked for");
  }
  return { bytes: new Uint8Array(await response.arrayBuffer()), total: Number(range[2]) };
}
