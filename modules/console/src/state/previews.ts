// Small pictures of a photo in scenes, before anything is sent or ordered.
import { address, problemOf, send, type Schemas } from "../api";
import { sayConcern } from "./plain";
import { blobOf } from "./steer";

const side = 640;

// small returns a copy of a photo that is small enough for previews; null where this
// browser doesn't show its format.
export const small = async (file: Blob): Promise<Blob | null> => {
  try {
    const bitmap = await createImageBitmap(file);
    const k = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
    const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * k)), Math.max(1, Math.round(bitmap.height * k)));
    canvas.getContext("2d")!.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    // a photo that is cut out already keeps that
    return await canvas.convertToBlob(file.type === "image/png" || file.type === "image/webp" ? { type: "image/png" } : { type: "image/jpeg", quality: 0.9 });
  } catch { return null; }
};

// inLook is a brand as pictures of one of its looks follow it.
export const inLook = (b: Schemas["NewBrandProfile"], l: Schemas["Look"] | undefined): Schemas["NewBrandProfile"] => (l ? { ...b, scene_prompt: l.scene_prompt || b.scene_prompt, steering: { ...b.steering, ...l.steering } } : b);

export type Look = { brand?: string; draft?: Schemas["NewBrandProfile"]; words?: string };
// told are the concerns of each scene's picture, in words.
export type Seen = { urls: Map<string, string>; told: Map<string, string>; unknown: string[] };

const most = 12;

// see returns a URL of a picture for each scene.
export const see = async (photo: Blob, name: string, scenes: string[], look: Look): Promise<Seen> => {
  const seen: Seen = { urls: new Map(), told: new Map(), unknown: [] };
  for (let i = 0; i < scenes.length; i += most) {
    const form = new FormData();
    form.append("scene_types", scenes.slice(i, i + most).join(","));
    if (look.draft) form.append("brand_profile", JSON.stringify(look.draft));
    else if (look.brand) form.append("brand_profile_id", look.brand);
    if (look.words) form.append("scene_prompt", look.words);
    form.append("file", photo, name);
    const answer = await send(new Request(address("/v1/previews"), { method: "POST", body: form }));
    const body = await answer.json().catch(() => null) as Schemas["PhotoPreviews"] | null;
    if (!answer.ok || !body) throw problemOf(answer, body);
    for (const p of body.previews) {
      seen.urls.set(p.scene_type, URL.createObjectURL(blobOf(p.image)));
      seen.told.set(p.scene_type, p.concerns.map(sayConcern).join(" "));
    }
    seen.unknown = body.unknown_words ?? [];
  }
  return seen;
};

export const forget = (s: Seen | null): void => { for (const url of s?.urls.values() ?? []) URL.revokeObjectURL(url); };
