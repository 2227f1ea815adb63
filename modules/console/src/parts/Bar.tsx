// How far something is, as a bar.
import { t } from "../words";

export const Bar = ({ done, of }: { done: number; of: number }) => (
  <div class="progress" role="progressbar" aria-label={t("sheet.progress")} aria-valuemin={0} aria-valuemax={Math.max(1, of)} aria-valuenow={done}><span style={{ width: `${100 * done / Math.max(1, of)}%` }} /></div>
);

// ofCounts is how much of jobs is done, pictures and sizes together. sizes is how many a picture
// gets that is not made yet: without them the whole would grow with each picture that is.
export const ofCounts = (c: { total: number; open: number; open_exports: number; done_exports: number; failed_exports: number }, sizes = 0): { done: number; of: number } =>
  ({ done: c.total - c.open + c.done_exports + c.failed_exports, of: c.total + c.open * sizes + c.open_exports + c.done_exports + c.failed_exports });

// percent is the same as a number, for a title.
export const percent = ({ done, of }: { done: number; of: number }): number => Math.floor(100 * done / Math.max(1, of));
