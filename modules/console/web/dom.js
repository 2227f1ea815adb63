// Small tools for the page's nodes. Text goes in as text, never as markup.

export const $ = (selector, root = document) => root.querySelector(selector);

// make returns an element. Properties whose names hold a dash become attributes.
export const make = (tag, properties = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name.includes("-") || name === "role" || name === "for") node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};

// set changes a node's text only when it differs, so that readers aren't told
// the same again.
export const set = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

export const show = (node, visible) => { node.hidden = !visible; };

// say tells those who can't see the page what changed.
export const say = (text) => set($("#live"), text);
