// SPDX-License-Identifier: Apache-2.0
// One recording: footage under a view, facts, custody.
import { useCallback, useMemo, useRef, useState, type Dispatch, type ReactNode, type SetStateAction } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { Purpose, Recording, Session, View } from "../../api/schema.js";
import type { Action } from "../../app/actions.js";
import { AskDialog, ReasonField } from "../../app/ask.js";
import { personOf, readKept, writeKept } from "../../app/kept.js";
import { m } from "../../app/messages.js";
import { useActions } from "../../app/registry.js";
import { signedIn } from "../../app/session.js";
import { grouped, shownBytes, shownDuration, shownName, shownTime } from "../../ui/format.js";
import { Copy, Name, Notice, Ready, Status, toneOfState, useLoad, useTitle } from "../../ui/parts.js";
import { AssignedOfficer, Change, Release } from "./change_dialog.js";
import { type Choice, Choices } from "./chosen.js";
import { Custody } from "./custody.js";
import type { Comparison, Difference } from "./facts.js";
import { FactRows, type FactRow } from "./fact_rows.js";
import { Locked } from "./locked.js";
import { CameraFacts } from "./camera.js";
import { Markers } from "./markers.js";
import { FromElsewhere } from "./origin.js";
import { Player } from "./player.js";
import { openView, PurposeDialog, type Refused } from "./purpose.js";
import { Quarantine } from "./quarantine.js";
import { SignaturePanel } from "./signature.js";
import { TrackPanel } from "./track.js";
import { keyOf } from "./unlock.js";
import type { FileFacts } from "../../verify/receipt.js";
import { ShareDialog } from "../shares/share.js";

export default function RecordingPage({ id, slug }: { readonly id: string; readonly slug: string }): ReactNode {
  const [load, retry] = useLoad(id, (signal) => askJson<"GET /api/v1/recordings/{id}">(`/api/v1/recordings/${encodeURIComponent(id)}`, { signal }));
  const name = load.state === "ready" ? shownName(load.value.filename) || load.value.id : m.recording.heading;
  useTitle(name);
  return (
    <>
      <nav className="crumbs" aria-label={m.recording.back}>
        <Link to="/recordings">← {m.recording.back}</Link>
      </nav>
      {load.state !== "ready" && <h1 className="unseen">{m.recording.heading}</h1>}
      <Ready of={load} again={retry}>
        {(value) => <Loaded id={id} recording={value} slug={slug} />}
      </Ready>
    </>
  );
}

const choices = new Choices({ read: readKept, write: writeKept });

function personHere(): string {
  const who = signedIn();
  return who.state === "in" ? personOf(who.session) : "";
}

/**
 * What was read of a recording before somebody changed it, here or elsewhere, differs from its custody and nothing is wrong: before
 * anybody is warned, it is read once more, and its custody with it.
 */
function useSecondLook(id: string, tell: Dispatch<SetStateAction<Comparison | undefined>>, onRead: (fresh: Recording) => void): { readonly isSure: boolean; readonly onCompared: (next: Comparison | undefined) => void } {
  const [isSure, setSure] = useState(false);
  const look = useRef<"first" | "reading" | "second">("first");
  const read = useRef(onRead);
  read.current = onRead;
  const onCompared = useCallback(
    (next: Comparison | undefined): void => {
      if (next?.kind === "differ" && look.current !== "second") {
        if (look.current === "reading") return;
        look.current = "reading";
        askJson<"GET /api/v1/recordings/{id}">(`/api/v1/recordings/${id}`)
          .then((fresh) => read.current(fresh), () => tell(next))
          .finally(() => {
            look.current = "second";
            setSure(true);
          });
        return;
      }
      if (next?.kind === "agree") {
        look.current = "first";
        setSure(false);
      }
      // A warning stands until a later check takes it back; it does not go away while that check runs.
      tell((before) => next ?? (before?.kind === "differ" ? before : undefined));
    },
    [id, tell],
  );
  return { isSure, onCompared };
}

