// A secret that is shown once.
import { signal, useSignal } from "@preact/signals";
import { t } from "../words";
import { Dialog } from "./Dialog";

const shown = signal<{ title: string; secret: string } | null>(null);

export const showSecret = (title: string, secret: string): void => { shown.value = { title, secret }; };

// Once is the inside of a dialog that shows a secret.
export const Once = ({ why, secret, done, close }: { why: string; secret: string; done: string; close: () => void }) => {
  const copied = useSignal(false);
  const copy = (): void => void navigator.clipboard?.writeText(secret).then(() => { copied.value = true; }, () => { /* it can be selected */ });
  return (
    <>
      <p>{why}</p>
      <input class="secret" readOnly value={secret} aria-label={why} onFocus={(e) => e.currentTarget.select()} />
      <div class="row end"><span role="status" class="soft">{copied.value ? t("secret.copied") : ""}</span><button type="button" onClick={copy}>{t("secret.copy")}</button><button type="button" class="primary" onClick={close}>{done}</button></div>
    </>
  );
};

export const Secret = () => {
  const s = shown.value;
  if (!s) return null;
  const close = (): void => { shown.value = null; };
  return <Dialog title={s.title} close={close}><Once why={t("secret.once")} secret={s.secret} done={t("secret.kept")} close={close} /></Dialog>;
};
