// Packs pictures of a sheet into a ZIP, in the browser: of the selection, or of what is approved.
// Pictures are compressed already, so they are stored as they are. Layout: PKWARE APPNOTE 4.3.
import { client, got } from "../api";
import { catalogue, presets } from "./catalogue";
import { t } from "../words";
import { saveBlob } from "./save";
import type { Brief } from "./sheet";

const folderOf = (preset: string): string => (presets.value.find((p) => p.name === preset)?.channel ?? "other").toLowerCase().replaceAll(/\s+/g, "-");
const clean = (name: string): string => name.replace(/\.[^.]+$/, "").replaceAll(/[^\p{L}\p{N}._-]+/gu, "_").replace(/^\.+/, "") || "picture";

const table = Uint32Array.from({ length: 256 }, (_, n) => { for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1; return n; });
const sumOf = (b: Uint8Array): number => { let c = -1; for (const x of b) c = table[(c ^ x) & 255]! ^ (c >>> 8); return ~c >>> 0; };

// record writes numbers one after the other, each as [bytes, value].
const record = (...fields: [2 | 4, number][]): ArrayBuffer => {
  const v = new DataView(new ArrayBuffer(fields.reduce((n, [size]) => n + size, 0)));
  let at = 0;
  for (const [size, value] of fields) { if (size === 2) v.setUint16(at, value, true); else v.setUint32(at, value, true); at += size; }
  return v.buffer;
};

// A ZIP without its 64-bit form ends here; a set's own ZIP comes in parts.
const mostBytes = 0xffff_0000, mostFiles = 0xfffe;

class Zip {
  private readonly parts: BlobPart[] = [];
  private readonly directory: BlobPart[] = [];
  private at = 0;
  private listed = 0;
  files = 0;

  add(name: string, body: Uint8Array<ArrayBuffer>): void {
    const n = new TextEncoder().encode(name), now = new Date();
    if (this.at + body.length + n.length > mostBytes || this.files >= mostFiles) throw new Error(t("zip.full"));
    // 0x800: the name is UTF-8; 0: stored
    const shared: [2 | 4, number][] = [[2, 20], [2, 0x800], [2, 0], [2, now.getHours() << 11 | now.getMinutes() << 5 | now.getSeconds() >> 1], [2, now.getFullYear() - 1980 << 9 | now.getMonth() + 1 << 5 | now.getDate()],
      [4, sumOf(body)], [4, body.length], [4, body.length], [2, n.length], [2, 0]];
    const entry = record([4, 0x02014b50], [2, 20], ...shared, [2, 0], [2, 0], [2, 0], [4, 0], [4, this.at]);
    this.parts.push(record([4, 0x04034b50], ...shared), n, new Blob([body])); // a blob, which the browser may keep on the disk
    this.directory.push(entry, n);
    this.at += 30 + n.length + body.length;
    this.listed += entry.byteLength + n.length;
    this.files++;
  }

  blob(): Blob {
    return new Blob([...this.parts, ...this.directory, record([4, 0x06054b50], [2, 0], [2, 0], [2, this.files], [2, this.files], [4, this.listed], [4, this.at], [2, 0])], { type: "application/zip" });
  }
}

// saveChosen saves the sizes of some pictures; those that still need a look are in the
// folder review. It returns how many files there are.
export const saveChosen = async (list: Brief[], name: string, progress: (done: number) => void): Promise<number> => {
  await catalogue();
  const zip = new Zip();
  const names = new Set<string>();
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
      zip.add(at, new Uint8Array(await answer.arrayBuffer()));
    }
    progress(i + 1);
  }
  if (zip.files) saveBlob(zip.blob(), name);
  return zip.files;
};
