// A webhook: its state and the log of its deliveries.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { client, got, once, type Schemas } from "../api";
import { sure } from "../parts/Confirm";
import { Delivery } from "../parts/Delivery";
import { Empty, Loading } from "../parts/Empty";
import { Icon } from "../parts/Icon";
import { More, Pending, usePages } from "../parts/Pages";
import { Secret, showSecret } from "../parts/Secret";
import { go, to } from "../route";
import { complain, doing, tell } from "../state/notice";
import { t, when, type Key } from "../words";
import { lacks } from "../state/session";

const kinds = ["all", "failed", "pending", "delivered"] as const;

export const Webhook = ({ id }: { id: string }) => {
  const hook = useSignal<Schemas["Webhook"] | null>(null);
  const gone = useSignal(false);
  const kind = useSignal<(typeof kinds)[number]>("all");
  const path = { path: { webhook_id: id } };
  const log = usePages(async (cursor) => {
    const p = await got(client.GET("/v1/webhooks/{webhook_id}/deliveries", { params: { ...path, query: { limit: 25, cursor, ...(kind.value === "all" ? {} : { status: kind.value }) } } }));
    return { rows: p.deliveries, next: p.next_cursor };
  }, [id, kind.value]);
  useEffect(() => {
    gone.value = false;
    got(client.GET("/v1/webhooks/{webhook_id}", { params: path })).then((w) => { hook.value = w; document.title = `${w.description || w.url} · OPAL`; }, (e: unknown) => { gone.value = true; complain(e); });
  }, [id]);
  if (gone.value) return <Empty page title={t("webhook.gone")}><p><a href={to("webhooks")}>{t("nav.webhooks")}</a></p></Empty>;
  const w = hook.value;
  if (!w) return <Loading page text={t("loading")} />;
  const act = (work: () => Promise<void>): void => void doing(async () => { await work(); await log.again(); });
  const set = (verb: "pause" | "enable") => (): void => act(async () => { hook.value = await got(client.POST(`/v1/webhooks/{webhook_id}/${verb}`, { params: { ...path, header: once() } })); });
  const test = (): void => act(async () => {
    const d = await got(client.POST("/v1/webhooks/{webhook_id}/test", { params: { ...path, header: once() } }));
    if (d.status === "delivered") tell(t("webhook.tested")); else throw new Error(t("webhook.test_failed", { why: d.error_message ?? d.error_code ?? d.status }));
  });
  const rotate = (): void => act(async () => {
    if (!await sure(t("webhook.rotate"), t("webhook.rotate.why"), t("webhook.rotate"))) return;
    const made = await got(client.POST("/v1/webhooks/{webhook_id}/rotate", { params: { ...path, header: once() } }));
    showSecret(t("webhook.secret"), made.secret);
  });
  const replay = (): void => act(async () => {
    const n = await got(client.POST("/v1/webhooks/{webhook_id}/replay", { params: { ...path, header: once() }, body: {} }));
    tell(t("webhook.replayed", { n: n.count }));
  });
  const remove = (): void => void doing(async () => {
    if (!await sure(t("webhook.delete"), t("webhook.delete.why"), t("delete"))) return;
    await got(client.DELETE("/v1/webhooks/{webhook_id}", { params: path }));
    go("webhooks");
  });
  const rows = log.rows.value;
  return (
    <>
      <header class="page-head">
        <div><p class="crumb"><a href={to("webhooks")}><Icon name="left" />{t("nav.webhooks")}</a></p><h1 tabIndex={-1}>{w.description || w.url}</h1>
          <p class="soft breaks">{w.url} · {t(`webhook.${w.status}` as Key)}{w.failing_since ? ` · ${t("webhook.failing_since", { when: when(w.failing_since) })}` : ""}</p></div>
        <div class="row">
          <button type="button" onClick={test} {...lacks("write")}>{t("webhook.test")}</button>
          {w.status === "enabled" ? <button type="button" onClick={set("pause")} {...lacks("write")}>{t("webhook.pause")}</button> : <button type="button" class="primary" onClick={set("enable")} {...lacks("write")}>{t("webhook.enable")}</button>}
          <button type="button" onClick={rotate} {...lacks("write")}>{t("webhook.rotate")}</button>
          <button type="button" class="quiet" onClick={remove} {...lacks("write")}><Icon name="bin" />{t("delete")}</button>
        </div>
      </header>
      {w.disabled_reason && <p class="callout"><Icon name="warn" /><span>{t(`webhook.reason.${w.disabled_reason}` as Key)}</span></p>}
      <div class="row between"><div class="chips" role="group" aria-label={t("sheet.filter")}>{kinds.map((k) => <button type="button" class="chip" key={k} aria-pressed={kind.value === k} onClick={() => { kind.value = k; }}>{t(`delivery.${k}` as Key)}</button>)}</div>
        <button type="button" onClick={replay} {...lacks("write")}><Icon name="again" />{t("webhook.replay")}</button></div>
      {rows === null ? <Pending of={log} /> : rows.length === 0 ? <Empty title={t("delivery.none")} /> : <ul class="log">{rows.map((d) => <Delivery key={d.delivery_id} d={d} changed={log.again} />)}</ul>}
      <More of={log} />
      <Secret />
    </>
  );
};
