// SPDX-License-Identifier: Apache-2.0
// What somebody looks at recordings for, said once. It covers the other recordings of the case it named; to a request, a docket or a
// review, whose recordings no server knows, it is offered for each, as one act. Nothing is chosen for anybody: what was never said is
// asked, and each view is sealed with its purpose and case all the same.
import type { Purpose } from "../../api/schema.js";

export interface Choice {
  readonly purpose: Purpose;
  readonly case: string;
}

/** Where it is kept, for one person. */
export interface Place {
  readonly read: (who: string) => unknown;
  readonly write: (who: string, value: unknown) => void;
}

export const KEPT_MAX = 24;
export const OFFERED_MAX = 6;
export const CASE_CHARS_MAX = 200;

/** Whether it has a number that is nobody's incident. What somebody is trained with or owns is no set that a number stands for. */
const IS_OFFERED: Readonly<Record<Purpose, boolean>> = {
  investigation: false,
  review: true,
  discovery: true,
  records_request: true,
  training: false,
  own_recording: false,
};

function isChoice(value: unknown): value is Choice {
  if (typeof value !== "object" || value === null || !("purpose" in value) || !("case" in value)) return false;
  const { purpose, case: named } = value;
  return typeof purpose === "string" && Object.hasOwn(IS_OFFERED, purpose) && typeof named === "string" && named.trim() !== "" && named.length <= CASE_CHARS_MAX;
}

/** What was kept, the newest first; what is not wholly this is nothing. */
export function readChoices(value: unknown): readonly Choice[] {
  return Array.isArray(value) && value.length <= KEPT_MAX && value.every(isChoice) ? value : [];
}

export class Choices {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  /** Without a number there is nothing that could be meant again. */
  remember(who: string, { purpose, case: named }: { readonly purpose: Purpose; readonly case: string | undefined }): void {
    if (named === undefined) return;
    const others = this.#of(who).filter((choice) => choice.purpose !== purpose || choice.case !== named);
    this.#place.write(who, [{ purpose, case: named }, ...others].slice(0, KEPT_MAX));
  }

  /** What was said for the case of this incident; of a recording of no known incident nothing follows from its case. */
  find(who: string, incident: string | null): Choice | undefined {
    return this.#of(who).find((choice) => choice.case === incident);
  }

  /** What may be meant again, whatever the recording is; the newest first. */
  offered(who: string): readonly Choice[] {
    return this.#of(who)
      .filter(({ purpose }) => IS_OFFERED[purpose])
      .slice(0, OFFERED_MAX);
  }

  #of(who: string): readonly Choice[] {
    return readChoices(this.#place.read(who));
  }
}
