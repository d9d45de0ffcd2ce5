import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCommand, top } from '../../support/program.ts';
import { skip } from '../../support/skip.ts';

/** The init script, as far as no machine has to boot for it; test/lab/boot has the rest. */
describe('init.d/rayserver', () => {
  const script = join(top, 'init.d/rayserver');

  async function has(command: string): Promise<boolean> {
    return (await runCommand('sh', ['-c', `command -v ${command}`])).status === 0;
  }

  it('gives shellcheck nothing to say', async function () {
    if (!(await has('shellcheck'))) skip(this, 'shellcheck is missing');
    const { status, stdout } = await runCommand('shellcheck', [script]);
    expect({ status, stdout }).to.deep.equal({ status: 0, stdout: '' });
  });

  it('says what LSB asks for, and goes before and after the file systems of the network', () => {
    const [, header = ''] = readFileSync(script, 'utf8').split(/^### (?:BEGIN|END) INIT INFO$/m);
    const fields = Object.fromEntries(
      [...header.matchAll(/^# ([A-Z][\w-]+): +(.*)$/gm)].map(([, key, value]) => [key, value]),
    );
    expect(fields).to.deep.include({
      Provides: 'rayserver',
      'Default-Start': '2 3 4 5',
      'Default-Stop': '0 1 6',
      'Required-Start': '$remote_fs $network $syslog',
      'Required-Stop': '$remote_fs $network $syslog',
      'Short-Description': 'lighting simulation daemon',
    });
  });

  for (const shell of ['sh', 'bash', 'busybox sh']) {
    it(`takes one word that it knows, in ${shell}`, async function () {
      const [program = '', ...words] = shell.split(' ');
      if (!(await has(program))) skip(this, `${program} is missing`);
      for (const wrong of [[], [''], ['stopp'], ['start', 'now']]) {
        const { status, stdout, stderr } = await runCommand(program, [...words, script, ...wrong]);
        expect({ status, stdout }, `${wrong}`).to.deep.equal({ status: 2, stdout: '' });
        expect(stderr).to.equal(
          `usage: ${script} {start|stop|force-stop|restart|try-restart|reload|force-reload|status}\n`,
        );
      }
    });
  }
});
