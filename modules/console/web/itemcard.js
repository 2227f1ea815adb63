// One picture of a job: its photo, the steps it went through, what came out.
import * as api from "./api.js";
import { compare } from "./compare.js";
import { make, set, show } from "./dom.js";
import { duration, words } from "./text.js";
import { save } from "./save.js";
import { VariantRow } from "./variantrow.js";

const statusText = {
  created: "Waiting for its photo", uploaded: "Uploaded", queued: "Queued", processing: "In work", completed: "Finished", failed: "Failed", cancelled: "Cancelled",
};
const reviewText = { pending: "Needs a look", approved: "Approved", rejected: "Rejected" };
const stepText = { ingest: "Read", cutout: "Cut out", place: "Set in scene", lock: "Keep product true", upscale: "Enlarge", output: "Save" };
const stateText = { running: "in work", done: "done", failed: "failed", reused: "done before" };

export class ItemCard {
  constructor(item, { preview, titles, problem, retry, decide }) {
    this.id = item.item_id;
    this.titles = titles;
    this.problem = problem;
    this.name = item.filename.replace(/\.[^.]*$/, "") + (item.scene_index > 0 ? `-${item.scene_type}` : "");
    this.variants = new Map();
    this.stage = make("div", { className: "stage" });
    if (preview) this.stage.append(make("img", { src: preview, alt: item.filename, className: "photo" }));
    else this.stage.append(make("span", { className: "hint", textContent: "No picture yet" }));
    this.state = make("span", { className: "badge" });
    this.error = make("p", { className: "error", role: "alert", hidden: true });
    this.again = make("button", { type: "button", textContent: "Try again", "aria-label": `Try ${item.filename} again`, hidden: true, onclick: () => this.retry(retry) });
    this.why = make("p");
    this.approve = make("button", { type: "button", textContent: "Approve", "aria-label": `Approve ${item.filename}`, onclick: () => this.decided(decide, "approve") });
    this.reject = make("button", { type: "button", textContent: "Reject", "aria-label": `Reject ${item.filename}`, onclick: () => this.decided(decide, "reject") });
    this.review = make("div", { className: "review", hidden: true }, this.why, make("div", { className: "row" }, this.approve, this.reject));
    this.steps = make("ol", { className: "steps", "aria-label": "Steps" });
    this.facts = make("dl", { className: "facts", hidden: true });
    this.buttons = make("div", { className: "row", hidden: true });
    this.rows = make("ul", { className: "variants", "aria-label": `Sizes of ${item.filename}` });
    this.sizes = make("section", { className: "sizes", hidden: true }, make("h3", { textContent: "Sizes" }), this.rows);
    this.node = make("article", { className: "card", "aria-label": `${item.filename}, ${item.scene_type}` },
      this.stage,
      make("div", { className: "card-body" },
        make("header", {}, make("h2", { textContent: item.filename, title: item.filename }), make("span", { className: "scene", textContent: words(item.scene_type) }), this.state),
        this.error, this.again, this.review, this.steps, this.facts, this.buttons),
      this.sizes);
  }

  close() { for (const row of this.variants.values()) row.close(); }

  // replaceBy puts another card where this one is.
  replaceBy(card) {
    this.close();
    this.node.replaceWith(card.node);
  }

  failedUpload(error) {
    this.upload = error.message;
    set(this.error, error.message);
    show(this.error, true);
  }

  update(item) {
    // a picture that a person has to look at is not finished: it says so instead
    const review = item.status === "completed" ? item.review?.state : undefined;
    set(this.state, reviewText[review] ?? statusText[item.status] ?? item.status);
    this.state.dataset.status = review === "approved" ? "completed" : review ?? item.status;
    const said = item.error_message ?? (item.status === "created" ? this.upload : null);
    set(this.error, said ? `${said}${item.error_code ? ` (${item.error_code})` : ""}` : "");
    show(this.error, Boolean(said) && item.status !== "completed");
    show(this.again, item.status === "failed");
    set(this.why, { approved: "Approved: it is delivered", rejected: "Rejected: it is not delivered" }[review] ?? `Have a look: ${item.review_reason ?? "the outline may be wrong"}`);
    this.review.dataset.state = review ?? "";
    show(this.review, Boolean(review));
    show(this.approve, review !== "approved");
    show(this.reject, review !== "rejected");
    this.updateSteps(item);
    this.updateFacts(item);
    this.updateVariants(item.exports ?? [], item.fidelity?.enlarged > 2);
    this.node.dataset.status = item.status;
    if (item.output_blob_path && this.shown !== item.output_blob_path) {
      this.shown = item.output_blob_path;
      this.reveal(item);
    }
  }

