// SPDX-License-Identifier: Apache-2.0
// Signing in. It stands in place of whatever was open, at the same address, so that signing in goes on there.
import { useCallback, useState, type FormEvent, type ReactNode } from "react";
import { askJson } from "../api/client.js";
import type { Session } from "../api/schema.js";
import { Notice, useTitle } from "../ui/parts.js";
import { Refusal, TurnedDown } from "./factor.js";
import { m } from "./messages.js";
import { hasPasskeys, presentPasskey } from "./passkeys.js";
import { ThroughProvider } from "./provider.js";
import { signIn, signInByPasskey } from "./session.js";

export function SignIn({ held }: { readonly held?: Session | undefined }): ReactNode {
  const [error, setError] = useState<unknown>();
  const [isWorking, setWorking] = useState(false);
  const [isShown, setShown] = useState(false);
  const [hasProvider, setHasProvider] = useState(false);
  const found = useCallback(() => setHasProvider(true), []);
  useTitle(m.signIn.title);

  const run = (work: () => Promise<void>, otherwise: () => void): void => {
    setWorking(true);
    setError(undefined);
    work().catch((reason: unknown) => {
      setError(reason);
      setWorking(false);
      otherwise();
    });
  };
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    run(
      () => signIn(String(fields.get("login")).trim(), String(fields.get("password"))),
      () => form.querySelector<HTMLInputElement>("[name=password]")?.select(),
    );
  };
  const usePasskey = (): void =>
    run(
      async () => {
        const answer = await presentPasskey(await askJson<"POST /api/v1/session/passkey-question">("/api/v1/session/passkey-question", { method: "POST" }));
        if (answer === undefined) throw new TurnedDown();
        await signInByPasskey(answer);
      },
      () => undefined,
    );
  return (
    <main className="alone">
      <form onSubmit={submit} className="panel" aria-labelledby="sign-in-title">
        <p className="brand-mark">{m.product}</p>
        <h1 id="sign-in-title">{m.signIn.title}</h1>
        {held !== undefined && error === undefined && <Notice tone="info">{m.signIn.again}</Notice>}
        <Refusal error={error} />
        <ThroughProvider onFound={found} onFailed={setError} />
        {hasPasskeys() && (
          <>
            <button type="button" disabled={isWorking} onClick={usePasskey}>
              {m.signIn.passkey}
            </button>
            <p className="divider quiet-text">{m.signIn.or}</p>
          </>
        )}
        <label>
          {m.signIn.login}
          <input name="login" type="text" defaultValue={held?.login} autoComplete="username" autoCapitalize="none" spellCheck={false} required autoFocus={held === undefined} />
        </label>
        <label>
          {m.signIn.password}
          <input name="password" type={isShown ? "text" : "password"} autoComplete="current-password" required autoFocus={held !== undefined} />
        </label>
        <label className="check">
          <input type="checkbox" checked={isShown} onChange={(event) => setShown(event.target.checked)} />
          {m.signIn.show}
        </label>
        <button type="submit" className={hasProvider ? undefined : "primary"} disabled={isWorking}>
          {isWorking ? m.signIn.working : m.signIn.submit}
        </button>
        <p className="quiet-text">{m.signIn.noAccount}</p>
      </form>
    </main>
  );
}
