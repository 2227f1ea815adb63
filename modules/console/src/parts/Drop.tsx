// Where photos are dropped. The whole page takes them; this is what shows it.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { go, parts } from "../route";
import { complain, doing } from "../state/notice";
import { add } from "../state/photos";
import { fileAt } from "../state/save";
import { filesOf } from "../state/files";
import { addNamed, addresses, bringNamed, isTable, table, takeAddresses, takeTable } from "../state/tables";
import { lacks } from "../state/session";
import { t } from "../words";
import { Icon } from "./Icon";

const take = (e: Event): void => {
  void doing(async () => {
    const found = await filesOf(e); // begun while the event lasts
    const tables = found.filter((f) => isTable(f.name));
    // photos that come with a table are those that its rows name
    if (tables.length) { go("new"); await takeTable(tables[0]!, found.filter((f) => !isTable(f.name))); return; }
    // photos that are dropped on an import are those that its rows name
    const [first, id] = parts.value;
    if (first === "imports" && id) { await bringNamed(id, found); return; }
    if (first === "new" && table.value) { await addNamed(found); return; }
    if (first !== "new") go("new");
    await add(found);
  });
};

// useDrop takes what is dropped on the page or pasted into it.
export const useDrop = (): { value: boolean } => {
  const over = useSignal(false);
  useEffect(() => {
    let depth = 0;
    const files = (e: DragEvent): boolean => [...(e.dataTransfer?.types ?? [])].includes("Files");
    const enter = (e: DragEvent): void => { if (files(e)) { e.preventDefault(); depth++; over.value = true; } };
    const leave = (e: DragEvent): void => { if (files(e) && --depth <= 0) { depth = 0; over.value = false; } };
    const above = (e: DragEvent): void => { if (files(e)) e.preventDefault(); };
    const drop = (e: DragEvent): void => { if (files(e)) { e.preventDefault(); depth = 0; over.value = false; take(e); } };
    const paste = (e: ClipboardEvent): void => {
      const found = [...(e.clipboardData?.files ?? [])];
      const named = found.length || (e.target as HTMLElement).closest("input, textarea") ? [] : addresses(e.clipboardData?.getData("text/plain") ?? "");
      if (named.length) { e.preventDefault(); if (parts.value[0] !== "new") go("new"); void doing(() => takeAddresses(named)); return; }
      if (!found.length) return;
      e.preventDefault();
      void doing(async () => { if (parts.value[0] !== "new") go("new"); await add(found); });
    };
    addEventListener("dragenter", enter); addEventListener("dragleave", leave); addEventListener("dragover", above); addEventListener("drop", drop); addEventListener("paste", paste);
    return () => { removeEventListener("dragenter", enter); removeEventListener("dragleave", leave); removeEventListener("dragover", above); removeEventListener("drop", drop); removeEventListener("paste", paste); };
  }, []);
  return over;
};

// Address takes photos, or a table, from where they are on the internet.
const Address = () => {
  const text = useSignal("");
  const take = (asTable?: true): void => {
    const all = addresses(text.value);
    if (!all.length) { complain(new Error(t("webhook.https"))); return; }
    void doing(async () => {
      if (parts.value[0] !== "new") go("new");
      await takeAddresses(all, asTable);
      text.value = "";
    });
  };
  return (
    <details class="drop-address"><summary>{t("import.feed")}</summary>
      <form class="row" onSubmit={(e) => { e.preventDefault(); take(); }}>
        <label class="field">{t("drop.address")}<input name="address" required autocomplete="off" inputMode="url" placeholder="https://" value={text.value} onInput={(e) => { text.value = e.currentTarget.value; }} /></label>
        <button type="submit" {...lacks("write")}>{t("drop.address.photos")}</button>
        <button type="button" disabled={!text.value.trim()} onClick={() => take(true)} {...lacks("write")}>{t("drop.address.table")}</button>
      </form></details>
  );
};

export const Drop = ({ small = false }: { small?: boolean }) => {
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  useEffect(() => { folder.current?.setAttribute("webkitdirectory", ""); }, []);
  const picked = (e: Event): void => { take(e); };
  const sample = (): void => void doing(async () => {
    const photo = await fileAt("/sample.jpg");
    if (parts.value[0] !== "new") go("new");
    await add([new File([photo], "sample-bottle.jpg", { type: "image/jpeg" })]);
  });
  return (
    <div class={`drop${small ? " small" : ""}`}>
      {!small && <><Icon name="up" /><p class="drop-text">{t("drop.here")}</p></>}
      <div class="row">
        <button type="button" class={small ? "" : "primary"} id="choose" onClick={() => files.current?.click()}>{t("drop.choose")}</button>
        <button type="button" onClick={() => folder.current?.click()}><Icon name="folder" />{t("drop.folder")}</button>
        {!small && <button type="button" class="quiet" id="sample" onClick={sample}>{t("drop.sample")}</button>}
      </div>
      {!small && <p class="soft">{t("drop.hint")}</p>}
      <Address />
      <input ref={files} id="files" type="file" multiple hidden accept="image/jpeg,image/png,image/webp,image/avif,image/tiff,image/heic,image/heif,.heic,.heif,.zip,.csv,.tsv,.jsonl" onChange={picked} />
      <input ref={folder} type="file" multiple hidden onChange={picked} />
    </div>
  );
};
