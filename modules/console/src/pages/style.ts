// The pages of brands: they come together, as those of shelf.ts do.
export { Brands } from "./brands";
export { Brand } from "./brand";
