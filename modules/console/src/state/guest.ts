// The calls of a share link's guest. The token is behind # in the page's address, which browsers
// send to no server, and in a header of each call.
import createClient from "openapi-fetch";
import { Problem, problemOf, unreachable } from "../api";
import type { paths } from "../schema";

const token = (): string => location.hash.slice(1);

const most = 3; // times that a call waits where the link's rate is used up

export const send = async (request: Request): Promise<Response> => {
  const headers = new Headers(request.headers), body = request.body ? await request.text() : undefined;
  headers.set("X-Share-Token", token());
  for (let tries = 0; ; tries++) {
    const answer = await fetch(request.url, { method: request.method, headers, body, credentials: "omit", referrerPolicy: "no-referrer" }).catch(() => { throw new Problem(0, unreachable, "The service can't be reached"); });
    const pause = Number(answer.headers.get("Retry-After")) || 0;
    if (answer.status !== 429 || tries >= most || pause <= 0 || pause > 30) return answer;
    await new Promise((go) => setTimeout(go, pause * 1000));
  }
};

export const client = createClient<paths>({ baseUrl: location.origin, fetch: send });

const kept = new Map<string, Promise<string>>();
let running: Promise<unknown> = Promise.resolve();

// pictureURL returns a blob: URL of a picture. Small ones come one after the other, so that a
// long page stays within the link's rate.
export const pictureURL = (id: string, size: "small" | "large", version: string): Promise<string> => {
  const name = `${id}/${size}/${version}`;
  let url = kept.get(name);
  if (!url) {
    const read = async (): Promise<string> => {
      const answer = await send(new Request(`${location.origin}/v1/guest/items/${encodeURIComponent(id)}/picture?size=${size}`));
      if (!answer.ok) throw problemOf(answer, await answer.json().catch(() => null));
      return URL.createObjectURL(await answer.blob());
    };
    url = size === "large" ? read() : running.then(read, read);
    if (size === "small") running = url;
    url.catch(() => kept.delete(name));
    kept.set(name, url);
  }
  return url;
};

const nameKey = "opal.guest";
export const guestName = {
  get: (): string => { try { return sessionStorage.getItem(nameKey) ?? ""; } catch { return ""; } },
  set: (name: string): void => { try { sessionStorage.setItem(nameKey, name); } catch { /* a browser that keeps nothing */ } },
};
