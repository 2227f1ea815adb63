// The tenant's brands.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Icon } from "../parts/Icon";
import { Pending, useFirst } from "../parts/Pages";
import { Logo } from "../parts/Logo";
import { Swatches } from "../parts/Swatches";
import { to } from "../route";
import { brands, readBrands } from "../state/catalogue";
import { t, when } from "../words";

export const Brands = () => {
  const ready = useSignal(false);
  useEffect(() => { document.title = `${t("nav.brands")} · OPAL`; }, []);
  const first = useFirst(() => readBrands().then(() => { ready.value = true; }), []);
  return (
    <>
      <header class="page-head"><h1 tabIndex={-1}>{t("nav.brands")}</h1><div class="row"><a class="button" href={to("plates")}>{t("plates")}</a><a class="button primary" href={to("brands", "new")}><Icon name="plus" />{t("brand.new")}</a></div></header>
      <p class="soft lead">{t("brand.what")}</p>
      {!ready.value ? <Pending of={first} /> : (
        <ul class="cards">{brands.value.map((b) => (
          <li key={b.brand_profile_id} class="card"><a href={to("brands", b.brand_profile_id)}>
            <Swatches colours={b.palette} />
            <strong class="row between">{b.name}<Logo brand={b.brand_profile_id} version={b.logo} /></strong>
            <span class="soft">{b.mood || b.scene_prompt || t("brand.plain")}</span>
            <span class="soft">{b.draft ? `${t("brand.draft")} · ` : ""}{b.looks?.length ? `${t("new.sum.looks", { n: b.looks.length })} · ` : ""}{t("new.sum.sizes", { n: b.default_presets.length })}{b.updated_at ? ` · ${when(b.updated_at)}` : ""}</span>
          </a></li>))}</ul>)}
    </>
  );
};
