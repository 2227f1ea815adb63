// How long sets take here, by those that ended lately.
import { signal } from "@preact/signals";
import { client, got, type Schemas } from "../api";

// pace is how many seconds a picture took; 0: not known.
export const pace = signal(0);

export const paceOf = (jobs: Schemas["JobSummary"][]): void => {
  const each = jobs.filter((j) => j.finished_at && j.counts.completed > 0 && j.status !== "cancelled").slice(0, 7)
    .map((j) => (Date.parse(j.finished_at!) - Date.parse(j.created_at)) / 1000 / j.counts.total).sort((a, b) => a - b);
  if (each.length) pace.value = each[each.length >> 1]!;
};

export const readPace = async (): Promise<void> => { paceOf((await got(client.GET("/v1/jobs", { params: { query: { limit: 20 } } }))).jobs); };
