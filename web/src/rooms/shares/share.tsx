// SPDX-License-Identifier: Apache-2.0
// To send recordings to somebody outside: for whom, how, why, until when; then the link and the code, shown once.
import { useState, type FormEvent, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { Purpose, Recording, ShareCode, ShareKind, ShareMade } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { localMinute, shownTime } from "../../ui/format.js";
import { Copy, Dialog, Failure, Name, Notice } from "../../ui/parts.js";

const KINDS: readonly ShareKind[] = ["view", "download", "discovery"];
/** What can be the reason that something leaves the agency. */
const PURPOSES: readonly Purpose[] = ["discovery", "records_request", "investigation", "review"];
const DAYS = 30;
/** The server's own limit of one share. */
const RECORDINGS_MAX = 50;

async function recordingsOf(recording: Recording, all: boolean): Promise<readonly string[]> {
  if (!all || recording.incident === null) return [recording.id];
  const page = await askJson<"GET /api/v1/recordings">(`/api/v1/recordings?incident=${encodeURIComponent(recording.incident)}&limit=${RECORDINGS_MAX}`);
  return page.items.map(({ id }) => id);
}

export function ShareDialog({ recording, onClose }: { readonly recording: Recording; readonly onClose: () => void }): ReactNode {
  const [made, setMade] = useState<ShareMade>();
  if (made !== undefined) {
    return (
      <Dialog title={m.shares.madeTitle} onClose={onClose}>
        <LinkAndCode name={made.share.recipient} link={made.link} code={made.code} />
        <div className="row end">
          <button type="button" className="primary" onClick={onClose} autoFocus>
            {m.shares.done}
          </button>
        </div>
      </Dialog>
    );
  }
  return <TermsDialog recording={recording} onClose={onClose} onMade={setMade} />;
}

/** Both are secrets that the server does not keep: this is the only time that they are shown. */
export function LinkAndCode({ name, link, code }: { readonly name: string; readonly link?: string; readonly code: ShareCode }): ReactNode {
  return (
    <div className="stack">
      {link !== undefined && <Notice tone="due" title={m.shares.madeNote(name)} />}
      {link !== undefined && (
        <div>
          <h2>{m.shares.link}</h2>
          <p className="mono digest" data-share="link">
            {link}
          </p>
          <Copy text={link} what={m.shares.link} />
        </div>
      )}
      <div>
        <h2>{m.shares.code}</h2>
        <p className="mono code" data-share="code">
          {code.code}
        </p>
        <p className="quiet-text">{m.shares.codeUntil(shownTime(code.ends_at))}</p>
      </div>
    </div>
  );
}

function TermsDialog({ recording, onClose, onMade }: { readonly recording: Recording; readonly onClose: () => void; readonly onMade: (made: ShareMade) => void }): ReactNode {
  const [error, setError] = useState<unknown>();
  const [isMissing, setMissing] = useState(false);
  const [isWorking, setWorking] = useState(false);
  const [kind, setKind] = useState<ShareKind>();
  const isDiscovery = kind === "discovery";

  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const text = (name: string): string | undefined => String(fields.get(name) ?? "").trim() || undefined;
    const purpose = isDiscovery ? "discovery" : (text("purpose") as Purpose | undefined);
    setMissing(kind === undefined || purpose === undefined);
    if (kind === undefined || purpose === undefined) return;
    const ends = text("ends_at");
    const cap = text("views_max");
    setWorking(true);
    setError(undefined);
    recordingsOf(recording, text("which") === "all")
      .then((recordings) =>
        askJson<"POST /api/v1/shares">("/api/v1/shares", {
          method: "POST",
          body: {
            kind,
            recipient: text("recipient") ?? "",
            organization: text("organization"),
            recordings: [...recordings],
            purpose,
            case: text("case"),
            warrant: text("warrant"),
            ends_at: ends === undefined ? undefined : new Date(ends).toISOString(),
            views_max: cap === undefined ? undefined : Number(cap),
            order: text("order"),
          },
        }),
      )
      .then(onMade)
      .catch((reason: unknown) => {
        setError(reason);
        setWorking(false);
      });
  };
  return (
    <Dialog title={m.shares.dialogTitle} onClose={onClose}>
      <form onSubmit={submit}>
        <p className="quiet-text">{m.shares.dialogNote}</p>
        {isMissing && <Notice tone="bad" title={m.shares.missing} />}
        {error !== undefined && <Failure error={error} />}
        <label>
          {m.shares.name}
          <input name="recipient" required maxLength={200} autoFocus autoComplete="off" />
        </label>
        <label>
          {m.shares.organization}
          <input name="organization" maxLength={200} autoComplete="off" />
        </label>
        {recording.incident !== null && (
          <fieldset>
            <legend>{m.shares.which}</legend>
            <label className="check">
              <input type="radio" name="which" value="one" defaultChecked />
              {m.shares.thisOne}
            </label>
            <label className="check">
              <input type="radio" name="which" value="all" />
              <Name text={m.shares.allOf(recording.incident)} />
            </label>
          </fieldset>
        )}
        <fieldset aria-invalid={isMissing && kind === undefined}>
          <legend>{m.shares.kind}</legend>
          {KINDS.map((each) => (
            <label key={each} className="check">
              <input type="radio" name="kind" value={each} checked={kind === each} onChange={() => setKind(each)} />
              <span>
                {m.shares.kinds[each]}
                <span className="quiet-text note">{m.shares.kindNotes[each]}</span>
              </span>
            </label>
          ))}
        </fieldset>
        {!isDiscovery && (
          <label>
            {m.purpose.purpose}
            <select name="purpose" defaultValue="" aria-invalid={isMissing}>
              <option value="" disabled>
                {m.purpose.choose}
              </option>
              {PURPOSES.map((purpose) => (
                <option key={purpose} value={purpose}>
                  {m.purpose.names[purpose]}
                </option>
              ))}
            </select>
          </label>
        )}
        <label>
          {isDiscovery ? m.shares.case : m.purpose.case}
          <input name="case" maxLength={200} required={isDiscovery} defaultValue={recording.incident ?? ""} />
        </label>
        <label>
          {m.shares.warrant}
          <input name="warrant" maxLength={200} />
        </label>
        {!isDiscovery && (
          <>
            <label>
              {m.shares.endsAt}
              <input name="ends_at" type="datetime-local" required defaultValue={localMinute(new Date(Date.now() + DAYS * 86_400_000))} />
            </label>
            <label>
              {m.shares.viewsMax}
              <input name="views_max" type="number" min={1} max={10_000} step={1} />
            </label>
          </>
        )}
        <label>
          {m.shares.order}
          <textarea name="order" rows={3} maxLength={8_000} />
        </label>
        {isWorking && <p role="status">{m.shares.working}</p>}
        <div className="row end">
          <button type="button" onClick={onClose}>
            {m.purpose.cancel}
          </button>
          <button type="submit" className="primary" disabled={isWorking}>
            {m.shares.submit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
