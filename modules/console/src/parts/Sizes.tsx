// A picture's variants with what their channels say of them.
import type { Schemas } from "../api";
import { presetTitle } from "../state/catalogue";
import { doing } from "../state/notice";
import { saveVariant } from "../state/save";
import { bytes, named, said, t, type Key } from "../words";
import { Icon } from "./Icon";

type Variant = Schemas["Variant"];
type Check = Schemas["Check"];

const Failed = ({ c }: { c: Check }) => (
  <li class={c.severity === "reject" ? "bad-text" : "warn-text"}><Icon name="warn" /><span>{said("rule", c.rule, named(c.rule))}: {c.measured}; {t("sizes.wanted", { wanted: c.wanted })}{c.advice ? <em> {c.advice}</em> : null}</span></li>
);

export const Sizes = ({ item, show, shown }: { item: Schemas["Item"]; show: (v: Variant | null) => void; shown: string | null }) => (
  <ul class="variants">
    {item.exports.map((v) => {
      const made = v.status === "completed" || v.status === "rejected";
      const failed = v.checks.filter((c) => !c.passed);
      return (
        <li key={v.preset}>
          <div class="variant-head">
            <button type="button" class="link" disabled={!made} aria-pressed={shown === v.preset} onClick={() => show(shown === v.preset ? null : v)}>{presetTitle(v.preset)}</button>
            {made ? <button type="button" class="icon-only" aria-label={t("sizes.save", { name: presetTitle(v.preset) })} onClick={() => void doing(() => saveVariant(item.item_id, item.filename, v.preset, v.format))}><Icon name="down" /></button> : null}
          </div>
          <p class="soft">{made ? `${v.width} × ${v.height} · ${v.format.toUpperCase()} · ${bytes(v.bytes)}` : t(`variant.${v.status}` as Key)}{v.error_message ? `: ${v.error_message}` : ""}</p>
          {made && (failed.length ? <ul class="checks">{failed.map((c) => <Failed key={c.rule} c={c} />)}</ul>
            : <p class="good-text"><Icon name="check" />{t("sizes.passed", { n: v.checks.length })}</p>)}
        </li>);
    })}
    {item.exports.length === 0 && <li class="soft">{t("sizes.none")}</li>}
  </ul>
);
