// A picture's variants with what their channels say of them.
import type { Schemas } from "../api";
import { presetTitle } from "../state/catalogue";
import { doing, sayCode } from "../state/notice";
import { mend, sayCheck, sureFrom } from "../state/plain";
import { saveVariant } from "../state/save";
import { bytes, number, t, type Key } from "../words";
import { Icon } from "./Icon";

type Variant = Schemas["Variant"];
type Check = Schemas["Check"];
type Proof = Schemas["Proof"];

const Failed = ({ c }: { c: Check }) => (
  <li class={c.severity === "reject" ? "bad-text" : "warn-text"}><Icon name={c.severity === "reject" ? "cross" : "warn"} /><span>{c.severity === "reject" && <strong>{t("state.channel")}: </strong>}{sayCheck(c)}{mend(c) ? <em> {mend(c)}</em> : null}</span></li>
);

// Untouched says how the product in the file differs from the product in the photo, with the
// preset's limits.
const Untouched = ({ p, doubt }: { p: Proof; doubt: boolean }) => (
  <details class="soft">
    <summary>{t(!p.within ? "proof.changed" : doubt ? "proof.doubt" : "proof.kept")}</summary>
    <ul class="checks">
      <li>{t("proof.colour", { median: number(p.delta_e_p50, 2), most: number(p.delta_e_p95, 2), limit: number(p.limits.delta_e_p95, 2) })}</li>
      <li>{t("proof.likeness", { ssim: number(p.ssim, 3), limit: number(p.limits.ssim, 3) })}</li>
      <li>{t("proof.shift", { shift: number(p.shift_px, 2), limit: number(p.limits.shift_px, 2) })}</li>
      {p.held ? null : <li>{t("proof.small")}</li>}
    </ul>
  </details>
);

type Props = { item: Schemas["Item"]; show: (v: Variant | null) => void; shown: string | null; cutout: () => void };

// Sizes begins with the doubt about the cut-out, which no size's own checks know of.
export const Sizes = ({ item, show, shown, cutout }: Props) => {
  const doubt = item.confidence !== null && item.confidence < sureFrom && item.review?.state !== "approved";
  return (<>
  {doubt && <p class="warn-text doubt"><Icon name="warn" /><span>{t("sizes.doubt", { n: number(100 * item.confidence!) })} <button type="button" class="link" onClick={cutout}>{t("sizes.cutout")}</button></span></p>}
  <ul class="variants">
    {item.exports.map((v) => {
      const made = v.status === "completed" || v.status === "rejected";
      const failed = v.checks.filter((c) => !c.passed && c.severity !== "advice");
      const advice = v.checks.filter((c) => !c.passed && c.severity === "advice");
      return (
        <li key={v.preset}>
          <div class="variant-head">
            <button type="button" class="link" disabled={!made} aria-pressed={shown === v.preset} onClick={() => show(shown === v.preset ? null : v)}>{presetTitle(v.preset)}</button>
            {made ? <button type="button" class="icon-only" aria-label={t("sizes.save", { name: presetTitle(v.preset) })} onClick={() => void doing(() => saveVariant(item.item_id, item.filename, v.preset, v.format))}><Icon name="down" /></button> : null}
          </div>
          <p class="soft">{made ? `${v.width} × ${v.height} · ${v.format.toUpperCase()} · ${bytes(v.bytes)}` : t(`variant.${v.status}` as Key)}{v.error_code ? `: ${sayCode(v.error_code, v.error_message ?? "")}` : ""}</p>
          {made && (failed.length ? <ul class="checks">{failed.map((c) => <Failed key={c.rule} c={c} />)}</ul>
            : <p class={doubt ? "soft" : "good-text"}><Icon name="check" />{t("sizes.passed", { n: v.checks.length - advice.length })}</p>)}
          {made && advice.length > 0 && <details class="soft"><summary>{t("sizes.advice", { n: advice.length })}</summary><ul class="checks">{advice.map((c) => <Failed key={c.rule} c={c} />)}</ul></details>}
          {made && v.proof && <Untouched p={v.proof} doubt={doubt} />}
        </li>);
    })}
    {item.exports.length === 0 && <li class="soft">{t("sizes.none")}</li>}
  </ul></>);
};
