// One picture, large: judged, its cut-out corrected, its sizes looked at.
import { signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { client, got, isAway, once, Problem, whenBack, type Schemas } from "../api";
import { Adjust, wishOf } from "../parts/Adjust";
import { Brush, Foreseen, hints } from "../parts/Brush";
import { Canvas } from "../parts/Canvas";
import { Comments } from "../parts/Comments";
import { Compare, type Registered } from "../parts/Compare";
import { sure } from "../parts/Confirm";
import { Empty, Loading } from "../parts/Empty";
import { Icon } from "../parts/Icon";
import { Place } from "../parts/Place";
import { Sizes } from "../parts/Sizes";
import { Thumb } from "../parts/Thumb";
import { go, to } from "../route";
import { catalogue, presets, sceneTitle } from "../state/catalogue";
import { complain, doing, sayCode, tell, textOf } from "../state/notice";
import { near, readAhead } from "../state/near";
import { reasons, sayConcern } from "../state/plain";
import { again, briefs, counts, decide, home, isOutdated, leaveOut, missing, newer, readThese, refresh, revive, spot, stateOf, type Brief } from "../state/sheet";
import { keepStrokes, keptStrokes, type Stroke } from "../state/strokes";
import { layer, preview, remakeAs, shown, type Wish } from "../state/steer";
import { waits } from "../state/waiting";
import { credits, number, t, when, type Key } from "../words";
import { enter, listed } from "../state/listed";
import { lacks, may } from "../state/session";
import { Role } from "../parts/Role";

type Item = Schemas["Item"];
type Cutout = Schemas["Cutout"];
type Tab = "adjust" | "cutout" | "sizes" | "history";
type Look = "picture" | "cutout" | "original";

const tab = signal<Tab>("sizes");
const decided = signal<Brief | null>(null); // the picture that was decided on last
const unsaved = signal<Brief[]>([]); // those whose decision did not get through
const backdrop = signal<"plain" | "white" | "black" | "checker">("checker");

const urls = { picture: "/v1/downloads/{item_id}", cutout: "/v1/downloads/{item_id}/cutout", original: "/v1/downloads/{item_id}/original" } as const;

// versionsOf lists what a picture was made again as, first the one that counts, then the newest.
const versionsOf = (id: string): Brief[] => {
  const own = briefs.value.find((b) => b.item_id === id);
  if (own?.remake_of && own.status !== "completed") return [own, ...versionsOf(own.remake_of)];
  const tip = newer.value.get(id) ?? id;
  return [...briefs.value.filter((b) => b.item_id === tip), ...briefs.value.filter((b) => b.superseded_by === tip).reverse()].slice(0, 60);
};

// SafeZone shows where a channel covers nothing of a picture: the rest may lie under its buttons.
const SafeZone = ({ preset }: { preset: string }) => {
  const zone = presets.value.find((p) => p.name === preset)?.safe_zone;
  if (!zone) return null;
  const [left, top, right, bottom] = zone as [number, number, number, number], at = (v: number): string => `${100 * v}%`;
  return <span class="safe-zone" style={{ left: at(left), top: at(top), width: at(right - left), height: at(bottom - top) }}><span class="plate-word">{t("sizes.zone")}</span></span>;
};

const isOpen = (c: Cutout): boolean => c.versions.some((v) => v.status === "queued" || v.status === "processing");

// smallest finds the concern with the smallest box around a point of the photo; -1: none has one there.
const smallest = (concerns: Schemas["Concern"][], x: number, y: number): number => {
  const area = (i: number): number => concerns[i]!.box![2]! * concerns[i]!.box![3]!;
  return concerns.reduce((best, { box: b }, i) => (b && x >= b[0]! && x < b[0]! + b[2]! && y >= b[1]! && y < b[1]! + b[3]! && (best < 0 || area(i) < area(best)) ? i : best), -1);
};

const useFiles = (item: Item | null, brief: Brief | undefined): Record<Look, string> => {
  const files = useSignal<Record<Look, string>>({ picture: "", cutout: "", original: "" });
  const version = item ? `${item.item_id}/${item.output_blob_path}/${item.cutout_blob_path}/${item.raw_blob_path}` : "";
  const shownOf = useRef("");
  useEffect(() => {
    const ahead = near(brief), ready = ahead && ahead.item.output_blob_path === item?.output_blob_path ? ahead.url : "";
    // of the same item what was there stays until the new is: its canvas holds strokes
    if (shownOf.current !== item?.item_id) files.value = { picture: ready, cutout: "", original: "" };
    shownOf.current = item?.item_id ?? "";
    if (!item) return;
    let here = true;
    const there: Record<Look, boolean> = { picture: Boolean(item.output_blob_path), cutout: Boolean(item.cutout_blob_path), original: Boolean(item.raw_blob_path) };
    const stops: (() => void)[] = [];
    const load = (look: Look): void => void got(client.GET(urls[look], { params: { path: { item_id: item.item_id } } })).then((d) => { if (here) files.value = { ...files.value, [look]: d.download_url }; },
      (e: unknown) => { if (here) { if (isAway(e)) stops.push(whenBack(() => load(look))); else complain(e); } });
    for (const look of Object.keys(urls) as Look[]) if (there[look] && !(look === "picture" && files.value.picture === ready && ready)) load(look);
    return () => { here = false; for (const stop of stops) stop(); };
  }, [version]);
  return files.value;
};

// Picture shows an item of a set, or, within a collection, one that is gone through there.
export const Picture = ({ jobID, itemID, within }: { jobID: string; itemID: string; within?: string }) => {
  const item = useSignal<Item | null>(null);
  const cut = useSignal<Cutout | null>(null);
  const gone = useSignal<unknown>(null); // why it can't be shown
  const zoom = useSignal(0);
  const look = useSignal<Look>("picture");
  const held = useSignal(false);
  const strokes = useSignal<Stroke[]>([]); // of the picture that is shown
  const painted = (all: Stroke[]): void => { strokes.value = all; keepStrokes(itemID, all); };
  const kind = useSignal<Stroke["kind"]>("remove");
  const radius = useSignal(16);
  const working = useSignal(false);
  const wish = useSignal<Wish | null>(null);
  const product = useSignal("");
  const compared = useSignal<Registered | null>(null);
  const pointed = useSignal(-1); // the concern that is pointed at
  const variant = useSignal<{ preset: string; url: string } | null>(null);

  const waitsFor = useRef<object | null>(null); // the correction that is waited for
  const current = useRef(itemID); // "" once the page is left
  current.current = itemID;
  useEffect(() => () => { current.current = ""; }, []);

  const at = { params: { path: { job_id: jobID, item_id: itemID } } };
  const read = async (): Promise<void> => {
    const it = await got(client.GET("/v1/jobs/{job_id}/items/{item_id}", at));
    if (it.item_id === itemID) item.value = it;
    if (it.cutout_blob_path) cut.value = await got(client.GET("/v1/jobs/{job_id}/items/{item_id}/cutout", at));
  };
  const arrive = (): void => { if (within) enter("collections", within); else enter("sets", jobID); };
  const first = (): void => void read().then(() => { if (current.current === itemID) gone.value = null; }, (e: unknown) => { if (current.current === itemID) gone.value = e; });
  // what could not be reached comes by itself when it can
  useEffect(() => (isAway(gone.value) ? whenBack(() => { arrive(); first(); }) : undefined), [gone.value]);
  useEffect(() => {
    arrive();
    void catalogue().catch(complain);
    const ahead = near(briefs.peek().find((b) => b.item_id === itemID));
    item.value = ahead?.item ?? null; cut.value = null; gone.value = null; zoom.value = 0; look.value = "picture"; strokes.value = keptStrokes(itemID).strokes; working.value = false; waitsFor.current = null; variant.value = null; wish.value = null; product.value = ""; compared.value = null;
    if (!ahead) first();
  }, [jobID, itemID, within]);
  // the sheet hears of changes: read this picture again when its row changed, or was read ahead
  const brief = briefs.value.find((b) => b.item_id === itemID);
  useEffect(() => { if (item.value && brief) void read().catch(() => { /* shown as it was */ }); }, [itemID, brief?.updated_at, brief?.picture, brief?.variants.open]);
  useEffect(() => { if (item.value) document.title = `${item.value.filename} · OPAL`; }, [item.value]);

  const list = listed.value;
  const index = list.findIndex((b) => b.item_id === itemID);
  const step = (by: number): void => { const next = list[index + by]; if (next) go(...spot(next.job_id, next.item_id)); };
  // the next one that needs a look, from here on and round
  const doubts = [...list.slice(index + 1), ...list.slice(0, Math.max(0, index))].filter((x) => stateOf(x) === "look"), doubtful = doubts[0];
  const files = useFiles(item.value, brief);
  const following = [doubtful, doubts[1], list[index + 1], list[index - 1]];
  useEffect(() => { if (files.picture) void readAhead(brief, following); }, [files.picture !== "", brief?.picture, ...following.map((b) => `${b?.item_id}/${b?.picture}`)]);
  useEffect(() => () => void readAhead(undefined, []), []);

  const undecided = (): Brief[] => unsaved.value.filter((b) => briefs.peek().some((x) => x.item_id === b.item_id && x.review === b.review));
  const lookAgain = (): void => { const b = undecided().find((x) => x.item_id !== current.current) ?? decided.value; if (b) go(...spot(b.job_id, b.item_id)); };
  const judge = (verb: "approve" | "reject"): void => {
    const b = brief;
    if (!b || b.status !== "completed" || item.value?.item_id !== itemID || !may("approve")) return; // one that is not shown yet is not judged
    const way = { text: t("picture.back_to"), key: "U", go: lookAgain };
    unsaved.value = undecided().filter((x) => x.item_id !== b.item_id);
    const others = unsaved.value.length > 0; // they are told already
    const said = `${t(`state.${verb === "approve" ? "approved" : "rejected"}`)}: ${b.sku ?? b.filename}${verb === "approve" && b.rejected.length ? `. ${t("tile.channel", { n: b.rejected.length })}` : ""}`;
    decide(b, verb).then(() => { if (waits(b.item_id)) tell(`${said}. ${t("waits")}`, way); }, (error: unknown) => {
      if (isOutdated(error)) { complain(error, b.sku ?? b.filename, { ...way, go: () => go(...spot(b.job_id, b.item_id)) }); return; }
      unsaved.value = [...unsaved.value, b];
      complain(error, undecided().map((x) => x.sku ?? x.filename).join(", "), way);
    });
    decided.value = b;
    if (!others) tell(!doubtful && b.review === "pending" ? `${said}. ${t("picture.all_looked")}` : said, way);
    if (doubtful) go(...spot(doubtful.job_id, doubtful.item_id)); // else the next of all
    else if (b.review === "pending" || index >= list.length - 1) go(...home());
    else step(1);
  };

  // correct has a cut-out corrected; without a body it waits for a correction that is under way.
  const correct = (body?: Schemas["NewCutout"]): void => void doing(async () => {
    working.value = true;
    const asked = itemID, mine = waitsFor.current = {}, was = brief?.review;
    try {
      const look = () => got(client.GET("/v1/jobs/{job_id}/items/{item_id}/cutout", { params: { path: at.params.path, query: { wait: 30 } } }));
      let c = await (body ? got(client.POST("/v1/jobs/{job_id}/items/{item_id}/cutout", { params: { path: at.params.path, query: { wait: 30 }, header: once() }, body })) : look());
      keepStrokes(itemID, strokes.value, c.versions[c.versions.length - 1]?.version);
      if (isOpen(c)) tell(t("cutout.waits"));
      while (isOpen(c) && asked === current.current) c = await look();
      if (asked !== current.current) return; // it goes on where it is not looked at
      cut.value = c;
      const last = c.versions[c.versions.length - 1];
      if (last?.status === "failed") throw new Error(sayCode(last.error_code ?? "", last.error_message ?? ""));
      await refresh(itemID);
      revive();
      await read();
      painted([]);
      tell(`${t("cutout.done")}${was === "approved" ? ` ${t("cutout.approval")}` : ""}`);
    } finally { if (waitsFor.current === mine) { waitsFor.current = null; working.value = false; } }
  });
  // a correction that was asked for before the page was left or loaded again
  useEffect(() => {
    if (!cut.value || waitsFor.current) return;
    if (isOpen(cut.value)) correct();
    else if (cut.value.versions.some((v) => v.version === keptStrokes(itemID).sent && v.status === "completed")) painted([]);
  }, [cut.value]);
  const apply = (): void => correct({ keep: hints(strokes.value, "keep"), remove: hints(strokes.value, "remove") });

  const steering = tab.value === "adjust" && item.value?.status === "completed" && !variant.value && look.value === "picture";
  useEffect(() => { product.value = ""; }, [files.cutout]); // a corrected cut-out is another layer
  useEffect(() => { if (steering && files.cutout && !product.value) layer(files.cutout).then((l) => { product.value = l?.url ?? ""; }, () => { /* the frame alone is moved */ }); }, [steering, files.cutout]);
  const painting = tab.value === "cutout" && look.value !== "picture" && !variant.value;

  const pressed = (e: KeyboardEvent): void => {
    if (e.ctrlKey || e.metaKey) {
      if (e.key === "z" && painting && strokes.value.length) { e.preventDefault(); painted(strokes.value.slice(0, -1)); }
      return;
    }
    const target = e.target as HTMLElement;
    if (e.altKey || target.matches("input, select, textarea")) return;
    const inCanvas = target.closest(".canvas") && zoom.value > 0;
    const acts: Record<string, () => void> = {
      a: () => judge("approve"), r: () => judge("reject"), j: () => step(1), k: () => step(-1), u: lookAgain, z: () => { zoom.value = zoom.value ? 0 : 1; }, c: () => { look.value = look.value === "cutout" ? "picture" : "cutout"; },
      Escape: () => go(...home()), "[": () => { radius.value = Math.max(2, radius.value - 4); }, "]": () => { radius.value = Math.min(200, radius.value + 4); },
      ...(inCanvas ? {} : { ArrowRight: () => step(1), ArrowLeft: () => step(-1) }),
    };
    if (e.key.toLowerCase() === "o") { held.value = true; return; }
    const act = acts[e.key] ?? acts[e.key.toLowerCase()];
    if (act) { e.preventDefault(); act(); }
  };
  useEffect(() => {
    const up = (e: KeyboardEvent): void => { if (e.key.toLowerCase() === "o") held.value = false; };
    addEventListener("keydown", pressed);
    addEventListener("keyup", up);
    return () => { removeEventListener("keydown", pressed); removeEventListener("keyup", up); };
  });

  const isGone = missing.value?.status === 404 || gone.value instanceof Problem && (gone.value.status === 404 || gone.value.status === 400);
  if (gone.value && !isGone) return <Empty page title={t("trouble")}><p aria-live="polite">{textOf(gone.value)}</p><p class="row"><button type="button" onClick={() => { arrive(); first(); }}>{t("tile.again")}</button><a href={to(...home())}>{t("picture.back")}</a></p></Empty>;
  if (isGone) return <Empty page title={t("picture.gone")}><p><a href={to(...(within ? ["collections", within] : ["sets", jobID]))}>{t("picture.back")}</a></p></Empty>;
  const it = item.value;
  if (!it) return <Loading page text={t("loading")} />;

  // back has an older version made again as it was, in the place of the newest.
  const back = (old: Brief, tip: Brief): void => void doing(async () => {
    working.value = true;
    try {
      const was = wishOf(await got(client.GET("/v1/jobs/{job_id}/items/{item_id}", { params: { path: { job_id: jobID, item_id: old.item_id } } })));
      const p = await preview(jobID, tip.item_id, was);
      URL.revokeObjectURL(p.url);
      if (p.quote?.total && !await sure(t("history.back"), t("history.back.price", { total: t("new.sum.credits", { n: credits(p.quote.total) }) }), t("history.restore"), true)) return;
      const id = await remakeAs(jobID, tip.item_id, was);
      await readThese([tip, { job_id: jobID, item_id: id }]);
      revive();
      tell(t("adjust.going"));
      go(...spot(jobID, id));
    } finally { working.value = false; }
  });
  const why = reasons(it);
  const w = wish.value ?? wishOf(it);
  const later = newer.value.get(itemID);
  const chain = versionsOf(itemID);
  const looking: Look = held.value ? "original" : look.value;
  const compare = (): void => {
    if (compared.value) { compared.value = null; return; }
    look.value = "picture"; variant.value = null;
    if (tab.value === "adjust") tab.value = "sizes";
    void doing(async () => {
      const [l, p] = await Promise.all([layer(files.cutout), preview(jobID, itemID, wishOf(it))]);
      URL.revokeObjectURL(p.url);
      if (l && p.box) { URL.revokeObjectURL(l.url); compared.value = { photo: files.original, bounds: l.bounds, box: p.box }; }
    });
  };
  const toTab = (x: Tab): void => {
    tab.value = x;
    if (x === "cutout" || x === "adjust") compared.value = null;
    if (x === "cutout" && look.value === "picture") { look.value = "cutout"; variant.value = null; }
    if (x === "adjust") { look.value = "picture"; variant.value = null; }
  };
  // a product that was turned does not lie on its photo
  const comparable = it.status === "completed" && files.original && files.cutout && files.picture && !it.steering?.rotation && !it.steering?.flip;
  const steered = steering && !held.value ? shown.value : null;
  const src = steered ? steered.url : variant.value && !held.value ? variant.value.url : files[looking] || files.original;
  const state = brief ? stateOf(brief) : "working";
  const showVariant = (v: Schemas["Variant"] | null): void => {
    if (!v) { variant.value = null; return; }
    void doing(async () => { variant.value = { preset: v.preset, url: (await got(client.GET("/v1/downloads/{item_id}/{preset}", { params: { path: { item_id: itemID, preset: v.preset } } }))).download_url }; });
  };
  return (
    <div class="picture">
      <header class="page-head">
        <div><p class="crumb"><a href={to(...(within ? ["collections", within] : ["sets", jobID]))}><Icon name="left" />{t("picture.back")}</a></p>
          <h1 tabIndex={-1}>{it.filename}</h1>
          <p class="soft">{sceneTitle(it.scene_type)} · <span class={`state ${state}`}>{t(`state.${state}` as Key)}</span>{waits(itemID) && <> · <span class="warn-text">{t("waits")}</span></>}{index >= 0 ? ` · ${t("picture.of", { i: index + 1, n: list.length })}` : ""}{counts.value.look ? ` · ${t("home.look", { n: counts.value.look })}` : ""}</p></div>
        <div class="row">
          <button type="button" class="icon-only" aria-label={t("picture.previous")} disabled={index <= 0} onClick={() => step(-1)}><Icon name="left" /></button>
          <button type="button" class="icon-only" aria-label={t("picture.next")} disabled={index < 0 || index >= list.length - 1} onClick={() => step(1)}><Icon name="right" /></button>
          {it.status === "completed" && <><button type="button" class={brief?.review === "rejected" ? "judged bad" : ""} onClick={() => judge("reject")} aria-pressed={brief?.review === "rejected"} {...lacks("approve")}><Icon name="cross" />{t(brief?.review === "rejected" ? "state.rejected" : "reject")} <kbd>R</kbd></button>
            <button type="button" class={brief?.review === "approved" ? "judged good" : "primary"} onClick={() => judge("approve")} aria-pressed={brief?.review === "approved"} {...lacks("approve")}><Icon name="check" />{t(brief?.review === "approved" ? "state.approved" : "approve")} <kbd>A</kbd></button></>}
          {it.status === "failed" && brief && !brief.left_out && <button type="button" onClick={() => void doing(async () => { await leaveOut(brief); go(...home()); })} {...lacks("write")}>{t("tile.leave")}</button>}
          {it.status === "failed" && brief && <button type="button" class="primary" onClick={() => void doing(async () => { await again(brief); go(...home()); })} {...lacks("write")}><Icon name="again" />{t("tile.again")}</button>}
        </div>
      </header>
      <Role scope="approve" />
      {(it.review?.state === "pending" || it.error_message) && <div class="callout warn"><Icon name="warn" /><span>{it.error_code ? sayCode(it.error_code, it.error_message ?? "") : why[0]}{!it.error_code && why.length > 1 && <details><summary>{t("reason.more", { n: why.length - 1 })}</summary><ul>{why.slice(1).map((r, i) => <li key={i}>{r}</li>)}</ul></details>}</span></div>}
      {it.waiting && <div class="callout"><Icon name="again" /><span>{t("picture.waits", { n: it.waiting.item_ids.length, at: when(it.waiting.until) })}</span></div>}
      <div class="picture-columns">
        <div class="stage">
          <div class="row stage-tools">
            <div class="chips small" role="group" aria-label={t("picture.look")}>{(["picture", "cutout", "original"] as const).map((l) => <button type="button" class="chip" key={l} aria-pressed={looking === l && !variant.value && !compared.value} disabled={!files[l]} onClick={() => { variant.value = null; look.value = l; compared.value = null; }}>{t(`look.${l}` as Key)}</button>)}
              <button type="button" class="chip" aria-pressed={compared.value !== null} disabled={!comparable} onClick={compare}>{t("look.compare")}</button></div>
            <div class="chips small" role="group" aria-label={t("picture.backdrop")}>{(["checker", "white", "black"] as const).map((b) => <button type="button" class={`chip swatch ${b}`} key={b} aria-pressed={backdrop.value === b} aria-label={t(`backdrop.${b}` as Key)} onClick={() => { backdrop.value = b; }} />)}</div>
            <div class="chips small" role="group" aria-label={t("picture.zoom")}>{[0, 1, 2].map((z) => <button type="button" class="chip" key={z} aria-pressed={zoom.value === z} onClick={() => { zoom.value = z; }}>{z ? `${z * 100} %` : t("picture.fit")}</button>)}</div>
          </div>
          <Canvas src={src} onPoint={(x, y) => { pointed.value = looking === "picture" || variant.value ? -1 : smallest(it.concerns, x, y); }} alt={variant.value ? variant.value.preset : `${it.filename}, ${t(`look.${looking}` as Key)}`} backdrop={backdrop.value} zoom={zoom.value} least={steered ? 2048 : 0} onZoom={(z) => { zoom.value = z; }}>
            {(scale, size) => <>
              {painting && kind.value === "keep" && looking === "cutout" && files.original && <img class="shine" src={files.original} alt="" draggable={false} />}
              {it.concerns.map((c, i) => c.box && looking !== "picture" && !variant.value && <span key={i} class={`concern${pointed.value === i ? " pointed" : ""}`} title={sayConcern(c)} style={{ left: `${c.box![0]! * scale}px`, top: `${c.box![1]! * scale}px`, width: `${c.box![2]! * scale}px`, height: `${c.box![3]! * scale}px` }} />)}
              {variant.value && !held.value && <SafeZone preset={variant.value.preset} />}
              {compared.value && looking === "picture" && !steered && !variant.value && <Compare {...compared.value} />}
              {steered && <Place scale={scale} size={size} steering={w.steering} product={product.value} change={(s) => { wish.value = { ...w, steering: { ...w.steering, ...s } }; }} />}
              {painting && looking === "cutout" && <Foreseen scale={scale} size={size} strokes={strokes.value} photo={files.original} backdrop={backdrop.value} />}
              {painting && <Brush scale={scale} size={size} strokes={strokes.value} kind={kind.value} radius={radius.value} change={painted} />}
            </>}
          </Canvas>
          <p class="soft keys">{t("picture.keys")}</p>
        </div>
        <div class="stack"><aside class="panel" aria-label={t("picture.panel")}>
          <div class="tabs" role="group" aria-label={t("picture.panel")}>{(["sizes", "adjust", "cutout", "history"] as const).map((x) => <button type="button" key={x} class="tab" aria-pressed={tab.value === x} onClick={() => toTab(x)}>{t(`tab.${x}` as Key)}</button>)}</div>
          {tab.value === "sizes" && <>
            {it.fidelity && it.fidelity.enlarged && it.fidelity.enlarged > 2 ? <p class="warn-text"><Icon name="warn" />{t("picture.small", { x: number(it.fidelity.enlarged, 1) })}</p> : null}
            <Sizes item={it} show={showVariant} shown={variant.value?.preset ?? null} cutout={() => toTab("cutout")} /></>}
          {tab.value === "adjust" && (later ? <p>{t("adjust.newer")} <a href={to(...spot(jobID, later))}>{t("adjust.newer.go")}</a></p> : <Adjust jobID={jobID} item={it} wish={w} change={(next) => { wish.value = next; }} />)}
          {tab.value === "cutout" && (it.cutout_blob_path ? <div class="stack">
            {it.confidence !== null && <p class="confidence"><span>{t("cutout.confidence", { n: number(100 * it.confidence) })}</span><meter min={0} max={1} low={0.5} high={0.8} optimum={1} value={it.confidence} aria-label={t("cutout.confidence", { n: number(100 * it.confidence) })} /></p>}
            {it.concerns.length > 0 && <ul class="concerns">{it.concerns.map((c, i) => <li key={i} class={pointed.value === i ? "pointed" : ""} tabIndex={c.box ? 0 : undefined} onPointerEnter={() => { pointed.value = i; }} onPointerLeave={() => { pointed.value = -1; }} onFocus={() => { pointed.value = i; }} onBlur={() => { pointed.value = -1; }}>{sayConcern(c)}</li>)}</ul>}
            <p>{t("cutout.how")}{kind.value === "keep" && look.value === "cutout" ? ` ${t("brush.shine")}` : ""}</p>
            <div class="chips" role="group" aria-label={t("cutout.brush")}>{(["remove", "keep"] as const).map((k) => <button type="button" class={`chip ${k}`} key={k} aria-pressed={kind.value === k} onClick={() => { kind.value = k; }}>{t(`brush.${k}` as Key)}</button>)}</div>
            <label class="field">{t("cutout.size", { n: radius.value })}<input type="range" min={2} max={200} value={radius.value} onInput={(e) => { radius.value = Number(e.currentTarget.value); }} /></label>
            <div class="row"><button type="button" disabled={!strokes.value.length || working.value} onClick={() => painted(strokes.value.slice(0, -1))}><Icon name="undo" />{t("undo")}</button>
              <button type="button" class="primary" disabled={!strokes.value.length || working.value} onClick={apply} {...lacks("write")}>{working.value ? t("cutout.working") : t("cutout.apply")}</button></div>
            <p class="soft">{t("cutout.free")}{brief?.review === "approved" ? ` ${t("cutout.approval")}` : ""}</p></div> : <p class="soft">{t("cutout.none")}</p>)}
          {tab.value === "history" && <ol class="history">
            {it.review?.decided_at && <li><strong>{t(`state.${it.review.state}` as Key)}{it.review.by ? ` · ${it.review.guest ? t("by.guest", { name: it.review.by }) : it.review.by}` : ""}</strong> <span class="soft">{when(it.review.decided_at)}{it.review.note ? ` · ${it.review.note}` : ""}</span></li>}
            {chain.length > 1 && chain.map((b) => <li key={b.item_id}><a class="history-picture" href={to(...spot(jobID, b.item_id))} aria-current={b.item_id === itemID ? "true" : undefined}><Thumb job={jobID} item={b.item_id} version={b.picture} /><span><strong>{b.item_id === itemID ? t("history.now") : b.remake_of ? t("history.remade") : t("history.first")}</strong> <span class="soft">{sceneTitle(b.scene_type)} · {when(b.updated_at)}</span></span></a>
              {b.item_id !== chain[0]!.item_id && b.status === "completed" && chain[0]!.status === "completed" && <button type="button" disabled={working.value} onClick={() => back(b, chain[0]!)} {...lacks("write")}>{t("history.restore")}<span class="unseen"> {when(b.updated_at)}</span></button>}</li>)}
            {[...(cut.value?.versions ?? [])].reverse().map((v) => <li key={v.version}><strong>{t("history.version", { n: v.version })}</strong> <span class="soft">{when(v.created_at)} · {v.version === 1 ? t("history.engine") : t("history.hand")}{v.status === "failed" ? ` · ${sayCode(v.error_code ?? "", v.error_message ?? "")}` : ""}</span>
              {v.current ? <span class="state done"><Icon name="check" />{t("history.current")}</span> : v.status === "completed" ? <button type="button" disabled={working.value} onClick={() => correct({ restore: v.version })} {...lacks("write")}>{t("history.restore")}</button> : null}</li>)}
            <li><strong>{t("history.uploaded")}</strong> <span class="soft">{when(it.created_at)}</span></li></ol>}
        </aside>
        <Comments jobID={jobID} itemID={itemID} /></div>
      </div>
    </div>
  );
};
