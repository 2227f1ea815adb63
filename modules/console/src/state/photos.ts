// The photos of the next set: what was dropped, looked at before anything is sent.
import { signal } from "@preact/signals";
import { inStore } from "./store";

// side is the longer side of the product, in pixels: of all of the photo where it can't be told; 0: not known.
export type Photo = { id: string; file: File; sku: string; width: number; height: number; side: number; url: string; hash: string; folder: string; source?: string };
export type Refusal = { name: string; why: "type" | "size" | "empty" | "twice" | "many" | "broken" | "pixels" };

export const photos = signal<Photo[]>([]);
export const refused = signal<Refusal[]>([]);

export const maxBytes = 25 * 1024 * 1024;
const maxPixels = 50_000_000;
export const maxPhotos = 1000;
// A browser may know no type for a phone's pictures, so the name counts too.
const types = /^image\/(jpeg|png|webp|hei[cf]|avif|tiff)$/;
export const names = /\.(jpe?g|png|webp|hei[cf]|avif|tiff?)$/i;

let count = 0;
const newID = (): string => `${Date.now()}-${String(++count).padStart(5, "0")}`;

// What is chosen stays over a reload, for the tab that it was chosen in.
type Kept = Photo & { key: string; at: number };
const kept = 2 * 86_400_000; // ms: a tab that was closed asks for nothing any more
const tab = (): string => { try { return sessionStorage["opal.tab"] ||= newID(); } catch { return newID(); } };
const keep = (p: Photo): void => { void inStore("photos", "readwrite", (s) => s.put({ ...p, url: "", key: `${tab()} ${p.id}`, at: Date.now() })); };
const forget = (key: string | IDBKeyRange): void => { void inStore("photos", "readwrite", (s) => s.delete(key)); };

let restored = false;
// restore brings back what was chosen before a reload.
export const restore = async (): Promise<void> => {
  if (restored) return;
  restored = true;
  const mine = `${tab()} `, all = await inStore<Kept[]>("photos", "readonly", (s) => s.getAll()) ?? [];
  const here = new Set(photos.value.map((p) => p.id));
  for (const k of all) if (Date.now() - k.at > kept) forget(k.key);
  photos.value = [...all.filter((k) => k.key.startsWith(mine) && !here.has(k.id)).map(({ key: _, at: __, ...p }) => ({ ...p, url: p.source ? "" : URL.createObjectURL(p.file) })), ...photos.value].slice(0, maxPhotos);
};

// skuOf reads a product's number from a file name: CHAIR-04_front.jpg is CHAIR-04.
export const skuOf = (name: string): string => {
  const stem = name.replace(/\.[^.]+$/, "");
  const m = /^([A-Za-z0-9][A-Za-z0-9-]*\d[A-Za-z0-9-]*?)(?:[_.\s]|$)/.exec(stem);
  return m && !/^(IMG|DSC|DSCN|P|PXL)[-_]?\d+$/i.test(m[1]!) ? m[1]! : "";
};

// folderOf is the folder that a file was chosen or dropped in; "": none. What is dropped has its
// path from filesOf.
const folderOf = (f: File & { path?: string }): string => /^(?:\.?\/)?([^/]+)\/./.exec(f.webkitRelativePath || f.path || "")?.[1]?.slice(0, 100) ?? "";

const longest = 255; // characters of a name

// plainName is a name as the service takes it: without control characters and separators of folders.
export const plainName = (name: string): string => {
  const plain = name.replace(/[\p{Cc}\p{Cs}/\\\ufffd]+/gu, " ").trim(), all = [...plain];
  if (/^\.{0,2}$/.test(plain)) return "photo";
  if (all.length <= longest) return plain;
  const [type] = /\.\w{1,5}$/.exec(plain) ?? [""];
  return all.slice(0, longest - type.length).join("") + type;
};

// known says whether a file begins as pictures of the types that are taken do.
const known = async (f: File): Promise<boolean> => {
  const b = new Uint8Array(await f.slice(0, 12).arrayBuffer()), s = String.fromCharCode(...b);
  return s.startsWith("\xff\xd8\xff") || s.startsWith("\x89PNG") || (s.startsWith("RIFF") && s.endsWith("WEBP")) || s.slice(4, 8) === "ftyp" || /^(?:II[*+]\0|MM\0[*+])/.test(s);
};

const fingerprint = async (file: File): Promise<string> => {
  // without https there is no digest: size and name have to do
  if (!crypto.subtle) return `${file.size}/${file.name}`;
  const sum = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(sum)].map((b) => b.toString(16).padStart(2, "0")).join("");
};

const grid = 64; // pixels of the picture on which the product is looked for
const apart = 36; // of 255: what differs more from a plain backdrop is none of it

