// SPDX-License-Identifier: Apache-2.0
// One camera: who wore it, where it went, how it did, and what is wrong with it.
import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { CameraFault, CameraShown, Session } from "../../api/schema.js";
import { AskDialog, ReasonField, type DoneProps } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { ClockLine, GapLine } from "../../ui/camera_record.js";
import { shownOffset } from "../../ui/camera_words.js";
import { shownTime } from "../../ui/format.js";
import { Name, Ready, Status, Table, useLoad, useTitle } from "../../ui/parts.js";
import { Condition, STATE_TONES } from "./cameras.js";

const SET = ["in_service", "out_of_service", "lost", "retired"] as const;

export default function CameraPage({ id, session }: { readonly id: string; readonly session: Session }): ReactNode {
  const [load, again] = useLoad(id, (signal) => askJson<"GET /api/v1/fleet/cameras/{id}">(`/api/v1/fleet/cameras/${encodeURIComponent(id)}`, { signal }));
  useTitle(load.state === "ready" ? load.value.serial : m.fleet.serial);
  return (
    <>
      <p>
        <Link to="/fleet">{m.fleet.back}</Link>
      </p>
      <Ready of={load} again={again}>
        {(camera) => <Shown camera={camera} mayManage={session.may.includes("manage_fleet")} again={again} />}
      </Ready>
    </>
  );
}

function Shown({ camera, mayManage, again }: { readonly camera: CameraShown; readonly mayManage: boolean; readonly again: () => void }): ReactNode {
  const [open, setOpen] = useState<"state" | "fault" | CameraFault>();
  const close = (): void => setOpen(undefined);
  const done = (): void => {
    close();
    again();
  };
  return (
    <>
      <div className="row heading">
        <h1>
          <Name text={camera.serial} />
        </h1>
        {mayManage && (
          <>
            <button type="button" onClick={() => setOpen("state")}>
              {m.fleet.setState}
            </button>
            <button type="button" onClick={() => setOpen("fault")}>
              {m.fleet.addFault}
            </button>
          </>
        )}
      </div>
      <div className="row">
        <Status tone={STATE_TONES[camera.state] ?? "plain"} word={m.fleet.states[camera.state] ?? camera.state} />
        <span>{m.fleet.uses[camera.use]}</span>
        {camera.officer !== null && <Name text={`${m.fleet.officer}: ${camera.officer.name}`} />}
      </div>
      <Condition camera={camera} />
      <h2>{m.fleet.worn}</h2>
      {camera.worn.length === 0 ? (
        <p className="quiet-text">{m.fleet.nobodyWore}</p>
      ) : (
        <Table caption={m.fleet.worn} heads={[m.fleet.officer, m.fleet.from, m.fleet.until]}>
          {[...camera.worn].reverse().map((each) => (
            <tr key={each.from}>
              <td className="name">
                <Name text={each.officer.name} />
              </td>
              <td>{shownTime(each.from)}</td>
              <td>{each.until === null ? "" : shownTime(each.until)}</td>
            </tr>
          ))}
        </Table>
      )}
      <Record id={camera.id} />
      <h2>{m.fleet.moves}</h2>
      {camera.moves.length === 0 ? (
        <p className="quiet-text">{m.fleet.noMoves}</p>
      ) : (
        <Table caption={m.fleet.moves} heads={[m.fleet.when, m.fleet.what, m.fleet.place, m.fleet.by]}>
          {camera.moves.map((move) => (
            <tr key={move.id}>
              <td>{shownTime(move.at)}</td>
              <td>
                {m.fleet.moveKinds[move.kind]} {move.officer !== null && <Name text={move.officer.name} />}
              </td>
              <td>{move.place !== null && <Name text={move.place} />}</td>
              <td>
                <Name text={move.by.name} />
              </td>
            </tr>
          ))}
        </Table>
      )}
      <h2>{m.fleet.faultsTitle}</h2>
      {camera.faults.length === 0 && <p className="quiet-text">{m.fleet.noFaults}</p>}
      <ul className="plain">
        {camera.faults.map((fault) => (
          <li key={fault.id} className="row">
            <Status tone={fault.fixed_at === null ? "bad" : "ok"} word={fault.fixed_at === null ? m.fleet.open : m.fleet.mend} />
            <Name text={fault.what} />
            <span className="quiet-text">
              {shownTime(fault.found_at)} {fault.fix !== null && <Name text={m.fleet.mended(fault.fix)} />}
            </span>
            {mayManage && fault.fixed_at === null && (
              <button type="button" className="quiet small" aria-label={m.fleet.mendTitle(fault.what)} onClick={() => setOpen(fault)}>
                {m.fleet.mend}
              </button>
            )}
          </li>
        ))}
      </ul>
      {open === "state" && <StateDialog camera={camera} onClose={close} onDone={done} />}
      {open === "fault" && <FaultDialog camera={camera} onClose={close} onDone={done} />}
      {typeof open === "object" && <FixDialog fault={open} onClose={close} onDone={done} />}
    </>
  );
}

