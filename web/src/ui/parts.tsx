// SPDX-License-Identifier: Apache-2.0
// The small kit: buttons fed by actions, the states every screen can be in, icons, dialogs.
import { useCallback, useEffect, useId, useRef, useState, type ReactNode } from "react";
import { Offline, Problem } from "../api/client.js";
import type { AccountEvent } from "../api/schema.js";
import type { Action } from "../app/actions.js";
import { m } from "../app/messages.js";
import { shownName, shownTime } from "./format.js";

const ICONS = {
  ok: "M3 8.500l3.200 3.200L13 5",
  info: "M8 7v5M8 4v.5",
  clock: "M8 4v4.500l3 1.500",
  warn: "M8 5v4M8 11.500v.5",
  lock: "M5 7V5a3 3 0 0 1 6 0v2M4 7h8v6H4z",
  pause: "M5.500 4v8M10.500 4v8",
  sun: "M8 4.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7",
} as const;
export type IconName = keyof typeof ICONS;

export function Icon({ name }: { readonly name: IconName }): ReactNode {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {(name === "clock" || name === "info") && <circle cx="8" cy="8" r="6.500" />}
      {name === "warn" && <path d="M8 1.500 15 14H1z" />}
      <path d={ICONS[name]} />
    </svg>
  );
}

export type Tone = "ok" | "info" | "due" | "bad" | "held" | "plain";
const TONE_ICONS: Readonly<Record<Tone, IconName>> = { ok: "ok", info: "info", due: "clock", bad: "warn", held: "lock", plain: "info" };

/** Always an icon, a word and a color: no one of them alone. */
export function Status({ tone, word, icon }: { readonly tone: Tone; readonly word: string; readonly icon?: IconName }): ReactNode {
  return (
    <span className={`status ${tone}`}>
      <Icon name={icon ?? TONE_ICONS[tone]} />
      {word}
    </span>
  );
}

export function toneOfState(state: string): Tone {
  if (state === "sealed") return "ok";
  if (state === "held") return "held";
  if (state === "quarantined" || state === "disposed") return "bad";
  return state === "restricted" ? "held" : "due";
}

/** Text that came with the evidence: nothing in it is hidden, and it reorders nothing around it. */
export function Name({ text }: { readonly text: string }): ReactNode {
  return <bdi>{shownName(text)}</bdi>;
}

export function ActionButton({ action, kind }: { readonly action: Action; readonly kind?: "primary" | "quiet" }): ReactNode {
  return (
    <button type="button" className={kind} onClick={action.perform} aria-keyshortcuts={action.shortcut} disabled={action.when?.() === false}>
      {action.label}
    </button>
  );
}

export function Copy({ text, what }: { readonly text: string; readonly what: string }): ReactNode {
  const [isCopied, setCopied] = useState(false);
  const copy = (): void => {
    void navigator.clipboard?.writeText(text).then(() => setCopied(true));
  };
  return (
    <button type="button" className="quiet small" onClick={copy} onBlur={() => setCopied(false)} aria-label={isCopied ? m.recording.copied : m.recording.copyWhat(what)}>
      {isCopied ? m.recording.copied : m.recording.copy}
    </button>
  );
}

/** The browser's own dialog: it keeps the focus inside, closes on Escape and gives the focus back. */
export function Dialog({ title, onClose, children }: { readonly title: string; readonly onClose: () => void; readonly children: ReactNode }): ReactNode {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    if (dialog !== null && !dialog.open) dialog.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog ref={ref} aria-labelledby={titleId} onClose={onClose}>
      {/* The rest of the page is inert while this is open, its own first heading with it. */}
      <h1 id={titleId}>{title}</h1>
      {children}
    </dialog>
  );
}

export function Notice({ tone, title, children }: { readonly tone: Tone; readonly title?: string; readonly children?: ReactNode }): ReactNode {
  return (
    <div className={`notice ${tone}`} role={tone === "bad" ? "alert" : undefined}>
      <Icon name={TONE_ICONS[tone]} />
      <div>
        {title !== undefined && <strong>{title}</strong>}
        {children}
      </div>
    </div>
  );
}

