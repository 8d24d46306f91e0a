// SPDX-License-Identifier: Apache-2.0
// The docks: the card in each bay, whether it may be taken, what waits, and when each was last heard of.
import { useEffect, useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { DockBay, DockStanding, FleetDock } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownBytes, shownTime } from "../../ui/format.js";
import { Empty, Items, Name, Status, Table, useLoad, type Tone } from "../../ui/parts.js";

// As often as a dock speaks.
const AGAIN_MS = 15_000;
const TONES: Readonly<Record<DockBay["state"], Tone>> = { empty: "plain", looking: "info", copying: "info", sending: "info", safe: "ok", attention: "bad" };

export function Docks(): ReactNode {
  const [enrolled, again] = useLoad("docks", (signal) => askJson<"GET /api/v1/fleet/docks">("/api/v1/fleet/docks", { signal }));
  const [told, askAgain] = useLoad("dock-states", (signal) => askJson<"GET /api/v1/docks">("/api/v1/docks", { signal }));
  // What was told last stays until the next is here.
  const [last, setLast] = useState(told);
  if (told !== last && told.state !== "loading") setLast(told);
  useEffect(() => {
    const timer = setInterval(askAgain, AGAIN_MS);
    return () => clearInterval(timer);
  }, [askAgain]);
  const standing = new Map(last.state === "ready" ? last.value.items.map((dock) => [dock.id, dock]) : []);
  return (
    <section aria-labelledby="docks-title">
      <h2 id="docks-title">{m.fleet.docks}</h2>
      <Items of={enrolled} again={again} none={<NoDocks />}>
        {(docks) => (
          <Table caption={m.fleet.docksCaption} heads={[m.fleet.dock, m.fleet.state, m.fleet.bays, m.fleet.queue, m.fleet.lastDelivery]}>
            {docks.map((dock) => (
              <Row key={dock.id} dock={dock} standing={standing.get(dock.id)} />
            ))}
          </Table>
        )}
      </Items>
    </section>
  );
}

function NoDocks(): ReactNode {
  return (
    <Empty title={m.fleet.noDocks} detail={m.fleet.noDocksDetail}>
      <ol>
        {m.fleet.dockSteps.map(([words, command]) => (
          <li key={command}>
            {words} <code>{command}</code>
          </li>
        ))}
      </ol>
    </Empty>
  );
}

function Row({ dock, standing }: { readonly dock: FleetDock; readonly standing: DockStanding | undefined }): ReactNode {
  const state = standing?.state ?? null;
  return (
    <tr>
      <td className="name">
        <Name text={dock.name} />
      </td>
      <td>
        <State dock={dock} standing={standing} />
      </td>
      <td>
        {/* What a dock said before it fell silent may have been taken since. */}
        {state !== null && standing?.offline === false && <Bays bays={state.bays} />}
      </td>
      <td>{state !== null && (state.files_waiting === 0 ? m.fleet.nothingWaits : m.fleet.waits(state.files_waiting, shownBytes(state.bytes_waiting)))}</td>
      <td>{dock.last_delivery_at === null ? m.fleet.never : shownTime(dock.last_delivery_at)}</td>
    </tr>
  );
}

function State({ dock, standing }: { readonly dock: FleetDock; readonly standing: DockStanding | undefined }): ReactNode {
  const seen = standing?.seen_at ?? null;
  if (dock.revoked_at !== null) {
    return (
      <>
        <Status tone="bad" word={m.fleet.revoked} />
        <div className="quiet-text">{shownTime(dock.revoked_at)}</div>
      </>
    );
  }
  if (seen === null) {
    return (
      <>
        <Status tone="plain" word={m.fleet.enrolled} />
        <div className="quiet-text">{shownTime(dock.enrolled_at)}</div>
      </>
    );
  }
  return (
    <>
      <Status tone={standing?.offline === true ? "due" : "ok"} word={standing?.offline === true ? m.fleet.offline : m.fleet.online} />
      <div className="quiet-text">{m.fleet.heard(shownTime(seen))}</div>
    </>
  );
}

function Bays({ bays }: { readonly bays: readonly DockBay[] }): ReactNode {
  if (bays.length === 0) return <span className="quiet-text">{m.fleet.noCards}</span>;
  return (
    <ul className="plain">
      {bays.map((bay) => (
        <li key={bay.name}>
          <Status tone={TONES[bay.state]} word={m.fleet.bayStates[bay.state] ?? bay.state} /> <Name text={bay.serial === null ? bay.name : `${bay.name}: ${bay.serial}`} />
          {bay.files > 0 && bay.state !== "safe" && <div className="quiet-text">{m.fleet.left(bay.files, shownBytes(bay.bytes))}</div>}
        </li>
      ))}
    </ul>
  );
}
