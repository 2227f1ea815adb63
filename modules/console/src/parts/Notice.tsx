// The line over the page that tells what went wrong or well. It goes when it is over.
import { useEffect } from "preact/hooks";
import { heard, hush, notice } from "../state/notice";
import { language, t } from "../words";
import { Icon } from "./Icon";

export const NoticeLine = () => {
  const n = notice.value;
  useEffect(() => {
    if (!n || (n.kind === "bad" && n.act)) return; // this one still has to be mended
    const timer = setTimeout(hush, n.kind === "good" ? 6000 : 20_000);
    return () => clearTimeout(timer);
  }, [n]);
  // what was said in another language is over
  useEffect(() => hush, [language.value]);
  return (
    <>
      <div class="notice-place" role="alert">
        {n && <div class={`notice ${n.kind}`}>
          <span>{n.text}{n.id ? <small> {t("error.quote", { id: n.id })}</small> : null}</span>
          {n.act && <button type="button" onClick={n.act.go}>{n.act.text}{n.act.key && <> <kbd>{n.act.key}</kbd></>}</button>}
          <button type="button" class="quiet icon-only" aria-label={t("close")} onClick={hush}><Icon name="cross" /></button>
        </div>}
      </div>
      <p class="unseen" role="status">{heard.value}</p>
    </>
  );
};
