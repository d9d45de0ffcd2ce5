/**
 * Query strings and paths are text: where the schema wants an integer, plain decimal digits become one, in place.
 * Everything else stays as it is and is refused by the schema: no `1e3`, no `0x10`, no blanks.
 */
export function readNumbers(values: unknown, schema: unknown): void {
  if (!isRecord(values) || !isRecord(schema) || !isRecord(schema['properties'])) return;
  for (const [name, property] of Object.entries(schema['properties'])) {
    const text = values[name];
    if (!isRecord(property) || property['type'] !== 'integer' || typeof text !== 'string') continue;
    const number = Number(text);
    if (/^(0|[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(number)) values[name] = number;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
