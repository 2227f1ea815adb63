// A list that is read page by page.
import { useSignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { doing } from "../state/notice";
import { t } from "../words";

type Page<T> = { rows: T[]; next: string | null };
export type Paged<T> = { rows: Signal<T[] | null>; next: Signal<string | null>; more: () => Promise<void>; again: () => Promise<void>; fresh: (id: (row: T) => string) => Promise<void> };

// usePages reads a list from its beginning whenever what depends changes.
export const usePages = <T,>(read: (cursor: string | undefined) => Promise<Page<T>>, depends: unknown[]): Paged<T> => {
  const rows = useSignal<T[] | null>(null);
  const next = useSignal<string | null>(null);
  const turn = useSignal(0);
  const from = async (cursor: string | undefined): Promise<void> => {
    const mine = ++turn.value;
    const page = await read(cursor);
    if (mine !== turn.peek()) return; // another was asked for meanwhile
    rows.value = cursor ? [...(rows.peek() ?? []), ...page.rows] : page.rows;
    next.value = page.next;
  };
  useEffect(() => { rows.value = null; next.value = null; void doing(() => from(undefined)).then(() => { rows.value ??= []; }); }, depends);
  // fresh reads the first page again and leaves those behind it where they stand
  const fresh = async (id: (row: T) => string): Promise<void> => {
    const mine = turn.peek(), page = await read(undefined), now = new Set(page.rows.map(id));
    if (mine === turn.peek()) rows.value = [...page.rows, ...(rows.peek() ?? []).filter((r) => !now.has(id(r)))];
  };
  return { rows, next, more: () => from(next.peek() ?? undefined), again: () => from(undefined), fresh };
};

export const More = <T,>({ of }: { of: Paged<T> }) => (of.next.value ? <p class="more"><button type="button" onClick={() => void doing(of.more)}>{t("more")}</button></p> : null);
