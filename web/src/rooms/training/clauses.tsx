// SPDX-License-Identifier: Apache-2.0
// The clauses of a version, or what became of them since another.
import type { ReactNode } from "react";
import type { Clause, ClauseChange, PolicyChanges, PolicyVersion, TextPiece } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownName } from "../../ui/format.js";
import { Name, Notice, Status } from "../../ui/parts.js";

interface ClausesProps {
  readonly version: PolicyVersion;
  readonly changes?: PolicyChanges;
}

export function Clauses({ version, changes }: ClausesProps): ReactNode {
  const known = new Map(version.clauses.map((clause) => [clause.key, clause]));
  const rows: readonly Pick<ClauseChange, "key">[] = changes?.clauses ?? version.clauses;
  return (
    <div className="clauses">
      {changes?.check_changed === true && <Notice tone="info" title={m.training.checkChanged} />}
      {rows.map(({ key }) => (
        <OneClause key={key} id={key} clause={known.get(key)} change={changes?.clauses.find((each) => each.key === key)} />
      ))}
    </div>
  );
}

interface OneProps {
  readonly id: string;
  readonly clause: Clause | undefined;
  readonly change: ClauseChange | undefined;
}

function OneClause({ id, clause, change }: OneProps): ReactNode {
  const isChanged = change !== undefined && change.change !== "same";
  return (
    <section id={`clause-${id}`} tabIndex={-1} className={isChanged ? "clause changed" : "clause"} aria-labelledby={`clause-title-${id}`}>
      <div className="row heading">
        <h2 id={`clause-title-${id}`}>{change === undefined ? <Name text={clause?.heading ?? ""} /> : <Words pieces={change.heading} />}</h2>
        {isChanged && <Status tone={change.change === "removed" ? "bad" : "info"} word={m.training.change[change.change] ?? change.change} />}
      </div>
      <p className="lines">{change === undefined ? <Paragraphs text={clause?.text ?? ""} /> : <Words pieces={change.text} />}</p>
      {change?.mapping != null && (
        <p className="quiet-text">
          <Name text={change.mapping} />
        </p>
      )}
      {clause?.setting != null && <p>{<Enforced sentence={clause.setting.sentence} agrees={clause.setting.agrees} />}</p>}
      {clause !== undefined && clause.items.length > 0 && (
        <p className="quiet-text">
          {m.training.speaksOf}: <Name text={clause.items.map((item) => item.question ?? item.key).join("; ")} />
        </p>
      )}
    </section>
  );
}

function Enforced({ sentence, agrees }: { readonly sentence: string; readonly agrees: boolean | null }): ReactNode {
  return (
    <span className="enforced">
      <Status tone={agrees === null ? "plain" : agrees ? "ok" : "bad"} word={shownName(sentence)} />
    </span>
  );
}

function Paragraphs({ text }: { readonly text: string }): ReactNode {
  return <bdi>{text.split("\n").map(shownName).join("\n")}</bdi>;
}

/** What was added and removed is told by more than a color: by its mark, and to who hears the page by a word. */
function Words({ pieces }: { readonly pieces: readonly TextPiece[] }): ReactNode {
  return (
    <bdi>
      {pieces.map((piece, i) => {
        const text = piece.text.split("\n").map(shownName).join("\n");
        if (piece.how === "same") return <span key={i}>{text}</span>;
        const Mark = piece.how === "added" ? "ins" : "del";
        return (
          <Mark key={i}>
            <span className="unseen">{` ${piece.how === "added" ? m.training.added : m.training.removed}: `}</span>
            {text}
          </Mark>
        );
      })}
    </bdi>
  );
}
