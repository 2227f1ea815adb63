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

type Heard = (why: string, unknown: string[]) => void;

// One is the brand on one product. It shows what it had until there is another.
const One = ({ p, scene, draft, heard }: { p: Product; scene: string; draft: Draft; heard: Heard }) => {
  const seen = useSignal<Seen | null>(null);
  const ask = useRef<((a: () => Promise<Seen>) => void) | null>(null);
  ask.current ??= latest<Seen>((s) => { forget(seen.value); seen.value = s; heard([...s.told.values()].join(" "), s.unknown); }, (e) => heard(textOf(e), []));
  useEffect(() => {
    const timer = setTimeout(() => ask.current!(() => see(p.photo, p.name, [scene], { draft })), 250);
    return () => clearTimeout(timer);
  }, [JSON.stringify(draft), scene]);
  useEffect(() => () => forget(seen.value), []);
  const at = seen.value?.urls.values().next().value;
  return at ? <img src={at} alt={p.name} /> : <span class="thumb none"><span class="busy" aria-hidden="true" /></span>;
};

export const BrandSeen = ({ draft: brand, plates }: { draft: Draft; plates: Plate[] }) => {
  const named = useSignal("");
  const looks = (brand.looks ?? []).filter((l) => l.name);
  const look = looks.find((l) => l.name === named.value);
  const draft = inLook(brand, look);
  const of = useSignal<Product[]>([]);
  const scene = useSignal("");
  const why = useSignal("");
  const unknown = useSignal<string[]>([]);
  const heard: Heard = (what, words) => { why.value = what; unknown.value = words; };
  useEffect(() => {
    let here = true;
    products(3).then((p) => { if (here) of.value = p; }, (e: unknown) => { why.value = textOf(e); });
    return () => { here = false; };
  }, []);
  const own = (draft.plates ?? []).map((id) => `plate:${id}`);
  const offered = look?.scene_types?.length ? look.scene_types : [...own, ...scenes.value];
  const now = offered.includes(scene.value) ? scene.value : offered[0] ?? "studio";
  return (
    <section class="sheet-block brand-seen" aria-labelledby="brand-seen"><div class="row between"><h2 id="brand-seen">{t("brand.seen")}</h2>
      {looks.length > 0 && <label class="inline">{t("new.look")} <select value={look?.name ?? ""} onChange={(e) => { named.value = e.currentTarget.value; }}><option value="">–</option>{looks.map((l) => <option key={l.name} value={l.name}>{l.name}</option>)}</select></label>}
      <label class="inline">{t("adjust.scene")} <select value={now} onChange={(e) => { scene.value = e.currentTarget.value; }}>{offered.map((s) => <option key={s} value={s}>{plates.find((p) => p.scene_type === s)?.name ?? sceneTitle(s)}</option>)}</select></label></div>
      <div class="tried">{of.value.map((p) => <One key={p.name} p={p} scene={now} draft={draft} heard={heard} />)}</div>
      {unknown.value.length > 0 && <p class="understood">{unknown.value.map((w) => <><span key={w} class="unknown">{w}</span> </>)}<span class="soft">{t("words.unknown")}</span></p>}
      {why.value ? <p class="bad-text">{why.value}</p> : <p class="soft">{t("brand.seen.why")}</p>}
    </section>
  );
};
