// SPDX-License-Identifier: Apache-2.0
// One contract: its payments as bars and as a table, and what each grant pays of them.
import { useId, type ReactNode } from "react";
import type { ProgramContractCosts, ProgramPayment } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { Name, Table, type Head } from "../../ui/parts.js";
import { Amount, Money } from "./cells.js";
import { marked, shownMoney } from "./figures.js";

export function Contract({ costs }: { readonly costs: ProgramContractCosts }): ReactNode {
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

function Payments({ costs }: { readonly costs: ProgramContractCosts }): ReactNode {
  return (
    <Table
      caption={m.program.payments}
      heads={[
        m.program.paymentColumn,
        { label: m.program.amount, as: "number" },
        { label: m.program.keys.grant, as: "number" },
        { label: m.program.keys.city, as: "number" },
        m.program.certainty,
      ]}
    >
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
    </Table>
  );
}

/** The allocation: what each grant pays of each payment, and what is left of it. */
function Grants({ costs }: { readonly costs: ProgramContractCosts }): ReactNode {
  return (
    <>
      <h3>{m.program.allocation}</h3>
      <Table
        caption={m.program.allocation}
        heads={[
          m.program.grant,
          { label: m.program.award, as: "number" },
          ...costs.payments.map((payment): Head => ({ label: yearOf(costs, payment), as: "number" })),
          { label: m.program.left, as: "number" },
        ]}
      >
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
      </Table>
      {costs.grant_residual !== null && <p className="quiet-text">{m.program.residual(shownMoney(costs.grant_residual))}</p>}
    </>
  );
}
