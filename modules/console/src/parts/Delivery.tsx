// A delivery of a webhook; opened, it shows its tries and what was sent.
import { useSignal } from "@preact/signals";
import { client, got, once, type Schemas } from "../api";
import { doing, sayCode, tell } from "../state/notice";
import { t, when, type Key } from "../words";
import { Icon } from "./Icon";
import { Scroll } from "./Scroll";

type D = Schemas["Delivery"];

export const Delivery = ({ d, changed }: { d: D; changed: () => Promise<void> }) => {
  const whole = useSignal<D | null>(null);
  const path = { params: { path: { webhook_id: d.webhook_id, delivery_id: d.delivery_id } } };
  const opened = (open: boolean): void => { if (open) void doing(async () => { whole.value = await got(client.GET("/v1/webhooks/{webhook_id}/deliveries/{delivery_id}", path)); }); };
  const replay = (): void => void doing(async () => {
    await got(client.POST("/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay", { params: { ...path.params, header: once() } }));
    tell(t("webhook.replayed", { n: 1 }));
    await changed();
  });
  const w = whole.value;
  return (
    <li><details onToggle={(e) => opened(e.currentTarget.open)}>
      <summary><span class={`state ${d.status === "delivered" ? "done" : d.status === "failed" ? "failed" : ""}`}>{t(`delivery.${d.status}` as Key)}</span> <code>{d.event_type}</code> <span class="soft">{when(d.created_at)} · {t("delivery.tries", { n: d.tries })}{d.next_try_at ? ` · ${t("delivery.next", { when: when(d.next_try_at) })}` : ""}</span>
        {d.error_message && <span class="bad-text">{sayCode(d.error_code ?? "", d.error_message)}</span>}</summary>
      {w && <div class="stack">
        {w.attempts.length > 0 && <Scroll label={t("delivery.tries", { n: w.attempts.length })}><table><thead><tr><th scope="col">{t("table.when")}</th><th scope="col" class="n">{t("delivery.code")}</th><th scope="col" class="n">ms</th><th scope="col">{t("delivery.answer")}</th></tr></thead>
          <tbody>{w.attempts.map((a) => <tr key={a.attempt}><td class="when">{when(a.started_at)}</td><td class="n">{a.status_code ?? a.error_code}</td><td class="n">{a.ms}</td><td class="breaks">{a.response}</td></tr>)}</tbody></table></Scroll>}
        <pre tabIndex={0} aria-label={t("delivery.payload")}>{JSON.stringify(w.payload, null, 2)}</pre>
        {d.status !== "pending" && d.status !== "processing" && <div class="row end"><button type="button" onClick={replay}><Icon name="again" />{t("delivery.replay")}</button></div>}
      </div>}
    </details></li>
  );
};
