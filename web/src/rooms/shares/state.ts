// SPDX-License-Identifier: Apache-2.0
// Where a share stands, in one word.
import type { Share } from "../../api/schema.js";
import type { Tone } from "../../ui/parts.js";

export type ShareState = "preparing" | "failed" | "waiting" | "opened" | "downloaded" | "received" | "ended" | "revoked";

export function stateOf(share: Pick<Share, "revoked_at" | "failed_at" | "prepared_at" | "ends_at" | "received_at" | "opened_at" | "items">, now: Date): ShareState {
  if (share.revoked_at !== null) return "revoked";
  if (share.failed_at !== null) return "failed";
  if (share.ends_at !== null && new Date(share.ends_at) <= now) return "ended";
  if (share.prepared_at === null) return "preparing";
  if (share.received_at !== null) return "received";
  if (share.items.some(({ downloaded_at }) => downloaded_at !== null)) return "downloaded";
  return share.opened_at === null ? "waiting" : "opened";
}

export const TONES: Readonly<Record<ShareState, Tone>> = { preparing: "due", failed: "bad", waiting: "due", opened: "info", downloaded: "info", received: "ok", ended: "plain", revoked: "bad" };
