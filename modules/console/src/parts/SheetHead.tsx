// What stands above the pictures of a contact sheet: how far it is, the ZIP, filters.
import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { filter, order, size, sizes, sought, type Filter } from "../pages/sheet";
import { client, got } from "../api";
import { go } from "../route";
import { doing, tell } from "../state/notice";
import { pace } from "../state/pace";
import { saveZip } from "../state/save";
import { cancelRest, close, counts, job, left, live, shown, stateOf, type Job } from "../state/sheet";
import { lasting, t, when, type Key } from "../words";
import { Bar, ofCounts } from "./Bar";
import { sure } from "./Confirm";
import { Icon } from "./Icon";
import { ShareDialog } from "./Share";
import { lacks } from "../state/session";

const sharing = signal(false);

// useAhead counts the tenant's pictures that were ordered before a set of which none is done.
const useAhead = (j: Job): number => {
  const ahead = useSignal(0);
  const waits = !j.finished_at && j.counts.total > 0 && j.counts.open === j.counts.total;
  useEffect(() => {
    ahead.value = 0;
    if (!waits) return;
    let here = true;
    const look = (): void => { client.GET("/v1/jobs", { params: { query: { limit: 50, status: "processing" } } }).then(({ data }) => { if (here && data) ahead.value = data.jobs.reduce((n, o) => n + (o.created_at < j.created_at ? o.counts.open : 0), 0); }, () => { /* then none are told */ }); };
    look();
    const timer = setInterval(look, 15_000);
    return () => { here = false; clearInterval(timer); };
  }, [j.job_id, waits]);
  return ahead.value;
};

export const SheetHead = ({ chosen = [] }: { chosen?: string[] }) => {
  const j = job.value!;
  const n = shown.value.length;
  const running = !j.finished_at;
  const ahead = useAhead(j);
  const approved = shown.value.filter((b) => stateOf(b) === "approved" || stateOf(b) === "done");
  const saveApproved = (): void => void doing(async () => { const { saveChosen } = await import("../state/zip"); await saveChosen(j.job_id, approved, "opal-approved.zip", (done) => tell(t("sheet.packing", { done, n: approved.length }))); });
  const remove = (): void => void doing(async () => {
    if (!await sure(t("sheet.delete"), t("sheet.delete.why"), t("delete"))) return;
    await got(client.DELETE("/v1/jobs/{job_id}", { params: { path: { job_id: j.job_id } } }));
    close();
    go("deletions");
  });
  return (
    <header class="page-head">
      <div>
        <h1 tabIndex={-1}>{t("sheet.title", { n })}</h1>
        <p class="soft">{when(j.created_at)} · {t(`job.${j.status}` as Key)}{running && left.value ? ` · ${t("sheet.left", { time: lasting(left.value) })}` : ""}
          {ahead > 0 ? ` · ${t("sheet.ahead", { n: ahead })}${pace.value ? `, ${t("sheet.left", { time: lasting((ahead + j.counts.open) * pace.value) })}` : ""}` : ""}
          {live.value === "asking" && running ? ` · ${t("sheet.asking")}` : ""}</p>
      </div>
      <div class="row">
        {running && <button type="button" class="quiet" onClick={() => void doing(cancelRest)} {...lacks("write")}>{t("sheet.cancel")}</button>}
        {!running && <button type="button" class="quiet" onClick={remove} {...lacks("write")}><Icon name="bin" />{t("delete")}</button>}
        {n > 0 && <button type="button" onClick={() => { sharing.value = true; }} {...lacks("write")}><Icon name="link" />{t("share")}</button>}
        {approved.length > 0 && approved.length < n && <button type="button" onClick={saveApproved}><Icon name="down" />{t("sheet.zip.approved")}</button>}
        <button type="button" class="primary" disabled={!j.export_blob_path}
          onClick={() => void doing(async () => { const parts = await saveZip(j.job_id); if (parts > 1) tell(t("sheet.parts", { n: parts })); })}><Icon name="down" />{t("sheet.zip")}</button>
      </div>
      {sharing.value && <ShareDialog {...(chosen.length ? { what: { items: chosen.slice(0, 500).map((id) => ({ job_id: j.job_id, item_id: id })) }, n: Math.min(500, chosen.length) } : { what: { job_id: j.job_id }, n })} close={() => { sharing.value = false; }} />}
      {running && <Bar {...ofCounts({ ...j.counts, total: n })} />}
    </header>
  );
};

export const SheetFilters = () => {
  const c = counts.value;
  const of: Record<Filter, number> = {
    all: shown.value.length, look: c.look ?? 0, failed: (c.failed ?? 0) + (c.refused ?? 0), channel: c.channel ?? 0, approved: (c.approved ?? 0) + (c.done ?? 0), open: (c.waiting ?? 0) + (c.working ?? 0),
  };
  return (
    <div class="filters">
      <div class="chips" role="group" aria-label={t("sheet.filter")}>
        {(Object.keys(of) as Filter[]).filter((f) => f === "all" || of[f] > 0 || filter.value === f).map((f) => (
          <button type="button" key={f} class="chip" aria-pressed={filter.value === f} onClick={() => { filter.value = f; }}>{t(`filter.${f}` as Key)} <span class="count">{of[f]}</span></button>
        ))}
      </div>
      <div class="row tools">
        <input type="search" aria-label={t("sheet.search")} placeholder={t("sheet.search")} value={sought.value} onInput={(e) => { sought.value = e.currentTarget.value; }} />
        <label class="inline">{t("sheet.order")} <select value={order.value} onChange={(e) => { order.value = e.currentTarget.value as "made"; }}>
          {(["made", "doubt", "name"] as const).map((o) => <option key={o} value={o}>{t(`order.${o}` as Key)}</option>)}</select></label>
        <div class="chips small" role="group" aria-label={t("sheet.size")}>
          {(Object.keys(sizes) as (keyof typeof sizes)[]).map((s) => <button type="button" class="chip" key={s} aria-pressed={size.value === s} aria-label={t(`size.${s}` as Key)} onClick={() => { size.value = s; }}>{s.toUpperCase()}</button>)}
        </div>
      </div>
    </div>
  );
};
