// SPDX-License-Identifier: Apache-2.0
// Custody: every event, and for each a proof that this browser checks itself.
import { useEffect, useMemo, useState, type FormEvent, type ReactNode } from "react";
import { askBytes, askJson } from "../../api/client.js";
import type { CustodyItem, Recording } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownName, shownTime } from "../../ui/format.js";
import { Copy, Name, Notice, Ready, Status, useLoad } from "../../ui/parts.js";
import { fromUtf8 } from "../../verify/bytes.js";
import { compareFacts, type Comparison } from "./facts.js";
import { BadAnchor, type Checked, judge, readKey } from "./proof.js";

interface History {
  readonly items: readonly CustodyItem[];
  readonly serverKey: string;
}

async function readHistory(recording: string, slug: string, signal: AbortSignal): Promise<History> {
  const [page, key] = await Promise.all([
    askJson<"GET /api/v1/recordings/{id}/custody">(`/api/v1/recordings/${recording}/custody`, { signal }),
    askBytes(`/ledger/${slug}/key`, { signal }),
  ]);
  return { items: page.items, serverKey: fromUtf8(key, "the key").trim() };
}

interface Props {
  /** The id that was asked for, and what the server showed under it. */
  readonly id: string;
  readonly recording: Recording;
  readonly slug: string;
  /** Whether a difference is to be told: what was shown has been read a second time. */
  readonly isSure: boolean;
  /** What the whole history says of the facts shown; undefined while it is being checked. */
  readonly onCompared: (comparison: Comparison | undefined) => void;
}

export function Custody({ id, recording, slug, isSure, onCompared }: Props): ReactNode {
  const [history, retry] = useLoad(id, (signal) => readHistory(id, slug, signal));
  const [ownKey, setOwnKey] = useState<string>();
  return (
    <section className="custody" aria-labelledby="custody-title">
      <h2 id="custody-title">{m.custody.title}</h2>
      <p className="quiet-text">{m.custody.note}</p>
      <Ready of={history} again={retry}>
        {({ items, serverKey }) => (
          <>
            <Events key={ownKey ?? ""} items={items} id={id} recording={recording} vkey={ownKey ?? serverKey} isSure={isSure} onCompared={onCompared} />
            <KeyChoice serverKey={serverKey} ownKey={ownKey} onChoose={setOwnKey} />
          </>
        )}
      </Ready>
    </section>
  );
}

/** Checks the events in order, each once the one before it is known. */
function useVerdicts(items: readonly CustodyItem[], recording: string, vkey: string, turn: number): readonly Checked[] {
  const [verdicts, setVerdicts] = useState<readonly Checked[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    const check = async (): Promise<void> => {
      const done: Checked[] = [];
      for (const item of items) {
        const before = done.at(-1);
        let verdict: Checked;
        try {
          const bytes = await askBytes(item.receipt, { signal: abort.signal });
          verdict = judge(item, bytes, readKey(vkey), recording, before?.kind === "unreachable" ? undefined : before);
        } catch (error) {
          if (abort.signal.aborted) return;
          const why = error instanceof Error ? error.message : String(error);
          verdict = error instanceof BadAnchor ? { kind: "refused", why } : { kind: "unreachable", why };
        }
        done.push(verdict);
        if (abort.signal.aborted) return;
        setVerdicts([...done]);
      }
    };
    setVerdicts([]);
    void check();
    return () => abort.abort();
  }, [items, recording, vkey, turn]);
  return verdicts;
}

type EventsProps = Omit<Props, "slug"> & { readonly items: readonly CustodyItem[]; readonly vkey: string };

function Events({ items, id, recording, vkey, isSure, onCompared }: EventsProps): ReactNode {
  const [turn, setTurn] = useState(0);
  const verdicts = useVerdicts(items, id, vkey, turn);
  const bad = verdicts.filter((verdict) => verdict.kind !== "verified").length;
  const isChecked = verdicts.length === items.length;
  const comparison = useMemo(() => (isChecked ? compareFacts(recording, verdicts) : undefined), [isChecked, recording, verdicts]);
  const isOver = isChecked && (comparison?.kind !== "differ" || isSure);
  useEffect(() => {
    onCompared(comparison);
    return () => onCompared(undefined);
  }, [comparison, onCompared]);
  const isSound = isOver && bad === 0 && comparison?.kind === "agree";
  return (
    <>
      <div role="status" data-verdict={isOver ? (isSound ? "verified" : "refused") : "checking"}>
        {!isOver && <Notice tone="due">{m.custody.checking(Math.min(verdicts.length + 1, items.length), items.length)}</Notice>}
        {isSound && (
          <Notice tone="ok" title={m.custody.all(items.length)}>
            <p data-facts="agree">{m.facts.agree}</p>
          </Notice>
        )}
        {isOver && bad === 0 && comparison?.kind === "differ" && <Notice tone="bad" title={m.custody.notThese(items.length)} />}
        {isOver && bad === 0 && comparison?.kind === "unknown" && <Notice tone="bad" title={m.custody.noAdmission} />}
        {isOver && bad > 0 && <Notice tone="bad" title={m.custody.some(bad, items.length)} />}
      </div>
      <ol className="events">
        {items.map((item, i) => (
          <Event key={item.n} item={item} verdict={verdicts[i]} />
        ))}
      </ol>
      {isOver && bad > 0 && (
        <button type="button" onClick={() => setTurn(turn + 1)}>
          {m.custody.again}
        </button>
      )}
    </>
  );
}

