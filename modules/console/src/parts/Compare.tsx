// Before and after in one place: the photo lies over the picture so that the product in both
// has one place and one size, up to a line that is dragged.
import { useSignal } from "@preact/signals";
import { t } from "../words";

export type Registered = { photo: string; bounds: number[]; box: number[] };

// bounds is where the product is in the photo, and box where it is in the picture: left,
// top, width and height as shares.
export const Compare = ({ photo, bounds, box }: Registered) => {
  const at = useSignal(50);
  const [bx, by, bw, bh] = bounds as [number, number, number, number], [x, y, w, h] = box as [number, number, number, number];
  const kx = w / bw, ky = h / bh;
  return (
    <>
      <div class="compare" aria-hidden="true" style={{ clipPath: `inset(0 ${100 - at.value}% 0 0)` }}><img src={photo} alt="" draggable={false} style={{ left: `${100 * (x - bx * kx)}%`, top: `${100 * (y - by * ky)}%`, width: `${100 * kx}%`, height: `${100 * ky}%` }} /></div>
      <div class="compare-line" aria-hidden="true" style={{ left: `${at.value}%` }} />
      <input class="compare-range" data-paint type="range" min={0} max={100} step={0.5} value={at.value} aria-label={t("compare.range")} aria-valuetext={t("compare.value", { n: Math.round(at.value) })} onInput={(e) => { at.value = Number(e.currentTarget.value); }} />
    </>
  );
};
