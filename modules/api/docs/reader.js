// Reads the OpenAPI document and lists its operations. Text goes in as text, so
// that nothing in the document can become markup.

const make = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
};

const maxDepth = 4;

const resolver = (doc) => (schema) => {
  if (!schema || !schema.$ref) return schema;
  return doc.components.schemas[schema.$ref.split("/").pop()];
};

const typeName = (schema) => {
  if (!schema) return "any";
  const one = (schema.allOf ?? schema.anyOf ?? []).find((s) => s.type !== "null");
  if (one) return typeName(one);
  if (schema.type === "array" || (Array.isArray(schema.type) && schema.type.includes("array"))) return `array of ${typeName(schema.items)}`;
  if (schema.$ref) return "object";
  const kinds = [].concat(schema.type ?? "any").join(" or ");
  return schema.format ? `${kinds} (${schema.format})` : kinds;
};

const limits = (s) => [
  s.minimum !== undefined && `from ${s.minimum}`, s.maximum !== undefined && `to ${s.maximum}`,
  s.minItems !== undefined && `at least ${s.minItems}`, s.maxItems !== undefined && `at most ${s.maxItems}`,
  s.maxLength !== undefined && `at most ${s.maxLength} characters`, s.enum && s.enum.join(", "),
  s.default !== undefined && `default ${JSON.stringify(s.default)}`,
].filter(Boolean).join("; ");

const row = (name, type, required, text, depth = 0) => make("tr", {},
  make("td", {}, make("span", { className: "deep", textContent: "› ".repeat(depth) }), make("code", { textContent: name })),
  make("td", { textContent: type }),
  make("td", { textContent: [required && "needed", text].filter(Boolean).join(". ") }));

const head = () => make("tr", {}, ...["Name", "Type", ""].map((t) => make("th", { scope: "col", textContent: t })));

const fields = (resolve, schema, depth = 0) => {
  const full = resolve(schema);
  if (!full || depth > maxDepth) return [];
  if (full.allOf || full.anyOf) return (full.allOf ?? full.anyOf).flatMap((s) => fields(resolve, s, depth));
  if (full.type === "array" || (Array.isArray(full.type) && full.type.includes("array"))) return fields(resolve, full.items, depth);
  return Object.entries(full.properties ?? {}).flatMap(([name, s]) => {
    const inner = resolve(s);
    const text = [inner?.description ?? s.description, limits(inner ?? s)].filter(Boolean).join(". ");
    return [row(name, typeName(s), (full.required ?? []).includes(name), text, depth), ...fields(resolve, s, depth + 1)];
  });
};

const table = (rows) => rows.length ? make("table", {}, make("thead", {}, head()), make("tbody", {}, ...rows)) : null;

const block = (title, content) => content ? make("div", {}, make("h4", { textContent: title }), content) : null;

const code = (value) => make("pre", {}, make("code", { textContent: JSON.stringify(value, null, 2) }));

// failures lists an operation's errors: the status, and each code with its words.
const failures = (op) => Object.entries(op.responses ?? {}).filter(([, r]) => r.content?.["application/problem+json"])
  .flatMap(([status, r]) => Object.entries(r.content["application/problem+json"].examples ?? {}).map(([name, e]) => row(name, status, false, e.summary)));

// The key that calls are tried with stays in this page alone: it is gone with it.
let key = "";

// example is a body's example as it can be edited, with what the document gives.
const editable = (content) => (content ? JSON.stringify(content.example ?? {}, null, 2) : null);

const field = (label, input) => make("label", {}, make("span", { textContent: label }), input);

// send makes the call that a form describes, and shows its answer as text.
const send = async (form, path, verb, op, shown) => {
  const url = new URL(path, location.origin);
  const headers = new Headers();
  if (key) headers.set("X-API-Key", key);
  let at = path;
  for (const input of form.querySelectorAll("[data-in]")) {
    const value = input.value.trim();
    if (input.dataset.in === "path") at = at.replace(`{${input.name}}`, encodeURIComponent(value));
    else if (value && input.dataset.in === "query") url.searchParams.set(input.name, value);
    else if (value && input.dataset.in === "header") headers.set(input.name, value);
  }
  url.pathname = at;
  let body;
  const text = form.querySelector("textarea");
  if (op.requestBody?.content?.["multipart/form-data"]) {
    body = new FormData();
    for (const input of form.querySelectorAll("[data-form]")) {
      if (input.type === "file" ? input.files.length : input.value) body.set(input.name, input.type === "file" ? input.files[0] : input.value);
    }
  } else if (text?.value.trim()) {
    body = text.value;
    headers.set("Content-Type", "application/json");
  }
  shown.textContent = "…";
  try {
    const answer = await fetch(url, { method: verb.toUpperCase(), headers, body, credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(60000) });
    const kind = answer.headers.get("Content-Type") ?? "";
    let said = kind.includes("json") || kind.startsWith("text/") ? await answer.text() : `${(await answer.blob()).size} bytes of ${kind}`;
    try { said = JSON.stringify(JSON.parse(said), null, 2); } catch { /* not JSON: shown as it is */ }
    shown.textContent = `${answer.status} ${answer.statusText}\n\n${said.slice(0, 100000)}`;
  } catch (error) {
    shown.textContent = `No answer: ${error.message}`;
  }
};

