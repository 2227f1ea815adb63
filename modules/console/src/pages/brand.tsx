// A brand: its colours, look, sizes, review and rights.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { client, got, once, type Schemas } from "../api";
import { Channels } from "../parts/Channels";
import { sure } from "../parts/Confirm";
import { Empty, Loading } from "../parts/Empty";
import { Icon } from "../parts/Icon";
import { BrandSeen } from "../parts/BrandSeen";
import { Dial } from "../parts/Dial";
import { hex, Palette } from "../parts/Palette";
import { go, to } from "../route";
import { catalogue, plates, readBrands, readPlates, type Brand as Profile } from "../state/catalogue";
import { complain, doing, tell } from "../state/notice";
import { tidy } from "../state/steer";
import { number, t, type Key } from "../words";

const rights = ["creator", "credit", "copyright", "licensor", "licensor_url", "web_statement"] as const;
type Rights = Partial<Record<(typeof rights)[number], string | null>>;
type Draft = Pick<Profile, "name" | "palette" | "scene_prompt" | "mood" | "negative_prompt" | "light_direction" | "product_fill" | "review" | "review_below" | "default_presets" | "plates"> & { steering: Schemas["Steering"]; keywords: string; rights: Rights };

const percent = (v: number): string => `${number(100 * v)} %`;
const blank: Draft = { name: "", palette: [], scene_prompt: "", mood: "", negative_prompt: "", light_direction: "auto", product_fill: 0, review: "on", review_below: 0, default_presets: [], plates: [], steering: {}, keywords: "", rights: {} };
const draftOf = (b: Profile): Draft => ({ ...blank, ...b, keywords: b.keywords.join(", "), rights: { ...b.rights }, steering: b.steering ?? {} });
const bodyOf = (d: Draft): Schemas["NewBrandProfile"] => ({
  name: d.name.trim(), palette: d.palette, scene_prompt: d.scene_prompt, mood: d.mood, negative_prompt: d.negative_prompt, light_direction: d.light_direction, product_fill: d.product_fill,
  review: d.review, review_below: d.review_below, default_presets: d.default_presets, plates: d.plates, steering: tidy(d.steering), keywords: d.keywords.split(/[,;\n]/).map((k) => k.trim()).filter(Boolean),
  rights: Object.fromEntries(Object.entries(d.rights).filter(([, v]) => v)) as Schemas["Rights"],
});

