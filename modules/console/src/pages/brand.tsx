// A brand: its colours, look, sizes, review and rights.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { address, client, got, once, problemOf, send, type Schemas } from "../api";
import { Channels } from "../parts/Channels";
import { sure } from "../parts/Confirm";
import { Empty, Loading } from "../parts/Empty";
import { Icon } from "../parts/Icon";
import { BrandLooks } from "../parts/BrandLooks";
import { BrandSeen } from "../parts/BrandSeen";
import { BrandVersions } from "../parts/BrandVersions";
import { Dial } from "../parts/Dial";
import { Logo } from "../parts/Logo";
import { hex, Palette } from "../parts/Palette";
import { go, to } from "../route";
import { catalogue, plates, readBrands, readPlates, type Brand as Profile } from "../state/catalogue";
import { complain, doing, tell } from "../state/notice";
import { sureFrom } from "../state/plain";
import { tidy } from "../state/steer";
import { number, t, when, type Key } from "../words";
import { lacks } from "../state/session";
import { Role } from "../parts/Role";

const rights = ["creator", "credit", "copyright", "licensor", "licensor_url", "web_statement"] as const;
type Rights = Partial<Record<(typeof rights)[number], string | null>>;
type Draft = Pick<Profile, "name" | "palette" | "scene_prompt" | "mood" | "negative_prompt" | "light_direction" | "product_fill" | "review" | "review_below" | "default_presets" | "plates" | "naming" | "looks"> & { steering: Schemas["Steering"]; keywords: string; rights: Rights };

const namingFields = ["{name}", "{sku}", "{title}", "{scene}", "{channel}", "{size}", "{n}"];
const exampleOf = (pattern: string): string => `${pattern.replaceAll(/\{(\w+)\}/g, (whole, f: string) => ({ name: "mug", sku: "MUG-04", title: "Blue_mug", scene: "studio", channel: "etsy", size: "large", n: "1" } as Record<string, string>)[f] ?? whole)}.jpg`;
const percent = (v: number): string => `${number(100 * v)} %`;
const blank: Draft = { name: "", palette: [], scene_prompt: "", mood: "", negative_prompt: "", light_direction: "auto", product_fill: 0, review: "on", review_below: 0, default_presets: [], plates: [], naming: "", looks: [], steering: {}, keywords: "", rights: {} };
// draftOf returns what is edited: the changes that are not live yet, where there are some.
const draftOf = (b: Profile): Draft => {
  const given = Object.fromEntries(Object.entries(b.draft ?? b).filter(([k, v]) => k in blank && v !== null && v !== undefined)) as Partial<Profile>;
  return { ...blank, ...given, keywords: (given.keywords ?? []).join(", "), rights: { ...given.rights }, steering: given.steering ?? {} };
};
const bodyOf = (d: Draft): Schemas["NewBrandProfile"] => ({
  name: d.name.trim(), palette: d.palette, scene_prompt: d.scene_prompt, mood: d.mood, negative_prompt: d.negative_prompt, light_direction: d.light_direction, product_fill: d.product_fill,
  review: d.review, review_below: d.review_below, default_presets: d.default_presets, plates: d.plates, naming: d.naming.trim(), looks: d.looks, steering: tidy(d.steering), keywords: d.keywords.split(/[,;\n]/).map((k) => k.trim()).filter(Boolean),
  rights: Object.fromEntries(Object.entries(d.rights).filter(([, v]) => v)) as Schemas["Rights"],
});

