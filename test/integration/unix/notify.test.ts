import { expect } from 'chai';
import { notify } from '../../../src/unix/notify.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { TestManager } from '../../support/service-manager.ts';

describe('what is told to a service manager', () => {
  let place: { path: string; remove: () => void };
  let manager: TestManager;
  beforeEach(() => {
    place = temporaryDirectory();
  });
  afterEach(async () => {
    await manager?.close();
    place.remove();
  });

  for (const kind of ['a path', 'an abstract name']) {
    it(`comes to ${kind}, line by line in one message`, async () => {
      const name = `${place.path}/notify`;
      manager = await TestManager.at(kind === 'a path' ? name : `@${name}`);
      expect(notify(manager.address, 'READY=1', 'STATUS=über alles')).to.equal(true);
      expect(notify(manager.address, 'WATCHDOG=1')).to.equal(true);
      await manager.hears('WATCHDOG=1');
      expect(manager.messages).to.deep.equal([['READY=1', 'STATUS=über alles'], ['WATCHDOG=1']]);
    });
  }

  it('is lost without a fault where nobody listens, or the name is no name', () => {
    for (const address of [`${place.path}/nobody`, '@nobody-there', `/${'x'.repeat(200)}`, place.path]) {
      expect(notify(address, 'READY=1'), address).to.equal(false);
    }
  });

  it('is given up when it is not taken: whoever watches must not hold up the daemon', async () => {
    manager = await TestManager.at(`${place.path}/notify`);
    manager.freeze();
    let sent = 0;
    while (notify(manager.address, 'WATCHDOG=1')) sent++;
    expect(sent).to.be.greaterThan(0);
  });
});
