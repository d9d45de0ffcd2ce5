import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import Value from 'typebox/value';
import { splitWords } from '../../../src/client/words.ts';
import { ErrorView, limits, SubmitRequest } from '../../../src/protocol/api.ts';
import { errorStatus, openApi } from '../../../src/protocol/openapi.ts';
import { defaultBounds } from '../../../src/web/bounds.ts';
import { displays, marked, readPage, sectionOf, squeezed, top } from '../../support/mdoc.ts';

const page = readPage('rayserver-protocol.7');
const description = JSON.parse(JSON.stringify(openApi('0'))) as Description;

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
}
interface Operation {
  parameters?: { name: string; in: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema?: Schema }> }>;
}
interface Description {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ title: `${method.toUpperCase()} ${path}`, operation })),
);
const titled = (section: string) =>
  [...page.sections.keys()].flatMap((key) => (key.startsWith(`${section}/`) ? [key.slice(section.length + 1)] : []));
const objects = titled('OBJECTS');

describe('rayserver-protocol(7) and the job port', () => {
  it('has every request, and no other', () => {
    expect(titled('REQUESTS')).to.have.members(operations.map(({ title }) => title));
  });

  for (const { title, operation } of operations) {
    const section = () => sectionOf(page, `REQUESTS/${title}`);

    it(`has every field of ${title}, and no other`, () => {
      const { parameters = [], requestBody, responses } = operation;
      const schemas = [
        requestBody?.content,
        ...Object.entries(responses)
          .filter(isGood)
          .map(([, { content }]) => content),
      ]
        .flatMap((content) => Object.values(content ?? {}))
        .flatMap(({ schema }) => (schema ? [schema] : []));
      const fields = schemas.flatMap((schema) => fieldsOf(schema));
      const queries = parameters.filter((one) => one.in === 'query').map(({ name }) => name);
      const expected = title === 'GET /openapi.json' ? [] : [...fields, ...queries];
      expect(wordsOf(section())).to.have.members([...new Set(expected)]);
    });

    it(`names the headers of ${title}`, () => {
      for (const { name } of (operation.parameters ?? []).filter((one) => one.in === 'header')) {
        expect(marked(section(), 'Li')).to.include(name);
      }
    });
  }

  for (const name of objects) {
    it(`has every field of ${name} with its fixed values, and no other`, () => {
      const schema = description.components.schemas[name];
      if (!schema) throw new Error(`openapi.json has no ${name}`);
      const section = sectionOf(page, `OBJECTS/${name}`);
      expect(wordsOf(section)).to.have.members([...new Set(fieldsOf(schema))]);
      for (const value of fixedValues(schema)) expect(marked(section, 'Li')).to.include(value);
    });
  }

  it('has every code of a refusal with its status, and no other', () => {
    const rows = sectionOf(page, 'REFUSALS').flatMap((line) => {
      const [, code = '', status] = /^\.It Li (\S+) Ta (\d+) Ta /.exec(line) ?? [];
      return status === undefined ? [] : [[code, Number(status)] as const];
    });
    const codes = ErrorView.properties.error.properties.code.enum;
    expect(rows).to.have.deep.members(codes.map((code) => [code, errorStatus(code)]));
  });

  it('has the fields of a refusal', () => {
    expect(wordsOf(sectionOf(page, 'REFUSALS'))).to.have.members(fieldsOf({ $ref: 'ErrorView' }));
  });

  it('has the bounds that hold', () => {
    const seconds = (milliseconds: number) => `${milliseconds / 1000} seconds`;
    const bounds = squeezed(sectionOf(page, 'BOUNDS'));
    const expected = [
      `Body of a request Ta ${limits.bodyBytes} bytes, of a job ${limits.submitBytes}`,
      `Requests with larger bodies than ${limits.bodyBytes} bytes at a time Ta ${defaultBounds.largeBodies}`,
      `Nesting of arrays and objects in a body Ta ${limits.depth}`,
      `Path and query Ta ${defaultBounds.urlBytes} bytes`,
      `All headers Ta ${defaultBounds.headerBytes} bytes, ${defaultBounds.headers} lines`,
      `Connections over TCP Ta ${defaultBounds.connections}`,
      `Connections to the Unix socket Ta ${defaultBounds.localConnections}`,
      `Requests of one connection at a time Ta ${defaultBounds.pipelined}`,
      `Event streams Ta ${defaultBounds.streams}, of one user ${defaultBounds.streams / 2}`,
      `Time for the headers Ta ${seconds(defaultBounds.headersMs)}`,
      `Time for the whole request Ta ${seconds(defaultBounds.requestMs)}`,
      `Idle connection Ta ${seconds(defaultBounds.keepAliveMs)}`,
      `Answer that nobody reads Ta ${defaultBounds.stallMs / 60_000} minutes`,
      `Event stream that nobody reads Ta ${seconds(defaultBounds.slowReaderMs)}`,
    ];
    for (const bound of expected) expect(bounds).to.include(`.It ${bound}`);
    const submit = squeezed(sectionOf(page, 'REQUESTS/POST /api/v1/jobs'));
    expect(submit).to.include(`${limits.views} at most`).and.include(`${limits.variables} at most`);
    expect(submit).to.include(`1 to ${limits.words} strings of ${limits.word} bytes at most`);
    expect(submit).to.include(`${limits.name} characters at most`).and.include(`${limits.text} characters at most`);
  });
});

