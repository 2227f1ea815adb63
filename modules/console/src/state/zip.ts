// Packs pictures of a sheet into a ZIP, in the browser: of the selection, of what is approved, or
// of what is made so far.
// Pictures are compressed already, so they are stored as they are. Layout: PKWARE APPNOTE 4.3.
import "../app";
import { client, got } from "../api";
import { t } from "../words";
import { fileAt, saveBlob } from "./save";
import type { Brief } from "./sheet";

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

// cell writes a cell of a table (RFC 4180).
const cell = (s: string): string => (/[",\r\n]/.test(s) ? `"${s.replaceAll("\"", "\"\"")}"` : s);

// saveChosen saves the sizes of some pictures, named as the set's own ZIP names them and with
// its manifests: those that still need a look are in the folder review, rejected ones are
// left out. It returns how many files there are, and how many of them a channel refuses.
export const saveChosen = async (list: Brief[], name: string, progress: (done: number) => void): Promise<{ files: number; refused: number }> => {
  const zip = new Zip();
  const names = new Set<string>();
  const entries: unknown[] = [], rows: string[][] = [], ready = new Set<string>();
  let refused = 0;
  for (const jobID of new Set(list.map((b) => b.job_id))) {
    const wanted = new Set(list.filter((b) => b.job_id === jobID).map((b) => b.item_id));
    const { columns, files } = await got(client.GET("/v1/downloads/jobs/{job_id}/files", { params: { path: { job_id: jobID } } }));
    if (!rows.length) rows.push(columns);
    for (const f of files) {
      if (!wanted.has(f.item_id)) continue;
      let at = f.file;
      const [stem, ending] = [at.replace(/\.[^.]+$/, ""), at.slice(at.lastIndexOf("."))];
      // several sets may name files alike; within one, items of a photo share them
      const key = `${jobID} ${at}`;
      for (let n = 2; names.has(at) && !names.has(key); n++) at = `${stem}-${n}${ending}`;
      entries.push(at ? { ...(f.entry as object), file: at } : f.entry);
      rows.push(at === f.file ? f.row : f.row.map((c, i) => (columns[i] === "file" ? at : c)));
      if (at && !names.has(key)) {
        names.add(at).add(key);
        zip.add(at, new Uint8Array(await (await fileAt(f.url)).arrayBuffer()));
        if (f.status === "rejected") refused++;
      }
      progress(ready.add(f.item_id).size);
    }
  }
  const files = zip.files;
  if (files) {
    const text = new TextEncoder();
    zip.add("manifest.json", text.encode(`${JSON.stringify(entries, null, 2)}\n`));
    zip.add("manifest.csv", text.encode(rows.map((r) => `${r.map(cell).join(",")}\r\n`).join("")));
    saveBlob(zip.blob(), name);
  }
  return { files, refused };
};
