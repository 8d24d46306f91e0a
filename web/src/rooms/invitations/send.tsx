// SPDX-License-Identifier: Apache-2.0
// What somebody outside sees who was asked for files: what is wanted, by whom, and of each file of theirs what the server has of it.
import { useEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactNode } from "react";
import { Problem } from "../../api/client.js";
import type { FileRequestMine } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { Alone, AskCode, useLinkSecret } from "../../ui/alone.js";
import { digestInPieces } from "../../ui/footage.js";
import { instantOf, shownBytes, shownTime } from "../../ui/format.js";
import { Failure, Loading, Name, Notice, useTitle } from "../../ui/parts.js";
import { Queue } from "../upload/queue.js";
import { Guest } from "./guest.js";
import { Sending, Sent } from "./sent.js";

const CODE_WORDS = { title: m.send.codeTitle, note: m.send.codeNote, code: m.send.code, enter: m.send.open };

export default function SendPage(): ReactNode {
  useTitle(m.send.title);
  const [link] = useLinkSecret();
  return link === "" ? <Alone title={m.send.noLinkTitle} note={m.send.noLink} /> : <LetIn key={link} link={link} />;
}

function LetIn({ link }: { readonly link: string }): ReactNode {
  const guest = useMemo(() => new Guest(link), [link]);
  const [asked, setAsked] = useState<FileRequestMine>();
  const [error, setError] = useState<unknown>();
  const [isWorking, setWorking] = useState(false);
  const enter = (code?: string): void => {
    setWorking(true);
    guest
      .enter(code)
      .then(
        (mine) => {
          setError(undefined);
          setAsked(mine);
        },
        (reason: unknown) => setError(reason),
      )
      .finally(() => setWorking(false));
  };
  useEffect(() => enter(), [guest]);
  const slug = error instanceof Problem ? error.slug : undefined;
  if (slug === "not-found" || slug === "unauthenticated") return <Alone title={m.send.unknownTitle} note={m.send.unknown} />;
  if (slug === "file-request-ended") return <Alone title={m.send.endedTitle} note={(error as Problem).message} />;
  if (asked !== undefined) return <Asked guest={guest} asked={asked} onOver={setError} />;
  if (slug === "file-request-code") {
    const isFirst = (error as Problem).message.includes("asks for"); // nothing was typed yet
    return <AskCode words={CODE_WORDS} error={isFirst ? undefined : error} isWorking={isWorking} onCode={enter} />;
  }
  if (error === undefined) return <Loading />;
  return (
    <main className="alone">
      <Failure error={error} onRetry={() => enter()} />
    </main>
  );
}

/** A file that the browser still reads: it is sent when its digest is known. */
export interface Reading {
  readonly id: number;
  readonly name: string;
  readonly percent: number;
  readonly why?: string;
}
let nextReading = 1;

interface AskedProps {
  readonly guest: Guest;
  readonly asked: FileRequestMine;
  readonly onOver: (error: unknown) => void;
}