interface Opened {
  readonly view: View;
  readonly said: { readonly purpose: Purpose; readonly case?: string | undefined };
}

function Loaded({ id, recording: read, slug }: { readonly id: string; readonly recording: Recording; readonly slug: string }): ReactNode {
  // A change is shown where it was made, and takes nothing away that is being watched.
  const [recording, setRecording] = useState(read);
  const [acts, setActs] = useState(0);
  const acted = (changed: Recording): void => {
    setRecording({ ...changed, same_bytes_as: read.same_bytes_as, clips: read.clips });
    setActs((n) => n + 1);
  };
  const [opened, setOpened] = useState<Opened>();
  const [isAsking, setAsking] = useState(false);
  const [isSharing, setSharing] = useState(false);
  const [refused, setRefused] = useState<Refused>();
  const [comparison, setComparison] = useState<Comparison>();
  const { isSure, onCompared } = useSecondLook(read.id, setComparison, (fresh) => {
    setRecording(fresh);
    setActs((n) => n + 1);
  });
  const who = signedIn();
  const person = personHere();
  const choice = choices.find(person, recording.incident);
  const ask = useCallback((): void => {
    setRefused(undefined);
    setAsking(true);
  }, []);
  useActions(useMemo((): readonly Action[] => [{ id: "recording.view", label: m.recording.view, shortcut: "v", scope: "here", perform: ask }], [ask]));
  const show = (view: View, purpose: Purpose, named: string | undefined): void => {
    // The server may answer when they have left.
    if (person === personHere()) choices.remember(person, { purpose, case: named });
    setAsking(false);
    setOpened({ view, said: { purpose, case: named } });
  };
  const openAsChosen = (said: Choice): void => {
    openView(recording, said).then(
      (view) => show(view, said.purpose, said.case),
      (reason: unknown) => {
        setRefused({ said, reason });
        setAsking(true);
      },
    );
  };
  return (
    <>
      <div className="row heading">
        <h1>
          <Name text={recording.filename || recording.id} />
        </h1>
        <Status tone={toneOfState(recording.state)} word={m.recordingState[recording.state] ?? recording.state} />
        {who.state === "in" && who.session.may.includes("share") && (
          <button type="button" onClick={() => setSharing(true)}>
            {m.shares.share}
          </button>
        )}
        <Change recording={recording} onChanged={acted} />
        <Release key={`release ${acts}`} recording={recording} onReleased={() => acted(recording)} />
        <Keeping recording={recording} may={who.state === "in" && who.session.may.includes("place_hold")} />
      </div>
      {comparison?.kind === "differ" && <Differences differences={comparison.differences} />}
      <p className="lead">{recording.chain_note}</p>
      {recording.state === "held" && <Notice tone="held" title={m.recording.held} />}
      {recording.inside_home === true && <Notice tone="held" title={m.recording.insideHome} />}
      {recording.restriction !== null && (
        <Notice tone="held" title={m.recording.restricted(m.recording.restrictions[recording.restriction] ?? recording.restriction)} />
      )}
      {recording.victim_sensitive && <Notice tone="held" title={m.recording.victimSensitive} />}
      <SameBytes ids={recording.same_bytes_as} />
      <Clips recording={recording} />
      <div className="columns">
        <div>
          {recording.state === "quarantined" ? (
            <Quarantine recording={recording} mayReview={who.state === "in" && who.session.roles.includes("records")} onAccepted={() => void askJson<"GET /api/v1/recordings/{id}">(`/api/v1/recordings/${id}`).then(acted)} />
          ) : opened === undefined ? (
            <div className="well closed">
              <p>{m.recording.viewNote}</p>
              {choice === undefined ? (
                <button type="button" className="primary" aria-keyshortcuts="v" onClick={ask}>
                  {m.recording.view}
                </button>
              ) : (
                <>
                  <p>{m.recording.asChosenNote(choice.case)}</p>
                  <div className="row">
                    <button type="button" className="primary" onClick={() => openAsChosen(choice)}>
                      {m.recording.asChosen(m.purpose.names[choice.purpose] ?? choice.purpose)}
                    </button>
                    <button type="button" aria-keyshortcuts="v" onClick={ask}>
                      {m.recording.otherPurpose}
                    </button>
                  </div>
                </>
              )}
            </div>
          ) : (
            <Watching recording={recording} opened={opened} sealed={comparison?.file} onReopen={ask} />
          )}
          {opened !== undefined && <TrackPanel key={opened.view.view} recording={recording} view={opened.view} said={opened.said} />}
          <SignaturePanel recording={recording} />
          <FromElsewhere key={`origin ${acts}`} recording={recording} onChanged={() => void askJson<"GET /api/v1/recordings/{id}">(`/api/v1/recordings/${id}`).then(acted)} />
          <Markers recording={recording} />
          <CameraFacts recording={recording} />
          {/* A view is an event of its own, and a change is: custody is read again under each. */}
          <Custody key={`${opened?.view.view ?? "before"} ${acts}`} id={id} recording={recording} slug={slug} isSure={isSure} onCompared={onCompared} />
        </div>
        <Facts recording={recording} session={who.state === "in" ? who.session : undefined} />
      </div>
      {isSharing && <ShareDialog recording={recording} onClose={() => setSharing(false)} />}
      {isAsking && (
        <PurposeDialog recording={recording} offered={choices.offered(person)} refused={refused} onClose={() => setAsking(false)} onOpened={show} />
      )}
    </>
  );
}

