// Another look for a picture: scene, words, brand. It becomes a set of its own, so that
// the picture that is there stays.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { client, got, Problem, type Schemas } from "../api";
import { go } from "../route";
import { brands, scenes } from "../state/catalogue";
import { withLook } from "../state/look";
import { doing, textOf } from "../state/notice";
import { job } from "../state/sheet";
import { requestOf, type Order } from "../state/uploads";
import { credits, named, t } from "../words";

type Look = { scene: string; words: string; brand: string };

export const Adjust = ({ item }: { item: Schemas["Item"] }) => {
  const look = useSignal<Look>({ scene: "", words: "", brand: "" });
  const price = useSignal<number | null>(null);
  const why = useSignal("");
  const busy = useSignal(false);
  useEffect(() => { look.value = { scene: item.scene_type, words: item.scene_prompt ?? "", brand: job.value?.brand_profile_id ?? "default" }; }, [item.item_id, job.value?.brand_profile_id]);
  const l = look.value;
  const order = (): Order => ({ brand_profile_id: l.brand, presets: item.exports.map((v) => v.preset), scenes: [l.scene], words: l.words.trim() });
  useEffect(() => {
    if (!l.scene) return;
    let here = true;
    const timer = setTimeout(() => {
      got(client.POST("/v1/jobs", { body: requestOf(order(), [{ file: new File([], item.filename), sku: "" }], true) })).then(
        (a) => { if (here) { price.value = a.quote?.total ?? null; why.value = ""; } },
        (e: unknown) => { if (here) { price.value = null; why.value = e instanceof Problem && e.code === "quotes_off" ? "" : textOf(e); } });
    }, 400);
    return () => { here = false; clearTimeout(timer); };
  }, [l.scene, l.words, l.brand, item.item_id]);
  const change = (c: Partial<Look>): void => { look.value = { ...l, ...c }; };
  const same = l.scene === item.scene_type && l.words.trim() === (item.scene_prompt ?? "").trim() && l.brand === (job.value?.brand_profile_id ?? "default");
  const make = (e: Event): void => {
    e.preventDefault();
    void doing(async () => {
      busy.value = true;
      try { go("sets", await withLook(item, order())); } finally { busy.value = false; }
    });
  };
  return (
    <form class="stack" onSubmit={make}>
      <p class="soft">{t("adjust.how")}</p>
      <fieldset><legend>{t("adjust.scene")}</legend><div class="chips">{[...new Set([...scenes.value, item.scene_type])].map((s) => <button type="button" class="chip" key={s} aria-pressed={l.scene === s} onClick={() => change({ scene: s })}>{named(s)}</button>)}</div></fieldset>
      <label class="field">{t("new.words")}<textarea rows={3} maxLength={2000} placeholder={t("new.words.example")} value={l.words} onInput={(e) => change({ words: e.currentTarget.value })} /></label>
      <label class="field">{t("new.brand")}<select value={l.brand} onChange={(e) => change({ brand: e.currentTarget.value })}>{brands.value.map((b) => <option key={b.brand_profile_id} value={b.brand_profile_id}>{b.name}</option>)}</select></label>
      {why.value && <p class="bad-text" role="alert">{why.value}</p>}
      <div class="row between"><span class="soft">{price.value !== null ? t("new.sum.credits", { n: credits(price.value) }) : ""}</span>
        <button type="submit" class="primary" disabled={busy.value || !l.scene || same || !item.raw_blob_path}>{busy.value ? t("new.making") : t("adjust.make")}</button></div>
    </form>
  );
};
