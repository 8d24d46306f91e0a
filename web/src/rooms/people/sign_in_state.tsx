// SPDX-License-Identifier: Apache-2.0
// How somebody signs in, for administrators: a lock to release, factors to reset, and what happened lately.
import { useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { InvitedPerson, Person } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownTime } from "../../ui/format.js";
import { AccountEvents, Failure, Ready, Status, useLoad } from "../../ui/parts.js";
import { SetupLink } from "./add.js";
import { AskDialog, ReasonField, type DoneProps } from "../../app/ask.js";

export function SignInState({ person, isSelf }: { readonly person: Person; readonly isSelf: boolean }): ReactNode {
  const [load, again] = useLoad(person.id, (signal) => askJson<"GET /api/v1/people/{id}/sign-in">(`/api/v1/people/${person.id}/sign-in`, { signal }));
  const [isResetting, setResetting] = useState(false);
  const [error, setError] = useState<unknown>();
  const [invited, setInvited] = useState<InvitedPerson>();
  const [isInviting, setInviting] = useState(false);
  const unlock = (): void => {
    setError(undefined);
    askJson<"POST /api/v1/people/{id}/sign-in/unlock">(`/api/v1/people/${person.id}/sign-in/unlock`, { method: "POST" }).then(again, setError);
  };
  return (
    <section className="panel" aria-labelledby="sign-in-state-title">
      <h2 id="sign-in-state-title">{m.people.signIn}</h2>
      {error !== undefined && <Failure error={error} />}
      <Ready of={load} again={again}>
        {(value) => (
          <>
            <div className="row">
              {value.locked_at === null ? (
                <Status tone="ok" word={m.people.notLocked} />
              ) : (
                <Status tone="bad" icon="lock" word={m.people.locked(shownTime(value.locked_at))} />
              )}
              {value.locked_at !== null && !isSelf && (
                <button type="button" onClick={unlock}>
                  {m.people.unlock}
                </button>
              )}
            </div>
            <div className="row">
              <span>
                {m.people.factorCount(value.factors.length)} {value.factors.length > 0 && m.account.recoveryLeft(value.recovery_codes_left)}
              </span>
              {value.factors.length > 0 && !isSelf && (
                <button type="button" className="quiet" onClick={() => setResetting(true)}>
                  {m.people.reset}
                </button>
              )}
            </div>
            {value.awaits_password && !isSelf && (
              <div className="row">
                <span>{m.people.noPassword}</span>
                <button type="button" className="quiet" onClick={() => setInviting(true)}>
                  {m.people.newLink}
                </button>
              </div>
            )}
            {invited !== undefined && <SetupLink person={invited} />}
            <details>
              <summary>{m.account.events}</summary>
              <AccountEvents events={value.events} />
            </details>
          </>
        )}
      </Ready>
      {isInviting && (
        <AskDialog
          title={m.people.newLink}
          note={m.people.newLinkNote}
          submit={m.people.newLink}
          ask={() => askJson<"POST /api/v1/people/{id}/setup-link">(`/api/v1/people/${person.id}/setup-link`, { method: "POST" }).then(setInvited)}
          onClose={() => setInviting(false)}
          onDone={() => {
            setInviting(false);
            again();
          }}
        >
          {null}
        </AskDialog>
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

function ResetDialog({ person, ...done }: DoneProps & { readonly person: Person }): ReactNode {
  const ask = (text: (name: string) => string): Promise<unknown> =>
    askJson<"POST /api/v1/people/{id}/sign-in/reset">(`/api/v1/people/${person.id}/sign-in/reset`, { method: "POST", body: { reason: text("reason") } });
  return (
    <AskDialog title={m.people.resetTitle(person.name)} note={m.people.resetNote} submit={m.people.reset} ask={ask} {...done}>
      <ReasonField isFirst />
    </AskDialog>
  );
}
