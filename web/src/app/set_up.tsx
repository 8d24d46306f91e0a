// SPDX-License-Identifier: Apache-2.0
// The first administrator, made by whoever has the link that the server printed; and the password of somebody who was added, by theirs.
import { useEffect, useState, type FormEvent, type ReactNode } from "react";
import { askJson } from "../api/client.js";
import { Notice, useLoad, useTitle } from "../ui/parts.js";
import { Refusal } from "./factor.js";
import { m } from "./messages.js";
import { hasPasskeys } from "./passkeys.js";
import { setUp } from "./session.js";
import { readLink } from "./setup_link.js";

export function SetUp({ onDone }: { readonly onDone: (who: "administrator" | "person") => void }): ReactNode {
  // What stands behind # is sent to nobody by the browser itself. It is taken out of the address, and of the history.
  const [{ secret, login }] = useState(() => readLink(location.hash));
  const [error, setError] = useState<unknown>();
  const [isWorking, setWorking] = useState(false);
  const [state] = useLoad("setup", (signal) => askJson<"GET /api/v1/setup">("/api/v1/setup", { signal }));
  const isOver = login === undefined && state.state === "ready" && !state.value.open;
  useEffect(() => history.replaceState(null, "", location.pathname), []);
  const title = login === undefined ? m.setUp.title : m.setUp.personTitle;
  useTitle(title);

  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    setWorking(true);
    setError(undefined);
    setUp({ secret, login: String(fields.get("login")).trim(), ...(login === undefined ? { name: String(fields.get("name")).trim() } : {}), password: String(fields.get("password")) }).then(() => onDone(login === undefined ? "administrator" : "person"), (reason: unknown) => {
      setError(reason);
      setWorking(false);
    });
  };
  return (
    <main className="alone">
      <form onSubmit={submit} className="panel" aria-labelledby="set-up-title">
        <p className="brand-mark">{m.product}</p>
        <h1 id="set-up-title">{title}</h1>
        <p>{login === undefined ? m.setUp.note : m.setUp.personNote}</p>
        {secret === "" && <Notice tone="bad" title={m.setUp.noSecret} />}
        {isOver && (
          <Notice tone="due" title={m.setUp.over}>
            <a href="/">{m.signIn.title}</a>
          </Notice>
        )}
        <Refusal error={error} />
        {login === undefined && (
          <label>
            {m.setUp.name}
            <input name="name" type="text" autoComplete="name" autoFocus />
          </label>
        )}
        <label>
          {m.setUp.login}
          <input name="login" type="text" autoComplete="username" autoCapitalize="none" spellCheck={false} required defaultValue={login} readOnly={login !== undefined} />
        </label>
        <label>
          {m.setUp.password}
          <input name="password" type="password" autoComplete="new-password" minLength={8} required autoFocus={login !== undefined} />
        </label>
        {!hasPasskeys() && (
          <Notice tone="info">
            <p>{m.setUp.passkeysNote}</p>
          </Notice>
        )}
        <button type="submit" className="primary" disabled={isWorking || isOver || secret === ""}>
          {login === undefined ? m.setUp.submit : m.setUp.personSubmit}
        </button>
      </form>
    </main>
  );
}
