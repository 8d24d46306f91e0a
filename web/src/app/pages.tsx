// SPDX-License-Identifier: Apache-2.0
// A list that comes by the page: its first page, and more of it when it is asked for.
import { useCallback, useState, type ReactNode } from "react";
import { Failure, useLoad, type Load } from "../ui/parts.js";
import { m } from "./messages.js";

export interface PageOf<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

interface Further<T> {
  readonly after: PageOf<T>;
  readonly items: readonly T[];
  readonly next: string | null;
}

/** What asks for a page of a list, beside what narrows the list. */
export function pageQuery(cursor: string | undefined, narrowed: Readonly<Record<string, string>> = {}): string {
  return new URLSearchParams(cursor === undefined ? narrowed : { ...narrowed, cursor }).toString();
}

/** The first page with the items of all that have been loaded, how to begin anew, and what stands below it: that there is more. */
export function usePages<T, More extends object>(
  key: string,
  ask: (cursor: string | undefined, signal: AbortSignal) => Promise<PageOf<T> & More>,
): readonly [Load<PageOf<T> & More>, () => void, ReactNode] {
  const [first, again] = useLoad(key, (signal) => ask(undefined, signal));
  const [further, setFurther] = useState<Further<T>>();
  const [error, setError] = useState<unknown>();
  const [isAsking, setAsking] = useState(false);
  const begin = useCallback(() => {
    setError(undefined);
    again();
  }, [again]);
  if (first.state !== "ready") return [first, begin, null];
  // What came after another first page is none of this one's.
  const added = further?.after === first.value ? further : { after: first.value, items: [], next: first.value.next };
  const more = (next: string): void => {
    setAsking(true);
    setError(undefined);
    ask(next, new AbortController().signal)
      .then((page) => setFurther({ after: first.value, items: [...added.items, ...page.items], next: page.next }))
      .catch(setError)
      .finally(() => setAsking(false));
  };
  const { next } = added;
  const foot = next !== null && (
    <>
      {error !== undefined && <Failure error={error} onRetry={() => more(next)} />}
      <div className="row foot">
        <button type="button" disabled={isAsking} onClick={() => more(next)}>
          {m.list.more}
        </button>
      </div>
    </>
  );
  return [{ state: "ready", value: { ...first.value, items: [...first.value.items, ...added.items], next } }, begin, foot];
}
