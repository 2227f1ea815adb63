// Words for a scene, with those lit that it understands.
import { t } from "../words";

const joining = new Set("a an the and or with without on in at of from to by for under over near into very some its is as light".split(" "));
const bare = (w: string): string => w.toLowerCase().replaceAll(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "");

type Props = { value: string; unknown: string[]; change: (v: string) => void; rows?: number };

export const Words = ({ value, unknown, change, rows = 2 }: Props) => {
  const not = new Set(unknown);
  const words = value.trim().split(/\s+/).filter(Boolean);
  return (
    <div class="words">
      <label class="field">{t("new.words")}<textarea rows={rows} maxLength={2000} placeholder={t("new.words.example")} value={value} onInput={(e) => change(e.currentTarget.value)} /></label>
      {words.length > 0 && <p class="understood" aria-live="polite">{words.map((w, i) => <><span key={i} class={not.has(bare(w)) ? "unknown" : joining.has(bare(w)) ? "" : "known"}>{w}</span> </>)}
        {words.some((w) => not.has(bare(w))) && <span class="soft">{t("words.unknown")}</span>}</p>}
    </div>
  );
};
