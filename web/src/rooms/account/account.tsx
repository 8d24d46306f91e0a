// SPDX-License-Identifier: Apache-2.0
// One's own account: second factors, recovery codes, password, sessions, and what happened to it.
import { useEffect, useState, type FormEvent, type ReactNode } from "react";
import { askJson, Problem } from "../../api/client.js";
import type { Account, Session, TotpSecret } from "../../api/schema.js";
import { addPasskey, AppForm, RecoveryCodes } from "../../app/enroll.js";
import { Refusal, StepUp } from "../../app/factor.js";
import { m } from "../../app/messages.js";
import { hasPasskeys } from "../../app/passkeys.js";
import { resumeSession } from "../../app/session.js";
import { shownName, shownTime } from "../../ui/format.js";
import { AccountEvents, Dialog, Failure, Loading, Name, Notice, useLoad, useTitle } from "../../ui/parts.js";

export default function AccountPage({ session }: { readonly session: Session }): ReactNode {
  useTitle(m.account.title);
  const [load, again] = useLoad(session.login, (signal) => askJson<"GET /api/v1/account">("/api/v1/account", { signal }));
  // While it is asked for again, what stood there stays, with what was opened over it.
  const [account, setAccount] = useState<Account>();
  useEffect(() => {
    if (load.state === "ready") setAccount(load.value);
  }, [load]);
  return (
    <>
      <h1>{m.account.title}</h1>
      <p className="lead">{m.account.lead}</p>
      {load.state === "loading" && account === undefined && <Loading />}
      {load.state === "failed" && <Failure error={load.error} onRetry={again} />}
      {account !== undefined && <Loaded account={account} session={session} again={again} />}
    </>
  );
}

/** Does what concerns how one signs in; where that takes a factor shown again, asks for it first and then does it. */
function useFresh(again: () => void): readonly [(work: () => Promise<void>) => void, (() => void) | undefined, () => void, unknown] {
  const [waiting, setWaiting] = useState<() => Promise<void>>();
  const [error, setError] = useState<unknown>();
  const run = (work: () => Promise<void>): void => {
    setError(undefined);
    const done = (): void => {
      again();
      // With what a factor can be shown has perhaps changed.
      void resumeSession();
    };
    work().then(done, (reason: unknown) => {
      if (reason instanceof Problem && reason.slug === "fresh-factor") setWaiting(() => work);
      else setError(reason);
    });
  };
  const proceed =
    waiting === undefined
      ? undefined
      : (): void => {
          setWaiting(undefined);
          run(waiting);
        };
  return [run, proceed, () => setWaiting(undefined), error];
}

interface LoadedProps {
  readonly account: Account;
  readonly session: Session;
  readonly again: () => void;
}

