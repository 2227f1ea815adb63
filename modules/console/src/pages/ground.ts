// The pages of own scene photos: they come together, as those of shelf.ts do.
import "../app";
export const texts = { en: () => import("texts/ground_en"), nl: () => import("texts/ground_nl"), de: () => import("texts/ground_de"), fr: () => import("texts/ground_fr") };
export { Plates } from "./plates";
export { Plate } from "./plate";
