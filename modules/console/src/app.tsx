// The frame around every page: rail, notices, language, sign-in.
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { whoCalls } from "./api";
import { Confirm } from "./parts/Confirm";
import { Empty } from "./parts/Empty";
import { Icon } from "./parts/Icon";
import { NoticeLine } from "./parts/Notice";
import { SignIn, SignInDialog } from "./parts/SignIn";
import { useDrop } from "./parts/Drop";
import { later } from "./parts/later";
import { Home } from "./pages/home";
import { New } from "./pages/new";
import { Picture } from "./pages/picture";
import { account, ground, office, shelf, style } from "./pages/parts";
import { Sheet } from "./pages/sheet";
import { parts, to } from "./route";
import { keepFocus } from "./state/focus";
import { calm, doing, turn } from "./state/notice";
import { sendDecisions } from "./state/sheet";
import { by, waiting } from "./state/waiting";
import { outside, readSession, session, signOut } from "./state/session";
import { arrived, rest, resume } from "./state/uploads";
import { language, languages, number, speak, t, type Key } from "./words";

// offline is true while the browser has no network; what was begun goes on afterwards.
const offline = signal(!navigator.onLine);
for (const type of ["online", "offline"]) addEventListener(type, () => { offline.value = !navigator.onLine; if (navigator.onLine) calm(); });

const asked = signal<((given: boolean) => void) | null>(null);
let asking: Promise<boolean> | null = null;

// Calls that are refused together share one dialog. A session that has ended elsewhere may be there again.
whoCalls(() => {
  asking ??= (async () => {
    await readSession();
    return session.value?.signed_in ? true : new Promise<boolean>((done) => { asked.value = done; });
  })().finally(() => { asking = null; asked.value = null; });
  return asking;
});

const places: [Key, string, string[]][] = [
  ["nav.home", "home", []], ["nav.new", "plus", ["new"]], ["nav.library", "grid", ["library"]], ["nav.brands", "brand", ["brands"]], ["nav.usage", "usage", ["usage"]],
  ["nav.keys", "key", ["keys"]], ["nav.webhooks", "swap", ["webhooks"]], ["nav.deletions", "bin", ["deletions"]], ["nav.operations", "gear", ["operations"]],
];

const [Library, Collections, Collection] = [later(async () => (await shelf()).Library), later(async () => (await shelf()).Collections), later(async () => (await shelf()).Collection)];
const [Imports, Import] = [later(async () => (await shelf()).Imports), later(async () => (await shelf()).Import)];
const [Brands, Brand] = [later(async () => (await style()).Brands), later(async () => (await style()).Brand)];
const [Plates, Plate] = [later(async () => (await ground()).Plates), later(async () => (await ground()).Plate)];
const [Usage, Keys] = [later(async () => (await account()).Usage), later(async () => (await account()).Keys)];
const [Webhooks, Webhook] = [later(async () => (await office()).Webhooks), later(async () => (await office()).Webhook)];
const [Deletions, Operations] = [later(async () => (await office()).Deletions), later(async () => (await office()).Operations)];

// within names the place in the rail that a page belongs to.
const within: Record<string, string> = { plates: "brands", collections: "library", imports: "library" };

const Nowhere = () => {
  useEffect(() => { document.title = `${t("nowhere")} · OPAL`; }, []);
  return <Empty page title={t("nowhere")}><p class="breaks"><code>/{parts.value.join("/")}</code></p><p><a href={to()}>{t("nav.home")}</a></p></Empty>;
};

const Page = () => {
  if (outside.value) return <SignIn />;
  const [first, second, third, fourth] = parts.value;
  if (first === "sets" && second && third) return <Picture jobID={second} itemID={third} />;
  if (first === "sets" && second) return <Sheet id={second} />;
  switch (first) {
    case "new": return <New />;
    case "library": return <Library />;
    case "collections": return second && third && fourth ? <Picture jobID={third} itemID={fourth} within={second} /> : second ? <Collection id={second} /> : <Collections />;
    case "imports": return second ? <Import id={second} /> : <Imports />;
    case "brands": return second ? <Brand id={second} /> : <Brands />;
    case "plates": return second ? <Plate id={second} /> : <Plates />;
    case "usage": return <Usage />;
    case "keys": return <Keys />;
    case "webhooks": return second ? <Webhook id={second} /> : <Webhooks />;
    case "deletions": return <Deletions />;
    case "operations": return <Operations />;
  }
  return !first || first === "sets" || first === "signin" ? <Home /> : <Nowhere />;
};

export const App = () => {
  const at = parts.value.join("/");
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const over = useDrop();
  useEffect(() => { if (!outside.value) void resume(); }, [outside.value]);
  useEffect(() => { if (!outside.value) void sendDecisions(); }, [outside.value, by()]); // whose wait is known with the session
  useEffect(keepFocus, []);
  useEffect(() => {
    const warn = (e: BeforeUnloadEvent): void => { if (rest.value > 0) e.preventDefault(); };
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, []);
  // The focus goes to the new page's heading, as a loaded page would have it.
  useEffect(() => {
    turn();
    document.querySelector(".rail [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
    if (first.current) { first.current = false; return; }
    scrollTo(0, 0);
    const title = main.current?.querySelector<HTMLElement>("h1:not(.unseen)") ?? main.current;
    title?.focus({ preventScroll: true });
  }, [at]);
  return (
    <>
      <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); main.current?.focus(); }}>{t("skip")}</a>
      <nav class="rail" aria-label={t("nav")}>
        <a class="logo" href={to()}><img src="/assets/mark.svg" alt="" width="28" height="28" /><span>OPAL</span></a>
        <ul hidden={outside.value}>{places.map(([name, icon, where]) => <li key={name}><a href={to(...where)} aria-current={(where[0] ?? "") === (within[parts.value[0] ?? ""] ?? parts.value[0] ?? "") ? "page" : undefined}><Icon name={icon} /><span>{t(name)}</span></a></li>)}
          <li><a href="/docs"><Icon name="brush" /><span>API</span></a></li></ul>
        {session.value?.expires_at && <div class="who"><span title={session.value.name}>{session.value.name || t("signin.somebody")}</span><button type="button" class="quiet icon-only" aria-label={t("signin.out")} title={t("signin.out")} onClick={() => void doing(signOut)}><Icon name="out" /></button></div>}
        <label class="language"><span class="unseen">{t("language")}</span>
          <select value={language.value} onChange={(e) => void speak(e.currentTarget.value)}>{languages.map(([tag, name]) => <option key={tag} value={tag} lang={tag}>{name}</option>)}</select></label>
      </nav>
      <main ref={main} id="main" tabIndex={-1}>
        {offline.value && <p class="callout" role="status"><Icon name="warn" /><span>{t("offline")}</span></p>}
        {waiting.value.length > 0 && <p class="callout" role="status"><Icon name="again" /><span>{t("waits.n", { n: waiting.value.length })}</span></p>}
        <NoticeLine />
        <Page />
      </main>
      {rest.value > 0 && <p class="afloat">{t("uploads.rest", { n: rest.value })} · {number(Math.floor(100 * arrived.value))} %</p>}
      {over.value && <div class="dropping" aria-hidden="true">{t("drop.now")}</div>}
      {asked.value && <SignInDialog done={asked.value} />}
      <Confirm />
    </>
  );
};
