// Receipts of deleted sets.
import { useEffect } from "preact/hooks";
import { client, got } from "../api";
import { Empty } from "../parts/Empty";
import { More, Pending, usePages } from "../parts/Pages";
import { bytes, date, t, when, type Key } from "../words";

export const Deletions = () => {
  const list = usePages(async (cursor) => { const p = await got(client.GET("/v1/deletions", { params: { query: { limit: 50, cursor } } })); return { rows: p.deletions, next: p.next_cursor }; }, []);
  useEffect(() => { document.title = `${t("nav.deletions")} · OPAL`; }, []);
  const rows = list.rows.value;
  return (
    <>
      <header class="page-head"><h1 tabIndex={-1}>{t("nav.deletions")}</h1></header>
      <p class="soft lead">{t("deletions.what")}</p>
      {rows === null ? <Pending of={list} /> : rows.length === 0 ? <Empty title={t("deletions.none")} /> : (
        <div class="scroll"><table><thead><tr><th scope="col">{t("table.when")}</th><th scope="col">{t("deletions.why")}</th><th scope="col" class="n">{t("table.items")}</th><th scope="col" class="n">{t("deletions.files")}</th><th scope="col">{t("table.state")}</th><th scope="col">{t("deletions.job")}</th></tr></thead>
          <tbody>{rows.map((d) => <tr key={d.deletion_id}><td class="when" title={when(d.created_at)}>{date(d.created_at)}</td><td>{t(`deletions.${d.reason}` as Key)}</td><td class="n">{d.items}</td><td class="n when">{d.files} · {bytes(d.bytes)}</td>
            <td>{d.completed_at ? <span class="state done when" title={when(d.completed_at)}>{t("deletions.done", { when: date(d.completed_at) })}</span> : d.files_at ? t("deletions.files_gone") : t("deletions.going")}</td><td><code>{d.job_id}</code></td></tr>)}</tbody></table></div>)}
      <More of={list} />
    </>
  );
};
