// Steering a picture: what is wished of it, and the small picture that shows it.
import { signal } from "@preact/signals";
import { client, got, once, type Schemas } from "../api";

export type Steering = Schemas["Steering"];
export type Wish = { scene: string; words: string; steering: Steering };
export type Shown = Omit<Schemas["ItemPreview"], "image" | "$schema"> & { url: string };

// shown is what the canvas has in the place of the picture while it is steered; moving is
// where the product is dragged to: left, top, width, height as shares, and how it is turned.
export const shown = signal<Shown | null>(null);
export const moving = signal<{ box: number[]; turn: number } | null>(null);

// blobOf makes a file of what a call answers in base64.
export const blobOf = (base64: string, type = "image/jpeg"): Blob => new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], { type });

// tidy leaves out what is not wished.
export const tidy = (s: Steering): Steering => {
  const out = Object.fromEntries(Object.entries(s).filter(([name, v]) => v !== null && v !== undefined && v !== false && v !== "" && !(name === "scale" && v === 1) && !(name === "rotation" && v === 0) && name !== "shadow")) as Steering;
  const shadow = Object.fromEntries(Object.entries(s.shadow ?? {}).filter(([, v]) => v !== null && v !== undefined && v !== false));
  return Object.keys(shadow).length ? { ...out, shadow } : out;
};

export const same = (a: Wish, b: Wish): boolean => a.scene === b.scene && a.words.trim() === b.words.trim() && JSON.stringify(sorted(a.steering)) === JSON.stringify(sorted(b.steering));
const sorted = (s: Steering): unknown[] => Object.entries(tidy(s)).map(([k, v]) => (typeof v === "object" && v ? [k, Object.entries(v).sort()] : [k, v])).sort();

// changes are the wishes that another one has beside those of before: what is applied to
// other pictures, whose own place and light stay.
export const changes = (now: Wish, before: Wish): Schemas["Remake"] => {
  const steering = Object.fromEntries(Object.entries(tidy(now.steering)).filter(([k, v]) => JSON.stringify(v) !== JSON.stringify(tidy(before.steering)[k as keyof Steering]))) as Steering;
  return { ...(now.scene !== before.scene ? { scene_type: now.scene } : {}), ...(now.words.trim() !== before.words.trim() ? { scene_prompt: now.words.trim() } : {}), ...(Object.keys(steering).length ? { steering } : {}) };
};

const bodyOf = (w: Wish): Schemas["Remake"] => ({ scene_type: w.scene, scene_prompt: w.words.trim(), steering: tidy(w.steering), fresh: true });

// seenAs shows a picture as it would be made again.
export const seenAs = async (jobID: string, itemID: string, body: Schemas["Remake"]): Promise<Shown> => {
  const { image, ...rest } = await got(client.POST("/v1/jobs/{job_id}/items/{item_id}/preview", { params: { path: { job_id: jobID, item_id: itemID } }, body }));
  return { ...rest, url: URL.createObjectURL(blobOf(image)) };
};
export const preview = (jobID: string, itemID: string, w: Wish): Promise<Shown> => seenAs(jobID, itemID, bodyOf(w));

// remake has a picture made again, and returns the item that does so.
export const remake = async (jobID: string, itemID: string, body: Schemas["Remake"]): Promise<string> =>
  (await got(client.POST("/v1/jobs/{job_id}/items/{item_id}/remake", { params: { path: { job_id: jobID, item_id: itemID }, header: once() }, body }))).item_id;
export const remakeAs = (jobID: string, itemID: string, w: Wish): Promise<string> => remake(jobID, itemID, bodyOf(w));

// latest runs one call at a time: of those that are asked for meanwhile the last one follows.
export const latest = <T,>(done: (v: T) => void, failed: (e: unknown) => void): ((ask: () => Promise<T>) => void) => {
  let next: (() => Promise<T>) | null = null;
  let running = false;
  const run = async (): Promise<void> => {
    running = true;
    while (next) {
      const ask = next;
      next = null;
      try { const v = await ask(); if (!next) done(v); } catch (e) { if (!next) failed(e); }
    }
    running = false;
  };
  return (ask) => { next = ask; if (!running) void run(); };
};

// layer returns the product alone, cut to what is visible of it, and where that is in the
// photo: left, top, width and height as shares. It returns null where nothing is visible.
export const layer = async (url: string): Promise<{ url: string; bounds: number[] } | null> => {
  const bitmap = await createImageBitmap(await (await fetch(url)).blob());
  const k = Math.min(1, 512 / Math.max(bitmap.width, bitmap.height));
  const [w, h] = [Math.max(1, Math.round(bitmap.width * k)), Math.max(1, Math.round(bitmap.height * k))];
  const all = new OffscreenCanvas(w, h), draw = all.getContext("2d")!;
  draw.drawImage(bitmap, 0, 0, w, h);
  bitmap.close();
  const pixels = draw.getImageData(0, 0, w, h).data;
  let [left, top, right, bottom] = [w, h, 0, 0];
  for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) if (pixels[4 * (y * w + x) + 3]! > 8) { left = Math.min(left, x); right = Math.max(right, x + 1); top = Math.min(top, y); bottom = y + 1; }
  if (right <= left) return null;
  const out = new OffscreenCanvas(right - left, bottom - top);
  out.getContext("2d")!.drawImage(all, -left, -top);
  return { url: URL.createObjectURL(await out.convertToBlob()), bounds: [left / w, top / h, (right - left) / w, (bottom - top) / h] };
};
