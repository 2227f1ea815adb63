// API keys: who may call, how much they may order, and until when.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { client, got, once, type Schemas } from "../api";
import { sure } from "../parts/Confirm";
import { Empty } from "../parts/Empty";
import { Pending, useFirst } from "../parts/Pages";
import { Secret, showSecret } from "../parts/Secret";
import { doing } from "../state/notice";
import { credits, date, t, when, type Key } from "../words";
import { lacks, session } from "../state/session";
import { Role } from "../parts/Role";
import { Scroll } from "../parts/Scroll";

type APIKey = Schemas["APIKey"];
type Scope = "read" | "write" | "approve" | "admin";

const NewKey = ({ made }: { made: () => Promise<void> }) => {
  const scopes = useSignal<Scope[]>(["read", "write", "approve"]);
  const make = (e: Event): void => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    const f = new FormData(form);
    const daysLeft = Number(f.get("days")), budget = String(f.get("budget") ?? "").trim();
    void doing(async () => {
      const k = await got(client.POST("/v1/api-keys", { params: { header: once() }, body: {
        name: String(f.get("name") ?? "").trim(), scopes: scopes.value, ...(daysLeft ? { expires_at: new Date(Date.now() + daysLeft * 86_400_000).toISOString() } : {}), ...(budget ? { budget: Math.round(Number(budget) * 100) } : {}),
      } }));
      form.reset();
      showSecret(t("keys.made", { name: k.name || k.prefix }), k.api_key);
      await made();
    });
  };
  return (
    <form class="sheet-block" onSubmit={make} aria-labelledby="keys-new"><h2 id="keys-new">{t("keys.new")}</h2>
      <div class="three">
        <label class="field">{t("keys.name")}<input name="name" required maxLength={100} autocomplete="off" /></label>
        <label class="field">{t("keys.days")}<input name="days" type="number" min={1} max={3650} step={1} placeholder={t("keys.never")} /></label>
        <label class="field">{t("keys.budget")}<input name="budget" type="number" min={0} step="any" placeholder={t("usage.limit.none")} /></label>
      </div>
      <fieldset><legend>{t("keys.scopes")}</legend><div class="row">{(["read", "write", "approve", "admin"] as const).map((s) => (
        <label class="check" key={s}><input type="checkbox" checked={scopes.value.includes(s)} onChange={() => { scopes.value = scopes.value.includes(s) ? scopes.value.filter((x) => x !== s) : [...scopes.value, s]; }} />{t(`scope.${s}` as Key)}</label>))}</div></fieldset>
      <div class="row end"><button type="submit" class="primary" disabled={!scopes.value.length} {...lacks("admin")}>{t("keys.make")}</button></div>
    </form>
  );
};

const stateOf = (k: APIKey): "revoked" | "expired" | "active" => (k.revoked_at ? "revoked" : k.expires_at && new Date(k.expires_at) < new Date() ? "expired" : "active");

export const Keys = () => {
  const keys = useSignal<APIKey[] | null>(null);
  const read = async (): Promise<void> => { keys.value = (await got(client.GET("/v1/api-keys"))).api_keys; };
  const nobody = session.value?.mode === "none"; // asks who calls: a key would count for nothing
  const first = useFirst(async () => { if (!nobody) await read(); }, []);
  useEffect(() => { document.title = `${t("nav.keys")} · OPAL`; }, []);
  const revoke = (k: APIKey): void => void doing(async () => {
    if (!await sure(t("keys.revoke"), t("keys.revoke.why", { name: k.name || k.prefix }), t("keys.revoke"))) return;
    await got(client.DELETE("/v1/api-keys/{key_id}", { params: { path: { key_id: k.key_id } } }));
    await read();
  });
  return (
    <>
      <header class="page-head"><h1 tabIndex={-1}>{t("nav.keys")}</h1></header>
      <Role scope="admin" />
      {nobody ? <Empty title={t("keys.off")}><p>{t("keys.off.why")}</p></Empty> : keys.value === null ? <Pending of={first} /> : keys.value.length === 0 ? <Empty title={t("keys.none")}><p>{t("keys.none.why")}</p></Empty> : (
        <Scroll label={t("nav.keys")}><table><thead><tr><th scope="col">{t("keys.name")}</th><th scope="col">{t("keys.scopes")}</th><th scope="col">{t("table.made")}</th><th scope="col">{t("keys.used")}</th><th scope="col">{t("keys.expires")}</th><th scope="col" class="n">{t("keys.budget")}</th><th scope="col">{t("table.state")}</th></tr></thead>
          <tbody>{keys.value.map((k) => { const s = stateOf(k); return (
            <tr key={k.key_id} class={s === "active" ? "" : "faint"}><td><strong>{k.name}</strong> <code>{k.prefix}…</code></td><td>{k.scopes.map((x) => t(`scope.${x}` as Key)).join(", ")}</td><td class="when" title={when(k.created_at)}>{date(k.created_at)}</td><td class="when" title={when(k.last_used_at)}>{date(k.last_used_at)}</td><td class="when" title={when(k.expires_at)}>{k.expires_at ? date(k.expires_at) : t("keys.never")}</td>
              <td class="n">{k.budget === null ? "–" : `${credits(k.budget_used)} / ${credits(k.budget)}`}</td><td>{s === "active" ? <button type="button" onClick={() => revoke(k)} {...lacks("admin")}>{t("keys.revoke")}<span class="unseen"> {k.name}</span></button> : t(`keys.${s}` as Key)}</td></tr>); })}</tbody></table></Scroll>)}
      {!nobody && <NewKey made={read} />}
      <Secret />
    </>
  );
};
