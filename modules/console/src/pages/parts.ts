// The parts of the console that most visits don't open: each comes when it is first needed.
import { learn } from "../words";

export const shelf = () => learn(() => import("./shelf"));
export const style = () => learn(() => import("./style"));
export const ground = () => learn(() => import("./ground"));
export const account = () => learn(() => import("./account"));
export const office = () => learn(() => import("./office"));
