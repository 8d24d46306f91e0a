// SPDX-License-Identifier: Apache-2.0
// The scan box without the view. A scanner types faster than a server answers: codes wait in a line, none is lost and none overtakes.
import type { Scan } from "../../api/schema.js";

export interface Scanned {
  readonly number: number;
  readonly code: string;
  readonly result: Scan["result"] | "failed";
  readonly sentence: string;
}
export type Sound = "done" | "again" | "wrong" | undefined;

interface Ask {
  (code: string, officer: string | undefined): Promise<Scan>;
}

export class ScanLine {
  readonly log: Scanned[] = [];
  officer: { readonly id: string; readonly name: string } | undefined;
  #waiting: string[] = [];
  #told = new Set<string>();
  #isSending = false;

  constructor(
    private readonly ask: Ask,
    /** Something has changed; `sound`: and it is to be heard. */
    private readonly onChange: (sound: Sound) => void,
  ) {}

  get waiting(): number {
    return this.#waiting.length + (this.#isSending ? 1 : 0);
  }

  add(typed: string): void {
    const code = typed.trim();
    if (code === "") return;
    this.#waiting.push(code);
    this.onChange(undefined);
    if (!this.#isSending) void this.#send();
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    for (let code = this.#waiting.shift(); code !== undefined; code = this.#waiting.shift()) {
      let sound: Sound = "wrong";
      try {
        const scan = await this.ask(code, this.officer?.id);
        if (scan.result === "officer" && scan.officer !== null) this.officer = scan.officer;
        if (scan.result === "duplicate") {
          // A code that is held under the scanner comes many times, and is told once.
          sound = this.#told.has(code) ? undefined : "again";
          if (this.#told.has(code)) continue;
          this.#told.add(code);
        } else if (scan.result !== "unknown" && scan.result !== "refused") {
          sound = "done";
        }
        this.log.unshift({ number: this.log.length + 1, code, result: scan.result, sentence: scan.sentence });
      } catch (error) {
        this.log.unshift({ number: this.log.length + 1, code, result: "failed", sentence: error instanceof Error ? error.message : String(error) });
      }
      this.onChange(sound);
    }
    this.#isSending = false;
    this.onChange(undefined);
  }
}

/** How far along its window a turn is, of a bar that ends a third after it. */
export function barOf(day: number, least: number, most: number): { readonly day: number; readonly opens: number; readonly closes: number } {
  const whole = Math.ceil((most * 4) / 3);
  const part = (days: number): number => Math.round((Math.min(days, whole) / whole) * 1000) / 10;
  return { day: part(day), opens: part(least), closes: part(most) };
}
