// SPDX-License-Identifier: Apache-2.0
// Signing in through the agency's own identity provider: the button that leads there, and the page that one comes back to.
import { useEffect, useRef, useState, type ReactNode } from "react";
import { askJson, Problem } from "../api/client.js";
import { shownName } from "../ui/format.js";
import { Loading, Notice, useTitle } from "../ui/parts.js";
import { Refusal } from "./factor.js";
import { leaveForProvider, readReturn, takePath } from "./leave.js";
import { m } from "./messages.js";
import { comeBack, resumeSession } from "./session.js";
import { readSetting, writeSetting } from "./settings.js";

const askProvider = (agency: string) =>
  askJson<"GET /api/v1/session/provider">(`/api/v1/session/provider?agency=${encodeURIComponent(agency)}`);

/** Nothing, where no agency here has a provider; where several agencies share the server, one is named first. */
export function ThroughProvider({ onFound, onFailed }: { readonly onFound: () => void; readonly onFailed: (error: unknown) => void }): ReactNode {
  const named = new URLSearchParams(location.search).get("agency") ?? readSetting("agency");
  const [agency, setAgency] = useState(named);
  const [name, setName] = useState<string | null>(null);
  const [asks, setAsks] = useState(false);
  const [isUnknown, setUnknown] = useState(false);
  const [isLeaving, setLeaving] = useState(false);
  const field = useRef<HTMLInputElement>(null);

  useEffect(() => {
    let isHere = true;
    // What cannot be asked shows nothing: the other ways of signing in say when the server is away.
    askProvider(named).then(
      (found) => {
        if (!isHere) return;
        setName(found.name === null ? null : shownName(found.name));
        setAsks(found.asks_agency);
        if (found.name !== null) onFound();
      },
      () => undefined,
    );
    return () => {
      isHere = false;
    };
  }, [named, onFound]);

  const leave = (to: string): void => {
    setLeaving(true);
    leaveForProvider({ agency: to }).catch((reason: unknown) => {
      setLeaving(false);
      if (asks && reason instanceof Problem && reason.status === 404) setUnknown(true);
      else onFailed(reason);
    });
  };
  const go = (): void => {
    const typed = field.current?.value.trim() ?? "";
    if (typed === "") {
      field.current?.focus();
      return;
    }
    setUnknown(false);
    setAgency(typed);
    writeSetting("agency", typed);
    leave(typed);
  };
  if (name === null && !asks) return null;
  return (
    <div className="stack">
      {name !== null && (
        <button type="button" className="primary" disabled={isLeaving} onClick={() => leave(agency)}>
          {m.signIn.through(name)}
        </button>
      )}
      {asks && name === null && (
        <>
          {isUnknown && <Notice tone="bad" title={m.signIn.noProvider} />}
          <label>
            {m.signIn.agency}
            <input
              ref={field}
              type="text"
              defaultValue={agency}
              autoCapitalize="none"
              autoComplete="organization"
              spellCheck={false}
              aria-describedby="agency-note"
              onKeyDown={(event) => {
                // Enter here means this, and not the login and password below.
                if (event.key !== "Enter") return;
                event.preventDefault();
                go();
              }}
            />
          </label>
          <p className="quiet-text" id="agency-note">
            {m.signIn.agencyNote}
          </p>
          <button type="button" disabled={isLeaving} onClick={go}>
            {m.signIn.agencyGo}
          </button>
        </>
      )}
      <p className="divider quiet-text">{m.signIn.or}</p>
    </div>
  );
}

/** Where the provider sends the browser. The code leaves the address before anything else is done with it. */
export function Returned({ onDone }: { readonly onDone: (path: string) => void }): ReactNode {
  const [error, setError] = useState<unknown>();
  const isAsked = useRef(false);
  const [path] = useState(takePath);
  useTitle(m.signIn.title);
  useEffect(() => {
    if (isAsked.current) return;
    isAsked.current = true;
    const returned = readReturn(location.search);
    history.replaceState(null, "", "/sign-in/return");
    if (returned === undefined) void resumeSession().then(() => onDone(path));
    else comeBack(returned).then(() => onDone(path), setError);
  }, [onDone, path]);
  if (error === undefined) return <Loading />;
  return (
    <main className="alone">
      <section className="panel" aria-labelledby="returned-title">
        <p className="brand-mark">{m.product}</p>
        <h1 id="returned-title">{m.signIn.returnFailed}</h1>
        <Refusal error={error} />
        <button
          type="button"
          className="primary"
          onClick={() => void resumeSession().then(() => onDone(path))}
        >
          {m.signIn.returnAgain}
        </button>
      </section>
    </main>
  );
}
