// SPDX-License-Identifier: Apache-2.0
// A file of the recipient's own, read in this browser and compared with what was shared.
import { useRef, useState, type ReactNode } from "react";
import { askBytes } from "../../api/client.js";
import type { Received } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownTime } from "../../ui/format.js";
import { Failure, Notice } from "../../ui/parts.js";
import { digestInPieces } from "../../ui/footage.js";
import { check, type Checked } from "./check.js";

type Work = { readonly is: "idle" } | { readonly is: "reading"; readonly percent: number } | { readonly is: "failed"; readonly error: unknown } | Checked;

export function CheckFile({ received }: { readonly received: Received }): ReactNode {
  const [work, setWork] = useState<Work>({ is: "idle" });
  const input = useRef<HTMLInputElement>(null);
  const proofs = {
    key: async () => new TextDecoder().decode(await askBytes(`/ledger/${received.agency_slug}/key`)),
    receipt: (n: number) => askBytes(`/api/v1/received/items/${n}/receipt?share=${received.share}`),
  };
  const read = async (file: File): Promise<void> => {
    setWork({ is: "reading", percent: 0 });
    try {
      const facts = await digestInPieces(
        async (first, last) => ({ bytes: new Uint8Array(await file.slice(first, last + 1).arrayBuffer()), total: file.size }),
        (done, total) => setWork({ is: "reading", percent: total === 0 ? 100 : Math.floor((done / total) * 100) }),
      );
      setWork(await check(facts, received.items, proofs));
    } catch (error) {
      setWork({ is: "failed", error });
    }
  };
  return (
    <section
      className="panel"
      aria-labelledby="check-title"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        const file = event.dataTransfer.files[0];
        if (file !== undefined) void read(file);
      }}
    >
      <h2 id="check-title">{m.received.checkTitle}</h2>
      <p>{m.received.checkNote}</p>
      <input
        ref={input}
        type="file"
        hidden
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file !== undefined) void read(file);
          event.currentTarget.value = "";
        }}
      />
      <div className="row">
        <button type="button" onClick={() => input.current?.click()} disabled={work.is === "reading"}>
          {m.received.choose}
        </button>
        {work.is === "reading" && <span className="number">{m.received.checking(work.percent)}</span>}
      </div>
      <div role="status" data-checked={work.is}>
        {work.is === "same" && <Notice tone="ok" title={m.received.same(work.name, work.index, shownTime(new Date(work.atMs).toISOString()))} />}
        {work.is === "unproven" && <Notice tone="due" title={m.received.sameUnproven(work.name, work.why)} />}
        {work.is === "other" && <Notice tone="bad" title={m.received.other} />}
        {work.is === "failed" && <Failure error={work.error} />}
      </div>
    </section>
  );
}
