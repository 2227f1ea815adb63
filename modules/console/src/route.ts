// Where the user is: the part of the address behind #.
import { computed, signal } from "@preact/signals";

// The service shows this page at paths that nothing is at, too: what is meant may be a place of it.
if (!/^\/(share)?$/.test(location.pathname)) history.replaceState(null, "", `/${location.search}#${location.pathname}`);

const read = (): string => {
  const hash = location.hash.replace(/^#\/?/, "");
  const old = /^job=([\w-]+)$/.exec(hash); // the first console's addresses
  return old ? `sets/${old[1]}` : hash;
};

const hash = signal(read());
addEventListener("hashchange", () => { hash.value = read(); });

const plain = (segment: string): string => { try { return decodeURIComponent(segment); } catch { return segment; } };

// parts are the segments of the place: ["sets", job, item].
export const parts = computed(() => hash.value.split("?")[0]!.split("/").filter(Boolean).map(plain));

export const go = (...to: string[]): void => { location.hash = `/${to.map(encodeURIComponent).join("/")}`; };
export const to = (...where: string[]): string => `#/${where.map(encodeURIComponent).join("/")}`;
