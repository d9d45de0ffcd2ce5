import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { openApi } from '../../src/protocol/openapi.ts';

const ajv = new Ajv2020({ strict: false });
ajv.addSchema({ ...openApi('1.2.3'), $id: 'openapi.json' });
const compiled = new Map<string, ValidateFunction>();

interface Described {
  readonly responses: Readonly<Record<string, { content: Readonly<Record<string, { schema?: unknown }>> }>>;
}
const { paths } = openApi('1.2.3') as unknown as { paths: Record<string, Record<string, Described>> };

/**
 * Checks an answer against openapi.json: status, content type, and JSON against its schema.
 * @throws Error that says what openapi.json does not allow
 */
export function checkConforms(method: string, url: string, status: number, type: string, json: unknown): void {
  const path = url.split('?', 1)[0] ?? '';
  const template = Object.keys(paths).find((candidate) => pattern(candidate).test(path));
  const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
  const described = template === undefined ? undefined : paths[template]?.[verb];
  if (template === undefined || !described) {
    checkSchema('#/components/schemas/ErrorView', json, method);
    return;
  }
  const key = described.responses[status] ? String(status) : 'default';
  const content = described.responses[key]?.content ?? {};
  const plainType = type.split(';', 1)[0] ?? '';
  if (plainType === '' && Object.keys(content).length === 0) return;
  if (!content[plainType]) throw new Error(`${method} ${url}: ${status} with ${type} is not in openapi.json`);
  if (!content[plainType].schema) return;
  const pointer = ['paths', template, verb, 'responses', key, 'content', plainType, 'schema'];
  checkSchema(`#/${pointer.map((part) => encodeURIComponent(part.replaceAll('/', '~1'))).join('/')}`, json, method);
}

function checkSchema(pointer: string, json: unknown, method: string): void {
  if (method === 'HEAD') return;
  const check = compiled.get(pointer) ?? ajv.compile({ $ref: `openapi.json${pointer}` });
  compiled.set(pointer, check);
  if (!check(json)) throw new Error(`not as in openapi.json ${pointer}: ${ajv.errorsText(check.errors)}`);
}

function pattern(template: string): RegExp {
  return new RegExp(
    `^${template
      .replace('.', '\\.')
      .replace('{path}', '.+')
      .replace(/\{[a-z]+\}/g, '[^/]+')}$`,
  );
}
