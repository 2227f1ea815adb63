// A value that the scene chooses unless the user does.
import { t } from "../words";
import { Icon } from "./Icon";

type Props = { label: string; value: number | null | undefined; usual: number; min: number; max: number; step: number; say: (v: number) => string; auto?: string; change: (v: number | null) => void; disabled?: boolean };

export const Dial = ({ label, value, usual, min, max, step, say, auto = t("dial.auto"), change, disabled = false }: Props) => {
  const set = value !== null && value !== undefined;
  return (
    <div class="dial">
      <label class="field"><span class="dial-name">{label} <span class="soft">{set ? say(value) : auto}</span></span>
        <input type="range" min={min} max={max} step={step} value={value ?? usual} disabled={disabled} aria-valuetext={set ? say(value) : auto} onInput={(e) => change(Number(e.currentTarget.value))} /></label>
      <button type="button" class="quiet icon-only" disabled={!set || disabled} aria-label={t("dial.reset", { name: label })} onClick={() => change(null)}><Icon name="undo" /></button>
    </div>
  );
};
