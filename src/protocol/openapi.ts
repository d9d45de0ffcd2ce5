import type { TSchema } from 'typebox';
import type { RefusalCode } from '../model/refusal.ts';
import * as api from './api.ts';
import { type Answer, commonErrors, type ErrorCode, type Operation, operations } from './operations.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { [key: string]: Json };

/** Schemas that have a name in the description. */
const named = {
  SubmitRequest: api.SubmitRequest,
  ProjectName: api.ProjectName,
  JobView: api.JobView,
  JobList: api.JobList,
  JobNews: api.JobNews,
  TaskView: api.TaskView,
  TriedView: api.TriedView,
  TaskList: api.TaskList,
  LogView: api.LogView,
  HostView: api.HostView,
  HostList: api.HostList,
  ServerView: api.ServerView,
  ExamineRequest: api.ExamineRequest,
  FindingList: api.FindingList,
  ErrorView: api.ErrorView,
} as const satisfies Record<string, TSchema>;

const statusOfError: Readonly<Record<string, number>> = {
  ...api.refusalStatus,
  unauthorized: 401,
  'forbidden-origin': 403,
  'not-found': 404,
  internal: 500,
};

/** The HTTP status of an error; 500 for a code that is none. */
export function errorStatus(code: ErrorCode): number {
  return statusOfError[code] ?? 500;
}

/** The description of the job port, OpenAPI 3.1, made from the schemas that check it. */
export function openApi(version: string): JsonObject {
  const paths: { [path: string]: JsonObject } = {};
  for (const [name, operation] of Object.entries<Operation>(operations)) {
    const path = paths[operation.path] ?? {};
    path[operation.method.toLowerCase()] = describe(name, operation);
    paths[operation.path] = path;
  }
  const schemas = Object.entries(named).map(([name, schema]) => [name, plain(schema, false)] as const);
  return {
    openapi: '3.1.0',
    info: {
      title: 'rayserver',
      version,
      license: { name: 'MIT', identifier: 'MIT' },
      description: [
        'The job port of rayserver. On the Unix socket `run/submit.sock` of the home the kernel says who you are;',
        'over TCP every request but `/healthz` carries the token of the home, `config/token`.',
        'Requests whose Host or Origin is foreign are refused.',
      ].join(' '),
    },
    servers: [{ url: 'http://localhost:9182' }],
    security: [{ token: [] }, {}],
    paths,
    components: {
      schemas: Object.fromEntries(schemas),
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'TCP only; not on the Unix socket.' } },
    },
  };
}

function describe(name: string, operation: Operation): JsonObject {
  return {
    operationId: name,
    summary: operation.summary,
    ...(operation.open ? { security: [{}] } : {}),
    ...listed('parameters', [
      ...parameters('path', operation.params),
      ...parameters('query', operation.query),
      ...parameters('header', operation.headers),
    ]),
    ...(operation.body
      ? {
          requestBody: {
            required: !operation.bodyOptional,
            content: { 'application/json': { schema: plain(operation.body) } },
          },
        }
      : {}),
    responses: { ...answers(operation), ...errors(operation.refusals) },
  };
}

function listed(key: string, items: Json[]): JsonObject {
  return items.length === 0 ? {} : { [key]: items };
}

function parameters(place: 'path' | 'query' | 'header', schema: TSchema | undefined): JsonObject[] {
  if (!schema) return [];
  const { properties, required = [] } = plain(schema, false) as unknown as {
    properties: { [name: string]: JsonObject };
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name: place === 'header' ? headerName(name) : name,
    in: place,
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function headerName(name: string): string {
  const words = name.split('-').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return words.join('-').replace('-Id', '-ID');
}

function answers(operation: Operation): JsonObject {
  const all = Object.entries(operation.answers) as [string, Answer][];
  return Object.fromEntries(all.map(([status, answer]) => [status, { description: answer.says, ...content(answer) }]));
}

function content(answer: Answer): JsonObject {
  const types = answer.types ?? ['application/json'];
  const schema = answer.schema ? { schema: plain(answer.schema) } : {};
  const headers = Object.entries(answer.headers ?? {});
  return {
    ...(headers.length === 0
      ? {}
      : {
          headers: Object.fromEntries(
            headers.map(([name, says]) => [name, { description: says, schema: { type: 'string' } }]),
          ),
        }),
    content: Object.fromEntries(types.map((type) => [type, schema])),
  };
}

/** Errors by status, each with the codes that it may carry. */
function errors(refusals: readonly RefusalCode[]): JsonObject {
  const codes = new Map<number, ErrorCode[]>();
  for (const code of [...commonErrors, ...refusals]) {
    const status = errorStatus(code);
    codes.set(status, [...(codes.get(status) ?? []), code]);
  }
  const error = { content: { 'application/json': { schema: plain(api.ErrorView) } } };
  const known = [...codes].map(([status, list]) => [String(status), { description: `${list.join(', ')}.`, ...error }]);
  return { ...Object.fromEntries(known), default: { description: 'Any other error.', ...error } };
}

/** Plain JSON of a schema, with references to the named ones. */
function plain(schema: object, mayRefer = true): Json {
  const found = Object.entries(named).find(([, candidate]) => candidate === schema);
  if (mayRefer && found) return { $ref: `#/components/schemas/${found[0]}` };
  if (Array.isArray(schema)) return schema.map(plainValue);
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, plainValue(value)]));
}

function plainValue(value: unknown): Json {
  return typeof value === 'object' && value !== null ? plain(value) : (value as Json);
}
