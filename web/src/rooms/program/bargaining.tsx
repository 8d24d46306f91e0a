// SPDX-License-Identifier: Apache-2.0
// The record of bargaining, as of any day: each side's words over time, notices with their reviews, who takes part. What is privileged is only
// where it is asked for.
import { useId, useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { ProgramBargaining, ProgramBargainingOf, ProgramNotice } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { Empty, Name, Notice, Ready, Status, Table, useLoad, useTitle, type Tone } from "../../ui/parts.js";
import { Pilot } from "./pilot.js";
import { Claims, standing, Told } from "./told.js";

const STATES: Readonly<Record<string, Tone>> = { open: "info", agreed: "ok", impasse: "bad", ordered: "due", no_response: "due" };
const NOTICES: Readonly<Record<string, Tone>> = { waits_for_review: "due", refused: "bad", may_be_sent: "info", sent: "ok" };
const TASKS: Readonly<Record<string, Tone>> = { planned: "plain", under_way: "info", done: "ok", stopped: "bad" };

export default function BargainingPage(): ReactNode {
  useTitle(m.bargaining.title);
  const [day, setDay] = useState("");
  const [isEmbargoed, setEmbargoed] = useState(false);
  const [isPrivileged, setPrivileged] = useState(false);
  const mark = (isIncluded: boolean): string => (isIncluded ? "included" : "left_out");
  const query = new URLSearchParams({ as_of: day, embargoed: mark(isEmbargoed), privileged: mark(isPrivileged) }).toString();
  const [load, again] = useLoad(query, (signal) => askJson<"GET /api/v1/program/bargaining">(`/api/v1/program/bargaining?${query}`, { signal }));
  const [may, setMay] = useState({ embargoed: false, privileged: false });
  if (load.state === "ready" && (load.value.may_include_embargoed !== may.embargoed || load.value.may_include_privileged !== may.privileged)) {
    setMay({ embargoed: load.value.may_include_embargoed, privileged: load.value.may_include_privileged });
  }
  return (
    <>
      <h1>{m.bargaining.title}</h1>
      <p className="lead">{m.bargaining.lead}</p>
      <div className="filters">
        <label>
          {m.program.asOf}
          <input type="date" value={day} onChange={(event) => setDay(event.target.value)} />
        </label>
        {may.embargoed && (
          <label className="row wide">
            <input type="checkbox" checked={isEmbargoed} onChange={(event) => setEmbargoed(event.target.checked)} />
            {m.program.include}
          </label>
        )}
        {may.privileged && (
          <label className="row wide">
            <input type="checkbox" checked={isPrivileged} onChange={(event) => setPrivileged(event.target.checked)} />
            {m.bargaining.privileged}
          </label>
        )}
      </div>
      <Ready of={load} again={again}>
        {(report) => <Report report={report} />}
      </Ready>
    </>
  );
}

function Report({ report }: { readonly report: ProgramBargaining }): ReactNode {
  const isEmpty = [report.units, report.bargaining, report.notices, report.pilots, report.tasks].every((list) => list.length === 0);
  return (
    <>
      <p className="quiet-text">{m.program.asOfDay(report.as_of)}</p>
      {report.embargoed === "included" && (
        <Notice tone="held" title={m.program.embargo}>
          <p>{m.program.embargoNote}</p>
        </Notice>
      )}
      {report.privileged === "included" && (
        <Notice tone="held" title={m.bargaining.privilegedTitle}>
          <p>{m.bargaining.privilegedNote}</p>
        </Notice>
      )}
      {isEmpty && <Empty title={m.bargaining.nothing} detail={m.bargaining.nothingDetail} />}
      {report.bargaining.map((each) => (
        <Bargaining key={each.bargaining} of={each} />
      ))}
      {report.notices.length > 0 && (
        <section className="apart" aria-labelledby="notices-title">
          <h2 id="notices-title">{m.bargaining.notices}</h2>
          {report.notices.map((notice) => (
            <OneNotice key={notice.notice} notice={notice} />
          ))}
        </section>
      )}
      {report.pilots.length > 0 && (
        <section className="apart" aria-labelledby="pilots-title">
          <h2 id="pilots-title">{m.bargaining.pilots}</h2>
          {report.pilots.map((pilot) => (
            <Pilot key={pilot.pilot} pilot={pilot} />
          ))}
        </section>
      )}
      {report.tasks.length > 0 && <Tasks tasks={report.tasks} />}
      {report.assumptions.length > 0 && (
        <section className="apart" aria-labelledby="assumed-title">
          <h2 id="assumed-title">{m.bargaining.assumptions}</h2>
          <ul>
            {report.assumptions.map((field) => (
              <li key={`${field.subject} ${field.field}`}>
                <Name text={`${m.program.fieldOf(field.subject, field.field)}: ${field.reason ?? ""}`} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {!isEmpty && <p className="quiet-text">{m.bargaining.gates}</p>}
    </>
  );
}

function Bargaining({ of }: { readonly of: ProgramBargainingOf }): ReactNode {
  const id = useId();
  const state = standing(of.state, "");
  return (
    <section className="apart" aria-labelledby={id}>
      <h2 id={id}>
        <Name text={m.bargaining.withUnit(of.unit_title)} />
      </h2>
      <p className="row">
        <Name text={of.about ?? ""} />
        <Status tone={STATES[state] ?? "plain"} word={m.bargaining.states[state] ?? m.bargaining.notSaid} />
        {of.resolved_on !== null && <span>{m.bargaining.resolved(standing(of.resolved_on, ""))}</span>}
      </p>
      {of.window !== null && (
        <p>
          {m.bargaining.window(of.window.from, of.window.until, of.window.weeks, of.window.days)} {of.window.assumption && m.bargaining.windowAssumed}
        </p>
      )}
      <Told title={m.bargaining.position} field={of.position} level="h3" />
      <Told title={m.bargaining.agencyPosition} field={of.agency_position} level="h3" />
      {of.state !== null && of.state.statements.length > 1 && <Told title={m.bargaining.stateOverTime} field={of.state} level="h3" />}
      {of.opened_on !== null && of.opened_on.beside.length > 0 && <Told title={m.bargaining.began} field={of.opened_on} level="h3" />}
      {of.sessions.length > 0 && (
        <section>
          <h3>{m.bargaining.sessions}</h3>
          {of.sessions.map((session) => (
            <Claims key={session.session} title={m.bargaining.session(standing(session.on, m.bargaining.notSaid))} statements={[...(session.on?.statements ?? []), ...session.notes]} level="h4" />
          ))}
        </section>
      )}
      {of.offers.length > 0 && (
        <Table caption={m.bargaining.offers} heads={[...m.bargaining.offerColumns]}>
          {of.offers.map((offer) => (
            <tr key={offer.offer}>
              <th scope="row">{m.bargaining.madeBy[offer.made_by ?? ""] ?? m.bargaining.notSaid}</th>
              <td>{standing(offer.made_on, m.bargaining.notMade)}</td>
              <td>
                <Name text={standing(offer.text, m.bargaining.notSaid)} />
              </td>
              <td>{standing(offer.answer, m.bargaining.notSaid, m.bargaining.answers)}</td>
            </tr>
          ))}
        </Table>
      )}
      <Claims title={m.bargaining.notes} statements={of.notes} level="h3" />
      <Claims title={m.bargaining.privilegedTitle} statements={of.privileged_notes} level="h3" />
    </section>
  );
}

function OneNotice({ notice }: { readonly notice: ProgramNotice }): ReactNode {
  return (
    <section>
      <h3>
        <Name text={notice.title ?? notice.notice} />
      </h3>
      <p className="row">
        <Status tone={NOTICES[notice.state ?? ""] ?? "plain"} word={m.bargaining.noticeStates[notice.state ?? ""] ?? m.bargaining.withheld} />
        <span>{m.bargaining.purposes[notice.purpose ?? ""] ?? ""}</span>
        {notice.sent_at !== null && <span>{m.bargaining.sentAt(standing(notice.sent_at, ""))}</span>}
      </p>
      {notice.text !== null && (
        <p>
          <Name text={notice.text} />
        </p>
      )}
      {notice.reviews.length > 0 && (
        <Table caption={m.bargaining.reviews} heads={[m.bargaining.reviews, m.bargaining.decision, m.bargaining.decidedAt]}>
          {notice.reviews.map((review) => (
            <tr key={review.reviewer}>
              <th scope="row">
                <Name text={review.title ?? review.reviewer} />
              </th>
              <td>{m.bargaining.decisions[review.decision ?? ""] ?? m.bargaining.undecided}</td>
              <td>
                {review.decided_at}
                {review.assumption && <Assumed />}
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Table caption={m.bargaining.to} heads={[m.bargaining.to, m.bargaining.received]}>
        {notice.to.map((to) => (
          <tr key={to.unit}>
            <th scope="row">
              <Name text={to.title ?? to.unit ?? ""} />
            </th>
            <td>
              {standing(to.received_at, m.bargaining.notReceived)}
              {to.received_at?.assumption === true && <Assumed />}
            </td>
          </tr>
        ))}
      </Table>
      {notice.sent_at !== null && notice.sent_at.statements.length > 1 && <Told title={m.bargaining.sentOtherwise} field={notice.sent_at} level="h4" />}
      <Claims title={m.bargaining.notes} statements={notice.notes} level="h4" />
      <Claims title={m.bargaining.privilegedTitle} statements={notice.privileged_notes} level="h4" />
    </section>
  );
}

function Tasks({ tasks }: { readonly tasks: ProgramBargaining["tasks"] }): ReactNode {
  return (
    <section className="apart" aria-labelledby="tasks-title">
      <h2 id="tasks-title">{m.bargaining.tasks}</h2>
      <p className="quiet-text">{m.bargaining.tasksNote}</p>
      <Table caption={m.bargaining.tasks} heads={[m.bargaining.task, m.bargaining.state]}>
        {tasks.map((task) => {
          const state = standing(task.state, "");
          return (
            <tr key={task.task}>
              <th scope="row">
                <Name text={task.title ?? task.task} />
              </th>
              <td>
                <Status tone={TASKS[state] ?? "plain"} word={m.bargaining.taskStates[state] ?? m.bargaining.notSaid} />
                {task.state?.assumption === true && <Assumed />}
              </td>
            </tr>
          );
        })}
      </Table>
    </section>
  );
}

/** Behind what nobody has said. */
function Assumed(): ReactNode {
  return (
    <>
      {" "}
      <Status tone="due" word={m.program.assumed} />
    </>
  );
}