// sideOf is the share of a photo's sides that stands out of a plain backdrop; all of it where there is none.
const sideOf = (bitmap: ImageBitmap): [number, number] => {
  const draw = new OffscreenCanvas(grid, grid).getContext("2d")!;
  draw.drawImage(bitmap, 0, 0, grid, grid);
  const { data } = draw.getImageData(0, 0, grid, grid);
  const at = (x: number, y: number): number[] => [0, 1, 2, 3].map((c) => data[4 * (y * grid + x) + c]!);
  const rim = Array.from({ length: grid }, (_, i) => [at(i, 0), at(0, i), at(grid - 1, i)]).flat(); // things stand on the lower edge
  const plain = [0, 1, 2, 3].map((c) => rim.map((p) => p[c]!).sort((a, b) => a - b)[rim.length >> 1]!);
  const differs = (p: number[]): boolean => p.some((v, c) => Math.abs(v - plain[c]!) > apart);
  if (rim.filter(differs).length > rim.length / 10) return [1, 1];
  let [left, top, right, bottom] = [grid, grid, 0, 0];
  for (let y = 0; y < grid; y++) for (let x = 0; x < grid; x++) if (differs(at(x, y))) { left = Math.min(left, x); right = Math.max(right, x + 1); top = Math.min(top, y); bottom = y + 1; }
  return right > left ? [(right - left) / grid, (bottom - top) / grid] : [1, 1];
};

const shows = /^image\/(jpeg|png|webp)$/; // every browser does

const measure = async (file: File): Promise<{ width: number; height: number; side: number } | null> => {
  try {
    const bitmap = await createImageBitmap(file), { width, height } = bitmap;
    const [w, h] = sideOf(bitmap);
    bitmap.close();
    return { width, height, side: Math.round(Math.max(width * w, height * h)) };
  } catch { return shows.test(file.type) ? null : { width: 0, height: 0, side: 0 }; }
};

const every = 100; // ms between two looks of the page at what was added meanwhile

// add looks at files and takes those that can be used.
export const add = async (files: File[]): Promise<void> => {
  const no: Refusal[] = [], taken: Photo[] = [];
  const here = new Set(photos.value.map((p) => p.hash));
  const full = (): boolean => photos.value.length + taken.length >= maxPhotos;
  let shown = Date.now();
  const show = (): void => { taken.forEach(keep); photos.value = [...photos.value, ...taken.splice(0)]; shown = Date.now(); };
  const one = async (given: File, folder = folderOf(given)): Promise<void> => {
    if (given.name.startsWith(".") && (given.name.startsWith("._") || !names.test(given.name))) return; // a system's own, such as .DS_Store
    const name = plainName(given.name), file = name === given.name ? given : new File([given], name, { type: given.type, lastModified: given.lastModified });
    const why = !types.test(file.type) && !names.test(file.name) ? "type" : file.size === 0 ? "empty" : file.size > maxBytes ? "size" : full() ? "many" : null;
    if (why) { no.push({ name: file.name, why }); return; }
    if (!await known(file)) { no.push({ name: file.name, why: "type" }); return; }
    const hash = await fingerprint(file);
    if (here.has(hash)) { no.push({ name: file.name, why: "twice" }); return; }
    here.add(hash);
    const size = await measure(file);
    if (!size) { no.push({ name: file.name, why: "broken" }); return; }
    if (size.width * size.height > maxPixels) { no.push({ name: file.name, why: "pixels" }); return; }
    taken.push({ id: newID(), file, sku: skuOf(file.name), ...size, url: URL.createObjectURL(file), hash, folder });
    if (Date.now() - shown > every) show();
  };
  for (const file of files) {
    if (!/\.zip$/i.test(file.name) && file.type !== "application/zip") { await one(file); continue; }
    try {
      const { unzip } = await import("./unzip"), inside = await unzip(file, names, maxBytes);
      if (!inside.length) no.push({ name: file.name, why: "empty" });
      for (const p of inside) {
        if (full()) no.push({ name: p.name, why: "many" });
        else await p.read().then((f) => one(f, plainName(file.name.replace(/\.zip$/i, "")).slice(0, 100)), () => no.push({ name: p.name, why: "type" }));
      }
    } catch { no.push({ name: file.name, why: "type" }); }
  }
  if (taken.length) show();
  if (no.length) refused.value = [...refused.value, ...no];
};

const nameAt = (source: string): string => {
  const last = new URL(source).pathname.split("/").pop() ?? "";
  try { return plainName(decodeURIComponent(last) || new URL(source).host); } catch { return plainName(last); }
};

// addAddresses takes photos that the service fetches itself.
export const addAddresses = (all: string[]): void => {
  const here = new Set(photos.value.map((p) => p.source));
  photos.value = [...photos.value, ...all.filter((a) => !here.has(a)).map((source) => {
    const name = nameAt(source);
    return { id: newID(), file: new File([], name), sku: skuOf(name), width: 0, height: 0, side: 0, url: "", hash: source, folder: "", source };
  })].slice(0, maxPhotos);
  photos.value.filter((p) => p.source).forEach(keep);
};

export const remove = (id: string): void => {
  const p = photos.value.find((x) => x.id === id);
  if (p) URL.revokeObjectURL(p.url);
  forget(`${tab()} ${id}`);
  photos.value = photos.value.filter((x) => x.id !== id);
};

export const clear = (): void => {
  for (const p of photos.value) URL.revokeObjectURL(p.url);
  forget(IDBKeyRange.bound(`${tab()} `, `${tab()} \uffff`));
  photos.value = [];
  refused.value = [];
};