// tryIt is the form with which an operation is called from this page.
const tryIt = (path, verb, op) => {
  if (op.responses?.["200"]?.content?.["text/event-stream"]) return null; // it does not end
  const shown = make("pre", { className: "answer" });
  shown.setAttribute("role", "status");
  const form = make("form");
  const keyed = (op.security ?? []).some((one) => Object.keys(one).length > 0);
  if (keyed) {
    const input = make("input", { type: "password", autocomplete: "off", value: key, placeholder: "not needed with opal dev" });
    input.addEventListener("input", () => { key = input.value; });
    form.append(field("X-API-Key", input));
    form.addEventListener("focusin", () => { if (input !== document.activeElement) input.value = key; });
  }
  for (const p of op.parameters ?? []) {
    const input = make("input", { name: p.name, required: p.in === "path", placeholder: p.schema?.default ?? "" });
    input.dataset.in = p.in;
    form.append(field(`${p.name} (${p.in})`, input));
  }
  const content = op.requestBody?.content ?? {};
  for (const [name, schema] of Object.entries(content["multipart/form-data"]?.schema?.properties ?? {})) {
    const input = make("input", { name, type: schema.format === "binary" ? "file" : "text" });
    input.dataset.form = "";
    form.append(field(name, input));
  }
  const text = editable(content["application/json"]);
  if (text) form.append(field("Body", make("textarea", { value: text, rows: Math.min(16, text.split("\n").length + 1), spellcheck: false })));
  form.append(make("button", { type: "submit", textContent: `Send ${verb.toUpperCase()}` }), shown);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form, path, verb, op, shown);
  });
  return make("details", {}, make("summary", { textContent: "Try it" }), form);
};

const operation = (resolve, path, verb, op) => {
  const params = (op.parameters ?? []).map((p) => row(p.name, `${typeName(p.schema)}, in ${p.in}`, p.required, [p.description, limits(p.schema ?? {})].filter(Boolean).join(". ")));
  const bodies = Object.entries(op.requestBody?.content ?? {}).map(([type, c]) => make("div", {}, block(`Body, ${type}`, table(fields(resolve, c.schema))), block("Example", c.example ? code(c.example) : null)));
  const answers = Object.entries(op.responses ?? {}).filter(([status]) => status < "400").flatMap(([status, r]) => Object.entries(r.content ?? {})
    .map(([type, c]) => block(`${status}, ${type}`, table(fields(resolve, c.schema)))));
  return make("article", { id: op.operationId },
    make("h3", {}, make("span", { className: "verb", textContent: verb.toUpperCase() }), make("code", { textContent: path }), make("span", { textContent: op.summary ?? "" })),
    make("div", {}, make("p", { textContent: op.description ?? "" }), block("Parameters", table(params)), ...bodies, ...answers, block("Errors", table(failures(op))), tryIt(path, verb, op)));
};

const show = (doc) => {
  document.querySelector("#version").textContent = doc.info.version;
  document.querySelector("#about").textContent = doc.info.description ?? "";
  const resolve = resolver(doc);
  const byTag = new Map((doc.tags ?? []).map((tag) => [tag.name, []]));
  for (const [path, verbs] of Object.entries(doc.paths)) {
    for (const [verb, op] of Object.entries(verbs)) {
      const tag = op.tags?.[0] ?? "Other";
      byTag.set(tag, [...(byTag.get(tag) ?? []), { path, verb, op }]);
    }
  }
  const nav = document.querySelector("#nav");
  const main = document.querySelector("#main");
  main.replaceChildren();
  for (const [tag, ops] of byTag) {
    if (ops.length === 0) continue;
    nav.append(make("h2", { textContent: tag }), ...ops.map(({ path, verb, op }) => make("a", { href: `#${op.operationId}`, textContent: `${verb.toUpperCase()} ${path}` })));
    main.append(make("section", {}, make("h2", { textContent: tag }), ...ops.map(({ path, verb, op }) => operation(resolve, path, verb, op))));
  }
  nav.append(make("h2", { textContent: "Authentication" }), make("a", { href: "#authentication", textContent: "Keys and tokens" }));
  main.append(make("section", { id: "authentication" }, make("h2", { textContent: "Authentication" }), make("article", {}, make("div", {},
    table(Object.entries(doc.components.securitySchemes ?? {}).map(([name, s]) => row(name, s.name ?? s.scheme, false, s.description)))))));
  // The form of all errors is told once; their codes stand with each operation.
  nav.append(make("h2", { textContent: "Errors" }), make("a", { href: "#errors", textContent: "application/problem+json" }));
  main.append(make("section", { id: "errors" }, make("h2", { textContent: "Errors" }), make("article", {}, make("div", {},
    block("application/problem+json", table(fields(resolve, { $ref: "#/components/schemas/Problem" })))))));
};

try {
  const response = await fetch("/openapi.json");
  if (!response.ok) throw new Error(`the document answered ${response.status}`);
  show(await response.json());
  // What the address names was not there yet when the page was loaded.
  document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
} catch (error) {
  document.querySelector("#state").textContent = `The OpenAPI document could not be read: ${error.message}`;
}
