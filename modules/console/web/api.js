// The API's calls, as any client makes them.

const keyName = "opal.api-key";
const page = new URLSearchParams(location.search);

let askForKey = async () => false;

// whoCalls sets what is done when the service asks for a key: ask(wrong) shows
// the dialog and resolves to whether one was given.
export const whoCalls = (ask) => { askForKey = ask; };

export const key = {
  get: () => sessionStorage.getItem(keyName) ?? "",
  set: (value) => (value ? sessionStorage.setItem(keyName, value) : sessionStorage.removeItem(keyName)),
};

// Problem is an error that the service told.
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || `The service answered ${status}`);
    this.name = "Problem";
    this.status = status;
    this.code = body.code ?? "";
    this.correlationID = body.correlation_id ?? "";
    this.retryAfter = body.retryAfter ?? 0;
  }
}

const headers = (extra) => {
  const all = { ...extra };
  if (key.get()) all["X-API-Key"] = key.get();
  return all;
};

const address = (path, query = {}) => {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
  if (page.get("tenant_id")) url.searchParams.set("tenant_id", page.get("tenant_id"));
  return url;
};

const problemOf = async (response) => {
  let body = {};
  try { body = await response.json(); } catch { /* not JSON: the status has to do */ }
  body.retryAfter = Number(response.headers.get("Retry-After")) || 0;
  return new Problem(response.status, body);
};

// send calls and asks for a key once when the service wants one.
const send = async (path, options = {}, query = {}) => {
  for (let again = true; ; again = false) {
    let response;
    try {
      response = await fetch(address(path, query), { ...options, headers: headers(options.headers), cache: "no-store" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem(0, { detail: "The service can't be reached. Is it running?" });
    }
    if (response.status === 401 && again && await askForKey(key.get() !== "")) continue;
    if (!response.ok) throw await problemOf(response);
    return response;
  }
};

const get = async (path, query) => (await send(path, {}, query)).json();

const post = async (path, body, extra = {}) => (await send(path, {
  method: "POST", body: body === undefined ? undefined : JSON.stringify(body),
  headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...extra },
})).json();

const id = encodeURIComponent;

export const scenes = async () => (await get("/v1/scenes")).scenes;
export const presets = async () => (await get("/v1/presets")).presets;
export const brands = async () => (await get("/v1/brand-profiles")).brand_profiles;
export const jobs = async () => (await get("/v1/jobs", { limit: "12" })).jobs;
export const job = (jobID) => get(`/v1/jobs/${id(jobID)}`);
const once = () => ({ "Idempotency-Key": crypto.randomUUID?.() ?? String(Math.random()) });
export const createJob = (request) => post("/v1/jobs", request, once());
export const uploadURL = (request) => post("/v1/uploads/sas", request);
export const complete = (request) => post("/v1/uploads/complete", request);
export const cancel = (jobID) => post(`/v1/jobs/${id(jobID)}/cancel`);
export const retry = (jobID, itemID) => post(`/v1/jobs/${id(jobID)}/items/${id(itemID)}/retry`, undefined, once());
export const decide = (jobID, itemID, verb) => post(`/v1/jobs/${id(jobID)}/items/${id(itemID)}/${verb}`, {});
export const outputURL = async (itemID) => (await get(`/v1/downloads/${id(itemID)}`)).download_url;
export const originalURL = async (itemID) => (await get(`/v1/downloads/${id(itemID)}/original`)).download_url;
export const cutoutURL = async (itemID) => (await get(`/v1/downloads/${id(itemID)}/cutout`)).download_url;
export const variantURL = async (itemID, preset) => (await get(`/v1/downloads/${id(itemID)}/${id(preset)}`)).download_url;
// zipParts returns the parts of the job's ZIP: url and bytes of each.
export const zipParts = async (jobID) => (await get(`/v1/downloads/jobs/${id(jobID)}/export`)).parts;

// events reads a job's event stream and calls tell(type, data) for each event.
// It resolves when the stream ends, and throws when it breaks.
export const events = async (jobID, lastEventID, tell, signal) => {
  const response = await send(`/v1/jobs/${id(jobID)}/events`, { signal, headers: lastEventID ? { "Last-Event-ID": lastEventID } : {} });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
      if (fields.event) tell(fields.event, fields.data ? JSON.parse(fields.data) : null, fields.id ?? "");
    }
  }
};

// put sends a photo to its upload URL and tells how far it is, 0 to 1.
export const put = (url, file, progress) => new Promise((resolve, reject) => {
  const request = new XMLHttpRequest();
  request.open("PUT", url);
  request.setRequestHeader("x-ms-blob-type", "BlockBlob");
  request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
  request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
  request.onload = () => (request.status >= 200 && request.status < 300 ? resolve() : reject(new Problem(request.status, { detail: `The upload was refused (${request.status})` })));
  request.onerror = () => reject(new Problem(0, { detail: "The upload broke off" }));
  request.send(file);
});
