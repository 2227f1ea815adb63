// Pages that most visits don't open come by the part of the work that they belong to: these
// of the pictures together, when the first of them is opened.
export { Library } from "./library";
export { Collections } from "./collections";
export { Collection } from "./collection";
export { Imports } from "./imports";
export { Import } from "./import";
