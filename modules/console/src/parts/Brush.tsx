// Strokes over a photo, in its own pixels.
import { useRef } from "preact/hooks";
import type { Schemas } from "../api";
import type { Stroke } from "../state/strokes";

export const hints = (strokes: Stroke[], kind: Stroke["kind"]): Schemas["Stroke"][] => strokes.filter((s) => s.kind === kind).map((s) => ({ points: s.points, radius: s.radius }));

type Props = { scale: number; size: { w: number; h: number }; strokes: Stroke[]; kind: Stroke["kind"]; radius: number; change: (s: Stroke[]) => void };

const most = 2000; // points of a stroke

const line = (s: Stroke, key: number, paint: string) => (s.points.length === 1 ? <circle key={key} class={s.kind} fill={paint} cx={s.points[0]![0]} cy={s.points[0]![1]} r={s.radius} />
  : <polyline key={key} class={s.kind} stroke={paint} points={s.points.map((p) => p.join(",")).join(" ")} stroke-width={s.radius * 2} />);

// Foreseen shows on the cut-out what strokes ask for before it is worked out: backdrop where they
// take away, the photo where they keep.
export const Foreseen = ({ scale, size, strokes, photo, backdrop }: { scale: number; size: { w: number; h: number }; strokes: Stroke[]; photo: string; backdrop: string }) => (
  <svg class={`foreseen on-${backdrop}`} viewBox={`0 0 ${size.w} ${size.h}`} aria-hidden="true">
    <defs><pattern id="photo" patternUnits="userSpaceOnUse" width={size.w} height={size.h}><image href={photo} width={size.w} height={size.h} /></pattern>
      <pattern id="backdrop" patternUnits="userSpaceOnUse" width={20} height={20} patternTransform={`scale(${1 / scale})`}><path d="M0 0h20v20h-20z" /><path class="b" d="M0 0h10v20h10v-10h-20z" /></pattern></defs>
    {strokes.map((s, i) => line(s, i, s.kind === "keep" ? "url(#photo)" : "url(#backdrop)"))}
  </svg>
);

export const Brush = ({ scale, size, strokes, kind, radius, change }: Props) => {
  const svg = useRef<SVGSVGElement>(null);
  const down = (e: PointerEvent): void => {
    if (e.button !== 0 || !e.isPrimary) return;
    e.preventDefault();
    e.stopPropagation();
    const area = svg.current!.getBoundingClientRect();
    const at = (p: PointerEvent): [number, number] => [Math.round(10 * Math.max(0, Math.min(size.w, (p.clientX - area.left) / scale))) / 10, Math.round(10 * Math.max(0, Math.min(size.h, (p.clientY - area.top) / scale))) / 10];
    const stroke: Stroke = { kind, radius, points: [at(e)] };
    change([...strokes, stroke]);
    const move = (m: PointerEvent): void => {
      const p = at(m), last = stroke.points[stroke.points.length - 1]!;
      if (stroke.points.length < most && Math.hypot(p[0] - last[0], p[1] - last[1]) > Math.max(1, radius / 4)) { stroke.points.push(p); change([...strokes, { ...stroke }]); }
    };
    // with a second finger it becomes a zoom: nothing is painted
    const touch = (m: TouchEvent): void => { if (m.touches.length > 1) { end(); change(strokes); } };
    const end = (): void => { removeEventListener("pointermove", move); removeEventListener("pointerup", end); removeEventListener("pointercancel", end); removeEventListener("touchstart", touch); };
    addEventListener("touchstart", touch);
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
  };
  return (
    <svg ref={svg} data-paint class="brush" viewBox={`0 0 ${size.w} ${size.h}`} aria-hidden="true" onPointerDown={down}>
      {strokes.map((s, i) => line(s, i, ""))}
    </svg>
  );
};
