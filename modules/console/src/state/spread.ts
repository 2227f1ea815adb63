// Wishes for several pictures of a sheet: each is made again, in its place.
import { Problem, type Schemas } from "../api";
import { t } from "../words";
import { tell, textOf } from "./notice";
import { readThese, revive, type Brief } from "./sheet";
import { remake } from "./steer";

type Spot = Pick<Brief, "job_id" | "item_id">;

// spread has pictures made again with the same wishes, beside those that made are on their way
// for. Where one can't be ordered the others stay ordered, and it throws.
export const spread = async (list: Spot[], body: Schemas["Remake"], made: Spot[] = []): Promise<void> => {
  const queue = [...list], n = list.length + made.length, all = [...made];
  let broke: unknown = null;
  await Promise.all(Array.from({ length: 4 }, async () => {
    for (let b = queue.shift(); b && !broke; b = queue.shift()) {
      try { all.push({ job_id: b.job_id, item_id: await remake(b.job_id, b.item_id, body) }); tell(t("adjust.spreading", { done: all.length, n })); } catch (error) { broke = error; }
    }
  }));
  await readThese([...list, ...all]);
  revive();
  if (broke) throw broke instanceof Problem ? new Problem(broke.status, broke.code, t("adjust.stopped", { done: all.length, n, why: textOf(broke) }), broke.correlationID) : broke;
  tell(t("adjust.all_going", { n }));
};
