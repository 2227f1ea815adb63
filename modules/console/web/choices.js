// The photos and wishes for the next job.
import * as api from "./api.js";
import { $, make, set, show } from "./dom.js";
import { bytes, count, words } from "./text.js";

const maxBytes = 25 * 1024 * 1024;
const maxPhotos = 100;
// A browser may know no type for a phone's pictures, so the name counts too.
const types = ["image/jpeg", "image/png", "image/webp", "image/heic", "image/heif", "image/avif", "image/tiff"];
const names = /\.(jpe?g|png|webp|hei[cf]|avif|tiff?)$/i;
const remembered = "opal.choices";

let photos = []; // { file, url }

const refusal = (file) => {
  if (!types.includes(file.type) && !names.test(file.name)) return `${file.name} is not a JPEG, PNG, WebP, HEIC, AVIF or TIFF picture.`;
  if (file.size > maxBytes) return `${file.name} has ${bytes(file.size)}; 25 MB is the limit.`;
  if (file.size === 0) return `${file.name} is empty.`;
  return "";
};

// add takes photos and returns what is wrong with the others.
export const add = (files) => {
  const refused = [];
  for (const file of files) {
    const why = photos.length >= maxPhotos ? `${file.name}: ${maxPhotos} photos are the limit of one job.` : refusal(file);
    if (why) refused.push(why);
    else photos.push({ file, url: URL.createObjectURL(file) });
  }
  draw();
  return refused;
};

export const clear = () => {
  for (const photo of photos) URL.revokeObjectURL(photo.url);
  photos = [];
  draw();
};

const remove = (photo) => {
  URL.revokeObjectURL(photo.url);
  const at = photos.indexOf(photo);
  photos = photos.filter((other) => other !== photo);
  draw();
  const buttons = document.querySelectorAll("#chosen button");
  (buttons[Math.min(at, buttons.length - 1)] ?? $("#choose")).focus();
};

export const files = () => photos.map((photo) => photo.file);

const draw = () => {
  const list = $("#chosen");
  show(list, photos.length > 0);
  list.replaceChildren(...photos.map((photo) => make("li", {},
    make("img", { src: photo.url, alt: "", decoding: "async" }),
    make("span", { textContent: photo.file.name, title: photo.file.name }),
    make("span", { className: "hint", textContent: bytes(photo.file.size) }),
    make("button", { type: "button", className: "quiet", textContent: "Remove", "aria-label": `Remove ${photo.file.name}`, onclick: () => remove(photo) }))));
  const button = $("#make");
  button.disabled = photos.length === 0;
  set(button, photos.length === 0 ? "Make pictures" : `Make ${count(photos.length * Math.max(1, checked("#scenes").length), "picture", "pictures")}`);
};

const checked = (list) => [...document.querySelectorAll(`${list} input:checked`)].map((input) => input.value);

const chip = (value, label, on, hint) => make("label", { className: "chip", title: hint ?? "" },
  make("input", { type: "checkbox", value, checked: on }), make("span", { textContent: label }));

const stored = () => { try { return JSON.parse(localStorage.getItem(remembered)) ?? {}; } catch { return {}; } };

const note = () => {
  const off = ["remove_background", "generate_scene", "upscale"].filter((id) => !$(`#${id}`).checked).length;
  const n = checked("#presets").length;
  set($("#choices-note"), [n ? count(n, "size", "sizes") : "the brand's sizes", off ? count(off, "step", "steps") + " off" : "all steps"].join(", "));
  draw();
};

// load fills the choices with what the service has.
export const load = async () => {
  const [scenes, presets, brands] = await Promise.all([api.scenes(), api.presets(), api.brands()]);
  const was = stored();
  const chosen = (was.scenes ?? []).filter((s) => scenes.includes(s));
  $("#scenes").replaceChildren(...scenes.map((s, i) => chip(s, words(s), chosen.length ? chosen.includes(s) : i === 0)));
  $("#presets").replaceChildren(...presets.map((p) => chip(p.name, p.title || words(p.name), (was.presets ?? []).length ? was.presets.includes(p.name) : p.default,
    `${p.width} × ${p.height}, ${p.format}`)));
  $("#brand").replaceChildren(...brands.map((b) => make("option", { value: b.brand_profile_id, textContent: b.name })));
  if (brands.some((b) => b.brand_profile_id === was.brand)) $("#brand").value = was.brand;
  note();
};

export const listen = () => {
  $("#choices").addEventListener("change", () => {
    note();
    try {
      localStorage.setItem(remembered, JSON.stringify({ scenes: checked("#scenes"), presets: checked("#presets"), brand: $("#brand").value }));
    } catch { /* a browser that keeps nothing: the defaults have to do */ }
  });
};

// request is the body of POST /v1/jobs for the given file names.
export const request = (names) => {
  const scenes = checked("#scenes");
  const prompt = $("#prompt").value.trim();
  return {
    brand_profile_id: $("#brand").value,
    items: names.map((filename) => ({ filename, ...(scenes.length ? { scene_types: scenes } : {}), ...(prompt ? { scene_prompt: prompt } : {}) })),
    presets: checked("#presets"),
    processing_options: { remove_background: $("#remove_background").checked, generate_scene: $("#generate_scene").checked, upscale: $("#upscale").checked },
  };
};
