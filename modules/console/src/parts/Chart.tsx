// Bars over days. Screen readers get the numbers from the list behind it.
import { useEffect, useRef } from "preact/hooks";
import { credits, day } from "../words";

export type Bar = { day: string; value: number };

const Column = ({ share, title }: { share: number; title: string }) => {
  const ref = useRef<HTMLSpanElement>(null);
  useEffect(() => { if (ref.current) ref.current.style.height = `${Math.max(share > 0 ? 2 : 0, 100 * share)}%`; }, [share]);
  return <span class="bar-slot" title={title}><span class="bar-fill" ref={ref} /></span>;
};

export const Chart = ({ bars, label }: { bars: Bar[]; label: string }) => {
  const top = Math.max(1, ...bars.map((b) => b.value));
  const first = bars[0], last = bars[bars.length - 1];
  return (
    <figure class="chart">
      <figcaption class="chart-top"><strong>{label}</strong><span class="soft">{credits(top)}</span></figcaption>
      <div class="bars" aria-hidden="true">{bars.map((b) => <Column key={b.day} share={b.value / top} title={`${day(b.day)}: ${credits(b.value)}`} />)}</div>
      <ul class="unseen">{bars.filter((b) => b.value > 0).map((b) => <li key={b.day}>{day(b.day)}: {credits(b.value)}</li>)}</ul>
      {first && last && <div class="chart-ends soft" aria-hidden="true"><span>{day(first.day)}</span><span>{day(last.day)}</span></div>}
    </figure>
  );
};
