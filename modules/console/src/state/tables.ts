// Tables of products and addresses of photos that are dropped or pasted: the service fetches
// what they name, and gets the files that they name from here.
import { signal } from "@preact/signals";
import { address, client, got, once, Problem, problemOf, send, type Schemas } from "../api";
import { t } from "../words";
import { familyOf } from "./codes";
import { textOf } from "./notice";
import { addAddresses, maxBytes, names } from "./photos";
import { put } from "./put";
import { bring } from "./uploads";

export type Import = Schemas["Import"];

export const isTable = (name: string): boolean => /\.(csv|tsv|jsonl|ndjson)$/i.test(name);

// addresses returns the addresses in a text that holds nothing else.
export const addresses = (text: string): string[] => {
  const all = text.trim().split(/\s+/);
  return all.length > 0 && all.length <= 100 && all.every((a) => /^https?:\/\/[^\s/]+\/\S+$/.test(a) && URL.canParse(a)) ? [...new Set(all)] : [];
};

export const ended = (i: Import): boolean => i.finished_at !== null;
export const at = (id: string) => ({ params: { path: { import_id: id } } });

// Table is one that the next set is made of, or the address at which the service reads it; files are
// photos that came with it.
export type Table = { from: File | string; files: File[] };
export const table = signal<Table | null>(null);

// Looked is what an import would make of the table; why: it can't be told, and blind: it may all the same.
export type Looked = { look: Schemas["ImportPreview"] | null; why: string; blind: boolean };
export const looked = signal<Looked | null>(null);

// takeTable has the next set made of a table.
export const takeTable = async (from: File | string, files: File[] = []): Promise<void> => {
  table.value = { from, files: [] };
  looked.value = null;
  await addNamed(files);
};

// addNamed adds photos, and those of ZIPs, to the table's.
export const addNamed = async (files: File[]): Promise<void> => {
  const all: File[] = [];
  for (const f of files) {
    if (!/\.zip$/i.test(f.name)) { all.push(f); continue; }
    const { unzip } = await import("./unzip");
    for (const p of await unzip(f, names, maxBytes)) all.push(await p.read());
  }
  if (table.value) table.value = { ...table.value, files: [...table.value.files, ...all] };
};

const unfetched = (at: string, why: "code.feed" | "code.address"): string => (at.startsWith("https:") ? t(why) : t("webhook.https"));

// takeAddresses has the next set made of the table at an address, or of the photos at some. Those that
// the service never fetches are told.
export const takeAddresses = async (all: string[], asTable = all.length === 1 && isTable(new URL(all[0]!).pathname)): Promise<void> => {
  if (asTable) { await takeTable(all[0]!); return; }
  const refused = async (some: string[]): Promise<unknown> => got(client.POST("/v1/jobs", { body: { dry_run: true, items: some.map((a) => ({ filename: "photo.jpg", source_url: a })) } })).then(() => null, (e: unknown) => e);
  const isAddress = (e: unknown): boolean => e instanceof Problem && familyOf(e.code) === "address";
  const good: string[] = [], bad: string[] = [];
  if (isAddress(await refused(all))) for (const a of all) (isAddress(await refused([a])) ? bad : good).push(a);
  else good.push(...all);
  addAddresses(good);
  if (bad.length) throw new Error(`${bad.slice(0, 3).join(", ")}${bad.length > 3 ? " …" : ""}: ${unfetched(bad[0]!, "code.address")}`);
};

// lookAt asks what an import would make of a table. Nothing is kept or ordered.
export const lookAt = async (from: File | string, wishes: Schemas["NewImport"]): Promise<Looked> => {
  const form = new FormData();
  if (wishes.brand_profile_id) form.append("brand_profile_id", wishes.brand_profile_id);
  if (wishes.scene_prompt) form.append("scene_prompt", wishes.scene_prompt);
  for (const name of ["scene_types", "presets"] as const) for (const one of wishes[name] ?? []) form.append(name, one);
  if (typeof from === "string") form.append("url", from); else form.append("file", from);
  try {
    const answer = await send(new Request(address("/v1/imports/preview"), { method: "POST", body: form }));
    const body = await answer.json().catch(() => null) as Schemas["ImportPreview"] | null;
    if (!answer.ok || !body) throw problemOf(answer, body);
    return { look: body, why: "", blind: false };
  } catch (e) { return { look: null, why: typeof from === "string" && e instanceof Problem && familyOf(e.code) === "address" ? unfetched(from, "code.feed") : textOf(e), blind: e instanceof Problem && /^import_preview|^body_too_large/.test(e.code) }; }
};

// beginImport sends a table, or names a feed's address, and has its rows become sets. wishes
// are those of rows that have none.
export const beginImport = async (from: File | string, wishes: Schemas["NewImport"]): Promise<string> => {
  const file = typeof from === "string" ? null : from;
  const i = await got(client.POST("/v1/imports", { params: { header: once() }, body: { ...wishes, ...(file ? { filename: file.name } : { url: from as string }) } }));
  if (file) {
    await put(i.upload_url!, file, () => { /* a table is small */ });
    await got(client.POST("/v1/imports/{import_id}/start", { params: { ...at(i.import_id).params, header: once() } }));
  }
  return i.import_id;
};

// bare is a file's name without folders, as systems write it differently.
export const bare = (name: string): string => name.replaceAll("\\", "/").split("/").pop()!.normalize("NFC").toLowerCase();

// unused names the files that no row of a table names, by import; sent are the items whose
// photos this page has sent.
export const unused = signal<Record<string, string[]>>({});
export const sent = signal<ReadonlySet<string>>(new Set());

// bringNamed sends the files that an import's rows name, as its rows become pictures. The
// service gives a photo few addresses at a time, so they are asked for when rows were added.
export const bringNamed = async (id: string, files: File[]): Promise<void> => {
  const by = new Map(files.map((f) => [bare(f.name), f]));
  const used = new Set<string>();
  for (let known = -1, all = false; !all;) {
    const i = await got(client.GET("/v1/imports/{import_id}", at(id)));
    if (ended(i)) break;
    for (let cursor: string | undefined; i.uploads !== known || i.status === "working";) {
      const page = await got(client.GET("/v1/imports/{import_id}/uploads", { params: { ...at(id).params, query: { limit: 200, cursor } } }));
      const fit = page.uploads.filter((u) => by.has(bare(u.file)));
      for (const u of fit) used.add(bare(u.file));
      const fresh = fit.filter((u) => !sent.value.has(u.item_id));
      sent.value = new Set([...sent.value, ...fresh.map((u) => u.item_id)]);
      bring(fresh.map((u) => { const file = by.get(bare(u.file))!; return { item: u.item_id, job: u.job_id, name: file.name, file, url: u.upload_url }; }));
      all = page.all_rows;
      if (!page.next_cursor) break;
      cursor = page.next_cursor;
    }
    known = i.uploads;
    if (!all) await new Promise((go) => setTimeout(go, 2000));
  }
  unused.value = { ...unused.value, [id]: [...by].filter(([name]) => !used.has(name)).map(([, f]) => f.name) };
};

// missing returns photos that rows name by their files and that have not arrived, up to 100.
export const missing = async (id: string): Promise<Schemas["ImportUpload"][]> =>
  (await got(client.GET("/v1/imports/{import_id}/uploads", { params: { ...at(id).params, query: { limit: 100 } } }))).uploads.slice(0, 100);
