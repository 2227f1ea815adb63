// Texts in the user's language. A text with "|" has a singular and a plural.
import { signal } from "@preact/signals";
import type { Words } from "./en";

const loaders: Record<string, () => Promise<Words>> = {
  en: async () => (await import("./en")).en,
  nl: async () => (await import("./nl")).nl,
  de: async () => (await import("./de")).de,
  fr: async () => (await import("./fr")).fr,
};

export const languages = [["en", "English"], ["nl", "Nederlands"], ["de", "Deutsch"], ["fr", "Français"]] as const;
const chosenName = "opal.language";

export const language = signal("en");
const words = signal<Words>({} as Words);
let plural = new Intl.PluralRules("en");

const wanted = (): string => {
  const chosen = localStorage.getItem(chosenName);
  for (const tag of chosen ? [chosen, ...navigator.languages] : navigator.languages) {
    const short = tag.slice(0, 2).toLowerCase();
    if (short in loaders) return short;
  }
  return "en";
};

// speak loads a language; without one, the user's.
export const speak = async (choice?: string): Promise<void> => {
  if (choice) localStorage.setItem(chosenName, choice);
  const to = choice ?? wanted();
  try {
    words.value = await (loaders[to] ?? loaders.en!)();
  } catch { // the language's file can't be had: the texts stay as they are
    if (to === "en" || Object.keys(words.value).length) return;
    words.value = await loaders.en!();
  }
  plural = new Intl.PluralRules(to);
  language.value = to;
  document.documentElement.lang = to;
};

export type Key = keyof Words;

// t returns a text with its {fields} filled; n picks the plural.
export const t = (key: Key, fields: Record<string, string | number> = {}): string => {
  let text = words.value[key] ?? key;
  const at = text.indexOf("|");
  if (at >= 0) text = plural.select(Number(fields.n ?? 0)) === "one" ? text.slice(0, at) : text.slice(at + 1);
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const v = fields[name];
    return v === undefined ? whole : typeof v === "number" ? number(v) : v;
  });
};

// said returns the text of a code that the service may have, else what the service said.
export const said = (prefix: string, code: string, otherwise: string): string =>
  `${prefix}.${code}` in words.value ? t(`${prefix}.${code}` as Key) : otherwise;

export const number = (n: number, digits = 0): string => n.toLocaleString(language.value, { maximumFractionDigits: digits });
export const credits = (hundredths: number): string => number(hundredths / 100, 2);
export const money = (cents: number, currency: string): string => (cents / 100).toLocaleString(language.value, { style: "currency", currency });
export const bytes = (n: number): string => (n < 1e6 ? `${number(Math.max(1, Math.round(n / 1e3)))} kB` : `${number(n / 1e6, 1)} MB`);
export const when = (iso: string | null | undefined): string => (iso ? new Date(iso).toLocaleString(language.value, { dateStyle: "medium", timeStyle: "short" }) : "–");
// date says a moment's day, for tables that have no room for its time, which their title tells.
export const date = (iso: string | null | undefined): string => (iso ? new Date(iso).toLocaleDateString(language.value, { dateStyle: "medium" }) : "–");
export const day = (iso: string): string => new Date(iso).toLocaleDateString(language.value, { day: "numeric", month: "short" });

// lasting says a time in words: about 9 min.
export const lasting = (seconds: number): string => (seconds < 50 ? t("time.seconds", { n: Math.max(5, Math.ceil(seconds / 5) * 5) })
  : seconds < 5400 ? t("time.minutes", { n: Math.ceil(seconds / 60) }) : t("time.hours", { n: Math.ceil(seconds / 3600) }));

// named returns a name of the service's in words: amazon_main is Amazon main.
export const named = (name: string): string => said("scene", name, name.replaceAll(/[_-]+/g, " ").replace(/^./, (c) => c.toUpperCase()));
