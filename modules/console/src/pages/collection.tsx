// A collection: its pictures, its sets, its ZIP.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { client, got, once, type Schemas } from "../api";
import { Bar, ofCounts } from "../parts/Bar";
import { sure } from "../parts/Confirm";
import { Empty, Loading } from "../parts/Empty";
import { counting, FoundList } from "../parts/Found";
import { Icon } from "../parts/Icon";
import { More, Pending, usePages } from "../parts/Pages";
import { ShareDialog } from "../parts/Share";
import { go, to } from "../route";
import { complain, doing, tell } from "../state/notice";
import { pace, readPace } from "../state/pace";
import { saveAs } from "../state/save";
import { bytes, lasting, t, when, type Key } from "../words";
import { countOf, stateOf } from "./collections";
import { lacks } from "../state/session";

type Row = Schemas["Collection"];
type Job = Schemas["JobSummary"];
const kinds = ["all", "look", "failed", "open"] as const;

// Sets offers the newest sets that are not in the collection yet.
const Sets = ({ path, have, added }: { path: { path: { collection_id: string } }; have: Set<string>; added: () => Promise<void> }) => {
  const offered = useSignal<Job[] | null>(null);
  const chosen = useSignal<string[]>([]);
  const read = async (): Promise<void> => { offered.value = (await got(client.GET("/v1/jobs", { params: { query: { limit: 50 } } }))).jobs.filter((j) => !have.has(j.job_id)); };
  const add = (): void => void doing(async () => {
    await got(client.POST("/v1/collections/{collection_id}/jobs", { params: { ...path, header: once() }, body: { job_ids: chosen.value } }));
    chosen.value = [];
    await added();
    await read();
  });
  return (
    <details class="sheet-block" onToggle={(e) => { if (e.currentTarget.open) void doing(read); }}><summary>{t("collection.add")}</summary>
      {offered.value?.length === 0 && <p class="soft">{t("collection.add.none")}</p>}
      <div class="stack">{offered.value?.map((j) => <label key={j.job_id} class="check"><input type="checkbox" checked={chosen.value.includes(j.job_id)} onChange={() => { chosen.value = chosen.value.includes(j.job_id) ? chosen.value.filter((x) => x !== j.job_id) : [...chosen.value, j.job_id]; }} />
        <span>{when(j.created_at)} · {t("sheet.title", { n: j.counts.total })} <span class="soft">{t(`job.${j.status}` as Key)}</span></span></label>)}</div>
      <div class="row end"><button type="button" class="primary" disabled={!chosen.value.length} onClick={add} {...lacks("write")}>{t("collection.add.do", { n: chosen.value.length })}</button></div>
    </details>
  );
};

