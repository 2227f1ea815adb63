// The pages that most visits don't open: they come together, when the first of them is opened.
export { Library } from "./library";
export { Brands } from "./brands";
export { Brand } from "./brand";
export { Plates } from "./plates";
export { Plate } from "./plate";
export { Usage } from "./usage";
export { Keys } from "./keys";
export { Webhooks } from "./webhooks";
export { Webhook } from "./webhook";
export { Deletions } from "./deletions";
export { Operations } from "./operations";
