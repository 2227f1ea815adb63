// The pages of the account, its money and its keys: they come together, as those of shelf.ts do.
import "../app";
export const texts = { en: () => import("texts/account_en"), nl: () => import("texts/account_nl"), de: () => import("texts/account_de"), fr: () => import("texts/account_fr") };
export { Usage } from "./usage";
export { Keys } from "./keys";
