// SPDX-License-Identifier: Apache-2.0
// One statement: what was said, by whom, where and when, and whether it stands.
import type { ReactNode } from "react";
import type { ProgramStatement } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownTime } from "../../ui/format.js";
import { Name, Status, type Tone } from "../../ui/parts.js";
import { marked, shownValue } from "./figures.js";

const TONES: Readonly<Record<string, Tone>> = { stands: "ok", contradicts: "due", corrected: "plain", former: "plain", not_chosen: "plain", choice: "info" };

export function Claim({ said }: { readonly said: ProgramStatement }): ReactNode {
  return (
    <article className="panel">
      <p className="row">
        <strong className="figure">
          <Name text={said.value === null ? m.program.choice : marked(shownValue(said.value), said.approximate)} />
        </strong>
        <Status tone={TONES[said.status] ?? "plain"} word={m.program.statuses[said.status] ?? said.status} />
        {said.assumption && <Status tone="due" word={m.program.assumed} />}
      </p>
      <p>
        <Name text={m.program.saidBy(said.source.by, said.source.on)} />
      </p>
      <p className="quiet-text">
        <Name text={said.source.where} />
      </p>
      {said.reason !== null && (
        <p>
          <Name text={said.reason} />
        </p>
      )}
      <p className="quiet-text">
        <Name text={m.program.recorded(said.recorded_by.name, said.recorded_on, shownTime(said.recorded_at))} />
      </p>
    </article>
  );
}
