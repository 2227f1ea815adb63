// A picture's thumbnail, read when it comes near the window.
import { useEffect, useState } from "preact/hooks";
import { thumbnail } from "../state/thumbs";

export const Thumb = ({ job, item, version }: { job: string; item: string; version: string | null }) => {
  const [src, set] = useState("");
  useEffect(() => {
    if (!version) { set(""); return; }
    let here = true;
    thumbnail(job, item, version).then((url) => { if (here) set(url); }, () => { /* the tile's text has to do */ });
    return () => { here = false; };
  }, [job, item, version]);
  return src ? <img class="thumb" src={src} alt="" draggable={false} /> : <span class="thumb none" aria-hidden="true" />;
};
