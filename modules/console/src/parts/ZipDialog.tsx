// Which pictures of a sheet are packed into a ZIP: all, those that were approved, the selection.
import { doing } from "../state/notice";
import { packed } from "../state/save";
import { briefs, chosen, shown, type Brief } from "../state/sheet";
import { t, type Key } from "../words";
import { Dialog } from "./Dialog";
import { Icon } from "./Icon";

// What a ZIP is made of. save packs it.
const Choice = ({ what, of, shownOf, why, save }: { what: "all" | "approved" | "chosen"; of: Brief[]; shownOf?: number; why: string; save: (() => void) | null }) => {
  const n = of.reduce((sum, b) => sum + b.rejected.length, 0);
  return (
    <button type="button" class="zip-choice" disabled={!save} onClick={save ?? undefined}>
      <Icon name="down" /><span><strong>{t(`zip.${what}` as Key, { n: shownOf === undefined ? of.length : `${of.length} / ${shownOf}` })}</strong><small class="soft">{why}{n ? ` ${t("zip.refused", { n })}` : ""}</small></span></button>
  );
};

// whole saves the ZIP that the service made of all; null while there is none.
export const ZipDialog = ({ whole, close }: { whole: (() => void) | null; close: () => void }) => {
  const made = shown.value.filter((b) => b.status === "completed" && b.review !== "rejected");
  const doubts = made.filter((b) => b.review === "pending").length;
  const approved = made.filter((b) => b.review === "approved");
  const some = briefs.value.filter((b) => chosen.value.has(b.item_id) && b.status === "completed");
  const packs = (what: "all" | "approved" | "chosen", of: Brief[], service?: (() => void) | null) => (of.length || service ? () => { close(); if (service) service(); else void doing(() => packed(of, what)); } : null);
  return (
    <Dialog title={t("sheet.zip")} close={close}>
      <p class="soft">{t("zip.how")}</p>
      <Choice what="all" of={made} shownOf={shown.value.length} save={packs("all", made, whole)} why={doubts ? t("zip.doubts", { n: doubts }) : ""} />
      <Choice what="approved" of={approved} save={packs("approved", approved)} why={approved.length ? "" : t("zip.approved.none")} />
      <Choice what="chosen" of={some} save={packs("chosen", some)} why={some.length ? "" : t("zip.chosen.none")} />
      <div class="row end"><button type="button" onClick={close}>{t("cancel")}</button></div>
    </Dialog>
  );
};
