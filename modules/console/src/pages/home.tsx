// Home: what wants a look, what runs and how long it takes, and what was made lately.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { client, got, type Schemas } from "../api";
import { Drop } from "../parts/Drop";
import { Empty } from "../parts/Empty";
import { Icon } from "../parts/Icon";
import { Pending, useFirst } from "../parts/Pages";
import { Thumb } from "../parts/Thumb";
import { to } from "../route";
import { called, sized } from "../state/called";
import { doing, finished } from "../state/notice";
import { paceOf, rest } from "../state/pace";
import { credits, lasting, t, when, type Key } from "../words";

type Summary = Schemas["JobSummary"];
type Brief = Schemas["ItemBrief"];
type Found = Schemas["FoundItem"];
type Entry = Schemas["ShareEntry"];

// ahead is how many pictures of sets that were ordered before are not made yet.
const Row = ({ j, ahead }: { j: Summary; ahead: number }) => {
  const some = useSignal<Brief[]>([]);
  useEffect(() => {
    got(client.GET("/v1/jobs/{job_id}/items", { params: { path: { job_id: j.job_id }, query: { limit: 4 } } })).then((p) => { some.value = p.items; }, () => { /* the row says enough */ });
  }, [j.job_id, j.counts.open]);
  const open = j.counts.open;
  const stuck = open > 0 && some.value.filter((b) => b.status === "created" && b.error_code).length >= open; // refused photos wait for the user
  return (
    <li class="set-row">
      <a href={to("sets", j.job_id)}>
        <span class="set-thumbs">{some.value.map((b) => <Thumb key={b.item_id} job={j.job_id} item={b.item_id} version={b.picture} photo={b.photo} />)}</span>
        <span><strong class="breaks">{called(j)}</strong><span class="soft">{sized(j)}{when(j.created_at)}</span></span>
        <span class={`state job-${j.status}`}>{j.finished_at ? t(`job.${j.status}` as Key) : `${t("home.running", { done: j.pictures - open, n: j.pictures })}${stuck ? ` · ${t("sheet.stuck")}` : rest(open) ? ` · ${t("sheet.left", { time: lasting(rest(ahead + open)) })}` : ""}`}</span>
      </a>
    </li>
  );
};

const Strip = ({ title, more, items }: { title: string; more?: preact.ComponentChildren; items: Found[] }) => (
  <section aria-label={title}><div class="row between section"><h2>{title}</h2>{more}</div>
    <ul class="strip">{items.map((it) => <li key={it.item_id}><a href={to("sets", it.job_id, it.item_id)} aria-label={it.filename}><Thumb job={it.job_id} item={it.item_id} version={it.output_blob_path} /></a></li>)}</ul></section>
);

const shownItems = 12;
const lately = 7 * 86_400_000; // ms

export const Home = () => {
  const jobs = useSignal<Summary[] | null>(null);
  const next = useSignal<string | null>(null);
  const doubtful = useSignal<Found[]>([]);
  const recent = useSignal<Found[]>([]);
  const left = useSignal<number | null>(null);
  const guests = useSignal<Entry[]>([]);
  const read = async (cursor?: string): Promise<void> => {
    const page = await got(client.GET("/v1/jobs", { params: { query: { limit: 20, cursor } } }));
    // what runs is read again, and stands where it stood
    const fresh = new Map(page.jobs.map((j) => [j.job_id, j]));
    jobs.value = cursor ? [...(jobs.value ?? []), ...page.jobs] : [...page.jobs, ...(jobs.value ?? []).filter((j) => !fresh.has(j.job_id))];
    if (!jobs.value.length || cursor || next.value === null) next.value = page.next_cursor ?? null;
    if (!cursor) paceOf(page);
  };
  const look = async (): Promise<void> => {
    await Promise.all([read(),
      got(client.GET("/v1/items", { params: { query: { limit: shownItems, needs_review: "true" } } })).then((p) => { doubtful.value = p.items; }),
      got(client.GET("/v1/items", { params: { query: { limit: shownItems, status: "completed" } } })).then((p) => { recent.value = p.items.filter((it) => it.output_blob_path); })]);
    // what guests did of late, with a line for each; without the right to see it, none
    got(client.GET("/v1/shares/log", { params: { query: { limit: 8 } } })).then((l) => { guests.value = l.entries.filter((e) => e.act !== "downloaded" && e.job_id && Date.now() - new Date(e.at).getTime() < lately).slice(0, 4); }).catch(() => { /* the next look tells */ });
  };
  useEffect(() => {
    got(client.GET("/v1/billing/balance")).then((b) => { left.value = b.available; }, () => { /* without the right to see it, or without credits */ });
    const timer = setInterval(() => { if (!document.hidden && jobs.value?.some((j) => !j.finished_at)) look().catch(() => { /* the next time tells */ }); }, 5000);
    return () => clearInterval(timer);
  }, []);
  const begun = useFirst(look, []);
  const running = jobs.value?.filter((j) => !j.finished_at && j.counts.open > 0) ?? [];
  const open = running.reduce((n, j) => n + j.counts.open, 0);
  const first = doubtful.value[0];
  // the tab says what is in work, and when it is over
  const before = useRef(0);
  useEffect(() => {
    document.title = open > 0 ? `${t("home.open", { n: open })} · OPAL` : before.current > 0 ? `✓ ${t("sheet.finished")} · OPAL` : "OPAL";
    if (open === 0 && before.current > 0) finished();
    before.current = open;
  }, [open]);
  return (
    <>
      <header class="page-head"><h1 tabIndex={-1}>{t("home.title")}</h1>
        <p class="row home-sum">{first && <a class="button warn" href={to("sets", first.job_id, first.item_id)}><Icon name="eye" />{t(doubtful.value.length < shownItems ? "home.look" : "home.look.many", { n: doubtful.value.length })}</a>}
          {open > 0 && <span class="soft">{t("home.open", { n: open })}{rest(open) ? ` · ${lasting(rest(open))}` : ""}</span>}
          {left.value !== null && left.value > 0 && <a href={to("usage")}>{t("home.credits", { n: credits(left.value) })}</a>}</p></header>
      <Drop />
      {guests.value.length > 0 && <section aria-label={t("home.guests")}><h2 class="section">{t("home.guests")}</h2>
        <ul class="comments guests-did">{guests.value.map((e, i) => <li key={i}><a href={to("sets", e.job_id!, e.item_id!)}><Icon name={e.act === "commented" ? "talk" : e.act === "approved" ? "check" : "cross"} /><span class="breaks"><strong>{e.picture}</strong> {t(e.act === "commented" ? "share.act.commented" : e.act === "approved" ? "state.approved" : "state.rejected")} · {t("by.guest", { name: e.guest })}</span> <small class="soft">{when(e.at)}</small></a></li>)}</ul></section>}
      {doubtful.value.length > 0 && <Strip title={t("filter.look")} items={doubtful.value} />}
      {recent.value.length > 0 && <Strip title={t("home.pictures")} more={<a href={to("library")}>{t("nav.library")}</a>} items={recent.value} />}
      <h2 class="section">{t("home.recent")}</h2>
      {jobs.value === null ? <Pending of={begun} /> : jobs.value.length === 0 ? <Empty title={t("home.empty")}><p>{t("home.empty.why")}</p></Empty>
        : <ul class="sets">{jobs.value.map((j) => <Row key={j.job_id} j={j} ahead={running.reduce((n, o) => n + (o.created_at < j.created_at ? o.counts.open : 0), 0)} />)}</ul>}
      {next.value && <p><button type="button" onClick={() => void doing(() => read(next.value!))}>{t("more")}</button></p>}
    </>
  );
};
