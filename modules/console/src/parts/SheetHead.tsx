// What stands above the pictures of a set: how far it is, its links, its ZIP.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { client, got } from "../api";
import { go } from "../route";
import { called, sized } from "../state/called";
import { doing, tell } from "../state/notice";
import { paceOf, readPace } from "../state/pace";
import { saveZip } from "../state/save";
import { before, cancelRest, close, job, left, live, shown, stuck, type Job } from "../state/sheet";
import { lasting, t, when, type Key } from "../words";
import { Bar, ofCounts, percent } from "./Bar";
import { sure } from "./Confirm";
import { Icon } from "./Icon";
import { SheetSaves } from "./SheetSaves";
import { lacks } from "../state/session";

// useBefore counts the tenant's pictures that were ordered before a set that is not done.
const useBefore = (j: Job): void => {
  const waits = !j.finished_at && j.counts.open > 0;
  useEffect(() => {
    before.value = 0;
    if (!waits) return;
    let here = true;
    void readPace().catch(() => { /* without it no time is told */ });
    const look = (): void => { client.GET("/v1/jobs", { params: { query: { limit: 50, status: "processing" } } }).then(({ data }) => { if (here && data) { paceOf(data); before.value = data.jobs.reduce((n, o) => n + (o.created_at < j.created_at ? o.counts.open : 0), 0); } }, () => { /* then none are told */ }); };
    look();
    const timer = setInterval(look, 15_000);
    return () => { here = false; clearInterval(timer); };
  }, [j.job_id, waits]);
};

export const SheetHead = () => {
  const j = job.value!;
  const n = shown.value.length;
  const running = !j.finished_at;
  useBefore(j);
  const far = ofCounts({ ...j.counts, total: Math.max(n, j.counts.open) }, j.presets.length);
  useEffect(() => { document.title = running ? `${percent(far)} % · ${j.name ? `${j.name} · ` : ""}OPAL` : `✓ ${called(j)} · OPAL`; }, [j, n]);
  const naming = useSignal<string | null>(null); // what the name is changed to; null: it isn't
  const rename = (e: Event): void => { e.preventDefault(); void doing(async () => {
    const now = await got(client.PATCH("/v1/jobs/{job_id}", { params: { path: { job_id: j.job_id } }, body: { name: (naming.value ?? "").trim() } }));
    if (job.value?.job_id === now.job_id) job.value = { ...job.value, name: now.name };
    naming.value = null;
  }); };
  const remove = (): void => void doing(async () => {
    if (!await sure(t("sheet.delete"), t("sheet.delete.why"), t("delete"))) return;
    await got(client.DELETE("/v1/jobs/{job_id}", { params: { path: { job_id: j.job_id } } }));
    close();
    go("deletions");
  });
  return (
    <header class="page-head">
      <div>
        {naming.value === null ? <h1 tabIndex={-1} class="breaks">{called({ name: j.name, pictures: n })} <button type="button" class="icon-only quiet" aria-label={t("sheet.name")} title={t("sheet.name")} onClick={() => { naming.value = j.name; }} {...lacks("write")}><Icon name="pen" /></button></h1>
          : <form class="row" onSubmit={rename}><label><span class="unseen">{t("sheet.name")}</span><input name="set-name" maxLength={120} value={naming.value} ref={(e) => { if (e && naming.value === j.name) e.focus(); }} onInput={(e) => { naming.value = e.currentTarget.value; }} onKeyDown={(e) => { if (e.key === "Escape") { e.stopPropagation(); naming.value = null; } }} /></label>
            <button type="submit" class="primary">{t("save")}</button><button type="button" onClick={() => { naming.value = null; }}>{t("cancel")}</button></form>}
        <p class="soft">{sized({ name: j.name, pictures: n })}{when(j.created_at)} · {running && stuck.value ? t("sheet.stuck") : t(`job.${j.status}` as Key)}{running && left.value ? ` · ${t("sheet.left", { time: lasting(left.value) })}` : ""}
          {running && !stuck.value && before.value > 0 ? ` · ${t("sheet.ahead", { n: before.value })}` : ""}
          {live.value === "asking" && running ? ` · ${t("sheet.asking")}` : ""}</p>
      </div>
      <div class="row">
        {running && <button type="button" class="quiet" onClick={() => void doing(async () => { if (await sure(t("sheet.cancel"), t("sheet.cancel.why"), t("sheet.cancel"))) await cancelRest(); })} {...lacks("write")}>{t("sheet.cancel")}</button>}
        {!running && <button type="button" class="quiet" onClick={remove} {...lacks("write")}><Icon name="bin" />{t("delete")}</button>}
        <SheetSaves what={{ job_id: j.job_id }} n={n} whole={j.export_blob_path ? () => void doing(async () => { const parts = await saveZip(j.job_id); if (parts > 1) tell(t("sheet.parts", { n: parts })); }) : null} />
      </div>
      {running && <Bar {...far} />}
    </header>
  );
};