function Asked({ guest, asked: first, onOver }: AskedProps): ReactNode {
  const [asked, setAsked] = useState(first);
  const queue = useMemo(() => new Queue(guest.means(onOver)), [guest]);
  const items = useSyncExternalStore(queue.subscribe, queue.list);
  const [reading, setReading] = useState<readonly Reading[]>([]);
  const digests = useRef(new Map<string, string>()); // by name and length
  const input = useRef<HTMLInputElement>(null);
  const about = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const stay = (event: BeforeUnloadEvent): void => {
      if (queue.isBusy()) event.preventDefault();
    };
    addEventListener("beforeunload", stay);
    return () => removeEventListener("beforeunload", stay);
  }, [queue]);
  // What was sealed or given up changes what is left.
  const settled = items.filter(({ state }) => state === "sealed" || state === "refused").length;
  useEffect(() => {
    guest.look().then(setAsked, () => undefined);
  }, [guest, settled, items.length]);

  const read = async (file: File, metadata: Readonly<Record<string, string>>): Promise<void> => {
    const id = nextReading++;
    const change = (to: Partial<Reading>): void => setReading((all) => all.map((each) => (each.id === id ? { ...each, ...to } : each)));
    setReading((all) => [...all, { id, name: file.name, percent: 0 }]);
    try {
      const facts = await digestInPieces(
        async (begin, last) => ({ bytes: new Uint8Array(await file.slice(begin, last + 1).arrayBuffer()), total: file.size }),
        (done, total) => change({ percent: total === 0 ? 100 : Math.floor((done / total) * 100) }),
      );
      await guest.look().catch(() => undefined);
      digests.current.set(`${file.name} ${file.size}`, facts.sha256);
      setReading((all) => all.filter((each) => each.id !== id));
      queue.add([file], { ...metadata, sha256: facts.sha256 });
    } catch (error) {
      change({ why: error instanceof Error ? error.message : String(error) });
    }
  };
  const add = (files: readonly File[]): void => {
    const fields = new FormData(about.current ?? undefined);
    const metadata: Record<string, string> = {};
    for (const key of ["sender_name", "sender_role", "sender_where", "sender_words"]) {
      const value = String(fields.get(key) ?? "").trim();
      if (value !== "") metadata[key] = value;
    }
    const recordedAt = instantOf(String(fields.get("recorded_at") ?? ""));
    if (recordedAt !== undefined) metadata["recorded_at"] = recordedAt;
    void files.reduce((before, file) => before.then(() => read(file, metadata)), Promise.resolve());
  };
  const filesLeft = asked.files_max - asked.files_used;
  const bytesLeft = asked.bytes_max - asked.bytes_used;
  const isFull = filesLeft <= 0 || bytesLeft <= 0;
  return (
    <main className="letter">
      <p className="brand-mark">{m.product}</p>
      <div>
        <h1>
          <Name text={m.send.heading(asked.agency_name)} />
        </h1>
        <p>
          <Name text={m.send.from(asked.made_by)} /> {m.send.until(shownTime(asked.ends_at))}
        </p>
      </div>
      <blockquote className="panel asked">
        {asked.words.split("\n").map((line, i) => (
          <p key={i}>
            <Name text={line} />
          </p>
        ))}
      </blockquote>
      <form ref={about} className="panel" aria-labelledby="about-title" onSubmit={(event) => event.preventDefault()}>
        <h2 id="about-title">{m.send.aboutTitle}</h2>
        <p className="quiet-text">{m.send.aboutNote}</p>
        <label>
          {m.send.name}
          <input name="sender_name" maxLength={200} defaultValue={asked.name} autoComplete="name" />
        </label>
        <label>
          {m.send.role}
          <select name="sender_role" defaultValue="">
            <option value="" />
            {Object.entries(m.send.roles).map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <label>
          {m.send.where}
          <input name="sender_where" maxLength={200} autoComplete="off" />
        </label>
        <label>
          {m.send.recordedAt}
          <input name="recorded_at" type="datetime-local" step={1} />
        </label>
        <label>
          {m.send.words}
          <textarea name="sender_words" rows={3} maxLength={300} />
        </label>
      </form>
      <section className="panel" aria-labelledby="files-title">
        <h2 id="files-title">{m.send.filesTitle}</h2>
        {isFull ? (
          <Notice tone="due" title={m.send.full}>
            <p>{m.send.fullNote}</p>
          </Notice>
        ) : (
          <>
            <p>{m.send.left(filesLeft, shownBytes(bytesLeft))}</p>
            <p className="quiet-text">{m.send.chooseHint}</p>
            <button type="button" className="primary" onClick={() => input.current?.click()}>
              {m.send.choose}
            </button>
          </>
        )}
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
        {reading.length + items.length === 0 ? (
          <p className="quiet-text">{m.send.none}</p>
        ) : (
          <Sending guest={guest} queue={queue} items={items} reading={reading} digestOf={(item) => digests.current.get(`${item.name} ${item.bytes}`)} onForget={(id) => setReading((all) => all.filter((each) => each.id !== id))} />
        )}
        {(reading.length > 0 || queue.isBusy()) && <p className="quiet-text">{m.send.keepOpen}</p>}
      </section>
      <Sent guest={guest} files={asked.files.filter(({ recording }) => !items.some((item) => item.recording === recording))} />
      <section className="panel" aria-labelledby="what-title">
        <h2 id="what-title">{m.send.what}</h2>
        <ul>
          {m.send.can(asked.agency_name).map((sentence) => (
            <li key={sentence}>
              <Name text={sentence} />
            </li>
          ))}
        </ul>
        <p>{m.send.receiptNote}</p>
        <button type="button" onClick={() => window.print()}>
          {m.send.print}
        </button>
      </section>
    </main>
  );
}
