// A picture's thumbnail, read when it comes near the window.
import { useEffect, useState } from "preact/hooks";
import { thumbnail } from "../state/thumbs";

// version names the finished picture, and photo what is shown before there is one.
export const Thumb = ({ job, item, version, photo }: { job: string; item: string; version: string | null; photo?: string | null }) => {
  const [src, set] = useState("");
  useEffect(() => {
    const of = version ?? photo;
    if (!of) { set(""); return; }
    let here = true;
    thumbnail(job, item, of, version ? "" : "photo").then((url) => { if (here) set(url); }, () => { /* the tile's text has to do */ });
    return () => { here = false; };
  }, [job, item, version, photo]);
  return src ? <img class={version ? "thumb" : "thumb photo-only"} src={src} alt="" draggable={false} /> : <span class="thumb none" aria-hidden="true" />;
};
