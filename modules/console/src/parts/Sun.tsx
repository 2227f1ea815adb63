// Where the light comes from, seen from above: the sun is dragged around the product.
import { useRef } from "preact/hooks";
import { number, t } from "../words";

type Props = { angle: number; change: (angle: number) => void };

export const Sun = ({ angle, change }: Props) => {
  const ref = useRef<SVGSVGElement>(null);
  const point = (e: PointerEvent): void => {
    const area = ref.current!.getBoundingClientRect();
    // 0 is the viewer's side, below; 90 the right
    const a = Math.atan2(e.clientX - area.left - area.width / 2, e.clientY - area.top - area.height / 2) * 180 / Math.PI;
    change(Math.round((a + 360) % 360));
  };
  const down = (e: PointerEvent): void => {
    if (e.button !== 0) return;
    e.preventDefault();
    point(e);
    const stop = (): void => { removeEventListener("pointermove", point); removeEventListener("pointerup", stop); removeEventListener("pointercancel", stop); };
    addEventListener("pointermove", point); addEventListener("pointerup", stop); addEventListener("pointercancel", stop);
  };
  const a = angle * Math.PI / 180, [x, y] = [50 + 38 * Math.sin(a), 50 + 38 * Math.cos(a)];
  return (
    <div class="sun">
      <svg ref={ref} viewBox="0 0 100 100" aria-hidden="true" onPointerDown={down}><circle cx="50" cy="50" r="38" /><line x1={x} y1={y} x2="50" y2="50" /><rect x="42" y="42" width="16" height="16" rx="3" /><circle class="knob-sun" cx={x} cy={y} r="9" /></svg>
      <label class="field">{t("plate.light")} <span class="soft">{number(angle)}°</span><input type="range" min={0} max={360} step={5} value={angle} onInput={(e) => change(Number(e.currentTarget.value))} /><small class="soft">{t("plate.light.how")}</small></label>
    </div>
  );
};
