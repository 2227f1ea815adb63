// Tables of products and addresses of photos that are dropped or pasted: the service fetches
// what they name.
import { client, got, once, type Schemas } from "../api";
import { put } from "./put";

export const isTable = (name: string): boolean => /\.(csv|tsv|jsonl|ndjson)$/i.test(name);

// addresses returns the photos' addresses in a text that holds nothing else.
export const addresses = (text: string): string[] => {
  const all = text.trim().split(/\s+/);
  return all.length > 0 && all.length <= 100 && all.every((a) => /^https:\/\/[^\s/]+\/\S+$/.test(a)) ? [...new Set(all)] : [];
};

// importTable begins an import and returns it once its rows are counted, or after a while.
export const importTable = async (file: File): Promise<Schemas["Import"]> => {
  let i = await got(client.POST("/v1/imports", { params: { header: once() }, body: { filename: file.name } }));
  await put(i.upload_url!, file, () => { /* a table is small */ });
  const path = { params: { path: { import_id: i.import_id } } };
  i = await got(client.POST("/v1/imports/{import_id}/start", { params: { ...path.params, header: once() } }));
  for (let tries = 0; tries < 20 && ["created", "queued", "processing"].includes(i.status); tries++) {
    await new Promise((go) => setTimeout(go, 1000));
    i = await got(client.GET("/v1/imports/{import_id}", path));
  }
  return i;
};

// orderOf has pictures made of photos at their addresses, and returns the set.
export const orderAddresses = async (all: string[]): Promise<string> =>
  (await got(client.POST("/v1/jobs", { params: { header: once() }, body: { items: all.map((source_url) => ({ filename: "", source_url })) } }))).job_id!;
