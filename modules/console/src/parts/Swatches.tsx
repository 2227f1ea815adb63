// A brand's colours as a band.
import { useEffect, useRef } from "preact/hooks";

const Swatch = ({ colour }: { colour: string }) => {
  const ref = useRef<HTMLSpanElement>(null);
  useEffect(() => { if (ref.current) ref.current.style.background = colour; }, [colour]);
  return <span ref={ref} />;
};

export const Swatches = ({ colours }: { colours: string[] }) => <span class={`swatches${colours.length ? "" : " none"}`} aria-hidden="true">{colours.map((c, i) => <Swatch key={i} colour={c} />)}</span>;
