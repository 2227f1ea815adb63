// Packs pictures of a sheet into a ZIP, in the browser: of the selection, or of what is approved.
import { Zip, ZipPassThrough } from "fflate";
import { client, got } from "../api";
import { catalogue, presets } from "./catalogue";
import { saveBlob } from "./save";
import type { Brief } from "./sheet";

const folderOf = (preset: string): string => (presets.value.find((p) => p.name === preset)?.channel ?? "other").toLowerCase().replaceAll(/\s+/g, "-");
const clean = (name: string): string => name.replace(/\.[^.]+$/, "").replaceAll(/[^\p{L}\p{N}._-]+/gu, "_").replace(/^\.+/, "") || "picture";

// saveChosen saves the sizes of some pictures; those that still need a look are in the
// folder review. It returns how many files there are.
export const saveChosen = async (list: Brief[], name: string, progress: (done: number) => void): Promise<number> => {
  await catalogue();
  const chunks: Blob[] = []; // blobs, which the browser may keep on the disk
  let broke: Error | null = null;
  const zip = new Zip((error, chunk) => { if (error) broke = error; else chunks.push(new Blob([chunk as BlobPart])); });
  const names = new Set<string>();
  let files = 0;
  for (const [i, b] of list.entries()) {
    const it = await got(client.GET("/v1/jobs/{job_id}/items/{item_id}", { params: { path: { job_id: b.job_id, item_id: b.item_id } } }));
    for (const v of it.exports.filter((x) => x.status === "completed" || x.status === "rejected")) {
      const { download_url } = await got(client.GET("/v1/downloads/{item_id}/{preset}", { params: { path: { item_id: b.item_id, preset: v.preset } } }));
      const answer = await fetch(download_url);
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      const stem = `${b.review === "pending" || v.status === "rejected" ? "review/" : ""}${folderOf(v.preset)}/${clean(it.sku ?? it.filename)}-${clean(it.scene_type)}-${v.preset}`;
      const ending = v.format === "jpeg" ? "jpg" : v.format;
      let at = `${stem}.${ending}`;
      for (let n = 2; names.has(at); n++) at = `${stem}-${n}.${ending}`;
      names.add(at);
      const file = new ZipPassThrough(at); // pictures are compressed already
      zip.add(file);
      file.push(new Uint8Array(await answer.arrayBuffer()), true);
      files++;
    }
    progress(i + 1);
  }
  zip.end();
  if (broke) throw broke as Error;
  if (files) saveBlob(new Blob(chunks, { type: "application/zip" }), name);
  return files;
};
