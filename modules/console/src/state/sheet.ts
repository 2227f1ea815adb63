// A set, or the sets of a collection, as the contact sheet shows them: read once, then kept
// current: a set by the deltas of its event stream, a collection by asking what changed.
import { computed, signal } from "@preact/signals";
import { client, events, got, isAway, once, Problem, type Schemas } from "../api";
import { t } from "../words";
import { go } from "../route";
import { complain, finished, tell, textOf } from "./notice";
import { rest } from "./pace";
import { put } from "./put";
import { by, hold, post, reviewOf, sendWaiting, waiting, waits, type Decision } from "./waiting";

export type Brief = Schemas["ItemBrief"] & { job_id: string };
export type Place = "sets" | "collections";
export type Job = Omit<Schemas["Job"], "items">;
type Progress = Schemas["Progress"];

// job is the set that is shown, and group the collection; the other one is null.
export const job = signal<Job | null>(null);
export const group = signal<Schemas["Collection"] | null>(null);
export const briefs = signal<Brief[]>([]);
export const missing = signal<Problem | null>(null);
export const live = signal<"live" | "asking" | "ended">("asking");

let current = ""; // place and id
let place: Place = "sets", placeID = "";
let stop: AbortController | null = null;

// home is the address of the sheet, and spot that of one of its pictures.
export const home = (): string[] => [place, placeID];
export const spot = (jobID: string, itemID: string): string[] => (place === "sets" ? ["sets", jobID, itemID] : ["collections", placeID, jobID, itemID]);

// state is what a tile says of itself, one word for status, review and channel.
export type State = "waiting" | "refused" | "queued" | "working" | "look" | "approved" | "rejected" | "done" | "channel" | "failed" | "out";

export const stateOf = (b: Brief): State => {
  if (b.status === "cancelled" || b.left_out) return "out";
  if (b.status === "failed") return "failed";
  if (b.status === "created") return b.error_code ? "refused" : "waiting";
  if (b.status === "uploaded" || b.status === "queued") return "queued";
  if (b.status !== "completed") return "working";
  if (b.review === "pending") return "look";
  if (b.review === "rejected") return "rejected";
  if (b.review === "approved") return "approved";
  return b.rejected.length > 0 ? "channel" : "done";
};

// newer names the finished picture that counts in the place of another, by the other.
export const newer = computed(() => new Map(briefs.value.flatMap((b) => (b.superseded_by ? [[b.item_id, b.superseded_by]] : []))));

// shown are the pictures of a sheet, one for each that was ordered, in that order: the newest
// of those that it was made as, also while that is in work. One that failed or was left out
// leaves its place to the one before.
export const shown = computed(() => {
  const by = new Map(briefs.value.map((b) => [b.item_id, b]));
  const tried = new Map(briefs.value.flatMap((b) => (b.retried_by ? [[b.retried_by, b.item_id]] : [])));
  // the picture that was ordered first, of which b was tried or made again
  const origin = (b: Brief): string => {
    const seen = new Set<string>();
    for (let at = b; ;) {
      seen.add(at.item_id);
      const from = by.get(at.retry_of ?? at.remake_of ?? tried.get(at.item_id) ?? "");
      if (!from || seen.has(from.item_id)) return at.item_id;
      at = from;
    }
  };
  const places = new Map<string, Brief>();
  for (const b of briefs.value) {
    const place = origin(b), there = places.get(place);
    const over = b.remake_of && (b.status === "failed" || b.status === "cancelled");
    if (!there || (!b.retried_by && !newer.value.has(b.item_id) && !over)) places.set(place, b);
  }
  return [...places.values()];
});

// chosen are the items that the user has selected.
export const chosen = signal<ReadonlySet<string>>(new Set());

export const counts = computed(() => {
  const n: Partial<Record<State, number>> = {};
  for (const b of shown.value) { const s = stateOf(b); n[s] = (n[s] ?? 0) + 1; }
  return n;
});

// before is how many pictures of other sets were ordered earlier and are not made yet.
export const before = signal(0);

// turns are the places in the queue of a set's pictures, 1 for the next one. Those of a
// collection have none: its sets may stand apart.
export const turns = computed(() => {
  const all = new Map<string, number>();
  let n = before.value;
  if (job.value) for (const b of briefs.value) if (b.status === "queued") all.set(b.item_id, ++n);
  return all;
});

// stuck is whether nothing is left to be made but of photos that were refused: they wait for the user.
export const stuck = computed(() => {
  const refused = counts.value.refused ?? 0;
  return refused > 0 && ((job.value ?? group.value)?.counts.open ?? 0) <= refused;
});

