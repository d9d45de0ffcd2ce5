import { expect } from 'chai';
import { messages } from '../../../src/daemon/messages.ts';

/** Texts of the manual that are made from facts; the others are in options.test.ts and test/e2e/daemon. */
describe('the messages of the daemon', () => {
  const texts: [string, string][] = [
    [messages.runningAsUser('ray', 500), 'Rayserver running as user "ray" (500).'],
    [messages.runningAsGroup('rfusers', 100), 'Rayserver running as group "rfusers" (100).'],
    [messages.switching(32332), 'Rayserver 32332 switching to daemon mode.'],
    [messages.channel('8116040'), 'render_server: adding channel <render_server  at 8116040>'],
    [messages.started(9182), 'render_server: Async Rayfront Server started on port 9182'],
    [messages.running(32396), 'Rayserver 32396 running.'],
    [messages.socketError(98, 'Address already in use'), "Socket Error: (98, 'Address already in use')"],
    [messages.retrying(30), 'retrying in 30 secs...'],
    [messages.userInterrupt, '*User Interrupt*'],
    [messages.systemExit, '*System Exit*'],
    [messages.caughtSignal(15), '*System Exit* (caught signal 15)'],
    [messages.internalError(2345), 'Rayserver 2345 internal error. Restarting.'],
    [messages.noRecord('mars', '/h/config/hosts'), 'No record for host "mars" in /h/config/hosts.'],
    [messages.ringSet, 'Unable to switch user with UV_USE_IO_URING set.'],
    [messages.asRoot, 'Rayserver does not run simulations as root. Name another user with -u.'],
  ];
  for (const [text, wanted] of texts) {
    it(wanted, () => {
      expect(text).to.equal(wanted);
    });
  }
});
