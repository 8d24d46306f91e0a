// SPDX-License-Identifier: Apache-2.0
// The shell: who is signed in, which room is open, and what can be done everywhere.
import { lazy, Suspense, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactNode } from "react";
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
const ImportsPage = lazy(() => import("../rooms/imports/imports.js"));
const ImportPage = lazy(() => import("../rooms/imports/import.js"));
const PeoplePage = lazy(() => import("../rooms/people/people.js"));
const HoldsPage = lazy(() => import("../rooms/holds/holds.js"));
const ApprovalsPage = lazy(() => import("../rooms/approvals/approvals.js"));
const AgenciesPage = lazy(() => import("../rooms/agencies/agencies.js"));
const AccountPage = lazy(() => import("../rooms/account/account.js"));
const ReceivedPage = lazy(() => import("../rooms/shares/received.js"));
const SharesPage = lazy(() => import("../rooms/shares/shares.js"));
const PersonPage = lazy(() => import("../rooms/people/person.js"));
const AlertsPage = lazy(() => import("../rooms/oversight/alerts.js"));
const AlertPage = lazy(() => import("../rooms/oversight/alert.js"));
const WeeklyPage = lazy(() => import("../rooms/oversight/weekly.js"));
const DigestPage = lazy(() => import("../rooms/oversight/digest.js"));
const ReviewPage = lazy(() => import("../rooms/oversight/review.js"));
const BargainingPage = lazy(() => import("../rooms/program/bargaining.js"));
const GatesPage = lazy(() => import("../rooms/program/gates.js"));
const MoneyPage = lazy(() => import("../rooms/program/money.js"));
const StoragePage = lazy(() => import("../rooms/program/storage.js"));
const ReportPage = lazy(() => import("../rooms/program/report.js"));
const CamerasPage = lazy(() => import("../rooms/fleet/cameras.js"));
const CameraPage = lazy(() => import("../rooms/fleet/camera.js"));
const RotationPage = lazy(() => import("../rooms/fleet/rotation.js"));
const StaffingPage = lazy(() => import("../rooms/fleet/staffing.js"));
const TrainingPage = lazy(() => import("../rooms/training/training.js"));
const PolicyPage = lazy(() => import("../rooms/training/policy.js"));
const RecordPage = lazy(() => import("../rooms/training/record.js"));
const SendPage = lazy(() => import("../rooms/invitations/send.js"));
const RequestsPage = lazy(() => import("../rooms/invitations/requests.js"));
const RequestPage = lazy(() => import("../rooms/invitations/request.js"));
const StartPage = lazy(() => import("../rooms/start/start.js"));
const ViewAsPage = lazy(() => import("../rooms/oversight/view_as.js"));

/** A recipient of a share is nobody to the agency, nor is whoever was asked for files: their pages know no session. */
export function App(): ReactNode {
  const [location] = useLocation();
  if (location !== "/shared" && location !== "/send") return <Staff />;
  return <Suspense fallback={<Loading />}>{location === "/send" ? <SendPage /> : <ReceivedPage />}</Suspense>;
}

