// An own scene photo: its horizon, floor, light and scale are set on it, and a product is
// seen in it.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { client, got } from "../api";
import { sure } from "../parts/Confirm";
import { Empty, Loading } from "../parts/Empty";
import { Icon } from "../parts/Icon";
import { PlateView, type About, type Ruler } from "../parts/PlateView";
import { Sun } from "../parts/Sun";
import { go, to } from "../route";
import { readPlates, type Plate as Row } from "../state/catalogue";
import { complain, doing, tell } from "../state/notice";
import { forget, see, type Seen } from "../state/previews";
import { products, type Product } from "../state/products";
import { latest } from "../state/steer";
import { number, t } from "../words";
import { lacks } from "../state/session";

// frameOf returns how many millimetres the lower edge shows, where a ruler on the floor is
// so long: rows farther away show more of it, as the service's own camera sees it.
export const frameOf = (r: NonNullable<Ruler>, mm: number, p: Row, a: About): number => {
  const y = (r.from[1] + r.to[1]) / 2, high = Math.sqrt(p.height / p.width), f = a.floor ?? [0, a.horizon, 1, 1];
  const contact = f[1]! + (f[3]! - f[1]!) * 0.6;
  const vanish = a.horizon - 0.62 * (contact - a.horizon) - 0.14 / high;
  const across = Math.abs(r.to[0] - r.from[0]);
  return across < 0.02 ? 0 : Math.round(Math.max(10, Math.min(50_000, (mm / across) * Math.max(0.02, y - vanish) / (1 - vanish))));
};

