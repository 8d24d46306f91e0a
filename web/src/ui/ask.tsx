// SPDX-License-Identifier: Apache-2.0
// The dialog by which a fact about a person is changed: a question, one thing to do with the answer, and what came of it.
import { useState, type FormEvent, type ReactNode } from "react";
import { m } from "../app/messages.js";
import { Dialog, Failure } from "./parts.js";

export interface DoneProps {
  readonly onClose: () => void;
  readonly onDone: () => void;
}

interface AskProps extends DoneProps {
  readonly title: string;
  readonly note: string;
  readonly submit: string;
  /** Whether what is chosen so far can be asked for; it can when left out. */
  readonly isReady?: boolean;
  readonly ask: (text: (name: string) => string) => Promise<unknown>;
  readonly children: ReactNode;
}

export function AskDialog({ title, note, submit, isReady = true, ask, onClose, onDone, children }: AskProps): ReactNode {
  const [error, setError] = useState<unknown>();
  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    setError(undefined);
    ask((name) => String(fields.get(name) ?? "").trim())
      .then(onDone)
      .catch(setError);
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={onSubmit}>
        <p className="quiet-text">{note}</p>
        {error !== undefined && <Failure error={error} />}
        {children}
        <div className="row end">
          <button type="button" onClick={onClose}>
            {m.purpose.cancel}
          </button>
          <button type="submit" className="primary" disabled={!isReady}>
            {submit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Goes on record. First: where there is nothing else to fill in. */
export function ReasonField({ isFirst = false }: { readonly isFirst?: boolean }): ReactNode {
  return (
    <label>
      {m.people.reason}
      <input name="reason" required maxLength={500} autoFocus={isFirst} />
    </label>
  );
}
