// The product's frame on the canvas: dragged it moves, its corners size it, the knob above
// it turns it. The keyboard does the same.
import { useRef } from "preact/hooks";
import { moving, shown, type Steering } from "../state/steer";
import { t } from "../words";

type Props = { scale: number; size: { w: number; h: number }; steering: Steering; change: (s: Partial<Steering>) => void; product: string };

const between = (v: number, low: number, high: number): number => Math.max(low, Math.min(high, v));
const round = (v: number): number => Math.round(v * 1000) / 1000;

export const Place = ({ scale, size, steering, change, product }: Props) => {
  const frame = useRef<HTMLDivElement>(null);
  const p = shown.value;
  if (!p) return null;
  const [w, h] = [size.w * scale, size.h * scale];
  const dragged = moving.value;
  const box = (dragged?.box ?? p.box)!;
  const now = steering.scale || 1, turned = steering.rotation ?? 0;

  const follow = (e: PointerEvent, step: (dx: number, dy: number, m: PointerEvent) => { box: number[]; turn: number }, end: (last: { box: number[]; turn: number }) => void): void => {
    if (e.button !== 0) return;
    e.preventDefault();
    e.stopPropagation();
    frame.current?.focus();
    let last: { box: number[]; turn: number } | null = null;
    const move = (m: PointerEvent): void => { last = step((m.clientX - e.clientX) / w, (m.clientY - e.clientY) / h, m); moving.value = last; };
    const stop = (): void => {
      removeEventListener("pointermove", move); removeEventListener("pointerup", stop); removeEventListener("pointercancel", stop);
      if (last) end(last);
    };
    addEventListener("pointermove", move); addEventListener("pointerup", stop); addEventListener("pointercancel", stop);
  };
  const [left, top, width, height] = p.box as [number, number, number, number];
  const at = (b: number[]): Partial<Steering> => ({ x: round(between(b[0]! + b[2]! / 2, 0, 1)), y: round(between(b[1]! + b[3]!, 0, 1)) });
  const drag = (e: PointerEvent): void => follow(e, (dx, dy) => ({ box: [left + dx, top + dy, width, height], turn: 0 }), (l) => change(at(l.box)));
  const size_ = (e: PointerEvent): void => {
    const area = frame.current!.getBoundingClientRect();
    const foot = { x: area.left + area.width / 2, y: area.bottom };
    const far = Math.max(20, Math.hypot(e.clientX - foot.x, e.clientY - foot.y));
    let k = 1;
    follow(e, (_dx, _dy, m) => {
      k = between(Math.hypot(m.clientX - foot.x, m.clientY - foot.y) / far, 0.1 / now, 4 / now);
      return { box: [left + width / 2 - (width * k) / 2, top + height - height * k, width * k, height * k], turn: 0 };
    }, () => change({ scale: round(now * k) }));
  };
  const turn = (e: PointerEvent): void => {
    const area = frame.current!.getBoundingClientRect();
    const middle = { x: area.left + area.width / 2, y: area.top + area.height / 2 };
    const angle = (m: PointerEvent): number => Math.atan2(m.clientX - middle.x, middle.y - m.clientY) * 180 / Math.PI;
    const from = angle(e);
    follow(e, (_dx, _dy, m) => ({ box: [left, top, width, height], turn: angle(m) - from }), (l) => change({ rotation: Math.round(((turned + l.turn + 540) % 360) - 180) }));
  };
  const pressed = (e: KeyboardEvent): void => {
    if (e.altKey || e.ctrlKey || e.metaKey) return;
    const by = e.shiftKey ? 0.05 : 0.01;
    const acts: Record<string, Partial<Steering>> = {
      ArrowLeft: at([left - by, top, width, height]), ArrowRight: at([left + by, top, width, height]), ArrowUp: at([left, top - by, width, height]), ArrowDown: at([left, top + by, width, height]),
      "+": { scale: round(between(now * 1.05, 0.1, 4)) }, "=": { scale: round(between(now * 1.05, 0.1, 4)) }, "-": { scale: round(between(now / 1.05, 0.1, 4)) },
      "<": { rotation: turned - 1 }, ">": { rotation: turned + 1 }, f: { flip: !steering.flip },
    };
    const act = acts[e.key];
    if (act) { e.preventDefault(); e.stopPropagation(); change(act); }
  };
  return (
    <div ref={frame} data-paint class={`place${dragged ? " moving" : ""}`} tabIndex={0} role="group" aria-label={t("place.how")} onPointerDown={drag} onKeyDown={pressed}
      style={{ left: `${box[0]! * w}px`, top: `${box[1]! * h}px`, width: `${box[2]! * w}px`, height: `${box[3]! * h}px`, transform: dragged?.turn ? `rotate(${dragged.turn}deg)` : "" }}>
      {dragged && product && <img src={product} alt="" draggable={false} style={{ transform: `scaleX(${steering.flip ? -1 : 1})` }} />}
      {(["nw", "ne", "sw", "se"] as const).map((c) => <span key={c} data-paint class={`corner ${c}`} onPointerDown={size_} />)}
      <span data-paint class="knob" onPointerDown={turn} />
    </div>
  );
};
