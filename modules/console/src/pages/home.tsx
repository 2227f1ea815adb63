// Home: what was made lately, and what wants a look.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { client, got, type Schemas } from "../api";
import { Drop } from "../parts/Drop";
import { Empty, Loading } from "../parts/Empty";
import { to } from "../route";
import { complain, doing } from "../state/notice";
import { t, when, type Key } from "../words";
import { Thumb } from "../parts/Thumb";

type Summary = Schemas["JobSummary"];
type Brief = Schemas["ItemBrief"];

const Row = ({ j }: { j: Summary }) => {
  const some = useSignal<Brief[]>([]);
  useEffect(() => {
    got(client.GET("/v1/jobs/{job_id}/items", { params: { path: { job_id: j.job_id }, query: { limit: 4 } } })).then((p) => { some.value = p.items; }, () => { /* the row says enough */ });
  }, [j.job_id]);
  return (
    <li class="set-row">
      <a href={to("sets", j.job_id)}>
        <span class="set-thumbs">{some.value.map((b) => <Thumb key={b.item_id} job={j.job_id} item={b.item_id} version={b.picture} />)}</span>
        <span><strong>{t("sheet.title", { n: j.counts.total })}</strong><span class="soft">{when(j.created_at)}</span></span>
        <span class={`state job-${j.status}`}>{j.finished_at ? t(`job.${j.status}` as Key) : t("home.running", { done: j.counts.total - j.counts.open, n: j.counts.total })}</span>
      </a>
    </li>
  );
};

export const Home = () => {
  const jobs = useSignal<Summary[] | null>(null);
  const next = useSignal<string | null>(null);
  const more = async (): Promise<void> => {
    const page = await got(client.GET("/v1/jobs", { params: { query: { limit: 20, cursor: next.value ?? undefined } } }));
    // a set that was begun and never got a photo is not worth a row
    jobs.value = [...(jobs.value ?? []), ...page.jobs];
    next.value = page.next_cursor ?? null;
  };
  useEffect(() => { document.title = "OPAL"; more().catch((e: unknown) => { jobs.value ??= []; complain(e); }); }, []);
  return (
    <>
      <header class="page-head"><h1 tabIndex={-1}>{t("home.title")}</h1></header>
      <Drop />
      <h2 class="section">{t("home.recent")}</h2>
      {jobs.value === null ? <Loading text={t("loading")} /> : jobs.value.length === 0 ? <Empty title={t("home.empty")}><p>{t("home.empty.why")}</p></Empty>
        : <ul class="sets">{jobs.value.map((j) => <Row key={j.job_id} j={j} />)}</ul>}
      {next.value && <p><button type="button" onClick={() => void doing(more)}>{t("more")}</button></p>}
    </>
  );
};
