// SPDX-License-Identifier: Apache-2.0
// Why somebody watches: asked before the first frame, because it is part of the event.
import { useEffect, useId, useRef, useState, type FormEvent, type ReactNode } from "react";
import { askJson, Problem } from "../../api/client.js";
import type { Purpose, Recording, View } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { Dialog, Failure, Name, Notice } from "../../ui/parts.js";
import { CASE_CHARS_MAX, type Choice } from "./chosen.js";

/** Each view is an event with its purpose and case, whether they were said for it or for its case before. */
export async function openView(recording: Pick<Recording, "id">, body: { readonly purpose: Purpose; readonly case?: string | undefined; readonly warrant?: string | undefined; readonly inside_home?: boolean }): Promise<View> {
  return askJson<"POST /api/v1/recordings/{id}/views">(`/api/v1/recordings/${recording.id}/views`, { method: "POST", body });
}

/** What the server said to a view that was asked for without this dialog. */
export interface Refused {
  readonly said: Choice;
  readonly reason: unknown;
}

interface Props {
  readonly recording: Recording;
  /** What was said before and may be meant again. */
  readonly offered: readonly Choice[];
  readonly refused: Refused | undefined;
  readonly onClose: () => void;
  readonly onOpened: (view: View, purpose: Purpose, named: string | undefined) => void;
}

export function PurposeDialog({ recording, offered, refused, onClose, onOpened }: Props): ReactNode {
  const [error, setError] = useState<unknown>(refused?.reason);
  const [isMissing, setMissing] = useState(false);
  const [isWorking, setWorking] = useState(false);
  const [chosen, setChosen] = useState<string>(refused?.said.purpose ?? "");
  const [named, setNamed] = useState(refused?.said.case ?? "");
  const form = useRef<HTMLFormElement>(null);
  // The focus comes to stand before what is offered and on none of it: a key struck twice chooses nothing.
  useEffect(() => form.current?.querySelector<HTMLElement>(".offered")?.focus(), []);
  // The server asks where nobody has said, before the first view for another case.
  const mustSay = error instanceof Problem && error.slug === "inside-home";

  const open = (purpose: Purpose, of: string): void => {
    if (form.current === null || isWorking) return;
    const fields = new FormData(form.current);
    const text = (name: string): string | undefined => String(fields.get(name) ?? "").trim() || undefined;
    // Left alone, it asserts nothing: only an answer is a statement.
    const said = text("inside_home");
    const insideHome = said === undefined ? {} : { inside_home: said === "yes" };
    const body = { purpose, case: of.trim() || undefined, warrant: text("warrant"), ...insideHome };
    setMissing(false);
    setWorking(true);
    setError(undefined);
    openView(recording, body)
      .then((view) => onOpened(view, purpose, body.case))
      .catch((reason: unknown) => {
        setError(reason);
        setWorking(false);
      });
  };
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (chosen !== "") return open(chosen as Purpose, named);
    setMissing(true);
    event.currentTarget.querySelector<HTMLElement>("select")?.focus();
  };
  // Said again as it was. What is asked for each recording is this one's; where the server asks for it, the rest stands there already.
  const openAgain = (choice: Choice): void => {
    setChosen(choice.purpose);
    setNamed(choice.case);
    open(choice.purpose, choice.case);
  };
  return (
    <Dialog title={m.purpose.title} onClose={onClose}>
      <form ref={form} onSubmit={submit} noValidate>
        <p className="quiet-text">{m.purpose.note}</p>
        {offered.length > 0 && <Offered choices={offered} onChosen={openAgain} />}
        {isMissing && <Notice tone="bad" title={m.purpose.missing} />}
        {mustSay && (
          <div role="alert">
            <Notice tone="due" title={m.purpose.mustSay} />
          </div>
        )}
        {error !== undefined && !mustSay && <Failure error={error} />}
        <label>
          {m.purpose.purpose}
          <select name="purpose" value={chosen} aria-invalid={isMissing} autoFocus onChange={(event) => setChosen(event.currentTarget.value)}>
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
          <input name="case" maxLength={CASE_CHARS_MAX} value={named} onChange={(event) => setNamed(event.currentTarget.value)} />
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

function Offered({ choices, onChosen }: { readonly choices: readonly Choice[]; readonly onChosen: (choice: Choice) => void }): ReactNode {
  const titleId = useId();
  return (
    <>
      <div className="offered" role="group" aria-labelledby={titleId} tabIndex={-1}>
        <h2 id={titleId}>{m.purpose.saidBefore}</h2>
        {choices.map((choice) => (
          <button key={`${choice.purpose} ${choice.case}`} type="button" onClick={() => onChosen(choice)}>
            {m.purpose.said[choice.purpose]} <Name text={choice.case} />
          </button>
        ))}
      </div>
      <p>{m.purpose.somethingElse}</p>
    </>
  );
}
