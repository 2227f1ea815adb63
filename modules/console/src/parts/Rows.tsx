// The rows of a table that the next set is made of: those that become pictures, with their photos,
// and those that don't, with the reason.
import { useEffect, useMemo } from "preact/hooks";
import type { Schemas } from "../api";
import { sayCode } from "../state/notice";
import { bare, looked, table } from "../state/tables";
import { t } from "../words";
import { Face } from "./Face";
import { Icon } from "./Icon";

type Row = Schemas["ImportRow"];

const Tile = ({ r, file }: { r: Row; file: File | undefined }) => {
  const url = useMemo(() => (file ? URL.createObjectURL(file) : ""), [file]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  const name = r.sku || r.title || r.file || r.url, awaited = !r.url && !file;
  return (
    <li class={`photo${awaited ? " warn" : ""}`}><Face url={url} />
      <span class="photo-name" title={r.file || r.url}>{name}</span>
      <span class="soft">{t("import.line")} {r.line}{r.url ? ` · ${t("new.address")}` : ""}</span>
      {awaited && <span class="warn-text"><Icon name="warn" />{r.file}</span>}</li>
  );
};

// filesOf are the files that came with the table, by the names that rows know them by.
const filesOf = (): Map<string, File> => new Map(table.value?.files.map((f) => [bare(f.name), f]));

// faceOf is the first photo of the rows that is here, for previews of the look.
export const faceOf = (rows: Row[]): { id: string; file: File; url: string } | undefined => {
  const by = filesOf(), file = rows.map((r) => by.get(bare(r.file))).find((f) => f);
  return file && { id: `${file.name} ${file.size}`, file, url: "" };
};

export const Rows = () => {
  const { from, files } = table.value!, seen = looked.value, look = seen?.look;
  const by = filesOf(), shown = look?.first ?? [];
  const awaited = shown.filter((r) => !r.url && !by.has(bare(r.file))).length;
  const named = new Set(shown.map((r) => bare(r.file)));
  const unused = look && look.photos === shown.length ? files.filter((f) => !named.has(bare(f.name))) : [];
  const name = typeof from === "string" ? from : from.name;
  return (
    <>
      <div class="callout" aria-live="polite"><Icon name="grid" /><span><strong class="breaks">{name}</strong>{" "}
        {look ? [t("import.rows.all", { n: look.rows }), t("new.products", { n: look.products }), t("new.sum.photos", { n: look.photos })].join(" · ") : !seen && t("loading")}<br /><small>{t("new.table.why")}</small></span>
        <button type="button" class="icon-only quiet" aria-label={t("new.remove", { name })} onClick={() => { table.value = null; }}><Icon name="cross" /></button></div>
      {seen?.why && <p class="callout"><Icon name="warn" /><span>{seen.why}</span></p>}
      {look && look.wrong > 0 && <details class="callout warn" open={look.errors.length <= 5}><summary>{t("new.left", { n: look.wrong })}</summary>
        <ul>{look.errors.map((e, i) => <li key={i}><strong>{t("import.line")} {e.line}</strong> {e.sku || e.title || e.file || e.url} {sayCode(e.code, e.message)}</li>)}{look.wrong > look.errors.length && <li>…</li>}</ul></details>}
      {awaited > 0 && <p class="warn-text"><Icon name="warn" />{t(look!.photos > shown.length ? "new.absent.many" : "new.absent", { n: awaited })}</p>}
      {unused.length > 0 && <p class="warn-text"><Icon name="warn" />{t("import.unused", { n: unused.length })}: {unused.slice(0, 8).map((f) => f.name).join(", ")}{unused.length > 8 ? " …" : ""}</p>}
      {shown.length > 0 && <ul class="photos">{shown.map((r, i) => <Tile key={i} r={r} file={by.get(bare(r.file))} />)}{look!.photos > shown.length && <li class="photo"><span class="thumb none">+{look!.photos - shown.length}</span></li>}</ul>}
    </>
  );
};
