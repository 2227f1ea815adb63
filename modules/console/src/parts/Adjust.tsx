// A picture as it could be: place, light, scene and words, seen small before it is ordered.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Schemas } from "../api";
import { go } from "../route";
import { brands } from "../state/catalogue";
import { withLook } from "../state/look";
import { doing, tell, textOf } from "../state/notice";
import { spread } from "../state/spread";
import { chosen, home, job, readThese, revive, shown as pictures, spot, type Brief } from "../state/sheet";
import { sayConcern } from "../state/plain";
import { changes, latest, moving, preview, remakeAs, same, shown, tidy, type Shown, type Steering, type Wish } from "../state/steer";
import { credits, number, t, type Key } from "../words";
import { sure } from "./Confirm";
import { Dial } from "./Dial";
import { Icon } from "./Icon";
import { SceneChips } from "./SceneChips";
import { Words } from "./Words";
import { lacks } from "../state/session";

export const wishOf = (item: Schemas["Item"]): Wish => ({ scene: item.scene_type, words: item.scene_prompt ?? "", steering: item.steering ?? {} });

const percent = (v: number): string => `${number(100 * v)} %`;
const degrees = (v: number): string => `${number(v)}°`;
const anchors = ["", "floor", "bottom", "top", "left", "right"] as const;

type Props = { jobID: string; item: Schemas["Item"]; wish: Wish; change: (w: Wish) => void };

