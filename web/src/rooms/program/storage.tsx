// SPDX-License-Identifier: Apache-2.0
// What a month's bill was for, and what storage comes to: counted here, with the formula beside each figure and what would be otherwise.
import { useId, useState, type FormEvent, type ReactNode } from "react";
import { askJson, Problem } from "../../api/client.js";
import type { ProgramForecast, ProgramMetering } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownBytes } from "../../ui/format.js";
import { Empty, Name, Notice, Ready, Table, useLoad, useTitle } from "../../ui/parts.js";
import { Money } from "./cells.js";
import { marked, shownMoney } from "./figures.js";

export default function StoragePage(): ReactNode {
  useTitle(m.storage.title);
  return (
    <>
      <h1>{m.storage.title}</h1>
      <p className="lead">{m.storage.lead}</p>
      <Bill />
      <Forecast />
    </>
  );
}

/** The month before this one, by the calendar of UTC, as the server's. */
export function lastMonth(now: Date): string {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1)).toISOString().slice(0, 7);
}

function Bill(): ReactNode {
  const id = useId();
  const [month, setMonth] = useState(() => lastMonth(new Date()));
  const query = new URLSearchParams({ month }).toString();
  const [load, again] = useLoad(query, (signal) => askJson<"GET /api/v1/program/metering">(`/api/v1/program/metering?${query}`, { signal }));
  return (
    <section className="apart" aria-labelledby={id}>
      <h2 id={id}>{m.storage.bill}</h2>
      <div className="filters">
        <label>
          {m.storage.month}
          <input type="month" value={month} max={lastMonth(new Date())} onChange={(event) => event.target.value !== "" && setMonth(event.target.value)} />
        </label>
      </div>
      <Ready of={load} again={again}>
        {(bill) => <OneBill bill={bill} />}
      </Ready>
    </section>
  );
}

function OneBill({ bill }: { readonly bill: ProgramMetering }): ReactNode {
  const heads = [m.storage.agency, ...[m.storage.storage, m.storage.access, m.storage.retrieval, m.storage.together].map((label) => ({ label, as: "number" as const }))];
  return (
    <>
      {Object.values(bill.tariff).every((price) => price === null) && (
        <Notice tone="info" title={m.storage.noTariff}>
          <p>{m.storage.noTariffDetail}</p>
        </Notice>
      )}
      <Table caption={m.storage.metered} heads={heads}>
        {bill.agencies.map((agency) => (
          <tr key={agency.slug}>
            <th scope="row">
              <Name text={agency.agency} />
              <div className="quiet-text">{m.storage.used(agency.gb_months, agency.views, agency.retrieved_gb)}</div>
            </th>
            <Money text={agency.storage} isApproximate={false} />
            <Money text={agency.access} isApproximate={false} />
            <Money text={agency.retrieval} isApproximate={false} />
            <Money text={agency.total} isApproximate={false} />
          </tr>
        ))}
      </Table>
      <p>
        {bill.billed === null ? m.storage.notBilled : m.storage.billed(marked(shownMoney(bill.billed), bill.billed_approximate))}
        {bill.unallocated !== null && ` ${m.storage.unallocated(marked(shownMoney(bill.unallocated), bill.billed_approximate))}`}
      </p>
      <Formulas lines={bill.formulas} />
    </>
  );
}

interface WhatIf {
  readonly retention: string;
  readonly bitRate: string;
  readonly headcount: string;
  readonly price: string;
}

