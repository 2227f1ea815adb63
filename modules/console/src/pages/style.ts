// The pages of brands and their scene photos: they come together, as those of shelf.ts do.
export { Brands } from "./brands";
export { Brand } from "./brand";
export { Plates } from "./plates";
export { Plate } from "./plate";
