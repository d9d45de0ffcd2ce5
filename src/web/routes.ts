import { Readable } from 'node:stream';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import { Refusal } from '../model/refusal.ts';
import { JobView, limits } from '../protocol/api.ts';
import { openApi } from '../protocol/openapi.ts';
import { type Operation, operations, root } from '../protocol/operations.ts';
import type { EventStreams, Listener } from './events.ts';
import type { Caller, Farm } from './farm.ts';
import type { Metrics, Open } from './metrics.ts';
import { measured, resultHeaders, resultPath } from './results.ts';

/** Compiled once: the compiler knows it again. */
const jobSchema = { ...JobView };

export interface RouteOptions {
  readonly farm: Farm;
  readonly version: string;
  readonly streams: EventStreams;
  readonly metrics: Metrics;
  /** What is open now. */
  readonly open: () => Open;
}

/** Every operation of the job port, each with the checks of its schemas. */
export function addRoutes(routes: FastifyInstance, options: RouteOptions): void {
  addJobs(routes, options.farm);
  addVerbs(routes, options);
  addReading(routes, options);
  addServer(routes, options);
}

function addJobs(routes: FastifyInstance, farm: Farm): void {
  const app = routes.withTypeProvider<TypeBoxTypeProvider>();
  app.route({
    ...place(operations.submitJob),
    handler: async (request, reply) => {
      const key = request.headers['idempotency-key'] ?? null;
      const { job, fresh } = await farm.submit(known(request.caller), request.body, key);
      return reply
        .code(fresh ? 201 : 200)
        .header('Location', `${root}/jobs/${job.id}`)
        .send(job);
    },
  });
  app.route({
    ...place(operations.listJobs),
    handler: ({ query }) =>
      farm.jobs({ state: query.state ?? null, before: query.before ?? null, limit: query.limit ?? 100 }),
  });
  app.route({ ...place(operations.showJob), handler: ({ params }) => farm.job(params.id) });
  app.route({
    ...place(operations.listTasks),
    handler: ({ params, query }) => farm.tasks(params.id, query.after ?? 0, query.limit ?? 1000, query.state ?? null),
  });
}

function addVerbs(routes: FastifyInstance, { farm }: RouteOptions): void {
  const app = routes.withTypeProvider<TypeBoxTypeProvider>();
  app.route({
    ...place(operations.cancelJob),
    handler: ({ caller, params }) => farm.cancel(known(caller), params.id),
  });
  app.route({
    ...place(operations.pauseJob),
    handler: ({ caller, params }) => farm.pause(known(caller), params.id),
  });
  app.route({
    ...place(operations.resumeJob),
    handler: ({ caller, params }) => farm.resume(known(caller), params.id),
  });
  app.route({
    ...place(operations.retryJob),
    handler: ({ caller, params }) => farm.retry(known(caller), params.id),
  });
  app.route({
    ...place(operations.deleteJob),
    handler: async ({ caller, params }, reply) => {
      await farm.remove(known(caller), params.id);
      return reply.code(204).send();
    },
  });
}

function addReading(routes: FastifyInstance, { farm, streams }: RouteOptions): void {
  const app = routes.withTypeProvider<TypeBoxTypeProvider>();
  app.route({
    ...place(operations.readLog),
    handler: ({ params, query }) => farm.log(params.id, query.task ?? null, query.offset ?? 0),
  });
  app.route({
    ...place(operations.watchJob),
    exposeHeadRoute: false,
    handler: async ({ caller, headers, params }, reply) => {
      const encode = reply.compileSerializationSchema(jobSchema);
      const isOpen = await streams.openJob(params.id, listener(caller, headers, reply), (job) => encode(job));
      return isOpen ? reply : reply.code(204).send();
    },
  });
  app.route({
    ...place(operations.watchFarm),
    exposeHeadRoute: false,
    handler: async ({ caller, headers }, reply) => {
      streams.openFarm(listener(caller, headers, reply));
      return reply;
    },
  });
  app.route({
    ...place(operations.readResult),
    handler: async ({ method, params, query }, reply) => {
      const path = resultPath(params.path);
      const as = query.as ?? 'file';
      const { bytes, stream } = await farm.result(params.id, path, as);
      return sendFile(reply, { headers: resultHeaders(path, as, bytes), bytes, stream, headOnly: method === 'HEAD' });
    },
  });
}

