// A brand's looks: named choices of scenes, words, light and place, to be chosen for a set.
import type { Schemas } from "../api";
import { plates, scenes, sceneTitle } from "../state/catalogue";
import { tidy, type Steering } from "../state/steer";
import { number, t, type Key } from "../words";
import { Dial } from "./Dial";
import { Icon } from "./Icon";
import { Palette } from "./Palette";

type Look = Schemas["Look"];
const most = 20;

const percent = (v: number): string => `${number(100 * v)} %`;
const degrees = (v: number): string => `${number(v)}°`;
type Number = "scale" | "x" | "y" | "light_angle" | "reflection" | "relight";
const dials: [Number, Key, number, number, number, number, (v: number) => string][] = [
  ["scale", "adjust.scale", 1, 0.2, 2.5, 0.02, percent], ["x", "adjust.x", 0.5, 0, 1, 0.01, percent], ["y", "adjust.y", 0.82, 0, 1, 0.01, percent],
  ["light_angle", "adjust.angle", 300, 0, 360, 5, degrees], ["reflection", "adjust.reflection", 0, 0, 1, 0.05, percent], ["relight", "adjust.relight", 0, 0, 1, 0.05, percent],
];

// Lit steers what a look wishes of light and place.
const Lit = ({ s, change }: { s: Steering; change: (s: Steering) => void }) => {
  const shade = (c: Partial<NonNullable<Steering["shadow"]>>): void => change({ ...s, shadow: { ...s.shadow, ...c } });
  return (
    <details open={Object.keys(tidy(s)).length > 0}><summary>{t("brand.looks.light")}</summary><div class="two exact">
      {dials.map(([name, label, usual, min, max, step, say]) => <Dial key={name} label={t(label)} value={(name === "scale" ? s.scale || null : s[name]) as number | null | undefined} usual={usual} min={min} max={max} step={step} say={say} change={(v) => change({ ...s, [name]: v })} />)}
      <Dial label={t("shadow.strength")} value={s.shadow?.strength} usual={1} min={0} max={1.5} step={0.05} say={percent} change={(strength) => shade({ strength })} />
      <Dial label={t("shadow.softness")} value={s.shadow?.softness} usual={0.6} min={0} max={1} step={0.05} say={percent} change={(softness) => shade({ softness })} /></div></details>
  );
};

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
          <Palette colours={l.steering?.palette ?? []} empty={t("brand.looks.palette")} change={(palette) => { const steering = tidy({ ...l.steering, palette: palette.length ? palette : undefined }); set(i, { steering: Object.keys(steering).length ? steering : undefined }); }} />
          <Lit s={l.steering ?? {}} change={(s) => { const steering = tidy(s); set(i, { steering: Object.keys(steering).length ? steering : undefined }); }} />
        </fieldset>); })}
      {looks.length < most && <div class="row"><button type="button" onClick={() => change([...looks, { name: "", scene_types: scenes.value.slice(0, 1), scene_prompt: "" }])}><Icon name="plus" />{t("brand.looks.new")}</button></div>}
    </section>
  );
};
