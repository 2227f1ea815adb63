// A secret that is shown once.
import { signal } from "@preact/signals";
import { hear } from "../state/notice";
import { t } from "../words";
import { Dialog } from "./Dialog";

const shown = signal<{ title: string; secret: string } | null>(null);

export const showSecret = (title: string, secret: string): void => { shown.value = { title, secret }; };

export const Secret = () => {
  const s = shown.value;
  if (!s) return null;
  const close = (): void => { shown.value = null; };
  const copy = (): void => void navigator.clipboard?.writeText(s.secret).then(() => hear(t("secret.copied")), () => { /* it can be selected */ });
  return (
    <Dialog title={s.title} close={close}>
      <p>{t("secret.once")}</p>
      <input class="secret" readOnly value={s.secret} aria-label={s.title} onFocus={(e) => e.currentTarget.select()} />
      <div class="row end"><button type="button" onClick={copy}>{t("secret.copy")}</button><button type="button" class="primary" onClick={close}>{t("secret.kept")}</button></div>
    </Dialog>
  );
};
