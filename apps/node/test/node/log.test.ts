import { errorText } from '@devp2p/appkit';
import { describe, expect, test } from 'vitest';
import { createLogs, type LogsOptions } from '../../src/logging/log.ts';

function setUp(options: Omit<LogsOptions, 'destination'> = {}) {
  const lines: string[] = [];
  const logs = createLogs({ ...options, destination: { write: (line) => lines.push(line) } });
  return { logs, lines };
}

describe('ND-13 log lines', () => {
  test('ND-13 as text: one line for each event, with its fields', () => {
    const { logs, lines } = setUp();
    logs('peer').info({ id: new Uint8Array([1, 0xab]), count: 3, td: 17n << 64n, client: 'Geth/v1 (x)' }, 'peer added');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] INFO: peer: peer added id=0x01ab count=3 td=313594649253062377472 client="Geth\/v1 \(x\)"\n$/,
    );
  });

  test('ND-13 as JSON: one object on each line', () => {
    const { logs, lines } = setUp({ json: true });
    logs('sync').warn({ hash: new Uint8Array(2), error: new Error('a\nb') }, 'headers refused');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        level: 'warn',
        module: 'sync',
        time: expect.any(Number),
        hash: '0x0000',
        error: 'a b',
        msg: 'headers refused',
      },
    ]);
  });

  test('ND-13 each module has its level', () => {
    const { logs, lines } = setUp({
      verbosity: { level: 'warn', modules: { sync: 'debug', peer: 'silent' } },
      json: true,
    });
    for (const module of ['sync', 'peer', 'chain'] as const) {
      const log = logs(module);
      log.trace({}, 'trace');
      log.debug({}, 'debug');
      log.warn({}, 'warn');
      log.error({}, 'error');
    }
    expect(lines.map((line) => JSON.parse(line)).map(({ module, msg }) => [module, msg])).toEqual([
      ['sync', 'debug'],
      ['sync', 'warn'],
      ['sync', 'error'],
      ['chain', 'warn'],
      ['chain', 'error'],
    ]);
  });

  test('ND-13 secrets in fields are not printed', () => {
    const key = 'c0ffee'.repeat(8);
    for (const json of [true, false]) {
      const { logs, lines } = setUp({ json });
      logs('node').info({ privateKey: key, nodekeyhex: key, settings: { nodekeyhex: key } }, 'x');
      expect(lines).toHaveLength(1);
      expect(lines[0]).not.toContain('c0ffee');
    }
  });

  test('ND-13 data of a remote cannot move the cursor or begin a line', () => {
    const { logs, lines } = setUp();
    logs('peer').info({ client: 'a\n[x]\u001b[2J\u009b2J\u202e' }, 'peer added');
    expect(lines).toHaveLength(1);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for them
    expect(lines[0]?.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  });
});

test('an error is printed with its causes, each once, on one line', () => {
  const inner = Object.assign(new Error(''), { code: 'ECONNRESET' });
  const middle = new Error('stream\nfailed', { cause: inner });
  expect(errorText(new Error('peer lost: stream failed: ECONNRESET', { cause: middle }))).toBe(
    'peer lost: stream failed: ECONNRESET',
  );
  expect(errorText(middle)).toBe('stream failed: ECONNRESET');
  expect(errorText('x')).toBe('x');
});