function Loaded({ account, session, again }: LoadedProps): ReactNode {
  const [run, proceed, giveUp, error] = useFresh(again);
  const [secret, setSecret] = useState<TotpSecret>();
  const [codes, setCodes] = useState<readonly string[]>([]);
  const [appError, setAppError] = useState<unknown>();
  const [isPasswordDone, setPasswordDone] = useState(false);

  const newPasskey = (): void => run(async () => setCodes(await addPasskey("")));
  const newApp = (): void => run(async () => setSecret(await askJson<"POST /api/v1/account/totp">("/api/v1/account/totp", { method: "POST" })));
  const remove = (id: string): void =>
    run(async () => {
      await askJson<"DELETE /api/v1/account/factors/{id}">(`/api/v1/account/factors/${id}`, { method: "DELETE" });
    });
  const newCodes = (): void =>
    run(async () => setCodes((await askJson<"POST /api/v1/account/recovery-codes">("/api/v1/account/recovery-codes", { method: "POST" })).recovery_codes));
  const endOthers = (): void =>
    run(async () => {
      await askJson<"DELETE /api/v1/account/other-sessions">("/api/v1/account/other-sessions", { method: "DELETE" });
    });
  const changePassword = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const password = String(new FormData(form).get("password"));
    setPasswordDone(false);
    run(async () => {
      await askJson<"POST /api/v1/account/password">("/api/v1/account/password", { method: "POST", body: { password } });
      form.reset();
      setPasswordDone(true);
    });
  };
  return (
    <>
      <Refusal error={error} />
      <section className="panel" aria-labelledby="factors-title">
        <h2 id="factors-title">{m.account.factors}</h2>
        {account.factors.length === 0 && <p className="quiet-text">{session.provider === null ? m.account.noFactors : m.account.noFactorsHere(shownName(session.provider))}</p>}
        <ul className="plain">
          {account.factors.map((factor) => (
            <li key={factor.id} className="row">
              <span>
                {m.account.kinds[factor.kind] ?? factor.kind} {factor.name !== m.account.kinds[factor.kind] && <Name text={factor.name} />}{" "}
                <span className="quiet-text">
                  {m.account.added(shownTime(factor.created_at))}, {m.account.used(factor.used_at === null ? undefined : shownTime(factor.used_at))}
                </span>
              </span>
              <button type="button" className="quiet small" aria-label={m.account.removeWhat(factor.name)} onClick={() => remove(factor.id)}>
                {m.account.remove}
              </button>
            </li>
          ))}
        </ul>
        {account.passkeys_unavailable !== null && (
          <Notice tone="info">
            <p>{m.enroll.unavailable(account.passkeys_unavailable)}</p>
          </Notice>
        )}
        <div className="row">
          {account.passkeys_unavailable === null && hasPasskeys() && (
            <button type="button" onClick={newPasskey}>
              {m.account.addPasskey}
            </button>
          )}
          <button type="button" onClick={newApp}>
            {m.account.addApp}
          </button>
        </div>
      </section>
      {account.factors.length > 0 && (
        <section className="panel" aria-labelledby="recovery-title">
          <h2 id="recovery-title">{m.account.recovery}</h2>
          <p>{m.account.recoveryLeft(account.recovery_codes_left)}</p>
          <div className="row">
            <button type="button" onClick={newCodes}>
              {m.account.newRecovery}
            </button>
            <span className="quiet-text">{m.account.newRecoveryNote}</span>
          </div>
        </section>
      )}
      {session.provider === null && (
        <section className="panel" aria-labelledby="password-title">
          <h2 id="password-title">{m.account.password}</h2>
          <p>{m.account.passwordChanged(account.password_changed_at === null ? undefined : shownTime(account.password_changed_at))}</p>
          {isPasswordDone && <Notice tone="ok" title={m.account.passwordDone} />}
          <form onSubmit={changePassword}>
            <input type="text" name="login" autoComplete="username" defaultValue={account.login} hidden />
            <label>
              {m.account.newPassword}
              <input name="password" type="password" autoComplete="new-password" minLength={8} required />
            </label>
            <button type="submit">{m.account.changePassword}</button>
          </form>
        </section>
      )}
      <section className="panel" aria-labelledby="sessions-title">
        <h2 id="sessions-title">{m.account.sessions}</h2>
        <ul className="plain">
          {account.sessions.map((each) => (
            <li key={each.started_at}>
              {each.current && <strong>{m.account.thisSession} </strong>}
              <span className="quiet-text">{m.account.session(shownTime(each.started_at), shownTime(each.seen_at))}</span>
            </li>
          ))}
        </ul>
        {account.sessions.length > 1 && (
          <button type="button" onClick={endOthers}>
            {m.account.endOthers}
          </button>
        )}
      </section>
      <section aria-labelledby="events-title">
        <h2 id="events-title">{m.account.events}</h2>
        <AccountEvents events={account.events} />
      </section>
      {proceed !== undefined && <StepUp session={session} onClose={giveUp} onDone={proceed} />}
      {secret !== undefined && (
        <Dialog title={m.enroll.appTitle} onClose={() => setSecret(undefined)}>
          <Refusal error={appError} />
          <AppForm
            secret={secret}
            onFailed={setAppError}
            onDone={(made) => {
              setSecret(undefined);
              setAppError(undefined);
              setCodes(made);
              again();
              void resumeSession();
            }}
          >
            <button type="button" onClick={() => setSecret(undefined)}>
              {m.enroll.cancel}
            </button>
          </AppForm>
        </Dialog>
      )}
      {codes.length > 0 && (
        <Dialog title={m.enroll.codesTitle} onClose={() => setCodes([])}>
          <RecoveryCodes codes={codes} onKept={() => setCodes([])} />
        </Dialog>
      )}
    </>
  );
}
