import type { Service } from '../model/service.ts';
import { SettingsReader, type Values } from './settings-reader.ts';
import { type ServiceKey, type SettingKey, type SettingsTable, settingsTable } from './table.ts';

export { type SettingKey, type SettingType, settingsTable } from './table.ts';

type Head<Key extends string> = Key extends `${infer First}.${string}` ? First : Key;
type Tail<Key extends string, First extends string> = Key extends `${First}.${infer Rest}` ? Rest : never;

/** Dotted keys of the table are nested: `plan.seconds` is `settings.plan.seconds`. */
type Tree = {
  readonly [First in Head<SettingKey>]: First extends SettingKey
    ? SettingsTable[First]['default']
    : {
        readonly [Rest in Tail<SettingKey, First>]: SettingsTable[Extract<`${First}.${Rest}`, SettingKey>]['default'];
      };
};

/** What is another value for a service. */
export type ServiceSettings = { readonly [Key in ServiceKey]?: SettingsTable[Key]['default'] };

export interface Settings extends Tree {
  readonly services: { readonly [Name in Service]?: ServiceSettings };
}

/** The settings as they hold for a service. */
export function settingsFor(service: Service, settings: Settings): Pick<Settings, 'limits' | 'sandbox'> {
  const own = Object.entries(settings.services[service] ?? {});
  const below = (first: string) =>
    Object.fromEntries(
      own.flatMap(([key, value]) => (key.startsWith(first) ? [[key.slice(first.length), value]] : [])),
    );
  return {
    limits: { ...settings.limits, ...below('limits.') },
    sandbox: { ...settings.sandbox, ...below('sandbox.') },
  };
}

/**
 * Reads `config/rayserver.yaml`. What is not in the text has its default; an empty text is all defaults.
 * @param file its name, for messages
 * @throws ConfigError `FILE:LINE: what was expected` for anything that is not understood
 */
export function readSettings(text: string, file: string): Settings {
  const reader = new SettingsReader(file);
  const root = reader.parse(text);
  if (root) reader.readRoot(root);
  return settle(reader.values, reader.services);
}

/** All settings at their defaults. */
export function defaultSettings(): Settings {
  return settle(new Map(), new Map());
}

function settle(values: Values, ofServices: ReadonlyMap<Service, Values>): Settings {
  const settings: Record<string, unknown> = {};
  for (const [key, { default: usual }] of Object.entries(settingsTable)) {
    const value = values.has(key as SettingKey) ? values.get(key as SettingKey) : usual;
    const [first = key, rest] = key.split('.');
    if (rest === undefined) settings[first] = value;
    else settings[first] = { ...(settings[first] as object | undefined), [rest]: value };
  }
  settings['services'] = Object.fromEntries([...ofServices].map(([name, own]) => [name, Object.fromEntries(own)]));
  return settings as unknown as Settings;
}
