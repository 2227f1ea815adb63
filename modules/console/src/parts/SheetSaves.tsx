// What is given away of a sheet: a link to it or to the selection, a ZIP.
import { useSignal } from "@preact/signals";
import { doing } from "../state/notice";
import { lacks } from "../state/session";
import { briefs, chosen, counts, shown, stateOf, type Brief } from "../state/sheet";
import { t } from "../words";
import { shelf } from "../pages/parts";
import { Icon } from "./Icon";
import type { Named, ShareDialog, Shared } from "./Share";
import { ZipDialog } from "./ZipDialog";

const most = 500; // pictures of a link that names them

// whole saves the ZIP that the service made of all; null while there is none.
export const SheetSaves = ({ what, n, whole }: { what: Shared; n: number; whole: (() => void) | null }) => {
  const sharing = useSignal<typeof ShareDialog | null>(null), packing = useSignal(false);
  const left = shown.value.filter((b) => !["look", "rejected"].includes(stateOf(b)) && b.status === "completed");
  const named = (list: Brief[]): Named[] => list.map(({ job_id, item_id }) => ({ job_id, item_id }));
  const offered = (list: Brief[]): Named[] => named(list.length > most ? [] : list);
  const some = chosen.value.size ? briefs.value.filter((b) => chosen.value.has(b.item_id)) : [];
  return (
    <>
      {n > 0 && <button type="button" onClick={() => void doing(async () => { sharing.value = (await shelf()).ShareDialog; })} {...lacks("write")}><Icon name="link" />{t("share")}</button>}
      <button type="button" class="primary" disabled={!whole && !shown.value.some((b) => b.status === "completed")} onClick={() => { packing.value = true; }}><Icon name="down" />{t("sheet.zip")}</button>
      {packing.value && <ZipDialog whole={whole} close={() => { packing.value = false; }} />}
      {sharing.value && <sharing.value {...(some.length ? { what: { items: named(some.slice(0, most)) }, n: Math.min(most, some.length) } : { what, n, ready: offered(left.length < n ? left : []), approved: offered(left.filter((b) => b.review === "approved")), doubts: counts.value.look ?? 0 })} close={() => { sharing.value = null; }} />}
    </>
  );
};
