// SPDX-License-Identifier: Apache-2.0
// Reports before they are published: drafted by one, decided on by another, published as they were drafted.
import { useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { Draft } from "../../api/schema.js";
import { AskDialog, ReasonField, type DoneProps } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { shownTime } from "../../ui/format.js";
import { Empty, Items, Name, Notice, Status, useLoad, type Tone } from "../../ui/parts.js";
import { Files } from "./files.js";

const TONES: Readonly<Record<Draft["state"], Tone>> = { waits_for_review: "due", refused: "bad", may_be_published: "ok", published: "plain", under_embargo: "held" };

type Act = { readonly kind: "draft" } | { readonly kind: "approved" | "refused" | "publish"; readonly draft: Draft };

export function Drafts({ mayDraft, onPublished }: { readonly mayDraft: boolean; readonly onPublished: () => void }): ReactNode {
  const [load, again] = useLoad("drafts", (signal) => askJson<"GET /api/v1/program/drafts">("/api/v1/program/drafts", { signal }));
  const [act, setAct] = useState<Act>();
  const done = {
    onClose: () => setAct(undefined),
    onDone: () => {
      if (act?.kind === "publish") onPublished();
      setAct(undefined);
      again();
    },
  };
  return (
    <section aria-labelledby="drafts-title">
      <h2 id="drafts-title">{m.reports.drafts}</h2>
      {mayDraft && (
        <div className="row">
          <button type="button" className="primary" onClick={() => setAct({ kind: "draft" })}>
            {m.reports.build}
          </button>
        </div>
      )}
      <Items of={load} again={again} none={<Empty title={m.reports.noDrafts} detail={m.reports.noDraftsDetail} />}>
        {(items) => items.map((draft) => <One key={draft.id} draft={draft} onAct={(kind) => setAct({ kind, draft })} />)}
      </Items>
      {act?.kind === "draft" && <DraftDialog {...done} />}
      {act !== undefined && act.kind !== "draft" && <DecideDialog act={act} {...done} />}
    </section>
  );
}

function One({ draft, onAct }: { readonly draft: Draft; readonly onAct: (kind: "approved" | "refused" | "publish") => void }): ReactNode {
  const mayDecide = draft.reviews.some((review) => review.may_decide);
  return (
    <article className="panel" aria-labelledby={`draft-${draft.id}`}>
      <h3 id={`draft-${draft.id}`}>
        <Name text={draft.title} />
      </h3>
      <p className="quiet-text">
        <Name text={m.reports.draftedBy(draft.as_of, draft.drafted_by.name, shownTime(draft.drafted_at))} />
      </p>
      <Status tone={TONES[draft.state]} word={m.reports.states[draft.state]} />
      {draft.state === "under_embargo" ? (
        <Notice tone="held" title={m.reports.blocked}>
          <p>{draft.under_embargo.length > 0 ? m.reports.blockedBy(draft.under_embargo.join(", ")) : m.reports.blockedNote}</p>
        </Notice>
      ) : (
        <Files path={`/api/v1/program/drafts/${draft.id}`} of={draft.title} />
      )}
      {draft.reviews.length > 0 && (
        <dl>
          {draft.reviews.map((review) => (
            <div key={review.reviewer}>
              <dt>
                <Name text={review.title} />
              </dt>
              <dd>
                {review.decision === null || review.by === null || review.decided_at === null ? (
                  m.reports.undecided
                ) : (
                  <Name text={m.reports.decided(m.reports.decisions[review.decision], review.by.name, shownTime(review.decided_at), review.reason ?? "")} />
                )}
              </dd>
            </div>
          ))}
        </dl>
      )}
      {(mayDecide || draft.may_publish) && (
        <div className="row">
          {mayDecide && (
            <>
              <button type="button" className="primary" onClick={() => onAct("approved")}>
                {m.reports.approve}
              </button>
              <button type="button" onClick={() => onAct("refused")}>
                {m.reports.refuse}
              </button>
            </>
          )}
          {draft.may_publish && (
            <button type="button" className="primary" onClick={() => onAct("publish")}>
              {m.reports.publish}
            </button>
          )}
        </div>
      )}
    </article>
  );
}

function DraftDialog(done: DoneProps): ReactNode {
  const ask = (text: (name: string) => string): Promise<unknown> => {
    const day = text("as_of");
    return askJson<"POST /api/v1/program/drafts">("/api/v1/program/drafts", { method: "POST", body: { title: text("title"), ...(day === "" ? {} : { as_of: day }) } });
  };
  return (
    <AskDialog title={m.reports.build} note={m.reports.buildNote} submit={m.reports.draft} ask={ask} {...done}>
      <label>
        {m.reports.name}
        <input name="title" required maxLength={200} autoFocus />
      </label>
      <label>
        {m.program.asOf}
        <input name="as_of" type="date" />
      </label>
    </AskDialog>
  );
}

function DecideDialog({ act: { kind, draft }, ...done }: DoneProps & { readonly act: Exclude<Act, { kind: "draft" }> }): ReactNode {
  const path = `/api/v1/program/drafts/${draft.id}` as const;
  const ask = (text: (name: string) => string): Promise<unknown> =>
    kind === "publish"
      ? askJson<"POST /api/v1/program/drafts/{id}/publication">(`${path}/publication`, { method: "POST" })
      : askJson<"POST /api/v1/program/drafts/{id}/reviews">(`${path}/reviews`, { method: "POST", body: { decision: kind, reason: text("reason") } });
  const titles = { approved: m.reports.approve, refused: m.reports.refuse, publish: m.reports.publish };
  return (
    <AskDialog title={titles[kind]} note={kind === "publish" ? m.reports.publishNote : m.reports.decideNote} submit={titles[kind]} ask={ask} {...done}>
      <p>
        <strong>
          <Name text={draft.title} />
        </strong>
      </p>
      {kind !== "publish" && <ReasonField isFirst />}
    </AskDialog>
  );
}