function addServer(routes: FastifyInstance, { farm, version, metrics, open }: RouteOptions): void {
  const app = routes.withTypeProvider<TypeBoxTypeProvider>();
  // Made once: thousands of slow readers then wait for the same bytes.
  const description = Buffer.from(JSON.stringify(openApi(version)));
  app.route({ ...place(operations.listHosts), handler: async () => ({ hosts: await farm.hosts() }) });
  app.route({ ...place(operations.showServer), handler: ({ caller }) => farm.server(known(caller)) });
  app.route({
    ...place(operations.examine),
    handler: async ({ body }) => ({ findings: await farm.examine(body.directory ?? null, body.mend ?? null) }),
  });
  app.route({
    ...place(operations.describe),
    handler: (_request, reply) => reply.type('application/json; charset=utf-8').send(description),
  });
  app.route({
    ...place(operations.metrics),
    handler: async (_request, reply) =>
      reply.type(metrics.contentType).send(await metrics.text(await farm.measures(), open())),
  });
  app.route({
    ...place(operations.health),
    handler: async () => {
      if (!farm.healthy()) throw new Refusal('not-ready', 'The server is not ready: its host is not connected.');
      return { status: 'ok' };
    },
  });
}

function listener(caller: Caller | null, headers: { 'last-event-id'?: string }, reply: FastifyReply): Listener {
  const lastId = headers['last-event-id'] ?? null;
  return { user: known(caller).user, response: reply.raw, lastId, begin: () => reply.hijack() };
}

type Part<O extends Operation, Key extends keyof Operation> = O extends { readonly [key in Key]: infer Schema }
  ? Schema
  : undefined;

/** Where an operation is found, and the schemas that check it. */
function place<O extends Operation>(operation: O) {
  const response: Record<number, TSchema> = {};
  for (const [status, { schema }] of Object.entries(operation.answers)) if (schema) response[Number(status)] = schema;
  const { params, query, headers, body } = operation;
  const schema = {
    ...(params ? { params } : {}),
    ...(query ? { querystring: query } : {}),
    ...(headers ? { headers } : {}),
    ...(body ? { body } : {}),
    response,
  } as unknown as {
    params: Part<O, 'params'>;
    querystring: Part<O, 'query'>;
    headers: Part<O, 'headers'>;
    body: Part<O, 'body'>;
  };
  return {
    method: operation.method as O['method'],
    url: operation.path.replace('{path}', '*').replace(/\{([a-z]+)\}/g, ':$1'),
    schema,
    config: { operation: nameOf(operation) },
    bodyLimit: operation.bodyBytes ?? limits.bodyBytes,
    preValidation: async (request: FastifyRequest) => fitBody(request, operation),
  };
}

function nameOf(operation: Operation): string {
  return Object.entries<Operation>(operations).find(([, one]) => one === operation)?.[0] ?? 'none';
}

/** A body that may be left out, and one that nobody asked for. */
function fitBody(request: FastifyRequest, operation: Operation): void {
  if (operation.bodyOptional) request.body ??= {};
  const isEmpty = request.body === undefined || JSON.stringify(request.body) === '{}';
  if (!operation.body && !isEmpty) throw new Refusal('malformed', 'This request takes no body.');
}

/** The reception lets nobody in unknown where an operation needs to know. */
function known(caller: Caller | null): Caller {
  if (!caller) throw new Error('nobody is known to ask');
  return caller;
}

interface FileAnswer {
  readonly headers: Record<string, string>;
  readonly bytes: number | null;
  readonly stream: Readable;
  readonly headOnly: boolean;
}

async function sendFile(reply: FastifyReply, file: FileAnswer): Promise<FastifyReply> {
  const { stream, bytes } = file;
  const leave = () => stream.destroy();
  stream.on('error', () => undefined);
  if (reply.raw.destroyed) leave();
  else reply.raw.once('close', leave);
  const content = file.headOnly ? Readable.from([]) : await measured(stream, bytes);
  if (file.headOnly) leave();
  return reply.headers(file.headers).send(content);
}
