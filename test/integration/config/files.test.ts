import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigError } from '../../../src/config/error.ts';
import { loadHosts, loadSettings } from '../../../src/config/files.ts';
import { defaultSettings, readSettings, settingsTable } from '../../../src/config/settings.ts';
import { written } from '../../../src/config/table.ts';
import { temporaryDirectory, top } from '../../support/program.ts';
import { skip } from '../../support/skip.ts';

describe('a configuration file', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(() => directory.remove());

  const file = (name: string, data?: string | Buffer) => {
    const path = join(directory.path, name);
    if (data !== undefined) writeFileSync(path, data);
    return path;
  };
  const fault = (load: () => unknown): string => {
    try {
      load();
    } catch (error) {
      expect(error).to.be.instanceOf(ConfigError);
      return (error as ConfigError).message;
    }
    return 'it was read';
  };

  it('gives settings', () => {
    expect(loadSettings(file('rayserver.yaml', 'port: 9999\n')).port).to.equal(9999);
  });
  it('gives hosts, with those of the files that it includes', () => {
    file('more', 'moon 2');
    const hosts = loadHosts(file('hosts', 'sun 1\n__include__ more\n'));
    expect(hosts?.hosts.map(({ name }) => name)).to.deep.equal(['sun', 'moon']);
  });
  it('that is missing is no fault', () => {
    expect(loadSettings(file('none'))).to.deep.equal(defaultSettings());
    expect(loadHosts(file('none'))).to.equal(null);
  });
  it('that is missing where another includes it is one', () => {
    const hosts = file('hosts', '__include__ none');
    expect(fault(() => loadHosts(hosts))).to.equal(
      `${hosts}:1: cannot include "${file('none')}": cannot be read: no such file.`,
    );
  });
  it('may be reached by a link', () => {
    symlinkSync(file('real', 'port: 7'), file('link'));
    expect(loadSettings(file('link')).port).to.equal(7);
  });
  it('is refused when it is a directory, a pipe or a device, at once', () => {
    mkdirSync(file('directory'));
    execFileSync('mkfifo', [file('pipe')]);
    for (const path of [file('directory'), file('pipe'), '/dev/zero']) {
      expect(fault(() => loadSettings(path))).to.equal(`${path}: expected a regular file.`);
      expect(fault(() => loadHosts(path))).to.equal(`${path}: expected a regular file.`);
    }
  });
  it('is refused when a part of its way is no directory, or a loop', () => {
    file('plain', '');
    symlinkSync('loop', file('loop'));
    expect(fault(() => loadSettings(file('plain/x')))).to.equal(`${file('plain/x')}: cannot be read: not a directory.`);
    expect(fault(() => loadHosts(file('loop')))).to.equal(`${file('loop')}: cannot be read: too many links.`);
  });
  it('is refused when it is not UTF-8, with the line', () => {
    const path = file('latin1', Buffer.from('# one\n# K\xfcche\nport: 1\n', 'latin1'));
    expect(fault(() => loadSettings(path))).to.equal(`${path}:2: expected text in UTF-8.`);
    expect(fault(() => loadHosts(path))).to.equal(`${path}:2: expected text in UTF-8.`);
  });
  it('is refused when it is larger than any such file', () => {
    const settings = file('large.yaml', Buffer.alloc(65537, '#'));
    expect(fault(() => loadSettings(settings))).to.equal(`${settings}: expected at most 65536 bytes.`);
    expect(loadSettings(file('largest.yaml', Buffer.alloc(65536, '#')))).to.deep.equal(defaultSettings());
    const hosts = file('large', Buffer.alloc(1048577, '#'));
    expect(fault(() => loadHosts(hosts))).to.equal(`${hosts}: expected at most 1048576 bytes.`);
    expect(loadHosts(file('largest', Buffer.alloc(1048576, '#')))?.hosts).to.deep.equal([]);
  });
  it('is refused to a user who may not read it', function () {
    if (process.getuid?.() !== 0) skip(this, 'only root can try as another user');
    const path = file('secret', 'port: 1');
    execFileSync('chmod', ['600', path]);
    process.seteuid?.(65534);
    try {
      expect(fault(() => loadSettings(path))).to.equal(`${path}: cannot be read: permission denied.`);
    } finally {
      process.seteuid?.(0);
    }
  });
});

const literally = (text: string) => text.replace(/[[\]]/g, '\\$&');

describe('a template', () => {
  const text = (name: string) => readFileSync(join(top, 'config', name), 'utf8');
  /** What an administrator does who takes every "#" away before a setting. */
  const uncommented = (template: string, what: RegExp) => template.replaceAll(what, '$1$2');

  it('of settings sets nothing by itself', () => {
    expect(readSettings(text('rayserver.yaml.dst'), 'template')).to.deep.equal(defaultSettings());
  });
  it('of settings holds every key with its default and its sentence', () => {
    const template = text('rayserver.yaml.dst');
    const opened = uncommented(template, /^( *)#(\S.*)$/gm);
    expect(readSettings(opened, 'template')).to.deep.equal(defaultSettings());
    for (const [key, { sentence, default: usual }] of Object.entries(settingsTable)) {
      expect(template, key).to.include(`# ${sentence}\n`);
      expect(template, key).to.match(new RegExp(`^ *#${key.split('.').at(-1)}: ${literally(written(usual))}$`, 'm'));
    }
  });
  it('of hosts names none by itself, and is right when its examples are taken', () => {
    expect(loadHosts(join(top, 'config/hosts.dst'))?.hosts).to.deep.equal([]);
    const directory = temporaryDirectory();
    try {
      const path = join(directory.path, 'hosts');
      writeFileSync(join(directory.path, 'hosts.studio'), '');
      writeFileSync(path, uncommented(text('hosts.dst'), /^()#((?! |$).*| {5,}.*)$/gm));
      const hosts = loadHosts(path);
      expect(hosts?.hosts.map(({ name, cpus, locations }) => `${name} ${cpus} ${locations.length}`)).to.deep.equal([
        'sun 8 2',
        'moon 2 2',
        'venus 0 1',
      ]);
      expect(hosts?.libraries).to.deep.equal(['library']);
    } finally {
      directory.remove();
    }
  });
});
