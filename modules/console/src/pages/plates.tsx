// A tenant's own scene photos.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { address, problemOf, send, type Schemas } from "../api";
import { Empty } from "../parts/Empty";
import { Icon } from "../parts/Icon";
import { Pending, useFirst } from "../parts/Pages";
import { go, to } from "../route";
import { plates, readPlates } from "../state/catalogue";
import { doing, tell } from "../state/notice";
import { t } from "../words";
import { lacks } from "../state/session";
import { Role } from "../parts/Role";

const upload = async (file: File): Promise<string> => {
  const form = new FormData();
  form.append("name", file.name.replace(/\.[^.]+$/, "").slice(0, 120) || file.name.slice(0, 120));
  form.append("file", file, file.name);
  const answer = await send(new Request(address("/v1/plates"), { method: "POST", body: form }));
  const body = await answer.json().catch(() => null) as Schemas["Plate"] | null;
  if (!answer.ok || !body) throw problemOf(answer, body);
  return body.plate_id;
};

export const Plates = () => {
  const ready = useSignal(false);
  const busy = useSignal(false);
  const files = useRef<HTMLInputElement>(null);
  useEffect(() => { document.title = `${t("plates")} · OPAL`; }, []);
  const first = useFirst(() => readPlates().then(() => { ready.value = true; }), []);
  const take = (list: FileList | null): void => void doing(async () => {
    busy.value = true;
    try {
      let last = "", n = 0;
      for (const f of list ?? []) { last = await upload(f); n++; }
      await readPlates();
      if (n === 1) go("plates", last);
      else if (n) tell(t("plates.added", { n }));
    } finally { busy.value = false; }
  });
  return (
    <>
      <header class="page-head"><div><p class="crumb"><a href={to("brands")}><Icon name="left" />{t("nav.brands")}</a></p><h1 tabIndex={-1}>{t("plates")}</h1></div>
        <button type="button" class="primary" disabled={busy.value} onClick={() => files.current?.click()} {...lacks("write")}><Icon name="plus" />{busy.value ? t("plates.adding") : t("plates.add")}</button>
        <input ref={files} id="plate-files" type="file" multiple hidden accept="image/*,.heic,.heif" onChange={(e) => { take(e.currentTarget.files); }} /></header>
      <Role scope="write" />
      <p class="soft lead">{t("plates.what")}</p>
      {!ready.value ? <Pending of={first} /> : plates.value.length === 0 ? <Empty title={t("plates.none")}><p>{t("plates.none.why")}</p></Empty>
        : <ul class="cards wide">{plates.value.map((p) => <li key={p.plate_id} class="card"><a href={to("plates", p.plate_id)}><img class="plate-picture" src={p.url} alt="" loading="lazy" /><strong>{p.name}</strong><span class="soft">{p.width} × {p.height}</span></a></li>)}</ul>}
    </>
  );
};
