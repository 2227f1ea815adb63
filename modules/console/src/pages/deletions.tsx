// How long what is here is kept, and receipts of deleted sets.
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { client, got, type Schemas } from "../api";
import { Empty } from "../parts/Empty";
import { More, Pending, useFirst, usePages } from "../parts/Pages";
import { Scroll } from "../parts/Scroll";
import { bytes, date, t, when, type Key } from "../words";

// Kept says what is deleted by itself, and after which time.
const Kept = () => {
  const rules = useSignal<Schemas["Retention"] | null>(null);
  const tried = useFirst(async () => { rules.value = await got(client.GET("/v1/retention")); }, []);
  const r = rules.value;
  return (
    <section class="sheet-block" aria-labelledby="kept"><h2 id="kept">{t("deletions.kept")}</h2>
      {!r ? <Pending of={tried} /> : <>
        <p>{r.job_days ? t("deletions.kept.jobs", { n: r.job_days }) : t("deletions.kept.stay")}{r.own && ` ${t("deletions.kept.own")}`}</p>
        <ul class="kept soft"><li>{t("deletions.kept.photos", { n: r.photo_hours })}</li><li>{t("deletions.kept.imports", { n: r.import_days })}</li><li>{t("deletions.kept.checks", { n: r.check_days })}</li>
          <li>{t("deletions.kept.deliveries", { n: r.delivery_days })}</li><li>{t("deletions.kept.shares", { n: r.share_days })}</li><li>{t("deletions.kept.receipts")}</li></ul></>}
    </section>
  );
};

export const Deletions = () => {
  const list = usePages(async (cursor) => { const p = await got(client.GET("/v1/deletions", { params: { query: { limit: 50, cursor } } })); return { rows: p.deletions, next: p.next_cursor }; }, []);
  useEffect(() => { document.title = `${t("nav.deletions")} · OPAL`; }, []);
  const rows = list.rows.value;
  return (
    <>
      <header class="page-head"><h1 tabIndex={-1}>{t("nav.deletions")}</h1></header>
      <Kept />
      <p class="soft lead">{t("deletions.what")}</p>
      {rows === null ? <Pending of={list} /> : rows.length === 0 ? <Empty title={t("deletions.none")} /> : (
        <Scroll label={t("nav.deletions")}><table><thead><tr><th scope="col">{t("table.when")}</th><th scope="col">{t("deletions.why")}</th><th scope="col" class="n">{t("table.items")}</th><th scope="col" class="n">{t("deletions.files")}</th><th scope="col">{t("table.state")}</th><th scope="col">{t("deletions.job")}</th></tr></thead>
          <tbody>{rows.map((d) => <tr key={d.deletion_id}><td class="when" title={when(d.created_at)}>{date(d.created_at)}</td><td>{t(`deletions.${d.reason}` as Key)}</td><td class="n">{d.items}</td><td class="n when">{d.files} · {bytes(d.bytes)}</td>
            <td>{d.completed_at ? <span class="state done when" title={when(d.completed_at)}>{t("deletions.done", { when: date(d.completed_at) })}</span> : d.files_at ? t("deletions.files_gone") : t("deletions.going")}</td><td><code>{d.job_id}</code></td></tr>)}</tbody></table></Scroll>)}
      <More of={list} />
    </>
  );
};