function Staff(): ReactNode {
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
  if (who.state === "out" && who.held === undefined && location === "/setup") return <SetUp onDone={(who) => navigate(who === "administrator" ? "/" : "/account", { replace: true })} />;
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
  // With the change of the page itself, not after it is drawn: nothing is heard that is not seen.
  useLayoutEffect(() => {
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
  const maySeeImports = session.may.includes("see_imports");
  const maySeePeople = session.may.includes("see_roster");
  const maySeeShares = session.may.includes("see_shares");
  const maySeeRequests = session.may.includes("see_file_requests");
  const maySeeHolds = session.may.includes("see_holds");
  const maySeeProposals = session.may.includes("see_proposals");
  const mayHost = session.may.includes("manage_agencies");
  const maySeeProgram = session.may.includes("see_program");
  const maySeeReports = maySeeProgram || session.may.includes("review_report");
  const maySeeBargaining = session.may.includes("see_bargaining");
  const maySeeFleet = session.may.includes("see_fleet");
  // Who comes to decide proposals, or for the program, and has no list, is taken there.
  const mayList = session.may.includes("list");
  const hasNoList = (maySeeProposals || maySeeProgram || maySeeBargaining) && !mayList;
  const maySetUp = session.may.includes("manage_people");
  const homeWithoutList = maySeeProposals ? "/approvals" : maySeeProgram ? "/program/money" : "/program/bargaining";
  const home = maySetUp && !mayList ? "/start" : hasNoList ? homeWithoutList : "/recordings";
  const maySeeAlerts = session.may.includes("see_alerts");
  // Whoever keeps the cameras hears of what they left to nobody.
  const maySeeWeeks = session.may.includes("see_digests") || session.may.includes("register_device");
  const mayReview = session.may.includes("review_access");
  const mayRead = session.may.includes("read_policies");

  const actions = useMemo(
    (): readonly Action[] => [
      { id: "go.recordings", label: m.nav.recordings, shortcut: "g r", scope: "everywhere", when: () => mayList, perform: () => navigate("/recordings") },
      { id: "go.upload", label: m.nav.upload, shortcut: "g u", scope: "everywhere", when: () => mayUpload, perform: () => navigate("/upload") },
      { id: "go.imports", label: m.nav.imports, shortcut: "g x", scope: "everywhere", when: () => maySeeImports, perform: () => navigate("/imports") },
      { id: "go.people", label: m.nav.people, shortcut: "g p", scope: "everywhere", when: () => maySeePeople, perform: () => navigate("/people") },
      { id: "go.start", label: m.nav.start, shortcut: "g i", scope: "everywhere", when: () => maySetUp, perform: () => navigate("/start") },
      { id: "go.shares", label: m.nav.shares, shortcut: "g s", scope: "everywhere", when: () => maySeeShares, perform: () => navigate("/shares") },
      { id: "go.requests", label: m.nav.requests, shortcut: "g q", scope: "everywhere", when: () => maySeeRequests, perform: () => navigate("/file-requests") },
      { id: "go.holds", label: m.nav.holds, shortcut: "g h", scope: "everywhere", when: () => maySeeHolds, perform: () => navigate("/holds") },
      { id: "go.approvals", label: m.nav.approvals, shortcut: "g o", scope: "everywhere", when: () => maySeeProposals, perform: () => navigate("/approvals") },
      { id: "go.alerts", label: m.nav.alerts, shortcut: "g a", scope: "everywhere", when: () => maySeeAlerts, perform: () => navigate("/alerts") },
      { id: "go.weekly", label: m.nav.weekly, shortcut: "g w", scope: "everywhere", when: () => maySeeWeeks, perform: () => navigate("/weekly-review") },
      { id: "go.review", label: m.nav.review, shortcut: "g v", scope: "everywhere", when: () => mayReview, perform: () => navigate("/access-review") },
      { id: "go.agencies", label: m.nav.agencies, shortcut: "g g", scope: "everywhere", when: () => mayHost, perform: () => navigate("/agencies") },
      { id: "go.money", label: m.nav.money, shortcut: "g m", scope: "everywhere", when: () => maySeeProgram, perform: () => navigate("/program/money") },
      { id: "go.reports", label: m.nav.reports, shortcut: "g e", scope: "everywhere", when: () => maySeeReports, perform: () => navigate("/program/report") },
      { id: "go.bargaining", label: m.nav.bargaining, shortcut: "g b", scope: "everywhere", when: () => maySeeBargaining, perform: () => navigate("/program/bargaining") },
      { id: "go.gates", label: m.nav.gates, shortcut: "g l", scope: "everywhere", when: () => maySeeBargaining, perform: () => navigate("/program/gates") },
      { id: "go.storage", label: m.nav.storage, shortcut: "g k", scope: "everywhere", when: () => maySeeProgram, perform: () => navigate("/program/storage") },
      { id: "go.fleet", label: m.nav.fleet, shortcut: "g c", scope: "everywhere", when: () => maySeeFleet, perform: () => navigate("/fleet") },
      { id: "go.rotation", label: m.nav.rotation, shortcut: "g t", scope: "everywhere", when: () => maySeeFleet, perform: () => navigate("/fleet/rotation") },
      { id: "go.staffing", label: m.nav.staffing, shortcut: "g f", scope: "everywhere", when: () => maySeeFleet, perform: () => navigate("/staffing") },
      { id: "go.training", label: m.nav.training, shortcut: "g d", scope: "everywhere", when: () => mayRead, perform: () => navigate("/training") },
      { id: "help", label: m.help.open, shortcut: "?", scope: "everywhere", perform: () => setHelpOpen(true) },
    ],
    [navigate, mayUpload, maySeeImports, maySetUp, maySeePeople, maySeeShares, maySeeRequests, maySeeHolds, maySeeProposals, mayHost, mayList, maySeeProgram, maySeeReports, maySeeBargaining, maySeeFleet, maySeeAlerts, maySeeWeeks, mayReview, mayRead],
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

  const link = (to: string, label: string, isHere = location.startsWith(to)): ReactNode => (
    <Link to={to} aria-current={isHere ? "page" : undefined}>
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
          <Link to={home}>{m.product}</Link>
          <span>{session.agency_name}</span>
        </div>
        <nav aria-label={m.nav.label}>
          {maySetUp && link("/start", m.nav.start)}
          {mayList && link("/recordings", m.nav.recordings)}
          {mayUpload && link("/upload", m.nav.upload)}
          {maySeeImports && link("/imports", m.nav.imports)}
          {maySeeShares && link("/shares", m.nav.shares)}
          {maySeeRequests && link("/file-requests", m.nav.requests)}
          {maySeePeople && link("/people", m.nav.people)}
          {maySeeHolds && link("/holds", m.nav.holds)}
          {maySeeProposals && link("/approvals", m.nav.approvals)}
          {mayHost && link("/agencies", m.nav.agencies)}
          {maySeeAlerts && link("/alerts", m.nav.alerts)}
          {maySeeWeeks && link("/weekly-review", m.nav.weekly)}
          {mayReview && link("/access-review", m.nav.review)}
          {maySeeProgram && link("/program/money", m.nav.money)}
          {maySeeProgram && link("/program/storage", m.nav.storage)}
          {maySeeReports && link("/program/report", m.nav.reports)}
          {maySeeBargaining && link("/program/bargaining", m.nav.bargaining)}
          {maySeeBargaining && link("/program/gates", m.nav.gates)}
          {maySeeFleet && link("/fleet", m.nav.fleet, location === "/fleet" || location.startsWith("/fleet/cameras"))}
          {maySeeFleet && link("/fleet/rotation", m.nav.rotation)}
          {maySeeFleet && link("/staffing", m.nav.staffing)}
          {mayRead && link("/training", m.nav.training)}
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
              <Redirect to={home} replace />
            </Route>
            <Route path="/sign-in">
              <Redirect to={home} replace />
            </Route>
            <Route path="/recordings">
              <RecordingList />
            </Route>
            <Route path="/recordings/:id">{({ id }) => <RecordingPage key={id} id={id} slug={session.agency_slug} />}</Route>
            <Route path="/shares">
              <SharesPage session={session} />
            </Route>
            <Route path="/file-requests">
              <RequestsPage session={session} />
            </Route>
            <Route path="/file-requests/:id">{({ id }) => <RequestPage key={id} id={id} session={session} />}</Route>
            <Route path="/people">
              <PeoplePage session={session} />
            </Route>
            <Route path="/people/:id">{({ id }) => <PersonPage key={id} id={id} session={session} />}</Route>
            <Route path="/start">
              <StartPage session={session} />
            </Route>
            <Route path="/imports">
              <ImportsPage session={session} />
            </Route>
            <Route path="/imports/:id">{({ id }) => <ImportPage key={id} id={id} session={session} />}</Route>
            <Route path="/holds">
              <HoldsPage session={session} />
            </Route>
            <Route path="/approvals">
              <ApprovalsPage />
            </Route>
            <Route path="/agencies">
              <AgenciesPage />
            </Route>
            <Route path="/people/:id/view-as">{({ id }) => <ViewAsPage key={id} id={id} />}</Route>
            <Route path="/training">
              <TrainingPage session={session} />
            </Route>
            <Route path="/training/policies/:id">{({ id }) => <PolicyPage key={id} id={id} session={session} />}</Route>
            <Route path="/training/people/:id">{({ id }) => <RecordPage key={id} id={id} />}</Route>
            <Route path="/alerts">
              <AlertsPage />
            </Route>
            <Route path="/alerts/:id">{({ id }) => <AlertPage key={id} id={id} />}</Route>
            <Route path="/weekly-review">
              <WeeklyPage session={session} />
            </Route>
            <Route path="/weekly-review/:id">{({ id }) => <DigestPage key={id} id={id} />}</Route>
            <Route path="/access-review">
              <ReviewPage />
            </Route>
            <Route path="/program/bargaining">
              <BargainingPage />
            </Route>
            <Route path="/program/gates">
              <GatesPage session={session} />
            </Route>
            <Route path="/program/storage">
              <StoragePage />
            </Route>
            <Route path="/program/report">
              <ReportPage session={session} />
            </Route>
            <Route path="/program/money">
              <MoneyPage />
            </Route>
            <Route path="/fleet">
              <CamerasPage session={session} />
            </Route>
            <Route path="/fleet/cameras/:id">{({ id }) => <CameraPage key={id} id={id} session={session} />}</Route>
            <Route path="/fleet/rotation">
              <RotationPage session={session} />
            </Route>
            <Route path="/staffing">
              <StaffingPage session={session} />
            </Route>
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
