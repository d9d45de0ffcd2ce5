import { expect } from 'chai';
import fc from 'fast-check';
import { ConfigError } from '../../../src/config/error.ts';
import { defaultSettings, readSettings, settingsFor, settingsTable } from '../../../src/config/settings.ts';
import { isOfType } from '../../../src/config/table.ts';

const read = (text: string) => readSettings(text, '/h/rayserver.yaml');

function fault(text: string): string {
  try {
    read(text);
  } catch (error) {
    expect(error).to.be.instanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  return 'it was read';
}

describe('settings', () => {
  it('are the documented ones where nothing is set', () => {
    const expected = {
      port: 9182,
      listen: '127.0.0.1',
      radiance: null,
      slots: null,
      plan: { seconds: 60 },
      log: { bytes: 2097152 },
      retries: 2,
      limits: { seconds: null, progress: null, processes: 512, memory: null, files: 4096 },
      sandbox: { mode: 'try', network: false, readable: [], writable: [], devices: [], tmp: 1073741824 },
      services: {},
      jobs: { keep: null, days: null },
      report: { seconds: 1 },
    };
    for (const text of ['', '# nothing\n', '---\n', 'null\n', '{}', 'plan:\n', '\ufeff']) {
      expect(read(text), JSON.stringify(text)).to.deep.equal(expected);
    }
    expect(defaultSettings()).to.deep.equal(expected);
  });
  it('are read in both ways of writing a dotted key', () => {
    expect(read('plan: {seconds: 30}\nlog:\n  bytes: 8192\n')).to.deep.include({
      plan: { seconds: 30 },
      log: { bytes: 8192 },
    });
    expect(read('plan.seconds: 0.5\nport: 80\nlisten: "::1"\nradiance: /opt/radiance\nslots: 3')).to.deep.include({
      plan: { seconds: 0.5 },
      port: 80,
      listen: '::1',
      radiance: '/opt/radiance',
      slots: 3,
    });
  });
  it('have sizes in bytes or in words', () => {
    const memory = (text: string) => read(`limits.memory: ${text}`).limits.memory;
    expect(['20000000', '20000000 B', '20 MB', '20MB', '1.5 GB', '2 GiB', '1 TB'].map(memory)).to.deep.equal([
      2e7,
      2e7,
      2e7,
      2e7,
      15e8,
      2 ** 31,
      1e12,
    ]);
  });
  it('have lists of paths', () => {
    expect(read('sandbox: {readable: [/srv/lib, "/net/my lib"]}').sandbox.readable).to.deep.equal([
      '/srv/lib',
      '/net/my lib',
    ]);
    expect(read('sandbox.devices:\n  - /dev/dri\n').sandbox.devices).to.deep.equal(['/dev/dri']);
    expect(read('sandbox.readable: []').sandbox.readable).to.deep.equal([]);
  });
  it('may be others for a service', () => {
    const settings = read(
      'limits: {memory: 1 GB}\nservices:\n  povray:\n    sandbox.network: true\n    limits: {memory: 2 GB, files: 64}\n  blender:\n',
    );
    expect(settings.services).to.deep.equal({
      povray: { 'sandbox.network': true, 'limits.memory': 2e9, 'limits.files': 64 },
      blender: {},
    });
    expect(settingsFor('povray', settings)).to.deep.equal({
      limits: { ...settings.limits, memory: 2e9, files: 64 },
      sandbox: { ...settings.sandbox, network: true },
    });
    for (const service of ['radiance', 'blender', 'command'] as const) {
      expect(settingsFor(service, settings)).to.deep.equal({ limits: settings.limits, sandbox: settings.sandbox });
    }
  });
  it('may be null where that has a meaning', () => {
    expect(read('slots: null\nradiance: ~\n')).to.deep.include({ slots: null, radiance: null });
    expect(read('slots:\n')).to.deep.include({ slots: null });
  });
  it('are read from files with the line ends of Windows', () => {
    expect(read('port: 81\r\nslots: 2\r\n')).to.deep.include({ port: 81, slots: 2 });
  });
  it('have defaults of their own type', () => {
    for (const [key, { type, default: usual, orNull }] of Object.entries(settingsTable)) {
      expect((orNull && usual === null) || isOfType(type, usual), key).to.equal(true);
    }
  });
  it('have each a sentence', () => {
    for (const { sentence } of Object.values(settingsTable)) expect(sentence).to.match(/^[A-Z][^\n]+\.$/);
  });

  const known = Object.keys(settingsTable).join(', ');
  const port = 'expected a whole number from 1 to 65535 for "port", not';
  const cases: [what: string, text: string, message: string][] = [
    ['an unknown key', 'port: 1\nprot: 1', `2: unknown setting "prot"; expected one of ${known}.`],
    [
      'an unknown key below a known one',
      'plan:\n  minutes: 1',
      `2: unknown setting "plan.minutes"; expected one of ${known}.`,
    ],
    ['__proto__', '__proto__: {port: 1}', `1: unknown setting "__proto__"; expected one of ${known}.`],
    ['a merge key', '<<: {port: 1}', `1: unknown setting "<<"; expected one of ${known}.`],
    ['a text for a number', 'port: "1"', `1: ${port} "1".`],
    ['a fraction for a whole number', '\nport: 1.5', `2: ${port} 1.5.`],
    ['no value', 'port:', `1: ${port} null.`],
    ['a list', 'port: [1]', `1: ${port} a list or mapping.`],
    ['a mapping where a value belongs', 'port:\n  tcp: 1', `2: ${port} a list or mapping.`],
    ['a value where a mapping belongs', 'plan: 60', '1: expected settings below "plan".'],
    ['too large a number', 'port: 65536', `1: ${port} 65536.`],
    ['too small a number', 'port: 0', `1: ${port} 0.`],
    ['no number', 'plan.seconds: .nan', '1: expected a number from 0.1 to 86400 for "plan.seconds", not NaN.'],
    [
      'an endless number',
      'log.bytes: .inf',
      '1: expected a whole number from 4096 to 1073741824 for "log.bytes", not Infinity.',
    ],
    [
      'a host name to listen on',
      'listen: example.org',
      '1: expected an IP address or localhost for "listen", not "example.org".',
    ],
    ['a number to listen on', 'listen: 1', '1: expected an IP address or localhost for "listen", not 1.'],
    [
      'a relative directory',
      'radiance: opt',
      '1: expected the absolute path of a directory, or null for "radiance", not "opt".',
    ],
    ['slots out of range', 'slots: 1025', '1: expected a whole number from 1 to 1024, or null for "slots", not 1025.'],
    ['a mode that is none', 'sandbox.mode: on', '1: expected require or try or off for "sandbox.mode", not "on".'],
    ['a word for true', 'sandbox.network: yes', '1: expected true or false for "sandbox.network", not "yes".'],
    [
      'a size of another unit',
      'limits.memory: 2 G',
      '1: expected bytes from 16777216 to 1125899906842624, or a size such as 2 GB, or null for "limits.memory", not "2 G".',
    ],
    [
      'too small a size',
      'limits.memory: 1 MB',
      '1: expected bytes from 16777216 to 1125899906842624, or a size such as 2 GB, or null for "limits.memory", not "1 MB".',
    ],
    [
      'a relative path in a list',
      'sandbox.readable: [/a, b]',
      '1: expected a list of absolute paths for "sandbox.readable", not "b".',
    ],
    [
      'one path for a list',
      'sandbox.devices: /a',
      '1: expected a list of absolute paths for "sandbox.devices", not "/a".',
    ],
    [
      'lists in a list',
      'sandbox.devices: [[/a]]',
      '1: expected a list of absolute paths for "sandbox.devices", not a list or mapping.',
    ],
    [
      'an unknown service',
      'services:\n  vray: {}',
      '2: unknown service "vray"; expected one of radiance, povray, blender, command.',
    ],
    ['no services', 'services: povray', '1: expected names of services below "services".'],
    ['no settings of a service', 'services: {povray: 1}', '1: expected settings below "povray".'],
    [
      'a setting that no service has',
      'services:\n  povray: {port: 1}',
      '2: unknown setting "port"; expected one of limits.seconds, limits.progress, limits.processes, limits.memory, ',
    ],
    [
      'a group that no service has',
      'services:\n  povray: {plan: {seconds: 1}}',
      '2: unknown setting "plan"; expected one of limits.seconds, ',
    ],
    [
      'a key of a service twice',
      'services: {povray: {limits.files: 99, limits: {files: 99}}}',
      '1: "limits.files" is set a second time.',
    ],
    ['a key twice', 'port: 1\nport: 1', '2: a setting is written a second time.'],
    ['a key in both ways of writing', 'plan: {seconds: 1}\nplan.seconds: 1', '2: "plan.seconds" is set a second time.'],
    ['an alias', 'port: &p 1\nslots: *p', '2: expected a value for "slots", not an alias.'],
    ['a list of settings', '- port: 1', '1: expected settings, each written "key: value".'],
    ['a lone word', '\n\nport', '3: expected settings, each written "key: value".'],
    ['a key that is a mapping', '? {port: 1}\n: 2', '1: expected the name of a setting.'],
    ['a second document', 'port: 1\n---\nslots: 2', '2: expected one document, not a second one after "---".'],
    ['an open bracket', 'port: 1\nslots: [', '2: expected YAML: '],
    ['a tab', 'plan:\n\tseconds: 1', '2: expected YAML: '],
    ['an unknown tag', 'port: !secret 1', '1: expected YAML: '],
    ['brackets without end', '['.repeat(1200), '1: expected settings, not brackets nested this deep.'],
    ['control characters', 'port: "\\e[2J"', `1: ${port} "\\u001b[2J".`],
  ];
  for (const [what, text, message] of cases) {
    it(`are refused with file, line and what was expected: ${what}`, () => {
      const seen = fault(text);
      expect(seen.slice(0, '/h/rayserver.yaml:'.length + message.length)).to.equal(`/h/rayserver.yaml:${message}`);
      expect(seen).to.not.include('\n');
    });
  }
  it('are read or refused in a sentence, whatever the text', () => {
    const piece = fc.constantFrom(
      'port',
      'plan',
      'seconds',
      ':',
      ' ',
      '\n',
      '  ',
      '-',
      '{',
      '}',
      '[',
      ']',
      '"',
      '1',
      '*a',
      '&a',
      '#',
      '!',
      '|',
      '%',
      '.',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (damaged) => {
        expect(fault(damaged)).to.match(/^(it was read$|\/h\/rayserver\.yaml:\d+: )/);
      }),
      { numRuns: 500 },
    );
  });
});
