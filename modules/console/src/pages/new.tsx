// New set: photos, a look, channels, and the price, before anything is sent.
import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { client, got, Problem, type Schemas } from "../api";
import { Channels } from "../parts/Channels";
import { Drop } from "../parts/Drop";
import { Face } from "../parts/Face";
import { Icon } from "../parts/Icon";
import { faceOf, Rows } from "../parts/Rows";
import { Looks } from "../parts/Looks";
import { go, to } from "../route";
import { brands, catalogue, plates, presets, presetTitle, readPlates, scenes } from "../state/catalogue";
import { complain, doing, textOf } from "../state/notice";
import { clear, photos, refused, remove, restore, type Photo } from "../state/photos";
import { addNamed, beginImport, bringNamed, looked, lookAt, table } from "../state/tables";
import { lasts, readPace } from "../state/pace";
import { make, perJob, requestOf, type Order } from "../state/uploads";
import { bytes, credits, lasting, t, type Key } from "../words";
import { Role } from "../parts/Role";
import { lacks } from "../state/session";

const remembered = "opal.look";
type Choice = { brand: string; look?: string; scenes: string[]; presets: string[]; words: string };
const choice = signal<Choice>({ brand: "default", scenes: [], presets: [], words: "" });

const remember = (): void => {
  let was: Partial<Choice> = {};
  try { was = JSON.parse(localStorage.getItem(remembered) ?? "{}") as Partial<Choice>; } catch { /* what was kept can't be read */ }
  const s = (was.scenes ?? []).filter((x) => scenes.value.includes(x) || plates.value.some((p) => p.scene_type === x) || /^(colour:#[0-9a-f]{6}|gradient:#[0-9a-f]{6}-#[0-9a-f]{6})$/.test(x)).slice(0, 10);
  const p = (was.presets ?? []).filter((x) => presets.value.some((q) => q.name === x));
  choice.value = {
    brand: brands.value.some((b) => b.brand_profile_id === was.brand) ? was.brand! : "default", scenes: s.length ? s : scenes.value.slice(0, 1),
    presets: p.length ? p : presets.value.filter((q) => q.default).map((q) => q.name), words: was.words ?? "",
  };
};
const choose = (change: Partial<Choice>): void => {
  choice.value = { ...choice.value, ...change };
  try { localStorage.setItem(remembered, JSON.stringify(choice.value)); } catch { /* a browser that keeps nothing */ }
};

const orderOf = (c: Choice): Order => ({ brand_profile_id: c.brand, presets: c.presets, scenes: c.scenes, words: c.words.trim(), steering: brands.value.find((b) => b.brand_profile_id === c.brand)?.looks?.find((l) => l.name === c.look)?.steering });

// short says for how many of the chosen sizes a photo shows its product with too few pixels:
// it would be enlarged more than twice.
const short = (p: Photo): string[] => (p.side ? presets.value.filter((q) => choice.value.presets.includes(q.name) && Math.max(q.width, q.height) * q.fill > 2 * p.side).map((q) => presetTitle(q.name)) : []);

const PhotoTile = ({ p }: { p: Photo }) => {
  const few = short(p);
  return (
    <li class={`photo${few.length ? " warn" : ""}`}>
      <Face url={p.source ? "" : p.url} />
      <span class="photo-name" title={p.file.name}>{p.sku || p.file.name}</span>
      <span class="soft">{p.source ? t("new.address") : p.width ? `${p.width} × ${p.height}` : bytes(p.file.size)}</span>
      {few.length > 0 && <span class="warn-text" title={few.join(", ")}><Icon name="warn" />{few.length === choice.value.presets.length ? t("new.small.all") : t("new.small", { n: few.length })}</span>}
      <button type="button" class="icon-only remove" aria-label={t("new.remove", { name: p.file.name })} onClick={() => remove(p.id)}><Icon name="cross" /></button>
    </li>
  );
};

const listed = 100; // of a folder with thousands of files that are none

const Refused = () => {
  if (!refused.value.length) return null;
  return (
    <details class="callout warn" open={refused.value.length <= 5}>
      <summary>{t("new.refused", { n: refused.value.length })}</summary>
      <ul>{refused.value.slice(0, listed).map((r, i) => <li key={i}><strong>{r.name}</strong> {t(`refused.${r.why}` as Key)}</li>)}{refused.value.length > listed && <li>…</li>}</ul>
      <button type="button" class="quiet" onClick={() => { refused.value = []; }}>{t("close")}</button>
    </details>
  );
};

// title is what the user calls the set; null: nothing yet, then it has its folder's name.
const title = signal<string | null>(null);
const folder = (): string => photos.value[0]?.folder ?? "";

// wishesOf are those of a table's rows that have none of their own.
const wishesOf = (c: Choice): Schemas["NewImport"] => { const { scenes, words, brand_profile_id, presets } = orderOf(c); return { brand_profile_id, presets, scene_types: scenes, scene_prompt: words }; };

// useLook asks what would be made of the table, as often as that changes.
const useLook = (): void => {
  const from = table.value?.from, asked = JSON.stringify(wishesOf(choice.value));
  useEffect(() => {
    if (!from || !choice.value.presets.length) return;
    let here = true;
    const timer = setTimeout(() => void lookAt(from, JSON.parse(asked) as Schemas["NewImport"]).then((l) => { if (here) looked.value = l; }), looked.value ? 800 : 0);
    return () => { here = false; clearTimeout(timer); };
  }, [from, asked]);
};

// The price of what is chosen, by the service's own count.
const usePrice = (): { credits: number | null; why: string; buy?: boolean } => {
  const price = useSignal<{ credits: number | null; why: string; buy?: boolean }>({ credits: null, why: "" });
  const n = table.value ? 0 : photos.value.length;
  const asked = JSON.stringify([choice.value, n]);
  useEffect(() => {
    if (!n) { price.value = { credits: null, why: "" }; return; }
    let here = true;
    const timer = setTimeout(() => {
      const one = [{ file: new File([], "photo.jpg"), sku: "" }];
      got(client.POST("/v1/jobs", { body: requestOf(orderOf(choice.value), one, true) })).then(
        (a) => { if (here) price.value = { credits: (a.quote?.total ?? 0) * n, why: "" }; },
        (e: unknown) => { if (here) price.value = { credits: null, why: e instanceof Problem && e.code !== "quotes_off" ? textOf(e) : "", buy: e instanceof Problem && e.code === "insufficient_credits" }; });
    }, 400);
    return () => { here = false; clearTimeout(timer); };
  }, [asked]);
  return price.value;
};

export const New = () => {
  const ready = useSignal(false);
  const busy = useSignal(false);
  useEffect(() => { document.title = `${t("nav.new")} · OPAL`; void restore(); void readPace().catch(() => { /* without it no time is told */ }); Promise.all([catalogue(), readPlates()]).then(() => { remember(); ready.value = true; }, complain); }, []);
  const c = choice.value;
  const rows = table.value, look = rows ? looked.value?.look : null, blind = !!rows && !!looked.value?.blind;
  const n = rows ? look?.photos ?? 0 : photos.value.length;
  useLook();
  const asked = usePrice(), price = rows ? { credits: look?.quote?.total ?? null, why: "", buy: false } : asked;
  const pictures = rows ? look?.pictures ?? 0 : n * Math.max(1, c.scenes.length);
  const files = look?.quote ? look.quote.lines.reduce((sum, l) => sum + (l.kind === "preset" ? l.count : 0), 0) : pictures * c.presets.length;
  const start = (): void => void doing(async () => {
    busy.value = true;
    try {
      if (rows) {
        const id = await beginImport(rows.from, wishesOf(c));
        table.value = null;
        go("imports", id);
        if (rows.files.length) void doing(() => bringNamed(id, rows.files));
        return;
      }
      const all = photos.value.map((p) => ({ file: p.file, sku: p.sku, source: p.source }));
      let first = "";
      for (let i = 0; i < all.length; i += perJob) {
        const part = all.length > perJob ? ` (${i / perJob + 1}/${Math.ceil(all.length / perJob)})` : "", name = (title.value ?? folder()).trim();
        const id = await make({ ...orderOf(c), ...(name ? { name: name + part } : {}) }, all.slice(i, i + perJob));
        first ||= id;
      }
      if ("Notification" in window && Notification.permission === "default") void Notification.requestPermission();
      clear();
      title.value = null;
      go("sets", first);
    } finally { busy.value = false; }
  });
  const give = (): void => void doing(async () => {
    await addNamed(photos.value.filter((p) => !p.source).map((p) => p.file));
    for (const p of photos.value) if (!p.source) remove(p.id);
  });
  return (
    <div class="new">
      <header class="page-head"><h1 tabIndex={-1}>{t("nav.new")}</h1></header>
      <Role scope="write" />
      <section aria-labelledby="new-photos">
        <h2 id="new-photos" class="section"><span class="step">1</span>{t("new.photos")} {n > 0 && <span class="count">{n}</span>}</h2>
        <Refused />
        {rows && <Rows />}
        {!rows && n > 0 && <label class="field narrow">{t("sheet.name")}<input id="set-name" maxLength={120} autocomplete="off" placeholder={t("sheet.name.example")} value={title.value ?? folder()} onInput={(e) => { title.value = e.currentTarget.value; }} /></label>}
        {rows && photos.value.length > 0 && <div class="callout"><Icon name="grid" /><span>{t("new.apart", { n: photos.value.length })}</span>
          {photos.value.some((p) => !p.source) && <button type="button" onClick={give}>{t("new.apart.give")}</button>}</div>}
        {(rows ? photos.value.length : n) > 0 && <ul class="photos">{photos.value.map((p) => <PhotoTile key={p.id} p={p} />)}</ul>}
        <Drop small={n > 0 || !!rows} />
      </section>
      {ready.value && <>
        <section aria-labelledby="new-look">
          <h2 id="new-look" class="section"><span class="step">2</span>{t("new.look")}</h2>
          <Looks photo={rows ? faceOf(look?.first ?? []) : photos.value.find((p) => !p.source)} chosen={c} choose={choose} />
        </section>
        <section aria-labelledby="new-channels">
          <h2 id="new-channels" class="section"><span class="step">3</span>{t("new.channels")} <span class="count">{c.presets.length}</span></h2>
          <Channels chosen={c.presets} choose={(presets) => choose({ presets })} />
        </section>
        <div class="bar" role="region" aria-label={t("new.sum")}>
          <p><strong>{t("new.sum.photos", { n })}{!rows && ` × ${t("new.sum.looks", { n: Math.max(1, c.scenes.length) })} × ${t("new.sum.sizes", { n: c.presets.length })}`}</strong>{" "}
            <span class="soft">= {t("sheet.title", { n: pictures })} · {t("new.sum.files", { n: files })}{price.credits !== null ? ` · ${t("new.sum.credits", { n: credits(price.credits) })}` : ""}{lasts(n && pictures) ? ` · ${lasting(lasts(pictures))}` : ""}</span>
            {price.why && <span class="bad-text"> {price.why}{price.buy && <a href={to("usage")}>{t("usage.buy")}</a>}</span>}</p>
          <button type="button" class="primary big" id="make" disabled={(n === 0 && !blind) || c.presets.length === 0 || busy.value} onClick={start} {...lacks("write")}>{busy.value ? t("new.making") : blind ? t("import.blind") : t("new.make", { n: pictures })}</button>
        </div>
      </>}
    </div>
  );
};
