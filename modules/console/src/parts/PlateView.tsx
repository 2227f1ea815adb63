// A scene photo with what is known of it drawn over it: horizon, floor and a ruler are
// dragged; the keyboard moves the corners, and the sliders beside it the rest.
import { useRef } from "preact/hooks";
import type { Schemas } from "../api";
import { t } from "../words";

export type About = Schemas["PlateAbout"];
export type Ruler = { from: [number, number]; to: [number, number] } | null;
type Props = { url: string; width: number; height: number; about: About; change: (a: Partial<About>) => void; ruler: Ruler; measure: (r: Ruler) => void; measuring: boolean };

const between = (v: number, low: number, high: number): number => Math.max(low, Math.min(high, v));
const share = (v: number): number => Math.round(v * 1000) / 1000;

export const PlateView = ({ url, width, height, about, change, ruler, measure, measuring }: Props) => {
  const box = useRef<HTMLDivElement>(null);
  const floor = about.floor ?? [0, about.horizon, 1, 1];
  const follow = (e: PointerEvent, step: (x: number, y: number) => void): void => {
    if (e.button !== 0) return;
    e.preventDefault();
    e.stopPropagation();
    const area = box.current!.getBoundingClientRect();
    const move = (m: PointerEvent): void => step(between((m.clientX - area.left) / area.width, 0, 1), between((m.clientY - area.top) / area.height, 0, 1));
    const stop = (): void => { removeEventListener("pointermove", move); removeEventListener("pointerup", stop); removeEventListener("pointercancel", stop); };
    addEventListener("pointermove", move); addEventListener("pointerup", stop); addEventListener("pointercancel", stop);
  };
  const horizon = (e: PointerEvent): void => follow(e, (_x, y) => {
    const h = share(between(y, 0, 0.95));
    change({ horizon: h, floor: [floor[0]!, Math.max(floor[1]!, h), floor[2]!, Math.max(floor[3]!, Math.min(1, h + 0.03))] });
  });
  const put = (left: boolean, top: boolean, x: number, y: number): void => {
    const f = [...floor] as [number, number, number, number];
    if (left) f[0] = share(between(x, 0, f[2] - 0.06)); else f[2] = share(between(x, f[0] + 0.06, 1));
    if (top) f[1] = share(between(y, about.horizon, f[3] - 0.03)); else f[3] = share(between(y, f[1] + 0.03, 1));
    change({ floor: f });
  };
  const corner = (left: boolean, top: boolean) => (e: PointerEvent): void => follow(e, (x, y) => put(left, top, x, y));
  const nudge = (left: boolean, top: boolean) => (e: KeyboardEvent): void => {
    const by = e.shiftKey ? 0.05 : 0.01, [dx, dy] = ({ ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] } as Record<string, [number, number]>)[e.key] ?? [0, 0];
    if (!dx && !dy) return;
    e.preventDefault();
    put(left, top, floor[left ? 0 : 2]! + dx, floor[top ? 1 : 3]! + dy);
  };
  const draw = (e: PointerEvent): void => {
    if (!measuring) return;
    const area = box.current!.getBoundingClientRect();
    const from: [number, number] = [(e.clientX - area.left) / area.width, (e.clientY - area.top) / area.height];
    follow(e, (x, y) => measure({ from, to: [x, y] }));
  };
  const at = (v: number): string => `${100 * v}%`;
  return (
    <div ref={box} class={`plate-view${measuring ? " measuring" : ""}`} style={{ aspectRatio: `${width} / ${height}`, maxWidth: `${Math.round(74 * width / height)}vh` }} onPointerDown={draw} role="group" aria-label={t("plate.view")}>
      <img src={url} alt="" draggable={false} />
      <div class="plate-floor" style={{ left: at(floor[0]!), top: at(floor[1]!), width: at(floor[2]! - floor[0]!), height: at(floor[3]! - floor[1]!) }}>
        {([[true, true, "nw", "↖"], [false, true, "ne", "↗"], [true, false, "sw", "↙"], [false, false, "se", "↘"]] as const).map(([l, tp, c, sign]) => <span key={c} class={`corner ${c}`} tabIndex={0} role="button" aria-label={`${t("plate.floor")} ${sign}`} onPointerDown={corner(l, tp)} onKeyDown={nudge(l, tp)} />)}
        <span class="plate-word">{t("plate.floor")}</span>
      </div>
      <div class="plate-horizon" style={{ top: at(about.horizon) }} onPointerDown={horizon}><span class="plate-word">{t("plate.horizon")}</span></div>
      {ruler && <svg class="plate-ruler" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true"><line x1={100 * ruler.from[0]} y1={100 * ruler.from[1]} x2={100 * ruler.to[0]} y2={100 * ruler.to[1]} vector-effect="non-scaling-stroke" /></svg>}
    </div>
  );
};
