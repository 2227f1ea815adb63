// The console's page: it speaks the user's language, then shows the place in the address.
import { render } from "preact";
import { App } from "./app";
import { arrive } from "./state/session";
import { learn, speak } from "./words";

const root = document.getElementById("root")!;
if (location.pathname === "/share") { // a guest has no account, and nothing of the console
  const [{ Guest }] = await Promise.all([learn(() => import("./pages/guest")), speak()]);
  render(<Guest />, root);
} else {
  await Promise.all([speak(), arrive()]);
  render(<App />, root);
}
