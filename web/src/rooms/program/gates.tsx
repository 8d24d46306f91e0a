// SPDX-License-Identifier: Apache-2.0
// What each phase of the program waits for, exactly, and who may let it pass; sites of a rollout with how far they are.
import { useId, useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { ProgramGates, ProgramPhase, Session } from "../../api/schema.js";
import { AskDialog, ReasonField, type DoneProps } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { shownDay } from "../../ui/format.js";
import { Empty, Name, Notice, Ready, Status, Table, useLoad, useTitle, type Tone } from "../../ui/parts.js";
import { Amount } from "./cells.js";

type Gate = ProgramPhase["gates"][number];
type Rollout = ProgramGates["rollouts"][number];

const GATES: Readonly<Record<Gate["state"], Tone>> = { met: "ok", unmet: "due", waived: "info", not_available: "bad" };
const PHASES: Readonly<Record<ProgramPhase["state"], Tone>> = { begun: "ok", open: "info", shut: "due" };
const SITES: Readonly<Record<Rollout["sites"][number]["state"], Tone>> = { live: "ok", planned: "info", not_stated: "plain" };

type Asked = { readonly what: "begin"; readonly phase: ProgramPhase } | { readonly what: "waive"; readonly gate: Gate };

export default function GatesPage({ session }: { readonly session: Session }): ReactNode {
  useTitle(m.gates.title);
  const [day, setDay] = useState("");
  const [asked, setAsked] = useState<Asked>();
  const query = new URLSearchParams({ as_of: day }).toString();
  const [load, again] = useLoad(query, (signal) => askJson<"GET /api/v1/program/gates">(`/api/v1/program/gates?${query}`, { signal }));
  const done: DoneProps = {
    onClose: () => setAsked(undefined),
    onDone: () => {
      setAsked(undefined);
      again();
    },
  };
  return (
    <>
      <h1>{m.gates.title}</h1>
      <p className="lead">{m.gates.lead}</p>
      <div className="filters">
        <label>
          {m.program.asOf}
          <input type="date" value={day} onChange={(event) => setDay(event.target.value)} />
        </label>
      </div>
      <Ready of={load} again={again}>
        {(report) => (
          <>
            <p className="quiet-text">{m.program.asOfDay(report.as_of)}</p>
            {report.phases.length === 0 && report.rollouts.length === 0 && <Empty title={m.gates.nothing} detail={m.gates.nothingDetail} />}
            {report.phases.map((phase) => (
              <Phase key={phase.phase} phase={phase} session={session} isToday={day === ""} onAsk={setAsked} />
            ))}
            {report.rollouts.map((rollout) => (
              <Sites key={rollout.rollout} rollout={rollout} />
            ))}
          </>
        )}
      </Ready>
      {asked?.what === "begin" && <BeginDialog phase={asked.phase} {...done} />}
      {asked?.what === "waive" && <WaiveDialog gate={asked.gate} {...done} />}
    </>
  );
}

interface PhaseProps {
  readonly phase: ProgramPhase;
  readonly session: Session;
  readonly isToday: boolean;
  readonly onAsk: (asked: Asked) => void;
}

function Phase({ phase, session, isToday, onAsk }: PhaseProps): ReactNode {
  const id = useId();
  const isCheckOut = phase.phase === "phase/check-out";
  const mayBegin = isToday && !isCheckOut && phase.state !== "begun" && session.may.includes("state_program");
  return (
    <section className="apart" aria-labelledby={id}>
      <h2 id={id}>
        <Name text={phase.title} />
      </h2>
      <p className="row">
        <Status tone={PHASES[phase.state]} word={(isCheckOut ? m.gates.checkOutStates : m.gates.phaseStates)[phase.state]} />
        <span>{phase.started_on !== null ? m.gates.begunOn(shownDay(phase.started_on)) : m.gates.unmet(phase.unmet, phase.gates.length)}</span>
      </p>
      {phase.gates.length > 0 && (
        <ul className="gates">
          {phase.gates.map((gate) => (
            <GateLine key={gate.gate} gate={gate} session={session} isToday={isToday} onWaive={() => onAsk({ what: "waive", gate })} />
          ))}
        </ul>
      )}
      {mayBegin && phase.state === "open" && (
        <p>
          <button type="button" className="primary" onClick={() => onAsk({ what: "begin", phase })}>
            {m.gates.begin}
          </button>
        </p>
      )}
    </section>
  );
}

interface GateLineProps {
  readonly gate: Gate;
  readonly session: Session;
  readonly isToday: boolean;
  readonly onWaive: () => void;
}

function GateLine({ gate, session, isToday, onWaive }: GateLineProps): ReactNode {
  const isShut = gate.state === "unmet" || gate.state === "not_available";
  const mayWaive = isToday && isShut && gate.waivable_by !== null && session.may.includes("waive_gate") && session.roles.includes(gate.waivable_by);
  return (
    <li>
      <div className="row">
        <strong>
          <Name text={gate.title} />
        </strong>
        <Status tone={GATES[gate.state]} word={m.gates.states[gate.state]} />
      </div>
      <p className="quiet-text">
        {gate.ready !== null && gate.of !== null ? `${m.gates.ready(gate.ready, gate.of)} · ` : ""}
        {gate.owner !== null ? `${m.gates.owner(gate.owner)} · ` : ""}
        {gate.waivable_by === null ? m.gates.waivableByNobody : m.gates.waivableBy(m.gates.roles[gate.waivable_by])}
      </p>
      {gate.missing.length > 0 && (
        <ul>
          {gate.missing.map((lack) => (
            <li key={`${lack.who ?? ""} ${lack.what}`}>
              <Name text={lack.what} />
            </li>
          ))}
        </ul>
      )}
      {gate.waiver !== null && (
        <Notice tone="info" title={m.gates.waivedBy(gate.waiver.by, shownDay(gate.waiver.on))}>
          <p>
            <Name text={gate.waiver.reason} />
            {gate.waiver.until !== null && ` (${m.gates.until(shownDay(gate.waiver.until))})`}
          </p>
        </Notice>
      )}
      {mayWaive && (
        <button type="button" onClick={onWaive}>
          {m.gates.waive}
        </button>
      )}
    </li>
  );
}

function Sites({ rollout }: { readonly rollout: Rollout }): ReactNode {
  const id = useId();
  const by = rollout.by === null ? null : String(rollout.by.value);
  return (
    <section className="apart" aria-labelledby={id}>
      <h2 id={id}>
        <Name text={rollout.title ?? rollout.rollout} />
      </h2>
      <p>{m.gates.live(rollout.live, rollout.of, rollout.percent)}</p>
      <progress max={Math.max(rollout.of, 1)} value={rollout.live} aria-labelledby={id} />
      {by !== null && (
        <p className="quiet-text">
          {m.gates.by(shownDay(by), rollout.days_left ?? 0)}
          {rollout.by?.assumption === true && ` · ${m.gates.assumed}: ${rollout.by.reason ?? ""}`}
        </p>
      )}
      <Table caption={m.gates.sites} heads={[m.gates.site, { label: m.gates.wearers, as: "number" }, { label: m.gates.share, as: "number" }, m.gates.liveOn, m.gates.state]}>
        {rollout.sites.map((site) => (
          <tr key={site.site}>
            <th scope="row">
              <Name text={site.title ?? site.site} />
              {site.aliases.map((alias) => (
                <div key={alias} className="quiet-text">
                  <Name text={alias} />
                </div>
              ))}
            </th>
            <td className="number">{site.wearers === null ? m.gates.notStated : shownCount(site.wearers)}</td>
            <Amount amount={site.share} />
            <td>{site.live_on === null ? m.gates.notStated : `${site.live_on.approximate ? "≈ " : ""}${shownDay(String(site.live_on.value))}`}</td>
            <td>
              <Status tone={SITES[site.state]} word={m.gates.siteStates[site.state]} />
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function shownCount(field: NonNullable<Rollout["cameras"]>): string {
  const value = Array.isArray(field.value) ? field.value.join("–") : String(field.value);
  return field.approximate ? `≈ ${value}` : value;
}

function BeginDialog({ phase, ...done }: DoneProps & { readonly phase: ProgramPhase }): ReactNode {
  const ask = (text: (name: string) => string): Promise<unknown> => {
    const on = text("on");
    return askJson<"POST /api/v1/program/phases">("/api/v1/program/phases", {
      method: "POST",
      body: { phase: phase.phase.replace(/^phase\//, ""), ...(on === "" ? {} : { on }) },
    });
  };
  return (
    <AskDialog title={m.gates.beginOf(phase.title)} note={m.gates.beginNote} submit={m.gates.begin} ask={ask} {...done}>
      <label>
        {m.gates.beginOn}
        <input type="date" name="on" autoFocus />
      </label>
    </AskDialog>
  );
}

function WaiveDialog({ gate, ...done }: DoneProps & { readonly gate: Gate }): ReactNode {
  const ask = (text: (name: string) => string): Promise<unknown> => {
    const until = text("until");
    return askJson<"POST /api/v1/program/waivers">("/api/v1/program/waivers", {
      method: "POST",
      body: { gate: gate.gate.replace(/^gate\//, ""), reason: text("reason"), ...(until === "" ? {} : { until }) },
    });
  };
  return (
    <AskDialog title={m.gates.waiveOf(gate.title)} note={m.gates.waiveNote} submit={m.gates.waive} ask={ask} {...done}>
      <ReasonField isFirst />
      <label>
        {m.gates.untilDay}
        <input type="date" name="until" />
      </label>
    </AskDialog>
  );
}
