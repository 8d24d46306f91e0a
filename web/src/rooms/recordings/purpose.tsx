// SPDX-License-Identifier: Apache-2.0
// Why somebody watches: asked before the first frame, because it is part of the event.
import { useState, type FormEvent, type ReactNode } from "react";
import { askJson, Problem } from "../../api/client.js";
import type { Purpose, Recording, View } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { Dialog, Failure, Notice } from "../../ui/parts.js";

/** Each view is an event with its purpose and case, whether they were said for it or for its case before. */
export async function openView(recording: Recording, body: { readonly purpose: Purpose; readonly case?: string | undefined; readonly warrant?: string | undefined; readonly inside_home?: boolean }): Promise<View> {
  return askJson<"POST /api/v1/recordings/{id}/views">(`/api/v1/recordings/${recording.id}/views`, { method: "POST", body });
}

interface Props {
  readonly recording: Recording;
  /** What the server said to a view that was asked for without this dialog. */
  readonly refusal?: unknown;
  readonly onClose: () => void;
  readonly onOpened: (view: View, purpose: Purpose, named: string | undefined) => void;
}

export function PurposeDialog({ recording, refusal, onClose, onOpened }: Props): ReactNode {
  const [error, setError] = useState<unknown>(refusal);
  const [isMissing, setMissing] = useState(false);
  const [isWorking, setWorking] = useState(false);
  const [chosen, setChosen] = useState("");
  // The server asks where nobody has said, before the first view for another case.
  const mustSay = error instanceof Problem && error.slug === "inside-home";

  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const text = (name: string): string | undefined => String(fields.get(name) ?? "").trim() || undefined;
    const purpose = text("purpose") as Purpose | undefined;
    setMissing(purpose === undefined);
    if (purpose === undefined) {
      event.currentTarget.querySelector<HTMLElement>("select")?.focus();
      return;
    }
    // Left alone, it asserts nothing: only an answer is a statement.
    const said = text("inside_home");
    const insideHome = said === undefined ? {} : { inside_home: said === "yes" };
    const body = { purpose, case: text("case"), warrant: text("warrant"), ...insideHome };
    setWorking(true);
    setError(undefined);
    openView(recording, body)
      .then((view) => onOpened(view, purpose, body.case))
      .catch((reason: unknown) => {
        setError(reason);
        setWorking(false);
      });
  };
  return (
    <Dialog title={m.purpose.title} onClose={onClose}>
      <form onSubmit={submit} noValidate>
        <p className="quiet-text">{m.purpose.note}</p>
        {isMissing && <Notice tone="bad" title={m.purpose.missing} />}
        {mustSay && (
          <div role="alert">
            <Notice tone="due" title={m.purpose.mustSay} />
          </div>
        )}
        {error !== undefined && !mustSay && <Failure error={error} />}
        <label>
          {m.purpose.purpose}
          <select name="purpose" defaultValue="" aria-invalid={isMissing} autoFocus onChange={(event) => setChosen(event.currentTarget.value)}>
            <option value="" disabled>
              {m.purpose.choose}
            </option>
            {Object.entries(m.purpose.names).map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          {chosen === "investigation" ? m.purpose.caseNeeded : m.purpose.case}
          <input name="case" maxLength={200} />
        </label>
        <label>
          {m.purpose.warrant}
          <input name="warrant" maxLength={200} />
        </label>
        {recording.inside_home === null && (
          <fieldset aria-invalid={mustSay}>
            <legend>{m.purpose.insideHome}</legend>
            <p className="quiet-text">{m.purpose.insideHomeNote}</p>
            {(["yes", "no"] as const).map((answer) => (
              <label key={answer} className="check">
                <input type="radio" name="inside_home" value={answer} />
                {m.purpose.insideHomeAnswers[answer]}
              </label>
            ))}
          </fieldset>
        )}
        <div className="row end">
          <button type="button" onClick={onClose}>
            {m.purpose.cancel}
          </button>
          <button type="submit" className="primary" disabled={isWorking}>
            {m.purpose.open}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
