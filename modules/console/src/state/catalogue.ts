// What the service offers: scenes, presets, brands. Read once.
import { signal } from "@preact/signals";
import { client, got, type Schemas } from "../api";
import { named, said } from "../words";

export type Preset = Schemas["Preset"];
export type Brand = Schemas["BrandProfile"];
export type Plate = Schemas["Plate"];

export const scenes = signal<string[]>([]);
export const presets = signal<Preset[]>([]);
export const brands = signal<Brand[]>([]);
export const plates = signal<Plate[]>([]);

let reading: Promise<void> | null = null;

// catalogue reads the offers, unless they are there.
export const catalogue = (): Promise<void> => {
  reading ??= read().catch((error: unknown) => { reading = null; throw error; });
  return reading;
};

const read = async (): Promise<void> => {
  const [s, p, b] = await Promise.all([got(client.GET("/v1/scenes")), got(client.GET("/v1/presets")), got(client.GET("/v1/brand-profiles"))]);
  scenes.value = s.scenes;
  presets.value = p.presets;
  brands.value = b.brand_profiles;
};

export const readBrands = async (): Promise<void> => { brands.value = (await got(client.GET("/v1/brand-profiles"))).brand_profiles; };

export const readPlates = async (): Promise<void> => { plates.value = (await got(client.GET("/v1/plates"))).plates; };

// sceneTitle names a scene, a plate or a paint.
export const sceneTitle = (scene: string): string => plates.value.find((p) => p.scene_type === scene)?.name ?? named(scene);

export const presetTitle = (name: string): string => said("preset", name, presets.value.find((p) => p.name === name)?.title ?? name);

export const channelTitle = (channel: string): string => said("channel", channel, channel);

// byChannel groups presets by the channel that asks for them, in the service's order.
export const byChannel = (all: Preset[]): [string, Preset[]][] => {
  const groups = new Map<string, Preset[]>();
  for (const p of all) groups.set(p.channel, [...(groups.get(p.channel) ?? []), p]);
  return [...groups];
};
