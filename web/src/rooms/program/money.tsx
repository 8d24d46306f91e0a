// SPDX-License-Identifier: Apache-2.0
// What the program costs and who pays, as of any day: bars with a table that says the same, corrections beside what they correct.
import { useId, useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { ProgramAmount, ProgramContractCosts, ProgramPayment, ProgramReport, ProgramRound, ProgramStatement } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownTime } from "../../ui/format.js";
import { Empty, Failure, Loading, Name, Notice, Status, useLoad, useTitle, type Tone } from "../../ui/parts.js";
import { marked, shownMoney, shownValue } from "./figures.js";

const MONEY_KINDS: ReadonlySet<string> = new Set(["grant", "round", "contract", "payment", "quote"]);
const TONES: Readonly<Record<string, Tone>> = { stands: "ok", contradicts: "due", corrected: "plain", former: "plain", not_chosen: "plain", choice: "info" };

export default function MoneyPage(): ReactNode {
  useTitle(m.program.money);
  const [day, setDay] = useState("");
  const [isIncluded, setIncluded] = useState(false);
  const query = new URLSearchParams({ as_of: day, embargoed: isIncluded ? "included" : "left_out" }).toString();
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
      {load.state === "loading" && <Loading />}
      {load.state === "failed" && <Failure error={load.error} onRetry={again} />}
      {load.state === "ready" && <Report report={load.value} />}
    </>
  );
}

