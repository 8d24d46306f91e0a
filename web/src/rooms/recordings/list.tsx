// SPDX-License-Identifier: Apache-2.0
// The list of recordings, newest first. Filters live in the address, so that a link shows what was seen.
import { useCallback, useEffect, useMemo, useRef, useState, type FormEvent, type KeyboardEvent, type ReactNode } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { askJson } from "../../api/client.js";
import type { Recording, RecordingPage } from "../../api/schema.js";
import type { Action } from "../../app/actions.js";
import { m } from "../../app/messages.js";
import { useActions } from "../../app/registry.js";
import { shownBytes, shownDay, shownTime } from "../../ui/format.js";
import { Empty, Failure, Name, Ready, Status, Table, toneOfState, useLoad, useTitle } from "../../ui/parts.js";
import { FILTERS, queryOf } from "./query.js";

export function RecordingList(): ReactNode {
  const search = useSearch();
  const [, navigate] = useLocation();
  const query = queryOf(search);
  const [first, retry] = useLoad(query, (signal) => askJson<"GET /api/v1/recordings">(`/api/v1/recordings?${query}`, { signal }));
  const form = useRef<HTMLFormElement>(null);
  useTitle(m.list.title);

  const actions = useMemo((): readonly Action[] => {
    const move = (by: number): void => {
      const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
      const at = rows.findIndex((row) => row === document.activeElement);
      rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)]?.focus();
    };
    return [
      { id: "list.search", label: m.list.focusSearch, shortcut: "/", scope: "here", perform: () => form.current?.querySelector("input")?.focus() },
      { id: "list.next", label: m.list.next, shortcut: "ArrowDown", scope: "here", perform: () => move(1) },
      { id: "list.previous", label: m.list.previous, shortcut: "ArrowUp", scope: "here", perform: () => move(-1) },
    ];
  }, []);
  useActions(actions);

  const apply = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const next = new URLSearchParams();
    for (const name of FILTERS) {
      const value = String(new FormData(event.currentTarget).get(name) ?? "").trim();
      if (value !== "") next.set(name, value);
    }
    navigate(next.size === 0 ? "/recordings" : `/recordings?${next}`);
  };
  const leaveSearch = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && event.target instanceof HTMLElement) event.target.blur();
  };
  const given = new URLSearchParams(query);
  return (
    <>
      <h1>{m.list.title}</h1>
      <form ref={form} key={query} role="search" className="filters" onSubmit={apply} onKeyDown={leaveSearch}>
        <label className="wide">
          {m.list.search}
          <input name="q" type="search" defaultValue={given.get("q") ?? ""} placeholder={m.list.searchHint} />
        </label>
        <label>
          {m.list.officer}
          <input name="officer" defaultValue={given.get("officer") ?? ""} />
        </label>
        <label>
          {m.list.incident}
          <input name="incident" defaultValue={given.get("incident") ?? ""} />
        </label>
        <label>
          {m.list.category}
          <input name="category" defaultValue={given.get("category") ?? ""} />
        </label>
        <button type="submit">{m.list.apply}</button>
        {query !== "" && <Link to="/recordings">{m.list.clear}</Link>}
      </form>
      {given.get("unattributed") === "true" && <p className="quiet-text">{m.list.onlyUnattributed(given.has("received_from") ? shownDay(given.get("received_from") ?? "") : undefined)}</p>}
      <Ready of={first} again={retry}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty title={query === "" ? m.list.emptyTitle : m.list.emptyFilteredTitle} detail={query === "" ? m.list.emptyDetail : m.list.emptyFilteredDetail}>
              {query !== "" && <Link to="/recordings">{m.list.clear}</Link>}
            </Empty>
          ) : (
            <Rows key={query} first={page} query={query} />
          )
        }
      </Ready>
    </>
  );
}

function Rows({ first, query }: { readonly first: RecordingPage; readonly query: string }): ReactNode {
  const [items, setItems] = useState(first.items);
  const [next, setNext] = useState(first.next);
  const [error, setError] = useState<unknown>();
  const [isAsking, setAsking] = useState(false);
  const focusFrom = useRef<number>(undefined);

  const more = useCallback(() => {
    if (next === null || isAsking) return;
    setAsking(true);
    setError(undefined);
    const address = new URLSearchParams(query);
    address.set("cursor", next);
    askJson<"GET /api/v1/recordings">(`/api/v1/recordings?${address}`)
      .then((page) => {
        focusFrom.current = items.length;
        setItems([...items, ...page.items]);
        setNext(page.next);
      })
      .catch(setError)
      .finally(() => setAsking(false));
  }, [next, isAsking, query, items]);

  // The button moves down, so the focus goes to the first new row rather than being left behind.
  useEffect(() => {
    if (focusFrom.current === undefined) return;
    document.querySelectorAll<HTMLElement>("[data-row]")[focusFrom.current]?.focus();
    focusFrom.current = undefined;
  }, [items]);

  return (
    <>
      <Table
        caption={m.list.caption}
        heads={[
          { label: m.list.poster, as: "unseen" },
          m.list.recorded,
          m.list.file,
          m.list.wearer,
          m.list.incident,
          m.list.category,
          m.list.device,
          { label: m.list.size, as: "number" },
          m.list.state,
        ]}
      >
        {items.map((item) => (
          <Row key={item.id} item={item} />
        ))}
      </Table>
      {error !== undefined && <Failure error={error} onRetry={more} />}
      <div className="row foot">
        <p role="status">{next === null ? m.list.shown(items.length) : m.list.shownOfMore(items.length)}</p>
        {next !== null && (
          <button type="button" onClick={more} disabled={isAsking}>
            {m.list.more}
          </button>
        )}
      </div>
    </>
  );
}

function Row({ item }: { readonly item: Recording }): ReactNode {
  const [, navigate] = useLocation();
  const address = `/recordings/${item.id}`;
  const cell = (text: string | null): ReactNode => (text === null ? m.list.none : <Name text={text} />);
  return (
    // The link is what keyboards and screen readers use; the row only makes it a larger target.
    <tr onClick={(event) => !(event.target instanceof HTMLAnchorElement) && window.getSelection()?.isCollapsed !== false && navigate(address)}>
      <td className="poster">
        <Poster item={item} />
      </td>
      <td className="time">
        <time dateTime={item.recorded_at ?? item.received_at} title={item.recorded_at ?? m.list.notRecorded}>
          {shownTime(item.recorded_at ?? item.received_at)}
        </time>
        {item.recorded_at === null && <span className="quiet-text">{m.list.received}</span>}
      </td>
      <td className="name">
        <Link to={address} data-row>
          <Name text={item.filename === "" ? item.id : item.filename} />
        </Link>
      </td>
      <td>{cell(item.wearer)}</td>
      <td>{cell(item.incident)}</td>
      <td>{cell(item.category)}</td>
      <td>{cell(item.device)}</td>
      <td className="number">{shownBytes(item.bytes)}</td>
      <td>
        <Status tone={toneOfState(item.state)} word={m.recordingState[item.state] ?? item.state} />
      </td>
    </tr>
  );
}

/** A picture of the footage where the list may show one; an empty frame of its size where not, so that rows stay in line. */
function Poster({ item }: { readonly item: Recording }): ReactNode {
  const [isMissing, setMissing] = useState(false);
  const hasOne = item.media?.state === "done" && item.width !== null && item.may.includes("poster") && !isMissing;
  if (!hasOne) return <div className="poster" />;
  return <img className="poster" src={`/api/v1/recordings/${item.id}/poster`} alt="" width="96" height="54" loading="lazy" onError={() => setMissing(true)} />;
}
