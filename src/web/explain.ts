import type { FastifyError } from 'fastify';
import { Refusal } from '../model/refusal.ts';
import { limits } from '../protocol/api.ts';
import { errorStatus } from '../protocol/openapi.ts';
import { BodyError } from './json.ts';
import { type Problem, problem, tooLargeBody } from './problem.ts';

/** The schemas of a route, by the part of the request that they check. */
export type PartSchemas = Readonly<Record<string, unknown>>;

/** What is known of the request; of its route only how large a body it takes. */
export interface Received {
  readonly body: unknown;
  readonly routeOptions: { readonly bodyLimit: number };
}

const nothing: Received = { body: undefined, routeOptions: { bodyLimit: limits.bodyBytes } };

/** What the client is told of an error; null if it is none of the client's: an error of ours. */
export function explain(error: unknown, schemas: PartSchemas, request: Received = nothing): Problem | null {
  if (error instanceof Refusal) return explainRefusal(error);
  if (error instanceof BodyError) return error.problem;
  if (!(error instanceof Error)) return null;
  const { code, validation, validationContext, statusCode } = error as Partial<FastifyError>;
  if (validation) {
    const part = validationContext ?? 'body';
    const mismatches = part === 'body' ? ofNamedKind(validation, schemas[part], request.body) : validation;
    return problem(400, 'malformed', explainMismatch(mismatches, part, schemas[part]));
  }
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return tooLargeBody(request.routeOptions.bodyLimit);
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_INVALID_CONTENT_TYPE':
      return problem(415, 'malformed', 'The content type of the body is not application/json.', {
        'Accept-Post': 'application/json',
      });
    case 'FST_ERR_BAD_URL':
      return problem(400, 'malformed', 'The path has a percent sign that begins no valid character.');
    default:
      return statusCode !== undefined && statusCode >= 400 && statusCode < 500
        ? problem(statusCode, 'malformed', 'The request cannot be understood.')
        : null;
  }
}

/** @param logFile - the path of the log that says more */
export function internalProblem(logFile: string): Problem {
  return problem(500, 'internal', `The server made an error; its log ${logFile} says more.`);
}

function explainRefusal(refusal: Refusal): Problem {
  const status = errorStatus(refusal.code);
  const headers = refusal.code === 'not-ready' ? { 'Retry-After': '2' } : {};
  const told = problem(status, refusal.code, refusal.message, headers);
  return refusal.job === null ? told : { ...told, job: refusal.job };
}

interface Mismatch {
  readonly keyword: string;
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string | undefined;
}

const places: Readonly<Record<string, string>> = {
  body: 'the body',
  params: 'the path',
  querystring: 'the query',
  headers: 'the headers',
};

/** Where a body is one of several kinds, what is wrong with it as the kind that it names; as the first, if it names none. */
function ofNamedKind(mismatches: readonly Mismatch[], schema: unknown, body: unknown): readonly Mismatch[] {
  const forms = schemaAt(schema, '#/anyOf');
  if (!Array.isArray(forms)) return mismatches;
  const kinds = forms.map((form: unknown) => schemaAt(form, '#/properties/kind/const'));
  const named = typeof body === 'object' && body !== null && 'kind' in body ? body.kind : kinds[0];
  const at = kinds.indexOf(named);
  if (at < 0) return [{ keyword: 'enum', instancePath: '/kind', schemaPath: '', params: { allowedValues: kinds } }];
  return mismatches.filter(({ schemaPath }) => schemaPath.startsWith(`#/anyOf/${at}/`));
}

/** One sentence from the errors of a schema; where a value fits none of several forms, it names the forms. */
function explainMismatch(mismatches: readonly Mismatch[], context: string, schema: unknown): string {
  const place = places[context] ?? context;
  const first = mismatches.find((mismatch) => mismatch.keyword === 'anyOf') ?? mismatches[0];
  if (!first) return `Something in ${place} is wrong.`;
  const { keyword, params, instancePath } = first;
  const name = instancePath === '' ? place : `"${instancePath.slice(1)}"`;
  switch (keyword) {
    case 'additionalProperties':
      return `Unknown key "${params['additionalProperty']}" in ${name}.`;
    case 'required':
      return `"${params['missingProperty']}" is missing in ${name}.`;
    case 'const':
      return `${capital(name)} must be ${JSON.stringify(params['allowedValue'])}.`;
    case 'enum':
      return `${capital(name)} must be one of ${list(params['allowedValues'])}.`;
    case 'type':
      return `${capital(name)} must be ${article(String(params['type']))}.`;
    case 'anyOf':
      return `${capital(name)} must be ${forms(schemaAt(schema, first.schemaPath)).join(', or ')}.`;
    default:
      return `${capital(name)} ${first.message ?? 'is wrong'}.`;
  }
}

function list(values: unknown): string {
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join(', ') : String(values);
}

function article(type: string): string {
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The part of a schema that a path such as `#/properties/project/anyOf` names. */
function schemaAt(schema: unknown, path: string): unknown {
  let found = schema;
  for (const part of path.split('/').slice(1))
    found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[part] : undefined;
  return found;
}

function forms(branches: unknown): string[] {
  if (!Array.isArray(branches)) return ['in a form that /openapi.json names'];
  return branches.map((branch: { const?: unknown; required?: string[]; type?: string }) => {
    if (branch.const !== undefined) return JSON.stringify(branch.const);
    if (branch.required) return `an object with ${branch.required.map((key) => `"${key}"`).join(' and ')}`;
    return article(branch.type ?? 'other value');
  });
}
