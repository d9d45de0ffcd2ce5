import type { IncomingMessage, ServerResponse } from 'node:http';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { limits } from '../protocol/api.ts';
import { type Operation, operations } from '../protocol/operations.ts';
import type { Bounds } from './bounds.ts';
import { explain, internalProblem, type PartSchemas } from './explain.ts';
import type { Caller } from './farm.ts';
import { parseJson } from './json.ts';
import { lazySchemas } from './lazy-schemas.ts';
import type { Log } from './listener.ts';
import { loggedPath } from './logged-path.ts';
import { readNumbers } from './numbers.ts';
import { errorView, type Problem, problem } from './problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Its name in openapi.json. */
    operation?: string;
  }
  interface FastifyRequest {
    /** Who asks; null where the operation needs nobody. */
    caller: Caller | null;
  }
}

/** The application without its routes; requests come in by {@link Application.enter}, from any listener. */
export interface Application {
  readonly routes: FastifyInstance;
  enter(request: IncomingMessage, response: ServerResponse, caller: Caller | null): void;
  /** What a request has asked for, as openapi.json names it; `none` if it came to nothing. */
  operationOf(request: IncomingMessage): string;
}

/** Where errors of ours are told, and the path of that file for people. */
interface ErrorLog {
  readonly log: Log;
  readonly logFile: string;
}

export function createApplication(bounds: Bounds, { log, logFile }: ErrorLog): Application {
  const callers = new WeakMap<IncomingMessage, Caller>();
  const names = new WeakMap<IncomingMessage, string>();
  const onError = (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const told = explain(error, schemasOf(request), request) ?? internal(error, request, { log, logFile });
    return answer(reply, told);
  };
  const app = fastify({
    logger: false,
    bodyLimit: limits.bodyBytes,
    // The reception says it, with an error of our shape.
    return503OnClosing: false,
    exposeHeadRoutes: true,
    routerOptions: { maxParamLength: bounds.urlBytes },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false, allErrors: false } },
    schemaController: lazySchemas,
    frameworkErrors: onError,
  });
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request) => {
    request.caller = callers.get(request.raw) ?? null;
    names.set(request.raw, request.routeOptions.config.operation ?? 'none');
  });
  app.addHook('preValidation', async (request) => {
    renameRest(request.params);
    readNumbers(request.params, request.routeOptions.schema?.params);
    readNumbers(request.query, request.routeOptions.schema?.querystring);
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.raw.setTimeout(bounds.stallMs, () => reply.raw.destroy());
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) =>
    body.length === 0 ? undefined : parseJson(body, limits.depth),
  );
  app.setErrorHandler(onError);
  app.setNotFoundHandler((request, reply) => answer(reply, nothingThere(request)));
  const enter = (request: IncomingMessage, response: ServerResponse, caller: Caller | null) => {
    if (caller) callers.set(request, caller);
    app.routing(request, response);
  };
  return { routes: app, enter, operationOf: (request) => names.get(request) ?? 'none' };
}

/** The router calls the last parts of a path `*`; our schemas call them `path`. */
function renameRest(params: unknown): void {
  const named = params as Record<string, unknown>;
  if (named['*'] !== undefined) named['path'] = named['*'];
  delete named['*'];
}

function answer(reply: FastifyReply, told: Problem): FastifyReply {
  // Fastify closes after a bad body; the listener throws the rest of it away instead, so that the answer arrives.
  reply.removeHeader('connection');
  return reply
    .code(told.status)
    .headers({ ...told.headers })
    .type('application/json; charset=utf-8')
    .send(errorView(told));
}

function internal(error: unknown, request: FastifyRequest, { log, logFile }: ErrorLog): Problem {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log('error', `${request.method} ${loggedPath(request.url)} failed: ${what}`);
  return internalProblem(logFile);
}

function schemasOf(request: FastifyRequest): PartSchemas {
  return { ...(request.routeOptions?.schema ?? {}) };
}

function nothingThere(request: FastifyRequest): Problem {
  const path = request.url.split('?', 1)[0] ?? '';
  const allowed = Object.values<Operation>(operations)
    .filter((operation) => pattern(operation.path).test(path))
    .flatMap((operation) => (operation.method === 'GET' ? ['GET', 'HEAD'] : [operation.method]));
  if (allowed.length === 0)
    return problem(404, 'not-found', 'There is nothing at this path; /openapi.json lists what there is.');
  const methods = allowed.join(', ');
  return problem(405, 'not-found', `This path knows the methods ${methods} only.`, { Allow: methods });
}

function pattern(path: string): RegExp {
  return new RegExp(
    `^${path
      .replace('.', '\\.')
      .replace('{path}', '.+')
      .replace(/\{[a-z]+\}/g, '[^/]+')}$`,
  );
}
