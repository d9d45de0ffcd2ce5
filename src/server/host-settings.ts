import { posix } from 'node:path';
import { findRecord } from '../config/hosts.ts';
import { settingsFor } from '../config/settings.ts';
import type { Service } from '../model/service.ts';
import type { HostSettings, ServiceSettings } from '../protocol/inner.ts';
import type { FarmOptions } from './options.ts';

type Given = Pick<FarmOptions, 'settings' | 'slots' | 'hosts' | 'host'>;

/** What procwrap is told of the settings. */
export function hostSettings(given: Given): HostSettings {
  const { settings, slots } = given;
  const of = (service: Service) => serviceSettings(service, given);
  return {
    radiance: settings.radiance,
    planSeconds: settings.plan.seconds,
    logBytes: settings.log.bytes,
    services: { radiance: of('radiance'), povray: of('povray'), blender: of('blender'), command: of('command') },
    reportSeconds: settings.report.seconds,
    slots,
  };
}

function serviceSettings(service: Service, given: Given): ServiceSettings {
  const { limits, sandbox } = settingsFor(service, given.settings);
  return {
    mode: sandbox.mode,
    network: sandbox.network,
    readable: [...sandbox.readable, ...libraries(given)],
    writable: [...sandbox.writable],
    devices: [...sandbox.devices],
    tmpBytes: sandbox.tmp,
    memory: limits.memory,
    processes: limits.processes,
    files: limits.files,
  };
}

/** The libraries of the hosts file, where they may be on this host: each is the same way below some location. */
function libraries({ hosts, host }: Given): string[] {
  const file = hosts.current();
  const here = file === null ? [] : (findRecord(file, host)?.locations ?? []);
  const local = here.filter(({ path }) => path.startsWith('/'));
  return local.flatMap(({ path }) => (file?.libraries ?? []).map((library) => posix.join(path, library)));
}