interface WatchingProps {
  readonly recording: Recording;
  readonly opened: Opened;
  readonly sealed: FileFacts | undefined;
  readonly onReopen: () => void;
}

/** The clip, or, where it came encrypted, what opens it. */
function Watching({ recording, opened: { view, said }, sealed, onReopen }: WatchingProps): ReactNode {
  const keyClip = keyOf(recording.filename, recording.id, recording.clips);
  const player = (shown?: string): ReactNode => (
    <Player recording={recording} view={view} purpose={m.purpose.names[said.purpose] ?? said.purpose} sealed={sealed} onReopen={onReopen} {...(shown === undefined ? {} : { shown })} />
  );
  if (keyClip === undefined) return player();
  return (
    <Locked key={view.view} recording={recording} view={view} keyClip={keyClip} said={said}>
      {player}
    </Locked>
  );
}

/** A hold, and the way out of a restriction: both are decided elsewhere. */
function Keeping({ recording, may }: { readonly recording: Recording; readonly may: boolean }): ReactNode {
  const [isLifting, setLifting] = useState(false);
  const [isProposed, setProposed] = useState(false);
  if (!may) return null;
  const propose = (text: (name: string) => string): Promise<unknown> =>
    askJson<"POST /api/v1/recordings/{id}/unrestrict">(`/api/v1/recordings/${recording.id}/unrestrict`, { method: "POST", body: { reason: text("reason") } });
  return (
    <>
      <Link to={`/holds?recording=${recording.id}`}>{m.recording.placeHold}</Link>
      {recording.restriction !== null && !isProposed && (
        <button type="button" className="quiet small" onClick={() => setLifting(true)}>
          {m.recording.lift}
        </button>
      )}
      {isProposed && <span role="status">{m.recording.liftDone}</span>}
      {isLifting && (
        <AskDialog
          title={m.recording.liftTitle}
          note={m.recording.liftNote}
          submit={m.recording.lift}
          ask={propose}
          onClose={() => setLifting(false)}
          onDone={() => {
            setLifting(false);
            setProposed(true);
          }}
        >
          <ReasonField isFirst />
        </AskDialog>
      )}
    </>
  );
}

/** In words, field by field: whoever reads this has to tell somebody what is wrong. */
function Differences({ differences }: { readonly differences: readonly Difference[] }): ReactNode {
  return (
    <div data-facts="differ">
      <Notice tone="bad" title={m.facts.doNotRely}>
        <ul className="plain">
          {differences.map(({ field, shown, sealed }) => (
            <li key={field}>{m.facts.differs(m.facts.names[field], shown, sealed)}</li>
          ))}
        </ul>
        <p>{m.facts.whatNow}</p>
      </Notice>
    </div>
  );
}