  updateSteps(item) {
    const last = Math.max(0, ...item.steps.map((step) => step.attempt));
    const now = item.steps.filter((step) => step.attempt === last);
    const text = JSON.stringify([now, item.attempt]);
    if (text === this.stepsShown) return;
    this.stepsShown = text;
    this.steps.replaceChildren(...now.map((step) => make("li", { "data-state": step.status },
      make("span", { textContent: stepText[step.step] ?? words(step.step) }),
      make("span", { className: "visually-hidden", textContent: `, ${stateText[step.status] ?? step.status}` }),
      step.ms === null || step.ms === undefined ? null : make("span", { className: "ms", textContent: duration(step.ms) }))));
    if (last > 1) this.steps.append(make("li", { className: "tries", textContent: `try ${last}` }));
  }

  updateFacts(item) {
    const facts = [];
    if (item.confidence !== null) {
      facts.push(["Confidence of the outline", make("span", { className: "meter" },
        make("meter", { min: 0, max: 1, low: 0.3, high: 0.8, optimum: 1, value: item.confidence }), make("span", { textContent: `${Math.round(item.confidence * 100)} %` }))]);
    }
    if (item.fidelity) {
      facts.push(["Product kept true", item.fidelity.max_diff === 0 ? "to the pixel" : `SSIM ${item.fidelity.ssim.toFixed(3)}, at most ${item.fidelity.max_diff} of 255 off`]);
    }
    // told once for the photo, and not again at each of its sizes
    if (item.fidelity?.enlarged > 2) facts.push(["Small photo", `The product was enlarged ${item.fidelity.enlarged.toFixed(1)}×; a larger photo would be sharper`]);
    const text = JSON.stringify([item.confidence, item.fidelity]);
    if (text === this.factsShown) return;
    this.factsShown = text;
    show(this.facts, facts.length > 0);
    this.facts.replaceChildren(...facts.flatMap(([name, value]) => [make("dt", { textContent: name }), make("dd", {}, value)]));
  }

  updateVariants(variants, small) {
    show(this.sizes, variants.length > 0);
    for (const variant of variants) {
      let row = this.variants.get(variant.preset);
      if (!row) {
        row = new VariantRow(this.id, variant.preset, this.titles.get(variant.preset) ?? words(variant.preset), this.name, this.problem);
        this.variants.set(variant.preset, row);
        this.rows.append(row.node);
      }
      row.update(variant, small);
    }
  }

  // reveal puts the finished picture over the photo, with a handle between.
  async reveal(item) {
    try {
      const [before, after] = await Promise.all([api.originalURL(this.id), api.outputURL(this.id)]);
      this.stage.replaceChildren(compare(before, after, item.filename));
      const kind = /\.([a-z]+)$/.exec(item.output_blob_path)?.[1] ?? "png";
      this.buttons.replaceChildren(
        make("button", { type: "button", textContent: "Picture", "aria-label": `Download the picture of ${item.filename}`, onclick: () => this.download(api.outputURL, `${this.name}.${kind}`) }),
        item.cutout_blob_path ? make("button", { type: "button", textContent: "Cut-out", "aria-label": `Download the cut-out of ${item.filename}`, onclick: () => this.download(api.cutoutURL, `${this.name}-cutout.png`) }) : null);
      this.buttons.prepend(make("span", { className: "hint", textContent: "Download" }));
      show(this.buttons, true);
    } catch (error) {
      this.problem(error);
      this.shown = null; // tried again with the next change
    }
  }

  async retry(ask) {
    this.again.disabled = true;
    try {
      await ask(this.id);
    } catch (error) {
      this.problem(error);
      this.again.disabled = false;
    }
  }

  async decided(decide, verb) {
    this.approve.disabled = this.reject.disabled = true;
    try {
      await decide(this.id, verb);
    } catch (error) { this.problem(error); }
    this.approve.disabled = this.reject.disabled = false;
  }

  async download(url, name) {
    try {
      await save(await url(this.id), name);
    } catch (error) { this.problem(error); }
  }
}