export const Brand = ({ id }: { id: string }) => {
  const fresh = id === "new";
  const draft = useSignal<Draft | null>(null);
  const saved = useSignal("");
  const gone = useSignal(false);
  const busy = useSignal(false);
  useEffect(() => {
    draft.value = null; gone.value = false;
    Promise.all([catalogue(), readPlates()]).then(async () => {
      if (fresh) draft.value = { ...blank };
      else draft.value = draftOf(await got(client.GET("/v1/brand-profiles/{brand_profile_id}", { params: { path: { brand_profile_id: id } } })));
      saved.value = JSON.stringify(draft.value);
    }).catch((e: unknown) => { gone.value = true; complain(e); });
  }, [id]);
  const d = draft.value;
  const changed = d !== null && JSON.stringify(d) !== saved.value;
  useEffect(() => { document.title = `${d?.name || t("brand.new")} · OPAL`; }, [d?.name]);
  useEffect(() => {
    const warn = (e: BeforeUnloadEvent): void => { if (changed) e.preventDefault(); };
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [changed]);
  if (gone.value) return <Empty title={t("brand.gone")}><p><a href={to("brands")}>{t("nav.brands")}</a></p></Empty>;
  if (!d) return <Loading text={t("loading")} />;
  const change = (c: Partial<Draft>): void => { draft.value = { ...d, ...c }; };
  const save = (e: Event): void => {
    e.preventDefault();
    void doing(async () => {
      busy.value = true;
      try {
        const b = fresh ? await got(client.POST("/v1/brand-profiles", { params: { header: once() }, body: bodyOf(d) }))
          : await got(client.PUT("/v1/brand-profiles/{brand_profile_id}", { params: { path: { brand_profile_id: id } }, body: bodyOf(d) }));
        draft.value = draftOf(b);
        saved.value = JSON.stringify(draft.value);
        await readBrands();
        if (fresh) go("brands", b.brand_profile_id);
        tell(t("saved"));
      } finally { busy.value = false; }
    });
  };
  const remove = (): void => void doing(async () => {
    if (!await sure(t("brand.delete"), t("brand.delete.why", { name: d.name }), t("delete"))) return;
    await got(client.DELETE("/v1/brand-profiles/{brand_profile_id}", { params: { path: { brand_profile_id: id } } }));
    await readBrands();
    go("brands");
  });
  const text = (name: "scene_prompt" | "mood" | "negative_prompt" | "keywords", most: number, hint?: Key) => (
    <label class="field">{t(`brand.${name}` as Key)}<input type="text" maxLength={most} value={d[name]} placeholder={hint && t(hint)} onInput={(e) => change({ [name]: e.currentTarget.value })} /></label>
  );
  return (
    <form class="form" onSubmit={save}>
      <header class="page-head"><div><p class="crumb"><a href={to("brands")}><Icon name="left" />{t("nav.brands")}</a></p><h1 tabIndex={-1}>{d.name || t("brand.new")}</h1></div>
        {!fresh && id !== "default" && <button type="button" class="quiet" onClick={remove}><Icon name="bin" />{t("delete")}</button>}</header>
      <section class="sheet-block" aria-labelledby="brand-look"><h2 id="brand-look">{t("new.look")}</h2>
        <label class="field narrow">{t("brand.name")}<input type="text" required maxLength={120} value={d.name} onInput={(e) => change({ name: e.currentTarget.value })} /></label>
        <Palette colours={d.palette} change={(palette) => change({ palette })} />
        {text("scene_prompt", 2000, "new.words.example")}{text("mood", 200)}{text("keywords", 1800)}{text("negative_prompt", 2000)}
        <div class="two">
          <label class="field">{t("brand.light")}<select value={d.light_direction} onChange={(e) => change({ light_direction: e.currentTarget.value as Draft["light_direction"] })}>
            {(["auto", "left", "right"] as const).map((l) => <option key={l} value={l}>{t(`light.${l}` as Key)}</option>)}</select></label>
          <label class="field">{d.product_fill ? t("brand.fill.n", { n: `${number(100 * d.product_fill)} %` }) : t("brand.fill.auto")}
            <input type="range" min={0.25} max={0.9} step={0.05} value={d.product_fill || 0.25} aria-valuetext={d.product_fill ? `${number(100 * d.product_fill)} %` : t("light.auto")} onInput={(e) => { const v = Number(e.currentTarget.value); change({ product_fill: v < 0.3 ? 0 : v }); }} /></label>
        </div>
        <details><summary>{t("brand.light.exact")}</summary><div class="two exact">
          <Dial label={t("adjust.angle")} value={d.steering.light_angle} usual={300} min={0} max={360} step={5} say={(v) => `${number(v)}°`} change={(light_angle) => change({ steering: { ...d.steering, light_angle } })} />
          <Dial label={t("adjust.reflection")} value={d.steering.reflection} usual={0} min={0} max={1} step={0.05} say={percent} change={(reflection) => change({ steering: { ...d.steering, reflection } })} />
          <Dial label={t("shadow.strength")} value={d.steering.shadow?.strength} usual={1} min={0} max={1.5} step={0.05} say={percent} change={(strength) => change({ steering: { ...d.steering, shadow: { ...d.steering.shadow, strength } } })} />
          <Dial label={t("shadow.softness")} value={d.steering.shadow?.softness} usual={0.6} min={0} max={1} step={0.05} say={percent} change={(softness) => change({ steering: { ...d.steering, shadow: { ...d.steering.shadow, softness } } })} /></div></details>
      </section>
      <BrandSeen draft={{ ...bodyOf(d), ...(fresh ? {} : { brand_profile_id: id }), palette: d.palette.filter((x) => hex.test(x)) }} plates={plates.value} />
      <section class="sheet-block" aria-labelledby="brand-plates"><div class="row between"><h2 id="brand-plates">{t("brand.plates")}</h2><a href={to("plates")}>{t("plates.add")}</a></div>
        {plates.value.length === 0 ? <p class="soft">{t("plates.none.why")}</p> : <div class="scene-cards">{plates.value.map((p) => <label key={p.plate_id} class="scene-card"><input type="checkbox" checked={d.plates.includes(p.plate_id)} disabled={!d.plates.includes(p.plate_id) && d.plates.length >= 10} onChange={() => change({ plates: d.plates.includes(p.plate_id) ? d.plates.filter((x) => x !== p.plate_id) : [...d.plates, p.plate_id] })} />
          <span class="scene-look" aria-hidden="true"><img class="plate" src={p.url} alt="" /></span><span>{p.name}</span></label>)}</div>}</section>
      <section class="sheet-block" aria-labelledby="brand-review"><h2 id="brand-review">{t("brand.review")}</h2>
        <label class="check"><input type="checkbox" checked={d.review === "on"} onChange={(e) => change({ review: e.currentTarget.checked ? "on" : "off" })} />{t("brand.review.on")}</label>
        {d.review === "on" && <label class="field narrow">{d.review_below ? t("brand.review.n", { n: `${number(100 * d.review_below)} %` }) : t("brand.review.auto")}
          <input type="range" min={0} max={1} step={0.05} value={d.review_below} onInput={(e) => change({ review_below: Number(e.currentTarget.value) })} /></label>}
      </section>
      <section class="sheet-block" aria-labelledby="brand-sizes"><h2 id="brand-sizes">{t("brand.sizes")}</h2><Channels chosen={d.default_presets} choose={(default_presets) => change({ default_presets })} /></section>
      <section class="sheet-block" aria-labelledby="brand-rights"><h2 id="brand-rights">{t("brand.rights")}</h2><p class="soft">{t("brand.rights.why")}</p>
        <div class="two">{rights.map((r) => <label class="field" key={r}>{t(`rights.${r}` as Key)}<input type="text" inputMode={r.endsWith("_url") || r === "web_statement" ? "url" : "text"} maxLength={500} value={d.rights[r] ?? ""} onInput={(e) => change({ rights: { ...d.rights, [r]: e.currentTarget.value } })} /></label>)}</div>
      </section>
      <div class="bar"><span class="soft">{changed ? t("unsaved") : ""}</span><button type="submit" class="primary big" disabled={busy.value || !changed || !d.name.trim()}>{t("save")}</button></div>
    </form>
  );
};
