// SPDX-License-Identifier: Apache-2.0
// How somebody signs in, for administrators: a lock to release, factors to reset, and what happened lately.
import { useState, type FormEvent, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { PersonRights } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownTime } from "../../ui/format.js";
import { AccountEvents, Dialog, Failure, Loading, Status, useLoad } from "../../ui/parts.js";

export function SignInState({ person, isSelf }: { readonly person: PersonRights; readonly isSelf: boolean }): ReactNode {
  const [load, again] = useLoad(person.id, (signal) => askJson<"GET /api/v1/people/{id}/sign-in">(`/api/v1/people/${person.id}/sign-in`, { signal }));
  const [isResetting, setResetting] = useState(false);
  const [error, setError] = useState<unknown>();
  const unlock = (): void => {
    setError(undefined);
    askJson<"POST /api/v1/people/{id}/sign-in/unlock">(`/api/v1/people/${person.id}/sign-in/unlock`, { method: "POST" }).then(again, setError);
  };
  return (
    <section className="panel" aria-labelledby="sign-in-state-title">
      <h2 id="sign-in-state-title">{m.people.signIn}</h2>
      {load.state === "loading" && <Loading />}
      {load.state === "failed" && <Failure error={load.error} onRetry={again} />}
      {error !== undefined && <Failure error={error} />}
      {load.state === "ready" && (
        <>
          <div className="row">
            {load.value.locked_at === null ? (
              <Status tone="ok" word={m.people.notLocked} />
            ) : (
              <Status tone="bad" icon="lock" word={m.people.locked(shownTime(load.value.locked_at))} />
            )}
            {load.value.locked_at !== null && !isSelf && (
              <button type="button" onClick={unlock}>
                {m.people.unlock}
              </button>
            )}
          </div>
          <div className="row">
            <span>
              {m.people.factorCount(load.value.factors.length)} {load.value.factors.length > 0 && m.account.recoveryLeft(load.value.recovery_codes_left)}
            </span>
            {load.value.factors.length > 0 && !isSelf && (
              <button type="button" className="quiet" onClick={() => setResetting(true)}>
                {m.people.reset}
              </button>
            )}
          </div>
          <details>
            <summary>{m.account.events}</summary>
            <AccountEvents events={load.value.events} />
          </details>
        </>
      )}
      {isResetting && (
        <ResetDialog
          person={person}
          onClose={() => setResetting(false)}
          onDone={() => {
            setResetting(false);
            again();
          }}
        />
      )}
    </section>
  );
}

function ResetDialog({ person, onClose, onDone }: { readonly person: PersonRights; readonly onClose: () => void; readonly onDone: () => void }): ReactNode {
  const [error, setError] = useState<unknown>();
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const reason = String(new FormData(event.currentTarget).get("reason"));
    askJson<"POST /api/v1/people/{id}/sign-in/reset">(`/api/v1/people/${person.id}/sign-in/reset`, { method: "POST", body: { reason } }).then(onDone, setError);
  };
  return (
    <Dialog title={m.people.resetTitle(person.name)} onClose={onClose}>
      <form onSubmit={submit} className="stack">
        <p>{m.people.resetNote}</p>
        {error !== undefined && <Failure error={error} />}
        <label>
          {m.people.reason}
          <input name="reason" type="text" required autoFocus />
        </label>
        <div className="row end">
          <button type="button" onClick={onClose}>
            {m.factor.cancel}
          </button>
          <button type="submit" className="primary">
            {m.people.reset}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