// left says how many seconds the rest takes, without refused photos; 0: not known, or none.
export const left = computed(() => {
  const open = ((job.value ?? group.value)?.counts.open ?? 0) - (counts.value.refused ?? 0);
  return open > 0 ? rest(before.value + open) : 0;
});

// several is whether the pictures are of more than one scene: then each names its own.
export const several = computed(() => new Set(shown.value.map((b) => b.scene_type)).size > 1);

const at = (id: string) => ({ params: { path: { job_id: id } } });
const atGroup = (id: string) => ({ params: { path: { collection_id: id } } });

// asOf is from when on pictures are asked for when they changed.
let asOf = "";

// readAll reads a set's pictures: all of them, or those that changed since the last time.
const readAll = async (id: string, since = ""): Promise<Brief[]> => {
  const all: Brief[] = [];
  let from = "";
  for (let cursor: string | undefined; ;) {
    const page = await got(client.GET("/v1/jobs/{job_id}/items", { params: { path: { job_id: id }, query: { limit: 1000, cursor, ...(since ? { changed_since: since } : {}) } } }));
    from ||= page.as_of;
    all.push(...page.items.map((b) => ({ ...b, job_id: id })));
    if (!page.next_cursor) break;
    cursor = page.next_cursor;
  }
  asOf = from;
  return all;
};

// readGroup reads a collection's pictures, those that were ordered first before the others:
// all of them, or those that changed since the last time.
const readGroup = async (id: string, since = ""): Promise<Brief[]> => {
  const all: Brief[] = [];
  let from = "";
  for (let cursor: string | undefined; ;) {
    const page = await got(client.GET("/v1/collections/{collection_id}/items", { params: { path: { collection_id: id }, query: { cursor, ...(since ? { changed_since: since } : {}) } } }));
    from ||= page.as_of;
    all.push(...page.items);
    if (!page.next_cursor) break;
    cursor = page.next_cursor;
  }
  asOf = from;
  return all.reverse();
};

// Decisions of the user that a read may not know yet, because it began before the service
// had them: since is the moment from which reads know.
let moments = 0;
const decisions = new Map<string, { review: Brief["review"]; since: number }>();
const decided = (b: Brief, begun: number): Brief => {
  const held = waits(b.item_id);
  if (held) return { ...b, review: reviewOf(held) };
  const d = decisions.get(b.item_id);
  if (!d) return b;
  if (begun <= d.since) return { ...b, review: d.review };
  decisions.delete(b.item_id);
  return b;
};

// Reads follow each other: an answer never undoes what a later one told.
let reads: Promise<unknown> = Promise.resolve();
const inTurn = <T,>(read: () => Promise<T>): Promise<T> => {
  const mine = reads.then(read);
  reads = mine.catch(() => { /* told to who waits for it */ });
  return mine;
};

export const readSome = (jobID: string, items: string[]): Promise<void> => inTurn(async () => {
  const here = current;
  if (place === "sets" ? placeID !== jobID : !briefs.peek().some((b) => b.job_id === jobID)) return; // it is not shown
  for (let i = 0; i < items.length; i += 100) {
    const begun = ++moments;
    const page = await got(client.GET("/v1/jobs/{job_id}/items", { params: { path: { job_id: jobID }, query: { item_id: items.slice(i, i + 100) } } }));
    if (current === here) merge(page.items.map((b) => decided({ ...b, job_id: jobID }, begun)));
  }
});

// readThese reads pictures again, of whichever sets.
export const readThese = async (list: { job_id: string; item_id: string }[]): Promise<void> => {
  const by = new Map<string, string[]>();
  for (const b of list) by.set(b.job_id, [...(by.get(b.job_id) ?? []), b.item_id]);
  for (const [jobID, items] of by) await readSome(jobID, items);
};

const readSheet = (): Promise<void> => inTurn(async () => {
  const begun = ++moments, here = current;
  const all = await (place === "sets" ? readAll(placeID) : readGroup(placeID));
  if (current === here) briefs.value = all.map((b) => decided(b, begun));
});

const merge = (fresh: Brief[]): void => {
  const by = new Map(fresh.map((b) => [b.item_id, b]));
  const next = briefs.value.map((b) => {
    const f = by.get(b.item_id);
    by.delete(b.item_id);
    return f ?? b;
  });
  briefs.value = [...next, ...by.values()];
};

const settled = (b: Brief): boolean => b.review === "approved" || b.review === "rejected";

