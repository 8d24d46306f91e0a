// SPDX-License-Identifier: Apache-2.0
// One import: choose its folder, see what would come in, bring it in, reconcile. Left and come back to, it goes on where it stood.
import { useEffect, useRef, useState, type ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { Import, Session } from "../../api/schema.js";
import { AskDialog } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { grouped, shownTime } from "../../ui/format.js";
import { Failure, Name, Notice, Ready, Status, useLoad, useTitle } from "../../ui/parts.js";
import { bringIn, look, settled, type NotSent, type Step } from "./bringing.js";
import { folderOf } from "./folder.js";
import { Mark } from "./imports.js";
import { Findings, Lines } from "./report.js";

export default function ImportPage({ id, session }: { readonly id: string; readonly session: Session }): ReactNode {
  const [load, again] = useLoad(id, (signal) => askJson<"GET /api/v1/imports/{id}">(`/api/v1/imports/${id}`, { signal }));
  useTitle(load.state === "ready" ? load.value.title : m.imports.title);
  return (
    <>
      <p>
        <Link to="/imports">{m.imports.back}</Link>
      </p>
      <Ready of={load} again={again}>
        {(value) => <Shown first={value} mayImport={session.may.includes("import")} />}
      </Ready>
    </>
  );
}

function Shown({ first, mayImport }: { readonly first: Import; readonly mayImport: boolean }): ReactNode {
  const [now, setNow] = useState(first);
  const [turn, setTurn] = useState(0);
  const changed = (value: Import): void => {
    setNow(value);
    setTurn((n) => n + 1);
  };
  return (
    <>
      <h1>
        <Name text={now.title} />
      </h1>
      <p className="row">
        <Name text={now.system} /> <Mark of={now} />
        <Status tone={now.state === "open" ? "info" : "ok"} word={m.imports.states[now.state] ?? now.state} />
        <span className="quiet-text">{shownTime(now.began_at)}</span>
      </p>
      {!now.verified && (
        <Notice tone="due" title={m.imports.unverifiedTitle}>
          <p>{m.imports.unverifiedDetail}</p>
        </Notice>
      )}
      {now.state === "open" && mayImport && <Wizard of={now} onChange={changed} />}
      {(now.read || now.state === "closed") && (
        <>
          <Counts of={now} />
          <Findings key={`findings ${turn}`} of={now} />
          {now.state === "closed" && <Closed of={now} />}
          <Lines key={`lines ${turn}`} id={now.id} />
        </>
      )}
    </>
  );
}

function Counts({ of }: { readonly of: Import }): ReactNode {
  const { counts } = of;
  const isOutlook = counts.arrived === 0 && of.state === "open";
  const rows: readonly (readonly [string, number])[] = isOutlook
    ? [["expected", counts.expected], ["found", counts.found], ["absent", counts.expected - counts.found], ["extra", counts.extra], ["documents", counts.documents], ["refused", counts.refused]]
    : [["expected", counts.expected], ["arrived", counts.arrived], ["missing", counts.missing], ["differing", counts.differing], ["extra", counts.extra], ["documents", counts.documents], ["refused", counts.refused], ["without_hash", counts.without_hash], ["unsent", counts.unsent]];
  const isBad = (name: string, n: number): boolean => n > 0 && ["absent", "missing", "differing", "refused"].includes(name);
  return (
    <section aria-labelledby="counts-title">
      <h2 id="counts-title">{isOutlook ? m.imports.outlook : m.imports.arrived}</h2>
      <dl className="counts">
        {rows.map(([name, n]) => (
          <div key={name} data-count={name}>
            <dt>{m.imports.counts[name]}</dt>
            <dd className={isBad(name, n) ? "bad" : undefined}>{n.toLocaleString("en-US")}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Closed({ of }: { readonly of: Import }): ReactNode {
  return (
    <section aria-labelledby="report-title">
      <h2 id="report-title">{m.imports.download}</h2>
      {of.reason !== null && (
        <p>
          <Name text={m.imports.closedWith(of.reason)} />
        </p>
      )}
      <p className="row">
        <a href={`/api/v1/imports/${of.id}/report?form=csv`} download>
          {m.imports.csv}
        </a>
        <a href={`/api/v1/imports/${of.id}/report?form=json`} download>
          {m.imports.json}
        </a>
      </p>
      {of.report_sha256 !== null && (
        <p className="quiet-text">
          {m.imports.digest} <span className="mono digest">{grouped(of.report_sha256)}</span>
        </p>
      )}
    </section>
  );
}

function Wizard({ of, onChange }: { readonly of: Import; readonly onChange: (value: Import) => void }): ReactNode {
  const input = useRef<HTMLInputElement>(null);
  const [folder, setFolder] = useState<ReadonlyMap<string, File>>();
  const [step, setStep] = useState<Step>();
  const [error, setError] = useState<unknown>();
  const [notSent, setNotSent] = useState<readonly NotSent[]>([]);
  const [isPaused, setPaused] = useState(false);
  const [isClosing, setClosing] = useState(false);
  const abort = useRef<AbortController>(undefined);
  const isWorking = step !== undefined;
  // It goes on where it stood, but not by itself: leaving in the middle is asked about.
  useEffect(() => {
    if (!isWorking) return;
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [isWorking]);
  useEffect(() => () => abort.current?.abort(), []);

  const run = (act: (signal: AbortSignal) => Promise<void>): void => {
    const controller = new AbortController();
    abort.current = controller;
    setError(undefined);
    setPaused(false);
    act(controller.signal)
      .catch(async (reason: unknown) => {
        if (!controller.signal.aborted) return setError(reason);
        setPaused(true);
        onChange(await settled(of.id, new AbortController().signal));
      })
      .catch(setError)
      .finally(() => setStep(undefined));
  };
  const chosen = (files: readonly File[]): void => {
    const found = folderOf(files);
    if (found.size === 0) return setError(new Error(m.imports.nothing));
    setFolder(found);
    run(async (signal) => onChange(await look(of.id, found, signal, setStep)));
  };
  const send = (): void => {
    if (folder === undefined) return;
    setStep({ at: "sending" }); // at once: a second click would be a second run
    run(async (signal) => {
      setNotSent(await bringIn(of.id, folder, signal, setStep));
      onChange(await settled(of.id, signal));
    });
  };
  const { unsent } = of.counts;
  const at = isClosing || (of.read && unsent === 0) ? 3 : !of.read || folder === undefined ? 0 : step?.at === "sending" || step?.at === "comparing" ? 2 : 1;
  return (
    <section className="panel" aria-labelledby="wizard-title">
      <ol className="steps" id="wizard-title" aria-label={m.imports.beginTitle}>
        {m.imports.steps.map((name, i) => (
          <li key={name} aria-current={i === at ? "step" : undefined}>
            {name}
          </li>
        ))}
      </ol>
      {error !== undefined && <Failure error={error} />}
      {isPaused && <Notice tone="due">{m.imports.paused}</Notice>}
      {!isWorking && (folder === undefined || !of.read) && (
        <>
          <p className="row">
            <button type="button" className={at === 0 ? "primary" : undefined} onClick={() => input.current?.click()}>
              {of.read ? m.imports.chooseAgain : m.imports.choose}
            </button>
          </p>
          <p className="quiet-text">{m.imports.chooseHint}</p>
        </>
      )}
      <input
        ref={input}
        type="file"
        hidden
        multiple
        data-folder
        {...{ webkitdirectory: "" }}
        onChange={(event) => {
          chosen([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
      {step !== undefined && <Working step={step} onStop={() => abort.current?.abort()} />}
      {!isWorking && of.read && folder !== undefined && unsent > 0 && (
        <p className="row">
          <button type="button" className="primary" onClick={send}>
            {m.imports.send(unsent)}
          </button>
        </p>
      )}
      {!isWorking && of.read && of.counts.files - of.counts.documents - unsent > 0 && (
        <p className="row">
          <button type="button" className={unsent === 0 ? "primary" : "quiet"} onClick={() => setClosing(true)}>
            {m.imports.close}
          </button>
        </p>
      )}
      {notSent.length > 0 && (
        <Notice tone="bad" title={m.imports.notSent}>
          <ul>
            {notSent.map(({ path, why }) => (
              <li key={path}>
                <Name text={`${path}: ${why}`} />
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {isClosing && <Closing of={of} onClose={() => setClosing(false)} onDone={onChange} />}
    </section>
  );
}

function wordsOf(step: Step): string {
  if (step.at === "looking") return m.imports.looking(step.of ?? 0);
  if (step.at === "sending") return m.imports.sending(step.sent ?? 0, step.of ?? 0);
  return m.imports[step.at];
}

function Working({ step, onStop }: { readonly step: Step; readonly onStop: () => void }): ReactNode {
  const isSending = step.at === "sending";
  return (
    <>
      <p role="status">{wordsOf(step)}</p>
      {isSending && (
        <>
          <progress max={Math.max(step.of ?? 1, 1)} value={(step.sent ?? 0) + (step.fraction ?? 0)} aria-label={m.imports.steps[2]} />
          {step.path !== undefined && (
            <p className="quiet-text">
              <Name text={m.imports.now(step.path)} />
            </p>
          )}
          <p className="row">
            <button type="button" onClick={onStop}>
              {m.imports.stop}
            </button>
          </p>
          <p className="quiet-text">{m.imports.keep}</p>
        </>
      )}
    </>
  );
}

function Closing({ of, onClose, onDone }: { readonly of: Import; readonly onClose: () => void; readonly onDone: (value: Import) => void }): ReactNode {
  const { unsent } = of.counts;
  const ask = async (text: (name: string) => string): Promise<void> => {
    const reason = text("reason");
    const body = { ...(unsent === 0 ? {} : { leave_unsent: true }), ...(reason === "" ? {} : { reason }) };
    onDone(await askJson<"POST /api/v1/imports/{id}/close">(`/api/v1/imports/${of.id}/close`, { method: "POST", body }));
  };
  return (
    <AskDialog title={m.imports.closeTitle} note={m.imports.closeNote} submit={m.imports.close} ask={ask} onClose={onClose} onDone={onClose}>
      <label>
        {unsent > 0 ? m.imports.closeUnsent(unsent) : m.imports.closeReason}
        <input name="reason" required={unsent > 0} maxLength={500} autoFocus={unsent > 0} />
      </label>
    </AskDialog>
  );
}
