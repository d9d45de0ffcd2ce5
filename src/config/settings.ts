import {
  isAlias,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { ConfigError, shown } from './error.ts';
import { describeType, isOfType, type SettingKey, type SettingsTable, settingsTable } from './table.ts';

export { type SettingKey, type SettingType, settingsTable } from './table.ts';

type Head<Key extends string> = Key extends `${infer First}.${string}` ? First : Key;
type Tail<Key extends string, First extends string> = Key extends `${First}.${infer Rest}` ? Rest : never;

/** Dotted keys of the table are nested: `plan.seconds` is `settings.plan.seconds`. */
export type Settings = {
  readonly [First in Head<SettingKey>]: First extends SettingKey
    ? SettingsTable[First]['default']
    : {
        readonly [Rest in Tail<SettingKey, First>]: SettingsTable[Extract<`${First}.${Rest}`, SettingKey>]['default'];
      };
};

/**
 * Reads `config/rayserver.yaml`. What is not in the text has its default; an empty text is all defaults.
 * @param file its name, for messages
 * @throws ConfigError `FILE:LINE: what was expected` for anything that is not understood
 */
export function readSettings(text: string, file: string): Settings {
  const reader = new Reader(file);
  const root = reader.parse(text);
  if (root) reader.readMap(root, '');
  return settle(reader.values);
}

/** All settings at their defaults. */
export function defaultSettings(): Settings {
  return settle(new Map());
}

const groups = new Set(
  Object.keys(settingsTable)
    .filter((key) => key.includes('.'))
    .map((key) => key.slice(0, key.indexOf('.'))),
);

const isKey = (key: string): key is SettingKey => Object.hasOwn(settingsTable, key);

function settle(values: ReadonlyMap<SettingKey, unknown>): Settings {
  const settings: Record<string, unknown> = {};
  for (const [key, { default: usual }] of Object.entries(settingsTable)) {
    const value = values.has(key as SettingKey) ? values.get(key as SettingKey) : usual;
    const [first = key, rest] = key.split('.');
    if (rest === undefined) settings[first] = value;
    else settings[first] = { ...(settings[first] as object | undefined), [rest]: value };
  }
  return settings as Settings;
}

class Reader {
  readonly values = new Map<SettingKey, unknown>();
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
    if (root === null || (isScalar(root) && root.value === null)) return null;
    if (!isMap(root)) throw this.#error(offsetOf(root), 'expected settings, each written "key: value".');
    return root;
  }

  readMap(map: YAMLMap, prefix: string): void {
    for (const pair of map.items as Pair<Node, Node | null>[]) this.#readPair(pair, prefix);
  }

  #readPair({ key, value }: Pair<Node, Node | null>, prefix: string): void {
    const at = offsetOf(key);
    if (!isScalar(key)) throw this.#error(at, 'expected the name of a setting.');
    const name = prefix + String(key.value);
    if (isAlias(value)) throw this.#error(offsetOf(value), `expected a value for "${name}", not an alias.`);
    if (isKey(name)) {
      this.#take(name, value, at);
      return;
    }
    if (prefix !== '' || !groups.has(name)) {
      const known = Object.keys(settingsTable).join(', ');
      throw this.#error(at, `unknown setting ${shown(name)}; expected one of ${known}.`);
    }
    if (value === null || (isScalar(value) && value.value === null)) return;
    if (!isMap(value)) throw this.#error(offsetOf(value), `expected settings below "${name}".`);
    this.readMap(value, `${name}.`);
  }

  #take(key: SettingKey, node: Node | null, at: number): void {
    const { type, orNull } = settingsTable[key];
    if (this.values.has(key)) throw this.#error(at, `"${key}" is set a second time.`);
    const value = node === null ? null : isScalar(node) ? node.value : undefined;
    if (value === null ? !orNull : !isOfType(type, value)) {
      const given =
        value === undefined ? 'a list or mapping' : typeof value === 'string' ? shown(value) : String(value);
      const where = node === null ? at : offsetOf(node);
      throw this.#error(where, `expected ${describeType(type, orNull)} for "${key}", not ${given}.`);
    }
    this.values.set(key, value);
  }

  #error(offset: number, sentence: string): ConfigError {
    return new ConfigError(this.#file, this.#lines.linePos(offset).line || 1, sentence);
  }
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