// learn takes over what others did, and reports whether there was something. Where they undid a
// decision, it tells who: the page has shown that one as the last word.
const learn = (read: Brief[], begun: number): boolean => {
  const known = new Map(briefs.peek().map((b) => [b.item_id, b]));
  const fresh = read.map((b) => decided(b, begun)).filter((b) => JSON.stringify(b) !== JSON.stringify(known.get(b.item_id)));
  const undone = fresh.filter((b) => { const was = known.get(b.item_id); return was && was.review !== b.review && settled(was) && settled(b); });
  if (fresh.length) merge(fresh);
  if (undone.length) tell(undone.slice(0, 3).map((b) => t("by.changed", { name: b.sku ?? b.filename, state: t(`state.${b.review as "approved" | "rejected"}`), who: b.by_guest ? t("by.guest", { name: b.decided_by ?? "" }) : b.decided_by || t("by.other") })).join(" "));
  return fresh.length > 0;
};

// refresh reads items again, after the user changed them.
export const refresh = (...items: string[]): Promise<void> => {
  const jobs = new Map(briefs.value.map((b) => [b.item_id, b.job_id]));
  return readThese(items.flatMap((i) => { const of = jobs.get(i) ?? (place === "sets" ? placeID : ""); return of ? [{ job_id: of, item_id: i }] : []; }));
};

const readJob = async (id: string): Promise<void> => {
  // the job without its items: the list of jobs has it so, the job's own answer doesn't
  const was = job.value;
  if (was && was.job_id === id) return;
  const page = await got(client.GET("/v1/jobs", { params: { query: { limit: 1 } } }));
  const first = page.jobs[0];
  if (first?.job_id === id) { job.value = first; return; }
  const { items: _, ...rest } = await got(client.GET("/v1/jobs/{job_id}", at(id)));
  job.value = rest;
};

// ended reads what only the end of the job brings: its ZIP.
const readEnd = async (id: string): Promise<void> => {
  const { items: _, ...rest } = await got(client.GET("/v1/jobs/{job_id}", at(id)));
  if (place === "sets" && placeID === id) job.value = rest;
};

const final = (status: string): boolean => status === "completed" || status === "failed" || status === "cancelled";

const busyPause = 3000, quietPause = 15_000;
let busyUntil = 0;
let wake = (): void => undefined;

const busy = (c: Schemas["Collection"]): boolean => c.counts.open + c.counts.open_exports > 0 || c.zip === "pending" || Date.now() < busyUntil;

// followGroup asks now and then what changed in a collection: guests decide, too, after its end.
const followGroup = async (id: string, signal: AbortSignal): Promise<void> => {
  for (;;) {
    const was = group.peek();
    await new Promise<void>((go) => { const timer = setTimeout(go, was && !busy(was) ? quietPause : busyPause); wake = () => { clearTimeout(timer); go(); }; signal.addEventListener("abort", wake); });
    if (signal.aborted) return;
    try {
      await inTurn(async () => {
        const begun = ++moments, now = await got(client.GET("/v1/collections/{collection_id}", atGroup(id)));
        const fresh = await readGroup(id, asOf);
        if (signal.aborted) return;
        learn(fresh, begun);
        group.value = now;
      });
      live.value = "live";
      const now = group.peek()!;
      if (now.counts.total < (was?.counts.total ?? 0)) await readSheet(); // a set was deleted
      if (was && was.counts.open > 0 && now.counts.open === 0) finished(shown.value.length);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && error.status === 404) { missing.value = error; return; }
      live.value = "asking";
    }
  }
};

const othersPause = 4000;

// followOthers asks now and then what changed in a set that is looked at: people decide while
// it is made and after its end, and no event of its stream tells that.
const followOthers = async (id: string, signal: AbortSignal): Promise<void> => {
  for (;;) {
    await new Promise((go) => setTimeout(go, live.peek() === "ended" ? othersPause : quietPause));
    if (signal.aborted) return;
    if (document.hidden) continue;
    try {
      await inTurn(async () => {
        const begun = ++moments, fresh = await readAll(id, asOf);
        // somebody else may have pictures made again
        if (!signal.aborted && learn(fresh, begun) && live.peek() === "ended" && fresh.some((b) => !final(b.status))) revive();
      });
    } catch (error) {
      if (!signal.aborted && error instanceof Problem && error.status === 404) { missing.value = error; return; }
    }
  }
};

export const readCollection = async (): Promise<void> => { const id = placeID, c = await got(client.GET("/v1/collections/{collection_id}", atGroup(id))); if (place === "collections" && placeID === id) group.value = c; };

