// Share links: made, listed, revoked, and what guests did by them.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { client, got, once, type Schemas } from "../api";
import { textOf } from "../state/notice";
import { to } from "../route";
import { may } from "../state/session";
import { t, when, type Key } from "../words";
import { sure } from "./Confirm";
import { Dialog } from "./Dialog";
import { Once } from "./Secret";

type Share = Schemas["Share"];
type Entry = Schemas["ShareEntry"];
export type Named = { job_id: string; item_id: string };
export type Shared = { job_id: string } | { collection_id: string } | { items: Named[] };
type Props = { what: Shared; n: number; ready?: Named[]; approved?: Named[]; doubts?: number; close: () => void };

// ready are those of the pictures that nobody has to look at any more, where there are others,
// too; approved those that somebody approved; doubts how many wait for a look.
export const ShareDialog = ({ what, n, ready = [], approved = [], doubts = 0, close }: Props) => {
  const links = useSignal<Share[]>([]);
  const url = useSignal("");
  const wrong = useSignal("");
  const revoked = useSignal(false);
  const shows = useSignal(ready.length ? "ready" : approved.length && approved.length < n ? "approved" : "all");
  const shown = shows.value === "ready" ? ready.length : shows.value === "approved" ? approved.length : n;
  const log = useSignal<{ id: string; entries: Entry[] } | null>(null);
  const tried = async (work: () => Promise<void>): Promise<void> => { try { wrong.value = ""; revoked.value = false; await work(); } catch (error) { wrong.value = textOf(error); } };
  const read = async (): Promise<void> => {
    const { shares } = await got(client.GET("/v1/shares", { params: { query: { limit: 50, ...("items" in what ? {} : what) } } }));
    links.value = shares.filter((s) => !s.revoked_at && new Date(s.expires_at) > new Date());
  };
  useEffect(() => { void tried(read); }, []);
  const make = (e: Event): void => {
    e.preventDefault();
    const f = new FormData(e.currentTarget as HTMLFormElement);
    void tried(async () => {
      const made = await got(client.POST("/v1/shares", { params: { header: once() }, body: {
        ...(shows.value === "ready" ? { items: ready } : shows.value === "approved" ? { items: approved } : what), name: String(f.get("name") ?? "").trim(), comment: f.get("comment") !== null, approve: f.get("approve") !== null, download: f.get("download") !== null,
        expires_at: new Date(Date.now() + Math.min(366, Math.max(1, Number(f.get("days")) || 14)) * 86_400_000 - 60_000).toISOString(),
      } }));
      url.value = made.url;
      await read();
    });
  };
  const revoke = (s: Share): void => void tried(async () => {
    if (!await sure(t("share.revoke.ask"), t("share.revoke.why"), t("share.revoke"))) return;
    await got(client.DELETE("/v1/shares/{share_id}", { params: { path: { share_id: s.share_id } } }));
    revoked.value = true;
    await read();
  });
  const look = (s: Share): void => void tried(async () => {
    log.value = log.value?.id === s.share_id ? null : { id: s.share_id, entries: (await got(client.GET("/v1/shares/{share_id}/log", { params: { path: { share_id: s.share_id } } }))).entries };
  });
  return (
    <Dialog title={t("share.title", { n: shown })} close={close}>
      <p class="bad-text" role="alert">{wrong.value}</p>
      <p role="status">{revoked.value ? t("share.revoked") : ""}</p>
      {url.value ? <Once why={t("share.once")} secret={url.value} done={t("share.done")} close={close} /> : (
        <form class="stack" onSubmit={make}>
          <label class="field">{t("share.name")}<input name="name" maxLength={120} autocomplete="off" /></label>
          <label class="field narrow">{t("share.days")}<input name="days" type="number" min={1} max={366} step={1} value={14} required /></label>
          {ready.length + approved.length > 0 && <fieldset onChange={(e) => { shows.value = (e.target as HTMLInputElement).value; }}><legend>{t("share.shows")}</legend>
            {approved.length > 0 && <label class="check"><input type="radio" name="shows" value="approved" checked={shows.value === "approved"} />{t("zip.approved", { n: approved.length })}</label>}
            {ready.length > 0 && <label class="check"><input type="radio" name="shows" value="ready" checked={shows.value === "ready"} />{t("share.ready", { n: ready.length })}</label>}
            <label class="check"><input type="radio" name="shows" value="all" checked={shows.value === "all"} /><span>{t("zip.all", { n })}{doubts > 0 && <small class="warn-text"> {t("zip.doubts", { n: doubts })}</small>}</span></label></fieldset>}
          <fieldset><legend>{t("share.may")}</legend>
            <label class="check"><input type="checkbox" name="comment" defaultChecked />{t("share.comment")}</label>
            <label class="check"><input type="checkbox" name="approve" defaultChecked={may("approve")} disabled={!may("approve")} />{t("share.approve")}</label>
            <label class="check"><input type="checkbox" name="download" />{t("share.download")}</label></fieldset>
          <div class="row end"><button type="button" onClick={close}>{t("cancel")}</button><button type="submit" class="primary">{t("share.make")}</button></div>
        </form>)}
      {links.value.length > 0 && <section class="stack" aria-label={t("share.there")}><h3>{t("share.there")}</h3>
        <ul class="comments">{links.value.map((s) => <li key={s.share_id}><div class="row between"><span class="breaks"><strong>{s.name || when(s.created_at)}</strong> <small class="soft">{t("guest.until", { time: when(s.expires_at) })} · {s.opened_at ? t("share.opened", { time: when(s.opened_at) }) : t("share.unopened")}</small></span>
          <span class="row"><button type="button" class="quiet" aria-expanded={log.value?.id === s.share_id} onClick={() => look(s)}>{t("share.log")}</button><button type="button" onClick={() => revoke(s)}>{t("share.revoke")}</button></span></div>
          {log.value?.id === s.share_id && (<ul class="history">{log.value.entries.map((e, i) => <li key={i}><span>{e.job_id && e.item_id ? <a href={to("sets", e.job_id, e.item_id)} onClick={close}>{e.picture}</a> : null} {t(`${e.act === "approved" || e.act === "rejected" ? "state" : "share.act"}.${e.act}` as Key)}{e.guest ? `: ${e.guest}` : ""}</span><small class="soft">{when(e.at)} · {e.address}</small></li>)}</ul>)}</li>)}</ul></section>}
    </Dialog>
  );
};
