// SPDX-License-Identifier: Apache-2.0
// Sessions of courses: planned, cancelled, and their rosters, by scan or by file.
import { useLayoutEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { AttendanceImported, RosterEntry, SessionShown, TrainingSession } from "../../api/schema.js";
import { AskDialog, ReasonField, type DoneProps } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { shownDay, shownTime } from "../../ui/format.js";
import { Failure, Items, Name, Notice, Ready, Status, Table, useLoad, type Tone } from "../../ui/parts.js";
import { beep, ScanLine } from "../../ui/scan_line.js";

const TONES: Readonly<Record<string, Tone>> = { attended: "ok", duplicate: "due", unknown: "bad", refused: "bad", failed: "bad" };
const SHOWN = 12;

export function Sessions(): ReactNode {
  const [load, again] = useLoad("sessions", (signal) => askJson<"GET /api/v1/training/sessions">("/api/v1/training/sessions", { signal }));
  const [isPlanning, setPlanning] = useState(false);
  const [cancelling, setCancelling] = useState<TrainingSession>();
  const [open, setOpen] = useState<string>();
  // What was shown stays in place while a scan's change is fetched.
  const [last, setLast] = useState(load);
  if (load !== last && load.state !== "loading") setLast(load);
  const done = (): void => {
    setPlanning(false);
    setCancelling(undefined);
    again();
  };
  return (
    <section className="apart" aria-labelledby="sessions-title">
      <div className="row heading">
        <h2 id="sessions-title">{m.training.sessions}</h2>
        <button type="button" onClick={() => setPlanning(true)}>
          {m.training.plan}
        </button>
      </div>
      <Items of={last} again={again} none={<p className="quiet-text">{m.training.noSessionsDetail}</p>}>
        {(sessions) => (
          <Table caption={m.training.sessionsCaption} heads={[m.training.on, m.training.course, m.training.trainer, { label: m.training.attended, as: "number" }, { label: m.training.roster, as: "unseen" }]}>
            {sessions.map((each) => (
              <tr key={each.id}>
                <td className="time">{shownDay(each.on)}</td>
                <td className="name">
                  <Name text={each.title ?? each.course ?? ""} />
                  {each.place !== null && (
                    <div className="quiet-text">
                      <Name text={each.place} />
                    </div>
                  )}
                </td>
                <td>
                  <Name text={each.trainer ?? ""} />
                </td>
                <td className="number">{each.attended}</td>
                <td>
                  {each.cancelled_at !== null ? (
                    <>
                      <Status tone="bad" word={m.training.cancelled} />
                      <div className="quiet-text">
                        <Name text={each.reason ?? ""} />
                      </div>
                    </>
                  ) : (
                    <div className="row">
                      <button type="button" className="quiet small" aria-expanded={open === each.id} onClick={() => setOpen(open === each.id ? undefined : each.id)}>
                        {m.training.roster}
                      </button>
                      {each.attended === 0 && (
                        <button type="button" className="quiet small" onClick={() => setCancelling(each)}>
                          {m.training.cancel}
                        </button>
                      )}
                    </div>
                  )}
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Items>
      {open !== undefined && <Roster key={open} id={open} onChanged={again} onClose={() => setOpen(undefined)} />}
      <Import onDone={again} />
      {isPlanning && <Plan onClose={() => setPlanning(false)} onDone={done} />}
      {cancelling !== undefined && (
        <AskDialog
          title={m.training.cancelTitle(cancelling.title ?? "", shownDay(cancelling.on))}
          note={m.training.cancelNote}
          submit={m.training.cancel}
          onClose={() => setCancelling(undefined)}
          onDone={done}
          ask={(text) => askJson<"POST /api/v1/training/sessions/{id}/cancel">(`/api/v1/training/sessions/${cancelling.id}/cancel`, { method: "POST", body: { reason: text("reason") } })}
        >
          <ReasonField isFirst />
        </AskDialog>
      )}
    </section>
  );
}

function Plan(dialog: DoneProps): ReactNode {
  const [load] = useLoad("courses", (signal) => askJson<"GET /api/v1/training/courses">("/api/v1/training/courses", { signal }));
  return (
    <AskDialog
      {...dialog}
      title={m.training.plan}
      note={m.training.planNote}
      submit={m.training.plan}
      isReady={load.state === "ready" && load.value.items.length > 0}
      ask={(text) =>
        askJson<"POST /api/v1/training/sessions">("/api/v1/training/sessions", {
          method: "POST",
          body: { course: text("course"), place: text("place"), trainer: text("trainer"), ...(text("on") === "" ? {} : { on: text("on") }) },
        })
      }
    >
      <label>
        {m.training.course}
        <select name="course" required autoFocus>
          {load.state === "ready" &&
            load.value.items.map((course) => (
              <option key={course.id} value={course.slug}>
                {course.title}
              </option>
            ))}
        </select>
      </label>
      <label>
        {m.training.on}
        <input name="on" type="date" />
      </label>
      <label>
        {m.training.place}
        <input name="place" maxLength={200} />
      </label>
      <label>
        {m.training.trainer}
        <input name="trainer" maxLength={200} />
      </label>
    </AskDialog>
  );
}

interface RosterProps {
  readonly id: string;
  readonly onChanged: () => void;
  readonly onClose: () => void;
}

function Roster({ id, onChanged, onClose }: RosterProps): ReactNode {
  const [load, again] = useLoad(id, (signal) => askJson<"GET /api/v1/training/sessions/{id}">(`/api/v1/training/sessions/${id}`, { signal }));
  const [last, setLast] = useState(load);
  if (load !== last && load.state !== "loading") setLast(load);
  const changed = (): void => {
    again();
    onChanged();
  };
  return (
    <section className="panel" aria-labelledby="roster-title">
      <Ready of={last} again={again}>
        {(session) => (
          <>
            <h3 id="roster-title">{m.training.rosterOf(session.title ?? "", shownDay(session.on))}</h3>
            <Scanner id={id} onChanged={changed} />
            <Attended session={session} onChanged={changed} />
            <button type="button" className="quiet" onClick={onClose}>
              {m.training.close}
            </button>
          </>
        )}
      </Ready>
    </section>
  );
}

function Scanner({ id, onChanged }: { readonly id: string; readonly onChanged: () => void }): ReactNode {
  const [, again] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const line = useRef<ScanLine>(undefined);
  line.current ??= new ScanLine(
    (code) => askJson<"POST /api/v1/training/sessions/{id}/attendances">(`/api/v1/training/sessions/${id}/attendances`, { method: "POST", body: { code } }),
    (sound) => {
      beep(sound);
      again((n) => n + 1);
      if (sound === "done") onChanged();
    },
  );
  const scans = line.current;
  // Before it can be seen, or a scanner's first characters go nowhere.
  useLayoutEffect(() => input.current?.focus(), []);
  return (
    <>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const field = input.current;
          if (field === null) return;
          scans.add(field.value);
          field.value = "";
        }}
      >
        <label>
          {m.training.scanLabel}
          <input ref={input} className="mono" autoComplete="off" autoCapitalize="none" spellCheck={false} maxLength={200} aria-describedby="roster-hint" />
        </label>
      </form>
      <p id="roster-hint" className="quiet-text">
        {m.training.scanHint}
        {scans.waiting > 0 && ` ${m.training.waiting(scans.waiting)}`}
      </p>
      <ul className="plain" aria-label={m.training.scanLog} aria-live="polite">
        {scans.log.slice(0, SHOWN).map((each) => (
          <li key={each.number} className="row">
            <Status tone={TONES[each.result] ?? "plain"} word={m.training.results[each.result] ?? each.result} />
            <Name text={each.sentence} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Attended({ session, onChanged }: { readonly session: SessionShown; readonly onChanged: () => void }): ReactNode {
  const [taking, setTaking] = useState<RosterEntry>();
  if (session.roster.length === 0) return <p className="quiet-text">{m.training.rosterNone}</p>;
  return (
    <>
      <Table caption={m.training.rosterOf(session.title ?? "", shownDay(session.on))} heads={[m.training.person, m.training.by, { label: m.training.withdraw, as: "unseen" }]}>
        {session.roster.map((entry) => (
          <tr key={entry.id}>
            <td className="name">
              <Name text={entry.person.name} />
            </td>
            <td>
              <Name text={entry.by.name} />
              <div className="quiet-text">{shownTime(entry.at)}</div>
            </td>
            <td>
              <button type="button" className="quiet small" aria-label={m.training.withdrawTitle(entry.person.name)} onClick={() => setTaking(entry)}>
                {m.training.withdraw}
              </button>
            </td>
          </tr>
        ))}
      </Table>
      {taking !== undefined && (
        <AskDialog
          title={m.training.withdrawTitle(taking.person.name)}
          note={m.training.withdrawNote}
          submit={m.training.withdraw}
          onClose={() => setTaking(undefined)}
          onDone={() => {
            setTaking(undefined);
            onChanged();
          }}
          ask={(text) => askJson<"POST /api/v1/training/attendances/{id}/withdraw">(`/api/v1/training/attendances/${taking.id}/withdraw`, { method: "POST", body: { reason: text("reason") } })}
        >
          <ReasonField isFirst />
        </AskDialog>
      )}
    </>
  );
}

function Import({ onDone }: { readonly onDone: () => void }): ReactNode {
  const [error, setError] = useState<unknown>();
  const [done, setDone] = useState<AttendanceImported>();
  const [isWorking, setWorking] = useState(false);
  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const file = new FormData(event.currentTarget).get("file");
    if (!(file instanceof File)) return;
    setError(undefined);
    setDone(undefined);
    setWorking(true);
    file
      .text()
      .then((csv) => askJson<"POST /api/v1/training/import">("/api/v1/training/import", { method: "POST", body: { csv } }))
      .then((answer) => {
        setDone(answer);
        onDone();
      })
      .catch(setError)
      .finally(() => setWorking(false));
  };
  return (
    <details>
      <summary>{m.training.import}</summary>
      <div className="panel">
        <p className="quiet-text">{m.training.importNote}</p>
        {error !== undefined && <Failure error={error} />}
        {done !== undefined && <Notice tone="ok" title={m.training.imported(done.added, done.already)} />}
        <form onSubmit={onSubmit}>
          <label>
            {m.training.csv}
            <input type="file" name="file" accept=".csv,text/csv" required />
          </label>
          <button type="submit" disabled={isWorking}>
            {m.training.send}
          </button>
        </form>
      </div>
    </details>
  );
}
