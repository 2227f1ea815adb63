// The photos of the next set: what was dropped, looked at before anything is sent.
import { signal } from "@preact/signals";

export type Photo = { id: string; file: File; sku: string; width: number; height: number; url: string; hash: string; folder: string };
export type Refusal = { name: string; why: "type" | "size" | "empty" | "twice" | "many" };

export const photos = signal<Photo[]>([]);
export const refused = signal<Refusal[]>([]);

const maxBytes = 25 * 1024 * 1024;
export const maxPhotos = 1000;
// A browser may know no type for a phone's pictures, so the name counts too.
const types = /^image\/(jpeg|png|webp|hei[cf]|avif|tiff)$/;
const names = /\.(jpe?g|png|webp|hei[cf]|avif|tiff?)$/i;

let count = 0;

// skuOf reads a product's number from a file name: CHAIR-04_front.jpg is CHAIR-04.
export const skuOf = (name: string): string => {
  const stem = name.replace(/\.[^.]+$/, "");
  const m = /^([A-Za-z0-9][A-Za-z0-9-]*\d[A-Za-z0-9-]*?)(?:[_.\s]|$)/.exec(stem);
  return m && !/^(IMG|DSC|DSCN|P|PXL)[-_]?\d+$/i.test(m[1]!) ? m[1]! : "";
};

// folderOf is the folder that a file was chosen or dropped in; "": none. What is dropped has its
// path from file-selector.
const folderOf = (f: File & { path?: string }): string => /^(?:\.?\/)?([^/]+)\/./.exec(f.webkitRelativePath || f.path || "")?.[1]?.slice(0, 100) ?? "";

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

const measure = async (file: File): Promise<{ width: number; height: number }> => {
  try {
    const bitmap = await createImageBitmap(file);
    const size = { width: bitmap.width, height: bitmap.height };
    bitmap.close();
    return size;
  } catch { return { width: 0, height: 0 }; } // a format that this browser doesn't show
};

const every = 100; // ms between two looks of the page at what was added meanwhile

// add looks at files and takes those that can be used.
export const add = async (files: File[]): Promise<void> => {
  const no: Refusal[] = [], taken: Photo[] = [];
  const here = new Set(photos.value.map((p) => p.hash));
  const full = (): boolean => photos.value.length + taken.length >= maxPhotos;
  let shown = Date.now();
  const show = (): void => { photos.value = [...photos.value, ...taken.splice(0)]; shown = Date.now(); };
  const one = async (file: File): Promise<void> => {
    if (file.name.startsWith(".")) return; // a system's own, such as .DS_Store
    const why = !types.test(file.type) && !names.test(file.name) ? "type" : file.size === 0 ? "empty" : file.size > maxBytes ? "size" : full() ? "many" : null;
    if (why) { no.push({ name: file.name, why }); return; }
    if (!await known(file)) { no.push({ name: file.name, why: "type" }); return; }
    const hash = await fingerprint(file);
    if (here.has(hash)) { no.push({ name: file.name, why: "twice" }); return; }
    here.add(hash);
    const size = await measure(file);
    taken.push({ id: `p${++count}`, file, sku: skuOf(file.name), ...size, url: URL.createObjectURL(file), hash, folder: folderOf(file) });
    if (Date.now() - shown > every) show();
  };
  for (const file of files) {
    if (!/\.zip$/i.test(file.name) && file.type !== "application/zip") { await one(file); continue; }
    try {
      const { unzip } = await import("./unzip"), inside = await unzip(file, names, maxBytes);
      if (!inside.length) no.push({ name: file.name, why: "empty" });
      for (const p of inside) {
        if (full()) no.push({ name: p.name, why: "many" });
        else await p.read().then(one, () => no.push({ name: p.name, why: "type" }));
      }
    } catch { no.push({ name: file.name, why: "type" }); }
  }
  if (taken.length) show();
  if (no.length) refused.value = [...refused.value, ...no];
};

export const remove = (id: string): void => {
  const p = photos.value.find((x) => x.id === id);
  if (p) URL.revokeObjectURL(p.url);
  photos.value = photos.value.filter((x) => x.id !== id);
};

export const clear = (): void => {
  for (const p of photos.value) URL.revokeObjectURL(p.url);
  photos.value = [];
  refused.value = [];
};
