// Who is signed in. The session is in a cookie that scripts can't read.
import { signal } from "@preact/signals";
import { address, isAway, problemOf, whenBack, type Schemas } from "../api";
import { t } from "../words";

type State = Schemas["SessionState"];
export type Scope = "read" | "write" | "approve" | "admin";

// session is null where the service doesn't say: then nothing is asked for.
export const session = signal<State | null>(null);

const order: Scope[] = ["read", "write", "approve", "admin"];

// may reports whether who is signed in may do what a scope allows.
export const may = (scope: Scope): boolean => {
  const s = session.value;
  return !s?.signed_in || s.scopes.some((have) => order.indexOf(have) >= order.indexOf(scope));
};

// lacks is what a button shows that asks for more than the user may do: it is off, and says why.
export const lacks = (scope: Exclude<Scope, "read">): { disabled?: boolean; title?: string } => (may(scope) ? {} : { disabled: true, title: t(`role.${scope}`) });

// outside is true while somebody has to sign in before anything can be shown. A session that
// ends later leaves the page as it is.
export const outside = signal(false);

const call = async (method: string, body?: object): Promise<unknown> => {
  const answer = await fetch(address("/v1/session"), { method, ...(body ? { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } } : {}) });
  const said: unknown = await answer.json().catch(() => null);
  if (!answer.ok) throw problemOf(answer, said);
  return said;
};

// readSession reports whether the service could be asked.
export const readSession = async (): Promise<boolean> => {
  try {
    const s = await call("GET") as State;
    if (typeof s.mode === "string") session.value = s;
  } catch (error) { return !(error instanceof TypeError || isAway(error)); } // the pages' own calls say what is wrong
  return true;
};

// arrive asks who is signed in as the page begins, and once the service is back where it is away then.
export const arrive = async (): Promise<void> => {
  if (!await readSession()) whenBack(() => void arrive());
  outside.value = session.value !== null && !session.value.signed_in;
};

export const signInByKey = async (key: string): Promise<void> => {
  session.value = await call("POST", { api_key: key }) as State;
  outside.value = false;
};

// signInAt is where the browser goes to sign in with the issuer, and comes back from.
export const signInAt = (): string => {
  const back = location.hash.startsWith("#/signin") ? "" : location.hash;
  return `${session.value?.sign_in ?? "/signin"}${back ? `?to=${encodeURIComponent(back)}` : ""}`;
};

export const signOut = async (): Promise<void> => {
  const { sign_out_at: at } = await call("DELETE") as Schemas["SignedOut"];
  if (at) location.assign(at);
  else location.reload(); // nothing of what was seen stays in the page
};
