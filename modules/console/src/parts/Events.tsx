// Kinds of events that a webhook is told of; none chosen: all, those of later versions too.
import { said, t } from "../words";

const types = ["job.created", "item.completed", "item.needs_review", "item.failed", "item.cancelled", "item.retried", "export.completed", "job.finished", "collection.finished", "import.finished", "share.commented", "share.decided", "credits.low"];

// eventWord says an event's type in words.
export const eventWord = (type: string): string => said("event", type, type);

export const Events = ({ chosen, choose }: { chosen: string[]; choose: (next: string[]) => void }) => (
  <fieldset><legend>{t("webhook.events")}</legend>
    <div class="event-list">{[...new Set([...types, ...chosen])].map((e) => (
      <label class="check" key={e}><input type="checkbox" checked={chosen.includes(e)} onChange={() => choose(chosen.includes(e) ? chosen.filter((x) => x !== e) : [...chosen, e])} /><span>{eventWord(e)} <code class="soft">{e}</code></span></label>))}</div>
  </fieldset>
);
