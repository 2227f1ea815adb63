// The line over the page that tells what went wrong or well. It goes when it is over.
import { useEffect } from "preact/hooks";
import { heard, hush, notice } from "../state/notice";
import { t } from "../words";
import { Icon } from "./Icon";

export const NoticeLine = () => {
  const n = notice.value;
  useEffect(() => {
    if (n?.kind !== "good") return;
    const timer = setTimeout(hush, 6000);
    return () => clearTimeout(timer);
  }, [n]);
  return (
    <>
      <div class="notice-place" role="alert">
        {n && <div class={`notice ${n.kind}`}>
          <span>{n.text}{n.id ? <small> {t("error.quote", { id: n.id })}</small> : null}</span>
          {n.act && <button type="button" onClick={n.act.go}>{n.act.text} <kbd>{n.act.key}</kbd></button>}
          <button type="button" class="quiet icon-only" aria-label={t("close")} onClick={hush}><Icon name="cross" /></button>
        </div>}
      </div>
      <p class="unseen" role="status">{heard.value}</p>
    </>
  );
};
