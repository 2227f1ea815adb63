// Usage and billing: what there is, what was used for what, prices, purchases, invoices.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { client, got, once, type Schemas } from "../api";
import { Buyer } from "../parts/Buyer";
import { Chart, type Bar } from "../parts/Chart";
import { Icon } from "../parts/Icon";
import { More, Pending, usePages } from "../parts/Pages";
import { brands, catalogue, presetTitle } from "../state/catalogue";
import { complain, doing, tell } from "../state/notice";
import { saveAnswer } from "../state/save";
import { credits, day, money, named, said, t, when, type Key } from "../words";
import { lacks } from "../state/session";
import { Role } from "../parts/Role";
import { Scroll } from "../parts/Scroll";

type Row = Schemas["UsageRow"];
const days = 30;

const since = (): string => new Date(Date.now() - days * 86_400_000).toISOString();

const readUsage = async (by: "day" | "step" | "brand"): Promise<Row[]> => {
  const rows: Row[] = [];
  for (let cursor: string | undefined; ;) {
    // the call answers CSV, too, where that is asked for
    const page = await got(client.GET("/v1/billing/usage", { params: { query: { by, from: since(), limit: 200, cursor } } })) as Schemas["UsagePage"];
    rows.push(...page.usage);
    if (!page.next_cursor) return rows;
    cursor = page.next_cursor;
  }
};

// barsOf fills the days on which nothing was used.
const barsOf = (rows: Row[]): Bar[] => {
  const by = new Map(rows.map((r) => [r.key, r.credits]));
  return Array.from({ length: days }, (_, i) => {
    const d = new Date(Date.now() - (days - 1 - i) * 86_400_000).toISOString().slice(0, 10);
    return { day: d, value: by.get(d) ?? 0 };
  });
};

const nameOf = (key: string): string => {
  const [kind, name] = key.split("/");
  if (!name) return brands.value.find((b) => b.brand_profile_id === key)?.name ?? key;
  return kind === "preset" ? presetTitle(name) : name === "*" ? t("usage.other") : said("step", name, named(name));
};

const Limits = ({ limits, change }: { limits: Schemas["MonthLimits"]; change: (l: Schemas["MonthLimits"]) => void }) => {
  const save = (e: Event): void => {
    e.preventDefault();
    const text = String(new FormData(e.currentTarget as HTMLFormElement).get("cap") ?? "").trim();
    void doing(async () => {
      change(await got(client.PUT("/v1/billing/limits", { body: { budget_cap: text === "" ? null : Math.round(Number(text) * 100) } })));
      tell(t("saved"));
    });
  };
  return (
    <form class="sheet-block" onSubmit={save} aria-labelledby="usage-limit"><h2 id="usage-limit">{t("usage.limit")}</h2>
      <p class="soft">{t("usage.limit.why", { n: credits(limits.committed) })}</p>
      <div class="row"><label class="field">{t("usage.limit.label")}<input name="cap" type="number" min={0} step="any" defaultValue={limits.budget_cap === null ? "" : String(limits.budget_cap / 100)} placeholder={t("usage.limit.none")} /></label><button type="submit" class="align-end" {...lacks("admin")}>{t("save")}</button></div>
    </form>
  );
};

const Payments = () => {
  const list = usePages(async (cursor) => { const p = await got(client.GET("/v1/billing/payments", { params: { query: { limit: 20, cursor } } })); return { rows: p.payments, next: p.next_cursor }; }, []);
  const rows = list.rows.value;
  if (!rows) return <Pending of={list} />;
  if (!rows.length) return <p class="soft">{t("usage.payments.none")}</p>;
  return <><Scroll label={t("usage.payments")}><table><thead><tr><th scope="col">{t("table.when")}</th><th scope="col">{t("table.what")}</th><th scope="col" class="n">{t("table.amount")}</th><th scope="col">{t("table.state")}</th><th scope="col">{t("table.invoice")}</th></tr></thead>
    <tbody>{rows.map((p) => <tr key={p.payment_id}><td class="when">{when(p.created_at)}</td><td>{t("new.sum.credits", { n: credits(p.credits) })}</td><td class="n">{money(p.amount, p.currency)}</td><td>{t(`payment.${p.status}` as Key)}{p.refunded ? ` · ${t("payment.back", { n: money(p.refunded, p.currency) })}` : ""}</td>
      <td>{p.paid_at ? <button type="button" class="link" onClick={() => void doing(() => saveAnswer(`/v1/billing/payments/${encodeURIComponent(p.payment_id)}/invoice`, {}, "application/pdf", `opal-${p.payment_id}.pdf`))}><Icon name="down" />PDF<span class="unseen"> {when(p.created_at)}</span></button>
        : p.checkout_url ? <a href={p.checkout_url}>{t("usage.pay")}</a> : null}</td></tr>)}</tbody></table></Scroll><More of={list} /></>;
};

