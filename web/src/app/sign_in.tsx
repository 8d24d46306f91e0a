// SPDX-License-Identifier: Apache-2.0
// Signing in. It stands in place of whatever was open, at the same address, so that signing in goes on there.
import { useState, type FormEvent, type ReactNode } from "react";
import { Failure, Notice, useTitle } from "../ui/parts.js";
import { Problem } from "../api/client.js";
import { m } from "./messages.js";
import { signIn } from "./session.js";

export function SignIn({ hasEnded }: { readonly hasEnded: boolean }): ReactNode {
  const [error, setError] = useState<unknown>();
  const [isWorking, setWorking] = useState(false);
  const [isShown, setShown] = useState(false);
  useTitle(m.signIn.title);

  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    setWorking(true);
    setError(undefined);
    signIn(String(fields.get("login")).trim(), String(fields.get("password"))).catch((reason: unknown) => {
      setError(reason);
      setWorking(false);
      form.querySelector<HTMLInputElement>("[name=password]")?.select();
    });
  };
  const isRefusal = error instanceof Problem && (error.slug === "sign-in" || error.status === 429);
  return (
    <main className="alone">
      <form onSubmit={submit} className="panel" aria-labelledby="sign-in-title">
        <p className="brand-mark">{m.product}</p>
        <h1 id="sign-in-title">{m.signIn.title}</h1>
        {hasEnded && error === undefined && <Notice tone="info">{m.signIn.again}</Notice>}
        {isRefusal && <Notice tone="bad" title={error.message} />}
        {error !== undefined && !isRefusal && <Failure error={error} />}
        <label>
          {m.signIn.login}
          <input name="login" type="text" autoComplete="username" autoCapitalize="none" spellCheck={false} required autoFocus />
        </label>
        <label>
          {m.signIn.password}
          <input name="password" type={isShown ? "text" : "password"} autoComplete="current-password" required />
        </label>
        <label className="check">
          <input type="checkbox" checked={isShown} onChange={(event) => setShown(event.target.checked)} />
          {m.signIn.show}
        </label>
        <button type="submit" className="primary" disabled={isWorking}>
          {isWorking ? m.signIn.working : m.signIn.submit}
        </button>
        <p className="quiet-text">{m.signIn.noAccount}</p>
      </form>
    </main>
  );
}
