import { describe, expect, test } from 'vitest';
import { helpText } from '../../src/cli/flags/help.ts';
import { readInvocation } from '../../src/cli/flags/settings.ts';

const read = (...args: string[]) => readInvocation(args, {});

describe('EN-34 devp2p-node dev', () => {
  test('EN-34 listens on loopback and uses a temporary directory by default', () => {
    const { command, settings } = read('dev');
    expect(command).toBe('dev');
    expect(settings).toMatchObject({ addr: '127.0.0.1', datadir: '', accounts: 10, load: 0, authrpc: 'off' });
    expect(settings.period).toBeUndefined();
  });

  test('EN-34 reads its flags', () => {
    const args = ['dev', '--period', '2', '--accounts', '3', '--load', '50', '--datadir', 'd', '--addr', '127.0.0.2'];
    expect(read(...args).settings).toMatchObject({
      period: 2,
      accounts: 3,
      load: 50,
      datadir: 'd',
      addr: '127.0.0.2',
      'dev.public': false,
    });
  });

  test.each([
    ['--network', 'sepolia'],
    ['--sync.target', `0x${'11'.repeat(32)}`],
    ['--authrpc.port', '1'],
    ['--head.peers', '3'],
  ])('EN-34 refuses %s', (flag, value) => {
    expect(() => read('dev', flag, value)).toThrow(`${flag} is not a flag of "dev"`);
  });

  test('EN-34 its flags are refused by other commands', () => {
    expect(() => read('run', '--period', '2')).toThrow('--period is not a flag of "run"');
    expect(() => read('--dev.public')).toThrow('--dev.public is not a flag of "run"');
    expect(() => read('dev', '--period', '0.5')).toThrow('invalid value "0.5" for --period');
  });

  test('EN-34 --period 0 stands for blocks on demand', () => {
    expect(read('dev', '--period', '0').settings.period).toBe(0);
  });

  test('EN-34 is part of the help', () => {
    expect(helpText()).toContain('devp2p-node dev [flags]');
    expect(helpText()).toContain('--eth.blockgossip');
  });
});

test('ET-13 --eth.blockgossip exchanges new blocks', () => {
  expect(read('run', '--genesis', 'g').settings['eth.blockgossip']).toBe(false);
  expect(read('run', '--genesis', 'g', '--eth.blockgossip').settings['eth.blockgossip']).toBe(true);
});
