// SPDX-License-Identifier: Apache-2.0
// The dialog by which something goes on record: a question, one thing to do with the answer, and what came of it. Where that takes
// a factor shown again, it is asked for in between.
import { useState, type FormEvent, type ReactNode } from "react";
import { Link } from "wouter";
import { Problem } from "../api/client.js";
import { Dialog, Failure } from "../ui/parts.js";
import { StepUp } from "./factor.js";
import { m } from "./messages.js";
import { signedIn } from "./session.js";

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
  const [waiting, setWaiting] = useState<FormData>();
  const [isWorking, setWorking] = useState(false);
  const who = signedIn();
  const send = (fields: FormData): void => {
    setError(undefined);
    setWaiting(undefined);
    setWorking(true);
    ask((name) => String(fields.get(name) ?? "").trim())
      .then(onDone, (reason: unknown) => {
        if (reason instanceof Problem && reason.slug === "fresh-factor") setWaiting(fields);
        else setError(reason);
      })
      .finally(() => setWorking(false));
  };
  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    send(new FormData(event.currentTarget));
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={onSubmit}>
        <p className="quiet-text">{note}</p>
        {error !== undefined && <Failure error={error} />}
        {error instanceof Problem && error.slug === "no-factor" && (
          <p>
            <Link to="/account">{m.factor.enrollOne}</Link>
          </p>
        )}
        {children}
        <div className="row end">
          <button type="button" onClick={onClose}>
            {m.purpose.cancel}
          </button>
          <button type="submit" className="primary" disabled={!isReady || isWorking}>
            {submit}
          </button>
        </div>
      </form>
      {waiting !== undefined && who.state === "in" && (
        <StepUp session={who.session} note={m.factor.againForAct} onClose={() => setWaiting(undefined)} onDone={() => send(waiting)} />
      )}
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
