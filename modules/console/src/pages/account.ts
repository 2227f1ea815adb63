// The pages of the account, its money and its keys: they come together, as those of shelf.ts do.
export { Usage } from "./usage";
export { Keys } from "./keys";
