// What is given away of a sheet: a link to it or to the selection, a ZIP of what is ready.
import { useSignal } from "@preact/signals";
import { doing } from "../state/notice";
import { packed } from "../state/save";
import { lacks } from "../state/session";
import { briefs, chosen, shown, stateOf } from "../state/sheet";
import { t } from "../words";
import { Icon } from "./Icon";
import { ShareDialog, type Shared } from "./Share";

const most = 500; // pictures of a link that names them

export const SheetSaves = ({ what, n }: { what: Shared; n: number }) => {
  const sharing = useSignal(false);
  const ready = shown.value.filter((b) => stateOf(b) === "approved" || stateOf(b) === "done");
  const some = chosen.value.size ? briefs.value.filter((b) => chosen.value.has(b.item_id)).slice(0, most) : [];
  return (
    <>
      {n > 0 && <button type="button" onClick={() => { sharing.value = true; }} {...lacks("write")}><Icon name="link" />{t("share")}</button>}
      {ready.length > 0 && ready.length < shown.value.length && <button type="button" onClick={() => void doing(() => packed(ready, "opal-approved.zip"))}><Icon name="down" />{t("sheet.zip.approved")}</button>}
      {sharing.value && <ShareDialog {...(some.length ? { what: { items: some.map((b) => ({ job_id: b.job_id, item_id: b.item_id })) }, n: some.length } : { what, n })} close={() => { sharing.value = false; }} />}
    </>
  );
};
