// The pictures of a sheet as tiles: filtered, sorted, selected, judged and saved, by mouse and
// by keyboard.
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { go } from "../route";
import { filter, listed, order, size, sizes, sought } from "../state/listed";
import { takeAlong } from "../state/look";
import { calm, complain, doing, hear, tell } from "../state/notice";
import { packed, saveVariants } from "../state/save";
import { lacks, may } from "../state/session";
import { again, briefs, chosen, counts, decide, leaveOut, several, shown, spot, stateOf, type Brief } from "../state/sheet";
import { waiting, waits } from "../state/waiting";
import { t, type Key } from "../words";
import { Empty } from "./Empty";
import { Grid, type GridHandle } from "./Grid";
import { Icon } from "./Icon";
import { LookDialog } from "./LookDialog";
import { Role } from "./Role";
import { SheetFilters } from "./SheetFilters";
import { stateText, Tile } from "./Tile";

const repeatable = (b: Brief): boolean => b.status === "failed";
const leavable = (b: Brief): boolean => !["done", "channel", "look", "approved", "rejected", "out"].includes(stateOf(b));

export const Contact = () => {
  const active = useSignal(0);
  const anchor = useRef(0);
  const grid = useRef<GridHandle>({ columns: 1, reveal: () => undefined });
  const root = useRef<HTMLDivElement>(null);

  const list = listed.value;
  const current = Math.min(active.value, Math.max(0, list.length - 1));

  const choose = (index: number, range: boolean): void => {
    const next = new Set(chosen.value);
    if (range) {
      const [from, to] = [Math.min(anchor.current, index), Math.max(anchor.current, index)];
      for (let i = from; i <= to; i++) if (list[i]) next.add(list[i]!.item_id);
    } else {
      const it = list[index]!.item_id;
      if (!next.delete(it)) next.add(it);
      anchor.current = index;
    }
    active.value = index;
    chosen.value = next;
  };

  const focusOn = (index: number): void => {
    const at = Math.max(0, Math.min(listed.value.length - 1, index));
    active.value = at;
    grid.current.reveal(at);
    const seek = (tries: number): void => {
      const tile = root.current?.querySelector<HTMLElement>(`[data-item="${CSS.escape(listed.value[at]?.item_id ?? "")}"] [data-main]`);
      if (tile) tile.focus({ preventScroll: true });
      else if (tries > 0) requestAnimationFrame(() => seek(tries - 1));
    };
    requestAnimationFrame(() => seek(20));
  };

  const acted = (): Brief[] => (chosen.value.size ? briefs.value.filter((b) => chosen.value.has(b.item_id)) : list[current] ? [list[current]!] : []);

  const each = async (of: Brief[], done: Key, act: (b: Brief) => Promise<unknown>, also = ""): Promise<void> => {
    if (!of.length) return;
    chosen.value = new Set();
    const queue = [...of], failed: Brief[] = [];
    let why: unknown;
    await Promise.all(Array.from({ length: Math.min(6, queue.length) }, async () => {
      for (let b = queue.shift(); b; b = queue.shift()) {
        try { await act(b); } catch (error) { failed.push(b); why = error; }
      }
    }));
    if (failed.length) { // they stay selected, for another try
      if (of.length > 1) chosen.value = new Set(failed.map((b) => b.item_id));
      complain(why, failed.length > 3 ? t("sheet.title", { n: failed.length }) : failed.map((b) => b.sku ?? b.filename).join(", "));
    } else if (of.some((b) => waits(b.item_id))) tell(`${of.length > 1 ? t(done, { n: of.length }) : of[0]!.sku ?? of[0]!.filename}${also}. ${t("waits")}`);
    else if (of.length > 1 || also) tell(t(done, { n: of.length }) + also);
    else { calm(); hear(t(done, { n: 1 })); }
  };
  const judge = (verb: "approve" | "reject"): void => {
    if (!may("approve")) return;
    const of = acted().filter((b) => b.status === "completed");
    const single = !chosen.value.size;
    const refused = verb === "approve" ? of.reduce((n, b) => n + b.rejected.length, 0) : 0;
    void each(of, verb === "approve" ? "sheet.approved" : "sheet.rejected", (b) => decide(b, verb), refused ? `. ${t("tile.channel", { n: refused })}` : "");
    // in a list of doubts the decided tile goes, and the next one takes its place
    if (single && of.length) focusOn(filter.value === "look" ? current : current + 1);
  };
  // those of a selection that this is not for stay as they are, and are told
  const some = (fits: (b: Brief) => boolean, none: Key, done: Key, act: (b: Brief) => Promise<void>): void => {
    if (!may("write")) return;
    const all = acted(), of = all.filter(fits), rest = all.length - of.length;
    if (!of.length) { if (all.length) tell(t(none)); return; }
    void each(of, done, act, rest ? `. ${t("sheet.others", { n: rest })}` : "");
  };
  const repeat = (): void => some(repeatable, "sheet.no_repeat", "sheet.repeated", again);
  const leave = (): void => some(leavable, "sheet.no_leave", "sheet.left_out", leaveOut);
  const save = (): void => {
    const of = acted().filter((b) => b.status === "completed");
    if (of.length < 2) { void each(of, "sheet.saved", async (b) => { await saveVariants(b.job_id, b.item_id); }); return; }
    void doing(async () => { await packed(of, "chosen"); chosen.value = new Set(); });
  };
  const looks = useSignal<Brief[] | null>(null); // those that get another look
  const another = (): void => {
    const of = acted().filter((b) => b.status === "completed");
    if (of.length && may("write")) looks.value = of;
  };
  const apart = (of: Brief[]): void => void doing(async () => {
    await takeAlong(of, (done) => tell(t("sheet.taking", { done, n: of.length })));
    go("new");
  });

  const pressed = (e: KeyboardEvent): void => {
    const target = e.target as HTMLElement;
    if (e.ctrlKey || e.metaKey || e.altKey || target.closest("dialog") || target.matches("input:not([type=checkbox]), select, textarea")) return;
    const inGrid = target.closest(".grid");
    const moves: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: grid.current.columns, ArrowUp: -grid.current.columns, Home: -1e9, End: 1e9 };
    if (inGrid && e.key in moves) {
      e.preventDefault();
      const at = Math.max(0, Math.min(list.length - 1, current + moves[e.key]!));
      if (e.shiftKey) choose(at, true);
      focusOn(at);
      return;
    }
    if (inGrid && e.key === " ") { e.preventDefault(); choose(current, e.shiftKey); return; }
    if (e.key === "Escape" && chosen.value.size) { chosen.value = new Set(); return; }
    const acts: Record<string, () => void> = { a: () => judge("approve"), r: () => judge("reject"), m: repeat, l: another, o: leave, d: save, x: () => { if (list[current]) choose(current, false); } };
    const act = acts[e.key.toLowerCase()];
    if (act && (inGrid || chosen.value.size)) { e.preventDefault(); act(); }
  };

  const selected = chosen.value.size;
  const picked = selected ? acted() : [];
  const off = (fits: (b: Brief) => boolean, none: Key): { disabled?: boolean; title?: string } => (picked.some(fits) ? lacks("write") : { disabled: true, title: t(none) });
  const doubt = list.find((b) => stateOf(b) === "look") ?? shown.value.find((b) => stateOf(b) === "look");
  const tall = list.some((b) => stateOf(b) === "refused" || stateOf(b) === "failed");
  const wide = list.some((b) => stateText(b).length > (sizes[size.value] - 38) / 7); // a word of two lines
  const stacked = tall && 7 * (Math.max(t("tile.again").length, t("tile.replace").length) + t("tile.leave").length) + 48 > sizes[size.value]; // its two buttons stand one below the other
  const wait = list.some((b) => stateOf(b) === "queued" || stateOf(b) === "waiting") || waiting.value.length > 0;
  return (
    <div ref={root} onKeyDown={pressed} class="sheet">
      <Role scope="approve" />
      <SheetFilters />
      {doubt && <p class="callout"><Icon name="eye" /><span>{t("sheet.doubts", { n: counts.value.look ?? 0 })}</span>
        <button type="button" class="primary" onClick={() => { order.value = "doubt"; go(...spot(doubt.job_id, doubt.item_id)); }}>{t("sheet.review")}</button></p>}
      {list.length === 0 ? <Empty title={t("sheet.none")}>{shown.value.length > 0 && <button type="button" onClick={() => { filter.value = "all"; sought.value = ""; }}>{t("sheet.show_all")}</button>}</Empty>
        : <Grid items={list} keyOf={(b) => b.item_id} label={t("sheet.grid")} min={sizes[size.value]} ratio={1} extra={(tall ? 154 : list.some((b) => b.waiting) ? 104 : wait || list.some((b) => stateOf(b) === "approved" && b.rejected.length > 0) ? 85 : 66) + (several.value ? 19 : 0) + (wide ? 17 : 0) + (stacked ? size.value === "s" ? 49 : 33 : 0)} handle={(h) => { grid.current = h; }}
          tile={(b, i) => <Tile b={b} chosen={chosen.value.has(b.item_id)} current={i === current} choose={(range) => choose(i, range)} focus={() => { active.value = i; }} />} />}
      {looks.value && <LookDialog of={looks.value} close={() => { looks.value = null; }} apart={() => apart(looks.value ?? [])} />}
      <div class="bar" role="toolbar" aria-label={t("sheet.bar")}>
        {/* one button for both, so that the focus stays */}
        <button type="button" class="quiet" onClick={() => { chosen.value = new Set(selected ? [] : list.map((b) => b.item_id)); }}>{selected ? t("sheet.unselect") : t("sheet.select_all")}</button>
        {selected > 0 ? <>
          <strong>{t("sheet.selected", { n: selected })}</strong>
          <button type="button" class="primary" onClick={() => judge("approve")} {...lacks("approve")}><Icon name="check" />{t("approve")} <kbd>A</kbd></button>
          <button type="button" onClick={() => judge("reject")} {...lacks("approve")}><Icon name="cross" />{t("reject")} <kbd>R</kbd></button>
          <button type="button" onClick={repeat} {...off(repeatable, "sheet.no_repeat")}><Icon name="again" />{t("tile.again")} <kbd>M</kbd></button>
          <button type="button" onClick={another} {...lacks("write")}><Icon name="swap" />{t("sheet.another")} <kbd>L</kbd></button>
          <button type="button" onClick={leave} {...off(leavable, "sheet.no_leave")}>{t("tile.leave")} <kbd>O</kbd></button>
          <button type="button" onClick={save}><Icon name="down" />{t("download")} <kbd>D</kbd></button>
        </> : <span class="soft keys">{t("sheet.keys")}</span>}
      </div>
    </div>
  );
};
