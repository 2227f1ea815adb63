// Photos of a set that get another look: they are fetched as they were uploaded.
import { client, got } from "../api";
import { add, photos } from "./photos";
import { fileAt } from "./save";
import type { Brief } from "./sheet";
import { make, type Order } from "./uploads";

const original = async (itemID: string, name: string): Promise<File> => {
  const { download_url } = await got(client.GET("/v1/downloads/{item_id}/original", { params: { path: { item_id: itemID } } }));
  const blob = await fileAt(download_url);
  return new File([blob], name, { type: blob.type });
};

// takeAlong puts the photos of some pictures into the next set, one each. Pictures that
// have no photo are left out. It returns how many it took.
export const takeAlong = async (list: Brief[], progress: (done: number) => void): Promise<number> => {
  const byPhoto = new Map(list.filter((b) => b.status !== "created").map((b) => [`${b.filename}/${b.sku ?? ""}`, b]));
  const before = photos.value.length;
  let done = 0;
  for (const b of byPhoto.values()) {
    const file = await original(b.item_id, b.filename);
    await add([file]);
    if (b.sku) photos.value = photos.value.map((p) => (p.file === file ? { ...p, sku: b.sku! } : p));
    progress(++done);
  }
  return photos.value.length - before;
};

// withLook orders one picture's photo with another look. It returns the new set's job.
export const withLook = async (b: { item_id: string; filename: string; sku: string | null }, order: Order): Promise<string> => {
  const file = await original(b.item_id, b.filename);
  return make(order, [{ file, sku: b.sku ?? "" }]);
};
