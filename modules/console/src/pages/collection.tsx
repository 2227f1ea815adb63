// A collection: its pictures, as a set's are looked through, its sets, its ZIP.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { client, got, once, type Schemas } from "../api";
import { Bar, ofCounts, percent } from "../parts/Bar";
import { sure } from "../parts/Confirm";
import { Contact } from "../parts/Contact";
import { Empty, Loading } from "../parts/Empty";
import { Icon } from "../parts/Icon";
import { More, usePages } from "../parts/Pages";
import { SheetGone } from "../parts/SheetGone";
import { SheetSaves } from "../parts/SheetSaves";
import { go, to } from "../route";
import { called, sized } from "../state/called";
import { enter } from "../state/listed";
import { doing, tell } from "../state/notice";
import { readPace } from "../state/pace";
import { saveAs } from "../state/save";
import { briefs, close as leave, group, left, live, missing, readCollection, revive } from "../state/sheet";
import { bytes, lasting, t, when, type Key } from "../words";
import { countOf, stateOf } from "./collections";
import { lacks } from "../state/session";

type Row = Schemas["Collection"];
type Job = Schemas["JobSummary"];

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
    <details onToggle={(e) => { if (e.currentTarget.open) void doing(read); }}><summary>{t("collection.add")}</summary>
      {offered.value?.length === 0 && <p class="soft">{t("collection.add.none")}</p>}
      <div class="stack">{offered.value?.map((j) => <label key={j.job_id} class="check"><input type="checkbox" checked={chosen.value.includes(j.job_id)} onChange={() => { chosen.value = chosen.value.includes(j.job_id) ? chosen.value.filter((x) => x !== j.job_id) : [...chosen.value, j.job_id]; }} />
        <span>{when(j.created_at)} · {called(j)} <span class="soft">{t(`job.${j.status}` as Key)}</span></span></label>)}</div>
      <div class="row end"><button type="button" class="primary" disabled={!chosen.value.length} onClick={add} {...lacks("write")}>{t("collection.add.do", { n: chosen.value.length })}</button></div>
    </details>
  );
};

export const Collection = ({ id }: { id: string }) => {
  const parts = useSignal<{ url: string; bytes: number }[]>([]);
  const path = { path: { collection_id: id } };
  const jobs = usePages(async (cursor) => { const p = await got(client.GET("/v1/jobs", { params: { query: { limit: 50, cursor, collection_id: id } } })); return { rows: p.jobs, next: p.next_cursor }; }, [id]);
  useEffect(() => {
    parts.value = [];
    enter("collections", id);
    void readPace().catch(() => { /* without it no time is told */ });
  }, [id]);
  const c = group.value;
  useEffect(() => { if (c) document.title = `${c.counts.open > 0 ? `${percent(ofCounts(c.counts))} % · ` : ""}${c.name || t("nav.collections")} · OPAL`; }, [c]);
  const changes = c ? `${c.jobs.total} ${c.jobs.open}` : "";
  useEffect(() => { if (changes && jobs.rows.peek()) void jobs.fresh((j) => j.job_id).catch(() => { /* the next change tells */ }); }, [changes]);
  if (missing.value?.status === 404) return <Empty page title={t("collection.gone")}><p><a href={to("collections")}>{t("nav.collections")}</a></p></Empty>;
  if (missing.value) return <SheetGone again={() => enter("collections", id)} />;
  if (!c) return <Loading page text={t("loading")} />;
  const act = (work: () => Promise<Row>): void => void doing(async () => { group.value = await work(); revive(); });
  const close = (): void => act(() => got(client.POST("/v1/collections/{collection_id}/close", { params: { ...path, header: once() } })));
  const again = (): void => act(() => got(client.POST("/v1/collections/{collection_id}/export", { params: { ...path, header: once() } })));
  const remove = (): void => void doing(async () => {
    if (!await sure(t("collection.delete"), t("collection.delete.why"), t("delete"))) return;
    await got(client.DELETE("/v1/collections/{collection_id}", { params: path }));
    leave();
    go("collections");
  });
  const save = (): void => void doing(async () => {
    const answer = await got(client.GET("/v1/downloads/collections/{collection_id}/export", { params: path }));
    if (answer.parts.length === 1) saveAs(answer.parts[0]!.url, "");
    else { parts.value = answer.parts; tell(t("collection.parts", { n: answer.parts.length })); }
  });
  const [cls, word] = stateOf(c), sets = jobs.rows.value ?? [], time = left.value;
  return (
    <>
      <header class="page-head">
        <div><p class="crumb"><a href={to("collections")}><Icon name="left" />{t("nav.collections")}</a></p><h1 tabIndex={-1}>{c.name || when(c.created_at)}</h1>
          <p class="soft">{countOf(c)} · <span class={cls}>{word}</span>{c.counts.open > 0 && time > 0 ? ` · ${t("sheet.left", { time: lasting(time) })}` : ""}{live.value === "asking" && c.counts.open > 0 ? ` · ${t("sheet.asking")}` : ""}</p></div>
        <div class="row">
          <button type="button" class="quiet" onClick={remove} {...lacks("write")}><Icon name="bin" />{t("delete")}</button>
          {c.status === "open" ? <button type="button" onClick={close} title={t("collection.close.why")} {...lacks("write")}>{t("collection.close")}</button> : c.finished_at && c.zip !== "pending" && <button type="button" onClick={again} {...lacks("write")}><Icon name="again" />{t("collection.zip.again")}</button>}
          {c.zip === "pending" && c.finished_at && <span class="soft">{t("collection.zip.pending")}</span>}
          <SheetSaves what={{ collection_id: id }} n={c.counts.completed} whole={c.zip === "ready" ? save : null} />
        </div>
        {c.counts.open + c.counts.open_exports > 0 && <Bar {...ofCounts(c.counts)} />}
      </header>
      {c.status === "open" && <p class="soft lead">{t("collection.close.why")}</p>}
      {parts.value.length > 0 && <section class="sheet-block" aria-label={t("sheet.zip")}><ol class="zip-parts">{parts.value.map((p, i) => <li key={i}><a href={p.url} rel="noopener" download="">{t("collection.part", { i: i + 1, n: parts.value.length })}</a> <span class="soft">{bytes(p.bytes)}</span></li>)}</ol></section>}
      <details class="sheet-block" open={c.jobs.total === 0}><summary>{t("collection.in")} <span class="count">{c.jobs.total}</span></summary>
        <ul class="sets">{sets.map((j) => <li key={j.job_id} class="set-row plain"><a href={to("sets", j.job_id)}><span><strong class="breaks">{called(j)}</strong><span class="soft">{sized(j)}{when(j.created_at)}</span></span><span class={`state job-${j.status}`}>{t(`job.${j.status}` as Key)}</span></a></li>)}</ul>
        <More of={jobs} />
        {c.status === "open" && <Sets path={path} have={new Set(sets.map((j) => j.job_id))} added={async () => { await Promise.all([readCollection(), jobs.again()]); revive(); }} />}
      </details>
      {briefs.value.length > 0 || c.counts.total > 0 ? <Contact key={id} /> : <Empty title={t("sheet.none")} />}
    </>
  );
};
