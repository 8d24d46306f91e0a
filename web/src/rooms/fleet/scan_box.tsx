// SPDX-License-Identifier: Apache-2.0
// One box for a scanner: out, in and audit. It keeps the focus; everything can be done from the scanner and the keyboard.
import { useLayoutEffect, useRef, useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { ScanRunEnded } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { Failure, Name, Notice, Status, type Tone } from "../../ui/parts.js";
import { beep, ScanLine } from "../../ui/scan_line.js";

const MODES = ["out", "in", "audit"] as const;
type Mode = (typeof MODES)[number];
const TONES: Readonly<Record<string, Tone>> = { officer: "info", out: "ok", in: "ok", seen: "ok", duplicate: "due", unknown: "bad", refused: "bad", failed: "bad" };
const SHOWN = 12;

export function ScanBox({ onChanged }: { readonly onChanged: () => void }): ReactNode {
  const [mode, setMode] = useState<Mode>("out");
  const [run, setRun] = useState(0); // a further one begins with the next scan
  return (
    <section className="panel" aria-labelledby="scan-title">
      <h2 id="scan-title">{m.fleet.scan.title}</h2>
      <fieldset className="choices row">
        <legend className="unseen">{m.fleet.scan.mode}</legend>
        {MODES.map((each) => (
          <label key={each} className="check">
            <input type="radio" name="scan-mode" checked={mode === each} onChange={() => setMode(each)} />
            {m.fleet.scan.modes[each]}
          </label>
        ))}
      </fieldset>
      <Run key={`${mode} ${run}`} mode={mode} onEnded={() => setRun(run + 1)} onChanged={onChanged} />
    </section>
  );
}

interface RunProps {
  readonly mode: Mode;
  readonly onEnded: () => void;
  readonly onChanged: () => void;
}

function Run({ mode, onEnded, onChanged }: RunProps): ReactNode {
  const [, again] = useState(0);
  const [ended, setEnded] = useState<ScanRunEnded>();
  const [error, setError] = useState<unknown>();
  const input = useRef<HTMLInputElement>(null);
  const run = useRef<Promise<string>>(undefined);
  const begun = (): Promise<string> => {
    run.current ??= askJson<"POST /api/v1/fleet/runs">("/api/v1/fleet/runs", { method: "POST", body: { mode } }).then(({ id }) => id);
    // One that could not begin is tried again with the next scan.
    run.current.catch(() => (run.current = undefined));
    return run.current;
  };
  const line = useRef<ScanLine>(undefined);
  line.current ??= new ScanLine(
    async (code, officer) => askJson<"POST /api/v1/fleet/runs/{id}/scans">(`/api/v1/fleet/runs/${await begun()}/scans`, { method: "POST", body: { code, officer } }),
    (sound) => {
      beep(sound);
      again((n) => n + 1);
      if (sound === "done") onChanged();
    },
  );
  const scans = line.current;
  // Before it can be seen, or a scanner's first characters go nowhere.
  useLayoutEffect(() => input.current?.focus({ preventScroll: true }), []);
  const finish = (): void => {
    setError(undefined);
    begun()
      .then((id) => askJson<"POST /api/v1/fleet/runs/{id}/end">(`/api/v1/fleet/runs/${id}/end`, { method: "POST" }))
      .then(setEnded, setError);
  };
  if (ended !== undefined) return <Ended ended={ended} onAgain={onEnded} />;
  return (
    <>
      {error !== undefined && <Failure error={error} />}
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          const field = input.current;
          if (field === null) return;
          scans.add(field.value);
          field.value = "";
        }}
      >
        <label className="wide">
          {m.fleet.scan.label}
          <input ref={input} className="mono" autoComplete="off" spellCheck={false} maxLength={200} aria-describedby="scan-hint" />
        </label>
        <button type="button" disabled={scans.waiting > 0 || scans.log.length === 0} onClick={finish}>
          {m.fleet.scan.finish}
        </button>
      </form>
      <p id="scan-hint" className="quiet-text">
        {mode === "out" && scans.officer !== undefined ? <Name text={m.fleet.scan.to(scans.officer.name)} /> : m.fleet.scan.hints[mode]}
        {scans.waiting > 0 && ` ${m.fleet.scan.waiting(scans.waiting)}`}
      </p>
      <ul className="plain" aria-label={m.fleet.scan.log} aria-live="polite">
        {scans.log.slice(0, SHOWN).map((each) => (
          <li key={each.number} className="row">
            <Status tone={TONES[each.result] ?? "plain"} word={m.fleet.scan.results[each.result] ?? each.result} />
            <Name text={each.sentence} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Ended({ ended, onAgain }: { readonly ended: ScanRunEnded; readonly onAgain: () => void }): ReactNode {
  return (
    <>
      <Notice tone={ended.missing.length > 0 ? "due" : "ok"} title={m.fleet.scan.ended(ended.scanned, ended.expected)}>
        {ended.mode === "audit" && ended.missing.length === 0 && <p>{m.fleet.scan.nothingMissing}</p>}
        {ended.missing.length > 0 && (
          <>
            <p>{m.fleet.scan.missing}</p>
            <ul className="plain mono">
              {ended.missing.map((camera) => (
                <li key={camera.id}>
                  <Name text={camera.serial} />
                </li>
              ))}
            </ul>
          </>
        )}
      </Notice>
      <button type="button" className="primary" autoFocus onClick={onAgain}>
        {m.fleet.scan.title}
      </button>
    </>
  );
}
