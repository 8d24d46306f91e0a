// SPDX-License-Identifier: Apache-2.0
// Uploading: drop or choose, and see of each file what the server has of it.
import { useEffect, useMemo, useRef, useState, useSyncExternalStore, type DragEvent, type ReactNode } from "react";
import { Link } from "wouter";
import type { Action } from "../../app/actions.js";
import { m } from "../../app/messages.js";
import { useActions } from "../../app/registry.js";
import { type SignedIn, signedIn, subscribe } from "../../app/session.js";
import { grouped, shownBytes } from "../../ui/format.js";
import { ActionButton, Empty, Name, Status, type Tone, useTitle } from "../../ui/parts.js";
import { type Item, type ItemState, Queue } from "./queue.js";
import { TUS } from "./tus.js";

/** One for a person: uploads go on while other screens are open, and go on as nobody else's. */
let queue = new Queue(TUS);
const loginOf = (who: SignedIn): string => (who.state === "in" ? who.session.login : "");
let owner = loginOf(signedIn());
window.addEventListener("beforeunload", (event) => {
  if (queue.isBusy()) event.preventDefault();
});
subscribe(() => {
  const login = loginOf(signedIn());
  if (login === "" || login === owner) return;
  queue.pauseAll();
  queue = new Queue(TUS);
  owner = login;
});

const ABOUT = ["incident", "category", "wearer", "device"] as const;

export default function UploadPage({ mayUpload }: { readonly mayUpload: boolean }): ReactNode {
  useTitle(m.upload.title);
  if (mayUpload) return <Uploads />;
  return (
    <>
      <h1>{m.upload.title}</h1>
      <Empty title={m.upload.notAllowedTitle} detail={m.upload.notAllowedDetail} />
    </>
  );
}

function Uploads(): ReactNode {
  const items = useSyncExternalStore(queue.subscribe, queue.list);
  const input = useRef<HTMLInputElement>(null);
  const about = useRef<HTMLFormElement>(null);
  const [isOver, setOver] = useState(false);

  const add = (files: readonly File[]): void => {
    const fields = new FormData(about.current ?? undefined);
    const metadata: Record<string, string> = {};
    for (const name of ABOUT) {
      const value = String(fields.get(name) ?? "").trim();
      if (value !== "") metadata[name] = value;
    }
    queue.add(files, metadata);
  };
  const actions = useMemo(
    (): readonly Action[] => [
      { id: "upload.choose", label: m.upload.choose, shortcut: "c", scope: "here", perform: () => input.current?.click() },
      { id: "upload.pause", label: m.upload.pauseAll, shortcut: "p", scope: "here", perform: () => queue.pauseAll() },
      { id: "upload.resume", label: m.upload.resumeAll, shortcut: "r", scope: "here", perform: () => queue.resumeAll() },
    ],
    [],
  );
  useActions(actions);
  const [choose, pauseAll, resumeAll] = actions as readonly [Action, Action, Action];

  const drag = (isInside: boolean) => (event: DragEvent) => {
    event.preventDefault();
    setOver(isInside);
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    add([...event.dataTransfer.files]);
  };
  return (
    <>
      <h1>{m.upload.title}</h1>
      <div className={isOver ? "drop over" : "drop"} onDragOver={drag(true)} onDragLeave={drag(false)} onDrop={drop}>
        <p>
          <strong>{m.upload.drop}</strong> {m.upload.or} <ActionButton action={choose} kind="primary" />
        </p>
        <p className="quiet-text">{m.upload.hint}</p>
        <input
          ref={input}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            add([...(event.target.files ?? [])]);
            // The same file chosen again is a change too.
            event.target.value = "";
          }}
        />
      </div>
      <details className="panel about">
        <summary>{m.upload.about}</summary>
        <form ref={about} className="filters" onSubmit={(event) => event.preventDefault()}>
          {ABOUT.map((name) => (
            <label key={name}>
              {m.upload[name]}
              <input name={name} maxLength={200} />
            </label>
          ))}
        </form>
        <p className="quiet-text">{m.upload.aboutNote}</p>
      </details>
      <section aria-labelledby="queue-title">
        <div className="row heading">
          <h2 id="queue-title">{m.upload.queue}</h2>
          {items.length > 1 && (
            <>
              <ActionButton action={pauseAll} />
              <ActionButton action={resumeAll} />
            </>
          )}
        </div>
        {items.length === 0 ? (
          <Empty title={m.upload.emptyTitle} detail={m.upload.emptyDetail} />
        ) : (
          <>
            <ul className="queue">
              {items.map((item) => (
                <Row key={item.id} item={item} />
              ))}
            </ul>
            {queue.isBusy() && <p className="quiet-text">{m.upload.keep}</p>}
          </>
        )}
        <Announcer items={items} />
      </section>
    </>
  );
}

const TONES: Readonly<Record<ItemState, Tone>> = {
  waiting: "plain",
  sending: "info",
  paused: "due",
  reconnecting: "due",
  received: "info",
  sealed: "ok",
  refused: "bad",
  failed: "bad",
};

function sentence(item: Item): string {
  if (item.state === "refused") return m.upload.refused(item.why ?? "");
  if (item.state === "failed") return m.upload.failed(item.why ?? "");
  if (item.state === "sending") return m.upload.progress(shownBytes(item.sent), shownBytes(item.bytes));
  return m.upload[item.state];
}

function Row({ item }: { readonly item: Item }): ReactNode {
  const button = (label: string, act: () => void): ReactNode => (
    <button type="button" onClick={act} aria-label={m.upload.forFile(label, item.name)}>
      {label}
    </button>
  );
  const { state } = item;
  const isMoving = state === "waiting" || state === "sending" || state === "reconnecting";
  const isRest = state === "sealed" || state === "refused";
  return (
    <li data-state={state}>
      <div className="row">
        <span className="name">
          <Name text={item.name} />
        </span>
        <Status tone={TONES[state]} word={m.upload.word[state]} {...(state === "paused" ? { icon: "pause" as const } : {})} />
        <span className="row end">
          {isMoving && button(m.upload.pause, () => queue.pause(item.id))}
          {(state === "paused" || state === "failed") && button(m.upload.resume, () => queue.resume(item.id))}
          {item.recording !== undefined && <Link to={`/recordings/${item.recording}`}>{m.upload.open}</Link>}
          {state !== "received" && button(isRest ? m.upload.dismiss : m.upload.remove, () => queue.remove(item.id))}
        </span>
      </div>
      {!isRest && <progress max={Math.max(item.bytes, 1)} value={item.sent} aria-label={m.upload.forFile(m.upload.sending, item.name)} />}
      <p className={state === "failed" || state === "refused" ? "bad" : "quiet-text"}>{sentence(item)}</p>
      {item.sha256 !== undefined && (
        <p className="quiet-text">
          {m.upload.digest} <span className="mono digest">{grouped(item.sha256)}</span>
        </p>
      )}
    </li>
  );
}

/** Changes of state for those who do not see them; progress would only chatter. */
function Announcer({ items }: { readonly items: readonly Item[] }): ReactNode {
  const before = useRef(new Map<number, ItemState>());
  const [text, setText] = useState("");
  useEffect(() => {
    for (const item of items) {
      if (before.current.get(item.id) === item.state) continue;
      before.current.set(item.id, item.state);
      if (item.state !== "waiting") setText(m.upload.announce(item.name, m.upload.word[item.state]));
    }
  }, [items]);
  return (
    <p role="status" className="unseen">
      {text}
    </p>
  );
}