const follow = async (id: string, signal: AbortSignal): Promise<void> => {
  let last = "";
  let changed = new Set<string>();
  let timer = 0;
  const flush = (): void => {
    timer = 0;
    const now = [...changed];
    changed = new Set();
    readSome(id, now).catch(() => { for (const i of now) changed.add(i); });
  };
  for (let tries = 0; !signal.aborted; tries++) {
    try {
      await events(`/v1/jobs/${encodeURIComponent(id)}/events`, { delta: "true" }, last, (type, data, eventID) => {
        tries = 0;
        live.value = "live";
        if (eventID) last = eventID;
        if (type === "progress") {
          const p = data as Progress;
          const known = new Map(briefs.value.map((b) => [b.item_id, b]));
          let steps = false;
          for (const it of p.items) {
            const b = known.get(it.item_id);
            // a row that came to its photo, waits for others' or did, says more than its state
            const more = b && b.status !== it.status && (b.status === "created" || it.status === "queued" || b.waiting);
            if (!b || more || final(it.status) || (b.error_code ?? "") !== (it.error_code ?? "")) changed.add(it.item_id);
            else if (b.status !== it.status) { known.set(it.item_id, { ...b, status: it.status }); steps = true; }
          }
          if (steps) briefs.value = briefs.value.map((b) => known.get(b.item_id) ?? b);
          if (job.value) job.value = { ...job.value, status: p.status, counts: p.counts };
        } else if (type.startsWith("export.")) {
          const item = (data as { item_id?: string }).item_id;
          if (item) changed.add(item);
        } else if (type === "end") {
          live.value = "ended";
          void finish(id);
        }
        if (changed.size && !timer) timer = window.setTimeout(flush, 900);
      }, signal);
      if (live.value === "ended") return;
    } catch (error) {
      if (signal.aborted || (error instanceof Problem && error.status === 404)) return;
      live.value = "asking";
    }
    await new Promise((go) => setTimeout(go, Math.min(15_000, 1000 * 2 ** Math.min(tries, 4))));
    if (signal.aborted) return;
    if (tries > 0) { // streams don't get through: look instead
      try {
        await readSheet();
        await readEnd(id);
        if (job.value?.finished_at) { live.value = "ended"; await finish(id); return; }
      } catch { /* the next round tries again */ }
    }
  }
};

const finish = async (id: string): Promise<void> => {
  const here = current;
  // without this last look the ZIP would never be offered
  for (let tries = 0; ; tries++) {
    try {
      await readSheet();
      await readEnd(id);
      break;
    } catch (error) {
      if (current !== here || (error instanceof Problem && error.status === 404)) return;
      await new Promise((go) => setTimeout(go, Math.min(15_000, 1000 * 2 ** tries)));
    }
  }
  if (current !== here) return;
  finished(shown.value.length);
};

// A set that has ended is read again when the user comes back to its window: guests decide and
// write meanwhile.
const backPause = 10_000; // ms between two reads
let cameBack = 0;
addEventListener("focus", () => {
  if (place !== "sets" || !current || live.value !== "ended" || Date.now() - cameBack < backPause) return;
  cameBack = Date.now();
  readSheet().catch(() => { /* it stays as it is shown */ });
});

// open shows a set or a collection; close stops following it.
export const open = async (where: Place, id: string): Promise<void> => {
  const key = `${where}/${id}`;
  if (current === key && !missing.value) return;
  close();
  chosen.value = new Set();
  [current, place, placeID] = [key, where, id];
  const mine = stop = new AbortController();
  try {
    await Promise.all([readSheet(), where === "sets" ? readJob(id) : readCollection()]);
    if (current !== key) return;
  } catch (error) {
    if (current === key) missing.value = error instanceof Problem ? error : new Problem(0, "", String(error));
    return;
  }
  if (where === "collections") { live.value = "live"; void followGroup(id, mine.signal); return; }
  void followOthers(id, mine.signal);
  if (job.value?.finished_at) live.value = "ended";
  else void follow(id, mine.signal);
};

export const close = (): void => {
  stop?.abort();
  stop = null;
  current = placeID = asOf = "";
  decisions.clear();
  job.value = group.value = null;
  briefs.value = [];
  missing.value = null;
  live.value = "asking";
};

const item = (b: Brief) => ({ params: { path: { job_id: b.job_id, item_id: b.item_id } } });

// isOutdated says whether a decision was not taken because somebody decided otherwise meanwhile.
export const isOutdated = (error: unknown): boolean => error instanceof Problem && error.code === "decided_meanwhile";

