import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { type Service, services } from '../model/service.ts';
import { ConfigError, shown } from './error.ts';
import {
  describeType,
  isOfType,
  isServiceKey,
  type SettingKey,
  type SettingType,
  settingsTable,
  understood,
} from './table.ts';

const groups = new Set(
  Object.keys(settingsTable)
    .filter((key) => key.includes('.'))
    .map((key) => key.slice(0, key.indexOf('.'))),
);

const isKey = (key: string): key is SettingKey => Object.hasOwn(settingsTable, key);

const isService = (name: string): name is Service => (services as readonly string[]).includes(name);

/** By their dotted keys. */
export type Values = Map<SettingKey, unknown>;

/** Where settings are being read: in the file as a whole, or for one service. */
interface Scope {
  readonly values: Values;
  readonly known: readonly SettingKey[];
}

/** Takes settings out of the YAML; what is not understood is a ConfigError. */
export class SettingsReader {
  readonly values: Values = new Map();
  readonly services = new Map<Service, Values>();
  readonly #file: string;
  readonly #lines = new LineCounter();

  constructor(file: string) {
    this.#file = file;
  }

  parse(text: string): YAMLMap | null {
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    const fault = document.errors[0] ?? document.warnings[0];
    if (fault) throw this.#error(fault.pos[0], faultSentence(fault));
    const root = document.contents;
    if (root === null || isNothing(root)) return null;
    if (!isMap(root)) throw this.#error(offsetOf(root), 'expected settings, each written "key: value".');
    return root;
  }

  readRoot(map: YAMLMap): void {
    const scope = { values: this.values, known: Object.keys(settingsTable) as SettingKey[] };
    for (const [name, value, at] of this.#pairsOf(map, '')) {
      if (name === 'services') this.#readServices(value, at);
      else this.#read(name, value, at, scope);
    }
  }

  #readServices(node: Node | null, at: number): void {
    if (isNothing(node)) return;
    if (!isMap(node)) throw this.#error(at, 'expected names of services below "services".');
    for (const [name, value, here] of this.#pairsOf(node, '')) {
      if (!isService(name)) {
        throw this.#error(here, `unknown service ${shown(name)}; expected one of ${services.join(', ')}.`);
      }
      const scope = {
        values: new Map(),
        known: Object.keys(settingsTable).filter((key) => isKey(key) && isServiceKey(key)),
      };
      if (!isNothing(value)) {
        if (!isMap(value)) throw this.#error(offsetOf(value), `expected settings below "${name}".`);
        for (const pair of this.#pairsOf(value, '')) this.#read(...pair, scope as Scope);
      }
      this.services.set(name, scope.values);
    }
  }

  /** One setting, or a group of them. */
  #read(name: string, value: Node | null, at: number, scope: Scope): void {
    if ((scope.known as readonly string[]).includes(name)) {
      this.#take(name as SettingKey, value, at, scope.values);
      return;
    }
    if (!groups.has(name) || !scope.known.some((key) => key.startsWith(`${name}.`))) {
      throw this.#error(at, `unknown setting ${shown(name)}; expected one of ${scope.known.join(', ')}.`);
    }
    if (isNothing(value)) return;
    if (!isMap(value)) throw this.#error(offsetOf(value), `expected settings below "${name}".`);
    for (const pair of this.#pairsOf(value, `${name}.`)) this.#read(...pair, scope);
  }

  *#pairsOf(map: YAMLMap, prefix: string): Generator<[name: string, value: Node | null, at: number]> {
    for (const { key, value } of map.items as Pair<Node, Node | null>[]) {
      const at = offsetOf(key);
      if (!isScalar(key)) throw this.#error(at, 'expected the name of a setting.');
      const name = prefix + String(key.value);
      if (isAlias(value)) throw this.#error(offsetOf(value), `expected a value for "${name}", not an alias.`);
      yield [name, value, at];
    }
  }

  #take(key: SettingKey, node: Node | null, at: number, values: Values): void {
    const { type, orNull } = settingsTable[key];
    if (values.has(key)) throw this.#error(at, `"${key}" is set a second time.`);
    const given = node === null ? null : writtenIn(node);
    const value = understood(type, given);
    if (value === null ? !orNull : !isOfType(type, value)) {
      const where = node === null ? at : offsetOf(node);
      throw this.#error(where, `expected ${describeType(type, orNull)} for "${key}", not ${inWords(type, given)}.`);
    }
    values.set(key, value);
  }

  #error(offset: number, sentence: string): ConfigError {
    return new ConfigError(this.#file, this.#lines.linePos(offset).line || 1, sentence);
  }
}

function isNothing(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

/** What was written instead, for a message. */
function inWords(type: SettingType, given: unknown): string {
  const list = type.is === 'paths' && Array.isArray(given) ? given : null;
  if (list) return inWords(type, list[list.findIndex((one) => !isOfType(type, [one]))]);
  if (given === undefined || Array.isArray(given)) return 'a list or mapping';
  return typeof given === 'string' ? shown(given) : String(given);
}

/** A value, or a list of values; undefined for anything else. */
function writtenIn(node: Node): unknown {
  if (isScalar(node)) return node.value;
  const items = isSeq(node) ? (node.items as Node[]) : null;
  return items?.every((item) => isScalar(item)) ? items.map((item) => (isScalar(item) ? item.value : null)) : undefined;
}

function offsetOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}

function faultSentence({ code, message }: YAMLError): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return 'a setting is written a second time.';
    case 'MULTIPLE_DOCS':
      return 'expected one document, not a second one after "---".';
    case 'RESOURCE_EXHAUSTION':
      return 'expected settings, not brackets nested this deep.';
    default:
      return `expected YAML: ${message.split('\n')[0]}`;
  }
}
