// How far something is, as a bar.
import { t } from "../words";

export const Bar = ({ done, of }: { done: number; of: number }) => (
  <div class="progress" role="progressbar" aria-label={t("sheet.progress")} aria-valuemin={0} aria-valuemax={Math.max(1, of)} aria-valuenow={done}><span style={{ width: `${100 * done / Math.max(1, of)}%` }} /></div>
);

// ofCounts is how much of jobs is done, pictures and sizes together.
export const ofCounts = (c: { total: number; open: number; open_exports: number; done_exports: number; failed_exports: number }): { done: number; of: number } =>
  ({ done: c.total - c.open + c.done_exports + c.failed_exports, of: c.total + c.open_exports + c.done_exports + c.failed_exports });
