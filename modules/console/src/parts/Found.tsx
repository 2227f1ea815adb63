// Pictures of several sets, as tiles that lead to each.
import type { Schemas } from "../api";
import { to } from "../route";
import { sceneTitle } from "../state/catalogue";
import { t, when, type Key } from "../words";
import { Grid } from "./Grid";
import { Icon } from "./Icon";
import { Thumb } from "./Thumb";

type Found = Schemas["FoundItem"];

export const markOf = (f: Found): [string, Key] => (f.status === "failed" && !f.left_out ? ["failed", "state.failed"] : f.status === "cancelled" || f.left_out ? ["out", "state.out"] : f.status === "created" ? ["waiting", "state.waiting"] : f.status === "uploaded" || f.status === "queued" ? ["queued", "state.queued"] : f.status !== "completed" ? ["working", "state.working"]
  : f.review?.state === "pending" ? ["look", "state.look"] : f.review?.state === "rejected" ? ["rejected", "state.rejected"] : f.review?.state === "approved" ? ["approved", "state.approved"] : ["done", "state.done"]);

// counting are the pictures whose place no other takes.
export const counting = (rows: Found[]): Found[] => rows.filter((f) => !f.retried_by && !f.superseded_by);

// seek shows the pictures of one product. Only the tiles near the window are in the page.
export const FoundList = ({ rows, seek }: { rows: Found[]; seek: (product: string) => void }) => (
  <Grid items={rows} keyOf={(f) => f.item_id} label={t("sheet.grid")} min={160} ratio={1} extra={118} tile={(f) => { const [cls, word] = markOf(f); return (
    <div class={`tile ${cls}`}><a class="tile-picture" href={to("sets", f.job_id, f.item_id)} aria-label={`${f.filename}, ${sceneTitle(f.scene_type)}, ${t(word)}`}><Thumb job={f.job_id} item={f.item_id} version={f.output_blob_path ? `${f.updated_at}` : null} photo={f.raw_blob_path} /></a>
      <div class="tile-text"><button type="button" class="link clip" title={f.title ?? f.filename} aria-label={t("library.product", { name: f.sku ?? f.title ?? f.filename })} onClick={() => seek(f.sku ?? f.title ?? f.filename)}>{f.sku ?? f.title ?? f.filename}</button><span class={`state ${cls}`}>{cls === "look" && <Icon name="eye" />}{t(word)}</span><span class="soft clip">{sceneTitle(f.scene_type)}</span><span class="soft">{when(f.created_at)}</span></div></div>); }} />
);
