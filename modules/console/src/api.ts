// The API's calls, typed by its OpenAPI document.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

// tenant is what a page's address names, for services without credentials.
export const tenant = new URLSearchParams(location.search).get("tenant_id");

// Problem is an error that the service told.
export class Problem extends Error {
  constructor(readonly status: number, readonly code: string, detail: string, readonly correlationID = "", readonly retryAfter = 0) {
    super(detail);
    this.name = "Problem";
  }
}

// The name of what is thrown when the service can't be reached.
export const unreachable = "unreachable";

// isAway says whether an error is passing: the service, or the network on the way to it, is away.
export const isAway = (error: unknown): boolean => error instanceof Problem && (error.code === unreachable || error.status >= 502 && error.status <= 504);

// whenBack calls once as soon as the browser has a network again, or some seconds later: it may be the
// service itself that is away. It returns what stops that.
export const whenBack = (call: () => void): (() => void) => {
  const now = (): void => { stop(); call(); };
  const timer = setTimeout(now, 4000);
  const stop = (): void => { clearTimeout(timer); removeEventListener("online", now); };
  addEventListener("online", now);
  return stop;
};

let askWho: () => Promise<boolean> = async () => false;

// whoCalls sets what is done when the service asks who calls: a sign-in, which may succeed.
export const whoCalls = (ask: () => Promise<boolean>): void => { askWho = ask; };

export const address = (path: string, query: Record<string, string> = {}): string => {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
  if (tenant) url.searchParams.set("tenant_id", tenant);
  return url.href;
};

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

// send calls, waits where the service says so, and asks once for a sign-in where it wants one.
export const send = async (request: Request): Promise<Response> => {
  // The body is read once, so that it can be sent again.
  const body = request.body ? await request.arrayBuffer() : undefined;
  for (let attempt = 0; ; attempt++) {
    const headers = new Headers(request.headers);
    let answer: Response;
    try {
      answer = await fetch(address(request.url), { method: request.method, headers, body, signal: request.signal });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new Problem(0, unreachable, "The service can't be reached");
    }
    const pause = Number(answer.headers.get("Retry-After")) || 0;
    // what is away is looked for again where nothing is changed: who presses a button hears it immediately
    if ((answer.status === 429 || answer.status === 503 && request.method === "GET") && attempt < 4 && pause > 0 && pause <= 30) {
      await wait(pause * 1000);
      continue;
    }
    if (answer.status === 401 && attempt === 0 && await askWho()) continue;
    return answer;
  }
};

export const client = createClient<paths>({ baseUrl: location.origin, fetch: send });

type Result<T> = { data?: T; error?: unknown; response: Response };

// problemOf reads an error's body: a problem document, or whatever came instead.
export const problemOf = (response: Response, body: unknown): Problem => {
  const said = (typeof body === "object" && body !== null ? body : {}) as { code?: string; detail?: string; correlation_id?: string };
  return new Problem(response.status, said.code ?? `http_${response.status}`, said.detail ?? `HTTP ${response.status}`, said.correlation_id, Number(response.headers.get("Retry-After")) || 0);
};

// got returns a call's answer, and throws a Problem when there is none.
export const got = async <T>(call: Promise<Result<T>>): Promise<T> => {
  // what is thrown is a page of something between here and the service, or an answer that broke off
  const { data, error, response } = await call.catch((broken: Error) => { throw broken instanceof Problem || broken.name === "AbortError" ? broken : new Problem(0, unreachable, broken.message); });
  if (error !== undefined || data === undefined) throw problemOf(response, error);
  return data;
};

// once is the header of a call that is repeated without being made twice.
export const once = (): { "Idempotency-Key": string } => ({ "Idempotency-Key": crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` });

export type Told = (type: string, data: unknown, id: string) => void;

// events reads an event stream and tells each event. It resolves when the stream
// ends, and throws when it breaks.
export const events = async (path: string, query: Record<string, string>, lastEventID: string, tell: Told, signal: AbortSignal): Promise<void> => {
  const answer = await send(new Request(address(path, query), { signal, headers: lastEventID ? { "Last-Event-ID": lastEventID } : {} }));
  if (!answer.ok || !answer.body) throw problemOf(answer, await answer.json().catch(() => null));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields: Record<string, string> = {};
      for (const line of block.split("\n")) {
        const at = line.indexOf(":");
        if (at > 0) fields[line.slice(0, at)] = line.slice(at + 1).trimStart();
      }
      if (fields.event) tell(fields.event, fields.data ? JSON.parse(fields.data) : null, fields.id ?? "");
    }
  }
};