function SameBytes({ ids }: { readonly ids: readonly string[] }): ReactNode {
  if (ids.length === 0) return null;
  return (
    <Notice tone="info">
      <p>{m.recording.sameBytes(ids.length)}</p>
      <ul className="plain">
        {ids.map((id) => (
          <li key={id}>
            <Link to={`/recordings/${id}`} className="mono">
              {grouped(id)}
            </Link>
          </li>
        ))}
      </ul>
    </Notice>
  );
}

/** The other files of the recording that this one is a file of. */
function Clips({ recording }: { readonly recording: Recording }): ReactNode {
  if (recording.clips.length < 2) return null;
  return (
    <Notice tone="info">
      <p>{m.recording.clips(recording.clips.length)}</p>
      <ol className="plain">
        {recording.clips.map((clip, i) => (
          <li key={clip.id}>
            {clip.id === recording.id ? (
              <>
                {m.recording.clip(i + 1)} <span className="quiet-text">{m.recording.clipShown}</span>
              </>
            ) : (
              <Link to={`/recordings/${clip.id}`}>{m.recording.clip(i + 1)}</Link>
            )}{" "}
            <span className="quiet-text">
              <Name text={clip.filename === "" ? shownBytes(clip.bytes) : `${clip.filename}, ${shownBytes(clip.bytes)}`} />
            </span>
          </li>
        ))}
      </ol>
    </Notice>
  );
}

function Facts({ recording, session }: { readonly recording: Recording; readonly session: Session | undefined }): ReactNode {
  const { fact } = m.recording;
  const time = (iso: string | null): ReactNode => (iso === null ? null : <time dateTime={iso} title={iso}>{shownTime(iso)}</time>);
  const codecs = [recording.video_codec, recording.audio_codec].filter((codec) => codec !== null).join(", ");
  const verdict = recording.media?.verdict ?? undefined;
  const isExamined = verdict !== undefined || recording.duration_ms !== null || codecs !== "";
  const text = (value: string | null): ReactNode => (value === null || value === "" ? null : <Name text={value} />);
  const compared: readonly FactRow[] = [
    [fact.recorded_at, time(recording.recorded_at)],
    [fact.received_at, time(recording.received_at)],
    [fact.wearer, text(recording.wearer)],
    ...(recording.assigned_officer === null || session === undefined ? [] : [[fact.assigned, <AssignedOfficer key={recording.assigned_officer} id={recording.assigned_officer} session={session} />] as const]),
    [fact.incident, text(recording.incident)],
    [fact.category, text(recording.category)],
    [fact.bytes, `${shownBytes(recording.bytes)} (${m.recording.bytes(recording.bytes)})`],
    [
      fact.sha256,
      <>
        <span className="mono digest">{grouped(recording.sha256)}</span> <Copy text={recording.sha256} what={fact.sha256} />
      </>,
    ],
    [
      fact.id,
      <>
        <span className="mono digest">{grouped(recording.id)}</span> <Copy text={recording.id} what={fact.id} />
      </>,
    ],
  ];
  const serverWord: readonly FactRow[] = [
    [fact.device, text(recording.device)],
    ...(isExamined
      ? ([
          [fact.duration, recording.duration_ms === null ? null : shownDuration(recording.duration_ms)],
          [fact.picture, recording.width === null ? null : `${recording.width} × ${recording.height}`],
          [fact.codecs, text(codecs)],
        ] as const)
      : []),
    [fact.media, [verdict === undefined ? m.recording.notExamined : (m.recording.verdicts[verdict] ?? verdict), recording.media?.sentence].filter(Boolean).join(": ")],
    [fact.filetype, text(recording.filetype)],
  ];
  return (
    <section className="panel facts" aria-labelledby="facts-title">
      <h2 id="facts-title">{m.recording.facts}</h2>
      <FactRows rows={compared} />
      <h3>{m.facts.serverWord}</h3>
      <FactRows rows={serverWord} />
    </section>
  );
}
