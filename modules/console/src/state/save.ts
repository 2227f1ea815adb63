// Saves files: by a link that the browser downloads.
import { address, client, got, problemOf, send } from "../api";
import { t } from "../words";
import { tell } from "./notice";
import { called } from "./called";
import { group, job, shown, type Brief } from "./sheet";

export const saveAs = (url: string, name: string): void => {
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.rel = "noopener";
  document.body.append(a);
  a.click();
  a.remove();
};

// fileAt reads a file by its URL: a picture of the store's, or one of the console's own.
export const fileAt = async (url: string): Promise<Blob> => {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.blob();
};

// saveFrom downloads a file of another origin under a name, which a link can't.
export const saveFrom = async (url: string, name: string): Promise<void> => saveBlob(await fileAt(url), name);

// saveZip saves the parts of a job's ZIP, one after another: browsers ask before several.
export const saveZip = async (jobID: string): Promise<number> => {
  const { parts } = await got(client.GET("/v1/downloads/jobs/{job_id}/export", { params: { path: { job_id: jobID } } }));
  for (const [i, part] of parts.entries()) {
    if (i > 0) await new Promise((go) => setTimeout(go, 900));
    saveAs(part.url, "");
  }
  return parts.length;
};

// saveVariants saves every variant of an item.
export const saveVariants = async (jobID: string, itemID: string): Promise<number> => {
  const it = await got(client.GET("/v1/jobs/{job_id}/items/{item_id}", { params: { path: { job_id: jobID, item_id: itemID } } }));
  const made = it.exports.filter((v) => v.status === "completed" || v.status === "rejected");
  for (const v of made) await saveVariant(itemID, it.filename, v.preset, v.format);
  return made.length;
};

export const saveVariant = async (itemID: string, filename: string, preset: string, format: string): Promise<void> => {
  const { download_url } = await got(client.GET("/v1/downloads/{item_id}/{preset}", { params: { path: { item_id: itemID, preset } } }));
  await saveFrom(download_url, `${filename.replace(/\.[^.]+$/, "")}-${preset}.${format === "jpeg" ? "jpg" : format}`);
};

// saveAnswer saves what a call answers in another format: a CSV, a PDF.
export const saveAnswer = async (path: string, query: Record<string, string>, accept: string, name: string): Promise<void> => {
  const answer = await send(new Request(address(path, query), { headers: { Accept: accept } }));
  if (!answer.ok) throw problemOf(answer, await answer.json().catch(() => null));
  saveBlob(await answer.blob(), name);
};

export const saveBlob = (blob: Blob, name: string): void => {
  const at = URL.createObjectURL(blob);
  saveAs(at, name);
  setTimeout(() => URL.revokeObjectURL(at), 60_000);
};

// packed saves a ZIP of some pictures of the sheet that is shown, named after it, tells how far
// it is, and what is in it.
export const packed = async (list: Brief[], what: "all" | "approved" | "chosen"): Promise<void> => {
  const { saveChosen } = await import("./zip");
  const of = group.value?.name || called({ name: job.value?.name ?? "", pictures: shown.value.length });
  const name = `${of.replace(/[\\/:*?"<>|\p{C}]+/gu, "_")}${what === "all" ? "" : `-${t(what === "approved" ? "filter.approved" : "tile.chosen").toLowerCase()}`}.zip`;
  const { files, refused } = await saveChosen(list, name, (done) => tell(t("sheet.packing", { done, n: list.length })));
  tell((files ? t("sheet.saved", { n: list.length }) : t("sheet.none")) + (refused ? ` ${t("zip.refused", { n: refused })}` : ""));
};
