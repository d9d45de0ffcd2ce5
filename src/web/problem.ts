import type { ErrorView } from '../protocol/api.ts';
import type { ErrorCode } from '../protocol/operations.ts';

/** An answer that says no: HTTP status, further headers, and the error as the client sees it. */
export interface Problem {
  readonly status: number;
  readonly code: ErrorCode;
  /** One sentence. */
  readonly message: string;
  readonly job?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export function problem(
  status: number,
  code: ErrorCode,
  message: string,
  headers: Record<string, string> = {},
): Problem {
  return { status, code, message, headers };
}

export function errorView(told: Problem): ErrorView {
  const job = told.job === undefined ? {} : { job: told.job };
  return { error: { code: told.code, message: told.message, ...job } };
}

/** Headers of every answer. */
export const safeHeaders = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;

export function tooLargeBody(most: number): Problem {
  return problem(413, 'too-large', `The body is larger than ${most} bytes, the most that is taken here.`);
}