/** What happened, what to do, and what to quote. */
export function Failure({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }): ReactNode {
  const isProblem = error instanceof Problem;
  const title =
    error instanceof Offline
      ? m.states.offlineTitle
      : !isProblem
        ? m.states.failedTitle
        : error.status === 403
          ? m.states.deniedTitle
          : error.status === 404
            ? m.states.notFoundTitle
            : error.title;
  return (
    <Notice tone="bad" title={title}>
      <p>{error instanceof Offline ? m.states.offlineDetail : error instanceof Error ? error.message : String(error)}</p>
      {isProblem && error.remedy !== "" && <p>{error.remedy}</p>}
      {isProblem && error.reference !== "" && <p className="mono quiet-text">{m.states.reference(error.reference)}</p>}
      {onRetry !== undefined && !(isProblem && error.status < 500) && (
        <button type="button" onClick={onRetry}>
          {m.states.retry}
        </button>
      )}
    </Notice>
  );
}

interface EmptyProps {
  readonly title: string;
  readonly detail: string;
  readonly children?: ReactNode;
}

export function Empty({ title, detail, children }: EmptyProps): ReactNode {
  return (
    <div className="empty">
      <h2>{title}</h2>
      <p>{detail}</p>
      {children}
    </div>
  );
}

/** What stands over a column: to the right over numbers, and out of sight where only those who hear the page need it. */
export type Head = string | { readonly label: string; readonly as: "number" | "unseen" };

interface TableProps {
  readonly caption: string;
  readonly heads: readonly Head[];
  readonly children: ReactNode;
}

/** A table with its heads, which is moved sideways where the page is too narrow for it. Its rows are the children. */
export function Table({ caption, heads, children }: TableProps): ReactNode {
  return (
    <div className="scroll" tabIndex={-1}>
      <table>
        <caption className="unseen">{caption}</caption>
        <thead>
          <tr>
            {heads.map((head) => {
              const { label, as } = typeof head === "string" ? { label: head, as: undefined } : head;
              return (
                <th key={label} scope="col" className={as === "number" ? as : undefined}>
                  {as === "unseen" ? <span className="unseen">{label}</span> : label}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** What happened to an account, newest first. */
export function AccountEvents({ events }: { readonly events: readonly AccountEvent[] }): ReactNode {
  return (
    <Table caption={m.account.events} heads={[m.account.when, m.account.what, m.account.how]}>
      {events.map((event, i) => (
        <tr key={`${event.at} ${i}`}>
          <td className="mono">{shownTime(event.at)}</td>
          <td>{m.account.eventNames[event.event] ?? event.event}</td>
          <td>
            <Name text={m.account.event(event.detail, event.by, event.client)} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

export type Load<T> =
  | { readonly state: "loading" }
  | { readonly state: "ready"; readonly value: T }
  | { readonly state: "failed"; readonly error: unknown };

/** Asks when `key` changes or on demand; an answer that is no longer wanted is dropped. */
export function useLoad<T>(key: string, ask: (signal: AbortSignal) => Promise<T>): readonly [Load<T>, () => void] {
  const [load, setLoad] = useState<Load<T>>({ state: "loading" });
  const [turn, setTurn] = useState(0);
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    const abort = new AbortController();
    setLoad({ state: "loading" });
    latest.current(abort.signal).then(
      (value) => {
        if (!abort.signal.aborted) setLoad({ state: "ready", value });
      },
      (error: unknown) => {
        if (!abort.signal.aborted) setLoad({ state: "failed", error });
      },
    );
    return () => abort.abort();
  }, [key, turn]);
  return [load, useCallback(() => setTurn((n) => n + 1), [])];
}

/** Nothing for the first moments: a flash of "loading" is worse than none. The style fades it in. */
export function Loading(): ReactNode {
  return (
    <p className="loading" role="status">
      {m.states.loading}
    </p>
  );
}

interface ReadyProps<T> {
  readonly of: Load<T>;
  readonly again: () => void;
  readonly children: (value: T) => ReactNode;
}

/** What was asked for, once it is there; until then that it is on its way, or why it does not come. */
export function Ready<T>({ of, again, children }: ReadyProps<T>): ReactNode {
  if (of.state === "loading") return <Loading />;
  return of.state === "failed" ? <Failure error={of.error} onRetry={again} /> : children(of.value);
}

interface ItemsProps<T> {
  readonly of: Load<{ readonly items: readonly T[] }>;
  readonly again: () => void;
  readonly none: ReactNode;
  readonly children: (items: readonly T[]) => ReactNode;
}

/** The same of a list, and what there is to say where nothing is on it. */
export function Items<T>({ of, again, none, children }: ItemsProps<T>): ReactNode {
  return (
    <Ready of={of} again={again}>
      {({ items }) => (items.length === 0 ? none : children(items))}
    </Ready>
  );
}

export function useTitle(page: string): void {
  useEffect(() => {
    const before = document.title;
    document.title = m.title(page);
    return () => {
      document.title = before;
    };
  }, [page]);
}
