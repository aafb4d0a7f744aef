import { createVirtualClock } from '@devp2p/clock/virtual';
import { describe, expect, test } from 'vitest';
import { type LogFields, silentLogs } from '../../src/logging/log.ts';
import { createProgress } from '../../src/logging/progress.ts';

function setUp(bar: boolean) {
  const clock = createVirtualClock();
  const lines: [string, LogFields][] = [];
  let screen = '';
  const progress = createProgress({
    clock,
    bar,
    stream: { columns: 80, write: (text: string) => (screen += text) },
    log: () => ({
      ...silentLogs('sync'),
      info: (fields, message) => lines.push([message, fields]),
    }),
  });
  return {
    clock,
    progress,
    lines,
    /** Lines on the screen. A cleared line is empty. */
    screen: () => screen.split('\n').map((line) => line.split('\u001b[2K').at(-1)),
    written: () => screen,
  };
}

describe('plain lines', () => {
  test('come every 5 s and at the end, with rate and time left', async () => {
    const { clock, progress, lines, written } = setUp(false);
    for (let done = 0; done <= 1_200; done += 10) {
      progress.report('bodies', done, 1_200);
      await clock.advance(100);
    }
    expect(lines).toEqual([
      ['bodies', { done: 500, total: 1_200, rate: '100/s', left: '7s' }],
      ['bodies', { done: 1_000, total: 1_200, rate: '100/s', left: '2s' }],
      ['bodies', { done: 1_200, total: 1_200, rate: '100/s' }],
    ]);
    expect(written()).toBe('');
  });

  test('the rate is that of the last seconds', async () => {
    const { clock, progress, lines } = setUp(false);
    for (let second = 1; second <= 60; second++) {
      await clock.advance(1_000);
      progress.report('headers', second <= 30 ? second * 1_000 : 30_000 + second * 10, 100_000);
    }
    expect(lines.at(-1)).toEqual(['headers', { done: 30_600, total: 100_000, rate: '10/s', left: '1h55m' }]);
  });

  test('a standstill affects neither the later rate nor the time left', async () => {
    const { clock, progress, lines } = setUp(false);
    const tenSeconds = async (from: number): Promise<void> => {
      for (let done = from; done < from + 1_000; done += 100) {
        await clock.advance(1_000);
        progress.report('headers', done, 10_000);
      }
    };
    await tenSeconds(0);
    await clock.advance(300_000);
    await tenSeconds(1_000);
    expect(lines.at(-1)?.[1]).toMatchObject({ rate: '100/s' });
    expect(lines.map(([, { rate }]) => rate).filter((rate) => rate !== '100/s')).toEqual([undefined]);
  });

  test('have a unit if one is given', () => {
    const { progress, lines } = setUp(false);
    progress.report('import', 0, 10, {}, 'B');
    progress.report('import', 10, 10, {}, 'B');
    expect(lines).toEqual([['import', { done: 10, total: 10, unit: 'B' }]]);
  });

  test('ND-08 have the rates of executed blocks and their gas', async () => {
    const { progress, clock, lines } = setUp(false);
    for (let second = 0; second <= 10; second++) {
      progress.report('import', second * 1_000, 20_000, { blocks: second * 25, gas: second * 30_500_000 }, 'B');
      await clock.advance(1_000);
    }
    const rates = { rate: '1000B/s', blocks: '25 blocks/s', gas: '31 Mgas/s', left: '10s' };
    expect(lines.at(-1)).toEqual(['import', { done: 10_000, total: 20_000, unit: 'B', ...rates }]);
  });

  test('have neither rate nor time left at first', () => {
    const { progress, lines } = setUp(false);
    progress.report('receipts', 1, 1_024);
    expect(lines).toEqual([]);
    progress.report('receipts', 1_024, 1_024);
    expect(lines).toEqual([['receipts', { done: 1_024, total: 1_024 }]]);
  });

  test('work without progress has a rate of 0 and no time left', async () => {
    const { clock, progress, lines } = setUp(false);
    progress.report('headers', 5, 10);
    await clock.advance(6_000);
    progress.report('headers', 5, 10);
    expect(lines).toEqual([['headers', { done: 5, total: 10, rate: '0/s' }]]);
  });
});

describe('bar', () => {
  test('has neither rate nor time left at first', async () => {
    const { clock, progress, screen } = setUp(true);
    await clock.advance(100);
    progress.report('import', 25, 100);
    expect(screen()).toEqual(['import ██████░░░░░░░░░░░░░░░░░░ 25 % 25/100']);
  });

  test('is redrawn in its line at most ten times a second', async () => {
    const { clock, progress, screen, written } = setUp(true);
    for (let done = 1; done < 50; done++) {
      progress.report('import', done, 100);
      await clock.advance(10);
    }
    expect(written().match(/import/g)).toHaveLength(4);
    expect(screen()).toEqual(['import ██████████░░░░░░░░░░░░░░ 41 % 41/100 100/s 1s left']);
  });

  test('other lines are printed above it, and it is cleared when the work is done', async () => {
    const { clock, progress, screen } = setUp(true);
    progress.report('import', 1, 100);
    await clock.advance(100);
    progress.report('import', 2, 100);
    progress.write('hello\n');
    expect(screen()[0]).toBe('hello');
    expect(screen()[1]).toMatch(/^import /);
    progress.report('import', 100, 100);
    expect(screen()).toEqual(['hello', '']);
    progress.write('bye\n');
    expect(screen()).toEqual(['hello', 'bye', '']);
  });

  test('several phases share the line, cut to the width of the terminal', async () => {
    const { clock, progress, screen } = setUp(true);
    progress.report('headers', 1, 100);
    progress.report('bodies', 1, 100);
    await clock.advance(100);
    progress.report('bodies', 2, 100);
    expect(screen()[0]).toMatch(/^headers .* bodies /);
    expect(screen()[0]?.length).toBe(79);
    progress.close();
    expect(screen()).toEqual(['']);
  });
});
