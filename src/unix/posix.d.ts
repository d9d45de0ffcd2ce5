/** What we use of `posix` 4.2.0, which comes without types. */
declare module 'posix' {
  interface PasswdEntry {
    readonly name: string;
    readonly uid: number;
    readonly gid: number;
    readonly shell: string;
    readonly dir: string;
  }
  interface GroupEntry {
    readonly name: string;
    readonly gid: number;
    readonly members: readonly string[];
  }
  const posix: {
    /** Throws when there is none. A number is cut to 32 bits: 2^40 finds root. */
    getpwnam(user: string | number): PasswdEntry;
    /** Null: no limit. */
    getrlimit(resource: 'nofile'): { readonly soft: number | null; readonly hard: number | null };
    getgrnam(group: string | number): GroupEntry;
    openlog(ident: string, options: Readonly<Record<string, boolean>>, facility: string): void;
    syslog(priority: string, message: string): void;
    closelog(): void;
  };
  export default posix;
}
