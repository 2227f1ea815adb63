// The contact sheet: all pictures of a set, to be looked through.
import { useEffect } from "preact/hooks";
import { Contact } from "../parts/Contact";
import { Loading } from "../parts/Empty";
import { SheetHead } from "../parts/SheetHead";
import { SheetGone } from "../parts/SheetGone";
import { enter } from "../state/listed";
import { job, missing } from "../state/sheet";
import { t } from "../words";

export const Sheet = ({ id }: { id: string }) => {
  useEffect(() => { enter("sets", id); }, [id]);
  const j = job.value;
  if (missing.value) return <SheetGone again={() => enter("sets", id)} />;
  if (!j || j.job_id !== id) return <Loading page text={t("loading")} />;
  return <><SheetHead /><Contact key={id} /></>;
};
