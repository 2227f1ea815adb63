// Sign-in: with the issuer, or by an API key. A page of its own, and a dialog where a session
// ends in the middle of work.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Problem } from "../api";
import { go, parts } from "../route";
import { textOf } from "../state/notice";
import { session, signInAt, signInByKey } from "../state/session";
import { said, t } from "../words";
import { Dialog } from "./Dialog";

// KeyForm asks for a key, which is exchanged for a session and not kept.
const KeyForm = ({ done, cancel }: { done: () => void; cancel?: () => void }) => {
  const wrong = useSignal("");
  const busy = useSignal(false);
  const use = async (form: HTMLFormElement): Promise<void> => {
    const field = form.elements.namedItem("key") as HTMLInputElement;
    if (!field.value.trim() || busy.value) return;
    busy.value = true;
    try {
      await signInByKey(field.value.trim());
      field.value = "";
      done();
    } catch (error) {
      wrong.value = error instanceof Problem && error.status === 401 ? t("key.wrong") : textOf(error);
      field.focus();
      field.select();
    } finally { busy.value = false; }
  };
  return (
    <form class="stack" onSubmit={(e) => { e.preventDefault(); void use(e.currentTarget); }}>
      <p class="bad-text" role="alert">{wrong.value}</p>
      <p>{t("key.why")}</p>
      <label class="field">{t("key.label")}<input name="key" type="password" autocomplete="off" spellcheck={false} placeholder="opal_…" required /></label>
      <div class="row end">{cancel && <button type="button" onClick={cancel}>{t("cancel")}</button>}<button type="submit" class="primary" disabled={busy.value}>{t("signin.do")}</button></div>
    </form>
  );
};

const ByIssuer = () => (session.value?.sign_in ? <a class="button primary" href={signInAt()}>{t("signin.do")}</a> : <p>{t("signin.nowhere")}</p>);

// SignInDialog asks again, and leaves the page behind it as it is.
export const SignInDialog = ({ done }: { done: (given: boolean) => void }) => (
  <Dialog title={t("signin.again")} close={() => done(false)}>
    {session.value?.mode === "oidc" ? <div class="stack"><p>{t("signin.ended")}</p><div class="row end"><button type="button" onClick={() => done(false)}>{t("cancel")}</button><ByIssuer /></div></div>
      : <KeyForm done={() => done(true)} cancel={() => done(false)} />}
  </Dialog>
);

export const SignIn = () => {
  const [first, code = ""] = parts.value;
  useEffect(() => { document.title = `${t("signin.do")} · OPAL`; }, []);
  return (
    <div class="door">
      <img src="/assets/mark.svg" alt="" width="40" height="40" />
      <h1 tabIndex={-1}>{t("signin.do")}</h1>
      {first === "signin" && code && <p class="bad-text" role="alert">{said("signin", code, t("signin.failed"))}</p>}
      {session.value?.mode === "oidc" ? <ByIssuer /> : <KeyForm done={() => { if (first === "signin") go(); }} />}
    </div>
  );
};
