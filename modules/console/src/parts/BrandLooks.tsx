// A brand's looks: named choices of scenes and words, to be chosen for a set.
import type { Schemas } from "../api";
import { plates, scenes, sceneTitle } from "../state/catalogue";
import { t } from "../words";
import { Icon } from "./Icon";

type Look = Schemas["Look"];
const most = 20;

export const BrandLooks = ({ looks, change }: { looks: Look[]; change: (next: Look[]) => void }) => {
  const set = (i: number, c: Partial<Look>): void => change(looks.map((l, k) => (k === i ? { ...l, ...c } : l)));
  const known = [...scenes.value, ...plates.value.map((p) => p.scene_type)];
  return (
    <section class="sheet-block" aria-labelledby="brand-looks"><h2 id="brand-looks">{t("brand.looks")}</h2><p class="soft">{t("brand.looks.why")}</p>
      {looks.map((l, i) => { const own = l.scene_types ?? []; return (
        <fieldset key={i} class="brand-look"><legend class="unseen">{l.name || t("brand.looks.new")}</legend>
          <div class="row nowrap"><label class="field grow">{t("brand.name")}<input type="text" required maxLength={120} value={l.name} onInput={(e) => set(i, { name: e.currentTarget.value })} /></label>
            <button type="button" class="icon-only quiet align-end" aria-label={t("new.remove", { name: l.name })} onClick={() => change(looks.filter((_, k) => k !== i))}><Icon name="cross" /></button></div>
          <div class="chips small" role="group" aria-label={t("adjust.scene")}>{[...new Set([...known, ...own])].map((s) => <button type="button" class="chip" key={s} aria-pressed={own.includes(s)} onClick={() => set(i, { scene_types: own.includes(s) ? own.filter((x) => x !== s) : [...own, s].slice(0, 10) })}>{sceneTitle(s)}</button>)}</div>
          <label class="field">{t("new.words")}<input type="text" maxLength={2000} value={l.scene_prompt ?? ""} placeholder={t("new.words.example")} onInput={(e) => set(i, { scene_prompt: e.currentTarget.value })} /></label>
        </fieldset>); })}
      {looks.length < most && <div class="row"><button type="button" onClick={() => change([...looks, { name: "", scene_types: scenes.value.slice(0, 1), scene_prompt: "" }])}><Icon name="plus" />{t("brand.looks.new")}</button></div>}
    </section>
  );
};
