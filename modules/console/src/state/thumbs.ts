// Thumbnails, read once each and kept while there is room.
import { address, send } from "../api";

const most = 1200; // about 15 MB

const kept = new Map<string, string>(); // by item and version: a blob: URL
const open = new Map<string, Promise<string>>();
let running = 0;
const queue: (() => void)[] = [];

const turn = async (): Promise<void> => {
  if (running >= 8) await new Promise<void>((go) => queue.push(go));
  running++;
};
const done = (): void => { running--; queue.shift()?.(); };

// thumbnail returns a URL of a picture's thumbnail, or its photo's. The version changes with it.
export const thumbnail = (jobID: string, itemID: string, version: string, of = ""): Promise<string> => {
  const name = `${itemID}/${version}`;
  const there = kept.get(name);
  if (there) return Promise.resolve(there);
  let going = open.get(name);
  if (!going) {
    going = read(jobID, itemID, version, of).then((url) => {
      kept.set(name, url);
      if (kept.size > most) {
        const [oldest, at] = kept.entries().next().value!;
        kept.delete(oldest);
        URL.revokeObjectURL(at);
      }
      return url;
    }).finally(() => open.delete(name));
    open.set(name, going);
  }
  return going;
};

const read = async (jobID: string, itemID: string, version: string, of: string): Promise<string> => {
  await turn();
  try {
    const answer = await send(new Request(address(`/v1/jobs/${encodeURIComponent(jobID)}/items/${encodeURIComponent(itemID)}/thumbnail`, { version, of })));
    if (!answer.ok) throw new Error(String(answer.status));
    return URL.createObjectURL(await answer.blob());
  } finally { done(); }
};
