/** What rayctl needs of the process it runs in; `process` is one. */
export interface World {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly stdin: { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  cwd(): string;
  umask(): number;
  getuid?(): number;
  getgid?(): number;
  getgroups?(): number[];
  on(signal: EndingSignal, handler: () => void): unknown;
  off(signal: EndingSignal, handler: () => void): unknown;
}

export type EndingSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

export interface Terminal extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly writableNeedDrain?: boolean;
}
