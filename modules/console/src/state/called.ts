// What people call a set: its name, else how many pictures it has.
import { t } from "../words";

export const called = (j: { name: string; pictures: number }): string => j.name || t("sheet.title", { n: j.pictures });

// sized is how many pictures a set has that a name stands for; "" where that is its title.
export const sized = (j: { name: string; pictures: number }): string => (j.name ? `${t("sheet.title", { n: j.pictures })} · ` : "");
