// A brand as it was live before; each can be made live again.
import { useSignal } from "@preact/signals";
import { client, got, once, type Schemas } from "../api";
import { doing } from "../state/notice";
import { lacks } from "../state/session";
import { t, when } from "../words";
import { sure } from "./Confirm";
import { Swatches } from "./Swatches";

type Profile = Schemas["BrandProfile"];

export const BrandVersions = ({ id, version, restored }: { id: string; version: number; restored: (work: () => Promise<Profile>) => void }) => {
  const all = useSignal<Schemas["BrandVersion"][] | null>(null);
  const path = { brand_profile_id: id };
  const read = (): void => void doing(async () => { all.value = (await got(client.GET("/v1/brand-profiles/{brand_profile_id}/versions", { params: { path } }))).versions; });
  const back = (v: number): void => void (async () => {
    if (await sure(t("brand.versions.back"), t("brand.versions.back.why", { n: v }), t("brand.versions.back"), true)) restored(() => got(client.POST("/v1/brand-profiles/{brand_profile_id}/versions/{version}/restore", { params: { path: { ...path, version: v }, header: once() } })));
  })();
  return (
    <details class="sheet-block" key={version} onToggle={(e) => { if (e.currentTarget.open) read(); }}><summary>{t("brand.versions")}</summary>
      {all.value?.length === 0 && <p class="soft">{t("brand.versions.none")}</p>}
      <ul class="log">{all.value?.map((v) => <li key={v.version}><div class="row between"><span class="grow"><strong>{t("brand.version", { n: v.version })}</strong> <span class="soft">{when(v.live_from)} · {v.profile.name}{v.profile.scene_prompt ? ` · ${v.profile.scene_prompt}` : ""}</span></span>
        {v.profile.palette.length > 0 && <span class="version-colours"><Swatches colours={v.profile.palette} /></span>}
        <button type="button" onClick={() => back(v.version)} {...lacks("write")}>{t("brand.versions.back")}<span class="unseen"> {v.version}</span></button></div></li>)}</ul>
    </details>
  );
};
