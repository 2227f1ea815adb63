// A brand as it is now, saved or not, in one of its looks, on up to three of the user's products.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Schemas } from "../api";
import { scenes, sceneTitle, type Plate } from "../state/catalogue";
import { textOf } from "../state/notice";
import { forget, inLook, see, type Seen } from "../state/previews";
import { products, type Product } from "../state/products";
import { latest } from "../state/steer";
import { t } from "../words";

type Draft = Schemas["NewBrandProfile"];

export const BrandSeen = ({ draft: brand, plates }: { draft: Draft; plates: Plate[] }) => {
  const named = useSignal("");
  const looks = (brand.looks ?? []).filter((l) => l.name);
  const look = looks.find((l) => l.name === named.value);
  const draft = inLook(brand, look);
  const of = useSignal<Product[]>([]);
  const seen = useSignal<Seen[]>([]);
  const scene = useSignal("");
  const why = useSignal("");
  const ask = useRef<((a: () => Promise<Seen[]>) => void) | null>(null);
  ask.current ??= latest<Seen[]>((s) => { for (const x of seen.value) forget(x); seen.value = s; why.value = ""; }, (e) => { why.value = textOf(e); });
  useEffect(() => {
    let here = true;
    products(3).then((p) => { if (here) of.value = p; }, (e: unknown) => { why.value = textOf(e); });
    return () => { here = false; for (const x of seen.value) forget(x); };
  }, []);
  const own = (draft.plates ?? []).map((id) => `plate:${id}`);
  const offered = look?.scene_types?.length ? look.scene_types : [...own, ...scenes.value];
  const now = offered.includes(scene.value) ? scene.value : offered[0] ?? "studio";
  const told = JSON.stringify([draft, now]);
  useEffect(() => {
    if (!of.value.length) return;
    const timer = setTimeout(() => ask.current!(async () => { const all: Seen[] = []; for (const p of of.value) all.push(await see(p.photo, p.name, [now], { draft })); return all; }), 250);
    return () => clearTimeout(timer);
  }, [told, of.value]);
  return (
    <section class="sheet-block brand-seen" aria-labelledby="brand-seen"><div class="row between"><h2 id="brand-seen">{t("brand.seen")}</h2>
      {looks.length > 0 && <label class="inline">{t("new.look")} <select value={look?.name ?? ""} onChange={(e) => { named.value = e.currentTarget.value; }}><option value="">–</option>{looks.map((l) => <option key={l.name} value={l.name}>{l.name}</option>)}</select></label>}
      <label class="inline">{t("adjust.scene")} <select value={now} onChange={(e) => { scene.value = e.currentTarget.value; }}>{offered.map((s) => <option key={s} value={s}>{plates.find((p) => p.scene_type === s)?.name ?? sceneTitle(s)}</option>)}</select></label></div>
      <div class="tried">{of.value.map((p, i) => { const at = seen.value[i]?.urls.values().next().value; return at ? <img key={p.name} src={at} alt={p.name} /> : <span key={p.name} class="thumb none" />; })}</div>
      {why.value ? <p class="bad-text">{why.value}</p> : seen.value.length < of.value.length || !of.value.length ? <p class="soft" role="status">{t("loading")}</p> : <p class="soft">{t("brand.seen.why")}</p>}
    </section>
  );
};
