// SPDX-License-Identifier: Apache-2.0
// The scan box without the view. A scanner types faster than a server answers: codes wait in a line, none is lost and none overtakes.

/** What a server says of a code. Officer: whom what is scanned next goes to, where codes have such a turn. */
export interface ScanAnswer {
  readonly result: string;
  readonly sentence: string;
  readonly officer?: { readonly id: string; readonly name: string } | null;
}
export interface Scanned {
  readonly number: number;
  readonly code: string;
  readonly result: string;
  readonly sentence: string;
}
export type Sound = "done" | "again" | "wrong" | undefined;

interface Ask {
  (code: string, officer: string | undefined): Promise<ScanAnswer>;
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
        if (scan.result === "officer" && scan.officer != null) this.officer = scan.officer;
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

/** Two beeps that are told apart without looking: low for what did nothing, twice as high for what was done. */
export function beep(sound: Sound): void {
  if (sound === undefined || typeof AudioContext === "undefined") return;
  try {
    const audio = new AudioContext();
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = sound === "done" ? 1320 : sound === "again" ? 660 : 330;
    volume.gain.value = 0.08;
    tone.connect(volume).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + (sound === "wrong" ? 0.3 : 0.08));
    tone.onended = () => void audio.close();
  } catch {
    // A browser without sound still shows the line.
  }
}
