// An import: how far its rows are, what could not be used, and which photos are awaited.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { client, got, once, type Schemas } from "../api";
import { Bar, ofCounts } from "../parts/Bar";
import { sure } from "../parts/Confirm";
import { Empty, Loading } from "../parts/Empty";
import { Icon } from "../parts/Icon";
import { More, usePages } from "../parts/Pages";
import { to } from "../route";
import { complain, doing, sayCode } from "../state/notice";
import { readPace, rest } from "../state/pace";
import { saveAnswer } from "../state/save";
import { at, bringNamed, ended, missing, sent, unused, type Import as Row } from "../state/tables";
import { lasting, t, when, type Key } from "../words";
import { classOf } from "./imports";
import { Scroll } from "../parts/Scroll";
import { lacks } from "../state/session";

export const Import = ({ id }: { id: string }) => {
  const row = useSignal<Row | null>(null);
  const gone = useSignal(false);
  const awaited = useSignal<Schemas["ImportUpload"][]>([]);
  const asked = useRef({ at: 0, status: "" });
  const files = useRef<HTMLInputElement>(null);
  const read = async (): Promise<void> => {
    const i = await got(client.GET("/v1/imports/{import_id}", at(id)));
    row.value = i;
    document.title = `${i.name || i.filename} · OPAL`;
    if (ended(i) || !i.uploads) awaited.value = [];
    else if (Date.now() - asked.current.at > 60_000 || asked.current.status !== i.status) { // each look takes one of a photo's few addresses
      asked.current = { at: Date.now(), status: i.status };
      await missing(id).then((list) => { awaited.value = list; }, () => { /* the next look tells */ });
    }
  };
  useEffect(() => {
    row.value = null; gone.value = false; awaited.value = []; asked.current = { at: 0, status: "" };
    void readPace().catch(() => { /* without it no time is told */ });
    read().catch((e: unknown) => { gone.value = true; complain(e); });
    const timer = setInterval(() => { const i = row.peek(); if (!document.hidden && i && !ended(i) && i.status !== "paused") read().catch(() => { /* the next time tells */ }); }, 2000);
    return () => clearInterval(timer);
  }, [id]);
  const i = row.value;
  const wrong = usePages(async (cursor) => { const p = await got(client.GET("/v1/imports/{import_id}/errors", { params: { ...at(id).params, query: { limit: 50, cursor } } })); return { rows: p.errors, next: p.next_cursor }; },
    [id]);
  const wrongs = (i?.errors ?? 0) + (i?.counts.failed ?? 0);
  useEffect(() => { if (wrongs) void wrong.again().catch(() => { /* the next change tells */ }); }, [wrongs]);
  if (gone.value) return <Empty page title={t("import.gone")}><p><a href={to("imports")}>{t("nav.imports")}</a></p></Empty>;
  if (!i) return <Loading page text={t("loading")} />;
  const act = (verb: "resume" | "cancel"): void => void doing(async () => {
    if (verb === "cancel" && !await sure(t("import.cancel"), t("import.cancel.why"), t("import.cancel"))) return;
    row.value = { ...await got(client.POST(`/v1/imports/{import_id}/${verb}`, { params: { ...at(id).params, header: once() } })), counts: i.counts };
    await read();
  });
  const bring = (list: FileList | null): void => void doing(() => bringNamed(id, [...(list ?? [])]));
  const c = i.counts, all = ofCounts(c), errors = wrong.rows.value ?? [];
  const reading = !ended(i) && i.rows !== null && i.rows_done < i.rows;
  const waits = awaited.value.filter((u) => !sent.value.has(u.item_id));
  const not = unused.value[id] ?? [];
  return (
    <>
      <header class="page-head">
        <div><p class="crumb"><a href={to("imports")}><Icon name="left" />{t("nav.imports")}</a></p><h1 tabIndex={-1}>{i.name || i.filename || i.url}</h1>
          <p class="soft breaks">{when(i.created_at)} · <span class={classOf(i.status)}>{t(`import.${i.status}` as Key)}</span>{i.format ? ` · ${makerOf(i.format)}` : ""}{rest(c.open) && !waits.length ? ` · ${t("sheet.left", { time: lasting(rest(c.open)) })}` : ""}</p></div>
        <div class="row">
          {!ended(i) && <button type="button" class="quiet" onClick={() => act("cancel")} {...lacks("write")}>{t("import.cancel")}</button>}
          {i.status === "paused" && <button type="button" class="primary" onClick={() => act("resume")} {...lacks("write")}>{t("import.resume")}</button>}
          {i.photos > 0 && <a class="button primary" href={to("collections", i.collection_id)}>{t("import.pictures")}</a>}
        </div>
        {reading ? <Bar done={i.rows_done} of={i.rows!} /> : !ended(i) && all.of > 0 ? <Bar {...all} /> : null}
      </header>
      {i.error_message && <p class="callout"><Icon name="warn" /><span>{sayCode(i.error_code ?? "", i.error_message)}</span>{i.error_code === "insufficient_credits" && <a href={to("usage")}>{t("usage.buy")}</a>}</p>}
      <dl class="figures">
        <div><dt>{t("import.table")}</dt><dd>{reading ? i.rows_done : i.rows ?? "–"}{reading && <small class="soft"> / {i.rows}</small>}</dd></div>
        <div><dt>{t("new.photos")}</dt><dd>{i.photos}</dd></div>
        <div><dt>{t("filter.approved")}</dt><dd>{c.completed}</dd></div>
        <div><dt>{t("import.errors")}</dt><dd>{i.errors + c.failed}</dd></div>
      </dl>
      {waits.length > 0 && <section class="sheet-block" aria-labelledby="import-files"><div class="row between"><h2 id="import-files">{t(waits.length < 100 ? "import.files" : "import.files.many", { n: waits.length })}</h2><button type="button" onClick={() => files.current?.click()}><Icon name="up" />{t("drop.choose")}</button></div>
        <p class="soft">{t("import.files.why")}</p>
        <ul class="inline-list">{waits.slice(0, 24).map((u) => <li key={u.item_id}><code>{u.file}</code></li>)}{waits.length > 24 && <li>…</li>}</ul>
        <input ref={files} id="import-photos" type="file" multiple hidden accept="image/*,.heic,.heif" onChange={(e) => bring(e.currentTarget.files)} /></section>}
      {not.length > 0 && <p class="callout"><Icon name="warn" /><span>{t("import.unused", { n: not.length })}: {not.slice(0, 8).join(", ")}{not.length > 8 ? " …" : ""}</span></p>}
      {errors.length > 0 && <section aria-labelledby="import-errors"><div class="row between section"><h2 id="import-errors">{t("import.errors")}</h2>
        <button type="button" onClick={() => void doing(() => saveAnswer(`/v1/imports/${encodeURIComponent(id)}/errors.csv`, {}, "text/csv", "errors.csv"))}><Icon name="down" />CSV</button></div>
        <p class="soft lead">{t("import.errors.why")}</p>
        <Scroll label={t("import.errors")}><table><thead><tr><th scope="col" class="n">{t("import.line")}</th><th scope="col">{t("table.what")}</th><th scope="col">{t("deletions.why")}</th></tr></thead>
          <tbody>{errors.map((e, k) => <tr key={k}><td class="n">{e.line}</td><td class="breaks">{e.job_id && e.item_id ? <a href={to("sets", e.job_id, e.item_id)}>{e.sku || e.title || e.file || e.url}</a> : e.sku || e.title || e.file || e.url}</td><td class="breaks">{sayCode(e.code, e.message)}</td></tr>)}</tbody></table></Scroll>
        <More of={wrong} /></section>}
    </>
  );
};

// makerOf is a feed's name as its maker writes it.
const makerOf = (format: string): string => ({ csv: "CSV", jsonl: "JSON Lines", shopify: "Shopify", woocommerce: "WooCommerce", merchant: "Google Merchant" } as Record<string, string>)[format] ?? format;
