// Products to try a brand or a scene on: the newest photos, else OPAL's own.
import { client, got } from "../api";
import { small } from "./previews";

export type Product = { name: string; photo: Blob };

let kept: Product[] = [];

// products returns up to n photos of different products.
export const products = async (n: number): Promise<Product[]> => {
  if (kept.length >= n) return kept.slice(0, n);
  const found: Product[] = [];
  try {
    const { items } = await got(client.GET("/v1/items", { params: { query: { limit: 60, status: "completed", needs_review: "false" } } }));
    const names = new Set<string>();
    for (const it of items) {
      if (found.length >= n) break;
      if (names.has(it.filename) || !it.raw_blob_path || it.review?.state === "rejected") continue;
      names.add(it.filename);
      const { download_url } = await got(client.GET("/v1/downloads/{item_id}/original", { params: { path: { item_id: it.item_id } } }));
      const photo = await small(await (await fetch(download_url)).blob());
      if (photo) found.push({ name: it.filename, photo });
    }
  } catch { /* the sample has to do */ }
  if (found.length < n) {
    const photo = await small(await (await fetch("/sample.jpg")).blob());
    if (photo && !found.some((f) => f.name === "sample-bottle.jpg")) found.push({ name: "sample-bottle.jpg", photo });
  }
  return kept = found;
};