const TONES = { verified: "ok", refused: "bad", unreachable: "due" } as const;

function Event({ item, verdict }: { readonly item: CustodyItem; readonly verdict: Checked | undefined }): ReactNode {
  const { purpose, kind, action } = item.event;
  return (
    <li>
      <details>
        <summary>
          <span className="what">
            {m.custody.types[item.type] ?? item.type}
            {typeof purpose === "string" && <span className="quiet-text">{m.purpose.names[purpose] ?? purpose}</span>}
            {typeof action === "string" && <span className="quiet-text">{m.people.actions[action] ?? action}</span>}
            {typeof kind === "string" && <span className="quiet-text">{m.custody.derived[kind] ?? kind}</span>}
          </span>
          <span className="who" title={m.custody.rosterWord}>
            {item.actor_name === null ? m.custody.stranger : <Name text={item.actor_name} />}
          </span>
          <time dateTime={item.at} title={item.at}>
            {shownTime(item.at)}
          </time>
          <span data-proof={verdict?.kind ?? "checking"}>
            {verdict === undefined ? (
              <Status tone="due" word={m.custody.proof.checking} />
            ) : (
              <Status tone={TONES[verdict.kind]} word={m.custody.proof[verdict.kind]} />
            )}
          </span>
        </summary>
        <div className="opened">
          {verdict?.kind === "verified" && <p>{m.custody.verifiedAs(verdict.index, verdict.size)}</p>}
          <p className="quiet-text">{m.custody.rosterWord}</p>
          <EventFields event={item.event} />
          <a href={item.receipt} download>
            {m.custody.save}
          </a>
        </div>
      </details>
      {verdict?.kind === "refused" && <p className="why bad">{m.custody.why(verdict.why)}</p>}
      {verdict?.kind === "unreachable" && <p className="why">{m.custody.notFetched(verdict.why)}</p>}
    </li>
  );
}

function EventFields({ event }: { readonly event: Readonly<Record<string, unknown>> }): ReactNode {
  return (
    <dl className="fields">
      {Object.entries(event).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="mono">{shownName(typeof value === "object" ? JSON.stringify(value) : String(value))}</dd>
        </div>
      ))}
    </dl>
  );
}

interface KeyProps {
  readonly serverKey: string;
  readonly ownKey: string | undefined;
  readonly onChoose: (key: string | undefined) => void;
}

function KeyChoice({ serverKey, ownKey, onChoose }: KeyProps): ReactNode {
  const [error, setError] = useState<string>();
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get("key")).trim();
    try {
      readKey(text);
      setError(undefined);
      onChoose(text);
    } catch (reason) {
      if (!(reason instanceof BadAnchor)) throw reason;
      setError(reason.message);
    }
  };
  return (
    <details className="anchor">
      <summary>
        <span className="what">{ownKey === undefined ? m.custody.keyHere : m.custody.keyOwn}</span>
        <span className="as-link">{m.custody.keyHow}</span>
      </summary>
      <div className="opened">
        <p>{m.custody.keyExplain}</p>
        <p>
          {m.custody.keyServer}
          <br />
          <span className="mono digest">{serverKey}</span> <Copy text={serverKey} what={m.custody.keyServer} />
        </p>
        <form onSubmit={submit} className="row">
          <label className="wide">
            {m.custody.keyField}
            <input name="key" className="mono" spellCheck={false} autoComplete="off" defaultValue={ownKey ?? ""} aria-invalid={error !== undefined} />
          </label>
          <button type="submit">{m.custody.keyUse}</button>
          {ownKey !== undefined && (
            <button type="button" onClick={() => onChoose(undefined)}>
              {m.custody.keyForget}
            </button>
          )}
        </form>
        {error !== undefined && <Notice tone="bad" title={m.custody.keyBad(error)} />}
        <p className="quiet-text">{m.custody.offline}</p>
      </div>
    </details>
  );
}
