// The README's walk, by the types that openapi-typescript makes of the document. The
// test compiles it; nothing runs it.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

type Item = components["schemas"]["Item"];

const ended = ["completed", "partial", "failed", "cancelled"] as const;
const isEnded = (status: string): status is (typeof ended)[number] => (ended as readonly string[]).includes(status);

const must = <T>(answer: { data?: T; error?: components["schemas"]["Problem"] }): T => {
  if (answer.error) throw new Error(`${answer.error.code}: ${answer.error.detail} (${answer.error.correlation_id})`);
  if (answer.data === undefined) throw new Error("no answer");
  return answer.data;
};

export async function walk(baseUrl: string, key: string, photo: Blob): Promise<string> {
  const api = createClient<paths>({ baseUrl, headers: { "X-API-Key": key } });
  const made = must(await api.POST("/v1/jobs", {
    body: { items: [{ filename: "mug.jpg", scene_types: ["kitchen"] }], processing_options: { upscale: false } },
    params: { header: { "Idempotency-Key": "order-1", Prefer: "handling=strict" } },
  }));
  const job = made.job_id;
  const first = made.items[0];
  if (job === undefined || first === undefined) throw new Error("a dry run makes nothing");
  const ids = { job_id: job, item_id: first.item_id };
  const { upload_url } = must(await api.POST("/v1/uploads/sas", { body: { ...ids, content_type: "image/jpeg" } }));
  await fetch(upload_url, { method: "PUT", headers: { "x-ms-blob-type": "BlockBlob" }, body: photo });
  const done: boolean = must(await api.POST("/v1/uploads/complete", { body: ids })).ok;
  for (;;) {
    const now = must(await api.GET("/v1/jobs/{job_id}", { params: { path: { job_id: job } } }));
    if (done && isEnded(now.status)) {
      now.items.forEach(report);
      break;
    }
    await new Promise((wake) => setTimeout(wake, 1000));
  }
  const page = must(await api.GET("/v1/jobs", { params: { query: { limit: 10 } } }));
  const next: string | null = page.next_cursor;
  const zip = must(await api.GET("/v1/downloads/jobs/{job_id}/export", { params: { path: { job_id: job } } }));
  return next === null ? zip.download_url : `${zip.download_url}#${next}`;
}

function report(item: Item): void {
  const status: "created" | "uploaded" | "queued" | "processing" | "completed" | "failed" | "cancelled" = item.status;
  const confidence: number | null = item.confidence;
  const ssim: number | undefined = item.fidelity?.ssim;
  const steps = item.steps.map((s) => `${s.step} ${s.status} ${s.ms ?? "…"}`);
  console.log(item.filename, status, confidence, ssim, item.needs_review, item.error_message, steps, item.exports.map((v) => v.preset));
}

// What is wrong does not compile: each of these lines is an error, or tsc complains.
export async function wrong(baseUrl: string): Promise<void> {
  const api = createClient<paths>({ baseUrl });
  // @ts-expect-error a photo needs its name
  await api.POST("/v1/jobs", { body: { items: [{ file: "mug.jpg" }] } });
  // @ts-expect-error scene types are a list
  await api.POST("/v1/jobs", { body: { items: [{ filename: "mug.jpg", scene_types: "kitchen" }] } });
  // @ts-expect-error there is no such call
  await api.GET("/v1/job", {});
  const { data } = await api.GET("/v1/jobs/{job_id}", { params: { path: { job_id: "x" } } });
  // @ts-expect-error no such field
  console.log(data?.state);
  // @ts-expect-error no such status
  if (data?.status === "done") return;
}
