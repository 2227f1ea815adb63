// Presets to choose from, by the channel that asks for them.
import { byChannel, presets } from "../state/catalogue";

export const Channels = ({ chosen, choose }: { chosen: string[]; choose: (next: string[]) => void }) => (
  <div class="channels">{byChannel(presets.value).map(([channel, list]) => (
    <fieldset key={channel} class="channel"><legend>{channel}</legend>
      {list.map((p) => (
        <label key={p.name} class="check"><input type="checkbox" checked={chosen.includes(p.name)} onChange={() => choose(chosen.includes(p.name) ? chosen.filter((x) => x !== p.name) : [...chosen, p.name])} />
          <span class="aspect" aria-hidden="true"><i style={{ aspectRatio: `${p.width} / ${p.height}` }} /></span><span>{p.title}<small class="soft"> {p.width} × {p.height}</small></span></label>))}
    </fieldset>))}</div>
);
