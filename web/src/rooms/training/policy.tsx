// SPDX-License-Identifier: Apache-2.0
// One policy: what it says, what changed since whoever reads acknowledged it last, and to say that one has read it.
import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { PolicyShown, PolicyVersion, Session } from "../../api/schema.js";
import type { Action } from "../../app/actions.js";
import { m } from "../../app/messages.js";
import { useActions } from "../../app/registry.js";
import { shownTime } from "../../ui/format.js";
import { ActionButton, Copy, Empty, Name, Notice, Ready, Status, useLoad, useTitle } from "../../ui/parts.js";
import { Acknowledge } from "./acknowledge.js";
import { changedKeys, stepTo, versionToShow } from "./changes.js";
import { Clauses } from "./clauses.js";
import { Issue } from "./issue.js";
import { Requirement, RequireDialog } from "./requirement.js";

interface PolicyProps {
  readonly id: string;
  readonly session: Session;
}

export default function PolicyPage({ id, session }: PolicyProps): ReactNode {
  const [load, again] = useLoad(id, (signal) => askJson<"GET /api/v1/policies/{id}">(`/api/v1/policies/${encodeURIComponent(id)}`, { signal }));
  useTitle(load.state === "ready" ? load.value.title : m.training.title);
  return (
    <>
      <p className="crumbs">
        <Link to="/training">{m.training.back}</Link>
      </p>
      <Ready of={load} again={again}>
        {(policy) => <Shown policy={policy} session={session} again={again} />}
      </Ready>
    </>
  );
}

interface ShownProps {
  readonly policy: PolicyShown;
  readonly session: Session;
  readonly again: () => void;
}

function Shown({ policy, session, again }: ShownProps): ReactNode {
  const [chosen, setChosen] = useState<number>();
  const [isAsking, setAsking] = useState(false);
  const number = chosen ?? versionToShow(policy);
  const mayManage = session.may.includes("manage_training");
  return (
    <>
      <h1>
        <Name text={policy.title} />
      </h1>
      <div className="row">
        <Requirement of={policy.requirement} />
        {mayManage && (
          <button type="button" className="quiet small" onClick={() => setAsking(true)}>
            {m.training.edit}
          </button>
        )}
      </div>
      {policy.versions.length > 1 && (
        <div className="filters">
          <label>
            {m.training.chooseVersion}
            <select value={number} onChange={(event) => setChosen(Number(event.target.value))}>
              {policy.versions.map((version) => (
                <option key={version.id} value={version.number}>
                  {m.training.option(version.number, version.in_force)}
                </option>
              ))}
            </select>
          </label>
        </div>
      )}
      {number === undefined ? (
        <Empty title={m.training.noVersion} detail={mayManage ? m.training.noPoliciesDetail : m.training.noneInForce} />
      ) : (
        <Reader key={number} policy={policy} number={number} session={session} again={again} />
      )}
      {mayManage && <Issue slug={policy.slug} onDone={again} />}
      {isAsking && (
        <RequireDialog
          what={{ policy: policy.slug }}
          title={policy.title}
          of={policy.requirement}
          onClose={() => setAsking(false)}
          onDone={() => {
            setAsking(false);
            again();
          }}
        />
      )}
    </>
  );
}

interface ReaderProps extends ShownProps {
  readonly number: number;
}

function Reader({ policy, number, session, again }: ReaderProps): ReactNode {
  const path = `/api/v1/policies/${policy.slug}/versions/${number}` as const;
  const [load, reload] = useLoad(`${path} ${policy.acknowledged}`, (signal) => askJson<"GET /api/v1/policies/{id}/versions/{number}">(path, { signal }));
  const [last, setLast] = useState(load);
  if (load !== last && load.state !== "loading") setLast(load);
  // Since the version that they know; else since the one before.
  const since = policy.acknowledged !== null && policy.acknowledged < number ? policy.acknowledged : number - 1;
  const [isComparing, setComparing] = useState(since > 0 && policy.acknowledged !== null && policy.acknowledged < number);
  const [changes, againChanges] = useLoad(`${path} ${since} ${isComparing}`, async (signal) =>
    isComparing ? await askJson<"GET /api/v1/policies/{id}/versions/{number}/changes">(`${path}/changes?since=${since}`, { signal }) : undefined,
  );
  const shownChanges = changes.state === "ready" ? changes.value : undefined;
  const keys = useMemo(() => changedKeys(shownChanges), [shownChanges]);
  const at = useRef<string>(undefined);
  const actions = useMemo((): readonly Action[] => {
    const go = (by: 1 | -1) => (): void => {
      at.current = stepTo(keys, at.current, by);
      const clause = at.current === undefined ? null : document.getElementById(`clause-${at.current}`);
      clause?.scrollIntoView({ block: "start" });
      clause?.focus({ preventScroll: true });
    };
    const when = (): boolean => keys.length > 0;
    return [
      { id: "training.next", label: m.training.next, shortcut: "n", scope: "here", when, perform: go(1) },
      { id: "training.previous", label: m.training.previous, shortcut: "p", scope: "here", when, perform: go(-1) },
    ];
  }, [keys]);
  useActions(actions);
  useEffect(() => {
    at.current = undefined;
  }, [keys]);
  return (
    <Ready of={last} again={reload}>
      {(version) => (
        <>
          <State version={version} />
          {since > 0 && (
            <div className="row">
              <label className="check">
                <input type="checkbox" checked={isComparing} onChange={(event) => setComparing(event.target.checked)} />
                {m.training.showChanges(since)}
              </label>
              {shownChanges !== undefined && (
                <>
                  <span className="quiet-text">{m.training.changed(keys.length)}</span>
                  {actions.map((action) => (
                    <ActionButton key={action.id} action={action} />
                  ))}
                </>
              )}
            </div>
          )}
          {isComparing ? (
            <Ready of={changes} again={againChanges}>
              {(value) => <Clauses version={version} {...(value === undefined ? {} : { changes: value })} />}
            </Ready>
          ) : (
            <Clauses version={version} />
          )}
          <Acknowledge
            version={version}
            session={session}
            onDone={() => {
              reload();
              again();
            }}
          />
          <details>
            <summary>{m.training.digest}</summary>
            <p className="row">
              <span className="mono digest">{version.sha256}</span> <Copy text={version.sha256} what={m.training.digest} />
            </p>
            <p className="row">
              {m.training.text} <Copy text={version.text} what={m.training.text} />
            </p>
          </details>
        </>
      )}
    </Ready>
  );
}

function State({ version }: { readonly version: PolicyVersion }): ReactNode {
  const isComing = !version.in_force && new Date(version.effective_at) > new Date();
  return (
    <>
      <p className="row">
        <strong>{m.training.version(version.number)}</strong>
        <Status
          tone={version.in_force ? "ok" : isComing ? "info" : "plain"}
          word={version.in_force ? m.training.current(shownTime(version.effective_at)) : isComing ? m.training.notYet(shownTime(version.effective_at)) : m.training.over}
        />
        <span className="quiet-text">{m.training.issuedAt(shownTime(version.issued_at))}</span>
      </p>
      {version.note !== null && (
        <p className="lead">
          <Name text={version.note} />
        </p>
      )}
      {version.acknowledged_at !== null && <Notice tone="ok" title={m.training.acknowledged(shownTime(version.acknowledged_at))} />}
    </>
  );
}
