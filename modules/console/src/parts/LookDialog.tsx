// Another look for some pictures, in their places: scene and words, seen on the first of them.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { catalogue } from "../state/catalogue";
import { complain, doing, textOf } from "../state/notice";
import { chosen, type Brief } from "../state/sheet";
import { spread } from "../state/spread";
import { latest, seenAs, type Shown } from "../state/steer";
import { credits, t } from "../words";
import { Dialog } from "./Dialog";
import { SceneChips } from "./SceneChips";
import { Words } from "./Words";

// apart takes the photos into a set of its own.
export const LookDialog = ({ of, close, apart }: { of: Brief[]; close: () => void; apart: () => void }) => {
  const n = of.length, first = of[0]!, approved = of.filter((b) => b.review === "approved").length;
  const scene = useSignal(""), words = useSignal("");
  const seen = useSignal<Shown | null>(null), why = useSignal("");
  const ask = useRef<((a: () => Promise<Shown>) => void) | null>(null);
  const show = (s: Shown | null): void => { if (seen.value) URL.revokeObjectURL(seen.value.url); seen.value = s; };
  ask.current ??= latest<Shown>((s) => { show(s); why.value = ""; }, (e) => { why.value = textOf(e); });
  useEffect(() => { void catalogue().catch(complain); return () => show(null); }, []);
  const said = words.value.trim();
  const body = { ...(scene.value ? { scene_type: scene.value } : {}), ...(said ? { scene_prompt: said } : {}) };
  const changed = Object.keys(body).length > 0;
  useEffect(() => {
    if (!changed) return;
    const timer = setTimeout(() => ask.current!(() => seenAs(first.job_id, first.item_id, body)), 150);
    return () => clearTimeout(timer);
  }, [scene.value, said]);
  const price = seen.value?.quote?.total;
  const make = (e: Event): void => { e.preventDefault(); close(); chosen.value = new Set(); void doing(() => spread(of, body)); };
  return (
    <Dialog title={t("look.change", { n })} close={close}>
      <form class="stack adjust" onSubmit={make}>
        <SceneChips scene={scene.value} choose={(x) => { scene.value = x; }} />
        <Words value={words.value} unknown={seen.value?.unknown_words ?? []} change={(w) => { words.value = w; }} />
        {seen.value && <img class="look-seen" src={seen.value.url} alt={first.filename} />}
        {why.value && <p class="bad-text" role="alert">{why.value}</p>}
        <p class="soft">{t("look.change.why")}{approved ? ` ${t("look.change.approved", { n: approved })}` : ""}{price ? ` ${t("new.sum.credits", { n: credits(n * price) })}` : ""}</p>
        <div class="row between"><button type="button" class="quiet" onClick={() => { apart(); close(); }}>{t("look.apart")}</button>
          <div class="row"><button type="button" onClick={close}>{t("cancel")}</button><button type="submit" class="primary" disabled={!changed}>{t("adjust.make")}</button></div></div>
      </form>
    </Dialog>
  );
};