export const Brand = ({ id }: { id: string }) => {
  const fresh = id === "new";
  const draft = useSignal<Draft | null>(null);
  const saved = useSignal("");
  const live = useSignal<Profile | null>(null);
  const logo = useRef<HTMLInputElement>(null);
  const gone = useSignal(false);
  const busy = useSignal(false);
  const at = { params: { path: { brand_profile_id: id } } };
  const take = (b: Profile): void => { live.value = b; draft.value = draftOf(b); saved.value = JSON.stringify(draft.value); };
  useEffect(() => {
    draft.value = null; gone.value = false; live.value = null;
    Promise.all([catalogue(), readPlates()]).then(async () => {
      if (fresh) draft.value = { ...blank };
      else { take(await got(client.GET("/v1/brand-profiles/{brand_profile_id}", at))); return; }
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
  if (gone.value) return <Empty page title={t("brand.gone")}><p><a href={to("brands")}>{t("nav.brands")}</a></p></Empty>;
  if (!d) return <Loading page text={t("loading")} />;
  const change = (c: Partial<Draft>): void => { draft.value = { ...d, ...c }; };
  const did = (work: () => Promise<Profile>, said: Key): void => void doing(async () => {
    busy.value = true;
    try { take(await work()); await readBrands(); tell(t(said)); } finally { busy.value = false; }
  });
  // What is saved goes live, or waits as a draft.
  const save = (e: Event): void => {
    e.preventDefault();
    did(async () => {
      const b = fresh ? await got(client.POST("/v1/brand-profiles", { params: { header: once() }, body: bodyOf(d) })) : await got(client.PUT("/v1/brand-profiles/{brand_profile_id}", { ...at, body: bodyOf(d) }));
      if (fresh) go("brands", b.brand_profile_id);
      // what was kept as a draft is what went live
      return b.draft ? await got(client.DELETE("/v1/brand-profiles/{brand_profile_id}/draft", at)) : b;
    }, "brand.published");
  };
  const keep = (): void => did(() => got(client.PUT("/v1/brand-profiles/{brand_profile_id}/draft", { ...at, body: bodyOf(d) })), "brand.draft.saved");
  const drop = (): void => did(() => got(client.DELETE("/v1/brand-profiles/{brand_profile_id}/draft", at)), "brand.draft.dropped");
  const bring = (file: File | undefined): void => {
    if (!file) return;
    const form = new FormData();
    form.append("file", file, file.name);
    void doing(async () => {
      const answer = await send(new Request(address(`/v1/brand-profiles/${encodeURIComponent(id)}/logo`), { method: "PUT", body: form }));
      const body: unknown = await answer.json().catch(() => null);
      if (!answer.ok) throw problemOf(answer, body);
      live.value = body as Profile;
      await readBrands();
    });
  };
  const unmark = (): void => void doing(async () => { live.value = await got(client.DELETE("/v1/brand-profiles/{brand_profile_id}/logo", at)); await readBrands(); });
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
      <header class="page-head"><div><p class="crumb"><a href={to("brands")}><Icon name="left" />{t("nav.brands")}</a></p><h1 tabIndex={-1}>{d.name || t("brand.new")}</h1>
        {live.value && <p class="soft">{live.value.draft ? <span class="state look">{t("brand.draft")}</span> : t("brand.live")}{live.value.version ? ` · ${t("brand.version", { n: live.value.version })} · ${when(live.value.updated_at)}` : ""}</p>}</div>
        {!fresh && id !== "default" && <button type="button" class="quiet" onClick={remove} {...lacks("write")}><Icon name="bin" />{t("delete")}</button>}</header>
      <Role scope="write" />
      <section class="sheet-block" aria-labelledby="brand-look"><h2 id="brand-look">{t("new.look")}</h2>
        {!fresh && <div class="row logo-row"><Logo brand={id} version={live.value?.logo ?? null} alt={t("brand.logo")} />
          <button type="button" onClick={() => logo.current?.click()} {...lacks("write")}>{t(live.value?.logo ? "brand.logo.other" : "brand.logo.add")}</button>
          {live.value?.logo && <button type="button" class="quiet" onClick={unmark} {...lacks("write")}>{t("brand.logo.remove")}</button>}<small class="soft">{t("brand.logo.why")}</small>
          <input ref={logo} id="brand-logo-file" type="file" hidden accept="image/png,image/webp,image/jpeg" onChange={(e) => { bring(e.currentTarget.files?.[0]); e.currentTarget.value = ""; }} /></div>}
        <label class="field narrow">{t("brand.name")}<input type="text" required maxLength={120} value={d.name} onInput={(e) => change({ name: e.currentTarget.value })} /></label>
        <Palette colours={d.palette} change={(palette) => change({ palette })} />
        {text("scene_prompt", 2000, "new.words.example")}{text("mood", 200)}{text("keywords", 1800)}{text("negative_prompt", 2000)}
        <div class="two">
          <label class="field">{t("brand.light")}<select value={d.light_direction} onChange={(e) => change({ light_direction: e.currentTarget.value as Draft["light_direction"] })}>
            {(["auto", "left", "right"] as const).map((l) => <option key={l} value={l}>{t(`light.${l}` as Key)}</option>)}</select></label>
          <Dial label={t("brand.fill")} value={d.product_fill || null} usual={0.6} min={0.3} max={0.9} step={0.05} say={percent} change={(v) => change({ product_fill: v ?? 0 })} />
        </div>
        <details><summary>{t("brand.light.exact")}</summary><div class="two exact">
          <Dial label={t("adjust.angle")} value={d.steering.light_angle} usual={300} min={0} max={360} step={5} say={(v) => `${number(v)}°`} change={(light_angle) => change({ steering: { ...d.steering, light_angle } })} />
          <Dial label={t("adjust.reflection")} value={d.steering.reflection} usual={0} min={0} max={1} step={0.05} say={percent} change={(reflection) => change({ steering: { ...d.steering, reflection } })} />
          <Dial label={t("shadow.strength")} value={d.steering.shadow?.strength} usual={1} min={0} max={1.5} step={0.05} say={percent} change={(strength) => change({ steering: { ...d.steering, shadow: { ...d.steering.shadow, strength } } })} />
          <Dial label={t("shadow.softness")} value={d.steering.shadow?.softness} usual={0.6} min={0} max={1} step={0.05} say={percent} change={(softness) => change({ steering: { ...d.steering, shadow: { ...d.steering.shadow, softness } } })} /></div></details>
      </section>
      <BrandSeen draft={{ ...bodyOf(d), ...(fresh ? {} : { brand_profile_id: id }), palette: d.palette.filter((x) => hex.test(x)) }} plates={plates.value} />
      <BrandLooks looks={d.looks} change={(looks) => change({ looks })} />
      <section class="sheet-block" aria-labelledby="brand-plates"><div class="row between"><h2 id="brand-plates">{t("brand.plates")}</h2><a href={to("plates")}>{t("plates.add")}</a></div>
        {plates.value.length === 0 ? <p class="soft">{t("plates.none.why")}</p> : <div class="scene-cards">{plates.value.map((p) => <label key={p.plate_id} class="scene-card"><input type="checkbox" checked={d.plates.includes(p.plate_id)} disabled={!d.plates.includes(p.plate_id) && d.plates.length >= 10} onChange={() => change({ plates: d.plates.includes(p.plate_id) ? d.plates.filter((x) => x !== p.plate_id) : [...d.plates, p.plate_id] })} />
          <span class="scene-look" aria-hidden="true"><img class="plate" src={p.url} alt="" /></span><span>{p.name}</span></label>)}</div>}</section>
      <section class="sheet-block" aria-labelledby="brand-review"><h2 id="brand-review">{t("brand.review")}</h2>
        <label class="check"><input type="checkbox" checked={d.review === "on"} onChange={(e) => change({ review: e.currentTarget.checked ? "on" : "off" })} />{t("brand.review.on")}</label>
        {d.review === "on" && <Dial label={t("brand.review.below")} value={d.review_below || null} usual={sureFrom} min={0.05} max={1} step={0.05} say={percent} auto={t("dial.service", { n: percent(sureFrom) })} change={(v) => change({ review_below: v ?? 0 })} />}
      </section>
      <section class="sheet-block" aria-labelledby="brand-sizes"><h2 id="brand-sizes">{t("brand.sizes")}</h2><Channels chosen={d.default_presets} choose={(default_presets) => change({ default_presets })} />
        <label class="field narrow">{t("brand.naming")}<input type="text" id="brand-naming" maxLength={120} spellcheck={false} placeholder="{name}-{scene}" value={d.naming} onInput={(e) => change({ naming: e.currentTarget.value })} /></label>
        <p class="soft">{t("brand.naming.why", { fields: namingFields.join(" ") })} {t("brand.naming.example", { name: exampleOf(d.naming || "{name}-{scene}") })}</p></section>
      <section class="sheet-block" aria-labelledby="brand-rights"><h2 id="brand-rights">{t("brand.rights")}</h2><p class="soft">{t("brand.rights.why")}</p>
        <div class="two">{rights.map((r) => <label class="field" key={r}>{t(`rights.${r}` as Key)}<input type="text" inputMode={r.endsWith("_url") || r === "web_statement" ? "url" : "text"} maxLength={500} value={d.rights[r] ?? ""} onInput={(e) => change({ rights: { ...d.rights, [r]: e.currentTarget.value } })} /></label>)}</div>
      </section>
      {live.value && live.value.version > 1 && <BrandVersions id={id} version={live.value.version} restored={(work) => did(work, "brand.published")} />}
      <div class="bar"><span class="soft">{changed ? t("unsaved") : live.value?.draft ? t("brand.draft.why") : ""}</span>
        <div class="row">{live.value?.draft && <button type="button" class="quiet" disabled={busy.value} onClick={drop} {...lacks("write")}>{t("brand.draft.drop")}</button>}
          {!fresh && <button type="button" disabled={busy.value || !changed || !d.name.trim()} onClick={keep} {...lacks("write")}>{t("brand.draft.keep")}</button>}
          <button type="submit" class="primary big" disabled={busy.value || !(changed || live.value?.draft) || !d.name.trim()} {...lacks("write")}>{t(fresh ? "save" : "brand.publish")}</button></div></div>
    </form>
  );
};
