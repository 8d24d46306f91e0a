// SPDX-License-Identifier: Apache-2.0
// The upload queue, apart from how it is shown and from who moves the bytes.
//
// Two words are kept apart throughout. Received: the server has the bytes on disk. Sealed: the ledger has recorded them.

export type ItemState = "waiting" | "sending" | "paused" | "reconnecting" | "received" | "sealed" | "refused" | "failed";

export interface Item {
  readonly id: number;
  readonly name: string;
  readonly bytes: number;
  /** What has left this computer; only the state says what the server has. */
  readonly sent: number;
  readonly state: ItemState;
  /** Why it was refused or stopped. */
  readonly why?: string;
  readonly recording?: string;
  readonly sha256?: string;
}

/** Moves one file's bytes; made anew for each file. */
export interface Transfer {
  start(): void;
  /** Stops sending and keeps what was received. */
  pause(): Promise<void>;
  /** Stops for good and lets the server forget what was received. */
  discard(): Promise<void>;
}

export interface TransferEvents {
  readonly progress: (sent: number) => void;
  readonly reconnecting: () => void;
  readonly received: (url: string) => void;
  readonly failed: (why: string) => void;
}

export type Outcome =
  | { readonly state: "sealed"; readonly recording: string; readonly sha256: string }
  | { readonly state: "refused"; readonly why: string };

export interface Means {
  readonly transfer: (file: File, metadata: Readonly<Record<string, string>>, events: TransferEvents) => Transfer;
  /** Resolves when the upload at this address was sealed or refused. */
  readonly outcome: (url: string) => Promise<Outcome>;
}

/** More would only make each slower: the disk syncs one after the other. */
export const SENDING_MAX = 2;

export class Queue {
  private items: readonly Item[] = [];
  private readonly transfers = new Map<number, Transfer>();
  private readonly listeners = new Set<() => void>();
  private nextId = 1;

  constructor(private readonly means: Means) {}

  readonly list = (): readonly Item[] => this.items;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  add(files: readonly File[], metadata: Readonly<Record<string, string>>): void {
    for (const file of files) {
      const id = this.nextId++;
      this.items = [...this.items, { id, name: file.name, bytes: file.size, sent: 0, state: "waiting" }];
      this.transfers.set(id, this.means.transfer(file, metadata, this.eventsOf(id)));
    }
    this.advance();
  }

  pause(id: number): void {
    const state = this.find(id)?.state;
    if (state !== "waiting" && state !== "sending" && state !== "reconnecting") return;
    this.change(id, { state: "paused" });
    if (state !== "waiting") void this.transfers.get(id)?.pause();
    this.advance();
  }

  resume(id: number): void {
    const state = this.find(id)?.state;
    if (state !== "paused" && state !== "failed") return;
    this.change(id, { state: "waiting" });
    this.advance();
  }

  pauseAll(): void {
    // The waiting first, or each pause would start the next.
    for (const item of this.items) if (item.state === "waiting") this.pause(item.id);
    for (const item of this.items) this.pause(item.id);
  }

  resumeAll(): void {
    for (const item of this.items) if (item.state === "paused") this.resume(item.id);
  }

  /** Takes an item off the list; what is not whole yet is forgotten by the server too. */
  remove(id: number): void {
    const item = this.find(id);
    if (item === undefined || item.state === "received") return;
    if (item.state !== "sealed" && item.state !== "refused") void this.transfers.get(id)?.discard();
    this.transfers.delete(id);
    this.items = this.items.filter((each) => each.id !== id);
    this.changed();
    this.advance();
  }

  /** Whether leaving the page would stop something. */
  isBusy(): boolean {
    return this.items.some((item) => ["waiting", "sending", "reconnecting"].includes(item.state));
  }

  private eventsOf(id: number): TransferEvents {
    const isMoving = (): boolean => ["sending", "reconnecting"].includes(this.find(id)?.state ?? "");
    return {
      progress: (sent) => {
        // A late word of a request that was cut off does not start what was paused.
        if (isMoving()) this.change(id, { sent, state: "sending" });
      },
      reconnecting: () => {
        if (isMoving()) this.change(id, { state: "reconnecting" });
      },
      failed: (why) => {
        if (isMoving()) this.change(id, { state: "failed", why });
        this.advance();
      },
      received: (url) => {
        const item = this.find(id);
        if (item === undefined) return;
        this.change(id, { state: "received", sent: item.bytes });
        this.advance();
        void this.means.outcome(url).then(
          (outcome) => this.change(id, outcome),
          (error: unknown) => this.change(id, { state: "failed", why: error instanceof Error ? error.message : String(error) }),
        );
      },
    };
  }

  private advance(): void {
    for (const item of this.items) {
      const moving = this.items.filter((each) => each.state === "sending" || each.state === "reconnecting").length;
      if (moving >= SENDING_MAX) return;
      if (item.state !== "waiting") continue;
      this.change(item.id, { state: "sending" });
      this.transfers.get(item.id)?.start();
    }
  }

  private find(id: number): Item | undefined {
    return this.items.find((item) => item.id === id);
  }

  private change(id: number, to: Partial<Item>): void {
    this.items = this.items.map((item) => (item.id === id ? { ...item, ...to } : item));
    this.changed();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
