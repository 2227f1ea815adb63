// The heads of the library's pages: pictures, collections, imports.
import type { ComponentChildren } from "preact";
import { to } from "../route";
import { t, type Key } from "../words";

const pages = ["library", "collections", "imports"] as const;

export const Shelf = ({ at, children }: { at: (typeof pages)[number]; children?: ComponentChildren }) => (
  <>
    <header class="page-head"><h1 tabIndex={-1}>{t(`nav.${at}` as Key)}</h1>{children && <div class="row">{children}</div>}</header>
    <nav class="chips shelf" aria-label={t("nav.library")}>{pages.map((p) => <a key={p} class="button chip" href={to(p)} aria-current={p === at ? "page" : undefined}>{t((p === "library" ? "home.pictures.all" : `nav.${p}`) as Key)}</a>)}</nav>
  </>
);
