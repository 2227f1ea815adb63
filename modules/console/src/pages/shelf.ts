// Pages that most visits don't open come by the part of the work that they belong to: these
// of the pictures together, when the first of them is opened.
import "../app";
export const texts = { en: () => import("texts/shelf_en"), nl: () => import("texts/shelf_nl"), de: () => import("texts/shelf_de"), fr: () => import("texts/shelf_fr") };
export { Library } from "./library";
export { Collections } from "./collections";
export { Collection } from "./collection";
export { Imports } from "./imports";
export { Import } from "./import";
export { ShareDialog } from "../parts/Share";
