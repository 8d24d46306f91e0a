// SPDX-License-Identifier: Apache-2.0
// The shell: who is signed in, which room is open, and what can be done everywhere.
import { lazy, Suspense, useEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactNode } from "react";
import { Link, Redirect, Route, Switch, useLocation } from "wouter";
import type { Session } from "../api/schema.js";
import { RecordingList } from "../rooms/recordings/list.js";
import { ActionButton, Failure, Loading, useTitle } from "../ui/parts.js";
import type { Action } from "./actions.js";
import { HelpSheet } from "./help.js";
import { m } from "./messages.js";
import { Returned } from "./provider.js";
import { useActions } from "./registry.js";
import { Finish } from "./finish.js";
import { resumeSession, signedIn, signOut, subscribe, watchSession } from "./session.js";
import { SetUp } from "./set_up.js";
import { applyTheme, readSetting, writeSetting } from "./settings.js";
import { SignIn } from "./sign_in.js";

const RecordingPage = lazy(() => import("../rooms/recordings/recording.js"));
const UploadPage = lazy(() => import("../rooms/upload/upload.js"));
const PeoplePage = lazy(() => import("../rooms/people/people.js"));
const AccountPage = lazy(() => import("../rooms/account/account.js"));
const PersonPage = lazy(() => import("../rooms/people/person.js"));

export function App(): ReactNode {
  const who = useSyncExternalStore(subscribe, signedIn);
  const [location, navigate] = useLocation();
  useEffect(() => {
    // Whoever comes back from a provider is nobody yet: that page asks for itself.
    if (window.location.pathname !== "/sign-in/return") void resumeSession();
  }, []);
  useEffect(watchSession, []);
  if (location === "/sign-in/return") return <Returned onDone={(path) => navigate(path, { replace: true })} />;
  if (who.state === "asking") return <Loading />;
  if (who.state === "failed") {
    return (
      <main className="alone">
        <Failure error={who.error} onRetry={() => void resumeSession()} />
      </main>
    );
  }
  if (who.state === "out" && who.held === undefined && location === "/setup") return <SetUp onDone={() => navigate("/account", { replace: true })} />;
  // What was open stays, out of sight and reach, for whoever signs in again as the same person: nothing typed is lost, and a player
  // stands where it stood.
  const open = who.state === "in" ? who.session : who.held;
  return (
    <>
      {who.state === "out" && <SignIn held={who.held} />}
      {who.state === "unfinished" && <Finish session={who.session} />}
      {open !== undefined && <Kept key={open.login} session={open} isShown={who.state === "in"} />}
    </>
  );
}

function Kept({ session, isShown }: { readonly session: Session; readonly isShown: boolean }): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isShown) return;
    for (const media of place.current?.querySelectorAll<HTMLMediaElement>("video, audio") ?? []) media.pause();
    // Dialogs lie above everything, whatever they are in.
    for (const dialog of place.current?.querySelectorAll<HTMLDialogElement>("dialog[open]") ?? []) dialog.close();
    if (document.fullscreenElement !== null) void document.exitFullscreen();
  }, [isShown]);
  return (
    <div ref={place} hidden={!isShown} inert={!isShown}>
      <Rooms session={session} />
    </div>
  );
}

function Rooms({ session }: { readonly session: Session }): ReactNode {
  const [location, navigate] = useLocation();
  const [isHelpOpen, setHelpOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const mayUpload = session.may.includes("upload");
  const maySeePeople = session.may.includes("see_roster");

  const actions = useMemo(
    (): readonly Action[] => [
      { id: "go.recordings", label: m.nav.recordings, shortcut: "g r", scope: "everywhere", perform: () => navigate("/recordings") },
      { id: "go.upload", label: m.nav.upload, shortcut: "g u", scope: "everywhere", when: () => mayUpload, perform: () => navigate("/upload") },
      { id: "go.people", label: m.nav.people, shortcut: "g p", scope: "everywhere", when: () => maySeePeople, perform: () => navigate("/people") },
      { id: "help", label: m.help.open, shortcut: "?", scope: "everywhere", perform: () => setHelpOpen(true) },
    ],
    [navigate, mayUpload, maySeePeople],
  );
  useActions(actions);
  const help = actions.find((action) => action.id === "help") as Action;

  // A new page starts at its top, for eyes and for screen readers alike; the first one is left as the browser has it.
  const shown = useRef(location);
  useEffect(() => {
    if (shown.current === location) return;
    shown.current = location;
    main.current?.focus();
  }, [location]);

  const link = (to: string, label: string): ReactNode => (
    <Link to={to} aria-current={location.startsWith(to) ? "page" : undefined}>
      {label}
    </Link>
  );
  return (
    <div className="frame">
      <a className="skip" href="#main">
        {m.skip}
      </a>
      <header>
        <div className="brand">
          <Link to="/recordings">{m.product}</Link>
          <span>{session.agency_name}</span>
        </div>
        <nav aria-label={m.nav.label}>
          {link("/recordings", m.nav.recordings)}
          {mayUpload && link("/upload", m.nav.upload)}
          {maySeePeople && link("/people", m.nav.people)}
        </nav>
        <div className="account">
          <ThemeChoice />
          <ActionButton action={help} kind="quiet" />
          <p>
            <Link to="/account" aria-current={location === "/account" ? "page" : undefined}>
              {session.name}
            </Link>
            <span className="quiet-text">{m.account.signedInAs(session.login)}</span>
          </p>
          <button type="button" className="quiet" onClick={() => void signOut()}>
            {m.account.signOut}
          </button>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <Suspense fallback={<Loading />}>
          <Switch>
            <Route path="/">
              <Redirect to="/recordings" replace />
            </Route>
            <Route path="/sign-in">
              <Redirect to="/recordings" replace />
            </Route>
            <Route path="/recordings">
              <RecordingList />
            </Route>
            <Route path="/recordings/:id">{({ id }) => <RecordingPage key={id} id={id} slug={session.agency_slug} />}</Route>
            <Route path="/people">
              <PeoplePage session={session} />
            </Route>
            <Route path="/people/:id">{({ id }) => <PersonPage key={id} id={id} session={session} />}</Route>
            <Route path="/account">
              <AccountPage session={session} />
            </Route>
            <Route path="/setup">
              <Redirect to="/account" replace />
            </Route>
            <Route path="/upload">
              <UploadPage mayUpload={mayUpload} />
            </Route>
            <Route>
              <NotFound />
            </Route>
          </Switch>
        </Suspense>
      </main>
      {isHelpOpen && <HelpSheet onClose={() => setHelpOpen(false)} />}
    </div>
  );
}

function NotFound(): ReactNode {
  useTitle(m.states.notFoundTitle);
  return (
    <>
      <h1>{m.states.notFoundTitle}</h1>
      <p>{m.states.notFoundDetail}</p>
      <p>
        <Link to="/recordings">{m.states.toRecordings}</Link>
      </p>
    </>
  );
}

function ThemeChoice(): ReactNode {
  const [theme, setTheme] = useState(() => readSetting("theme"));
  const choose = (value: string): void => {
    setTheme(value);
    writeSetting("theme", value);
    applyTheme(value);
  };
  return (
    <label>
      {m.theme.label}
      <select value={theme} onChange={(event) => choose(event.target.value)}>
        <option value="system">{m.theme.system}</option>
        <option value="light">{m.theme.light}</option>
        <option value="dark">{m.theme.dark}</option>
      </select>
    </label>
  );
}
