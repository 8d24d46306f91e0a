// SPDX-License-Identifier: Apache-2.0
// What somebody looks at a case for, said once: it covers the case's other recordings until the page is left or somebody else signs in.
// Nothing is chosen for anybody: what was never said is asked. Each view is sealed with its purpose and case all the same.
import type { Purpose } from "../../api/schema.js";

export interface Choice {
  readonly purpose: Purpose;
  readonly case: string;
}

export class Choices {
  #who: string | undefined;
  readonly #byCase = new Map<string, Choice>();

  remember(who: string, choice: Choice): void {
    this.#are(who);
    this.#byCase.set(choice.case, choice);
  }

  /** What was said for the case of this incident; of a recording of no known incident nothing follows from its case. */
  find(who: string, incident: string | null): Choice | undefined {
    this.#are(who);
    return incident === null ? undefined : this.#byCase.get(incident);
  }

  #are(who: string): void {
    if (this.#who !== who) this.#byCase.clear();
    this.#who = who;
  }
}
