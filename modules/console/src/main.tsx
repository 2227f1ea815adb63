// The console's page: it speaks the user's language, then shows the place in the address.
import { render } from "preact";
import { App } from "./app";
import { arrive } from "./state/session";
import { speak } from "./words";

await Promise.all([speak(), arrive()]);
render(<App />, document.getElementById("root")!);
