// The pages of the account and its programs: they come together, as those of shelf.ts do.
export { Usage } from "./usage";
export { Keys } from "./keys";
export { Webhooks } from "./webhooks";
export { Webhook } from "./webhook";
export { Deletions } from "./deletions";
export { Operations } from "./operations";
