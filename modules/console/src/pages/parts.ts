// The parts of the console that most visits don't open: each comes when it is first needed.
// They import "../app", which is there by then: so all that the first load and they have in common
// is one file, which packs better than one for each combination of parts that shares something.
import { Problem, unreachable } from "../api";
import { learn, type Texts } from "../words";

// part says in the service's words what browsers say in their own when a file can't be had.
const part = <P extends { texts: Texts }>(load: () => Promise<P>) => (): Promise<P> => learn(load).catch(() => { throw new Problem(0, unreachable, ""); });

export const shelf = part(() => import("./shelf"));
export const style = part(() => import("./style"));
export const ground = part(() => import("./ground"));
export const account = part(() => import("./account"));
export const office = part(() => import("./office"));
