/** A module of Node's that few calls need, loaded when it is asked for: together they take as long as a question to the server. */
export function builtin<Name extends keyof Builtins>(name: Name): Builtins[Name] {
  return process.getBuiltinModule(name);
}

interface Builtins {
  readonly 'node:child_process': typeof import('node:child_process');
  readonly 'node:crypto': typeof import('node:crypto');
  readonly 'node:https': typeof import('node:https');
  readonly 'node:tls': typeof import('node:tls');
}
