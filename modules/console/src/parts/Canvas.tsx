// A picture that is looked at closely: fitted, zoomed to 100 % and beyond, moved.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../words";

type Props = {
  src: string; alt: string; backdrop: "plain" | "white" | "black" | "checker"; zoom: number; onZoom: (z: number) => void;
  least?: number; children?: (scale: number, size: { w: number; h: number }) => ComponentChildren;
};

// zoom 0 fits the picture in; else it is screen pixels for one of the picture's. A picture
// whose longer side has fewer than least pixels counts as one that has them: a preview.
export const Canvas = ({ src, alt, backdrop, zoom, onZoom, least = 0, children }: Props) => {
  const box = useRef<HTMLDivElement>(null);
  const size = useSignal({ w: 0, h: 0 });
  const room = useSignal({ w: 0, h: 0 });
  useEffect(() => {
    const el = box.current; // gone when the page is left before this runs
    if (!el) return;
    const watch = new ResizeObserver(() => { room.value = { w: el.clientWidth, h: el.clientHeight }; });
    watch.observe(el);
    return () => watch.disconnect();
  }, []);
  const { w, h } = size.value;
  const fit = w ? Math.min(room.value.w / w, room.value.h / h, 1) : 1;
  const scale = zoom || fit;
  const grab = (e: PointerEvent): void => {
    if (e.button !== 0 || (e.target as HTMLElement).closest("[data-paint]")) return;
    const el = box.current!;
    const from = { x: e.clientX, y: e.clientY, left: el.scrollLeft, top: el.scrollTop };
    const move = (m: PointerEvent): void => { el.scrollLeft = from.left - m.clientX + from.x; el.scrollTop = from.top - m.clientY + from.y; };
    const end = (): void => { removeEventListener("pointermove", move); removeEventListener("pointerup", end); };
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
  };
  const wheel = (e: WheelEvent): void => {
    if (!e.ctrlKey && !e.metaKey) return;
    e.preventDefault();
    onZoom(Math.max(fit, Math.min(8, scale * (e.deltaY < 0 ? 1.25 : 0.8))));
  };
  return (
    <div ref={box} class={`canvas ${backdrop}`} tabIndex={0} role="group" aria-label={t("picture.canvas", { n: Math.round(scale * 100) })} onPointerDown={grab} onWheel={wheel} onDblClick={() => onZoom(zoom ? 0 : 1)}>
      {src && <div class="canvas-inner" style={w ? { width: `${w * scale}px`, height: `${h * scale}px` } : {}}>
        <img src={src} alt={alt} draggable={false} onLoad={(e) => { const { naturalWidth: w, naturalHeight: h } = e.currentTarget, k = Math.max(1, least / Math.max(w, h, 1)); size.value = { w: Math.round(w * k), h: Math.round(h * k) }; }} />
        {w > 0 && children?.(scale, size.value)}
      </div>}
    </div>
  );
};
