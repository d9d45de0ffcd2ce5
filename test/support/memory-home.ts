import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Home, homeAt } from '../../src/config/home.ts';
import { Metrics } from '../../src/web/metrics.ts';
import { openPort, type Port } from '../../src/web/port.ts';
import { MemoryFarm } from './memory-farm.ts';
import { boundSocket, token } from './web-port.ts';

/** A home whose job port is open, with a farm in memory behind it. */
export class MemoryHome {
  readonly farm: MemoryFarm;
  /** Everything of the test: the home, and room for projects and results. */
  readonly directory: string;
  readonly home: Home;
  port = 0;
  #door: Port | null = null;

  private constructor(farm: MemoryFarm) {
    this.farm = farm;
    this.directory = mkdtempSync(join(tmpdir(), 'memory-home-'));
    this.home = homeAt(join(this.directory, 'home'));
    mkdirSync(this.home.config, { recursive: true });
    mkdirSync(this.home.run, { mode: 0o750 });
    writeFileSync(this.home.tokenFile, `${token}\n`, { mode: 0o640 });
  }

  static async open(farm = new MemoryFarm()): Promise<MemoryHome> {
    const home = new MemoryHome(farm);
    await home.start();
    return home;
  }

  /** As a server that starts: the farm has kept its jobs, the TCP port is another. */
  async start(): Promise<void> {
    const { fd, port } = boundSocket();
    this.port = port;
    writeFileSync(this.home.settingsFile, `port: ${port}\n`);
    this.#door = await openPort({
      farm: this.farm,
      token,
      version: '1.2.3',
      port,
      tcp: { fd },
      metrics: new Metrics(),
      openFiles: 20_000,
      socket: { path: this.home.submitSocket },
      identify: () => ({ user: 'ann', uid: 1001 }),
      logFile: `${this.home.logs}/sun`,
      log: () => undefined,
    });
  }

  async stop(): Promise<void> {
    await this.#door?.close();
    this.#door = null;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
