// Scenes to choose one from by name: built-in ones, the tenant's own, a plain colour.
import { useEffect } from "preact/hooks";
import { plates, readPlates, scenes, sceneTitle } from "../state/catalogue";
import { t } from "../words";

// also is a scene that is offered beside them.
export const SceneChips = ({ scene, also, choose }: { scene: string; also?: string; choose: (scene: string) => void }) => {
  useEffect(() => { void readPlates().catch(() => { /* the built-in ones are there */ }); }, []);
  const known = [...new Set([...scenes.value, ...plates.value.map((p) => p.scene_type), ...(also ? [also] : [])])];
  return (
    <fieldset><legend>{t("adjust.scene")}</legend><div class="chips small">{known.map((x) => <button type="button" class="chip" key={x} aria-pressed={scene === x} onClick={() => choose(x)}>{sceneTitle(x)}</button>)}
      <label class="chip paint" title={t("adjust.paint")}><input type="color" aria-label={t("adjust.paint")} value={/^colour:(#[0-9a-f]{6})$/.exec(scene)?.[1] ?? "#ffffff"} onChange={(e) => choose(`colour:${e.currentTarget.value}`)} /></label></div></fieldset>
  );
};
