// Library: the pictures of all sets, by product, brand, channel and state.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { client, got } from "../api";
import { Empty } from "../parts/Empty";
import { counting, FoundList } from "../parts/Found";
import { Icon } from "../parts/Icon";
import { ShareDialog } from "../parts/Share";
import { More, Pending, usePages } from "../parts/Pages";
import { Shelf } from "../parts/Shelf";
import { brands, byChannel, catalogue, channelTitle, presets } from "../state/catalogue";
import { complain } from "../state/notice";
import { t, type Key } from "../words";
import { lacks } from "../state/session";

const states = ["", "look", "approved", "rejected", "completed", "failed", "open"] as const;

const sharing = signal(false);
const sought = signal("");
const brand = signal("");
const channel = signal("");
const state = signal<(typeof states)[number]>("");
const asked = signal(""); // sought, once the typing pauses

export const Library = () => {
  useEffect(() => { document.title = `${t("nav.library")} · OPAL`; void catalogue().catch(complain); }, []);
  useEffect(() => { const timer = setTimeout(() => { asked.value = sought.value.trim(); }, 300); return () => clearTimeout(timer); }, [sought.value]);
  const list = usePages(async (cursor) => {
    const p = await got(client.GET("/v1/items", { params: { query: {
      limit: 60, cursor, ...(asked.value ? { q: asked.value } : {}), ...(brand.value ? { brand: brand.value } : {}), ...(channel.value ? { channel: channel.value } : {}),
      ...(state.value === "look" ? { needs_review: "true" as const } : state.value === "approved" || state.value === "rejected" ? { decision: state.value } : state.value === "open" ? { status: "created,uploaded,queued,processing" } : state.value ? { status: state.value } : {}),
    } } }));
    return { rows: p.items, next: p.next_cursor };
  }, [asked.value, brand.value, channel.value, state.value]);
  const rows = list.rows.value && counting(list.rows.value).filter((f) => !f.left_out || state.value !== "failed");
  const finished = (rows ?? []).filter((f) => f.status === "completed").slice(0, 500).map((f) => ({ job_id: f.job_id, item_id: f.item_id }));
  return (
    <>
      <Shelf at="library">{finished.length > 0 && <button type="button" onClick={() => { sharing.value = true; }} {...lacks("write")}><Icon name="link" />{t("library.share", { n: finished.length })}</button>}</Shelf>
      {sharing.value && <ShareDialog what={{ items: finished }} n={finished.length} close={() => { sharing.value = false; }} />}
      <div class="filters">
        <div class="chips" role="group" aria-label={t("sheet.filter")}>{states.map((s) => <button type="button" class="chip" key={s} aria-pressed={state.value === s} onClick={() => { state.value = s; }}>{t((s === "approved" || s === "rejected" ? `state.${s}` : `library.${s || "all"}`) as Key)}</button>)}</div>
        <div class="row tools"><input type="search" aria-label={t("library.search")} placeholder={t("library.search")} value={sought.value} onInput={(e) => { sought.value = e.currentTarget.value; }} />
          <label class="inline">{t("new.brand")} <select value={brand.value} onChange={(e) => { brand.value = e.currentTarget.value; }}><option value="">{t("library.every")}</option>{brands.value.map((b) => <option key={b.brand_profile_id} value={b.brand_profile_id}>{b.name}</option>)}</select></label>
          <label class="inline">{t("library.channel")} <select value={channel.value} onChange={(e) => { channel.value = e.currentTarget.value; }}><option value="">{t("library.every")}</option>{byChannel(presets.value).map(([c]) => <option key={c} value={c}>{channelTitle(c)}</option>)}</select></label></div>
      </div>
      {!rows ? <Pending of={list} /> : rows.length === 0 ? <Empty title={t("sheet.none")}><p>{t("library.none")}</p></Empty> : <FoundList rows={rows} seek={(product) => { sought.value = product; }} />}
      <More of={list} />
    </>
  );
};
