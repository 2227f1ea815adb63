// What a sheet shows: filters, search, order and the size of its tiles.
import { filter, order, size, sizes, sought, type Filter } from "../state/listed";
import { counts, shown } from "../state/sheet";
import { t, type Key } from "../words";

export const SheetFilters = () => {
  const c = counts.value;
  const of: Record<Filter, number> = {
    all: shown.value.length, look: c.look ?? 0, failed: (c.failed ?? 0) + (c.refused ?? 0), channel: c.channel ?? 0, done: c.done ?? 0, approved: c.approved ?? 0, rejected: c.rejected ?? 0, open: (c.waiting ?? 0) + (c.queued ?? 0) + (c.working ?? 0), talk: shown.value.filter((b) => b.comments).length,
  };
  return (
    <div class="filters">
      <div class="chips" role="group" aria-label={t("sheet.filter")}>
        {(Object.keys(of) as Filter[]).filter((f) => f === "all" || of[f] > 0 || filter.value === f).map((f) => (
          <button type="button" key={f} class="chip" aria-pressed={filter.value === f} onClick={() => { filter.value = f; }}>{t(`filter.${f}` as Key)} <span class="count">{of[f]}</span></button>
        ))}
      </div>
      <div class="row tools">
        <input type="search" aria-label={t("sheet.search")} placeholder={t("sheet.search")} value={sought.value} onInput={(e) => { sought.value = e.currentTarget.value; }} />
        <label class="inline">{t("sheet.order")} <select value={order.value} onChange={(e) => { order.value = e.currentTarget.value as "made"; }}>
          {(["made", "doubt", "name"] as const).map((o) => <option key={o} value={o}>{t(`order.${o}` as Key)}</option>)}</select></label>
        <div class="chips small" role="group" aria-label={t("sheet.size")}>
          {(Object.keys(sizes) as (keyof typeof sizes)[]).map((s) => <button type="button" class="chip" key={s} aria-pressed={size.value === s} aria-label={t(`size.${s}` as Key)} onClick={() => { size.value = s; }}>{s.toUpperCase()}</button>)}
        </div>
      </div>
    </div>
  );
};
