// Makes a job of photos and uploads them, the way the API's contract has it.
import * as api from "./api.js";

const uploadsAtOnce = 3;
const putTries = 3;

const sendPhoto = async (jobID, itemID, file, progress) => {
  const ids = { job_id: jobID, item_id: itemID, filename: file.name };
  for (let tries = 1; ; tries += 1) {
    try {
      // A fresh URL for each try: an upload URL writes once.
      const { upload_url: url } = await api.uploadURL({ ...ids, content_type: file.type });
      await api.put(url, file, progress);
      await api.complete(ids);
      return;
    } catch (error) {
      if (tries >= putTries || (error.status >= 400 && error.status < 500 && error.status !== 429)) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.max(1000 * tries, 1000 * (error.retryAfter ?? 0))));
    }
  }
};

// start makes the job and returns it, its id and a promise of the uploads' errors,
// by item. progress(itemID, share) tells how far an upload is.
export const start = async (request, files, progress) => {
  const job = await api.createJob(request);
  // The items come entry by entry: scene_index 0 begins each photo's.
  const firsts = job.items.filter((item) => item.scene_index === 0);
  const errors = new Map();
  let next = 0;
  const worker = async () => {
    while (next < files.length) {
      const at = next;
      next += 1;
      try {
        await sendPhoto(job.job_id, firsts[at].item_id, files[at], (share) => progress(firsts[at].item_id, share));
      } catch (error) {
        errors.set(firsts[at].item_id, error);
      }
    }
  };
  const uploads = Promise.all(Array.from({ length: Math.min(uploadsAtOnce, files.length) }, worker)).then(() => errors);
  return { job, jobID: job.job_id, uploads };
};
