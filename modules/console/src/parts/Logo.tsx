// A brand's logo. It is shown to people; no picture has it.
import { useEffect, useState } from "preact/hooks";
import { address, send } from "../api";

export const Logo = ({ brand, version, alt = "" }: { brand: string; version: string | null; alt?: string }) => {
  const [src, set] = useState("");
  useEffect(() => {
    let url = "", here = true;
    set("");
    if (version) void send(new Request(address(`/v1/brand-profiles/${encodeURIComponent(brand)}/logo`))).then(async (a) => { if (a.ok && here) set(url = URL.createObjectURL(await a.blob())); }, () => { /* the name has to do */ });
    return () => { here = false; URL.revokeObjectURL(url); };
  }, [brand, version]);
  return src ? <img class="brand-logo" src={src} alt={alt} /> : null;
};
