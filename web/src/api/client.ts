/** One place where requests leave the page: same origin, JSON, the CSRF token, and problems as typed errors. */

import type { ProblemDocument } from "./records";

const ROOT = "/api/v1";

/** The server answered, and said no. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  constructor(readonly problem: ProblemDocument) {
    super([problem.detail || problem.title, problem.remedy].filter(Boolean).join(" "));
  }
  get status(): number {
    return this.problem.status;
  }
}

/** Nothing answered at all: the server or the network between is away. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

type Parameters = Record<string, string | number | boolean | null | undefined>;

export function address(path: string, parameters: Parameters = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return ROOT + path + (text ? `?${text}` : "");
}

export interface Client {
  get: <Answer>(path: string, parameters?: Parameters, signal?: AbortSignal) => Promise<Answer>;
  text: (path: string, parameters: Parameters, accept: string) => Promise<string>;
  post: <Answer>(path: string, body?: unknown) => Promise<Answer>;
  put: <Answer>(path: string, body: unknown) => Promise<Answer>;
  remove: <Answer>(path: string) => Promise<Answer>;
}

/** `token` is read at the time of each request, `onSignedOut` is told when the session turns out to have ended. */
export function createClient(token: () => string, onSignedOut: () => void): Client {
  async function send(method: string, url: string, options: { body?: unknown; accept?: string; signal?: AbortSignal } = {}) {
    const headers: Record<string, string> = { Accept: options.accept ?? "application/json" };
    if (method !== "GET") headers["X-CSRF-Token"] = token();
    if (options.body !== undefined) headers["Content-Type"] = "application/json";
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        headers,
        credentials: "same-origin",
        body: options.body === undefined ? null : JSON.stringify(options.body),
        signal: options.signal ?? null,
      });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new Unreachable("The server cannot be reached.");
    }
    if (response.ok) return response;
    const problem = await readProblem(response);
    if (response.status === 401 && !url.endsWith("/session")) onSignedOut();
    throw new ApiProblem(problem);
  }

  async function json<Answer>(response: Response): Promise<Answer> {
    const text = await response.text();
    return (text ? JSON.parse(text) : null) as Answer;
  }

  return {
    get: async (path, parameters, signal) => json(await send("GET", address(path, parameters), signal ? { signal } : {})),
    text: async (path, parameters, accept) => (await send("GET", address(path, parameters), { accept })).text(),
    post: async (path, body) => json(await send("POST", address(path), { body: body ?? {} })),
    put: async (path, body) => json(await send("PUT", address(path), { body })),
    remove: async (path) => json(await send("DELETE", address(path))),
  };
}

async function readProblem(response: Response): Promise<ProblemDocument> {
  const fallback: ProblemDocument = {
    title: response.status >= 500 ? "The server failed to answer" : "The request was refused",
    status: response.status,
    detail: `It answered ${response.status} ${response.statusText}`.trim() + ".",
  };
  if (!(response.headers.get("Content-Type") ?? "").includes("json")) return fallback;
  try {
    const body = (await response.json()) as Partial<ProblemDocument>;
    return { ...fallback, ...body, status: response.status };
  } catch {
    return fallback;
  }
}
