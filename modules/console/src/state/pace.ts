// How long pictures take here: as the last ones came, else by the sets that ended lately;
// before there are any, by what is known of the engines.
import { signal } from "@preact/signals";
import { client, got, type Schemas } from "../api";

export const pace = signal<Schemas["Pace"] | null>(null);

// lasts is how many seconds n pictures take; 0: not known, or none.
export const lasts = (n: number): number => (pace.value && n > 0 ? pace.value.first_seconds + (n - 1) * pace.value.each_seconds : 0);

// rest is how many seconds n pictures take of which some are in work; 0: not known, or none.
export const rest = (n: number): number => (pace.value && n > 0 ? Math.max(pace.value.first_seconds, n * pace.value.each_seconds) : 0);

// paceOf keeps the pace that a page of sets brings.
export const paceOf = (page: Schemas["JobPage"]): void => { pace.value = page.pace ?? null; };

export const readPace = async (): Promise<void> => { paceOf(await got(client.GET("/v1/jobs", { params: { query: { limit: 1 } } }))); };
