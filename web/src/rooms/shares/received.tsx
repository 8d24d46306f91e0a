// SPDX-License-Identifier: Apache-2.0
// What somebody outside was sent: by whom, until when, to watch or to download, and a check of the file that they have.
import { useEffect, useState, type ReactNode } from "react";
import { askJson, Problem } from "../../api/client.js";
import type { Received, ReceivedFile } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { Alone, AskCode, useLinkSecret } from "../../ui/alone.js";
import { grouped, shownBytes, shownDuration, shownTime } from "../../ui/format.js";
import { Copy, Failure, Loading, Name, Notice, useLoad, useTitle } from "../../ui/parts.js";
import { CheckFile } from "./check_file.js";

/** How long until a page looks again whether its recordings are prepared. */
const LOOK_AGAIN_MS = 2_000;

const CODE_WORDS = { title: m.received.enterTitle, note: m.received.enterNote, code: m.received.code, enter: m.received.enter };

export default function ReceivedPage(): ReactNode {
  useTitle(m.received.title);
  const [secret, setSecret] = useLinkSecret();
  const entered = (): void => {
    history.replaceState(null, "", location.pathname);
    setSecret("");
  };
  // A link that was just followed is entered anew, whatever this browser was let in to before.
  return secret === "" ? <LetIn /> : <Enter key={secret} secret={secret} onEntered={entered} />;
}

function LetIn(): ReactNode {
  const [load, again] = useLoad("received", (signal) => askJson<"GET /api/v1/received">("/api/v1/received", { signal }));
  const [isLeft, setLeft] = useState(false);
  const leave = (): void => {
    void askJson<"DELETE /api/v1/received/session">("/api/v1/received/session", { method: "DELETE" }).finally(() => setLeft(true));
  };
  if (isLeft) return <Alone title={m.received.title} note={m.received.left} />;
  if (load.state === "loading") return <Loading />;
  if (load.state === "failed") {
    const { error } = load;
    if (error instanceof Problem && error.slug === "share-code") return <Alone title={m.received.title} note={m.received.noLink} />;
    if (error instanceof Problem && error.slug === "share-ended") return <Alone title={m.received.endedTitle} note={error.message} />;
    return (
      <main className="alone">
        <Failure error={error} onRetry={again} />
      </main>
    );
  }
  return <Contents received={load.value} onChanged={again} onLeave={leave} />;
}

function Enter({ secret, onEntered }: { readonly secret: string; readonly onEntered: () => void }): ReactNode {
  const [error, setError] = useState<unknown>();
  const [isWorking, setWorking] = useState(false);
  const enter = (code: string): void => {
    setWorking(true);
    setError(undefined);
    askJson<"POST /api/v1/received/session">("/api/v1/received/session", { method: "POST", body: { link: secret, code } }).then(onEntered, (reason: unknown) => {
      setError(reason);
      setWorking(false);
    });
  };
  if (error instanceof Problem && error.slug === "share-ended") return <Alone title={m.received.endedTitle} note={error.message} />;
  return <AskCode words={CODE_WORDS} error={error} isWorking={isWorking} onCode={enter} />;
}

function Contents({ received, onChanged, onLeave }: { readonly received: Received; readonly onChanged: () => void; readonly onLeave: () => void }): ReactNode {
  const mustAccept = received.order !== null && received.accepted_at === null;
  const about = [
    received.ends_at === null ? m.received.noEnd : m.received.until(shownTime(received.ends_at)),
    ...(received.views_left === null ? [] : [m.received.viewsLeft(received.views_left)]),
  ];
  return (
    <main className="letter">
      <p className="brand-mark">{m.product}</p>
      <div>
        <h1>
          <Name text={m.received.heading(received.recipient)} />
        </h1>
        <p>
          <Name text={m.received.from(received.from, received.agency_name)} />
        </p>
        <p className="quiet-text">
          <Name text={m.shares.forCase(m.purpose.names[received.purpose] ?? received.purpose, received.case)} />
        </p>
      </div>
      <p className="lead">{about.join(" ")}</p>
      <Notice tone="info">
        <p>{m.received.kindNotes[received.kind]}</p>
      </Notice>
      {received.order !== null && <Order share={received.share} order={received.order} acceptedAt={received.accepted_at} onAccepted={onChanged} />}
      {received.prepared_at === null && <BeingPrepared onChanged={onChanged} />}
      {!mustAccept && received.prepared_at !== null && (
        <>
          <section aria-labelledby="files-title">
            <h2 id="files-title">{m.received.recordings}</h2>
            <ol className="plain files">
              {received.items.map((file) => (
                <File key={file.n} share={received.share} file={file} kind={received.kind} onOpened={onChanged} />
              ))}
            </ol>
          </section>
          {received.kind !== "view" && <CheckFile received={received} />}
          <Receipt share={received.share} receivedAt={received.received_at} onConfirmed={onChanged} />
        </>
      )}
      <div>
        <button type="button" onClick={onLeave}>
          {m.received.leave}
        </button>
      </div>
    </main>
  );
}

/** Asks by itself, and without a flicker, until there is something to see. */
function BeingPrepared({ onChanged }: { readonly onChanged: () => void }): ReactNode {
  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    const timer = setInterval(() => {
      askJson<"GET /api/v1/received">("/api/v1/received", { signal }).then(
        ({ prepared_at }) => prepared_at !== null && onChanged(),
        () => signal.aborted || onChanged(),
      );
    }, LOOK_AGAIN_MS);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [onChanged]);
  return <Notice tone="due" title={m.received.beingPrepared} />;
}

