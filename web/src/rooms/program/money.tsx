// SPDX-License-Identifier: Apache-2.0
// What the program costs and who pays, as of any day: bars with a table that says the same, corrections beside what they correct.
import { useId, useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { ProgramReport, ProgramRound } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { Empty, Name, Notice, Ready, Table, useLoad, useTitle } from "../../ui/parts.js";
import { Amount, Money } from "./cells.js";
import { Claim } from "./claim.js";
import { Contract } from "./contract.js";
import { marked, shownMoney, shownValue } from "./figures.js";

const MONEY_KINDS = ["grant", "round", "contract", "payment", "quote"];

export default function MoneyPage(): ReactNode {
  useTitle(m.program.money);
  const [day, setDay] = useState("");
  const [isIncluded, setIncluded] = useState(false);
  const query = new URLSearchParams({ as_of: day, embargoed: isIncluded ? "included" : "left_out", kinds: MONEY_KINDS.join(",") }).toString();
  const [load, again] = useLoad(query, (signal) => askJson<"GET /api/v1/program/report">(`/api/v1/program/report?${query}`, { signal }));
  const [mayInclude, setMayInclude] = useState(false);
  if (load.state === "ready" && load.value.may_include_embargoed !== mayInclude) setMayInclude(load.value.may_include_embargoed);
  return (
    <>
      <h1>{m.program.money}</h1>
      <p className="lead">{m.program.moneyLead}</p>
      <div className="filters">
        <label>
          {m.program.asOf}
          <input type="date" value={day} onChange={(event) => setDay(event.target.value)} />
        </label>
        {mayInclude && (
          <label className="row wide">
            <input type="checkbox" checked={isIncluded} onChange={(event) => setIncluded(event.target.checked)} />
            {m.program.include}
          </label>
        )}
      </div>
      <Ready of={load} again={again}>
        {(report) => <Report report={report} />}
      </Ready>
    </>
  );
}

function Report({ report }: { readonly report: ProgramReport }): ReactNode {
  const disputed = report.subjects.flatMap((subject) => subject.fields.filter((field) => field.statements.length > 1 && field.statements.some((said) => said.status !== "stands")));
  // Those that pay for nothing that is known yet, and are of no round.
  const told = new Set([...report.costs.flatMap((costs) => costs.grants), ...report.rounds.flatMap((round) => round.awards)].map((each) => each.grant));
  const grants = report.subjects.filter((subject) => subject.kind === "grant" && !told.has(subject.subject));
  return (
    <>
      <p className="quiet-text">{m.program.asOfDay(report.as_of)}</p>
      {report.embargoed === "included" && (
        <Notice tone="held" title={m.program.embargo}>
          <p>{m.program.embargoNote}</p>
        </Notice>
      )}
      {report.costs.length === 0 && report.rounds.length === 0 && grants.length === 0 && (
        <Empty title={m.program.nothing} detail={m.program.nothingDetail} />
      )}
      {report.costs.map((costs) => (
        <Contract key={costs.contract} costs={costs} />
      ))}
      {report.rounds.map((round) => (
        <Round key={round.round} round={round} />
      ))}
      {grants.length > 0 && <OtherGrants grants={grants} />}
      {disputed.length > 0 && (
        <section className="apart" aria-labelledby="disputed-title">
          <h2 id="disputed-title">{m.program.disputed}</h2>
          <p className="quiet-text">{m.program.disputedNote}</p>
          {disputed.map((field) => (
            <section key={`${field.subject} ${field.field}`}>
              <h3>{m.program.fieldOf(field.subject, field.field)}</h3>
              <div className="claims">
                {field.statements.map((said) => (
                  <Claim key={said.id} said={said} />
                ))}
              </div>
            </section>
          ))}
        </section>
      )}
    </>
  );
}

function OtherGrants({ grants }: { readonly grants: ProgramReport["subjects"] }): ReactNode {
  return (
    <section className="apart" aria-labelledby="grants-title">
      <h2 id="grants-title">{m.program.otherGrants}</h2>
      <Table
        caption={m.program.otherGrants}
        heads={[
          m.program.grant,
          m.program.recipient,
          { label: m.program.award, as: "number" },
          m.program.receivedOn,
        ]}
      >
        {grants.map(({ subject, fields }) => {
          const field = (name: string) => fields.find((each) => each.field === name);
          const award = field("award");
          return (
            <tr key={subject}>
              <th scope="row">
                <Name text={subject} />
              </th>
              <td>
                <Name text={shownValue(field("recipient")?.value)} />
              </td>
              <Money text={typeof award?.value === "string" ? award.value : null} isApproximate={award?.approximate ?? false} />
              <td>{shownValue(field("received_on")?.value)}</td>
            </tr>
          );
        })}
      </Table>
    </section>
  );
}

function Round({ round }: { readonly round: ProgramRound }): ReactNode {
  const id = useId();
  return (
    <section className="apart" aria-labelledby={id}>
      <h2 id={id}>
        <Name text={round.title ?? round.round} />
      </h2>
      <p className="quiet-text">{m.program.roundSays(round.awarded === null ? null : shownMoney(round.awarded), round.departments)}</p>
      <Table
        caption={m.program.awards}
        heads={[
          m.program.recipient,
          { label: m.program.award, as: "number" },
          { label: m.program.otherwise, as: "number" },
        ]}
      >
        {round.awards.map((award) => (
          <tr key={award.grant}>
            <th scope="row">
              <Name text={award.recipient ?? award.grant} />
            </th>
            <Amount amount={award.award} />
            <td className="number">{award.beside.map((other) => (other === null ? "" : marked(shownMoney(other.amount), other.approximate))).join(", ")}</td>
          </tr>
        ))}
        <tr>
          <th scope="row">{m.program.together}</th>
          <Amount amount={round.sum} />
          <td className="number">{round.disagreement === null ? "" : shownMoney(round.disagreement.sum)}</td>
        </tr>
      </Table>
      {round.disagreement !== null && (
        <Notice tone={round.disagreement.by === "rounding" ? "info" : "due"} title={m.program.apart(shownMoney(round.disagreement.apart))}>
          <p>{round.disagreement.by === "rounding" ? m.program.byRounding : m.program.notByRounding}</p>
        </Notice>
      )}
    </section>
  );
}
