// Presets to choose from, by the channel that asks for them, and choices that were kept.
import { signal } from "@preact/signals";
import { byChannel, channelTitle, presets, presetTitle } from "../state/catalogue";
import { t } from "../words";
import { Icon } from "./Icon";

type Kept = { name: string; presets: string[] };
const keptName = "opal.sizes", most = 20;

const read = (): Kept[] => {
  try { const all: unknown = JSON.parse(localStorage.getItem(keptName) ?? "[]"); return Array.isArray(all) ? (all as Kept[]).filter((k) => typeof k?.name === "string" && Array.isArray(k.presets)).slice(0, most) : []; } catch { return []; }
};
const kept = signal<Kept[]>(read());
const keep = (all: Kept[]): void => {
  kept.value = all;
  try { localStorage.setItem(keptName, JSON.stringify(all)); } catch { /* a browser that keeps nothing */ }
};

export const Channels = ({ chosen, choose }: { chosen: string[]; choose: (next: string[]) => void }) => {
  const now = [...chosen].sort().join(" ");
  const known = (k: Kept): string[] => k.presets.filter((p) => presets.value.some((q) => q.name === p));
  const current = kept.value.find((k) => known(k).sort().join(" ") === now);
  const save = (input: HTMLInputElement): void => {
    const name = input.value.trim();
    if (!name || !chosen.length) return;
    keep([...kept.value.filter((k) => k.name !== name), { name, presets: chosen }].slice(-most));
    input.value = "";
  };
  return (
    <div class="stack">
      <div class="row">{kept.value.map((k) => <button type="button" class="chip" key={k.name} aria-pressed={k === current} onClick={() => choose(known(k))}>{k.name}</button>)}
        {current ? <button type="button" class="quiet" onClick={() => keep(kept.value.filter((k) => k !== current))}><Icon name="bin" />{t("sizes.forget", { name: current.name })}</button>
          : chosen.length > 0 && <span class="row"><input type="text" class="kept-name" maxLength={60} placeholder={t("sizes.keep.name")} aria-label={t("sizes.keep.name")} onKeyDown={(e) => { if (e.key === "Enter") { e.preventDefault(); save(e.currentTarget); } }} /><button type="button" onClick={(e) => save(e.currentTarget.previousElementSibling as HTMLInputElement)}>{t("sizes.keep")}</button></span>}</div>
      <div class="channels">{byChannel(presets.value).map(([channel, list]) => (
        <fieldset key={channel} class="channel"><legend>{channelTitle(channel)}</legend>
          {list.map((p) => (
            <label key={p.name} class="check"><input type="checkbox" checked={chosen.includes(p.name)} onChange={() => choose(chosen.includes(p.name) ? chosen.filter((x) => x !== p.name) : [...chosen, p.name])} />
              <span class="aspect" aria-hidden="true"><i style={{ aspectRatio: `${p.width} / ${p.height}` }} /></span><span>{presetTitle(p.name)}<small class="soft"> {p.width} × {p.height}</small></span></label>))}
        </fieldset>))}</div>
    </div>
  );
};
