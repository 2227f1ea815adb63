// One size of a picture, with its checks.
import * as api from "./api.js";
import { make, set, show } from "./dom.js";
import { save } from "./save.js";
import { bytes, count, words } from "./text.js";

const statusText = { queued: "queued", processing: "in work", completed: "", failed: "failed", cancelled: "cancelled" };

// A rejected variant is made, too: its channel refuses it, and its file is there.
const made = (variant) => variant?.status === "completed" || variant?.status === "rejected";

export class VariantRow {
  // name is what files are called, without an extension.
  constructor(itemID, preset, title, name, problem) {
    this.itemID = itemID;
    this.preset = preset;
    this.problem = problem;
    this.name = name;
    this.thumb = make("div", { className: "thumb", "aria-hidden": "true" });
    this.size = make("span", { className: "hint" });
    this.proof = make("details", { className: "hint", hidden: true }, make("summary"), make("span"));
    this.failed = make("ul", { className: "checks", hidden: true });
    this.passed = make("details", { className: "checks", hidden: true }, make("summary"), make("ul"));
    this.error = make("p", { className: "error", hidden: true });
    this.button = make("button", { type: "button", textContent: "Download", "aria-label": `Download ${title}`, hidden: true, onclick: () => this.download() });
    this.node = make("li", {}, this.thumb,
      make("div", { className: "variant-text" }, make("strong", { textContent: title }), this.size, this.proof, this.failed, this.passed, this.error), this.button);
    this.seen = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting) && made(this.variant)) this.picture();
    }, { rootMargin: "200px" });
  }

  close() { this.seen.disconnect(); }

  // small: the card tells that the photo is.
  update(variant, small) {
    const first = !made(this.variant) && made(variant);
    this.variant = variant;
    this.node.dataset.status = variant.status;
    set(this.size, made(variant) ? `${variant.width} × ${variant.height} · ${variant.format.toUpperCase()} · ${bytes(variant.bytes)}` : (statusText[variant.status] ?? variant.status));
    set(this.error, variant.error_message ?? "");
    show(this.error, Boolean(variant.error_message));
    show(this.button, made(variant));
    if (first) {
      this.updateProof(variant.proof);
      this.updateChecks(variant.checks, small);
      this.seen.observe(this.node);
    }
  }

  // How the product in the file differs from the product in the photo.
  updateProof(proof) {
    show(this.proof, Boolean(proof?.pixels));
    if (!proof?.pixels) return;
    const verdict = proof.within ? "Product unchanged" : proof.held ? "Product changed" : "Product measured";
    set(this.proof.children[0], `${verdict}: ΔE ${proof.delta_e_p50.toFixed(1)}, likeness ${proof.ssim.toFixed(3)}`);
    const limits = proof.limits;
    set(this.proof.children[1], `Median colour difference ΔE2000 ${proof.delta_e_p50.toFixed(2)}; 95 % of the pixels at most ${proof.delta_e_p95.toFixed(2)} (limit ${limits.delta_e_p95}). `
      + `Likeness (SSIM) ${proof.ssim.toFixed(4)} (at least ${limits.ssim}). Outline shifted by ${proof.shift_px.toFixed(2)} px (limit ${limits.shift_px}).`);
  }

  // What failed is always told; what passed, when it is asked for, and so is the
  // enlargement of a small photo, which the card tells once for all sizes.
  updateChecks(checks, small) {
    const row = (check) => make("li", { "data-passed": String(check.passed) },
      make("span", { className: "visually-hidden", textContent: check.passed ? "Passed: " : "Failed: " }),
      make("span", { textContent: words(check.rule) }),
      make("span", { className: "hint", textContent: check.passed ? check.measured : `${check.measured}; wanted ${check.wanted}` }));
    const told = (check) => small && check.rule === "enlargement";
    const failed = checks.filter((check) => !check.passed && !told(check));
    const passed = checks.filter((check) => check.passed);
    const asked = checks.filter((check) => check.passed || told(check));
    show(this.failed, failed.length > 0);
    this.failed.replaceChildren(...failed.map(row));
    show(this.passed, asked.length > 0);
    set(this.passed.children[0], `${count(passed.length, "check", "checks")} passed`);
    this.passed.children[1].replaceChildren(...asked.map(row));
  }

  async picture() {
    this.seen.disconnect();
    this.thumb.classList.toggle("clear", this.preset.startsWith("cutout"));
    try {
      this.thumb.replaceChildren(make("img", { src: await api.variantURL(this.itemID, this.preset), alt: "", decoding: "async" }));
    } catch { /* the row says all but how it looks */ }
  }

  async download() {
    try {
      const extension = { jpeg: "jpg" }[this.variant.format] ?? this.variant.format;
      await save(await api.variantURL(this.itemID, this.preset), `${this.name}-${this.preset}.${extension}`);
    } catch (error) { this.problem(error); }
  }
}
