// The page's part that shows a job: its head and one card per picture.
import * as api from "./api.js";
import { ItemCard } from "./itemcard.js";
import { $, make, say, set, show } from "./dom.js";
import { bytes, count, when } from "./text.js";
import { ended, watch } from "./watch.js";
import { saveAll } from "./save.js";

const statusText = {
  created: "Waiting for photos", processing: "In work", completed: "Finished", failed: "Failed", partial: "Partly finished", cancelled: "Cancelled",
};

export class JobView {
  // previews are the uploaded photos' object URLs by item id, titles the
  // presets' by name.
  constructor(jobID, { previews = new Map(), titles = new Map(), problem, again }) {
    this.jobID = jobID;
    this.previews = previews;
    this.titles = titles;
    this.problem = problem;
    this.cards = new Map();
    this.stop = new AbortController();
    this.uploading = new Map();

    this.title = make("h1", { id: "job-title", tabIndex: -1, textContent: "Making pictures" });
    this.badge = make("span", { className: "badge" });
    this.line = make("p", { className: "hint" });
    this.bar = make("progress", { max: 1, value: 0, "aria-label": "Progress of the job" });
    this.zip = make("button", { type: "button", className: "primary", textContent: "Download all (ZIP)", disabled: true, onclick: () => this.download() });
    this.cancel = make("button", { type: "button", textContent: "Cancel", onclick: () => this.abandon() });
    this.fresh = make("button", { type: "button", textContent: "New photos", onclick: again });
    this.parts = make("p", { className: "hint row parts", hidden: true });
    this.list = make("div", { className: "cards" });
    $("#job").replaceChildren(
      make("header", { className: "job-head" },
        make("div", {}, make("div", { className: "row" }, this.title, this.badge), this.line),
        make("div", { className: "row" }, this.zip, this.cancel, this.fresh), this.parts, this.bar),
      this.list);
  }

  async run() {
    this.following = true;
    try {
      do { // a retry while the last look at the ended job is under way opens it again
        await watch(this.jobID, (job) => this.update(job), (error) => this.problem(error), this.stop.signal);
      } while (!this.stop.signal.aborted && this.job && !ended(this.job));
    } catch (error) {
      if (this.stop.signal.aborted) return;
      this.problem(error);
      if (!this.job) {
        set(this.title, "This job can't be shown");
        show(this.bar, false);
        show(this.cancel, false);
        show(this.zip, false);
      }
    } finally {
      this.following = false;
    }
  }

  close() {
    this.stop.abort();
    for (const card of this.cards.values()) card.close();
  }

  upload(itemID, share) { this.uploading.set(itemID, share); this.refresh(); }

  uploadFailed(errors) {
    for (const [itemID, error] of errors) this.cards.get(itemID)?.failedUpload(error);
    this.uploadErrors = errors;
  }

  update(job) {
    const before = this.job?.status;
    this.job = job;
    for (const item of job.items) {
      if (item.retried_by) { // its card makes place for the one that tries again
        this.cards.get(item.item_id)?.replaceBy(this.card(job.items.find((other) => other.item_id === item.retried_by)));
        this.cards.delete(item.item_id);
        continue;
      }
      this.card(item).update(item);
    }
    this.refresh();
    if (before && before !== job.status) say(`The job is ${statusText[job.status] ?? job.status}. ${this.summary()}`);
  }

  // card finds or makes an item's card.
  card(item) {
    let card = this.cards.get(item.item_id);
    if (card) return card;
    card = new ItemCard(item, { preview: this.previews.get(item.item_id) ?? this.previews.get(item.retry_of), titles: this.titles, problem: this.problem, retry: (itemID) => this.retry(itemID), decide: (itemID, verb) => this.decide(itemID, verb) });
    this.cards.set(item.item_id, card);
    this.list.append(card.node);
    if (this.uploadErrors?.has(item.item_id)) card.failedUpload(this.uploadErrors.get(item.item_id));
    return card;
  }

  async retry(itemID) {
    const { item_id: again } = await api.retry(this.jobID, itemID);
    this.previews.set(again, this.previews.get(itemID));
    const job = await api.job(this.jobID);
    this.update(job);
    if (!this.following && !ended(job)) this.run();
  }

  // decide says what a person thinks of a picture; the ZIP is made anew.
  async decide(itemID, verb) {
    await api.decide(this.jobID, itemID, verb);
    this.update(await api.job(this.jobID));
    say(verb === "approve" ? "Approved. The ZIP is made anew." : "Rejected. The ZIP is made anew.");
  }

  summary() {
    const c = this.job.counts;
    const look = this.job.items.filter((item) => item.needs_review && item.status === "completed").length;
    return [look && `${count(look, "picture needs", "pictures need")} a look`, c.completed && `${count(c.completed, "picture", "pictures")} finished`, c.failed && `${c.failed} failed`, c.cancelled && `${c.cancelled} cancelled`,
      c.open && `${c.open} to go`, c.open_exports && `${count(c.open_exports, "size", "sizes")} to make`,
      c.done_exports && `${count(c.done_exports, "size", "sizes")} made`, c.failed_exports && `${count(c.failed_exports, "size", "sizes")} failed`].filter(Boolean).join(", ");
  }

  refresh() {
    const job = this.job;
    if (!job) return;
    const c = job.counts;
    const sizes = c.open_exports + c.done_exports + c.failed_exports;
    const done = c.total - c.open + (sizes ? (c.done_exports + c.failed_exports) / sizes : 0);
    this.bar.value = ended(job) ? 1 : Math.min(0.98, done / (c.total + (sizes || c.open ? 1 : 0)));
    show(this.bar, !ended(job));
    set(this.title, ended(job) ? "Your pictures" : "Making pictures");
    const look = job.status === "completed" && job.items.some((item) => item.needs_review);
    set(this.badge, look ? "Needs a look" : (statusText[job.status] ?? job.status));
    this.badge.dataset.status = look ? "pending" : job.status;
    const sent = [...this.uploading.values()];
    const uploads = sent.some((share) => share < 1) ? `Uploading, ${Math.round((100 * sent.reduce((a, b) => a + b, 0)) / sent.length)} %. ` : "";
    set(this.line, `${uploads}${this.summary()}. ${when(job.created_at)}.`);
    this.zip.disabled = !job.export_blob_path;
    show(this.zip, !ended(job) || Boolean(job.export_blob_path));
    show(this.cancel, !ended(job));
  }

  // download saves the job's ZIP. A large job's has parts: they are saved one
  // after the other, and listed for a browser that stops at the first.
  async download() {
    this.zip.disabled = true;
    try {
      const parts = await api.zipParts(this.jobID);
      show(this.parts, parts.length > 1);
      this.parts.replaceChildren(`The pictures come in ${parts.length} ZIPs, each of which opens by itself:`,
        ...parts.map((part, i) => make("a", { href: part.url, download: "", textContent: `part ${i + 1} (${bytes(part.bytes)})` })));
      if (parts.length > 1) say(`Saving ${parts.length} ZIPs`);
      await saveAll(parts.map((part) => part.url));
    } catch (error) { this.problem(error); }
    finally { this.zip.disabled = !this.job?.export_blob_path; }
  }

  async abandon() {
    this.cancel.disabled = true;
    try {
      await api.cancel(this.jobID);
    } catch (error) {
      this.problem(error);
      this.cancel.disabled = false;
    }
  }
}
