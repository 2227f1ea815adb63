// Follows a job: by its event stream, and by asking now and then where a stream
// doesn't get through.
import * as api from "./api.js";

const pollEvery = 2000;
const refreshAtMost = 700; // ms between two looks while events come fast
const streamTries = 3;

const pause = (ms, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
});

export const ended = (job) => job.finished_at !== null;

// watch calls changed(job) with every new state until the job has ended or the
// signal is given, and failed(error) when it can't be read; it goes on then.
export const watch = async (jobID, changed, failed, signal) => {
  let job = null;
  let looking = null;
  let again = false;

  const look = async () => {
    if (looking) { again = true; return looking; }
    looking = (async () => {
      do {
        again = false;
        try {
          job = await api.job(jobID);
          if (!signal.aborted) changed(job);
        } catch (error) {
          if (error.status === 404 || error.status === 401) throw error;
          failed(error);
        }
        await pause(refreshAtMost, signal);
      } while (again && !signal.aborted);
    })().finally(() => { looking = null; });
    return looking;
  };

  await look();
  let last = "";
  for (let broken = 0; broken < streamTries && !signal.aborted && !(job && ended(job));) {
    try {
      await api.events(jobID, last, (type, data, id) => {
        if (id) last = id;
        broken = 0;
        look().catch(failed);
      }, signal);
      await look();
      broken += 1;
    } catch (error) {
      if (signal.aborted) return;
      broken += 1;
      await pause(pollEvery, signal);
    }
  }
  while (!signal.aborted && !(job && ended(job))) {
    await pause(pollEvery, signal);
    if (!signal.aborted) await look();
  }
};
