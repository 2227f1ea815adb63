// A picture on the contact sheet.
import { useEffect, useRef } from "preact/hooks";
import { rest } from "../state/pace";
import { again, chosen as picked, leaveOut, replace, several, spot, stateOf, turns, type Brief, type State } from "../state/sheet";
import { uploads } from "../state/uploads";
import { familyOf } from "../state/codes";
import { doing, textOf } from "../state/notice";
import { Problem } from "../api";
import { go, to } from "../route";
import { sceneTitle } from "../state/catalogue";
import { lasting, number, said, t, when, type Key } from "../words";
import { Icon } from "./Icon";
import { Thumb } from "./Thumb";
import { lacks } from "../state/session";
import { waits as held } from "../state/waiting";

const marks: Partial<Record<string, string>> = { look: "eye", approved: "check", done: "check", rejected: "cross", failed: "warn", refused: "warn", channel: "warn", out: "cross" };

type Props = { b: Brief; chosen: boolean; current: boolean; choose: (range: boolean) => void; focus: () => void };

const reason = (b: Brief): string => (b.error_code ? textOf(new Problem(0, b.error_code, b.error_message ?? b.error_code))
  : stateOf(b) === "look" && (b.concern || !b.rejected.length) ? said("concern", b.concern ?? "", b.review_reason ?? t("tile.look")) : b.rejected.length ? t("tile.channel", { n: b.rejected.length }) : b.waiting ? t("picture.waits", { n: b.waiting.item_ids.length, at: when(b.waiting.until) }) : "");

// waiting says how far a photo is on its way, or which turn its picture has and when.
const waiting = (b: Brief, state: State): string => {
  if (held(b.item_id)) return t("waits");
  const up = state === "waiting" && uploads.value.find((u) => u.item === b.item_id || (u.job === b.job_id && u.name === b.filename));
  if (up) return t("tile.up", { n: Math.floor(100 * up.share) });
  const turn = state === "queued" && !b.waiting && turns.value.get(b.item_id);
  return turn ? t("tile.turn", { n: turn }) + (rest(turn) ? `, ${lasting(rest(turn))}` : "") : "";
};

// byWhom names the guest who decided.
const byWhom = (b: Brief): string => (b.by_guest && b.decided_by && (b.review === "approved" || b.review === "rejected") ? ` · ${t("by.guest", { name: b.decided_by })}` : "");

// stateText is what a tile says of its state.
export const stateText = (b: Brief): string => t(`state.${stateOf(b)}` as Key) + byWhom(b);

const pick = (b: Brief): void => {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = "image/*,.heic,.heif";
  input.onchange = () => { const file = input.files?.[0]; if (file) void doing(() => replace(b, file)); };
  input.click();
};

const long = 450; // ms until a finger that stays selects

// usePress has a finger that stays on a tile select it, and from then on a tap, too. It
// returns what the link of the tile listens to.
const usePress = (choose: (range: boolean) => void) => {
  const press = useRef({ timer: 0, touch: false, done: false }).current;
  const stop = (): void => { clearTimeout(press.timer); };
  useEffect(() => stop, []);
  return {
    onPointerDown: (e: PointerEvent): void => {
      press.touch = e.pointerType === "touch";
      press.done = false;
      if (press.touch) press.timer = window.setTimeout(() => { press.done = true; choose(false); }, long);
    },
    onPointerUp: stop, onPointerCancel: stop, // a finger that moves scrolls, which cancels
    onContextMenu: (e: Event): void => { if (press.touch) e.preventDefault(); },
    onClick: (e: MouseEvent): void => {
      if (!press.done && !(press.touch && picked.value.size) && !e.shiftKey && !e.metaKey && !e.ctrlKey) return;
      e.preventDefault();
      if (!press.done) choose(e.shiftKey);
      press.touch = press.done = false;
    },
  };
};

export const Tile = ({ b, chosen, current, choose, focus }: Props) => {
  const state = stateOf(b);
  const why = reason(b);
  const word = t(`state.${state}` as Key);
  const waits = waiting(b, state);
  const press = usePress(choose);
  return (
    <div class={`tile ${state}${chosen ? " chosen" : ""}`} data-item={b.item_id} onFocusIn={focus}>
      <a class="tile-picture" href={to(...spot(b.job_id, b.item_id))} tabIndex={current ? 0 : -1} data-main
        aria-label={`${b.filename}, ${sceneTitle(b.scene_type)}, ${word}${byWhom(b)}${b.comments ? `, ${t("tile.comments", { n: b.comments })}` : ""}${b.enlarged && b.enlarged > 3 ? `, ${t("tile.enlarged", { n: number(b.enlarged, 1) })}` : ""}${why || waits ? `: ${why || waits}` : ""}${chosen ? `, ${t("tile.chosen")}` : ""}`}
        {...press}>
        <Thumb job={b.job_id} item={b.item_id} version={b.picture} photo={b.photo} />
        {state === "working" && <span class="busy" aria-hidden="true" />}
        {b.enlarged && b.enlarged > 3 ? <span class="soft-mark" aria-hidden="true" title={t("tile.enlarged", { n: number(b.enlarged, 1) })} data-times={`${number(b.enlarged, 1)}×`} /> : null}
        {b.comments ? <span class="talk" aria-hidden="true" title={t("tile.comments", { n: b.comments })}><Icon name="talk" />{b.comments}</span> : null}
      </a>
      <label class="tile-choose"><input type="checkbox" tabIndex={current ? 0 : -1} checked={chosen} aria-label={t("tile.choose", { name: b.filename })}
        onClick={(e) => {
          const box = e.currentTarget;
          choose(e.shiftKey);
          setTimeout(() => { box.checked = picked.value.has(b.item_id); }); // a range keeps what the click took away
        }} /></label>
      <div class="tile-text">
        <strong title={b.filename} onClick={() => go(...spot(b.job_id, b.item_id))}>{b.sku ?? b.filename}</strong>
        {several.value && <span class="soft clip">{sceneTitle(b.scene_type)}</span>}
        <span class={`state ${state}`} title={why || stateText(b)}>{marks[state] && <Icon name={marks[state]!} />}<span>{stateText(b)}</span></span>
        {state === "approved" && why && <span class="warn-text clip" title={why}>{why}</span>}
        {waits && <span class="soft clip" title={waits}>{waits}</span>}
        {(state === "refused" || state === "failed" || b.waiting) && <p class="tile-why" title={why}>{why}</p>}
        {(state === "refused" || state === "failed") && <div class="tile-buttons">
          {state === "refused" || /^(photo|large)$/.test(familyOf(b.error_code ?? "")) ? <button type="button" tabIndex={current ? 0 : -1} onClick={() => pick(b)} {...lacks("write")}>{t("tile.replace")}<span class="unseen"> {b.filename}</span></button>
            : <button type="button" tabIndex={current ? 0 : -1} onClick={() => void doing(() => again(b))} {...lacks("write")}>{t("tile.again")}<span class="unseen"> {b.filename}</span></button>}
          <button type="button" tabIndex={current ? 0 : -1} onClick={() => void doing(() => leaveOut(b))} {...lacks("write")}>{t("tile.leave")}<span class="unseen"> {b.filename}</span></button>
        </div>}
      </div>
    </div>
  );
};
