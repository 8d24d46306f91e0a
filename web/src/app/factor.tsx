// SPDX-License-Identifier: Apache-2.0
// Showing a second factor: to finish signing in, or again before what concerns how one signs in.
import { useState, type FormEvent, type ReactNode } from "react";
import { askJson, Problem } from "../api/client.js";
import type { FactorShown, Session } from "../api/schema.js";
import { shownName } from "../ui/format.js";
import { Dialog, Failure, Notice } from "../ui/parts.js";
import { m } from "./messages.js";
import { hasPasskeys, presentPasskey } from "./passkeys.js";
import { leaveForProvider } from "./leave.js";
import { showFactor } from "./session.js";

/** The browser's own question was closed, or timed out. */
export class TurnedDown extends Error {
  constructor() {
    super(m.factor.turnedDown);
  }
}

/** What was typed or shown is wrong: that needs no more than its sentence. */
export function Refusal({ error }: { readonly error: unknown }): ReactNode {
  if (error === undefined) return null;
  if (error instanceof TurnedDown) return <Notice tone="due" title={error.message} />;
  if (error instanceof Problem && (error.status === 401 || error.status === 429)) return <Notice tone="bad" title={error.message} />;
  return <Failure error={error} />;
}

interface FactorFormProps {
  readonly factors: Session["factors"];
  readonly show: (factor: FactorShown) => Promise<void>;
  readonly children?: ReactNode;
}

export function FactorForm({ factors, show, children }: FactorFormProps): ReactNode {
  const [error, setError] = useState<unknown>();
  const [isWorking, setWorking] = useState(false);
  const hasCode = factors.includes("totp");
  const [isRecovering, setRecovering] = useState(false);
  const usesRecovery = isRecovering || (!hasCode && factors.includes("recovery") && !(factors.includes("passkey") && hasPasskeys()));
  const member = factors.length === 0 ? "password" : usesRecovery ? "recovery" : "totp";
  const hasField = factors.length === 0 || usesRecovery || hasCode;

  const run = (work: () => Promise<void>): void => {
    setWorking(true);
    setError(undefined);
    work().catch((reason: unknown) => {
      setError(reason);
      setWorking(false);
    });
  };
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const typed = String(new FormData(event.currentTarget).get("typed"));
    run(() => show({ [member]: typed }));
  };
  const usePasskey = (): void =>
    run(async () => {
      const answer = await presentPasskey(await askJson<"POST /api/v1/session/passkey-question">("/api/v1/session/passkey-question", { method: "POST" }));
      if (answer === undefined) throw new TurnedDown();
      await show({ passkey: answer });
    });
  return (
    <>
      <Refusal error={error} />
      {factors.includes("passkey") && hasPasskeys() && (
        <button type="button" className={hasField ? undefined : "primary"} disabled={isWorking} onClick={usePasskey} autoFocus={!hasField}>
          {m.factor.passkey}
        </button>
      )}
      <form onSubmit={submit} className="stack">
        {hasField && (
          <label>
            {factors.length === 0 ? m.factor.password : usesRecovery ? m.factor.recoveryCode : m.factor.code}
            <input
              key={member}
              name="typed"
              type={factors.length === 0 ? "password" : "text"}
              inputMode={member === "totp" ? "numeric" : undefined}
              autoComplete={factors.length === 0 ? "current-password" : member === "totp" ? "one-time-code" : "off"}
              autoCapitalize="none"
              spellCheck={false}
              required
              autoFocus
            />
          </label>
        )}
        {factors.includes("recovery") && (hasCode || (factors.includes("passkey") && hasPasskeys())) && (
          <button type="button" className="quiet" onClick={() => setRecovering(!isRecovering)}>
            {isRecovering ? m.factor.useCode : m.factor.useRecovery}
          </button>
        )}
        <div className="row end">
          {children}
          {hasField && (
            <button type="submit" className="primary" disabled={isWorking}>
              {m.factor.confirm}
            </button>
          )}
        </div>
      </form>
    </>
  );
}

/** Asks again before what concerns how one signs in, or what takes two people, and then goes on. */
interface StepUpProps {
  readonly session: Session;
  readonly note?: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function StepUp({ session, note = m.factor.againNote, onClose, onDone }: StepUpProps): ReactNode {
  const [error, setError] = useState<unknown>();
  const { factors, provider } = session;
  const cancel = (
    <button type="button" onClick={onClose}>
      {m.factor.cancel}
    </button>
  );
  return (
    <Dialog title={m.factor.again} onClose={onClose}>
      {provider === null && <p className="quiet-text">{note}</p>}
      {provider !== null && (
        <div className="stack">
          <p className="quiet-text">{note}</p>
          <Refusal error={error} />
          <button type="button" className={factors.length === 0 ? "primary" : undefined} onClick={() => void leaveForProvider({ anew: true }).catch(setError)}>
            {m.factor.againThrough(shownName(provider))}
          </button>
          <p className="quiet-text">{m.factor.againThroughNote}</p>
        </div>
      )}
      {provider !== null && factors.length === 0 ? (
        <div className="row end">{cancel}</div>
      ) : (
        <FactorForm factors={factors} show={(factor) => showFactor(factor).then(onDone)}>
          {cancel}
        </FactorForm>
      )}
    </Dialog>
  );
}
