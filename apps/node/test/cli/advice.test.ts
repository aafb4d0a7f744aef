import { expect, test } from 'vitest';
import { adviseLogs, errorAdvice, stateAdvice, withAdvice } from '../../src/cli/advice.ts';
import { flags } from '../../src/cli/flags/flags.ts';
import { BlockError, ChainError } from '../../src/errors/chain-error.ts';
import { NodeError } from '../../src/errors/node-error.ts';
import { portUnavailable } from '../../src/errors/port-unavailable.ts';
import type { LogFields } from '../../src/logging/log.ts';
import type { NodeState } from '../../src/observability/node-state.ts';

const portError = (service: 'p2p' | 'http' | 'authrpc', code?: string) =>
  portUnavailable(Object.assign(new Error('no'), { code }), {
    service,
    host: '192.0.2.1',
    port: 1,
  });

test.each<[unknown, string | undefined]>([
  [new NodeError('datadir-in-use', ''), 'stop it, or choose another with --datadir'],
  [new NodeError('datadir-unusable', '', { data: { datadir: '/x' } }), 'choose another with --datadir'],
  [new NodeError('datadir-unusable', ''), undefined],
  [
    new ChainError('unusable', '', { data: { problem: 'no-file-locks' } }),
    'choose a file system that supports locks with --datadir',
  ],
  [portError('p2p', 'EADDRINUSE'), 'stop it, or choose another with --port'],
  [portError('authrpc', 'EADDRINUSE'), 'stop it, or choose another with --authrpc.port'],
  [
    new ChainError('required-block', '', { data: { problem: 'stored-block' } }),
    'choose another --datadir, or other blocks with --eth.requiredblocks',
  ],
  [new BlockError('required-block', 7, ''), undefined],
  [portError('http', 'EADDRNOTAVAIL'), 'choose another with --http.addr'],
  [portError('http', 'EACCES'), 'choose another with --http.port'],
  [portError('http'), 'choose others with --http.port and --http.addr'],
  [new NodeError('nodekey-invalid', ''), undefined],
  [new Error('x'), undefined],
  ['x', undefined],
])('HX-21 the hint for error %#', (error, advice) => {
  expect(errorAdvice(error)).toBe(advice);
});

test.each<[NodeState, RegExp | undefined]>([
  [{ name: 'no-head-named', peers: 3 }, /--sync\.target, .* --static, .* --authrpc\.port$/],
  [{ name: 'no-nodes-known', discovery: true }, /--bootnodes or --static$/],
  [{ name: 'no-nodes-known', discovery: false }, /^name some with --static$/],
  [{ name: 'other-chains', count: 4, most: 'genesis' }, /^check --network, --genesis and --networkid$/],
  [{ name: 'other-chains', count: 4, most: 'version' }, /^check --eth\.versions$/],
  [{ name: 'other-chains', count: 4, most: 'protocol' }, undefined],
  [{ name: 'no-consensus-client' }, /--authrpc\.port$/],
  [{ name: 'bodies-missing', number: 8, peers: [] }, /--static, .* --bootnodes$/],
  [{ name: 'syncing' }, undefined],
])('ND-16 the hint for state %j', (state, advice) => {
  if (advice === undefined) expect(stateAdvice(state)).toBeUndefined();
  else expect(stateAdvice(state)).toMatch(advice);
});

test('a text and its hint are joined by a semicolon', () => {
  expect(withAdvice('port 1 is in use', 'choose another')).toBe('port 1 is in use; choose another');
  expect(withAdvice('port 1 is in use', undefined)).toBe('port 1 is in use');
});

test('ND-13 log lines with a code or a state get their hint', () => {
  const lines: [string, LogFields, string][] = [];
  const at = (level: string) => (fields: LogFields, message: string) => void lines.push([level, fields, message]);
  const log = adviseLogs(() => ({
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    trace: at('trace'),
  }))('node');
  const waiting = { state: 'no-nodes-known', discovery: false };
  log.info(waiting, 'no peers');
  log.warn({ code: 'admin-exposed', service: 'ws' }, 'exposed');
  const taken = { code: 'authrpc-unavailable', service: 'authrpc', problem: 'in-use' };
  log.warn(taken, 'port in use');
  log.error({}, 'failed');
  log.debug(waiting, 'no peers');
  expect(lines).toEqual([
    ['info', waiting, 'no peers; name some with --static'],
    ['warn', { code: 'admin-exposed', service: 'ws' }, 'exposed; remove admin from --ws.api, or change --ws.addr'],
    ['warn', taken, 'port in use; stop it, or choose another with --authrpc.port, or switch it off with --no-authrpc'],
    ['error', {}, 'failed'],
    ['debug', waiting, 'no peers'],
  ]);
});

test('every flag in a hint exists', () => {
  const states = ['no-head-named', 'no-nodes-known', 'no-consensus-client', 'bodies-missing'];
  const services = ['p2p', 'discovery', 'http', 'ws', 'authrpc', 'metrics'] as const;
  const errors = [
    new NodeError('static-self', ''),
    new NodeError('datadir-in-use', ''),
    new ChainError('required-block', '', { data: { problem: 'stored-block' } }),
    ...services.map((service) => portUnavailable(new Error('no'), { service, host: '', port: 1 })),
  ];
  const hints = [...states.map((name) => stateAdvice({ name })), ...errors.map(errorAdvice)];
  const named = hints.join(' ').match(/--[a-z]+(?:[.-][a-z]+)*/g) ?? [];
  expect(named.length).toBeGreaterThan(10);
  for (const flag of named) expect(flags).toHaveProperty([flag.replace(/^--(?:no-)?/, '')]);
});
