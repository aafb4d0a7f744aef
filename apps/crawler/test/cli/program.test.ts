import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '@devp2p/bytes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExportEntry } from '../../src/model/export-entry.ts';
import { statuses } from '../../src/model/node-record.ts';
import { type Loopback, startLoopback } from '../network/loopback.ts';
import { kinds } from '../network/population.ts';
import { run } from './program.ts';

let folder: string;
let network: Loopback;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'crawler-'));
  network = await startLoopback({ size: 24, slowness: 10 });
});
afterAll(async () => {
  await network[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** Arguments of a crawl of the loopback network. */
const crawl = (datadir: string, ...more: string[]) => [
  ...['crawl', '--bootnodes', network.bootnode, '--datadir', join(folder, datadir)],
  ...['--addr', '127.0.0.1', '--networkid', '17', ...more],
];

function entries(text: string): ExportEntry[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ExportEntry);
}

describe.concurrent('the program', () => {
  test('CR-03 CR-05 CR-11 crawls a network once, prints the funnel, and exports the nodes', async () => {
    // Longer than the maximum of the platform's timers.
    const crawled = await run(crawl('once', '--once', '--timeout', '30d'));
    expect(crawled).toMatchObject({ code: 0 });
    expect(crawled.stdout).toMatch(/^step +nodes +of answered +of previous\nanswered +\d+ +100\.0 %/);
    expect(crawled.stdout).toMatch(/\nsynced +\d+/);

    const { code, stdout } = await run(['export', '--datadir', join(folder, 'once')]);
    expect(code).toBe(0);
    const found = new Map(entries(stdout).map((entry) => [entry.id, entry]));
    const honest = network.nodes.filter(({ kind }) => kind !== 'dead');
    for (const { key, kind, host, udp } of honest) {
      const { truth } = kinds[kind];
      const entry = found.get(key);
      expect([kind, entry]).toMatchObject([kind, { ip: host, udp }]);
      // The head may be older than a minute by now.
      const reached = truth === 'synced' ? ['chain', 'synced'] : [truth];
      expect(reached, kind).toContain(entry?.status);
      const hasHello = statuses.indexOf(truth) >= statuses.indexOf('hello');
      expect(entry?.client === null).toBe(!hasHello);
    }

    const output = join(folder, 'nodes.json');
    const flags = ['--format', 'nodes.json', '--output', output];
    const exported = await run(['export', '--datadir', join(folder, 'once'), ...flags]);
    expect(exported).toMatchObject({ code: 0, stdout: '' });
    const records = Object.values(JSON.parse(readFileSync(output, 'utf8')) as object);
    const withRecord = [...found.values()].filter(({ enr }) => enr !== null);
    expect(records).toHaveLength(withRecord.length);
    if (withRecord.length < found.size) {
      expect(exported.stderr).toContain(`skipped: ${found.size - withRecord.length} nodes`);
    }
  });

  test('CR-07 resumes after a kill', async () => {
    let output = '';
    const killed = await run(crawl('killed'), (written, kill) => {
      output = written;
      if (/^\d+s .* visits, /m.test(written)) kill('SIGKILL');
    });
    expect(killed.code, output).toBe('SIGKILL');
    const before = entries((await run(['export', '--datadir', join(folder, 'killed')])).stdout);
    expect(before.length).toBeGreaterThan(1);
    const { code, stderr } = await run(crawl('killed', '--timeout', '1s'));
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^resuming crawl in .* with \d+ nodes\n/)]);
    const after = entries((await run(['export', '--datadir', join(folder, 'killed')])).stdout);
    const ids = new Set(after.map(({ id }) => id));
    expect(before.filter(({ id }) => !ids.has(id))).toEqual([]);
  });

  test('CR-09 serves metrics, and closes orderly at a signal', async () => {
    let metrics: Promise<string> | undefined;
    const { code, stdout, stderr } = await run(crawl('signal', '--metrics', '--metrics.port', '0'), (written, kill) => {
      const [, url] = /^serving metrics on (\S+)$/m.exec(written) ?? [];
      if (url === undefined || metrics !== undefined) return;
      metrics = fetch(url).then((response) => response.text());
      metrics.finally(() => kill('SIGTERM')).catch(() => {});
    });
    expect(await metrics).toMatch(/^crawler_nodes\{step="discovered"\} \d+$/m);
    expect(await metrics).toMatch(/^crawler_visits_total \d+$/m);
    expect([code, stderr]).toEqual([0, expect.stringContaining('closing; a second signal exits immediately')]);
    expect(stdout).toMatch(/^\d+ nodes known: /m);
    const unfinished = await run(crawl('unfinished', '--once'), (written, kill) => {
      if (written.includes('starting crawl in')) kill('SIGINT');
    });
    expect(unfinished.code).toBe(130);
  });

  test('CR-13 prints step by step whether a node is reachable', async () => {
    const of = (kind: string) => network.nodes.find((node) => node.kind === kind);
    const there = await run([
      'check',
      network.bootnode,
      '--networkid',
      '17',
      '--addr',
      '127.0.0.1',
      '--timeout',
      '100d',
    ]);
    expect(there.code).toBe(0);
    // The head may be older than a minute by now, so `synced` may be reached or not.
    const steps = statuses.slice(1, -1).map((step) => `  ${step} +[\\d.]+ ms .*\n`);
    const pattern = `^enode://.*\n${steps.join('')}  synced .*\nclient: .*\n`;
    expect(there.stdout).toMatch(new RegExp(pattern));
    expect(there.stdout).toMatch(/\nreachable\n$/);

    expect(there.stdout).toMatch(/\n {2}chain +[\d.]+ ms {3}on the requested chain\n/);

    const visit = ['check', network.bootnode, '--addr', '127.0.0.1', '--timeout', '100d'];
    const any = await run(visit);
    expect(any.stdout).toMatch(/\n {2}chain +[\d.]+ ms {3}no chain was requested, see --network\n/);
    const foreign = await run([...visit, '--network', 'sepolia']);
    expect(foreign.code).toBe(0);
    expect(foreign.stdout).toMatch(/\n {2}chain +no {3}not on sepolia\n/);
    expect(foreign.stdout).toMatch(
      /\nchain: network 17, .*\nrequested: sepolia, network 11155111, genesis 0x25a5cc10.*\n/,
    );
    expect(foreign.stdout).toMatch(/\nreachable; it is not on sepolia\n$/);

    const full = of('full');
    if (!full) throw new Error('no node is full');
    const { key, host, tcp, udp } = full;
    const fullUrl = `enode://${key}@${host}:${tcp}?discport=${udp}`;
    const refused = await run(['check', fullUrl, '--addr', '127.0.0.1', '--timeout', '10s']);
    expect(refused.stdout).toMatch(
      /\n {2}authenticated +[\d.]+ ms {3}proved its key\n {2}hello +no {3}no Hello\n {2}status +no {3}not reached\n/,
    );

    const dead = of('dead') ?? of('closed');
    if (!dead) throw new Error('no node is dead');
    const url = `enode://${toHex(dead.id)}@${dead.host}:${dead.tcp}?discport=${dead.udp}`;
    const gone = await run(['check', url, '--json', '--timeout', '10s']);
    expect(gone.code).toBe(1);
    expect(JSON.parse(gone.stdout)).toMatchObject({
      reachable: false,
      error: 'tcp/ECONNREFUSED',
      node: { id: dead.key },
    });
  });

  test('a foreign directory, or one in use, is refused in one line and not changed', async () => {
    const other = join(folder, 'other');
    mkdirSync(join(other, 'chain'), { recursive: true });
    const lines = async (...args: string[]) => {
      const { code, stderr, stdout } = await run(args);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^devp2p-crawler: [^\n]+\n$/);
      return [code, stderr];
    };
    expect(await lines(...crawl('other'))).toEqual([
      1,
      expect.stringContaining(
        `datadir ${other} does not belong to a crawler, it contains "chain"; choose another with --datadir`,
      ),
    ]);
    for (const name of ['other', 'nowhere']) {
      expect(await lines('export', '--datadir', join(folder, name))).toEqual([
        1,
        expect.stringContaining(`no crawl in datadir ${join(folder, name)}`),
      ]);
    }
    writeFileSync(join(folder, 'file'), '');
    expect(await lines(...crawl('file'))).toEqual([1, expect.stringContaining('not a directory')]);
    expect(await lines('crawl', '--datadir', join(folder, 'new'))).toEqual([
      2,
      expect.stringContaining('no nodes to start from'),
    ]);
    expect(existsSync(join(folder, 'new'))).toBe(false);
    expect(await lines('crawl', '--rate', 'fast')).toEqual([2, expect.stringContaining('"fast"')]);

    let second: Promise<(number | string | null)[]> | undefined;
    await run(crawl('used'), (written, kill) => {
      if (!written.includes('starting crawl in') || second !== undefined) return;
      second = lines('export', '--datadir', join(folder, 'used'));
      second.finally(() => kill('SIGTERM')).catch(() => {});
    });
    expect(await second).toEqual([1, expect.stringContaining('is in use by another process')]);
  });

  test('errors name an invalid node key file, and an output file that cannot be written', async () => {
    writeFileSync(join(folder, 'key'), 'secret');
    const key = await run(crawl('keyed', '--nodekey', join(folder, 'key')));
    expect(key).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('does not contain a valid private key'),
    });
    expect(key.stderr).not.toContain('secret');
    expect(existsSync(join(folder, 'keyed'))).toBe(false);
    await run(crawl('keyed', '--timeout', '1s'));
    const output = join(folder, 'nowhere', 'file');
    const exported = await run(['export', '--datadir', join(folder, 'keyed'), '--output', output]);
    expect(exported).toMatchObject({
      code: 1,
      stderr: `devp2p-crawler: ${output} cannot be written (ENOENT); choose another with --output\n`,
    });
  });

  test('CR-09 continues when standard error is closed', async () => {
    const { code, stdout } = await run(crawl('alone', '--timeout', '2s'), (written, _, closeStream) => {
      if (written !== '') closeStream('stderr');
    });
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^step +nodes/)]);
  });

  test.skipIf(process.platform === 'win32')(
    'CR-11 exports to standard output under any of its names, without other text',
    async () => {
      const datadir = join(folder, 'streams');
      await run(crawl('streams', '--timeout', '1s'));
      const plain = join(folder, 'plain.json');
      const flags = ['--datadir', datadir, '--format', 'nodes.json'];
      expect((await run(['export', ...flags, '--output', plain])).code).toBe(0);
      const wanted = readFileSync(plain, 'utf8');
      // The pipes of this test are sockets, which cannot be opened by name.
      for (const name of ['-', '/dev/stdout']) {
        const exported = await run(['export', ...flags, '--output', name]);
        expect(exported).toMatchObject({ code: 0, stdout: wanted });
      }
      const file = join(folder, 'out.json');
      const output = openSync(file, 'w');
      await run(['export', ...flags, '--output', '/dev/fd/1'], undefined, output);
      expect(readFileSync(file, 'utf8')).toBe(wanted);
      const mixed = await run(['export', ...flags, '--output', '/dev/stderr']);
      expect(mixed).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('/dev/stderr and standard error are the same file: '),
      });
      const nothing = ['--datadir', join(folder, 'nothing'), '--output', '/dev/stderr'];
      expect(await run(['export', ...nothing])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('no crawl in datadir '),
      });
    },
    60_000,
  );

  test.runIf(process.platform === 'linux')(
    'CR-11 reports a full disk, and does not replace devices and links',
    async () => {
      const full = await run(['--help'], undefined, openSync('/dev/full', 'w'));
      expect(full).toMatchObject({
        code: 1,
        stderr: 'devp2p-crawler: standard output cannot be written (ENOSPC)\n',
      });
      await run(crawl('device', '--timeout', '1s'));
      const output = join(folder, 'device-link');
      symlinkSync('/dev/null', output);
      const flags = ['--datadir', join(folder, 'device'), '--output', output];
      expect(await run(['export', ...flags])).toMatchObject({ code: 0 });
      expect(lstatSync(output).isSymbolicLink()).toBe(true);
      const [file, link] = [join(folder, 'device-file'), join(folder, 'file-link')];
      writeFileSync(file, '');
      symlinkSync(file, link);
      const datadir = join(folder, 'device');
      await run(['export', '--datadir', datadir, '--output', link, '--format', 'csv']);
      expect(lstatSync(link).isSymbolicLink()).toBe(true);
      expect(readFileSync(file, 'utf8')).toMatch(/^id,/);
    },
    60_000,
  );
});
