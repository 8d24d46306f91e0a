// SPDX-License-Identifier: Apache-2.0
// What came of the signature that a camera put into its footage: the verdict in words, where it covers and where not, whose key.
import type { ReactNode } from "react";
import type { Recording, Signature } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { grouped, shownDuration, shownTime } from "../../ui/format.js";
import { Name, Status, type Tone } from "../../ui/parts.js";
import { FactRows } from "./fact_rows.js";

export function SignaturePanel({ recording }: { readonly recording: Recording }): ReactNode {
  const { signature, media } = recording;
  const isLooking = media !== null && (media.state === "waiting" || media.state === "running");
  return (
    <section className="panel facts signed" aria-labelledby="signature-title">
      <h2 id="signature-title">{m.signature.title}</h2>
      {signature === null ? (
        <p className="quiet-text">{isLooking ? m.signature.checking : m.signature.none}</p>
      ) : (
        <Found signature={signature} />
      )}
    </section>
  );
}

/** A sound signature by a key that nobody vouches for is no green light. */
function standing({ verdict, key_is: key }: Signature): { readonly tone: Tone; readonly word: string } {
  const word = m.signature.verdicts[verdict] ?? verdict;
  if (verdict === "altered") return { tone: "bad", word };
  if (verdict !== "verified") return { tone: "due", word };
  return key === "of_device" || key === "of_root" ? { tone: "ok", word } : { tone: "due", word: m.signature.unknownKey };
}

function Found({ signature }: { readonly signature: Signature }): ReactNode {
  const { tone, word } = standing(signature);
  const { key, product, chain } = signature;
  const rows: (readonly [string, ReactNode])[] = [[m.signature.scheme, `${m.signature.schemes[signature.scheme] ?? signature.scheme} ${signature.version}`.trim()]];
  if (product !== null) rows.push([m.signature.camera, <Name key="camera" text={[product.maker, product.serial, product.firmware].filter(Boolean).join(", ")} />]);
  if (signature.from !== null && signature.to !== null) rows.push([m.signature.times, `${shownTime(signature.from)} – ${shownTime(signature.to)}`]);
  if (key !== null) rows.push([m.signature.keyKind, key.kind], [m.signature.key, <span key="key" className="mono">{grouped(key.sha256)}</span>]);
  if (chain.length > 0) rows.push([m.signature.certificates, <Name key="chain" text={chain.join(" ← ")} />]);
  return (
    <>
      <p>
        <Status tone={tone} word={word} />
      </p>
      <p>{signature.words}</p>
      {signature.key_words !== "" && <p>{signature.key_words}</p>}
      {signature.duration_ms > 0 && signature.unchecked === null && <Coverage signature={signature} />}
      <FactRows rows={rows} />
    </>
  );
}

const WIDTH = 1000;

/** The footage from its beginning to its end: what is covered, and over it what is wrong or not covered. */
function Coverage({ signature }: { readonly signature: Signature }): ReactNode {
  const at = (ms: number): number => Math.min(WIDTH, Math.max(0, (ms / signature.duration_ms) * WIDTH));
  const { covered_from_ms: from, covered_to_ms: to, gaps } = signature;
  return (
    <>
      <svg className="coverage" viewBox={`0 0 ${WIDTH} 24`} preserveAspectRatio="none" role="img" aria-label={m.signature.bar(signature.pictures_valid, signature.pictures)}>
        <rect className="all" x="0" y="0" width={WIDTH} height="24" />
        {signature.pictures_valid > 0 && <rect className="covered" x={at(from)} y="0" width={at(to) - at(from)} height="24" />}
        {gaps.map((gap) => (
          <rect
            key={`${gap.kind} ${gap.from_ms}`}
            className={gap.kind === "altered" || gap.kind === "out_of_order" ? "wrong" : "open"}
            x={at(gap.from_ms)}
            y="0"
            width={Math.max(4, at(gap.to_ms) - at(gap.from_ms))}
            height="24"
          />
        ))}
      </svg>
      {gaps.length > 0 && (
        <ul className="plain">
          {gaps.slice(0, 10).map((gap) => (
            <li key={`${gap.kind} ${gap.from_ms}`}>{m.signature.gap(m.signature.gaps[gap.kind] ?? gap.kind, shownDuration(gap.from_ms), shownDuration(gap.to_ms))}</li>
          ))}
          {gaps.length + signature.gaps_left_out > 10 && <li>{m.signature.more(gaps.length + signature.gaps_left_out - 10)}</li>}
        </ul>
      )}
    </>
  );
}