export const Adjust = ({ jobID, item, wish, change }: Props) => {
  const why = useSignal("");
  const busy = useSignal(false);
  const brand = useSignal("");
  const before = wishOf(item);
  const ask = useRef<((a: () => Promise<Shown>) => void) | null>(null);
  ask.current ??= latest<Shown>((s) => { if (shown.value) URL.revokeObjectURL(shown.value.url); shown.value = s; moving.value = null; why.value = ""; }, (e) => { moving.value = null; why.value = textOf(e); });
  useEffect(() => { return () => { if (shown.value) URL.revokeObjectURL(shown.value.url); shown.value = null; moving.value = null; }; }, [item.item_id]);
  const told = JSON.stringify([wish.scene, wish.words.trim(), tidy(wish.steering)]);
  useEffect(() => {
    if (item.status !== "completed") return;
    const timer = setTimeout(() => ask.current!(() => preview(jobID, item.item_id, wish)), 80);
    return () => clearTimeout(timer);
  }, [told, item.item_id, item.cutout_version]);

  const s = wish.steering, shadow = s.shadow ?? {};
  const steer = (c: Partial<Steering>): void => change({ ...wish, steering: { ...s, ...c } });
  const shade = (c: Partial<NonNullable<Steering["shadow"]>>): void => steer({ shadow: { ...shadow, ...c } });
  const own = (on: string, what: string): void => { const { [on]: _, ...rest } = s.photo_shadow ?? {}; const next = what ? { ...rest, [on]: what } : rest; steer({ photo_shadow: Object.keys(next).length ? next : null }); };
  const price = shown.value?.quote?.total ?? null;
  const unchanged = same(wish, before);

  const others = (all: boolean): Brief[] => pictures.value.filter((b) => b.status === "completed" && b.item_id !== item.item_id && (all || chosen.value.has(b.item_id)));
  const selected = others(false), rest = others(true);
  const make = (e: Event): void => {
    e.preventDefault();
    void doing(async () => {
      busy.value = true;
      try {
        const id = await remakeAs(jobID, item.item_id, wish);
        await readThese([item.item_id, id].map((i) => ({ job_id: jobID, item_id: i })));
        revive();
        tell(t("adjust.going"));
        go(...spot(jobID, id));
      } finally { busy.value = false; }
    });
  };
  const also = (list: Brief[]): void => void doing(async () => {
    const n = list.length + 1;
    if (!await sure(t("adjust.spread", { n }), price ? t("adjust.spread.price", { n, total: credits(n * price) }) : t("adjust.spread.why", { n }), t("adjust.make"))) return;
    busy.value = true;
    try {
      const made = [item.item_id, await remakeAs(jobID, item.item_id, wish)].map((i) => ({ job_id: jobID, item_id: i }));
      await readThese(made.slice(0, 1));
      await spread(list, changes(wish, before), made.slice(1));
      go(...home());
    } finally { busy.value = false; }
  });
  const elsewhere = (): void => void doing(async () => {
    busy.value = true;
    try { go("sets", await withLook(item, { brand_profile_id: brand.value || job.value?.brand_profile_id || "default", presets: item.exports.map((v) => v.preset), scenes: [wish.scene], words: wish.words.trim(), steering: tidy(s) })); } finally { busy.value = false; }
  });
  if (item.status !== "completed") return <p class="soft">{t("adjust.later")}</p>;
  return (
    <form class="stack adjust" onSubmit={make}>
      <p class="soft">{t("adjust.how")}</p>
      <SceneChips scene={wish.scene} also={before.scene} choose={(x) => change({ ...wish, scene: x })} />
      <Words value={wish.words} unknown={shown.value?.unknown_words ?? []} change={(words) => change({ ...wish, words })} />
      <div class="row between"><button type="button" onClick={() => steer({ seed: ((s.seed ?? 0) + 1) % 1000 })}><Icon name="again" />{t("adjust.other")}</button>
        {s.seed != null && <button type="button" class="quiet" onClick={() => steer({ seed: null })}>{t("adjust.first")}</button>}</div>
      <details open><summary>{t("adjust.place")}</summary><div class="stack">
        <Dial label={t("adjust.scale")} value={s.scale || null} usual={1} min={0.2} max={2.5} step={0.02} say={percent} change={(v) => steer({ scale: v })} />
        <Dial label={t("adjust.x")} value={s.x} usual={0.5} min={0} max={1} step={0.005} say={percent} change={(v) => steer({ x: v })} />
        <Dial label={t("adjust.y")} value={s.y} usual={0.82} min={0} max={1} step={0.005} say={percent} change={(v) => steer({ y: v })} />
        <Dial label={t("adjust.turn")} value={s.rotation || null} usual={0} min={-180} max={180} step={1} say={degrees} change={(v) => steer({ rotation: v })} />
        <label class="check"><input type="checkbox" checked={s.flip ?? false} onChange={(e) => steer({ flip: e.currentTarget.checked })} />{t("adjust.flip")}</label>
        <label class="check"><input type="checkbox" checked={s.translucent ?? false} onChange={(e) => steer({ translucent: e.currentTarget.checked })} />{t("adjust.translucent")}</label>
        <label class="field">{t("adjust.anchor")}<select value={s.anchor ?? ""} onChange={(e) => steer({ anchor: (e.currentTarget.value || null) as Steering["anchor"] })}>{anchors.map((a) => <option key={a} value={a}>{t(`anchor.${a || "auto"}` as Key)}</option>)}</select></label>
      </div></details>
      <details><summary>{t("adjust.light")}</summary><div class="stack">
        <Dial label={t("adjust.angle")} value={s.light_angle} usual={300} min={0} max={360} step={5} say={degrees} change={(v) => steer({ light_angle: v })} />
        <Dial label={t("adjust.reflection")} value={s.reflection} usual={0} min={0} max={1} step={0.05} say={percent} change={(v) => steer({ reflection: v })} />
        <Dial label={t("adjust.relight")} value={s.relight} usual={0} min={0} max={1} step={0.05} say={percent} change={(v) => steer({ relight: v })} />
        {(["scene", "white"] as const).map((on) => <label class="field" key={on}>{t(`photo_shadow.${on}` as Key)}<select value={s.photo_shadow?.[on] ?? ""} onChange={(e) => own(on, e.currentTarget.value)}>
          {(on === "white" ? ["", "keep", "soften", "contact"] : ["", "keep", "soften"]).map((k) => <option key={k} value={k}>{t(`photo_shadow.${k || "drop"}` as Key)}</option>)}</select></label>)}
        <label class="check"><input type="checkbox" checked={shadow.off ?? false} onChange={(e) => steer({ shadow: e.currentTarget.checked ? { off: true } : { ...shadow, off: false } })} />{t("shadow.off")}</label>
        {!shadow.off && <>
          <Dial label={t("shadow.strength")} value={shadow.strength} usual={1} min={0} max={1.5} step={0.05} say={percent} change={(v) => shade({ strength: v })} />
          <Dial label={t("shadow.softness")} value={shadow.softness} usual={0.6} min={0} max={1} step={0.05} say={percent} change={(v) => shade({ softness: v })} />
          <Dial label={t("shadow.length")} value={shadow.length} usual={1} min={0} max={3} step={0.1} say={(v) => `${number(v, 1)}×`} change={(v) => shade({ length: v })} />
          <Dial label={t("shadow.direction")} value={shadow.direction} usual={120} min={0} max={360} step={5} say={degrees} change={(v) => shade({ direction: v })} /></>}
      </div></details>
      <details><summary>{t("adjust.real")}</summary><div class="stack">
        <label class="field">{t("adjust.height")}<input type="number" min={1} max={10000} step={1} value={s.height_mm ?? ""} placeholder={t("dial.auto")} onInput={(e) => steer({ height_mm: Number(e.currentTarget.value) || null })} /></label>
        <Dial label={t("adjust.pitch")} value={s.camera_pitch} usual={10} min={0} max={90} step={1} say={degrees} change={(v) => steer({ camera_pitch: v })} />
      </div></details>
      {shown.value?.concerns.map((c) => <p class="warn-text" key={c.kind}><Icon name="warn" />{sayConcern(c)}</p>)}
      {shown.value?.note && <p class="warn-text"><Icon name="warn" />{shown.value.note}</p>}
      {why.value && <p class="bad-text" role="alert">{why.value}</p>}
      <div class="adjust-end">
        <div class="row between"><span class="soft">{price !== null && price > 0 ? t("new.sum.credits", { n: credits(price) }) : price === 0 ? t("adjust.free") : ""}</span>
          <div class="row"><button type="button" class="quiet" disabled={unchanged} onClick={() => change(before)}>{t("adjust.back")}</button>
            <button type="submit" class="primary" disabled={busy.value || unchanged} {...lacks("write")}>{busy.value ? t("new.making") : t("adjust.make")}</button></div></div>
        {(selected.length > 0 || rest.length > 0) && <div class="row end">
          {selected.length > 0 && <button type="button" disabled={busy.value || unchanged} onClick={() => also(selected)} {...lacks("write")}>{t("adjust.selected", { n: selected.length })}</button>}
          {rest.length > 0 && <button type="button" disabled={busy.value || unchanged} onClick={() => also(rest)} {...lacks("write")}>{t("adjust.all", { n: rest.length })}</button>}</div>}
      </div>
      <details><summary>{t("adjust.set")}</summary><div class="stack"><p class="soft">{t("adjust.set.why")}</p>
        <label class="field">{t("new.brand")}<select value={brand.value || job.value?.brand_profile_id || "default"} onChange={(e) => { brand.value = e.currentTarget.value; }}>{brands.value.map((b) => <option key={b.brand_profile_id} value={b.brand_profile_id}>{b.name}</option>)}</select></label>
        <div class="row end"><button type="button" class="as-set" disabled={busy.value || !item.raw_blob_path} onClick={elsewhere} {...lacks("write")}>{t("adjust.set.make")}</button></div></div></details>
    </form>
  );
};
