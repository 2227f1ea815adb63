// For operators: how the service is, and messages that no worker can handle.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { client, got, once, type Schemas } from "../api";
import { sure } from "../parts/Confirm";
import { Empty } from "../parts/Empty";
import { Pending, useFirst } from "../parts/Pages";
import { Icon } from "../parts/Icon";
import { doing, sayCode, tell } from "../state/notice";
import { lasting, named, number, said, t, when, type Key } from "../words";
import { lacks } from "../state/session";
import { Role } from "../parts/Role";
import { Scroll } from "../parts/Scroll";

type Dead = Schemas["DeadLetter"];

// Queues shows how much waits for the workers, and for how long.
const Queues = () => {
  const queues = useSignal<Schemas["QueueState"][]>([]);
  useEffect(() => {
    const look = (): void => { if (!document.hidden) client.GET("/v1/queues").then(({ data }) => { if (data) queues.value = data.queues; }, () => { /* the next look tells */ }); };
    look();
    const timer = setInterval(look, 10_000);
    return () => clearInterval(timer);
  }, []);
  if (!queues.value.length) return null;
  return (
    <section class="sheet-block" aria-labelledby="ops-queues"><h2 id="ops-queues">{t("ops.queues")}</h2>
      <Scroll label={t("ops.queues")}><table><thead><tr><th scope="col">{t("ops.queue")}</th><th scope="col" class="n">{t("ops.waiting")}</th><th scope="col" class="n">{t("ops.taken")}</th><th scope="col">{t("ops.oldest")}</th><th scope="col" class="n">{t("ops.dead.short")}</th></tr></thead>
        <tbody>{queues.value.map((q) => <tr key={q.queue}><th scope="row">{t(`ops.queue.${q.queue}` as Key)}</th><td class="n">{number(q.waiting)}</td><td class="n">{number(q.taken)}</td><td>{q.oldest_seconds ? lasting(q.oldest_seconds) : "–"}</td><td class="n">{number(q.dead)}</td></tr>)}</tbody></table></Scroll>
    </section>
  );
};

const Health = () => {
  const health = useSignal<Schemas["Health"] | null>(null);
  useEffect(() => {
    const look = (): void => { fetch("/healthz").then((r) => r.json()).then((h: Schemas["Health"]) => { health.value = h; }, () => { health.value = null; }); };
    look();
    const timer = setInterval(look, 10_000);
    return () => clearInterval(timer);
  }, []);
  const h = health.value;
  return (
    <section class="sheet-block" aria-labelledby="ops-health"><h2 id="ops-health">{t("ops.health")} {h && <span class={`state ${h.status === "ok" ? "done" : "failed"}`}>{h.status === "ok" ? t("ops.ok") : t("ops.degraded")}</span>}</h2>
      {h && <ul class="inline-list">{Object.entries(h.dependencies ?? {}).map(([name, d]) => <li key={name}><span class={`state ${d.status === "ok" ? "done" : "failed"}`}><Icon name={d.status === "ok" ? "check" : "warn"} />{said("ops.part", name, named(name))}</span> <span class="soft">{d.status === "ok" ? t(name === "oldest_work" ? "ops.asked" : "ops.answers", { n: d.ms }) : sayCode(d.code ?? "", d.code ?? "")}</span></li>)}</ul>}
    </section>
  );
};

export const Operations = () => {
  const dead = useSignal<Dead[] | null>(null);
  const chosen = useSignal<Set<string>>(new Set());
  const read = async (): Promise<void> => { dead.value = (await got(client.GET("/v1/dead-letters", { params: { query: { limit: 200 } } }))).dead_letters; chosen.value = new Set(); };
  const first = useFirst(read, []);
  useEffect(() => { document.title = `${t("nav.operations")} · OPAL`; }, []);
  const idOf = (d: Dead): string => `${d.queue}/${d.id}`;
  const take = (verb: "redrive" | "purge"): void => void doing(async () => {
    const of = (dead.value ?? []).filter((d) => chosen.value.has(idOf(d)));
    if (verb === "purge" && !await sure(t("ops.purge"), t("ops.purge.why", { n: of.length }), t("delete"))) return;
    let n = 0;
    for (const queue of new Set(of.map((d) => d.queue))) {
      const body = { queue, ids: of.filter((d) => d.queue === queue).map((d) => d.id) };
      n += (await got(verb === "redrive" ? client.POST("/v1/dead-letters/redrive", { params: { header: once() }, body }) : client.POST("/v1/dead-letters/purge", { params: { header: once() }, body }))).count;
    }
    tell(t(verb === "redrive" ? "ops.redriven" : "ops.purged", { n }));
    await read();
  });
  const rows = dead.value;
  const toggle = (d: Dead): void => { const next = new Set(chosen.value); if (!next.delete(idOf(d))) next.add(idOf(d)); chosen.value = next; };
  return (
    <>
      <header class="page-head"><h1 tabIndex={-1}>{t("nav.operations")}</h1><button type="button" onClick={() => void doing(read)}><Icon name="again" />{t("ops.again")}</button></header>
      <Role scope="admin" />
      <Health />
      <Queues />
      <section aria-labelledby="ops-dead"><h2 id="ops-dead" class="section">{t("ops.dead")} {rows && <span class="count">{rows.length}</span>}</h2>
        {rows === null ? <Pending of={first} /> : rows.length === 0 ? <Empty title={t("ops.dead.none")}><p>{t("ops.dead.none.why")}</p></Empty> : <>
          <div class="row"><button type="button" onClick={() => { chosen.value = chosen.value.size === rows.length ? new Set() : new Set(rows.map(idOf)); }}>{chosen.value.size === rows.length ? t("sheet.unselect") : t("sheet.select_all")}</button>
            <button type="button" class="primary" disabled={!chosen.value.size} onClick={() => take("redrive")} {...lacks("admin")}>{t("ops.redrive", { n: chosen.value.size })}</button><button type="button" disabled={!chosen.value.size} onClick={() => take("purge")} {...lacks("admin")}><Icon name="bin" />{t("delete")}</button></div>
          <ul class="log">{rows.map((d) => <li key={idOf(d)}><div class="row nowrap"><input type="checkbox" checked={chosen.value.has(idOf(d))} aria-label={t("tile.choose", { name: d.id })} onChange={() => toggle(d)} />
            <details><summary>{t(`ops.queue.${d.queue}` as Key)}: <strong>{sayCode(d.reason, d.reason)}</strong> <span class="soft">{when(d.enqueued_at)} · {t("delivery.tries", { n: d.delivery_count })}</span></summary><div class="stack"><p>{d.description} <code class="soft">{d.reason}</code></p><pre tabIndex={0} aria-label={t("delivery.payload")}>{d.body}</pre><p class="soft">{d.correlation_id}</p></div></details></div></li>)}</ul></>}
      </section>
    </>
  );
};
