// A photo's small picture; none where this browser can't show it.
import { useSignal } from "@preact/signals";

export const Face = ({ url }: { url: string }) => {
  const broken = useSignal(false);
  return broken.value || !url ? <span class="thumb none" /> : <img class="thumb" src={url} alt="" decoding="async" loading="lazy" onError={() => { broken.value = true; }} />;
};
