// Webhooks: servers that are told what happens.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { client, got, once, type Schemas } from "../api";
import { Empty } from "../parts/Empty";
import { Pending, useFirst } from "../parts/Pages";
import { Events, eventWord } from "../parts/Events";
import { Secret, showSecret } from "../parts/Secret";
import { to } from "../route";
import { doing } from "../state/notice";
import { t, type Key } from "../words";
import { lacks } from "../state/session";
import { Role } from "../parts/Role";

export const Webhooks = () => {
  const list = useSignal<Schemas["Webhook"][] | null>(null);
  const events = useSignal<string[]>([]);
  const read = async (): Promise<void> => { list.value = (await got(client.GET("/v1/webhooks"))).webhooks; };
  const first = useFirst(read, []);
  useEffect(() => { document.title = `${t("nav.webhooks")} · OPAL`; }, []);
  const make = (e: Event): void => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    const f = new FormData(form);
    void doing(async () => {
      const w = await got(client.POST("/v1/webhooks", { params: { header: once() }, body: { url: String(f.get("url") ?? "").trim(), description: String(f.get("description") ?? "").trim(), events: events.value } }));
      form.reset();
      events.value = [];
      showSecret(t("webhook.secret"), w.secret);
      await read();
    });
  };
  return (
    <>
      <header class="page-head"><h1 tabIndex={-1}>{t("nav.webhooks")}</h1></header>
      <Role scope="write" />
      {list.value === null ? <Pending of={first} /> : list.value.length === 0 ? <Empty title={t("webhook.none")}><p>{t("webhook.none.why")}</p></Empty> : (
        <ul class="cards wide">{list.value.map((w) => (
          <li class="card" key={w.webhook_id}><a href={to("webhooks", w.webhook_id)}><strong>{w.description || w.url}</strong><span class="soft breaks">{w.url}</span>
            <span class="soft">{w.events.length ? w.events.map(eventWord).join(", ") : t("webhook.all")}</span><span class={`state ${w.status === "enabled" ? (w.failing_since ? "look" : "done") : "failed"}`}>{w.status === "enabled" && w.failing_since ? t("webhook.failing") : t(`webhook.${w.status}` as Key)}</span></a></li>))}</ul>)}
      <form class="sheet-block" onSubmit={make} aria-labelledby="webhook-new"><h2 id="webhook-new">{t("webhook.new")}</h2>
        <div class="two"><label class="field">{t("webhook.url")}<input name="url" type="url" required pattern="https://.+" title={t("webhook.https")} placeholder="https://" maxLength={2000} /></label><label class="field">{t("webhook.description")}<input name="description" maxLength={200} /></label></div>
        <Events chosen={events.value} choose={(next) => { events.value = next; }} />
        <div class="row end"><button type="submit" class="primary" {...lacks("write")}>{t("webhook.make")}</button></div>
      </form>
      <Secret />
    </>
  );
};
