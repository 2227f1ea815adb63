// A picture that is looked at closely: fitted, zoomed to 100 % and beyond, moved.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../words";

type Props = {
  src: string; alt: string; backdrop: "plain" | "white" | "black" | "checker"; zoom: number; onZoom: (z: number) => void;
  least?: number; onPoint?: (x: number, y: number) => void; children?: (scale: number, size: { w: number; h: number }) => ComponentChildren;
};
type Point = { x: number; y: number };

const most = 8; // screen pixels for one of the picture's

// zoom 0 fits the picture in; else it is screen pixels for one of the picture's. A picture
// whose longer side has fewer than least pixels counts as one that has them: a preview.
export const Canvas = ({ src, alt, backdrop, zoom, onZoom, onPoint, least = 0, children }: Props) => {
  const box = useRef<HTMLDivElement>(null);
  const size = useSignal({ w: 0, h: 0 });
  const room = useSignal({ w: 0, h: 0 });
  const { w, h } = size.value;
  const fit = w ? Math.min(room.value.w / w, room.value.h / h, 1) : 1;
  const scale = zoom || fit;
  const held = useRef<Point | null>(null); // what a zoom keeps in its place in the box; null: the middle
  const drawn = useRef(scale);
  const now = useRef({ scale, fit });
  now.current = { scale, fit };

  // The part that is looked at stays when the scale changes.
  const [left, top] = [box.current?.scrollLeft ?? 0, box.current?.scrollTop ?? 0];
  useLayoutEffect(() => {
    const el = box.current!, was = drawn.current, at = held.current ?? { x: el.clientWidth / 2, y: el.clientHeight / 2 };
    const to = (wide: number, side: number, from: number, p: number): number => {
      const margin = (k: number): number => Math.max(0, (wide - side * k) / 2);
      return (from + p - margin(was)) / was * scale + margin(scale) - p;
    };
    el.scrollTo(to(el.clientWidth, w, left, at.x), to(el.clientHeight, h, top, at.y));
    held.current = null;
    drawn.current = scale;
  }, [scale]);

  const zoomTo = (z: number, at: Point | null): void => {
    held.current = at;
    const next = Math.min(most, z);
    now.current = { ...now.current, scale: next };
    onZoom(next <= now.current.fit ? 0 : next);
  };
  const inBox = (x: number, y: number): Point => { const r = box.current!.getBoundingClientRect(); return { x: x - r.left, y: y - r.top }; };

  useEffect(() => {
    const el = box.current; // gone when the page is left before this runs
    if (!el) return;
    const watch = new ResizeObserver(() => { room.value = { w: el.clientWidth, h: el.clientHeight }; });
    watch.observe(el);
    // two fingers zoom and move, over what is painted on, too; the page itself stays as it is
    let last: { far: number; mid: Point } | null = null;
    const fingers = (e: TouchEvent): { far: number; mid: Point } | null => {
      const [a, b] = [e.touches[0], e.touches[1]];
      return a && b ? { far: Math.max(1, Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY)), mid: inBox((a.clientX + b.clientX) / 2, (a.clientY + b.clientY) / 2) } : null;
    };
    const touch = (e: TouchEvent): void => {
      const next = fingers(e);
      if (next && e.cancelable) e.preventDefault();
      if (next && last && e.type === "touchmove") {
        el.scrollBy(last.mid.x - next.mid.x, last.mid.y - next.mid.y);
        zoomTo(now.current.scale * next.far / last.far, next.mid);
      }
      last = next;
    };
    el.addEventListener("touchstart", touch, { passive: false });
    el.addEventListener("touchmove", touch, { passive: false });
    return () => watch.disconnect();
  }, []);

  const grab = (e: PointerEvent): void => {
    if (e.button !== 0 || e.pointerType === "touch" || (e.target as HTMLElement).closest("[data-paint]")) return; // a finger scrolls by itself
    const el = box.current!;
    const from = { x: e.clientX, y: e.clientY, left: el.scrollLeft, top: el.scrollTop };
    const move = (m: PointerEvent): void => { el.scrollLeft = from.left - m.clientX + from.x; el.scrollTop = from.top - m.clientY + from.y; };
    const end = (): void => { removeEventListener("pointermove", move); removeEventListener("pointerup", end); removeEventListener("pointercancel", end); };
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
  };
  const wheel = (e: WheelEvent): void => {
    if (!e.ctrlKey && !e.metaKey) return;
    e.preventDefault();
    zoomTo(now.current.scale * (e.deltaY < 0 ? 1.25 : 0.8), inBox(e.clientX, e.clientY));
  };
  return (
    <div ref={box} class={`canvas ${backdrop}`} tabIndex={0} role="group" aria-label={t("picture.canvas", { n: Math.round(scale * 100) })} onPointerDown={grab} onWheel={wheel}
      onDblClick={(e) => { if (!(e.target as HTMLElement).closest("[data-paint]")) zoomTo(zoom ? 0 : 1, inBox(e.clientX, e.clientY)); }}>
      {src && <div class="canvas-inner" onPointerMove={onPoint && ((e) => { const r = e.currentTarget.getBoundingClientRect(); onPoint((e.clientX - r.left) / scale, (e.clientY - r.top) / scale); })} onPointerLeave={onPoint && (() => onPoint(-1, -1))} style={w ? { width: `${w * scale}px`, height: `${h * scale}px` } : {}}>
        <img src={src} alt={alt} draggable={false} onLoad={(e) => { const { naturalWidth: w, naturalHeight: h } = e.currentTarget, k = Math.max(1, least / Math.max(w, h, 1)); size.value = { w: Math.round(w * k), h: Math.round(h * k) }; }} />
        {w > 0 && children?.(scale, size.value)}
      </div>}
    </div>
  );
};