function Forecast(): ReactNode {
  const id = useId();
  const [asked, setAsked] = useState<WhatIf>({ retention: "", bitRate: "100", headcount: "", price: "" });
  const body = {
    what_if: {
      years: 5,
      upload_hours: 24,
      bit_rate_percent: Number(asked.bitRate),
      price_gb_month: asked.price === "" ? "0.00" : asked.price,
      ...(asked.retention === "" ? {} : { other_retention_days: Number(asked.retention) }),
      ...(asked.headcount === "" ? {} : { headcount: Number(asked.headcount) }),
    },
  };
  const [load, again] = useLoad(JSON.stringify(body), (signal) => askJson<"POST /api/v1/program/forecast">("/api/v1/program/forecast", { method: "POST", body, signal }));
  // That no month was measured yet is no mistake of whoever asks.
  const hasNothing = load.state === "failed" && load.error instanceof Problem && load.error.slug === "invalid";
  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const text = (name: string): string => String(fields.get(name) ?? "").trim();
    setAsked({ retention: text("retention"), bitRate: text("bitRate") || "100", headcount: text("headcount"), price: text("price") });
  };
  return (
    <section className="apart" aria-labelledby={id}>
      <h2 id={id}>{m.storage.forecast}</h2>
      <p className="quiet-text">{m.storage.forecastNote}</p>
      <form className="filters" onSubmit={onSubmit}>
        <label>
          {m.storage.retention}
          <input name="retention" type="number" min={1} max={36525} placeholder={m.storage.forGood} />
        </label>
        <label>
          {m.storage.bitRate}
          <input name="bitRate" type="number" min={1} max={10000} defaultValue={100} />
        </label>
        <label>
          {m.storage.headcount}
          <input name="headcount" type="number" min={0} max={1000000} placeholder={m.storage.asNow} />
        </label>
        <label>
          {m.storage.price}
          <input name="price" inputMode="decimal" pattern="[0-9]{1,4}(\.[0-9]{1,6})?" placeholder="0.0265" />
        </label>
        <button type="submit" className="primary">
          {m.storage.work}
        </button>
      </form>
      {hasNothing ? (
        <Empty title={m.storage.nothing} detail={load.error.message} />
      ) : (
        <Ready of={load} again={again}>
          {(forecast) => <OneForecast forecast={forecast} />}
        </Ready>
      )}
    </section>
  );
}

function OneForecast({ forecast }: { readonly forecast: ProgramForecast }): ReactNode {
  const bytes = (of: ProgramForecast["years"][number]["stored_bytes"]): string => ranged(shownBytes(of.middle), of.low === null ? null : shownBytes(of.low), of.high === null ? null : shownBytes(of.high));
  return (
    <>
      <Table caption={m.storage.years} heads={[m.storage.year, ...[m.storage.arriving, m.storage.stored, m.storage.cost].map((label) => ({ label, as: "number" as const }))]}>
        {forecast.years.map((year) => (
          <tr key={year.year}>
            <th scope="row">{year.year}</th>
            <td className="number">{bytes(year.arriving_bytes)}</td>
            <td className="number">{bytes(year.stored_bytes)}</td>
            <td className="number">
              {ranged(shownMoney(year.cost.middle), year.cost.low === null ? null : shownMoney(year.cost.low), year.cost.high === null ? null : shownMoney(year.cost.high))}
            </td>
          </tr>
        ))}
      </Table>
      <p className="quiet-text">
        {m.storage.line((forecast.line_bits_per_second / 1_000_000).toFixed(1))} {forecast.spread_percent === null ? m.storage.noRange : m.storage.range(forecast.spread_percent)}
      </p>
      <p>
        <a href="/api/v1/program/volumes" download="volumes.json">
          {m.storage.exportFile}
        </a>
      </p>
      <Formulas lines={[...forecast.formulas, ...forecast.assumptions]} />
    </>
  );
}

function ranged(middle: string, low: string | null, high: string | null): string {
  return low === null || high === null ? middle : `${middle} (${low} – ${high})`;
}

function Formulas({ lines }: { readonly lines: readonly string[] }): ReactNode {
  return (
    <details>
      <summary>{m.storage.formulas}</summary>
      <ul>
        {lines.map((line) => (
          <li key={line}>
            <Name text={line} />
          </li>
        ))}
      </ul>
    </details>
  );
}
