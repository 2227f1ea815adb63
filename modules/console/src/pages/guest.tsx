// The page of a share link: its pictures, one large, approved or rejected, commented, by keyboard.
import { signal, useSignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import "../app";
import { got, Problem, type Schemas } from "../api";
import { Empty, Loading } from "../parts/Empty";
import { Canvas } from "../parts/Canvas";
import { Icon } from "../parts/Icon";
import { NoticeLine } from "../parts/Notice";
import { client, guestName, pictureURL } from "../state/guest";
import { complain, doing, hear, hush, tell, textOf } from "../state/notice";
import { saveFrom } from "../state/save";
import { isOutdated } from "../state/sheet";
import { language, languages, named, speak, t, when, type Key } from "../words";

type Link = Schemas["GuestLink"];
type Item = Schemas["GuestItem"];
type Comment = Schemas["Comment"];

export const texts = { en: () => import("texts/guest_en"), nl: () => import("texts/guest_nl"), de: () => import("texts/guest_de"), fr: () => import("texts/guest_fr") };

const link = signal<Link | null>(null);
const refused = signal<Problem | null>(null);
const items = signal<Item[]>([]);
const next = signal<string | null>(null);
const at = signal(0);
const name = signal(guestName.get());

let asOf = ""; // from when on pictures are asked for when they changed

const read = async (): Promise<void> => {
  const page = await got(client.GET("/v1/guest/items", { params: { query: { limit: 100, ...(next.value ? { cursor: next.value } : {}) } } }));
  items.value = [...items.value, ...page.items];
  next.value = page.next_cursor;
  asOf ||= page.as_of;
};

const settled = (it: Item): boolean => it.review === "approved" || it.review === "rejected";

// look asks what changed: others decide, too, and pictures are finished meanwhile.
const look = async (): Promise<void> => {
  let from = "";
  const fresh: Item[] = [];
  for (let cursor: string | null = null; ;) {
    const page: Schemas["GuestPage"] = await got(client.GET("/v1/guest/items", { params: { query: { limit: 200, changed_since: asOf, ...(cursor ? { cursor } : {}) } } }));
    from ||= page.as_of;
    fresh.push(...page.items);
    cursor = page.next_cursor;
    if (!cursor) break;
  }
  asOf = from;
  const by = new Map(fresh.map((it) => [it.item_id, it]));
  const undone = items.value.filter((was) => { const now = by.get(was.item_id); return now && settled(was) && settled(now) && now.review !== was.review; }).map((was) => by.get(was.item_id)!);
  const known = items.value.map((was) => { const now = by.get(was.item_id); by.delete(was.item_id); return now ?? was; });
  const newest = next.value ? [] : [...by.values()]; // with more pages to come, these may be of them
  const here = items.value[at.value]?.item_id;
  if (JSON.stringify(known) !== JSON.stringify(items.value) || newest.length) items.value = [...newest, ...known];
  if (newest.length && here) at.value = items.value.findIndex((it) => it.item_id === here);
  if (undone.length) tell(undone.slice(0, 3).map((it) => t("by.changed", { name: titleOf(it), state: t(stateOf(it)[1]), who: t("by.other") })).join(" "));
};

const lookPause = 5000;

// follow looks now and then while the page is seen.
const follow = async (signal: AbortSignal): Promise<void> => {
  for (;;) {
    await new Promise((go) => setTimeout(go, lookPause));
    if (signal.aborted) return;
    if (document.hidden || !asOf) continue;
    try { await look(); } catch (error) {
      if (error instanceof Problem && !passing(error)) { refused.value = error; return; }
    }
  }
};

const begin = async (): Promise<void> => {
  refused.value = null;
  try {
    link.value = await got(client.GET("/v1/guest"));
    document.title = `${link.value.name || t("guest.title")} · OPAL`;
    await read();
  } catch (error) {
    if (error instanceof Problem) refused.value = error;
    else complain(error);
  }
};

// passing is what may be otherwise in a moment: no network, too many calls, a service that is down.
const passing = (p: Problem): boolean => p.status === 0 || p.status === 429 || p.status >= 500;

const titleOf = (it: Item): string => it.title ?? it.sku ?? it.filename;
const stateOf = (it: Item): [string, Key] => (it.review === "approved" ? ["approved", "state.approved"] : it.review === "rejected" ? ["rejected", "state.rejected"] : ["", "guest.open"]);

const useSrc = (it: Item, size: "small" | "large"): string => {
  const [src, set] = useState("");
  useEffect(() => {
    let here = true;
    set("");
    pictureURL(it.item_id, size, it.updated_at).then((url) => { if (here) set(url); }, (error) => { if (here && size === "large") complain(error); });
    return () => { here = false; };
  }, [it.item_id, it.updated_at, size]);
  return src;
};

const Small = ({ it }: { it: Item }) => {
  const src = useSrc(it, "small");
  return src ? <img class="thumb" src={src} alt="" draggable={false} /> : <span class="thumb none" aria-hidden="true" />;
};

const Large = ({ it, alt }: { it: Item; alt: string }) => {
  const src = useSrc(it, "large"), zoom = useSignal(0);
  useEffect(() => { zoom.value = 0; }, [it.item_id]);
  return (
    <div class="guest-canvas">
      {src ? <Canvas src={src} alt={alt} backdrop="checker" zoom={zoom.value} onZoom={(z) => { zoom.value = z; }} /> : <div class="canvas checker"><Loading text={t("loading")} /></div>}
      <div class="chips small" role="group" aria-label={t("picture.zoom")}>{[0, 1, 2].map((z) => <button type="button" class="chip" key={z} aria-pressed={zoom.value === z} onClick={() => { zoom.value = z; }}>{z ? `${z * 100} %` : t("picture.fit")}</button>)}</div>
    </div>
  );
};

const toName = (): void => document.querySelector<HTMLInputElement>("#guest-name")?.focus();

// begun is what waits for the guest's name.
let begun: (() => void) | null = null;

// sayWho asks for the guest's name where there is none yet. The focus stays where it is: keys
// that are pressed next would be typed as the name. What was begun goes on once it is there.
const sayWho = (goOn: () => void): boolean => {
  begun = null;
  if (name.value.trim()) { guestName.set(name.value.trim()); hush(); return true; }
  begun = goOn;
  complain(new Error(t("guest.name.first")), "", { text: t("guest.name"), key: "N", go: toName });
  return false;
};

// taken takes the name: the focus goes back to the pictures, whose keys act again.
const taken = (e: Event): void => {
  e.preventDefault();
  if (!name.value.trim()) return;
  guestName.set(name.value.trim());
  hush();
  document.querySelector<HTMLElement>("#main")?.focus({ preventScroll: true });
  begun?.();
};

const decide = (it: Item, decision: "approved" | "rejected"): void => void doing(async () => {
  if (!link.value?.approve || !sayWho(() => decide(it, decision))) return;
  const now = await got(client.POST("/v1/guest/items/{item_id}/decision", { params: { path: { item_id: it.item_id } }, body: { name: name.value.trim(), decision, seen: it.review } }))
    .catch(async (error: unknown) => { if (isOutdated(error)) await look().catch(() => { /* it is asked for again soon */ }); throw error; });
  items.value = items.value.map((o) => (o.item_id === now.item_id ? now : o));
  hear(`${titleOf(it)}: ${t(stateOf(now)[1])}`);
  const open = items.value.findIndex((o, i) => i > at.value && o.review !== "approved" && o.review !== "rejected");
  if (open >= 0) at.value = open;
});

const Comments = ({ it }: { it: Item }) => {
  const all = useSignal<Comment[]>([]);
  const text = useSignal(""), field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    let here = true;
    all.value = [];
    client.GET("/v1/guest/items/{item_id}/comments", { params: { path: { item_id: it.item_id } } }).then(({ data }) => { if (here && data) all.value = data.comments; }, complain);
    return () => { here = false; };
  }, [it.item_id]);
  const say = (e: Event): void => {
    e.preventDefault();
    void doing(async () => {
      if (!text.value.trim() || !sayWho(() => say(e))) return;
      const c = await got(client.POST("/v1/guest/items/{item_id}/comments", { params: { path: { item_id: it.item_id } }, body: { name: name.value.trim(), text: text.value.trim() } }));
      all.value = [...all.value, c];
      text.value = "";
      field.current?.focus(); // the button has nothing to send any more
    });
  };
  return (
    <section class="stack" aria-label={t("guest.comments")}>
      <h2>{t("guest.comments")}</h2>
      {all.value.length === 0 ? <p class="soft">{t("guest.comments.none")}</p>
        : <ul class="comments">{all.value.map((c) => <li key={c.comment_id}><p><strong>{c.author || t("guest.team")}</strong> <small class="soft">{when(c.at)}</small></p><p class="said">{c.text}</p></li>)}</ul>}
      {link.value!.comment && <form class="stack" onSubmit={say}>
        <label class="field">{t("guest.comment")}<textarea ref={field} rows={3} maxLength={2000} value={text.value} onInput={(e) => { text.value = e.currentTarget.value; }} /></label>
        <div class="row end"><button type="submit" disabled={!text.value.trim()}>{t("guest.say")}</button></div>
      </form>}
    </section>
  );
};

