// The pages of brands: they come together, as those of shelf.ts do.
import "../app";
export const texts = { en: () => import("texts/style_en"), nl: () => import("texts/style_nl"), de: () => import("texts/style_de"), fr: () => import("texts/style_fr") };
export { Brands } from "./brands";
export { Brand } from "./brand";
