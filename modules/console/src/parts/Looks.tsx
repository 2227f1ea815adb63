// The look of the next set: brands and scenes as pictures of the user's own first photo.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { to } from "../route";
import { brands, plates, scenes, sceneTitle } from "../state/catalogue";
import { textOf } from "../state/notice";
import type { Photo } from "../state/photos";
import { forget, see, small, type Seen } from "../state/previews";
import { latest } from "../state/steer";
import { t } from "../words";
import { Icon } from "./Icon";
import { Swatches } from "./Swatches";
import { Words } from "./Words";

type Chosen = { brand: string; look?: string; scenes: string[]; words: string };
type Props = { photo: Photo | undefined; chosen: Chosen; choose: (c: Partial<Chosen>) => void };

const brandCards = 6; // of more brands there is a list

const Painted = ({ scene }: { scene: string }) => {
  const ref = useRef<HTMLSpanElement>(null);
  const [kind, colours] = scene.split(":");
  const [a, b] = (colours ?? "").split("-");
  useEffect(() => { if (ref.current) ref.current.style.background = kind === "gradient" ? `linear-gradient(${a}, ${b})` : a!; }, [scene]);
  return <span class="painted" ref={ref} />;
};

// Paint adds a plain colour or a gradient to the scenes.
const Paint = ({ add }: { add: (scene: string) => void }) => {
  const [a, b] = [useSignal("#f2ede6"), useSignal("#c9d6df")];
  return (
    <details class="paint-box"><summary><Icon name="plus" />{t("looks.paint")}</summary>
      <div class="row"><label class="inline">{t("looks.colour")} <input type="color" value={a.value} onInput={(e) => { a.value = e.currentTarget.value; }} /></label>
        <button type="button" onClick={() => add(`colour:${a.value}`)}>{t("looks.colour.add")}</button>
        <label class="inline">{t("looks.to")} <input type="color" value={b.value} onInput={(e) => { b.value = e.currentTarget.value; }} /></label>
        <button type="button" onClick={() => add(`gradient:${a.value}-${b.value}`)}>{t("looks.gradient.add")}</button></div></details>
  );
};

export const Looks = ({ photo, chosen: c, choose }: Props) => {
  const own = useSignal<Blob | null>(null);
  const seen = useSignal<Seen | null>(null);
  const ofBrands = useSignal<Map<string, string>>(new Map());
  const why = useSignal("");
  const painted = c.scenes.filter((s) => /^(colour|gradient):/.test(s));
  const all = [...scenes.value, ...plates.value.map((p) => p.scene_type), ...painted];
  const ask = useRef<((a: () => Promise<Seen>) => void) | null>(null);
  ask.current ??= latest<Seen>((s) => { forget(seen.value); seen.value = s; why.value = ""; }, (e) => { why.value = textOf(e); });
  useEffect(() => {
    own.value = null;
    let here = true;
    if (photo) void small(photo.file).then((b) => { if (here) own.value = b; });
    return () => { here = false; };
  }, [photo?.id]);
  useEffect(() => () => { forget(seen.value); for (const url of ofBrands.value.values()) URL.revokeObjectURL(url); }, []);
  const blob = own.value;
  const words = c.words.trim();
  useEffect(() => {
    if (!blob || !photo) return;
    const timer = setTimeout(() => ask.current!(() => see(blob, photo.file.name, all, { brand: c.brand, words })), 150);
    return () => clearTimeout(timer);
  }, [blob, c.brand, words, all.join(" ")]);
  const first = c.scenes[0] ?? "studio";
  const few = brands.value.length > 1 && brands.value.length <= brandCards;
  useEffect(() => {
    if (!blob || !photo || !few) return;
    let here = true;
    void (async () => {
      const next = new Map<string, string>();
      try { for (const b of brands.value) { const url = (await see(blob, photo.file.name, [first], { brand: b.brand_profile_id, words })).urls.get(first); if (url) next.set(b.brand_profile_id, url); } } catch { /* the scenes' own call says why */ }
      for (const url of (here ? ofBrands.value : next).values()) URL.revokeObjectURL(url);
      if (here) ofBrands.value = next;
    })();
    return () => { here = false; };
  }, [blob, first, few, words]);

  const toggle = (s: string): void => { const next = c.scenes.includes(s) ? c.scenes.filter((x) => x !== s) : [...c.scenes, s].slice(0, 10); choose({ look: "", scenes: next.length ? next : c.scenes }); };
  const looks = brands.value.find((b) => b.brand_profile_id === c.brand)?.looks ?? [];
  const picture = (s: string) => {
    const url = seen.value?.urls.get(s);
    const plate = plates.value.find((p) => p.scene_type === s);
    return url ? <img src={url} alt="" /> : /^(colour|gradient):/.test(s) ? <Painted scene={s} /> : plate ? <img class="plate" src={plate.url} alt="" /> : photo && <img class="raw" src={photo.url} alt="" />;
  };
  return (
    <div class="stack looks">
      {few ? <fieldset><legend>{t("new.brand")}</legend><div class="scene-cards">{brands.value.map((b) => (
        <label key={b.brand_profile_id} class="scene-card"><input type="radio" name="brand" checked={c.brand === b.brand_profile_id} onChange={() => choose({ brand: b.brand_profile_id, look: "" })} />
          <span class="scene-look" aria-hidden="true">{ofBrands.value.get(b.brand_profile_id) ? <img src={ofBrands.value.get(b.brand_profile_id)} alt="" /> : <Swatches colours={b.palette} />}</span><span>{b.name}</span></label>))}</div></fieldset>
        : <label class="field narrow">{t("new.brand")}<select value={c.brand} onChange={(e) => choose({ brand: e.currentTarget.value, look: "" })}>{brands.value.map((b) => <option key={b.brand_profile_id} value={b.brand_profile_id}>{b.name}</option>)}</select></label>}
      {looks.length > 0 && <fieldset><legend>{t("brand.looks")}</legend><div class="chips">{looks.map((l) => <button type="button" class="chip" key={l.name} aria-pressed={c.look === l.name} onClick={() => choose(c.look === l.name ? { look: "" } : { look: l.name, ...(l.scene_types?.length ? { scenes: l.scene_types } : {}), words: l.scene_prompt ?? "" })}>{l.name}</button>)}</div></fieldset>}
      <fieldset><legend>{t("new.scenes")}</legend>
        <div class={`scene-cards large${seen.value ? " seen" : ""}`}>{all.map((s) => (
          <label key={s} class={`scene-card scene-${/^[a-z]+$/.test(s) ? s : "own"}`}><input type="checkbox" checked={c.scenes.includes(s)} onChange={() => toggle(s)} />
            <span class="scene-look" aria-hidden="true">{picture(s)}</span><span>{sceneTitle(s)}</span></label>))}</div>
      </fieldset>
      <div class="row between"><Paint add={(s) => { if (!c.scenes.includes(s)) choose({ scenes: [...c.scenes, s].slice(0, 10) }); }} /><a href={to("plates")}>{t("looks.plates")}</a></div>
      <Words value={c.words} unknown={seen.value?.unknown ?? []} change={(words) => choose({ words })} />
      <p class="soft">{why.value || (photo ? t("looks.preview") : t("looks.photo"))}</p>
    </div>
  );
};
