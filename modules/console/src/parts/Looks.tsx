// The look of the next set: brands and scenes as pictures of the user's own first photo.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Schemas } from "../api";
import { to } from "../route";
import { brands, plates, scenes, sceneTitle } from "../state/catalogue";
import { textOf } from "../state/notice";
import type { Photo } from "../state/photos";
import { forget, inLook, see, small, type Look, type Seen } from "../state/previews";
import { latest } from "../state/steer";
import { t } from "../words";
import { Icon } from "./Icon";
import { Swatches } from "./Swatches";
import { Words } from "./Words";

type Chosen = { brand: string; look?: string; scenes: string[]; words: string };
type Props = { photo: Pick<Photo, "id" | "file" | "url"> | undefined; chosen: Chosen; choose: (c: Partial<Chosen>) => void };

const most = 6; // brands, or looks of one, that are shown as pictures: of more there is a list

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

// Card is a choice that is seen in one scene.
type Card = { key: string; scene: string; look: Look };

// usePictures returns a picture of the photo for each card, by its key.
const usePictures = (photo: Blob | null, name: string, cards: Card[]): Map<string, string> => {
  const pictures = useSignal<Map<string, string>>(new Map());
  useEffect(() => {
    const next = new Map<string, string>();
    let here = true;
    void (async () => {
      try { for (const c of photo ? cards : []) { for (const url of here ? (await see(photo!, name, [c.scene], c.look)).urls.values() : []) next.set(c.key, url); } } catch { /* the scenes' own call says why */ }
      if (here) pictures.value = next;
    })();
    return () => { here = false; for (const url of next.values()) URL.revokeObjectURL(url); };
  }, [photo, JSON.stringify(cards)]);
  return pictures.value;
};

export const Looks = ({ photo, chosen: c, choose }: Props) => {
  const own = useSignal<Blob | null>(null);
  const seen = useSignal<Seen | null>(null);
  const why = useSignal("");
  const painted = c.scenes.filter((s) => /^(colour|gradient):/.test(s));
  const all = [...scenes.value, ...plates.value.map((p) => p.scene_type), ...painted];
  const ask = useRef<((a: () => Promise<Seen>) => void) | null>(null);
  ask.current ??= latest<Seen>((s) => { forget(seen.value); seen.value = s; why.value = ""; }, (e) => { why.value = textOf(e); });
  useEffect(() => {
    own.value = null;
    let here = true;
    const file = photo ? Promise.resolve<Blob>(photo.file) : fetch("/sample.jpg").then((a) => a.blob());
    void file.then(small).then((b) => { if (here) own.value = b; }, () => { /* the scenes have no pictures */ });
    return () => { here = false; };
  }, [photo?.id]);
  useEffect(() => () => forget(seen.value), []);
  const blob = own.value, name = photo?.file.name ?? "sample.jpg";
  const words = c.words.trim();
  const brand = brands.value.find((b) => b.brand_profile_id === c.brand), looks = brand?.looks ?? [];
  const chosen = looks.find((l) => l.name === c.look);
  const told: Look = brand && chosen ? { draft: inLook(brand, chosen), words } : { brand: c.brand, words };
  useEffect(() => {
    if (!blob) return;
    const timer = setTimeout(() => ask.current!(() => see(blob, name, all, told)), 150);
    return () => clearTimeout(timer);
  }, [blob, JSON.stringify(told), all.join(" ")]);
  const first = c.scenes[0] ?? "studio";
  const fewBrands = brands.value.length > 1 && brands.value.length <= most, fewLooks = looks.length <= most;
  const ofBrands = usePictures(blob, name, fewBrands ? brands.value.map((b) => ({ key: b.brand_profile_id, scene: first, look: { brand: b.brand_profile_id, words } })) : []);
  const ofLooks = usePictures(blob, name, brand && fewLooks ? looks.map((l) => ({ key: l.name, scene: l.scene_types?.[0] ?? first, look: { draft: inLook(brand, l), words: l.scene_prompt ?? "" } })) : []);

  const toggle = (s: string): void => { const next = c.scenes.includes(s) ? c.scenes.filter((x) => x !== s) : [...c.scenes, s].slice(0, 10); choose({ look: "", scenes: next.length ? next : c.scenes }); };
  const take = (l: Schemas["Look"]): void => choose(c.look === l.name ? { look: "" } : { look: l.name, ...(l.scene_types?.length ? { scenes: l.scene_types } : {}), words: l.scene_prompt ?? "" });
  const picture = (s: string) => {
    const url = seen.value?.urls.get(s);
    const plate = plates.value.find((p) => p.scene_type === s);
    return url ? <img src={url} alt="" /> : /^(colour|gradient):/.test(s) ? <Painted scene={s} /> : plate ? <img class="plate" src={plate.url} alt="" /> : photo?.url && <img class="raw" src={photo.url} alt="" />;
  };
  return (
    <div class="stack looks">
      {fewBrands ? <fieldset><legend>{t("new.brand")}</legend><div class="scene-cards">{brands.value.map((b) => (
        <label key={b.brand_profile_id} class="scene-card"><input type="radio" name="brand" checked={c.brand === b.brand_profile_id} onChange={() => choose({ brand: b.brand_profile_id, look: "" })} />
          <span class="scene-look" aria-hidden="true">{ofBrands.get(b.brand_profile_id) ? <img src={ofBrands.get(b.brand_profile_id)} alt="" /> : <Swatches colours={b.palette} />}</span><span>{b.name}</span></label>))}</div></fieldset>
        : <label class="field narrow">{t("new.brand")}<select value={c.brand} onChange={(e) => choose({ brand: e.currentTarget.value, look: "" })}>{brands.value.map((b) => <option key={b.brand_profile_id} value={b.brand_profile_id}>{b.name}</option>)}</select></label>}
      {looks.length > 0 && <fieldset><legend>{t("brand.looks")}</legend>{fewLooks ? <div class="scene-cards">{looks.map((l) => (
        <label key={l.name} class="scene-card"><input type="checkbox" checked={c.look === l.name} onChange={() => take(l)} />
          <span class="scene-look" aria-hidden="true">{ofLooks.get(l.name) ? <img src={ofLooks.get(l.name)} alt="" /> : <Swatches colours={l.steering?.palette ?? brand?.palette ?? []} />}</span><span class="breaks">{l.name}</span></label>))}</div>
        : <div class="chips">{looks.map((l) => <button type="button" class="chip" key={l.name} aria-pressed={c.look === l.name} onClick={() => take(l)}>{l.name}</button>)}</div>}</fieldset>}
      <fieldset><legend>{t("new.scenes")}</legend>
        <div class={`scene-cards large${seen.value ? " seen" : ""}`}>{all.map((s) => (
          <label key={s} class={`scene-card scene-${/^[a-z]+$/.test(s) ? s : "own"}`}><input type="checkbox" checked={c.scenes.includes(s)} onChange={() => toggle(s)} />
            <span class="scene-look" aria-hidden="true">{picture(s)}</span><span>{sceneTitle(s)}</span>{seen.value?.told.get(s) && <small class="warn-text">{seen.value.told.get(s)}</small>}</label>))}</div>
      </fieldset>
      <div class="row between"><Paint add={(s) => { if (!c.scenes.includes(s)) choose({ scenes: [...c.scenes, s].slice(0, 10) }); }} /><a href={to("plates")}>{t("looks.plates")}</a></div>
      <Words value={c.words} unknown={seen.value?.unknown ?? []} change={(words) => choose({ words })} />
      <p class="soft">{why.value || (photo ? t("looks.preview") : t("looks.photo"))}</p>
    </div>
  );
};