/** What did not arrive of it, and how far its clock was off. */
function Record({ id }: { readonly id: string }): ReactNode {
  const [load] = useLoad(id, (signal) => askJson<"GET /api/v1/devices/{id}/record">(`/api/v1/devices/${id}/record`, { signal }));
  if (load.state !== "ready") return null;
  const { gaps, clock, overlaps } = load.value;
  return (
    <section aria-labelledby="record-title">
      <h2 id="record-title">{m.camera.title}</h2>
      {gaps.length + clock.length + overlaps.length === 0 && <p className="quiet-text">{m.camera.nothing}</p>}
      <ul className="plain">
        {gaps.map((gap) => (
          <li key={gap.id}>
            <GapLine gap={gap} say={m.camera.between} />
          </li>
        ))}
        {overlaps.map((overlap) => (
          <li key={`${overlap.recording} ${overlap.other} ${overlap.kind}`}>
            <Link to={`/recordings/${overlap.recording}`}>{m.camera.recording}</Link>{" "}
            {overlap.kind === "time" ? m.camera.sharesOf(shownOffset(overlap.shared_ms ?? 0)) : m.camera.sameNumberOf(overlap.number ?? 0)}{" "}
            <Link to={`/recordings/${overlap.other}`}>{m.camera.other}</Link>
          </li>
        ))}
        {clock.map((each) => (
          <li key={`${each.recording} ${each.method}`}>
            <ClockLine clock={each} /> <Link to={`/recordings/${each.recording}`}>{m.camera.recording}</Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function StateDialog({ camera, ...done }: DoneProps & { readonly camera: CameraShown }): ReactNode {
  const [state, setState] = useState<(typeof SET)[number]>(SET.find((each) => each === camera.state) ?? "in_service");
  const ask = (text: (name: string) => string): Promise<unknown> =>
    askJson<"POST /api/v1/fleet/cameras/{id}/state">(`/api/v1/fleet/cameras/${camera.id}/state`, { method: "POST", body: { state, reason: text("reason") } });
  return (
    <AskDialog title={m.fleet.setState} note={m.fleet.setStateNote} submit={m.fleet.setState} ask={ask} {...done}>
      <fieldset className="choices">
        <legend>{m.fleet.state}</legend>
        {SET.map((each) => (
          <label key={each} className="check">
            <input type="radio" name="state" checked={state === each} onChange={() => setState(each)} />
            {m.fleet.states[each]}
          </label>
        ))}
      </fieldset>
      <ReasonField />
    </AskDialog>
  );
}

function FaultDialog({ camera, ...done }: DoneProps & { readonly camera: CameraShown }): ReactNode {
  const ask = (text: (name: string) => string): Promise<unknown> =>
    askJson<"POST /api/v1/fleet/cameras/{id}/faults">(`/api/v1/fleet/cameras/${camera.id}/faults`, { method: "POST", body: { what: text("what") } });
  return (
    <AskDialog title={m.fleet.addFault} note={m.fleet.faultNote} submit={m.fleet.addFault} ask={ask} {...done}>
      <label>
        {m.fleet.faultWhat}
        <input name="what" required maxLength={500} autoFocus />
      </label>
    </AskDialog>
  );
}

function FixDialog({ fault, ...done }: DoneProps & { readonly fault: CameraFault }): ReactNode {
  const ask = (text: (name: string) => string): Promise<unknown> =>
    askJson<"POST /api/v1/fleet/faults/{id}/fix">(`/api/v1/fleet/faults/${fault.id}/fix`, { method: "POST", body: { fix: text("fix") } });
  return (
    <AskDialog title={m.fleet.mendTitle(fault.what)} note={m.fleet.mendNote} submit={m.fleet.mend} ask={ask} {...done}>
      <label>
        {m.fleet.mendWhat}
        <input name="fix" required maxLength={500} autoFocus />
      </label>
    </AskDialog>
  );
}
