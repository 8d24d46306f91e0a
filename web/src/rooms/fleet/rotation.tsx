// SPDX-License-Identifier: Apache-2.0
// Whose turn it is, each in its window; who is next and why; and the swap.
import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { PlannedSwap, Rotation, RotationPlan, RotationSlot, SeatedTurn, Session } from "../../api/schema.js";
import { AskDialog, type DoneProps } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { shownDay } from "../../ui/format.js";
import { Empty, Name, Notice, Ready, Status, Table, useLoad, useTitle, type Tone } from "../../ui/parts.js";
import { barOf } from "./window_bar.js";

const TONES: Readonly<Record<SeatedTurn["state"], Tone>> = { early: "plain", due: "info", overdue: "due" };

interface Asked {
  readonly slot: RotationSlot;
  readonly turn: SeatedTurn | null;
  readonly person?: string;
}

export default function RotationPage({ session }: { readonly session: Session }): ReactNode {
  useTitle(m.rotation.title);
  const [day, setDay] = useState("");
  const [asked, setAsked] = useState<Asked>();
  const query = new URLSearchParams({ as_of: day }).toString();
  const [load, again] = useLoad(query, (signal) => askJson<"GET /api/v1/rotation">(`/api/v1/rotation?${query}`, { signal }));
  const planned = new URLSearchParams({ on: day }).toString();
  const [plan, planAgain] = useLoad(planned, (signal) => askJson<"GET /api/v1/rotation/plan">(`/api/v1/rotation/plan?${planned}`, { signal }));
  // What was decided on another day is not done by a click on this page.
  const mayAct = session.may.includes("manage_rotation") && day === "";
  const rotation = load.state === "ready" ? load.value : undefined;
  const take = (swap: PlannedSwap): void => {
    const slot = rotation?.slots.find((each) => each.id === swap.slot);
    const turn = slot?.seating.find((each) => each.seat === swap.seat)?.turn ?? null;
    if (slot !== undefined) setAsked({ slot, turn, person: swap.in.id });
  };
  return (
    <>
      <h1>{m.rotation.title}</h1>
      <p className="lead">{m.rotation.lead}</p>
      <div className="filters">
        <label>
          {m.rotation.asOf}
          <input type="date" value={day} onChange={(event) => setDay(event.target.value)} />
        </label>
      </div>
      <Ready of={load} again={again}>
        {(value) => <Shown rotation={value} mayAct={mayAct} mayEnter={session.may.includes("manage_staffing")} onAsk={setAsked} />}
      </Ready>
      {rotation !== undefined && rotation.slots.length > 0 && (
        <section aria-labelledby="plan-title">
          <h2 id="plan-title">{m.rotation.plan}</h2>
          <Ready of={plan} again={planAgain}>
            {(value) => <Planned plan={value} mayAct={mayAct} onTake={take} />}
          </Ready>
        </section>
      )}
      {asked !== undefined && (
        <TurnDialog
          asked={asked}
          onClose={() => setAsked(undefined)}
          onDone={() => {
            setAsked(undefined);
            again();
            planAgain();
          }}
        />
      )}
    </>
  );
}

interface ShownProps {
  readonly rotation: Rotation;
  readonly mayAct: boolean;
  readonly mayEnter: boolean;
  readonly onAsk: (asked: Asked) => void;
}

