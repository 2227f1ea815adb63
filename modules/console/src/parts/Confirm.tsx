// Asks before something that can't be undone, or that costs.
import { signal } from "@preact/signals";
import { t } from "../words";
import { Dialog } from "./Dialog";

type Asked = { title: string; why: string; act: string; mild: boolean; done: (yes: boolean) => void };
const asked = signal<Asked | null>(null);

// sure resolves to whether the user agrees.
export const sure = (title: string, why: string, act: string, mild = false): Promise<boolean> => new Promise((done) => {
  asked.value = { title, why, act, mild, done: (yes) => { asked.value = null; done(yes); } };
});

export const Confirm = () => {
  const a = asked.value;
  if (!a) return null;
  return (
    <Dialog title={a.title} close={() => a.done(false)}>
      <p>{a.why}</p>
      <div class="row end"><button type="button" onClick={() => a.done(false)}>{t("cancel")}</button><button type="button" class={a.mild ? "primary" : "danger"} onClick={() => a.done(true)}>{a.act}</button></div>
    </Dialog>
  );
};
