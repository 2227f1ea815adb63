// Kinds of events that a webhook is told of; none chosen: all, those of later versions too.
import { t } from "../words";

const types = ["job.created", "item.completed", "item.needs_review", "item.failed", "item.cancelled", "item.retried", "export.completed", "job.finished"];

export const Events = ({ chosen, choose }: { chosen: string[]; choose: (next: string[]) => void }) => (
  <fieldset><legend>{t("webhook.events")}</legend>
    <div class="row">{[...new Set([...types, ...chosen])].map((e) => (
      <label class="check" key={e}><input type="checkbox" checked={chosen.includes(e)} onChange={() => choose(chosen.includes(e) ? chosen.filter((x) => x !== e) : [...chosen, e])} /><code>{e}</code></label>))}</div>
  </fieldset>
);
