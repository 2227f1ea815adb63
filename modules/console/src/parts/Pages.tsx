// A list that is read page by page.
import { useSignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { doing } from "../state/notice";
import { t } from "../words";
import { Empty, Loading } from "./Empty";

type Tried = { broke: Signal<boolean>; retry: () => void };

// useFirst reads what a page begins with; broke says that it can't be had.
export const useFirst = (read: () => Promise<void>, depends: unknown[]): Tried => {
  const broke = useSignal(false);
  const retry = (): void => {
    broke.value = false;
    void doing(() => read().catch((e: unknown) => { broke.value = true; throw e; }));
  };
  useEffect(retry, depends);
  useEffect(() => { // the network is there again
    const back = (): void => { if (broke.peek()) retry(); };
    addEventListener("online", back);
    return () => removeEventListener("online", back);
  }, depends);
  return { broke, retry };
};

// Pending stands in for what is not there yet, or can't be had.
export const Pending = ({ of }: { of: Tried }) => (of.broke.value ? <Empty title={t("trouble")}><p><button type="button" onClick={of.retry}>{t("tile.again")}</button></p></Empty> : <Loading text={t("loading")} />);

type Page<T> = { rows: T[]; next: string | null };
export type Paged<T> = Tried & { rows: Signal<T[] | null>; next: Signal<string | null>; more: () => Promise<void>; again: () => Promise<void>; fresh: (id: (row: T) => string) => Promise<void> };

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
  const tried = useFirst(() => { rows.value = null; next.value = null; return from(undefined); }, depends);
  // fresh reads the first page again and leaves those behind it where they stand
  const fresh = async (id: (row: T) => string): Promise<void> => {
    const mine = turn.peek(), page = await read(undefined), now = new Set(page.rows.map(id));
    if (mine === turn.peek()) rows.value = [...page.rows, ...(rows.peek() ?? []).filter((r) => !now.has(id(r)))];
  };
  return { ...tried, rows, next, more: () => from(next.peek() ?? undefined), again: () => from(undefined), fresh };
};

export const More = <T,>({ of }: { of: Paged<T> }) => (of.next.value ? <p class="more"><button type="button" onClick={() => void doing(of.more)}>{t("more")}</button></p> : null);