export const Plate = ({ id }: { id: string }) => {
  const plate = useSignal<Row | null>(null);
  const about = useSignal<About | null>(null);
  const name = useSignal("");
  const gone = useSignal(false);
  const busy = useSignal(false);
  const ruler = useSignal<Ruler>(null);
  const measuring = useSignal(false);
  const tried = useSignal<Product[]>([]);
  const seen = useSignal<(Seen | null)[]>([]);
  const path = { params: { path: { plate_id: id } } };
  const show = (p: Row): void => { plate.value = p; about.value = p.about; name.value = p.name; document.title = `${p.name} · OPAL`; };
  const ask = useRef<((a: () => Promise<(Seen | null)[]>) => void) | null>(null);
  ask.current ??= latest<(Seen | null)[]>((s) => { for (const x of seen.value) forget(x); seen.value = s; }, complain);
  useEffect(() => {
    plate.value = null; gone.value = false; ruler.value = null;
    got(client.GET("/v1/plates/{plate_id}", path)).then(show, (e: unknown) => { gone.value = true; complain(e); });
    products(2).then((p) => { tried.value = p; }, complain);
    return () => { for (const x of seen.value) forget(x); };
  }, [id]);
  const p = plate.value, a = about.value;
  const changed = p !== null && a !== null && (JSON.stringify(a) !== JSON.stringify(p.about) || name.value.trim() !== p.name);
  // the previews are of what is kept
  useEffect(() => { if (p && tried.value.length) ask.current!(() => Promise.all(tried.value.map((x) => see(x.photo, x.name, [p.scene_type], {})))); }, [p?.updated_at, tried.value]);
  if (gone.value) return <Empty page title={t("plate.gone")}><p><a href={to("plates")}>{t("plates")}</a></p></Empty>;
  if (!p || !a) return <Loading page text={t("loading")} />;
  const change = (c: Partial<About>): void => { about.value = { ...a, ...c }; };
  const save = (e: Event): void => {
    e.preventDefault();
    void doing(async () => {
      busy.value = true;
      try { show(await got(client.PATCH("/v1/plates/{plate_id}", { ...path, body: { ...a, frame_mm: a.frame_mm || undefined, reset: a.frame_mm ? undefined : ["frame_mm"], name: name.value.trim() } }))); await readPlates(); tell(t("saved")); } finally { busy.value = false; }
    });
  };
  const remove = (): void => void doing(async () => {
    if (!await sure(t("plate.delete"), t("plate.delete.why", { name: p.name }), t("delete"))) return;
    await got(client.DELETE("/v1/plates/{plate_id}", path));
    await readPlates();
    go("plates");
  });
  const range = (label: string, v: number, set: (v: number) => void, max = 1, step = 0.01) => <label class="field">{label} <span class="soft">{number(100 * v)} %</span><input type="range" min={0} max={max} step={step} value={v} onInput={(e) => set(Number(e.currentTarget.value))} /></label>;
  return (
    <form class="form plate-form" onSubmit={save}>
      <header class="page-head"><div><p class="crumb"><a href={to("plates")}><Icon name="left" />{t("plates")}</a></p><h1 tabIndex={-1}>{p.name}</h1></div>
        <button type="button" class="quiet" onClick={remove} {...lacks("write")}><Icon name="bin" />{t("delete")}</button></header>
      <div class="picture-columns">
        <div class="stack"><PlateView url={p.url} width={p.width} height={p.height} about={a} change={change} ruler={ruler.value} measuring={measuring.value} measure={(r) => { ruler.value = r; }} />
          {tried.value.length > 0 && <div><h2 class="section">{t("plate.tried")}</h2><div class="tried">{tried.value.map((x, i) => { const at = seen.value[i]?.urls.get(p.scene_type); return at ? <img key={x.name} src={at} alt={x.name} /> : <span key={x.name} class="thumb none" />; })}</div>
            {changed && <p class="soft">{t("plate.tried.saved")}</p>}</div>}</div>
        <aside class="panel stack" aria-label={t("plate.about")}>
          <p class="soft">{t("plate.how")}</p>
          <label class="field">{t("brand.name")}<input type="text" required maxLength={120} value={name.value} onInput={(e) => { name.value = e.currentTarget.value; }} /></label>
          {a.frame_mm === 0 && a.horizon === p.about.horizon && p.notes?.length ? <p class="warn-text"><Icon name="warn" />{t("plate.horizon.none")}</p> : null}
          {range(t("plate.horizon"), a.horizon, (v) => change({ horizon: v, floor: [a.floor?.[0] ?? 0, Math.max(a.floor?.[1] ?? 0, v), a.floor?.[2] ?? 1, Math.max(a.floor?.[3] ?? 1, Math.min(1, v + 0.03))] }), 0.95)}
          <Sun angle={a.light_angle} change={(light_angle) => change({ light_angle })} />
          {range(t("plate.softness"), a.softness, (softness) => change({ softness }))}
          {range(t("plate.reflection"), a.reflection, (reflection) => change({ reflection }))}
          <fieldset><legend>{t("plate.scale")}</legend><div class="stack">
            <p class="soft">{a.frame_mm ? t("plate.frame", { n: a.frame_mm }) : t("plate.frame.none")}</p>
            <button type="button" aria-pressed={measuring.value} onClick={() => { measuring.value = !measuring.value; ruler.value = null; }}>{measuring.value ? t("plate.ruler.stop") : t("plate.ruler")}</button>
            {ruler.value && <label class="field">{t("plate.ruler.mm")}<input type="number" min={1} max={50000} step={1} onInput={(e) => { const mm = Number(e.currentTarget.value); if (mm > 0) change({ frame_mm: frameOf(ruler.value!, mm, p, a) }); }} /></label>}
            <label class="field">{t("plate.frame.label")}<input type="number" min={0} max={50000} step={1} value={a.frame_mm} onInput={(e) => change({ frame_mm: Number(e.currentTarget.value) || 0 })} /></label></div></fieldset>
          <button type="button" class="quiet" onClick={() => { about.value = p.guess; ruler.value = null; }}>{t("plate.guess")}</button>
        </aside>
      </div>
      <div class="bar"><span class="soft">{changed ? t("unsaved") : ""}</span><button type="submit" class="primary big" disabled={busy.value || !changed || !name.value.trim()} {...lacks("write")}>{t("save")}</button></div>
    </form>
  );
};
