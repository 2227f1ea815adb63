// The pages of own scene photos: they come together, as those of shelf.ts do.
export { Plates } from "./plates";
export { Plate } from "./plate";