function Report({ report }: { readonly report: ProgramReport }): ReactNode {
  const disputed = report.subjects.filter((subject) => MONEY_KINDS.has(subject.kind)).flatMap((subject) => subject.fields.filter((field) => field.statements.length > 1 && field.statements.some((said) => said.status !== "stands")));
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
        <Empty title={m.program.nothing}>
          <p>{m.program.nothingDetail}</p>
        </Empty>
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

function Claim({ said }: { readonly said: ProgramStatement }): ReactNode {
  return (
    <article className="panel">
      <p className="row">
        <strong className="figure">
          <Name text={said.value === null ? m.program.choice : marked(shownValue(said.value), said.approximate)} />
        </strong>
        <Status tone={TONES[said.status] ?? "plain"} word={m.program.statuses[said.status] ?? said.status} />
      </p>
      <p>
        <Name text={m.program.saidBy(said.source.by, said.source.on)} />
      </p>
      <p className="quiet-text">
        <Name text={said.source.where} />
      </p>
      {said.reason !== null && (
        <p>
          <Name text={said.reason} />
        </p>
      )}
      <p className="quiet-text">
        <Name text={m.program.recorded(said.recorded_by.name, said.recorded_on, shownTime(said.recorded_at))} />
      </p>
    </article>
  );
}

function Contract({ costs }: { readonly costs: ProgramContractCosts }): ReactNode {
  const id = useId();
  return (
    <section className="apart" aria-labelledby={id}>
      <h2 id={id}>
        <Name text={m.program.contractWith(costs.vendor, costs.contract)} />
      </h2>
      {costs.payments.length === 0 ? (
        <p>{m.program.noPayments}</p>
      ) : (
        <>
          <Bars costs={costs} />
          <Payments costs={costs} />
        </>
      )}
      {costs.grants.length > 0 && <Grants costs={costs} />}
    </section>
  );
}

const HEIGHT = 180;
const WIDTH = 72;
const GAP = 32;

/** Pixels only: every figure is said by the table below. */
function Bars({ costs }: { readonly costs: ProgramContractCosts }): ReactNode {
  const id = useId();
  const most = Math.max(1, ...costs.payments.map((payment) => Number(payment.amount ?? 0)));
  const tall = (text: string | null): number => (Number(text ?? 0) / most) * HEIGHT;
  return (
    <figure className="bars">
      <svg viewBox={`0 0 ${costs.payments.length * (WIDTH + GAP)} ${HEIGHT + 48}`} role="img" aria-label={m.program.barsLabel(costs.payments.length)}>
        <defs>
          <pattern id={`${id}hatch`} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect className="hatch" width="3" height="6" />
          </pattern>
        </defs>
        {costs.payments.map((payment, place) => {
          const x = place * (WIDTH + GAP) + GAP / 2;
          const whole = tall(payment.amount);
          const grant = tall(payment.grant);
          return (
            <g key={payment.n}>
              <rect className={payment.city === null ? "unsplit" : "city"} x={x} y={HEIGHT + 20 - whole} width={WIDTH} height={whole - grant} />
              <rect className="grant" x={x} y={HEIGHT + 20 - grant} width={WIDTH} height={grant} />
              {payment.approximate && <rect fill={`url(#${id}hatch)`} x={x} y={HEIGHT + 20 - whole} width={WIDTH} height={whole} />}
              <text x={x + WIDTH / 2} y={HEIGHT + 14 - whole}>
                {payment.amount === null ? m.program.unknown : marked(shownMoney(payment.amount), payment.approximate)}
              </text>
              <text x={x + WIDTH / 2} y={HEIGHT + 38}>
                {yearOf(costs, payment)}
              </text>
            </g>
          );
        })}
      </svg>
      <figcaption className="row">
        {(["grant", "city", "unsplit", "about"] as const).map((kind) => (
          <span key={kind} className="key">
            <svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">
              <rect className={kind} width="16" height="16" />
              {kind === "about" && <rect fill={`url(#${id}hatch)`} width="16" height="16" />}
            </svg>
            {m.program.keys[kind]}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function yearOf(costs: ProgramContractCosts, payment: ProgramPayment): string {
  return m.program.payment(payment.n, costs.lines.find((line) => line.n === payment.n)?.fiscal_year ?? null);
}

function Money({ text, isApproximate }: { readonly text: string | null; readonly isApproximate: boolean }): ReactNode {
  return <td className="number">{text === null ? m.program.unknown : marked(shownMoney(text), isApproximate)}</td>;
}

function Payments({ costs }: { readonly costs: ProgramContractCosts }): ReactNode {
  return (
    <div className="scroll" tabIndex={-1}>
      <table>
        <caption className="unseen">{m.program.payments}</caption>
        <thead>
          <tr>
            <th scope="col">{m.program.paymentColumn}</th>
            {[m.program.amount, m.program.keys.grant, m.program.keys.city].map((label) => (
              <th key={label} scope="col" className="number">
                {label}
              </th>
            ))}
            <th scope="col">{m.program.certainty}</th>
          </tr>
        </thead>
        <tbody>
          {costs.payments.map((payment) => {
            const line = costs.lines.find((each) => each.n === payment.n);
            return (
              <tr key={payment.n}>
                <th scope="row">{yearOf(costs, payment)}</th>
                <Money text={payment.amount} isApproximate={payment.approximate} />
                <Money text={payment.grant} isApproximate={line?.grant_approximate ?? false} />
                <Money text={payment.city} isApproximate={payment.approximate} />
                <td>{m.program.certain(payment.approximate, line?.assumption ?? false, line?.recurring ?? false)}</td>
              </tr>
            );
          })}
          <tr>
            <th scope="row">{m.program.total}</th>
            <Money text={costs.total.amount} isApproximate={costs.total.approximate} />
            <td />
            <td />
            <td>{m.program.certain(costs.total.approximate, costs.total_assumption, false)}</td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}

function Amount({ amount }: { readonly amount: ProgramAmount }): ReactNode {
  return <Money text={amount?.amount ?? null} isApproximate={amount?.approximate ?? false} />;
}

/** The allocation: what each grant pays of each payment, and what is left of it. */
function Grants({ costs }: { readonly costs: ProgramContractCosts }): ReactNode {
  return (
    <>
      <h3>{m.program.allocation}</h3>
      <div className="scroll" tabIndex={-1}>
        <table>
          <caption className="unseen">{m.program.allocation}</caption>
          <thead>
            <tr>
              <th scope="col">{m.program.grant}</th>
              <th scope="col" className="number">
                {m.program.award}
              </th>
              {costs.payments.map((payment) => (
                <th key={payment.n} scope="col" className="number">
                  {yearOf(costs, payment)}
                </th>
              ))}
              <th scope="col" className="number">
                {m.program.left}
              </th>
            </tr>
          </thead>
          <tbody>
            {costs.grants.map((grant) => (
              <tr key={grant.grant}>
                <th scope="row">
                  <Name text={grant.grant} />
                </th>
                <Amount amount={grant.award} />
                {costs.payments.map((payment, place) => (
                  <Money key={payment.n} text={grant.by_payment[place] ?? null} isApproximate={costs.lines[place]?.grant_approximate ?? false} />
                ))}
                <Money text={grant.left} isApproximate={false} />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {costs.grant_residual !== null && <p className="quiet-text">{m.program.residual(shownMoney(costs.grant_residual))}</p>}
    </>
  );
}

function OtherGrants({ grants }: { readonly grants: ProgramReport["subjects"] }): ReactNode {
  return (
    <section className="apart" aria-labelledby="grants-title">
      <h2 id="grants-title">{m.program.otherGrants}</h2>
      <div className="scroll" tabIndex={-1}>
        <table>
          <caption className="unseen">{m.program.otherGrants}</caption>
          <thead>
            <tr>
              <th scope="col">{m.program.grant}</th>
              <th scope="col">{m.program.recipient}</th>
              <th scope="col" className="number">
                {m.program.award}
              </th>
              <th scope="col">{m.program.receivedOn}</th>
            </tr>
          </thead>
          <tbody>
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
          </tbody>
        </table>
      </div>
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
      <div className="scroll" tabIndex={-1}>
        <table>
          <caption className="unseen">{m.program.awards}</caption>
          <thead>
            <tr>
              <th scope="col">{m.program.recipient}</th>
              <th scope="col" className="number">
                {m.program.award}
              </th>
              <th scope="col" className="number">
                {m.program.otherwise}
              </th>
            </tr>
          </thead>
          <tbody>
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
          </tbody>
        </table>
      </div>
      {round.disagreement !== null && (
        <Notice tone={round.disagreement.by === "rounding" ? "info" : "due"} title={m.program.apart(shownMoney(round.disagreement.apart))}>
          <p>{round.disagreement.by === "rounding" ? m.program.byRounding : m.program.notByRounding}</p>
        </Notice>
      )}
    </section>
  );
}
