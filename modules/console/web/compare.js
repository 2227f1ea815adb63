// A before/after picture with a handle to draw across it.
import { make } from "./dom.js";

// compare returns a node that shows two pictures in one frame. The range input
// makes it work with the keyboard and for screen readers.
export const compare = (before, after, name) => {
  const frame = make("div", { className: "compare" },
    make("img", { src: after, alt: `${name}, finished`, className: "after", decoding: "async" }),
    make("img", { src: before, alt: `${name}, as uploaded`, className: "before", decoding: "async" }),
    make("span", { className: "tag left", textContent: "Before", "aria-hidden": "true" }),
    make("span", { className: "tag right", textContent: "After", "aria-hidden": "true" }),
    make("span", { className: "divider", "aria-hidden": "true" }));
  const slider = make("input", { type: "range", min: 0, max: 100, value: 50, step: 1, "aria-label": `How much of ${name} as uploaded is shown` });
  const move = () => {
    frame.style.setProperty("--at", `${slider.value}%`);
    slider.setAttribute("aria-valuetext", `${slider.value} % before`);
  };
  slider.addEventListener("input", move);
  move();
  frame.append(slider);
  return frame;
};
