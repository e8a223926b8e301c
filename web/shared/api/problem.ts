/** A refusal of the API (RFC 9457), or that it could not be reached. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    /** Stable: texts and decisions go by it. `unreachable` is the page's own. */
    readonly code: string,
    readonly detail: string,
    readonly extra: Record<string, unknown> = {},
    /** Seconds after which to try again, where the API says so. */
    readonly retryAfter: number | null = null,
  ) {
    super(code);
    this.name = "Problem";
  }

  static async of(response: Response): Promise<Problem> {
    const after = Number(response.headers.get("Retry-After"));
    let body: Record<string, unknown> = {};
    try {
      body = (await response.clone().json()) as Record<string, unknown>;
    } catch {
      // A gateway's own answer: the status alone tells.
    }
    const { code, detail, ...extra } = body;
    return new Problem(
      response.status,
      typeof code === "string" ? code : GATEWAY[response.status] ?? "internal_fault",
      typeof detail === "string" ? detail : "",
      extra,
      after > 0 ? after : null,
    );
  }
}

/** What the gateway answers by itself, before any function is asked. */
const GATEWAY: Record<number, string> = {
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  413: "body_too_large",
  429: "too_many_requests",
};
