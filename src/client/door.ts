import type { Static, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { UnknownAnswer } from './errors.ts';

/** Checks what comes in from a server; what has passed is of its type. Keys that are not known are let through. */
export function door<T extends TSchema>(schema: T, name: string): (value: unknown) => Static<T> {
  // Compiled when it is first needed: a program that asks one thing starts sooner.
  let validator: Validator<Record<never, never>, T> | null = null;
  return (value) => {
    validator ??= Compile(schema);
    if (validator.Check(value)) return value as Static<T>;
    const first = validator.Errors(value)[0];
    const where = first ? `${first.instancePath || '/'} ${first.message}` : 'it is of another form';
    throw new UnknownAnswer(
      `The server's answer is not understood as ${name}: ${where}. Is it a newer or older server?`,
    );
  };
}
