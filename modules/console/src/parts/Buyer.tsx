// Who the invoices are made out to.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { client, got, type Schemas } from "../api";
import { complain, doing, tell } from "../state/notice";
import { t, type Key } from "../words";
import { lacks } from "../state/session";

export const Buyer = () => {
  const who = useSignal<Schemas["Customer"] | null>(null);
  useEffect(() => { got(client.GET("/v1/billing/customer")).then((c) => { who.value = c; }, complain); }, []);
  const c = who.value;
  if (!c) return null;
  const change = (x: Partial<Schemas["Customer"]>): void => { who.value = { ...c, ...x }; };
  const save = (e: Event): void => {
    e.preventDefault();
    void doing(async () => { who.value = await got(client.PUT("/v1/billing/customer", { body: { name: c.name, email: c.email, address: c.address, country: c.country.trim().toUpperCase(), vat_id: c.vat_id } })); tell(t("saved")); });
  };
  return (
    <form class="sheet-block" onSubmit={save} aria-labelledby="buyer"><h2 id="buyer">{t("buyer")}</h2><p class="soft">{t("buyer.why")}</p>
      <div class="two">
        {(["name", "email", "country", "vat_id"] as const).map((f) => <label class="field" key={f}>{t(`buyer.${f}` as Key)}<input type="text" inputMode={f === "email" ? "email" : "text"} maxLength={f === "country" ? 2 : 200} autocomplete={f === "email" ? "email" : f === "name" ? "organization" : f === "country" ? "country" : "off"} value={c[f]} onInput={(e) => change({ [f]: e.currentTarget.value })} /></label>)}
      </div>
      <label class="field">{t("buyer.address")}<textarea rows={3} autocomplete="street-address" value={c.address} onInput={(e) => change({ address: e.currentTarget.value })} /></label>
      <div class="row end"><button type="submit" {...lacks("admin")}>{t("save")}</button></div>
    </form>
  );
};
