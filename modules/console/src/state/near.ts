// Pictures that are looked at next, read before they are asked for: who decides on one after
// another waits for none.
import { client, got, type Schemas } from "../api";
import { fileAt } from "./save";
import type { Brief } from "./sheet";

type Item = Schemas["Item"];
// image holds on to what the browser decoded of the file at url, a blob: URL.
export type Near = { item: Item; url: string; image: HTMLImageElement };

const most = 5; // full pictures, of some megabytes each

const kept = new Map<string, Near | null>(); // by item and version; null while it is read
let wanted = new Set<string>();

const version = (b: Brief): string => `${b.item_id}/${b.picture}`;

const drop = (name: string): void => {
  const old = kept.get(name);
  kept.delete(name);
  if (old) URL.revokeObjectURL(old.url);
};

const read = async (b: Brief, name: string): Promise<void> => {
  try {
    const [item, { download_url }] = await Promise.all([
      got(client.GET("/v1/jobs/{job_id}/items/{item_id}", { params: { path: { job_id: b.job_id, item_id: b.item_id } } })),
      got(client.GET("/v1/downloads/{item_id}", { params: { path: { item_id: b.item_id } } })),
    ]);
    const near = { item, url: URL.createObjectURL(await fileAt(download_url)), image: new Image() };
    near.image.src = near.url;
    await near.image.decode();
    if (kept.has(name)) kept.set(name, near); else URL.revokeObjectURL(near.url);
  } catch { kept.delete(name); } // its page says why
};

// near returns a picture that was read ahead, of the version that the sheet knows.
export const near = (b: Brief | undefined): Near | null => (b && kept.get(version(b))) ?? null;

// readAhead keeps finished pictures near beside the one that is shown, the first first, and
// lets go of the others.
export const readAhead = async (shown: Brief | undefined, next: (Brief | undefined)[]): Promise<void> => {
  const list = [...new Map(next.flatMap((b) => (b?.status === "completed" ? [[version(b), b] as const] : [])))].slice(0, most - 1);
  wanted = new Set([...(shown ? [version(shown)] : []), ...list.map(([name]) => name)]);
  for (const name of [...kept.keys()]) if (!wanted.has(name)) drop(name);
  for (const [name, b] of list) {
    if (kept.has(name) || !wanted.has(name)) continue; // the next call began meanwhile
    kept.set(name, null);
    await read(b, name);
  }
};
