// SPDX-License-Identifier: Apache-2.0
// What a sign-in still needs: the second factor, to have one enrolled, or the notice of use accepted.
import { useState, type ReactNode } from "react";
import { askJson } from "../api/client.js";
import type { Session, TotpSecret } from "../api/schema.js";
import { Failure, Notice, useTitle } from "../ui/parts.js";
import { addPasskey, AppForm, RecoveryCodes } from "./enroll.js";
import { FactorForm, Refusal } from "./factor.js";
import { m } from "./messages.js";
import { hasPasskeys } from "./passkeys.js";
import { acceptBanner, resumeSession, showFactor, signOut } from "./session.js";

export function Finish({ session }: { readonly session: Session }): ReactNode {
  if (session.needs === "banner") return <Banner text={session.banner ?? ""} />;
  if (session.needs === "enrollment") return <Enroll />;
  return <Factor session={session} />;
}

function Page({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactNode {
  useTitle(title);
  return (
    <main className="alone">
      <section className="panel" aria-labelledby="finish-title">
        <p className="brand-mark">{m.product}</p>
        <h1 id="finish-title">{title}</h1>
        {children}
      </section>
    </main>
  );
}

function SignOut(): ReactNode {
  return (
    <button type="button" className="quiet" onClick={() => void signOut()}>
      {m.factor.signOut}
    </button>
  );
}

function Factor({ session }: { readonly session: Session }): ReactNode {
  return (
    <Page title={m.factor.title}>
      <p>{m.factor.note(session.login)}</p>
      <FactorForm factors={session.factors} show={showFactor}>
        <SignOut />
      </FactorForm>
    </Page>
  );
}

function Banner({ text }: { readonly text: string }): ReactNode {
  const [error, setError] = useState<unknown>();
  return (
    <Page title={m.banner.title}>
      <p className="lines">{text}</p>
      {error !== undefined && <Failure error={error} />}
      <p className="quiet-text">{m.banner.note}</p>
      <div className="row end">
        <button type="button" className="quiet" onClick={() => void signOut()}>
          {m.banner.decline}
        </button>
        <button type="button" className="primary" onClick={() => void acceptBanner().catch(setError)} autoFocus>
          {m.banner.accept}
        </button>
      </div>
    </Page>
  );
}

function Enroll(): ReactNode {
  const [secret, setSecret] = useState<TotpSecret>();
  const [codes, setCodes] = useState<readonly string[]>();
  const [error, setError] = useState<unknown>();
  const finished = (made: readonly string[]): void => {
    setError(undefined);
    if (made.length === 0) void resumeSession();
    else setCodes(made);
  };
  const begin = (): void => {
    setError(undefined);
    askJson<"POST /api/v1/account/totp">("/api/v1/account/totp", { method: "POST" }).then(setSecret, setError);
  };
  if (codes !== undefined) {
    return (
      <Page title={m.enroll.codesTitle}>
        <RecoveryCodes codes={codes} onKept={() => void resumeSession()} />
      </Page>
    );
  }
  return (
    <Page title={m.enroll.title}>
      <p>{m.enroll.note}</p>
      <Refusal error={error} />
      {secret !== undefined ? (
        <AppForm secret={secret} onDone={finished} onFailed={setError}>
          <button type="button" onClick={() => setSecret(undefined)}>
            {m.enroll.cancel}
          </button>
        </AppForm>
      ) : (
        <>
          <h2>{m.enroll.passkeyTitle}</h2>
          <p className="quiet-text">{m.enroll.passkeyNote}</p>
          {hasPasskeys() ? (
            <button type="button" className="primary" autoFocus onClick={() => void addPasskey("").then(finished, setError)}>
              {m.account.addPasskey}
            </button>
          ) : (
            <Notice tone="info">
              <p>{m.setUp.passkeysNote}</p>
            </Notice>
          )}
          <h2>{m.enroll.appTitle}</h2>
          <p className="quiet-text">{m.enroll.appNote}</p>
          <div className="row">
            <button type="button" onClick={begin}>
              {m.enroll.begin}
            </button>
            <SignOut />
          </div>
        </>
      )}
    </Page>
  );
}
