// SPDX-License-Identifier: Apache-2.0
// Pages of those who have no account: by the link that they were given, one thing at a time.
import { useEffect, useState, type FormEvent, type ReactNode } from "react";
import { m } from "../app/messages.js";
import { Failure } from "./parts.js";

/** What stands behind # in the address, which the browser itself sends to nobody; a further link in the same tab changes only that. */
export function useLinkSecret(): readonly [string, (secret: string) => void] {
  const [secret, setSecret] = useState(() => location.hash.slice(1));
  useEffect(() => {
    const follow = (): void => setSecret(location.hash.slice(1));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return [secret, setSecret];
}

export function Alone({ title, note }: { readonly title: string; readonly note: string }): ReactNode {
  return (
    <main className="alone">
      <div className="panel">
        <p className="brand-mark">{m.product}</p>
        <h1>{title}</h1>
        <p>{note}</p>
      </div>
    </main>
  );
}

interface CodeWords {
  readonly title: string;
  readonly note: string;
  readonly code: string;
  readonly enter: string;
}

interface CodeProps {
  readonly words: CodeWords;
  readonly error: unknown;
  readonly isWorking: boolean;
  readonly onCode: (code: string) => void;
}

/** The code that came by another way than the link. */
export function AskCode({ words, error, isWorking, onCode }: CodeProps): ReactNode {
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    onCode(String(new FormData(event.currentTarget).get("code")).trim());
  };
  return (
    <main className="alone">
      <form onSubmit={submit} className="panel" aria-labelledby="code-title">
        <p className="brand-mark">{m.product}</p>
        <h1 id="code-title">{words.title}</h1>
        <p>{words.note}</p>
        {error !== undefined && <Failure error={error} />}
        <label>
          {words.code}
          <input name="code" className="mono code" inputMode="numeric" autoComplete="one-time-code" placeholder="0000-0000" maxLength={20} required autoFocus />
        </label>
        <button type="submit" className="primary" disabled={isWorking}>
          {words.enter}
        </button>
      </form>
    </main>
  );
}
