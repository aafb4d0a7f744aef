import { createVirtualClock } from '@devp2p/clock/virtual';
import { expect, test } from 'vitest';
import { showProgress } from '../../src/cli/terminal/progress.ts';
import { summary } from '../../src/cli/terminal/summary.ts';
import { createTerminal } from '../../src/cli/terminal/terminal.ts';
import { Funnel } from '../../src/crawl/funnel.ts';
import type { Progress } from '../../src/index.ts';
import { rollupAt } from '../store/records.ts';

const clock = createVirtualClock();
const start = clock.monotonic();
const state = { visits: 0, unvisited: 300 };
const progress = (): Progress => ({
  startedAt: 0,
  elapsed: clock.monotonic() - start,
  visiting: 1,
  rollup: rollupAt(0),
  refused: { ip: 12_345 },
  packets: { sent: 5, received: 4 },
  ...state,
});

function screen(isTTY: boolean, columns = 150) {
  let text = '';
  const output = {
    isTTY,
    columns,
    write(more: string) {
      text += more;
    },
  };
  return { terminal: createTerminal(output), text: () => text };
}

test('CR-09 the progress of a crawl, with rate, funnel and remaining time, is a status line of a terminal', async () => {
  const { terminal, text } = screen(true);
  const stop = showProgress({ progress, terminal, clock });
  for (let i = 0; i < 8; i++) {
    state.visits += 5;
    state.unvisited -= 5;
    await clock.advance(250);
  }
  const last = text().split('\r\u001b[2K').at(-1);
  expect(last).toBe(
    '2s  40 visits, 20/s  260 unvisited, 13s left  known 9 (gossiped 4) › bonded 8 › tcp 7 › authenticated 6 › hello 5 › status 4 › chain 3 › synced 2',
  );
  expect(text()).not.toContain('\n');
  terminal.writeLine('warning\u001b[31m');
  expect(text()).toContain(`\r\u001b[2Kwarning\ufffd[31m\n${last}`);
  stop();
  expect(text().endsWith('\r\u001b[2K')).toBe(true);
  expect(clock.pending).toBe(0);
});

test.each([
  ['without a terminal', screen(false)],
  ['on a terminal of unknown width', screen(true, 0)],
])('CR-09 the progress is written as lines %s', async (_, { terminal, text }) => {
  const elapsed = progress().elapsed;
  const stop = showProgress({ progress, terminal, clock, timeout: elapsed + 60_000 });
  await clock.advance(11_000);
  stop();
  expect(text().match(/\n/g)).toHaveLength(2);
  expect(text()).toMatch(/^\d+s {2}40 visits, 0\/s {2}260 unvisited {2}timeout in 55s {2}known 9 \(gossiped 4\) › /);
  expect(text()).not.toContain('\u001b');
});

test('CR-03 the summary has counts, percentages, disconnect reasons and errors', () => {
  expect(summary({ ...progress(), elapsed: 3_700_000 })).toMatchInlineSnapshot(`
    "step           nodes  of answered  of previous
    answered           8      100.0 %
    bonded             8      100.0 %      100.0 %
    tcp                7       87.5 %       87.5 %
    authenticated      6       75.0 %       85.7 %
    hello              5       62.5 %       83.3 %
    status             4       50.0 %       80.0 %
    chain              3       37.5 %       75.0 %
    synced             2       25.0 %       66.7 %
    9 nodes known: 5 verified, 0 signed without an answer, 4 gossiped, unverified
    40 visits in 1h01m
    disconnects: too-many-peers 3
    errors: tcp/timeout 1
    refused reports, by limit: ip 12,345
    "
  `);
});

test('CR-03 the summary reports a crawl without answers, and counts no node as verified', () => {
  const funnel = new Funnel();
  for (const trust of ['signed', 'signed', 'gossiped'] as const) {
    funnel.add({ status: 'discovered', trust });
  }
  const shown = summary({ ...progress(), rollup: funnel.rollup(0) });
  expect(shown).toContain(
    '\n3 nodes known: 0 verified, 2 signed without an answer, 1 gossiped, unverified\nno node answered: check --bootnodes, ',
  );
  funnel.replace({ status: 'discovered', trust: 'signed' }, { status: 'bonded', trust: 'signed', lastSeen: 1 });
  const answered = summary({ ...progress(), rollup: funnel.rollup(0) });
  expect(answered).toContain('\n3 nodes known: 1 verified, 1 signed without an answer, 1 gossiped');
  expect(answered).not.toContain('no node answered');
});