function Shown({ rotation, mayAct, mayEnter, onAsk }: ShownProps): ReactNode {
  const { window: within, coverage, alerts } = rotation;
  if (rotation.slots.length === 0) {
    return (
      <Empty title={m.rotation.none} detail={m.rotation.noneDetail}>
        {mayEnter && <Link to="/staffing">{m.rotation.toStaffing}</Link>}
      </Empty>
    );
  }
  return (
    <>
      <p>{m.rotation.window(within.min_days, within.max_days)}</p>
      <p>
        <meter aria-label={m.rotation.coverageLabel} min={0} max={Math.max(1, coverage.participants)} value={coverage.participants - coverage.not_yet} />{" "}
        {m.rotation.coverage(coverage.officers, coverage.participants, coverage.not_yet)}
      </p>
      {alerts.length > 0 && (
        <Notice tone="due" title={m.rotation.alerts}>
          <ul className="plain">
            {alerts.map((alert) => (
              <li key={`${alert.kind} ${alert.slot} ${alert.seat}`}>
                <strong>{m.rotation.alertKinds[alert.kind]}</strong> <Name text={alert.sentence} />
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {rotation.slots.map((slot) => (
        <section key={slot.id} aria-label={slot.name}>
          <h2>
            <Name text={slot.name} />
          </h2>
          <Table caption={m.rotation.seats(slot.name)} heads={[{ label: m.rotation.seat, as: "number" }, m.rotation.officer, m.rotation.turn, { label: m.rotation.act, as: "unseen" }]}>
            {slot.seating.map(({ seat, turn }) => (
              <tr key={seat}>
                <td className="number">{seat}</td>
                <td className="name">
                  {turn === null ? <span className="quiet-text">{m.rotation.emptySeat}</span> : <Name text={turn.officer.name} />}
                  {turn?.mode === "ordered" && <div className="quiet-text">{m.rotation.ordered}</div>}
                  {turn !== null && turn.camera !== null && <div className="quiet-text mono">{m.rotation.camera(turn.camera)}</div>}
                </td>
                <td>{turn !== null && <TurnState turn={turn} least={within.min_days} most={within.max_days} />}</td>
                <td>
                  {mayAct && (turn === null || turn.state !== "early") && (
                    <button type="button" className="small" aria-label={turn === null ? m.rotation.giveTitle(slot.name) : m.rotation.swapOf(turn.officer.name)} onClick={() => onAsk({ slot, turn })}>
                      {turn === null ? m.rotation.give : m.rotation.swap}
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </Table>
        </section>
      ))}
    </>
  );
}

/** The window drawn as a band, and the day as a mark on it; the words say the same. */
function TurnState({ turn, least, most }: { readonly turn: SeatedTurn; readonly least: number; readonly most: number }): ReactNode {
  const bar = barOf(turn.day, least, most);
  return (
    <>
      <div className="row">
        <Status tone={TONES[turn.state]} word={m.rotation.states[turn.state] ?? turn.state} />
        <span>{m.rotation.day(turn.day, shownDay(turn.from))}</span>
      </div>
      <svg className="window-band" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label={m.rotation.bar(turn.day, least, most)}>
        <rect className="whole" x="0" y="2" width="100" height="2" />
        <rect className="open" x={bar.opens} y="0" width={bar.closes - bar.opens} height="6" />
        <rect className="day" x={Math.min(bar.day, 99)} y="0" width="1" height="6" />
      </svg>
      <div className="quiet-text">
        {m.rotation.opens(shownDay(turn.opens_on))}, {m.rotation.dueBy(shownDay(turn.due_by))}
      </div>
    </>
  );
}

function Planned({ plan, mayAct, onTake }: { readonly plan: RotationPlan; readonly mayAct: boolean; readonly onTake: (swap: PlannedSwap) => void }): ReactNode {
  return (
    <>
      <p className="quiet-text">{m.rotation.planNote(plan.seed)}</p>
      {plan.proposals.length === 0 ? (
        <p>{m.rotation.planNone}</p>
      ) : (
        <>
          <Table caption={m.rotation.planCaption} heads={[m.rotation.where, m.rotation.out, m.rotation.in, m.rotation.why, { label: m.rotation.act, as: "unseen" }]}>
            {plan.proposals.map((swap) => (
              <tr key={`${swap.slot} ${swap.seat}`}>
                <td>
                  <Name text={`${swap.slot_name}, ${swap.seat}`} />
                </td>
                <td>{swap.out === null ? <span className="quiet-text">{m.rotation.emptySeat}</span> : <Name text={swap.out.name} />}</td>
                <td className="name">
                  <Name text={swap.in.name} />
                </td>
                <td>
                  <Name text={swap.why} />
                </td>
                <td>
                  {mayAct && (
                    <button type="button" className="small" aria-label={m.rotation.take(swap.in.name)} onClick={() => onTake(swap)}>
                      {m.rotation.takeShort}
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </Table>
          <p>{m.rotation.after(plan.officers_before, plan.officers_after)}</p>
        </>
      )}
      {plan.unfilled.length > 0 && (
        <details>
          <summary>{m.rotation.unfilled}</summary>
          <ul>
            {plan.unfilled.map((seat) => (
              <li key={`${seat.slot} ${seat.seat}`}>
                <Name text={`${seat.slot_name}, ${seat.seat}: ${seat.why}`} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function TurnDialog({ asked, ...done }: DoneProps & { readonly asked: Asked }): ReactNode {
  const { slot, turn, person } = asked;
  const ask = (text: (name: string) => string): Promise<unknown> => {
    const body = { person: text("person"), reason: text("reason") };
    return turn === null
      ? askJson<"POST /api/v1/rotation/slots/{id}/turns">(`/api/v1/rotation/slots/${slot.id}/turns`, { method: "POST", body: { ...body, camera: text("camera") } })
      : askJson<"POST /api/v1/rotation/turns/{id}/swap">(`/api/v1/rotation/turns/${turn.id}/swap`, { method: "POST", body });
  };
  return (
    <AskDialog
      title={turn === null ? m.rotation.giveTitle(slot.name) : m.rotation.swapOf(turn.officer.name)}
      note={turn === null ? m.rotation.giveNote : m.rotation.swapNote}
      submit={turn === null ? m.rotation.give : m.rotation.swap}
      ask={ask}
      {...done}
    >
      <label>
        {m.rotation.next}
        <input name="person" required maxLength={200} defaultValue={person ?? ""} autoFocus autoComplete="off" spellCheck={false} />
      </label>
      {turn === null && (
        <label>
          {m.rotation.cameraField}
          <input name="camera" className="mono" maxLength={200} autoComplete="off" spellCheck={false} />
        </label>
      )}
      <label>
        {m.rotation.reason}
        <input name="reason" maxLength={500} />
      </label>
    </AskDialog>
  );
}
