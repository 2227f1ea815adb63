// Texts in the user's language. A text with "|" has a singular and a plural.
import { signal } from "@preact/signals";
import type { Words } from "./en";

export type Texts = Record<string, () => Promise<{ default: Partial<Words> }>>;

// Some of each language comes with the pages that name it: words.go divides the files beside this one.
const texts: Texts = { en: () => import("texts/en"), nl: () => import("texts/nl"), de: () => import("texts/de"), fr: () => import("texts/fr") };
const learned: Texts[] = [texts];

export const languages = [["en", "English"], ["nl", "Nederlands"], ["de", "Deutsch"], ["fr", "Français"]] as const;
const chosenName = "opal.language";

export const language = signal("en");
const words = signal<Words>({} as Words);
let plural = new Intl.PluralRules("en");

const wanted = (): string => {
  const chosen = localStorage.getItem(chosenName);
  for (const tag of chosen ? [chosen, ...navigator.languages] : navigator.languages) {
    const short = tag.slice(0, 2).toLowerCase();
    if (short in texts) return short;
  }
  return "en";
};

const read = async (tag: string, of: Texts[]): Promise<Words> => Object.assign({}, ...await Promise.all(of.map(async (one) => (await one[tag in one ? tag : "en"]!()).default))) as Words;

// readAll reads all that was learned, also what is while it reads.
const readAll = async (tag: string): Promise<Words> => {
  for (;;) {
    const parts = learned.length, all = await read(tag, learned);
    if (learned.length === parts) return all;
  }
};

// speak loads a language; without one, the user's.
export const speak = async (choice?: string): Promise<void> => {
  if (choice) localStorage.setItem(chosenName, choice);
  const to = choice ?? wanted();
  try {
    words.value = await readAll(to);
  } catch { // the language's file can't be had: the texts stay as they are
    if (to === "en" || Object.keys(words.value).length) return;
    words.value = await readAll("en");
  }
  plural = new Intl.PluralRules(to);
  language.value = to;
  document.documentElement.lang = to;
};

// learn loads the texts of a part of the console before its pages are shown.
export const learn = async <P extends { texts: Texts }>(load: () => Promise<P>): Promise<P> => {
  const part = await load();
  if (!learned.includes(part.texts)) {
    learned.push(part.texts);
    for (let to = ""; to !== language.value;) {
      const more = await read(to = language.value, [part.texts]);
      words.value = { ...words.value, ...more }; // another language, or the first, may have come meanwhile
    }
  }
  return part;
};

// apart keeps what a name says of the direction of writing to the name: the sentence around it
// stays as it is.
const apart = (v: string): string => (/[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufefc]/.test(v) ? `\u2068${v.replace(/[\u202a-\u202e\u2066-\u2069]/g, "")}\u2069` : v);

export type Key = keyof Words;

// t returns a text with its {fields} filled; n picks the plural.
export const t = (key: Key, fields: Record<string, string | number> = {}): string => {
  let text = words.value[key] ?? key;
  const at = text.indexOf("|");
  if (at >= 0) text = plural.select(Number(fields.n ?? 0)) === "one" ? text.slice(0, at) : text.slice(at + 1);
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const v = fields[name];
    return v === undefined ? whole : typeof v === "number" ? number(v) : apart(v);
  });
};

// said returns the text of a code that the service may have, else what the service said.
export const said = (prefix: string, code: string, otherwise: string, fields: Record<string, string> = {}): string =>
  `${prefix}.${code}` in words.value ? t(`${prefix}.${code}` as Key, fields) : otherwise;

export const number = (n: number, digits = 0): string => n.toLocaleString(language.value, { maximumFractionDigits: digits });
export const credits = (hundredths: number): string => number(hundredths / 100, 2);
export const money = (cents: number, currency: string): string => (cents / 100).toLocaleString(language.value, { style: "currency", currency });
const sized = (n: number, unit: string, digits: number): string => n.toLocaleString(language.value, { style: "unit", unit, maximumFractionDigits: digits });
export const bytes = (n: number): string => (n < 1e6 ? sized(Math.max(1, Math.round(n / 1e3)), "kilobyte", 0) : sized(n / 1e6, "megabyte", 1));
export const when = (iso: string | null | undefined): string => (iso ? new Date(iso).toLocaleString(language.value, { dateStyle: "medium", timeStyle: "short" }) : "–");
// date says a moment's day, for tables that have no room for its time, which their title tells.
export const date = (iso: string | null | undefined): string => (iso ? new Date(iso).toLocaleDateString(language.value, { dateStyle: "medium" }) : "–");
export const day = (iso: string): string => new Date(iso).toLocaleDateString(language.value, { day: "numeric", month: "short" });

// lasting says a time in words: about 9 min.
export const lasting = (seconds: number): string => (seconds < 50 ? t("time.seconds", { n: Math.max(5, Math.ceil(seconds / 5) * 5) })
  : seconds < 5400 ? t("time.minutes", { n: Math.ceil(seconds / 60) }) : t("time.hours", { n: Math.ceil(seconds / 3600) }));

// named returns a name of the service's in words: amazon_main is Amazon main.
export const named = (name: string): string => said("scene", name, name.replaceAll(/[_-]+/g, " ").replace(/^./, (c) => c.toUpperCase()));