export const Usage = () => {
  const balance = useSignal<Schemas["Balance"] | null>(null);
  const limits = useSignal<Schemas["MonthLimits"] | null>(null);
  const offer = useSignal<Schemas["PackageList"] | null>(null);
  const prices = useSignal<Schemas["Price"][]>([]);
  const byDay = useSignal<Row[]>([]);
  const rows = useSignal<Row[]>([]);
  const by = useSignal<"step" | "brand">("step");
  const busy = useSignal(false);
  useEffect(() => {
    document.title = `${t("nav.usage")} · OPAL`;
    void catalogue().catch(complain);
    Promise.all([got(client.GET("/v1/billing/balance")), got(client.GET("/v1/billing/limits")), got(client.GET("/v1/billing/packages")), got(client.GET("/v1/billing/prices")), readUsage("day")]).then(([b, l, p, c, d]) => {
      balance.value = b; limits.value = l; offer.value = p; prices.value = c.prices; byDay.value = d;
    }).catch(complain);
  }, []);
  useEffect(() => { readUsage(by.value).then((r) => { rows.value = r; }, complain); }, [by.value]);
  const buy = (p: Schemas["Package"]): void => void doing(async () => {
    busy.value = true;
    try {
      const begun = await got(client.POST("/v1/billing/purchase", { params: { header: once() }, body: { package: p.package } }));
      location.assign(begun.checkout_url);
    } finally { busy.value = false; }
  });
  const b = balance.value;
  return (
    <div class="usage">
      <header class="page-head"><h1 tabIndex={-1}>{t("nav.usage")}</h1></header>
      <dl class="figures">
        <div><dt>{t("usage.available")}</dt><dd>{b ? credits(b.available) : "–"}</dd></div>
        <div><dt>{t("usage.held")}</dt><dd>{b ? credits(b.held) : "–"}</dd></div>
        <div><dt>{t("usage.month")}</dt><dd>{b ? credits(byDay.value.reduce((n, r) => n + (r.key.slice(0, 7) === new Date().toISOString().slice(0, 7) ? r.credits : 0), 0)) : "–"}{limits.value?.budget_cap != null ? <small class="soft"> / {credits(limits.value.budget_cap)}</small> : null}</dd></div>
        {limits.value && limits.value.monthly_grant > 0 && <div><dt>{t("usage.free")}</dt><dd>{credits(limits.value.monthly_grant)}</dd></div>}
      </dl>
      <section class="sheet-block" aria-labelledby="usage-days"><h2 id="usage-days" class="unseen">{t("usage.chart")}</h2>
        {b && <Chart bars={barsOf(byDay.value)} label={t("usage.chart")} />}
        <div class="row between"><div class="chips" role="group" aria-label={t("usage.by")}>{(["step", "brand"] as const).map((x) => <button type="button" class="chip" key={x} aria-pressed={by.value === x} onClick={() => { by.value = x; }}>{t(`usage.by.${x}` as Key)}</button>)}</div>
          <button type="button" onClick={() => void doing(() => saveAnswer("/v1/billing/usage", { by: by.value, from: since() }, "text/csv", `opal-usage-${by.value}.csv`))}><Icon name="down" />CSV</button></div>
        {rows.value.length === 0 ? <p class="soft">{t("usage.none")}</p> : <Scroll label={t("usage.chart")}><table><thead><tr><th scope="col">{t(`usage.by.${by.value}` as Key)}</th><th scope="col" class="n">{t("table.items")}</th><th scope="col" class="n">{t("table.credits")}</th></tr></thead>
          <tbody>{rows.value.map((r) => <tr key={r.key}><td>{nameOf(r.key)}</td><td class="n">{r.items}</td><td class="n">{credits(r.credits)}</td></tr>)}</tbody></table></Scroll>}
      </section>
      <Role scope="admin" />
      <section class="sheet-block" aria-labelledby="usage-buy"><h2 id="usage-buy">{t("usage.buy")}</h2>
        {offer.value && !offer.value.payable ? <p class="soft">{t("usage.buy.off")}</p> : <ul class="cards">{offer.value?.packages.map((p) => <li key={p.package} class="card pack"><strong>{t("new.sum.credits", { n: credits(p.credits) })}</strong><span>{money(p.net, p.currency)} <span class="soft">{t("usage.net")}</span></span>
          <button type="button" class="primary" disabled={busy.value} onClick={() => buy(p)} {...lacks("admin")}>{t("usage.buy.one")}<span class="unseen"> {credits(p.credits)}</span></button></li>)}</ul>}
      </section>
      <section class="sheet-block" aria-labelledby="usage-payments"><h2 id="usage-payments">{t("usage.payments")}</h2><Payments /></section>
      <div class="two">
        {limits.value && <Limits limits={limits.value} change={(l) => { limits.value = l; }} />}
        <section class="sheet-block" aria-labelledby="usage-prices"><h2 id="usage-prices">{t("usage.prices")}</h2>
          <table><tbody>{prices.value.map((p) => <tr key={`${p.kind}/${p.name}`}><th scope="row">{p.name === "*" ? t(`usage.each.${p.kind}` as Key) : nameOf(`${p.kind}/${p.name}`)}</th><td class="n">{credits(p.amount)}</td></tr>)}</tbody></table></section>
      </div>
      <Buyer />
      <p class="soft">{t("usage.since", { day: day(since()) })}</p>
    </div>
  );
};