const One = ({ it }: { it: Item }) => {
  const [cls, word] = stateOf(it);
  const l = link.value!;
  const save = (): void => void doing(async () => {
    const { download_url } = await got(client.POST("/v1/guest/items/{item_id}/download", { params: { path: { item_id: it.item_id } } }));
    const [type] = /\.\w+$/.exec(new URL(download_url, location.href).pathname) ?? [""];
    await saveFrom(download_url, `${(it.sku ?? it.title ?? it.filename.replace(/\.\w+$/, "")).replace(/[\\/:*?"<>|\p{C}]+/gu, "_")}-${it.scene_type}${type}`);
  });
  return (
    <section class="guest-one" aria-label={titleOf(it)}>
      <Large it={it} alt={`${titleOf(it)}, ${named(it.scene_type)}`} />
      <div class="panel stack">
        <div><h2 class="breaks">{titleOf(it)}</h2><p class="soft">{named(it.scene_type)} · {t("picture.of", { i: at.value + 1, n: items.value.length })}</p><p class={`state ${cls}`}>{t(word)}</p></div>
        {it.note && <p class="said soft">{it.note}</p>}
        {l.approve && <div class="row guest-judge">
          <button type="button" class="primary" aria-pressed={it.review === "approved"} onClick={() => decide(it, "approved")}><Icon name="check" />{t("approve")} <kbd>A</kbd></button>
          <button type="button" aria-pressed={it.review === "rejected"} onClick={() => decide(it, "rejected")}><Icon name="cross" />{t("reject")} <kbd>R</kbd></button></div>}
        {l.download && <div class="row"><button type="button" onClick={save}><Icon name="down" />{t("download")}</button></div>}
        <Comments it={it} />
      </div>
    </section>
  );
};

