// Decisions that the service could not be told yet. They are kept in the browser's storage and sent in
// their order once it can be reached, while whoever took them is signed in.
import { computed, signal } from "@preact/signals";
import { client, got, isAway, Problem, tenant, whenBack, type Schemas } from "../api";
import { session } from "./session";

type Review = Schemas["ItemBrief"]["review"];
// seen is the state that the decision was made by, and name what people call the picture.
export type Decision = { job_id: string; item_id: string; name: string; verb: "approve" | "reject"; note: string; seen: Review; by: string };

const place = "opal.decisions";
const kept = (): Decision[] => {
  try {
    const all: unknown = JSON.parse(localStorage.getItem(place) ?? "[]");
    return Array.isArray(all) ? all as Decision[] : [];
  } catch { return held.peek(); } // a browser that keeps nothing: they live in this tab
};

const held = signal<Decision[]>([]);
held.value = kept();
addEventListener("storage", (e) => { if (e.key === place) held.value = kept(); }); // another tab's

export const by = (): string => `${session.value?.name ?? ""} ${tenant ?? ""}`.trim();
export const waiting = computed(() => held.value.filter((d) => d.by === by()));
export const waits = (item: string): Decision | undefined => waiting.value.find((d) => d.item_id === item);
export const reviewOf = (d: Decision): "approved" | "rejected" => (d.verb === "approve" ? "approved" : "rejected");

const change = (next: (all: Decision[]) => Decision[]): void => {
  const all = next(kept());
  try { localStorage.setItem(place, JSON.stringify(all)); } catch { /* as in kept */ }
  held.value = all;
};

// hold keeps a decision, in the place of an earlier one on the picture that waits, too.
export const hold = (d: Decision): void => change((all) => [...all.filter((x) => x.item_id !== d.item_id || x.by !== d.by), d]);

// A line that swallows what is sent is taken for none after this.
const patience = 20_000;

export const post = async (d: Decision): Promise<void> => {
  const call = { params: { path: { job_id: d.job_id, item_id: d.item_id } }, body: { note: d.note, seen: d.seen ?? ("none" as const) }, signal: AbortSignal.timeout(patience) };
  await got(d.verb === "approve" ? client.POST("/v1/jobs/{job_id}/items/{item_id}/approve", call) : client.POST("/v1/jobs/{job_id}/items/{item_id}/reject", call));
};

// over takes a decision out that the service has answered. Where the user decided otherwise meanwhile,
// that one waits, and was made by what is known there now.
const over = (d: Decision, taken: boolean): void => change((all) => all.flatMap((x) => (x.item_id !== d.item_id || x.by !== d.by ? [x] : x.verb === d.verb ? [] : [taken ? { ...x, seen: reviewOf(d) } : x])));

// oneTab runs a task, or other while another tab of this browser runs its own: to wait for that one would be
// to read what is kept before the browser tells of its changes. Without https a browser has no locks: then two
// tabs may send the same decision, which the service takes as one.
const oneTab = async (task: () => Promise<void>, other: () => void): Promise<void> => {
  await (navigator.locks ? navigator.locks.request(place, { ifAvailable: true }, (mine) => (mine ? task() : other())) : task());
};

let sending: Promise<void> | null = null;
let stop = (): void => undefined;

// sendWaiting sends what waits, and again later while the service is away. told hears of each that the
// service took, and done of all that it refused.
export const sendWaiting = (told: (d: Decision) => void, done: (refused: [Decision, unknown][]) => void): Promise<void> => {
  if (!waiting.peek().length) return Promise.resolve();
  stop();
  const later = (): void => { stop = whenBack(() => void sendWaiting(told, done)); };
  sending ??= oneTab(async () => {
    const refused: [Decision, unknown][] = [];
    held.value = kept(); // another tab may have sent some
    for (let d = waiting.peek()[0]; d; d = waiting.peek()[0]) {
      try {
        await post(d);
        over(d, true);
        told(d);
      } catch (error) {
        if (isAway(error)) { later(); break; }
        if (error instanceof Problem && error.status === 401) break; // after the next sign-in
        over(d, false);
        refused.push([d, error]);
      }
    }
    if (refused.length) done(refused);
  }, later).finally(() => { sending = null; });
  return sending;
};
