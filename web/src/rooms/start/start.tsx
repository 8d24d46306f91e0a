// SPDX-License-Identifier: Apache-2.0
// What an agency still needs before its first recording: for its administrator, whose first page this is.
import { type ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { FirstSteps, Session } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { Copy, Empty, Ready, Status, useLoad, useTitle } from "../../ui/parts.js";

export default function StartPage({ session }: { readonly session: Session }): ReactNode {
  useTitle(m.start.title);
  const [load, again] = useLoad("first-steps", (signal) => askJson<"GET /api/v1/first-steps">("/api/v1/first-steps", { signal }));
  return (
    <>
      <h1>{m.start.title}</h1>
      <Ready of={load} again={again}>
        {(done) => <Steps done={done} session={session} />}
      </Ready>
    </>
  );
}

function Steps({ done, session }: { readonly done: FirstSteps; readonly session: Session }): ReactNode {
  const enroll = `lapel dock enroll --data DIR --agency ${session.agency_slug} --name NAME`;
  const become = `lapel-dock enroll --server ${location.origin} --code CODE --state DIR`;
  // Whoever signs in through a provider has their second factor there.
  const hasFactor = session.factors.length > 0 || session.provider !== null;
  const left: readonly ReactNode[] = [
    !hasFactor && (
      <Step key="factor" title={m.start.factor} detail={m.start.factorDetail}>
        <Link to="/account">{m.start.factorGo}</Link>
      </Step>
    ),
    !done.people && (
      <Step key="people" title={m.start.people} detail={m.start.peopleDetail}>
        <Link to="/people?add">{m.start.peopleGo}</Link>
      </Step>
    ),
    !done.dock && (
      <Step key="dock" title={m.start.dock} detail={m.start.dockDetail}>
        <div className="stack">
          <p className="row">
            <span className="mono digest">{enroll}</span> <Copy text={enroll} what={m.start.command} />
          </p>
          <p>{m.start.dockThen}</p>
          <p className="row">
            <span className="mono digest">{become}</span> <Copy text={become} what={m.start.dockCommand} />
          </p>
        </div>
      </Step>
    ),
    !done.own_viewing && (
      <Step key="rule" title={m.start.rule} detail={m.start.ruleDetail}>
        <Link to="/people">{m.start.ruleGo}</Link>
      </Step>
    ),
  ].filter((step) => step !== false);
  if (left.length === 0) {
    return (
      <Empty title={m.start.done} detail={m.start.doneDetail}>
        <p className="row">
          <Link to="/people">{m.start.toPeople}</Link>
          <Link to="/fleet">{m.start.toCameras}</Link>
        </p>
      </Empty>
    );
  }
  return (
    <>
      <p className="lead">{m.start.lead(session.agency_name)}</p>
      <p role="status">
        <Status tone="due" word={m.start.left(left.length)} />
      </p>
      {left}
    </>
  );
}

function Step({ title, detail, children }: { readonly title: string; readonly detail: string; readonly children: ReactNode }): ReactNode {
  return (
    <section className="panel" data-step aria-label={title}>
      <h2>{title}</h2>
      <p>{detail}</p>
      <div className="row">{children}</div>
    </section>
  );
}
