// A brand's colours, exact: by a picker or as #rrggbb.
import { t } from "../words";
import { Icon } from "./Icon";

const most = 8;
export const hex = /^#[0-9a-f]{6}$/i;

export const Palette = ({ colours, change, empty }: { colours: string[]; change: (next: string[]) => void; empty?: string }) => {
  const set = (i: number, colour: string): void => change(colours.map((c, k) => (k === i ? colour : c)));
  return (
    <fieldset><legend>{t("brand.palette")}</legend>
      {empty && !colours.length && <p class="soft">{empty}</p>}
      <div class="palette">
        {colours.map((c, i) => (
          <div class="colour" key={i}>
            <input type="color" aria-label={t("brand.colour", { n: i + 1 })} value={hex.test(c) ? c : "#000000"} onInput={(e) => set(i, e.currentTarget.value)} />
            <input type="text" aria-label={t("brand.colour.hex", { n: i + 1 })} pattern="#[0-9a-fA-F]{6}" required spellcheck={false} maxLength={7} value={c} onInput={(e) => set(i, e.currentTarget.value.trim().toLowerCase())} />
            <button type="button" class="icon-only quiet" aria-label={t("new.remove", { name: c })} onClick={() => change(colours.filter((_, k) => k !== i))}><Icon name="cross" /></button>
          </div>))}
        {colours.length < most && <button type="button" onClick={() => change([...colours, "#808080"])}><Icon name="plus" />{t("brand.colour.add")}</button>}
      </div>
    </fieldset>
  );
};
