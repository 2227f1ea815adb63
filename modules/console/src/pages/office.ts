// The pages of what programs and operators need: they come together, as those of shelf.ts do.
import "../app";
export const texts = { en: () => import("texts/office_en"), nl: () => import("texts/office_nl"), de: () => import("texts/office_de"), fr: () => import("texts/office_fr") };
export { Webhooks } from "./webhooks";
export { Webhook } from "./webhook";
export { Deletions } from "./deletions";
export { Operations } from "./operations";
