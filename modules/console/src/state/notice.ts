// What the page tells, and what screen readers hear.
import { signal } from "@preact/signals";
import { Problem, unreachable } from "../api";
import { said, t, type Key } from "../words";
import { familyOf } from "./codes";

// act is what a button beside the text does.
export type Notice = { kind: "bad" | "good"; text: string; id?: string; act?: { text: string; key: string; go: () => void } };

export const notice = signal<Notice | null>(null);
export const heard = signal("");
const hearFor = 5000; // ms that screen readers have to read what is heard

// sayCode says a code in plain words: its own, those of its family, or what the service said.
// Its own may name what the service has in quotes first, the value that is wrong, and what its
// detail begins with: a column, or the number of a row.
export const sayCode = (code: string, message: string): string => {
  const family = familyOf(code);
  return said("error", code, family ? t(`code.${family}` as Key, { what: message }) : message, { name: /"([^"]*)"/.exec(message)?.[1] ?? "", of: /: (?:in row )?(\S+)/.exec(message)?.[1] ?? "" });
};

// textOf says an error in plain words.
export const textOf = (error: unknown): string => (error instanceof Problem ? error.code === unreachable ? t("error.unreachable") : sayCode(error.code, error.message)
  : error instanceof Error ? error.message : String(error));

let told = 0; // when

// complain tells an error, and of what it is. With a way to mend it, it stays until somebody
// closes it or another notice is told.
export const complain = (error: unknown, of = "", act?: Notice["act"]): void => {
  told = Date.now();
  notice.value = { kind: "bad", text: of ? `${of}: ${textOf(error)}` : textOf(error), id: error instanceof Problem && error.status >= 500 ? error.correlationID : "", act };
};
export const tell = (text: string, act?: Notice["act"]): void => { told = Date.now(); notice.value = { kind: "good", text, act }; };
export const hush = (): void => { notice.value = null; };
// calm takes away what is over: all but what still has to be mended.
export const calm = (): void => { if (notice.value?.kind !== "bad" || !notice.value.act) hush(); };
// turn takes away what the page before told; what was told on the way here stays.
export const turn = (): void => { if (Date.now() - told > 1000) calm(); };
let hearing = 0;
// hear has a screen reader say a text; it goes afterwards, so that no later page, or language, still has it.
export const hear = (text: string): void => {
  heard.value = text;
  clearTimeout(hearing);
  hearing = window.setTimeout(() => { heard.value = ""; }, hearFor);
};

// finished tells that pictures are done, also where another window hides this one.
export const finished = (n = 0): void => {
  hear(t("sheet.finished"));
  if (document.hidden && "Notification" in window && Notification.permission === "granted") new Notification(t("sheet.finished"), n ? { body: t("sheet.title", { n }) } : {});
};

// doing runs what a button asks for and tells what went wrong.
export const doing = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
  try {
    const out = await work();
    if (notice.value?.kind === "bad") calm();
    return out;
  } catch (error) {
    complain(error);
    return undefined;
  }
};
