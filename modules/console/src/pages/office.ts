// The pages of what programs and operators need: they come together, as those of shelf.ts do.
export { Webhooks } from "./webhooks";
export { Webhook } from "./webhook";
export { Deletions } from "./deletions";
export { Operations } from "./operations";
