// The console's page: it speaks the user's language, then shows the place in the address.
import { render } from "preact";
import { App } from "./app";
import { speak } from "./words";

await speak();
render(<App />, document.getElementById("root")!);