export const Collection = ({ id }: { id: string }) => {
  const row = useSignal<Row | null>(null);
  const gone = useSignal(false);
  const sharing = useSignal(false);
  const kind = useSignal<(typeof kinds)[number]>("all");
  const parts = useSignal<{ url: string; bytes: number }[]>([]);
  const path = { path: { collection_id: id } };
  const items = usePages(async (cursor) => {
    const p = await got(client.GET("/v1/items", { params: { query: { limit: 60, cursor, collection_id: id, ...(kind.value === "look" ? { needs_review: "true" as const } : kind.value === "open" ? { status: "created,uploaded,queued,processing" } : kind.value === "failed" ? { status: "failed" } : {}) } } }));
    return { rows: p.items, next: p.next_cursor };
  }, [id, kind.value]);
  const jobs = usePages(async (cursor) => { const p = await got(client.GET("/v1/jobs", { params: { query: { limit: 50, cursor, collection_id: id } } })); return { rows: p.jobs, next: p.next_cursor }; }, [id]);
  const read = async (): Promise<void> => { const c = await got(client.GET("/v1/collections/{collection_id}", { params: path })); row.value = c; document.title = `${c.name || t("nav.collections")} · OPAL`; };
  useEffect(() => {
    row.value = null; gone.value = false; parts.value = [];
    void readPace().catch(() => { /* without it no time is told */ });
    read().catch((e: unknown) => { gone.value = true; complain(e); });
    const timer = setInterval(() => { const c = row.peek(); if (!document.hidden && c && (!c.finished_at || c.zip === "pending") && (c.counts.open > 0 || c.status !== "open")) read().catch(() => { /* the next time tells */ }); }, 3000);
    return () => clearInterval(timer);
  }, [id]);
  const c = row.value;
  const chosen = useSignal<ReadonlySet<string>>(new Set());
  const last = useRef("");
  const shown = counting(items.rows.value ?? []);
  const done = c ? ofCounts(c.counts).done : 0;
  useEffect(() => { if (done && items.rows.peek()) { void items.fresh((f) => f.item_id).catch(() => { /* the next change tells */ }); void jobs.fresh((j) => j.job_id).catch(() => { /* as above */ }); } }, [done]);
  if (gone.value) return <Empty page title={t("collection.gone")}><p><a href={to("collections")}>{t("nav.collections")}</a></p></Empty>;
  if (!c) return <Loading page text={t("loading")} />;
  const act = (work: () => Promise<Row>): void => void doing(async () => { row.value = await work(); });
  const close = (): void => act(() => got(client.POST("/v1/collections/{collection_id}/close", { params: { ...path, header: once() } })));
  const again = (): void => act(() => got(client.POST("/v1/collections/{collection_id}/export", { params: { ...path, header: once() } })));
  const remove = (): void => void doing(async () => {
    if (!await sure(t("collection.delete"), t("collection.delete.why"), t("delete"))) return;
    await got(client.DELETE("/v1/collections/{collection_id}", { params: path }));
    go("collections");
  });
  const save = (): void => void doing(async () => {
    const answer = await got(client.GET("/v1/downloads/collections/{collection_id}/export", { params: path }));
    if (answer.parts.length === 1) saveAs(answer.parts[0]!.url, "");
    else { parts.value = answer.parts; tell(t("collection.parts", { n: answer.parts.length })); }
  });
  const choose = (item: string, range: boolean): void => {
    const next = new Set(chosen.value), at = shown.findIndex((f) => f.item_id === item), from = range ? shown.findIndex((f) => f.item_id === last.current) : -1;
    if (from >= 0) for (const f of shown.slice(Math.min(from, at), Math.max(from, at) + 1)) next.add(f.item_id);
    else if (!next.delete(item)) next.add(item);
    last.current = item;
    chosen.value = next;
  };
  // judge approves or rejects the selected pictures, each in its own set.
  const judge = (verb: "approve" | "reject"): void => void doing(async () => {
    const queue = shown.filter((f) => chosen.value.has(f.item_id) && f.status === "completed"), n = queue.length;
    chosen.value = new Set();
    await Promise.all(Array.from({ length: Math.min(6, n) }, async () => {
      for (let f = queue.shift(); f; f = queue.shift()) await got(client.POST(`/v1/jobs/{job_id}/items/{item_id}/${verb}`, { params: { path: { job_id: f.job_id, item_id: f.item_id } }, body: {} }));
    }));
    await items.again();
    if (n) tell(t(verb === "approve" ? "sheet.approved" : "sheet.rejected", { n }));
  });
  const [cls, word] = stateOf(c), rows = items.rows.value && shown, sets = jobs.rows.value ?? [];
  return (
    <>
      <header class="page-head">
        <div><p class="crumb"><a href={to("collections")}><Icon name="left" />{t("nav.collections")}</a></p><h1 tabIndex={-1}>{c.name || when(c.created_at)}</h1>
          <p class="soft">{countOf(c)} · <span class={cls}>{word}</span>{c.counts.open > 0 && pace.value ? ` · ${t("sheet.left", { time: lasting(c.counts.open * pace.value) })}` : ""}</p></div>
        <div class="row">
          <button type="button" class="quiet" onClick={remove} {...lacks("write")}><Icon name="bin" />{t("delete")}</button>
          {c.counts.total > 0 && <button type="button" onClick={() => { sharing.value = true; }} {...lacks("write")}><Icon name="link" />{t("share")}</button>}
          {c.status === "open" ? <button type="button" onClick={close} title={t("collection.close.why")} {...lacks("write")}>{t("collection.close")}</button> : c.finished_at && c.zip !== "pending" && <button type="button" onClick={again} {...lacks("write")}><Icon name="again" />{t("collection.zip.again")}</button>}
          <button type="button" class="primary" disabled={c.zip !== "ready"} onClick={save}><Icon name="down" />{c.zip === "pending" && c.finished_at ? t("collection.zip.pending") : t("sheet.zip")}</button>
        </div>
        {c.counts.open + c.counts.open_exports > 0 && <Bar {...ofCounts(c.counts)} />}
      </header>
      {sharing.value && <ShareDialog what={{ collection_id: id }} n={c.counts.completed} close={() => { sharing.value = false; }} />}
      {c.status === "open" && <p class="soft lead">{t("collection.close.why")}</p>}
      {parts.value.length > 0 && <section class="sheet-block" aria-label={t("sheet.zip")}><ol class="zip-parts">{parts.value.map((p, i) => <li key={i}><a href={p.url} rel="noopener" download="">{t("collection.part", { i: i + 1, n: parts.value.length })}</a> <span class="soft">{bytes(p.bytes)}</span></li>)}</ol></section>}
      <div class="filters"><div class="chips" role="group" aria-label={t("sheet.filter")}>{kinds.map((k) => <button type="button" class="chip" key={k} aria-pressed={kind.value === k} onClick={() => { kind.value = k; }}>{t(`library.${k}` as Key)}</button>)}</div></div>
      {!rows ? <Pending of={items} /> : rows.length === 0 ? <Empty title={t("sheet.none")} /> : <FoundList rows={rows} chosen={chosen.value} choose={choose} />}
      <More of={items} />
      <h2 class="section">{t("collection.in")} <span class="count">{c.jobs.total}</span></h2>
      <ul class="sets">{sets.map((j) => <li key={j.job_id} class="set-row plain"><a href={to("sets", j.job_id)}><span><strong>{t("sheet.title", { n: j.counts.total })}</strong><span class="soft">{when(j.created_at)}</span></span><span class={`state job-${j.status}`}>{t(`job.${j.status}` as Key)}</span></a></li>)}</ul>
      <More of={jobs} />
      {c.status === "open" && <Sets path={path} have={new Set(sets.map((j) => j.job_id))} added={async () => { await read(); await Promise.all([items.again(), jobs.again()]); }} />}
      {shown.length > 0 && <div class="bar" role="toolbar" aria-label={t("sheet.bar")}>
        <button type="button" class="quiet" onClick={() => { chosen.value = new Set(chosen.value.size ? [] : shown.map((f) => f.item_id)); }}>{chosen.value.size ? t("sheet.unselect") : t("sheet.select_all")}</button>
        {chosen.value.size > 0 && <><strong>{t("sheet.selected", { n: chosen.value.size })}</strong>
          <button type="button" class="primary" onClick={() => judge("approve")} {...lacks("approve")}><Icon name="check" />{t("approve")}</button>
          <button type="button" onClick={() => judge("reject")} {...lacks("approve")}><Icon name="cross" />{t("reject")}</button></>}
      </div>}
    </>
  );
};
