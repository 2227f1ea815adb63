// Says that a sheet is not there, or can't be had now.
import { useEffect } from "preact/hooks";
import { isAway, whenBack } from "../api";
import { close, missing } from "../state/sheet";
import { textOf } from "../state/notice";
import { t } from "../words";
import { Empty } from "./Empty";

export const SheetGone = ({ again }: { again: () => void }) => {
  const gone = missing.value!.status === 404;
  useEffect(() => (isAway(missing.value) ? whenBack(again) : undefined), [missing.value]);
  return <Empty page title={gone ? t("sheet.gone") : t("sheet.trouble")}><p>{gone ? t("sheet.gone.why") : textOf(missing.value)}</p>
    {!gone && <p><button type="button" onClick={() => { close(); again(); }}>{t("tile.again")}</button></p>}</Empty>;
};
