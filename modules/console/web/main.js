// The console's page: what is chosen, what runs, and which of the two is shown.
import * as api from "./api.js";
import * as choices from "./choices.js";
import { $, make, set, show } from "./dom.js";
import { JobView } from "./jobview.js";
import { start } from "./run.js";
import { when, words } from "./text.js";

let view = null;
let titles = new Map();

const notice = (text) => {
  set($("#notice"), text);
  show($("#notice"), text !== "");
};

const problem = (error) => notice(error.correlationID ? `${error.message} (${error.correlationID})` : error.message);

// The dialog that asks for a key; resolves to whether one was given. Calls that
// are refused together share one dialog.
let asking = null;
const askForKey = (wrong) => { asking ??= openKeyDialog(wrong).finally(() => { asking = null; }); return asking; };

const openKeyDialog = (wrong) => new Promise((resolve) => {
  const dialog = $("#key-dialog");
  show($("#key-button"), true);
  $("#key").value = "";
  notice(wrong ? "The API key is not valid." : "");
  dialog.returnValue = "";
  dialog.addEventListener("close", () => {
    const given = dialog.returnValue === "save" && $("#key").value.trim() !== "";
    if (given) api.key.set($("#key").value.trim());
    if (given) notice("");
    resolve(given);
  }, { once: true });
  dialog.showModal();
});

const showStart = () => {
  view?.close();
  view = null;
  show($("#job"), false);
  show($("#start"), true);
  document.title = "OPAL";
};

const showJob = (jobID, previews) => {
  view?.close();
  notice("");
  view = new JobView(jobID, { previews, titles, problem, again: () => { location.hash = ""; } });
  show($("#start"), false);
  show($("#job"), true);
  $("#job-title").focus({ preventScroll: true });
  window.scrollTo(0, 0);
  document.title = "OPAL · job";
  view.run();
  return view;
};

const jobInAddress = () => /^#job=([A-Za-z0-9_-]{1,64})$/.exec(location.hash)?.[1];

const follow = () => {
  const jobID = jobInAddress();
  if (jobID && view?.jobID !== jobID) showJob(jobID, new Map());
  if (!jobID) showStart();
};

const run = async (files) => {
  notice("");
  $("#make").disabled = true;
  $("#sample").disabled = true;
  try {
    const previews = new Map();
    const early = new Map();
    let shown = null;
    const { job, jobID, uploads } = await start(choices.request(files.map((file) => file.name)), files, (itemID, share) => (shown ? shown.upload(itemID, share) : early.set(itemID, share)));
    const urls = files.map((file) => URL.createObjectURL(file));
    let at = -1;
    for (const item of job.items) {
      if (item.scene_index === 0) at += 1;
      previews.set(item.item_id, urls[at]);
    }
    choices.clear();
    shown = showJob(jobID, previews);
    for (const [itemID, share] of early) shown.upload(itemID, share);
    location.hash = `job=${jobID}`;
    shown.uploadFailed(await uploads); // told at the photos
  } catch (error) {
    problem(error);
  } finally {
    $("#sample").disabled = false;
    $("#make").disabled = choices.files().length === 0;
  }
};

const trySample = async () => {
  $("#sample").disabled = true;
  set($("#sample"), "Fetching the sample…");
  try {
    const response = await fetch("/sample.jpg");
    if (!response.ok) throw new Error(`The sample could not be fetched (${response.status})`);
    await run([new File([await response.blob()], "sample-bottle.jpg", { type: "image/jpeg" })]);
  } catch (error) {
    problem(error);
  } finally {
    $("#sample").disabled = false;
    set($("#sample"), "Try a sample");
  }
};

const listenToDrops = () => {
  const drop = $("#drop");
  const stop = (event) => event.preventDefault();
  for (const type of ["dragover", "drop"]) window.addEventListener(type, stop);
  let depth = 0;
  window.addEventListener("dragenter", () => { depth += 1; drop.classList.add("over"); });
  window.addEventListener("dragleave", () => { depth -= 1; if (depth <= 0) drop.classList.remove("over"); });
  window.addEventListener("drop", (event) => {
    depth = 0;
    drop.classList.remove("over");
    if (event.dataTransfer?.files.length && !$("#start").hidden) take(event.dataTransfer.files);
  });
};

const take = (files) => {
  const refused = choices.add(files);
  notice(refused.slice(0, 3).join(" ") + (refused.length > 3 ? ` And ${refused.length - 3} more.` : ""));
  if (!$("#make").disabled) $("#make").focus();
};

const showRecent = async () => {
  const list = $("#recent");
  list.replaceChildren(make("li", { className: "hint", textContent: "Loading…" }));
  $("#recent-dialog").showModal();
  try {
    const jobs = await api.jobs();
    list.replaceChildren(...jobs.map((job) => make("li", {},
      make("a", { href: `#job=${job.job_id}`, onclick: () => $("#recent-dialog").close() },
        make("span", { textContent: when(job.created_at) }), make("span", { className: "hint", textContent: `${job.counts.total} × ${words(job.status)}` })))));
    if (jobs.length === 0) list.append(make("li", { className: "hint", textContent: "There are none yet." }));
  } catch (error) {
    $("#recent-dialog").close();
    problem(error);
  }
};

const begin = async () => {
  show($("#start"), !jobInAddress()); // shown for no moment where a job is asked for
  api.whoCalls(askForKey);
  show($("#key-button"), api.key.get() !== ""); // else only where the service asks
  choices.listen();
  listenToDrops();
  $("#choose").addEventListener("click", () => $("#files").click());
  $("#files").addEventListener("change", (event) => { take(event.target.files); event.target.value = ""; });
  $("#sample").addEventListener("click", trySample);
  $("#choices").addEventListener("submit", (event) => { event.preventDefault(); run(choices.files()); });
  $("#recent-button").addEventListener("click", showRecent);
  $("#key-cancel").addEventListener("click", () => $("#key-dialog").close());
  $("#key-button").addEventListener("click", async () => { if (await askForKey(false)) load(); });
  window.addEventListener("hashchange", follow);
  await load();
  follow();
};

const load = async () => {
  try {
    await choices.load();
    titles = new Map((await api.presets()).map((preset) => [preset.name, preset.title]));
  } catch (error) {
    problem(error);
  }
};

begin();
