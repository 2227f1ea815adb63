// Collections: sets that belong together, with one progress and one ZIP.
import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { client, got, once, type Schemas } from "../api";
import { Bar, ofCounts } from "../parts/Bar";
import { Empty } from "../parts/Empty";
import { More, Pending, usePages } from "../parts/Pages";
import { Shelf } from "../parts/Shelf";
import { go, to } from "../route";
import { doing } from "../state/notice";
import { t, when, type Key } from "../words";
import { lacks } from "../state/session";
import { Role } from "../parts/Role";

type Row = Schemas["Collection"];
const sought = signal("");

export const stateOf = (c: Row): [string, string] => [`state job-${c.status}`, c.status === "open" ? t("collection.open") : t(`job.${c.status}` as Key)];
export const countOf = (c: Row): string => `${t("collection.sets", { n: c.jobs.total })} · ${t("sheet.title", { n: c.counts.total })}`;

export const Collections = () => {
  const asked = useSignal(sought.value.trim());
  useEffect(() => { const timer = setTimeout(() => { asked.value = sought.value.trim(); }, 300); return () => clearTimeout(timer); }, [sought.value]);
  const list = usePages(async (cursor) => { const p = await got(client.GET("/v1/collections", { params: { query: { limit: 30, cursor, ...(asked.value ? { q: asked.value } : {}) } } })); return { rows: p.collections, next: p.next_cursor }; }, [asked.value]);
  const rows = list.rows.value;
  useEffect(() => {
    document.title = `${t("nav.collections")} · OPAL`;
    const timer = setInterval(() => { if (!document.hidden && list.rows.peek()?.some((c) => c.status === "processing" || c.counts.open > 0)) void list.fresh((c) => c.collection_id).catch(() => { /* the next time tells */ }); }, 5000);
    return () => clearInterval(timer);
  }, []);
  const make = (e: Event): void => {
    e.preventDefault();
    const name = String(new FormData(e.currentTarget as HTMLFormElement).get("name") ?? "").trim();
    void doing(async () => { go("collections", (await got(client.POST("/v1/collections", { params: { header: once() }, body: { name } }))).collection_id); });
  };
  return (
    <>
      <Shelf at="collections"><input type="search" aria-label={t("sheet.search")} placeholder={t("sheet.search")} value={sought.value} onInput={(e) => { sought.value = e.currentTarget.value; }} /></Shelf>
      <Role scope="write" />
      <p class="soft lead">{t("collection.what")}</p>
      {rows === null ? <Pending of={list} /> : rows.length === 0 ? <Empty title={t(asked.value ? "sheet.none" : "collection.none")} /> : (
        <ul class="sets">{rows.map((c) => { const [cls, word] = stateOf(c); return (
          <li key={c.collection_id} class="set-row plain"><a href={to("collections", c.collection_id)}>
            <span><strong class="breaks">{c.name || when(c.created_at)}</strong><span class="soft">{when(c.created_at)} · {countOf(c)}</span></span>
            <span class={cls}>{word}</span>
            {c.counts.open > 0 && <Bar {...ofCounts(c.counts)} />}</a></li>); })}</ul>)}
      <More of={list} />
      <form class="sheet-block" onSubmit={make} aria-labelledby="collection-new"><h2 id="collection-new">{t("collection.new")}</h2>
        <div class="row"><label class="field">{t("brand.name")}<input name="name" required maxLength={200} autocomplete="off" /></label><button type="submit" class="align-end" {...lacks("write")}>{t("collection.make")}</button></div>
      </form>
    </>
  );
};