describe('the examples of rayserver-protocol(7)', () => {
  const calls = displays(sectionOf(page, 'EXAMPLES/curl'))
    .join('\n')
    .split(/^\$ /m)
    .filter((line) => line.startsWith('curl '))
    .map((line) => readCurl(line.replace(/\\\n/g, ' ')));

  it('call curl with requests that there are', () => {
    expect(calls).to.have.length.of.at.least(5);
    for (const { method, url } of calls)
      expect(operations.some(({ title }) => fits(title, method, url.pathname))).to.equal(true);
  });

  it('submit a job that the port takes', () => {
    const bodies = calls.flatMap(({ body }) => (body === null ? [] : [JSON.parse(body) as unknown]));
    expect(bodies).to.have.length(1);
    for (const body of bodies) expect(Value.Errors(SubmitRequest, body)).to.deep.equal([]);
  });

  it('name a way in: the socket, or the token', () => {
    for (const { socket, url, headers } of calls) {
      if (socket) expect(url.host).to.equal('localhost');
      else expect([url.host, headers]).to.deep.equal(['127.0.0.1:9182', ['Authorization: Bearer $token']]);
    }
  });

  it('say what kind of body they send', () => {
    for (const { body, headers } of calls)
      expect(headers.includes('Content-Type: application/json')).to.equal(body !== null);
  });

  it('show the client of the clone to the letter, but for line ends', () => {
    const [shown = ''] = displays(sectionOf(page, 'EXAMPLES/JavaScript and TypeScript'));
    const client = readFileSync(join(top, 'examples/client/submit.mjs'), 'utf8');
    const letters = (text: string) => text.replace(/^\/\/ |\s+/gm, '');
    expect(letters(shown)).to.equal(letters(client));
  });
});

function isGood([status]: [string, unknown]): boolean {
  return status.startsWith('2');
}

/** Words that `.Ic` marks, but for settings, which are another page's and have a point in them. */
function wordsOf(lines: readonly string[]): string[] {
  return [...new Set(marked(lines, 'Ic'))].filter(
    (word) => (!word.includes('.') && word !== 'finishedAt') || lines.includes(`.It Ic ${word}`),
  );
}

/** Names of all fields, but not of objects that have a section of their own. */
function fieldsOf(schema: Schema): string[] {
  const name = schema.$ref?.split('/').at(-1);
  if (name !== undefined) return objects.includes(name) ? [] : fieldsOf(description.components.schemas[name] ?? {});
  const inner = [...(schema.anyOf ?? []), ...(schema.items ? [schema.items] : [])].flatMap(fieldsOf);
  return [...inner, ...Object.entries(schema.properties ?? {}).flatMap(([key, value]) => [key, ...fieldsOf(value)])];
}

function fixedValues(schema: Schema): unknown[] {
  const here = [...(schema.enum ?? []), ...('const' in schema ? [schema.const] : [])];
  const inner = [...(schema.anyOf ?? []), ...Object.values(schema.properties ?? {})];
  return [...here, ...inner.flatMap(fixedValues)];
}

interface Curl {
  method: string;
  url: URL;
  socket: boolean;
  headers: string[];
  body: string | null;
}

/** Takes a call of curl apart; knows the options of the page only. */
function readCurl(line: string): Curl {
  const [, ...words] = splitWords(line, 'the example');
  const call: Omit<Curl, 'url'> & { url: string | null } = {
    method: '',
    url: null,
    socket: false,
    headers: [],
    body: null,
  };
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const value = () => words.shift() ?? '';
    if (word === '-N') continue;
    if (word === '--unix-socket') call.socket = value() === '$socket';
    else if (word === '-H') call.headers.push(value());
    else if (word === '-X') call.method = value();
    else if (word === '-d') call.body = value();
    else if (word === '-o') value();
    else if (!word.startsWith('-') && call.url === null) call.url = word;
    else throw new Error(`an option of curl that the test does not know: ${word}`);
  }
  return { ...call, method: call.method || (call.body === null ? 'GET' : 'POST'), url: new URL(call.url ?? '') };
}

function fits(title: string, method: string, path: string): boolean {
  const pattern = title.replace('{id}', '[1-9][0-9]*').replace('{path}', '.+');
  return new RegExp(`^${pattern}$`).test(`${method} ${path}`);
}
