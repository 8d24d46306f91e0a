// SPDX-License-Identifier: Apache-2.0
// Files that are being sent, and those that are sealed with their receipts.
import { useEffect, useRef, useState, type ReactNode } from "react";
import type { FileSent } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { grouped, shownBytes, shownTime } from "../../ui/format.js";
import { Failure, Name, Notice, Status, type Tone } from "../../ui/parts.js";
import type { Item, ItemState, Queue } from "../upload/queue.js";
import type { Guest } from "./guest.js";
import type { Reading } from "./send.js";

/** A beat is a minute where nothing else is set; a receipt is there after one. */
const LOOK_AGAIN_MS = 3_000;

const TONES: Readonly<Record<ItemState | "reading", Tone>> = { reading: "plain", waiting: "plain", sending: "info", paused: "due", reconnecting: "due", received: "info", sealed: "ok", refused: "bad", failed: "bad" };

function sentence(item: Item): string {
  if (item.state === "refused") return m.send.refused(item.why ?? "");
  if (item.state === "failed") return m.send.failed(item.why ?? "");
  if (item.state === "sending") return m.send.progress(shownBytes(item.sent), shownBytes(item.bytes));
  if (item.state === "reconnecting") return m.send.reconnecting;
  if (item.state === "received") return m.send.received;
  return item.state === "sealed" ? m.send.sealed : m.send.waiting;
}

interface SendingProps {
  readonly guest: Guest;
  readonly queue: Queue;
  readonly items: readonly Item[];
  readonly reading: readonly Reading[];
  readonly digestOf: (item: Item) => string | undefined;
  readonly onForget: (id: number) => void;
}

export function Sending({ guest, queue, items, reading, digestOf, onForget }: SendingProps): ReactNode {
  return (
    <>
      <ul className="queue">
        {items.map((item) => (
          <li key={item.id} data-state={item.state}>
            <Row name={item.name} state={item.state} sentence={sentence(item)}>
              {item.state !== "sealed" && item.state !== "refused" && (
                <progress max={Math.max(item.bytes, 1)} value={item.sent} aria-label={m.send.forFile(m.send.word["sending"] ?? "", item.name)} />
              )}
            </Row>
            {item.state === "failed" && (
              <div className="row">
                <button type="button" onClick={() => queue.resume(item.id)} aria-label={m.send.forFile(m.send.again, item.name)}>
                  {m.send.again}
                </button>
                <button type="button" className="quiet" onClick={() => queue.remove(item.id)} aria-label={m.send.forFile(m.send.remove, item.name)}>
                  {m.send.remove}
                </button>
              </div>
            )}
            {item.recording !== undefined && item.sha256 !== undefined && (
              <>
                {item.sha256 === digestOf(item) ? <p>{m.send.same}</p> : <Notice tone="bad" title={m.send.differ} />}
                <Proof guest={guest} recording={item.recording} name={item.name} sha256={item.sha256} />
              </>
            )}
          </li>
        ))}
        {reading.map((each) => (
          <li key={`reading ${each.id}`} data-state={each.why === undefined ? "reading" : "failed"}>
            <Row name={each.name} state={each.why === undefined ? "reading" : "failed"} sentence={each.why === undefined ? m.send.reading(each.percent) : m.send.failed(each.why)}>
              {each.why === undefined && <progress max={100} value={each.percent} aria-label={m.send.forFile(m.send.word["reading"] ?? "", each.name)} />}
            </Row>
            {each.why !== undefined && (
              <button type="button" className="quiet" onClick={() => onForget(each.id)} aria-label={m.send.forFile(m.send.remove, each.name)}>
                {m.send.remove}
              </button>
            )}
          </li>
        ))}
      </ul>
      <Announcer items={items} />
    </>
  );
}

function Row({ name, state, sentence, children }: { readonly name: string; readonly state: ItemState | "reading"; readonly sentence: string; readonly children: ReactNode }): ReactNode {
  return (
    <>
      <div className="row">
        <span className="name">
          <Name text={name} />
        </span>
        <Status tone={TONES[state]} word={m.send.word[state] ?? state} />
      </div>
      {children}
      <p className={TONES[state] === "bad" ? "bad" : "quiet-text"}>{sentence}</p>
    </>
  );
}

/** Changes of state for those who do not see them. */
function Announcer({ items }: { readonly items: readonly Item[] }): ReactNode {
  const before = useRef(new Map<number, ItemState>());
  const [text, setText] = useState("");
  useEffect(() => {
    for (const item of items) {
      if (before.current.get(item.id) === item.state) continue;
      before.current.set(item.id, item.state);
      setText(m.send.forFile(item.name, m.send.word[item.state] ?? item.state));
    }
  }, [items]);
  return (
    <p role="status" className="unseen">
      {text}
    </p>
  );
}

/** The digest of what is sealed, and the receipt as soon as it can be given. */
function Proof({ guest, recording, name, sha256 }: { readonly guest: Guest; readonly recording: string; readonly name: string; readonly sha256: string }): ReactNode {
  const [receipt, setReceipt] = useState<Blob>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = (): void => {
      guest.receipt(recording).then(
        (found) => {
          if (found !== undefined) setReceipt(found);
          else timer = setTimeout(look, LOOK_AGAIN_MS);
        },
        (reason: unknown) => setError(reason),
      );
    };
    look();
    return () => clearTimeout(timer);
  }, [guest, recording]);
  const save = (): void => {
    if (receipt === undefined) return;
    const address = URL.createObjectURL(receipt);
    const anchor = document.createElement("a");
    anchor.href = address;
    anchor.download = `${recording}.tlog-proof`;
    anchor.click();
    URL.revokeObjectURL(address);
  };
  return (
    <>
      <p className="quiet-text">
        {m.send.digest} <span className="mono digest">{grouped(sha256)}</span>
      </p>
      {error !== undefined ? (
        <Failure error={error} />
      ) : receipt === undefined ? (
        <p className="quiet-text">{m.send.receiptWaits}</p>
      ) : (
        <button type="button" onClick={save} aria-label={m.send.forFile(m.send.receipt, name)}>
          {m.send.receipt}
        </button>
      )}
    </>
  );
}

/** What came by the link before this page was opened. */
export function Sent({ guest, files }: { readonly guest: Guest; readonly files: readonly FileSent[] }): ReactNode {
  if (files.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="sent-title">
      <h2 id="sent-title">{m.send.sentTitle}</h2>
      <ul className="queue">
        {files.map((file) => (
          <li key={file.recording} data-state="sealed">
            <div className="row">
              <span className="name">
                <Name text={file.filename || file.recording} />
              </span>
              <Status tone="ok" word={m.send.word["sealed"] ?? ""} />
            </div>
            <p className="quiet-text">
              {shownBytes(file.bytes)} · {shownTime(file.received_at)}
            </p>
            <Proof guest={guest} recording={file.recording} name={file.filename || file.recording} sha256={file.sha256} />
          </li>
        ))}
      </ul>
    </section>
  );
}
