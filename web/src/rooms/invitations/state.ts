// SPDX-License-Identifier: Apache-2.0
// Where a file request stands, in one word.
import type { FileRequest } from "../../api/schema.js";
import type { Tone } from "../../ui/parts.js";

export type RequestState = "waiting" | "opened" | "ended" | "revoked";

export function stateOf(request: Pick<FileRequest, "revoked_at" | "ends_at" | "opened_at">, now: Date): RequestState {
  if (request.revoked_at !== null) return "revoked";
  if (new Date(request.ends_at) <= now) return "ended";
  return request.opened_at === null ? "waiting" : "opened";
}

export const TONES: Readonly<Record<RequestState, Tone>> = { waiting: "due", opened: "info", ended: "plain", revoked: "bad" };
