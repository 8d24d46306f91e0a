// SPDX-License-Identifier: Apache-2.0
// The cameras as access stands on them: which there are, and who wears each now.
import { useState, type FormEvent, type ReactNode } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { askJson } from "../../api/client.js";
import type { ListedDevice, Session } from "../../api/schema.js";
import { AskDialog, type DoneProps } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { pageQuery, usePages } from "../../app/pages.js";
import { shownTime } from "../../ui/format.js";
import { Empty, Items, Name, Ready, Table, useLoad, useTitle } from "../../ui/parts.js";
import { begin, EndDialog, FromUntil } from "../people/assign.js";

export default function CamerasPage({ session }: { readonly session: Session }): ReactNode {
  useTitle(m.cameras.title);
  const serial = new URLSearchParams(useSearch()).get("serial") ?? "";
  const [load, again, foot] = usePages(serial, (cursor, signal) =>
    askJson<"GET /api/v1/devices">(`/api/v1/devices?${pageQuery(cursor, serial === "" ? {} : { serial })}`, { signal }),
  );
  const [isAdding, setAdding] = useState(false);
  const [assigning, setAssigning] = useState<ListedDevice>();
  const [ending, setEnding] = useState<ListedDevice>();
  const close = (): void => {
    setAdding(false);
    setAssigning(undefined);
    setEnding(undefined);
  };
  const done = (): void => {
    close();
    again();
  };
  return (
    <>
      <div className="row heading">
        <h1>{m.cameras.title}</h1>
        {session.may.includes("register_device") && (
          <button type="button" className="primary" onClick={() => setAdding(true)}>
            {m.cameras.add}
          </button>
        )}
      </div>
      <p className="lead">{m.cameras.lead}</p>
      <Find serial={serial} />
      <Items
        of={load}
        again={again}
        none={
          <Empty title={serial === "" ? m.cameras.none : m.cameras.notFound} detail={serial === "" ? m.cameras.noneDetail : m.cameras.notFoundDetail}>
            {serial !== "" && <Link to="/cameras">{m.cameras.all}</Link>}
          </Empty>
        }
      >
        {(cameras) => <Cameras cameras={cameras} mayAssign={session.may.includes("assign_device")} onAssign={setAssigning} onEnd={setEnding} />}
      </Items>
      {foot}
      {isAdding && <AddDialog onClose={close} onDone={done} />}
      {assigning !== undefined && <WearDialog camera={assigning} onClose={close} onDone={done} />}
      {ending !== undefined && ending.assignment !== null && (
        <EndDialog
          assignment={{ id: ending.assignment, kind: "device" }}
          title={m.cameras.endWhat(ending.serial, ending.worn_by_name ?? "")}
          onClose={close}
          onDone={done}
        />
      )}
    </>
  );
}

function Find({ serial }: { readonly serial: string }): ReactNode {
  const [, navigate] = useLocation();
  const find = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const wanted = String(new FormData(event.currentTarget).get("serial") ?? "").trim();
    navigate(wanted === "" ? "/cameras" : `/cameras?${new URLSearchParams({ serial: wanted })}`);
  };
  return (
    <form key={serial} role="search" className="filters" onSubmit={find}>
      <label>
        {m.cameras.serialFind}
        <input name="serial" type="search" defaultValue={serial} autoComplete="off" spellCheck={false} />
      </label>
      <button type="submit">{m.cameras.find}</button>
    </form>
  );
}

interface CamerasProps {
  readonly cameras: readonly ListedDevice[];
  readonly mayAssign: boolean;
  readonly onAssign: (camera: ListedDevice) => void;
  readonly onEnd: (camera: ListedDevice) => void;
}

function Cameras({ cameras, mayAssign, onAssign, onEnd }: CamerasProps): ReactNode {
  const { serial, added, worn, since, until, actions } = m.cameras;
  const time = (iso: string | null): ReactNode => (iso === null ? m.list.none : shownTime(iso));
  return (
    <Table caption={m.cameras.caption} heads={[serial, added, worn, since, until, ...(mayAssign ? [{ label: actions, as: "unseen" } as const] : [])]}>
      {cameras.map((camera) => (
        <tr key={camera.id}>
          <td className="name">
            <Link to={`/recordings?device=${encodeURIComponent(camera.serial)}`}>
              <Name text={camera.serial} />
            </Link>
          </td>
          <td className="time">{shownTime(camera.added_at)}</td>
          <td>
            {camera.worn_by === null ? (
              <span className="quiet-text">{m.cameras.nobody}</span>
            ) : (
              <Link to={`/people/${camera.worn_by}`}>
                <Name text={camera.worn_by_name ?? camera.worn_by} />
              </Link>
            )}
          </td>
          <td className="time">{time(camera.from)}</td>
          <td className="time">{time(camera.until)}</td>
          {mayAssign && (
            <td>
              {camera.assignment === null ? (
                <button type="button" className="quiet small" aria-label={m.cameras.assignWhat(camera.serial)} onClick={() => onAssign(camera)}>
                  {m.cameras.assign}
                </button>
              ) : (
                <button type="button" className="quiet small" aria-label={m.cameras.endWhat(camera.serial, camera.worn_by_name ?? "")} onClick={() => onEnd(camera)}>
                  {m.cameras.end}
                </button>
              )}
            </td>
          )}
        </tr>
      ))}
    </Table>
  );
}

function AddDialog(done: DoneProps): ReactNode {
  const ask = (text: (name: string) => string): Promise<unknown> => askJson<"POST /api/v1/devices">("/api/v1/devices", { method: "POST", body: { serial: text("serial") } });
  return (
    <AskDialog title={m.cameras.addTitle} note={m.cameras.addNote} submit={m.cameras.add} ask={ask} {...done}>
      <label>
        {m.cameras.serial}
        <input name="serial" required maxLength={200} autoFocus autoComplete="off" autoCapitalize="none" spellCheck={false} />
      </label>
    </AskDialog>
  );
}

function WearDialog({ camera, ...done }: DoneProps & { readonly camera: ListedDevice }): ReactNode {
  const [people, again] = useLoad("people", (signal) => askJson<"GET /api/v1/people">("/api/v1/people", { signal }));
  return (
    <AskDialog
      title={m.cameras.assignTitle(camera.serial)}
      note={m.people.assignNote}
      submit={m.cameras.assign}
      isReady={people.state === "ready"}
      ask={(text) => begin("device", text("person"), camera.serial, text)}
      {...done}
    >
      <Ready of={people} again={again}>
        {({ items }) => (
          <label>
            {m.cameras.person}
            <select name="person" required defaultValue="" autoFocus>
              <option value="" disabled>
                {m.cameras.choose}
              </option>
              {items
                .filter(({ active }) => active)
                .map((person) => (
                  <option key={person.id} value={person.id}>
                    {m.change.person(person.name, person.badge)}
                  </option>
                ))}
            </select>
          </label>
        )}
      </Ready>
      <FromUntil />
    </AskDialog>
  );
}
