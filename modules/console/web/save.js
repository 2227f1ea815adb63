// Saves a file that a short-lived URL leads to.
import { make } from "./dom.js";

const click = (href, name) => {
  const link = make("a", { href, download: name ?? "", hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
};

// save downloads a URL. With a name it is fetched first, because the browser
// takes a name only for what it holds.
export const save = async (url, name) => {
  if (!name) return click(url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The file could not be fetched (${response.status}); try again`);
  const object = URL.createObjectURL(await response.blob());
  click(object, name);
  setTimeout(() => URL.revokeObjectURL(object), 60_000);
};

// between is how long a browser needs to take a click for a download, before
// another click would end its navigation.
const between = 1500;

// saveAll downloads the URLs one after the other.
export const saveAll = async (urls) => {
  for (const [i, url] of urls.entries()) {
    if (i > 0) await new Promise((resolve) => setTimeout(resolve, between));
    click(url);
  }
};
