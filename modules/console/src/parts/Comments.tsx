// What guests and the team say of a picture.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { client, got, once, type Schemas } from "../api";
import { doing } from "../state/notice";
import { may } from "../state/session";
import { t, when } from "../words";

export const Comments = ({ jobID, itemID }: { jobID: string; itemID: string }) => {
  const all = useSignal<Schemas["Comment"][]>([]);
  const text = useSignal(""), field = useRef<HTMLTextAreaElement>(null);
  const at = { params: { path: { job_id: jobID, item_id: itemID } } };
  useEffect(() => {
    let here = true;
    all.value = []; text.value = "";
    const read = (): void => { if (!document.hidden) client.GET("/v1/jobs/{job_id}/items/{item_id}/comments", at).then(({ data }) => { if (here && data?.comments) all.value = data.comments; }, () => { /* the next look tells */ }); };
    read();
    const timer = setInterval(read, 20_000); // guests write meanwhile
    return () => { here = false; clearInterval(timer); };
  }, [itemID]);
  const say = (e: Event): void => {
    e.preventDefault();
    void doing(async () => {
      const c = await got(client.POST("/v1/jobs/{job_id}/items/{item_id}/comments", { params: { ...at.params, header: once() }, body: { text: text.value.trim() } }));
      all.value = [...all.value, c];
      text.value = "";
      field.current?.focus(); // the button has nothing to send any more
    });
  };
  const n = all.value.length;
  return (
    <details class="panel stack said-of" open={n > 0}><summary>{t("guest.comments")} {n > 0 && <span class="count">{n}</span>}</summary>
      {n > 0 && <ul class="comments">{all.value.map((c) => <li key={c.comment_id}><p><strong>{c.author || t("guest.team")}</strong>{c.guest && <small class="soft"> · {t("comment.guest")}</small>} <small class="soft">{when(c.at)}</small></p><p class="said">{c.text}</p></li>)}</ul>}
      <form class="stack" onSubmit={say}><label class="field">{t("guest.comment")}<textarea ref={field} rows={2} maxLength={2000} value={text.value} disabled={!may("write")} onInput={(e) => { text.value = e.currentTarget.value; }} /></label>
        <div class="row end"><button type="submit" disabled={!text.value.trim()}>{t("guest.say")}</button></div></form>
    </details>
  );
};
