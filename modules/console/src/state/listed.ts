// Which of a sheet's pictures are shown, and in which order.
import { computed, signal } from "@preact/signals";
import { open, shown, stateOf, type Brief, type Place, type State } from "./sheet";

export type Filter = "all" | "look" | "failed" | "channel" | "done" | "approved" | "rejected" | "open" | "talk";
const holds: Record<Filter, (s: State, b: Brief) => boolean> = {
  all: () => true, look: (s) => s === "look", failed: (s) => s === "failed" || s === "refused", channel: (s) => s === "channel",
  done: (s) => s === "done", approved: (s) => s === "approved", rejected: (s) => s === "rejected", open: (s) => s === "waiting" || s === "queued" || s === "working", talk: (_, b) => Boolean(b.comments),
};
export const sizes = { s: 110, m: 180, l: 300 };

export const filter = signal<Filter>("all");
export const sought = signal("");
export const order = signal<"made" | "doubt" | "name">("made");
export const size = signal<keyof typeof sizes>("m");

// listed is what the grid shows: the Picture page goes through it in the same order.
export const listed = computed(() => {
  const words = sought.value.trim().toLowerCase();
  const all = shown.value.filter((b) => holds[filter.value](stateOf(b), b) &&
    (!words || b.filename.toLowerCase().includes(words) || (b.sku ?? "").toLowerCase().includes(words) || b.scene_type.includes(words)));
  // what needed a look stays in its place when somebody decided
  const doubted = (b: Brief): number => (b.review === "pending" || b.review_reason ? 0 : 1);
  if (order.value === "doubt") all.sort((a, b) => doubted(a) - doubted(b) || (a.confidence ?? 2) - (b.confidence ?? 2));
  if (order.value === "name") all.sort((a, b) => a.filename.localeCompare(b.filename, undefined, { numeric: true }));
  return all;
});

// enter opens a sheet, with all of it shown when it is another than before.
let last = "";
export const enter = (place: Place, id: string): void => {
  if (last !== id) { filter.value = "all"; sought.value = ""; last = id; }
  void open(place, id);
};
