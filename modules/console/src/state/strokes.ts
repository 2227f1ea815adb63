// Strokes over a photo that no correction has taken yet: kept for the visit, so that they are
// there again after a reload or another page.
export type Stroke = { kind: "keep" | "remove"; points: [number, number][]; radius: number };

// sent is the version of the cut-out that they were sent for; 0: none yet.
type Kept = { strokes: Stroke[]; sent: number };

const named = (itemID: string): string => `opal.strokes.${itemID}`;

export const keptStrokes = (itemID: string): Kept => {
  try {
    const { strokes, sent } = JSON.parse(sessionStorage.getItem(named(itemID)) ?? "{}") as Partial<Kept>;
    return { strokes: (strokes ?? []).filter((s) => s.points.length > 0 && s.radius > 0), sent: Number(sent) || 0 };
  } catch { return { strokes: [], sent: 0 }; }
};

export const keepStrokes = (itemID: string, strokes: Stroke[], sent = 0): void => {
  try {
    if (strokes.length) sessionStorage.setItem(named(itemID), JSON.stringify({ strokes, sent }));
    else sessionStorage.removeItem(named(itemID));
  } catch { /* a browser that keeps nothing: they live as long as the page */ }
};
