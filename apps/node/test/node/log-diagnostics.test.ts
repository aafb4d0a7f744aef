import { channel } from 'node:diagnostics_channel';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { nobleCrypto } from '@devp2p/crypto';
import type { DiscoverEvent } from '@devp2p/discover';
import type { Discv4Event } from '@devp2p/discv4';
import { DnsdiscError, type DnsdiscEvent } from '@devp2p/dnsdisc';
import { formatEnr, signEnr } from '@devp2p/enr';
import { expect, test } from 'vitest';
import type { LogFields } from '../../src/logging/log.ts';
import { logDiagnostics } from '../../src/observability/log-diagnostics.ts';

test('the first failure of a kind is a warning, later ones are logged at debug level, those of other nodes are not', () => {
  const lines: [string, LogFields, string][] = [];
  const at = (level: string) => (fields: LogFields, message: string) => void lines.push([level, fields, message]);
  const log = {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    trace: at('trace'),
  };
  const localId = new Uint8Array(64);
  const end = logDiagnostics({ localId, clock: createVirtualClock(), logs: () => log });
  const discover = (event: DiscoverEvent): void => channel('devp2p:discover').publish(event);
  const discv4 = (event: Discv4Event): void => channel('devp2p:discv4').publish(event);
  const enr = signEnr({ ip: '192.0.2.1' }, new Uint8Array(32).fill(1), { crypto: nobleCrypto });
  const localAddress = { host: '127.0.0.1', port: 30303 };
  discover({ type: 'local-record', localId, enr });
  const dnsdisc = (event: DnsdiscEvent): void => channel('devp2p:dnsdisc').publish(event);
  const error = new Error('no route');
  discover({ type: 'send-failed', localId, localAddress, error });
  discover({ type: 'send-failed', localId, localAddress, error });
  discv4({ type: 'bootnode-unresolved', localId, host: 'boot.example.org', error });
  const lost = new DnsdiscError('no-root', 'no root');
  const name = 'nodes.example.org';
  dnsdisc({ type: 'refused', localId, name, error: lost, retryIn: 1_000 });
  dnsdisc({ type: 'refused', localId, name, error: lost, retryIn: 2_000 });
  dnsdisc({ type: 'refused', localId, name: `x.${name}`, error: lost });
  // Of another node in the same process.
  const otherId = new Uint8Array(64).fill(1);
  discover({ type: 'local-record', localId: otherId, enr });
  discover({ type: 'send-failed', localId: otherId, localAddress, error });
  discover({ type: 'send-failed', localId: undefined, localAddress, error });
  dnsdisc({ type: 'root', localId: otherId, domain: name, seq: 1n });
  dnsdisc({ type: 'root', localId: undefined, domain: name, seq: 1n });
  end();
  discover({ type: 'local-record', localId, enr });
  expect(lines).toEqual([
    ['info', { seq: enr.seq, enr: formatEnr(enr) }, 'the node record has changed'],
    ['warn', { error }, 'send failed'],
    ['debug', { error }, 'send failed'],
    ['warn', { host: 'boot.example.org', error }, 'boot node has no address'],
    ['warn', { dns: name, error: lost, retryIn: '1000 ms' }, 'list of nodes cannot be read'],
    ['debug', { dns: name, error: lost, retryIn: '2000 ms' }, 'list of nodes cannot be read'],
    ['debug', { dns: `x.${name}`, error: lost }, 'entry of a list refused'],
  ]);
});
