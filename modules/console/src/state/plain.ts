// Plain words for what the service found: of checks and concerns, in the user's language.
import type { Schemas } from "../api";
import { bytes, named, number, said, t, type Key } from "../words";
import { presetTitle } from "./catalogue";

type Check = Schemas["Check"];
type Figure = NonNullable<Check["figure"]>;

const say = ({ unit }: Figure, v: number, digits: number): string => {
  switch (unit) {
    case "share": case "frame": return `${number(100 * v, digits)}\u00a0%`;
    case "px": return `${number(v, v < 20 ? Math.max(1, digits) : digits)}\u00a0px`;
    case "bytes": return bytes(v);
    case "times": return `${number(v, Math.max(1, digits))}×`;
    case "ratio": return `${number(v, 2)}\u00a0:\u00a01`;
    default: return number(v, digits);
  }
};

// sayCheck says a rule with what was measured and what is wanted: with so many digits that
// the two differ where the rule is broken.
export const sayCheck = (c: Check): string => {
  const rule = said("rule", c.rule, named(c.rule)), f = c.figure;
  if (!f) return said("broken", c.rule, `${rule}: ${c.measured} (${c.wanted})`);
  let digits = f.unit === "share" || f.unit === "frame" ? (f.limit < 0.01 ? 2 : 1) : 0;
  while (digits < 4 && !c.passed && say(f, f.value, digits) === say(f, f.limit, digits)) digits++;
  const value = say(f, f.value, digits);
  return t(`check.${f.bound}` as Key, { rule, value: f.unit === "frame" ? t("check.frame", { n: value }) : value, limit: say(f, f.limit, digits) });
};

// mend says what to do about a broken rule; "" where nothing is known.
export const mend = (c: Check): string => said("mend", c.rule, c.advice ?? "");

export const sayConcern = (c: { kind?: string; text: string }): string => said("concern", c.kind ?? "", c.text);

// sureFrom is the confidence in a cut-out from which nobody has to look, unless a brand says otherwise.
export const sureFrom = 0.8;

// reasons tells why a picture waits for a person: what is doubtful of its cut-out, and what its
// channels refuse; the first of them weighs most.
export const reasons = (it: Schemas["Item"]): string[] => {
  const refused = it.exports.filter((v) => v.status === "rejected")
    .flatMap((v) => v.checks.filter((c) => !c.passed && !c.unsure && c.severity === "reject").map((c) => `${presetTitle(v.preset)}: ${sayCheck(c)}`));
  const doubts = it.concerns.map(sayConcern);
  const all = it.confidence !== null && it.confidence >= sureFrom ? [...refused, ...doubts] : [...doubts, ...refused];
  return all.length ? all : [it.review_reason ?? t("tile.look")];
};