// sendDecisions sends those that wait for the connection, and tells those that the service did not take.
export const sendDecisions = (): Promise<void> => sendWaiting((d) => { decisions.set(d.item_id, { review: reviewOf(d), since: ++moments }); }, (refused) => {
  const by = new Map<string, string[]>();
  for (const [d, error] of refused) by.set(textOf(error), [...(by.get(textOf(error)) ?? []), d.name]);
  const first = refused[0]![0];
  complain(new Error([...by].map(([text, names]) => `${names.join(", ")}: ${text}`).join(" ")), "", { text: t("picture.back_to"), key: "", go: () => go("sets", first.job_id, first.item_id) });
  for (const [d] of refused) decisions.delete(d.item_id);
  void readThese(refused.map(([d]) => d)).catch(() => { /* it is asked for again soon */ });
});

// decide approves or rejects and shows it immediately. It reports whether the service has it: where that
// can't be reached, the decision waits for the connection. It takes it back when it fails.
export const decide = async (b: Brief, verb: "approve" | "reject", note = ""): Promise<boolean> => {
  const earlier = waits(b.item_id);
  // where somebody decided otherwise since what was seen, that is told
  const { job_id, item_id } = b, of: Decision = { job_id, item_id, name: b.sku ?? b.filename, verb, note, seen: earlier ? earlier.seen : b.review, by: by() };
  const d: { review: Brief["review"]; since: number } = { review: reviewOf(of), since: Infinity };
  decisions.set(b.item_id, d);
  merge([{ ...b, review: d.review }]);
  const later = async (): Promise<boolean> => { hold(of); await sendDecisions(); return !waits(item_id); };
  if (waiting.value.length) return later(); // in their order
  try {
    await post(of);
    d.since = ++moments;
    return true;
  } catch (error) {
    if (isAway(error)) return later();
    if (decisions.get(b.item_id) === d) {
      decisions.delete(b.item_id);
      merge([b]);
    }
    if (isOutdated(error)) await refresh(b.item_id).catch(() => { /* it is asked for again soon */ });
    throw error;
  }
};

export const leaveOut = async (b: Brief): Promise<void> => {
  await got(client.POST("/v1/jobs/{job_id}/items/{item_id}/cancel", item(b)));
  await refresh(b.item_id);
};

// again tries a failed item again; the new one takes its place.
export const again = async (b: Brief): Promise<void> => {
  const made = await got(client.POST("/v1/jobs/{job_id}/items/{item_id}/retry", { params: { ...item(b).params, header: once() } }));
  await readSome(b.job_id, [b.item_id, made.item_id]);
  revive();
};

// revive follows a set again that had ended, and looks at a collection soon.
export const revive = (): void => {
  if (place === "collections") { busyUntil = Date.now() + 30_000; wake(); return; }
  const id = placeID;
  if (!id || live.value !== "ended") return;
  live.value = "asking";
  stop?.abort();
  stop = new AbortController();
  if (job.value) job.value = { ...job.value, status: "processing", finished_at: null, export_blob_path: null };
  void follow(id, stop.signal);
  void followOthers(id, stop.signal);
};

export const cancelRest = async (): Promise<void> => { await got(client.POST("/v1/jobs/{job_id}/cancel", at(placeID))); };

// replace sends another photo for an item whose photo was refused, or could not be worked on in
// any scene.
export const replace = async (of: Brief, file: File): Promise<void> => {
  let b = of;
  if (of.status === "failed") {
    const alike = shown.value.filter((x) => x.job_id === of.job_id && x.status === "failed" && !x.left_out && x.photo === of.photo);
    for (const x of alike) {
      const made = await got(client.POST("/v1/jobs/{job_id}/items/{item_id}/retry", { params: { ...item(x).params, query: { upload: true }, header: once() } }));
      if (x === of) b = { ...of, item_id: made.item_id };
      await readSome(x.job_id, [x.item_id, made.item_id]);
    }
    revive();
  }
  const up = await got(client.POST("/v1/uploads/sas", { body: { job_id: b.job_id, item_id: b.item_id, filename: file.name, content_type: file.type } }));
  await put(up.upload_url, file, () => { /* one photo: the tile says that it works */ });
  try { await got(client.POST("/v1/uploads/complete", { body: { job_id: b.job_id, item_id: b.item_id, filename: file.name, rename: true } })); }
  finally { await refresh(b.item_id); } // this one may be refused, too, for a reason of its own
};
