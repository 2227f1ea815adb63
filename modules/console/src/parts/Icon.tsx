// Line icons, 20 × 20.
const paths: Record<string, string> = {
  home: "M3 9l7-6 7 6v8h-5v-5H8v5H3z", plus: "M10 4v12M4 10h12", grid: "M3 3h6v6H3zM11 3h6v6h-6zM3 11h6v6H3zM11 11h6v6h-6z",
  brand: "M10 3l7 4-7 4-7-4zM3 11l7 4 7-4", usage: "M4 17V9M10 17V3M16 17v-5", key: "M12 8a4 4 0 1 0-3.5 4L10 13.500V16h3v-2h2v-3l-3-3z",
  gear: "M4 6h12M4 10h12M4 14h12M7 4v4M13 8v4M8 12v4", bin: "M4 6h12M8 6V4h4v2M6 6l1 11h6l1-11", check: "M4 10.500l4 4 8-9", cross: "M5 5l10 10M15 5L5 15",
  again: "M16 10a6 6 0 1 1-2-4.500M16 3v4h-4", down: "M10 3v9M6 9l4 4 4-4M4 16h12", up: "M10 15V5M6 9l4-4 4 4", left: "M12 4l-6 6 6 6", right: "M8 4l6 6-6 6",
  talk: "M3 4h14v9H9l-4 3v-3H3z", eye: "M2 10c3-5 13-5 16 0-3 5-13 5-16 0zM10 7.500a2.500 2.500 0 1 0 .01 0", brush: "M4 16c0-3 1-4 3-4s2 3 0 4-3 0-3 0zM8 12l8-8",
  pen: "M4 16l1-4 8-8 3 3-8 8zM12 5l3 3", folder: "M2 5h6l2 2h8v9H2z", swap: "M4 7h11l-3-3M16 13H5l3 3", undo: "M7 4L3 8l4 4M3 8h8a5 5 0 0 1 0 9H8", link: "M8 12a3 3 0 0 0 4 0l3-3a3 3 0 0 0-4-4l-1 1M12 8a3 3 0 0 0-4 0l-3 3a3 3 0 0 0 4 4l1-1", out: "M9 4H4v12h5M12 6l4 4-4 4M16 10H8", warn: "M10 3l8 14H2zM10 8v4M10 14.500v.1",
};

export const Icon = ({ name }: { name: string }) => (
  <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"><path d={paths[name]} /></svg>
);
