// A grid of equal tiles of which only those near the window are in the page.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

export type GridHandle = { columns: number; reveal: (index: number) => void };

type Props<T> = {
  items: T[]; keyOf: (item: T) => string; tile: (item: T, index: number) => ComponentChildren;
  min: number; ratio: number; extra: number; label: string; handle?: (h: GridHandle) => void;
};

const gap = 12;

// min is the least width of a tile; its height is width × ratio + extra.
export const Grid = <T,>({ items, keyOf, tile, min, ratio, extra, label, handle }: Props<T>) => {
  const ref = useRef<HTMLUListElement>(null);
  const [width, setWidth] = useState(0);
  const [, setSeen] = useState(0);
  const least = width < 440 ? Math.min(min, 150) : min; // a phone has two columns
  const columns = Math.max(1, Math.floor((width + gap) / (least + gap)));
  const side = (width - gap * (columns - 1)) / columns;
  const row = Math.round(side * ratio + extra) + gap;
  const rows = Math.ceil(items.length / columns);

  useEffect(() => {
    const list = ref.current; // gone when the page is left before this runs
    if (!list) return;
    const measure = new ResizeObserver(() => setWidth(list.clientWidth));
    measure.observe(list);
    setWidth(list.clientWidth);
    let frame = 0;
    const moved = (): void => { frame ||= requestAnimationFrame(() => { frame = 0; setSeen(Math.round(scrollY / 80)); }); };
    addEventListener("scroll", moved, { passive: true });
    addEventListener("resize", moved);
    return () => { measure.disconnect(); removeEventListener("scroll", moved); removeEventListener("resize", moved); cancelAnimationFrame(frame); };
  }, []);

  const top = ref.current ? ref.current.getBoundingClientRect().top : 0;
  const first = Math.max(0, Math.floor((-top - 600) / row));
  const last = Math.min(rows, Math.ceil((innerHeight - top + 600) / row));
  handle?.({
    columns,
    reveal: (index) => {
      const list = ref.current;
      if (!list) return;
      const y = list.getBoundingClientRect().top + Math.floor(index / columns) * row;
      if (y < 130) scrollBy(0, y - 140);
      else if (y + row > innerHeight - 90) scrollBy(0, y + row - innerHeight + 100);
    },
  });

  return (
    <ul class="grid" ref={ref} aria-label={label} style={{ height: `${Math.max(0, rows * row - gap)}px` }}>
      {width > 0 && items.slice(first * columns, last * columns).map((item, i) => {
        const index = first * columns + i;
        return (
          <li key={keyOf(item)} aria-setsize={items.length} aria-posinset={index + 1}
            style={{ width: `${side}px`, height: `${row - gap}px`, transform: `translate(${(index % columns) * (side + gap)}px, ${Math.floor(index / columns) * row}px)` }}>
            {tile(item, index)}
          </li>
        );
      })}
    </ul>
  );
};
