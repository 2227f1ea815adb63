// Imports: tables whose rows became sets.
import { useEffect, useRef } from "preact/hooks";
import { client, got } from "../api";
import { Bar } from "../parts/Bar";
import { Empty } from "../parts/Empty";
import { More, Pending, usePages } from "../parts/Pages";
import { Shelf } from "../parts/Shelf";
import { go, to } from "../route";
import { ended, takeTable, type Import as Row } from "../state/tables";
import { t, when, type Key } from "../words";
import { lacks } from "../state/session";
import { Role } from "../parts/Role";

export const classOf = (status: string): string => `state ${({ completed: "done", partial: "look", paused: "look", failed: "failed" } as Record<string, string>)[status] ?? ""}`;

// countOf says in words how far an import is.
export const countOf = (i: Row): string => [i.rows === null ? "" : i.rows_done < i.rows ? t("import.rows", { done: i.rows_done, n: i.rows }) : t("import.rows.all", { n: i.rows }),
  i.photos ? t("new.sum.photos", { n: i.photos }) : "", i.errors ? t("table.errors", { n: i.errors }) : ""].filter(Boolean).join(" · ");

export const Imports = () => {
  const list = usePages(async (cursor) => { const p = await got(client.GET("/v1/imports", { params: { query: { limit: 30, cursor } } })); return { rows: p.imports, next: p.next_cursor }; }, []);
  const file = useRef<HTMLInputElement>(null);
  const rows = list.rows.value;
  useEffect(() => { document.title = `${t("nav.imports")} · OPAL`; }, []);
  useEffect(() => {
    const timer = setInterval(() => { if (!document.hidden && list.rows.peek()?.some((i) => !ended(i) && i.status !== "paused")) void list.fresh((i) => i.import_id).catch(() => { /* the next time tells */ }); }, 4000);
    return () => clearInterval(timer);
  }, []);
  const choose = (from: File | string): void => { go("new"); void takeTable(from); };
  const feed = (e: Event): void => {
    e.preventDefault();
    choose(String(new FormData(e.currentTarget as HTMLFormElement).get("url") ?? "").trim());
  };
  return (
    <>
      <Shelf at="imports"><button type="button" class="primary" onClick={() => file.current?.click()} {...lacks("write")}>{t("import.choose")}</button></Shelf>
      <input ref={file} id="import-file" type="file" hidden accept=".csv,.tsv,.jsonl,.ndjson" onChange={(e) => { const f = e.currentTarget.files?.[0]; if (f) choose(f); }} />
      <Role scope="write" />
      <p class="soft lead">{t("import.what")}</p>
      {rows === null ? <Pending of={list} /> : rows.length === 0 ? <Empty title={t("import.none")}><p>{t("import.none.why")}</p></Empty> : (
        <ul class="sets">{rows.map((i) => (
          <li key={i.import_id} class="set-row plain"><a href={to("imports", i.import_id)}>
            <span><strong class="breaks">{i.name || i.filename || i.url}</strong><span class="soft">{when(i.created_at)}{countOf(i) ? ` · ${countOf(i)}` : ""}</span></span>
            <span class={classOf(i.status)}>{t(`import.${i.status}` as Key)}</span>
            {!ended(i) && i.rows !== null && <Bar done={i.rows_done} of={i.rows} />}</a></li>))}</ul>)}
      <More of={list} />
      <form class="sheet-block" onSubmit={feed} aria-labelledby="import-feed"><h2 id="import-feed">{t("import.feed")}</h2>
        <label class="field">{t("webhook.url")}<input name="url" type="url" required placeholder="https://" maxLength={2000} /></label>
        <div class="row end"><button type="submit" {...lacks("write")}>{t("import.look")}</button></div>
      </form>
    </>
  );
};
