// Photos on their way up. They are kept in the browser's storage until they are there,
// so that a reload goes on where it was.
import { computed, signal } from "@preact/signals";
import { client, got, once, Problem, unreachable, type Schemas } from "../api";
import { put } from "./put";
import { readSome } from "./sheet";
import { inStore } from "./store";

type Kept = { item: string; job: string; name: string; type: string; blob: Blob; url: string; at: number };
export type Upload = { item: string; job: string; name: string; share: number; state: "waits" | "goes" | "broke" };

export const uploads = signal<Upload[]>([]);
export const rest = computed(() => uploads.value.length);

// arrived is how much is up of what was given since nothing was on its way, 0 to 1.
const given = signal(0);
export const arrived = computed(() => (given.value ? (given.value - uploads.value.length + uploads.value.reduce((n, u) => n + u.share, 0)) / given.value : 0));

const parallel = 4;
let running = 0;
const kept = new Map<string, Kept>();

const set = (item: string, change: Partial<Upload> | null): void => {
  if (change === null && uploads.peek().length === 1) given.value = 0;
  uploads.value = change === null ? uploads.value.filter((u) => u.item !== item) : uploads.value.map((u) => (u.item === item ? { ...u, ...change } : u));
};

// resume goes on with what an earlier visit left.
export const resume = async (): Promise<void> => {
  const found = await inStore<Kept[]>("uploads", "readonly", (s) => s.getAll());
  for (const k of found ?? []) if (!kept.has(k.item)) queue(k);
  pump();
};

const queue = (k: Kept): void => {
  kept.set(k.item, k);
  given.value++;
  uploads.value = [...uploads.value, { item: k.item, job: k.job, name: k.name, share: 0, state: "waits" }];
};

const pump = (): void => {
  for (const u of uploads.value) {
    if (running >= parallel) return;
    if (u.state !== "waits") continue;
    running++;
    set(u.item, { state: "goes" });
    void send(kept.get(u.item)!).finally(() => { running--; pump(); });
  }
};

const urlLife = 13 * 60_000; // of 15 minutes

const send = async (k: Kept): Promise<void> => {
  for (let tries = 0; ; tries++) {
    try {
      if (Date.now() - k.at > urlLife || tries > 0) {
        k.url = (await got(client.POST("/v1/uploads/sas", { body: { job_id: k.job, item_id: k.item, filename: k.name, content_type: k.type } }))).upload_url;
        k.at = Date.now();
      }
      await put(k.url, k.blob, (share) => set(k.item, { share }));
      await got(client.POST("/v1/uploads/complete", { body: { job_id: k.job, item_id: k.item } }));
      break;
    } catch (error) {
      // what the service refuses is told by the item itself; it is not sent again
      const passing = error instanceof Problem && (error.code === unreachable || error.status >= 500 || error.status === 429 || error.status === 403 || error.code === "upload_missing");
      if (!passing) break;
      set(k.item, { state: "broke", share: 0 });
      await new Promise((go) => setTimeout(go, Math.min(30_000, 1000 * 2 ** Math.min(tries, 5))));
      set(k.item, { state: "goes" });
    }
  }
  kept.delete(k.item);
  set(k.item, null);
  await inStore("uploads", "readwrite", (s) => s.delete(k.item));
  void readSome(k.job, [k.item]).catch(() => { /* the stream tells, too */ });
};

export type Order = Omit<Schemas["NewJob"], "items"> & { scenes: string[]; words: string; steering?: Schemas["Steering"] };
// source is the address of a photo that the service fetches; then there is no file of it.
export type Source = { file: File; sku: string; source?: string };

export const perJob = 100;

// requestOf is the body of a job of some photos.
export const requestOf = (order: Order, sources: Source[], dry: boolean): Schemas["NewJob"] => {
  const { scenes, words, steering, ...rest } = order;
  return {
    ...rest, dry_run: dry, uploads: !dry,
    items: sources.map((s) => ({ filename: s.file.name, ...(s.source ? { source_url: s.source } : {}), ...(s.sku ? { sku: s.sku } : {}), ...(scenes.length ? { scene_types: scenes } : {}), ...(words ? { scene_prompt: words } : {}), ...(steering && Object.keys(steering).length ? { steering } : {}) })),
  };
};

// bring sends photos of items that wait for them.
export const bring = (list: { item: string; job: string; name: string; file: File; url: string }[]): void => {
  for (const { file, ...u } of list) {
    const k: Kept = { ...u, type: file.type, blob: file, at: Date.now() };
    if (kept.has(k.item)) continue;
    queue(k);
    void inStore("uploads", "readwrite", (st) => st.put(k));
  }
  pump();
};

// make orders the pictures of photos and begins to send them. It returns the job.
export const make = async (order: Order, sources: Source[]): Promise<string> => {
  const made = await got(client.POST("/v1/jobs", { params: { header: once() }, body: requestOf(order, sources, false) }));
  const each = Math.max(1, made.items.length / sources.length); // one item a scene; siblings share an upload
  bring(sources.flatMap((s, i) => {
    const it = made.items[Math.round(i * each)]!;
    return s.source ? [] : [{ item: it.item_id, job: made.job_id!, name: s.file.name, file: s.file, url: it.upload_url! }];
  }));
  return made.job_id!;
};
