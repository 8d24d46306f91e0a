// SPDX-License-Identifier: Apache-2.0
// A list that is given a page at a time: what has been asked for so far, and the way to the rest.
import { useState, type ReactNode } from "react";
import { m } from "../app/messages.js";
import { Failure } from "./parts.js";

interface Paged<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** The items so far, and what stands below them. `ask` is for the page at a cursor. */
export function usePages<Item>(first: Paged<Item>, ask: (cursor: string) => Promise<Paged<Item>>): readonly [readonly Item[], ReactNode] {
  const [items, setItems] = useState(first.items);
  const [next, setNext] = useState(first.next);
  const [error, setError] = useState<unknown>();
  const [isAsking, setAsking] = useState(false);
  if (next === null) return [items, null];
  const more = (): void => {
    setAsking(true);
    setError(undefined);
    ask(next)
      .then((page) => {
        setItems([...items, ...page.items]);
        setNext(page.next);
      })
      .catch(setError)
      .finally(() => setAsking(false));
  };
  return [
    items,
    <>
      {error !== undefined && <Failure error={error} onRetry={more} />}
      <div>
        <button type="button" onClick={more} disabled={isAsking}>
          {m.list.more}
        </button>
      </div>
    </>,
  ];
}
