// SPDX-License-Identifier: Apache-2.0
// The server's answers, as far as this app reads them.

export interface Session {
  readonly login: string;
  readonly name: string;
  readonly roles: readonly string[];
  /** What access lets this person do at all; single recordings have rules of their own. */
  readonly may: readonly string[];
  readonly agency: string;
  readonly agency_name: string;
  readonly agency_slug: string;
  readonly ends_at: string;
}

export interface Recording {
  readonly id: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly filename: string;
  readonly filetype: string;
  readonly recorded_at: string | null;
  readonly received_at: string;
  readonly duration_ms: number | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly video_codec: string | null;
  readonly audio_codec: string | null;
  readonly device: string | null;
  readonly wearer: string | null;
  readonly category: string | null;
  readonly incident: string | null;
  readonly state: string;
  readonly inside_home: boolean;
  readonly chain_starts_at: string;
  readonly chain_note: string;
  readonly same_bytes_as: readonly string[];
  /** What the media worker made of it, once it has looked. */
  readonly media: { readonly state: string; readonly verdict: string | null; readonly sentence: string | null } | null;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

export interface CustodyItem {
  readonly n: number;
  readonly index: number;
  readonly type: string;
  readonly at: string;
  readonly event: Readonly<Record<string, unknown>>;
  readonly receipt: string;
}

export interface View {
  readonly view: string;
  readonly original: string;
  readonly expires_at: string;
}

export interface UploadState {
  readonly state: "receiving" | "sealing" | "sealed" | "refused";
  readonly recording: string | null;
  readonly reason: string | null;
  readonly sha256: string | null;
}