export const Guest = () => {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    const gone = new AbortController();
    void begin();
    void follow(gone.signal);
    return () => gone.abort();
  }, []);
  useEffect(() => { list.current?.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" }); }, [at.value]);
  useEffect(() => {
    const pressed = (e: KeyboardEvent): void => {
      if (e.ctrlKey || e.metaKey || e.altKey || e.target instanceof Element && e.target.closest("input, textarea, select")) return;
      const it = items.value[at.value];
      const acts: Record<string, () => void> = {
        j: () => { at.value = Math.min(items.value.length - 1, at.value + 1); }, k: () => { at.value = Math.max(0, at.value - 1); },
        n: toName, a: () => { if (it) decide(it, "approved"); }, r: () => { if (it) decide(it, "rejected"); },
      };
      acts.arrowright = acts.j!; acts.arrowleft = acts.k!;
      const act = acts[e.key.toLowerCase()];
      if (act && items.value.length) { e.preventDefault(); act(); }
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  const l = link.value;
  const it = items.value[at.value];
  return (
    <main class="guest" id="main" tabIndex={-1}>
      <NoticeLine />
      {!l && <h1 class="unseen">{t("guest.title")}</h1>}
      {refused.value ? <Empty title={t("guest.gone")}><p>{passing(refused.value) ? textOf(refused.value) : t(refused.value.code === "share_link_ended" ? "guest.ended" : "guest.invalid")}</p>
        {passing(refused.value) && <p><button type="button" onClick={() => void begin()}>{t("tile.again")}</button></p>}</Empty>
        : !l ? <Loading text={t("loading")} /> : (
          <>
            <header class="page-head"><div><h1 tabIndex={-1}>{l.name || t("guest.title")}</h1><p class="soft">{t("guest.until", { time: when(l.expires_at) })}{l.approve && <span class="keys"> · {t("guest.keys")}</span>}</p></div>
              <div class="row">
                {(l.comment || l.approve) && <form class="inline" onSubmit={taken}><label class="inline">{t("guest.name")} <input id="guest-name" autocomplete="name" maxLength={80} value={name.value} onInput={(e) => { name.value = e.currentTarget.value; }} /></label></form>}
                <label><span class="unseen">{t("language")}</span><select value={language.value} onChange={(e) => void speak(e.currentTarget.value)}>{languages.map(([tag, word]) => <option key={tag} value={tag} lang={tag}>{word}</option>)}</select></label></div></header>
            {!it ? <Empty title={t("sheet.none")}><p>{t("guest.none")}</p></Empty> : <>
              <One it={it} />
              <ul class="guest-strip" ref={list} aria-label={t("sheet.grid")}>{items.value.map((o, i) => { const [cls, word] = stateOf(o); return (
                <li key={o.item_id} class={`tile ${cls}`}><button type="button" aria-current={i === at.value ? "true" : undefined} aria-label={`${titleOf(o)}, ${t(word)}`} onClick={() => { at.value = i; }}><Small it={o} /></button></li>); })}</ul>
              {next.value && <p class="more"><button type="button" onClick={() => void doing(read)}>{t("more")}</button></p>}
            </>}
          </>)}
    </main>
  );
};