function Order({ share, order, acceptedAt, onAccepted }: { readonly share: string; readonly order: string; readonly acceptedAt: string | null; readonly onAccepted: () => void }): ReactNode {
  const [error, setError] = useState<unknown>();
  const accept = (): void => {
    setError(undefined);
    askJson<"POST /api/v1/received/order">("/api/v1/received/order", { method: "POST", body: { share } }).then(onAccepted, setError);
  };
  return (
    <section className="panel" aria-labelledby="order-title">
      <h2 id="order-title">{m.received.orderTitle}</h2>
      <div>
        {order.split(/\r?\n/).map((line, i) => (
          <p key={i}>
            <Name text={line} />
          </p>
        ))}
      </div>
      {error !== undefined && <Failure error={error} />}
      {acceptedAt === null ? (
        <button type="button" className="primary" onClick={accept}>
          {m.received.accept}
        </button>
      ) : (
        <p className="quiet-text">{m.received.accepted(shownTime(acceptedAt))}</p>
      )}
    </section>
  );
}

interface FileProps {
  readonly share: string;
  readonly file: ReceivedFile;
  readonly kind: Received["kind"];
  readonly onOpened: () => void;
}

function File({ share, file, kind, onOpened }: FileProps): ReactNode {
  const [content, setContent] = useState<string>();
  const [error, setError] = useState<unknown>();
  const [canPlay, setCanPlay] = useState(true);
  const name = file.filename || file.sha256;
  const open = (use: "watch" | "download", then: (content: string) => void): void => {
    setError(undefined);
    askJson<"POST /api/v1/received/items/{n}/views">(`/api/v1/received/items/${file.n}/views`, { method: "POST", body: { share, use } }).then((opened) => then(opened.content), setError);
  };
  const watch = (): void =>
    open("watch", (address) => {
      setCanPlay(true);
      setContent(address);
    });
  // The browser's own download: it takes the name from the answer, resumes, and asks where to put it.
  const download = (): void => open("download", (address) => location.assign(address));
  const facts = [file.recorded_at === null ? undefined : shownTime(file.recorded_at), file.duration_ms === null ? undefined : shownDuration(file.duration_ms), shownBytes(file.bytes)];
  useEffect(() => setContent(undefined), [file.sha256]);
  return (
    <li className="panel" data-file={file.n}>
      <h3>
        <Name text={name} />
      </h3>
      <p className="quiet-text">{facts.filter((fact) => fact !== undefined).join(" · ")}</p>
      {content !== undefined && (
        <div className="well">
          {canPlay ? (
            <video src={content} controls playsInline preload="metadata" aria-label={m.received.watching(name)} onError={() => setCanPlay(false)} />
          ) : (
            <p>{kind === "view" ? m.received.cannotPlayView : m.received.cannotPlay}</p>
          )}
        </div>
      )}
      {error !== undefined && <Failure error={error} />}
      {file.copy !== null && !file.copy.ready && (
        <Notice tone={file.copy.final ? "bad" : "due"} title={file.copy.final ? m.received.noCopy : m.received.preparing}>
          {file.copy.final ? <p>{file.copy.reason}</p> : <button type="button" onClick={onOpened}>{m.received.lookAgain}</button>}
        </Notice>
      )}
      <div className="row">
        {file.copy !== null && !file.copy.ready ? null : content === undefined ? (
          <button type="button" className={kind === "view" ? "primary" : undefined} onClick={watch}>
            {m.received.watch}
          </button>
        ) : (
          <button
            type="button"
            onClick={() => {
              setContent(undefined);
              onOpened();
            }}
          >
            {m.received.close}
          </button>
        )}
        {kind !== "view" && (
          <>
            <button type="button" className="primary" onClick={download}>
              {m.received.download}
            </button>
            <a href={`/api/v1/received/items/${file.n}/receipt?share=${share}`} download>
              {m.received.receipt}
            </a>
          </>
        )}
      </div>
      {kind !== "view" && (
        <p className="mono digest">
          <span className="quiet-text">SHA-256</span> {grouped(file.sha256)} <Copy text={file.sha256} what="SHA-256" />
        </p>
      )}
    </li>
  );
}

function Receipt({ share, receivedAt, onConfirmed }: { readonly share: string; readonly receivedAt: string | null; readonly onConfirmed: () => void }): ReactNode {
  const [error, setError] = useState<unknown>();
  const confirm = (): void => {
    setError(undefined);
    askJson<"POST /api/v1/received/receipt">("/api/v1/received/receipt", { method: "POST", body: { share } }).then(onConfirmed, setError);
  };
  return (
    <section className="panel" aria-labelledby="receipt-title">
      <h2 id="receipt-title">{m.received.confirmTitle}</h2>
      {error !== undefined && <Failure error={error} />}
      {receivedAt === null ? (
        <>
          <p>{m.received.confirmNote}</p>
          <button type="button" onClick={confirm}>
            {m.received.confirm}
          </button>
        </>
      ) : (
        <p>{m.received.confirmed(shownTime(receivedAt))}</p>
      )}
    </section>
  );
}
