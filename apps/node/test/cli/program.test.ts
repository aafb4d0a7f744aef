import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { nobleCrypto } from '@devp2p/crypto';
import { eth } from '@devp2p/eth';
import { memoryChain } from '@devp2p/eth/memory';
import { type MessageStream, openPeer, type Peer } from '@devp2p/peer';
import { connect } from '@devp2p/rlpx/tcp';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseGenesis } from '../../src/config/genesis/genesis.ts';
import { forkSchedule } from '../../src/validation/chain-config.ts';
import { Program } from './program.ts';

const demo = fileURLToPath(new URL('../../demo/chain/', import.meta.url));
const genesis = `${demo}genesis.json`;
const blocks = `${demo}chain.rlp.gz`;
const key = 'c0ffee'.padEnd(64, '1');

let folder: string;
let count = 0;
/** A datadir with the whole chain. Tests copy or read it. */
let full: string;
const running = new Set<Program>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'program-'));
  full = datadir();
  for (const file of [blocks, `${demo}receipts.rlp.gz`]) {
    expect(await start(['import', file, '--datadir', full]).ended).toBe(0);
  }
});
afterEach(async () => {
  for (const program of running) program.kill('SIGKILL');
  await Promise.all([...running].map(({ ended }) => ended));
  running.clear();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function datadir(): string {
  return join(folder, `datadir-${count++}`);
}

/** Starts the program on the demo's chain. */
function start(args: readonly string[], environment: Record<string, string> = {}): Program {
  const program = new Program(args, { DEVP2P_GENESIS: genesis, ...environment });
  running.add(program);
  return program;
}

function startNode(path: string, ...flags: string[]): Program {
  return start(['--datadir', path, '--addr', '127.0.0.1', '--port', '0', ...flags]);
}

/** Exit code and output of a program that fails. */
async function failure(program: Program) {
  const code = await program.ended;
  return { code, stdout: program.stdout, stderr: program.stderr };
}

describe('wrong use: one line, exit code 2', () => {
  test.each([
    [['--frobnicate'], 'unknown flag --frobnicate; --help lists all flags'],
    [['--prot=1'], 'unknown flag --prot; did you mean --port?'],
    [
      ['--static', 'enode://12@127.0.0.1:1'],
      'invalid value "enode://12@127.0.0.1:1" for --static: enode URL needs a public key on secp256k1 as 128 hex digits before the @, got "12"',
    ],
    [['--nodekeyhex', '0'.repeat(64)], 'invalid value for --nodekeyhex: not a private key of secp256k1'],
    [['export', 'x', '--first', '5', '--last', '4'], '--last 4 comes before --first 5'],
  ])('%j', async (args, message) => {
    expect(await failure(start(['--datadir', datadir(), ...args]))).toEqual({
      code: 2,
      stdout: '',
      stderr: `devp2p-node: ${message}\n`,
    });
  });

  test('no chain configured', async () => {
    expect(await failure(start([], { DEVP2P_GENESIS: '', DEVP2P_DATADIR: datadir() }))).toMatchObject({
      code: 2,
      stderr: 'devp2p-node: invalid value "" for DEVP2P_GENESIS: expected a path\n',
    });
    const program = new Program(['--datadir', datadir()]);
    expect(await failure(program)).toMatchObject({
      code: 2,
      stderr: 'devp2p-node: no chain selected: use --genesis FILE or --network NAME\n',
    });
  });
});

describe('failures at the start: one line, exit code 1', () => {
  const quiet = ['--verbosity', 'error'];

  async function expectFailure(program: Program, pattern: RegExp): Promise<void> {
    const { code, stdout, stderr } = await failure(program);
    expect(stderr).toMatch(pattern);
    expect(stderr).toMatch(/^devp2p-node: .*\n$/);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  }

  test('a missing or invalid genesis', async () => {
    const wrong = join(folder, 'wrong.json');
    writeFileSync(wrong, readFileSync(genesis, 'utf8').replace('"gasLimit": "', '"gasLimit": "x'));
    await expectFailure(
      startNode(datadir(), '--genesis', '/nowhere/genesis.json', ...quiet),
      /: genesis \/nowhere\/genesis.json cannot be read \(ENOENT\): name a genesis.json/,
    );
    await expectFailure(startNode(datadir(), '--genesis', wrong, ...quiet), /wrong.json: .*gasLimit/);
  });

  test('ND-09 an invalid JWT secret, before the datadir is made', async () => {
    const [wrong, path] = [join(folder, 'jwt.hex'), datadir()];
    writeFileSync(wrong, 'c0ffee');
    await expectFailure(
      startNode(path, '--authrpc', '--authrpc.jwtsecret', wrong, ...quiet),
      /: JWT secret .*jwt.hex is not 64 hex digits: name another with --authrpc.jwtsecret\n$/,
    );
    expect(existsSync(path)).toBe(false);
  });

  test('ND-03 a datadir of another genesis, which is not changed', async () => {
    const other = join(folder, 'other.json');
    writeFileSync(other, readFileSync(genesis, 'utf8').replace('"nonce": "0x0"', '"nonce": "0x1"'));
    await expectFailure(startNode(full, '--genesis', other, ...quiet), new RegExp(`${full}.*genesis`));
    const out = join(folder, 'still.rlp');
    expect(await start(['export', out, '--datadir', full]).ended).toBe(0);
  });

  test('ND-03 a datadir of another fork schedule, which is not changed', async () => {
    const path = datadir();
    cpSync(full, path, { recursive: true });
    const text = readFileSync(genesis, 'utf8');
    const write = (name: string, ...change: [string, string]): string => {
      const changed = text.replace(...change);
      expect(changed).not.toBe(text);
      writeFileSync(join(folder, name), changed);
      return join(folder, name);
    };
    const passed: [string, string, string][] = [
      ['pragueTime', write('removed.json', '"pragueTime": 1767231744,', ''), '1767231744 there, not set'],
      [
        'cancunTime',
        write('moved.json', '"cancunTime": 1767228672', '"cancunTime": 1767228684'),
        '1767228672 there, 1767228684',
      ],
      [
        'osakaTime',
        write('added.json', '"pragueTime"', '"osakaTime": 1767231745, "pragueTime"'),
        'not set there, 1767231745',
      ],
    ];
    for (const [fork, file, times] of passed) {
      const line = new RegExp(`: ${path}/chain has .*: ${fork} is ${times} in genesis ${file}; use the schedule`);
      const out = join(folder, 'other.rlp');
      await expectFailure(startNode(path, '--genesis', file, ...quiet), line);
      const work = (command: string, name: string): Program =>
        start([command, name, '--datadir', path, '--genesis', file, ...quiet]);
      await expectFailure(work('import', blocks), line);
      await expectFailure(work('export', out), line);
      expect(existsSync(out)).toBe(false);
    }
    // A future fork may be added, and moved.
    for (const time of [4_000_000_000, 5_000_000_000]) {
      const file = write('later.json', '"pragueTime"', `"osakaTime": ${time}, "pragueTime"`);
      const node = startNode(path, '--genesis', file);
      await node.enode();
      node.kill('SIGKILL');
      await node.ended;
    }
    expect(await start(['export', join(folder, 'kept.rlp'), '--datadir', path]).ended).toBe(0);
  });

  test('FK-19 a chain whose next fork is active and unknown', async () => {
    const file = join(folder, 'bogota.json');
    const text = readFileSync(genesis, 'utf8');
    writeFileSync(file, text.replace('"pragueTime"', '"bogotaTime": 1767231756, "pragueTime"'));
    const advice = 'the rules of that fork are not implemented in this version; use a version that supports it';
    await expectFailure(
      startNode(datadir(), '--genesis', file, ...quiet),
      new RegExp(`: genesis ${file}: bogotaTime is 1767231756, which has come: ${advice}`),
    );
    await expectFailure(
      start(['import', blocks, '--datadir', datadir(), '--genesis', file, ...quiet]),
      new RegExp(`: block \\d+: its time, 1767231756, is not before bogotaTime, .*: ${advice}`),
    );
  });

  test('ND-04 a chain file in place of a genesis', async () => {
    await expectFailure(
      startNode(datadir(), '--genesis', blocks, ...quiet),
      /: genesis .*chain.rlp.gz is compressed with gzip: decompress it first/,
    );
    const raw = join(folder, 'raw.rlp');
    expect(await start(['export', raw, '--datadir', full, '--last', '5']).ended).toBe(0);
    await expectFailure(
      startNode(datadir(), '--genesis', raw, ...quiet),
      /: genesis .*raw.rlp is binary data, not JSON: name a genesis.json .*"devp2p-node import .*raw.rlp"/,
    );
  });

  test('ND-03 a node key that other users can read', async () => {
    const path = datadir();
    const first = startNode(path);
    await first.enode();
    first.kill('SIGTERM');
    await first.ended;
    chmodSync(join(path, 'nodekey'), 0o644);
    await expectFailure(startNode(path, ...quiet), /nodekey is open to other users .*chmod 600/);
  });

  test('HX-21 an address of another machine', async () => {
    await expectFailure(
      start(['--datadir', datadir(), '--addr', '203.0.113.9', '--port', '0', ...quiet]),
      /: cannot listen on port 0 on 203\.0\.113\.9: 203\.0\.113\.9 is not an address of this machine; choose another with --addr$/m,
    );
  });

  test('an invalid key file: the hint is not to remove it', async () => {
    const file = join(folder, 'no-key');
    writeFileSync(file, 'mine');
    await expectFailure(
      startNode(datadir(), '--nodekey', file, ...quiet),
      new RegExp(`node key ${file} is not .*: name another with --nodekey\n$`),
    );
  });

  test('an export of a missing datadir does not create it', async () => {
    const path = datadir();
    await expectFailure(
      start(['export', join(folder, 'none.rlp'), '--datadir', path, ...quiet]),
      new RegExp(`: no chain in ${path}: set --datadir to a directory that has one`),
    );
    expect(existsSync(path)).toBe(false);
  });

  test('ND-02 a chain file and a datadir that contradict a required block', async () => {
    const required = ['--eth.requiredblocks', `600=0x${'12'.repeat(32)}`, ...quiet];
    await expectFailure(
      start(['import', blocks, '--datadir', datadir(), ...required]),
      /: block 600: is 0x[0-9a-f]{64}, but 0x(12){32} is required$/m,
    );
    await expectFailure(
      startNode(full, ...required),
      /chain does not have the required chain: block 600: .*; choose another --datadir, or other/,
    );
  });

  test('an altered and a truncated chain file: the blocks before the fault are kept', async () => {
    const content = gunzipSync(readFileSync(blocks));
    const altered = join(folder, 'altered.rlp');
    content[content.length >> 1] = (content[content.length >> 1] ?? 0) ^ 1;
    writeFileSync(altered, content);
    const truncated = join(folder, 'truncated.rlp');
    writeFileSync(truncated, content.subarray(0, 100_000));
    for (const file of [altered, truncated]) {
      const path = datadir();
      const program = start(['import', file, '--datadir', path, ...quiet]);
      await expectFailure(program, /: block \d+: /);
      const number = Number(/block (\d+)/.exec(program.stderr)?.[1]);
      const out = join(folder, 'kept.rlp');
      const kept = start(['export', out, '--datadir', path, ...quiet]);
      expect(await kept.ended).toBe(0);
      expect(kept.stdout).toContain(` last=${number - 1} `);
    }
  });
});

describe('only results on standard output', () => {
  test('ND-05 import and export without execution', async () => {
    const path = datadir();
    const imported = start(['import', blocks, '--no-exec', '--datadir', path]);
    expect(await imported.ended).toBe(0);
    expect(imported.stdout).toMatch(
      /^imported number=1024 hash=0x[0-9a-f]{64} blocks=1024 known=0 receipts=0 seconds=[\d.]+ blocks\/s=\d+\n$/,
    );
    const warning =
      / WARN: chain: blocks 1 to 1024 have no receipts, so peers cannot download them; import a receipts file, .* blocks=1024\n/g;
    expect(imported.stderr.match(warning)).toHaveLength(1);
    const node = startNode(path, '--nodiscover', '--no-exec');
    await node.enode();
    expect(node.stderr.match(warning)).toHaveLength(1);
    node.kill('SIGTERM');
    expect(await node.ended).toBe(0);
    const receipts = start(['import', `${demo}receipts.rlp.gz`, '--no-exec', '--datadir', path]);
    expect(await receipts.ended).toBe(0);
    expect(receipts.stderr).not.toContain('no receipts');
    const out = join(folder, 'out.rlp');
    const exported = start(['export', out, '--datadir', path, '--first', '1', '--last', '1024']);
    expect(await exported.ended).toBe(0);
    expect(exported.stdout).toMatch(/^exported blocks=1024 first=1 last=1024 seconds=[\d.]+ blocks\/s=\d+\n$/);
    expect(readFileSync(out).equals(gunzipSync(readFileSync(blocks)))).toBe(true);
  });

  test('ND-05 ND-07 imported blocks are executed, and have their receipts', async () => {
    const path = datadir();
    const imported = start(['import', blocks, '--datadir', path]);
    expect(await imported.ended).toBe(0);
    expect(imported.stdout).toMatch(/^imported number=1024 /);
    expect(imported.stderr).not.toContain('WARN');
    const [made, given] = [join(folder, 'made.rlp'), `${demo}receipts.rlp.gz`];
    expect(await start(['export', made, '--receipts', '--datadir', path]).ended).toBe(0);
    expect(readFileSync(made).equals(gunzipSync(readFileSync(given)))).toBe(true);
  });

  test('ND-07 a datadir without state says that its blocks are executed, and executes them', async () => {
    const path = datadir();
    expect(await start(['import', blocks, '--no-exec', '--datadir', path]).ended).toBe(0);
    const node = startNode(path, '--nodiscover', '--http');
    await node.output(
      /WARN: chain: the state is that of block 0, and the head is block 1024: blocks 1 to 1024 are executed/,
    );
    await node.output(/sync: execution done=1024 total=1024 .*rate=\S+ .*gas=.* Mgas\/s/);
    node.kill('SIGTERM');
    expect(await node.ended).toBe(0);
    const [made, given] = [join(folder, 'made-again.rlp'), `${demo}receipts.rlp.gz`];
    expect(await start(['export', made, '--receipts', '--datadir', path]).ended).toBe(0);
    expect(readFileSync(made).equals(gunzipSync(readFileSync(given)))).toBe(true);
  });

  test('ND-08 a sync that ends the program', async () => {
    const serving = startNode(full);
    const syncing = startNode(datadir(), '--static', await serving.enode(), '--sync.exit');
    expect(await syncing.ended).toBe(0);
    expect(syncing.stdout).toMatch(
      /^enode=enode:\/\/[0-9a-f]{128}@127\.0\.0\.1:\d+\nsynced number=1024 hash=0x[0-9a-f]{64} seconds=[\d.]+ headers\/s=\d+ bodies\/s=\d+\n$/,
    );
  });

  test('ND-08 a sync without peers ends the program after the timeout, and names the cause', async () => {
    const alone = startNode(datadir(), '--nodiscover', '--sync.exit', '--sync.timeout', '1');
    expect(await alone.ended).toBe(1);
    expect(alone.stderr).toMatch(
      /(?:^|\n)devp2p-node: no progress for 1 s: no peers: no nodes to dial, and discovery is off; name some with --static\n$/,
    );
  });

  test('ND-08 a sync without a target logs within seconds that it waits, and fails after the timeout', async () => {
    const alone = startNode(datadir(), '--sync.exit', '--sync.timeout', '8');
    expect(await alone.ended).toBe(1);
    expect(alone.stderr).toMatch(
      / INFO: node: ends once synced, or without progress after --sync\.timeout seconds=8\n/,
    );
    const text = 'no peers: discovery finds no nodes; name some with --bootnodes or --static';
    expect(alone.stderr).toContain(` INFO: node: ${text} state=no-nodes-known discovery=true\n`);
    expect(alone.stderr).toMatch(new RegExp(`(?:^|\n)devp2p-node: no progress for 8 s: ${text}\\n$`));
  });

  test('help and version', async () => {
    const help = start(['--help']);
    expect(await help.ended).toBe(0);
    expect(help.stdout).toContain('--sync.target HASH');
    const version = start(['--version']);
    expect(await version.ended).toBe(0);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('ND-13 logs', () => {
  test('ND-13 at the highest verbosity no key is logged, neither as text nor as JSON', async () => {
    const own = datadir();
    const serving = startNode(own, ...['--verbosity', 'trace', '--log.json', '--authrpc', '--authrpc.port', '0']);
    const given = start(
      ['--datadir', datadir(), '--addr', '127.0.0.1', '--port', '0', '--verbosity', '5'].concat(
        ['--static', await serving.enode()],
        ['--nodekeyhex', key],
      ),
    );
    await given.output(/peer added/);
    for (const program of [given, serving]) {
      program.kill('SIGTERM');
      expect(await program.ended).toBe(0);
    }
    const output = [serving, given].map(({ stdout, stderr }) => stdout + stderr).join('');
    const made = ['nodekey', 'jwtsecret'].map((name) => readFileSync(join(own, name), 'utf8').trim());
    expect(output).toContain('peer added');
    for (const secret of [key, ...made]) {
      expect(output.toLowerCase()).not.toContain(secret);
      expect(output).not.toContain(Buffer.from(secret, 'hex').toString('base64'));
      expect(output).not.toContain([...Buffer.from(secret, 'hex')].join(','));
    }
    for (const line of serving.stderr.trim().split('\n')) {
      expect(JSON.parse(line)).toMatchObject({
        level: expect.any(String),
        msg: expect.any(String),
      });
    }
    for (const line of given.stderr.trim().split('\n')) {
      expect(line).toMatch(/^\[[^\]]+\] [A-Z]+: [a-z]+: \S/);
    }
  });
});

test('ND-13 an HTTP request to the RLPx port is one line of the debug log', async () => {
  const node = startNode(datadir(), '--verbosity', 'debug');
  const { port } = new URL((await node.enode()).replace('enode:', 'http:'));
  createConnection(Number(port), '127.0.0.1').end('GET / HTTP/1.1\r\n\r\n');
  await node.output(/DEBUG: network: handshake failed address=127\.0\.0\.1:\d+ inbound=true error=/);
  node.kill('SIGTERM');
  expect(await node.ended).toBe(0);
});

describe('ND-14 the end', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('ND-14 %s: peers receive Disconnect, exit code 0', async (signal) => {
    const node = startNode(datadir());
    const peer = await meet(await node.enode());
    node.kill(signal);
    expect(await peer.closed).toMatchObject({ reason: 'quitting', direction: 'remote' });
    expect(await node.ended).toBe(0);
  });

  test('ND-14 a peer that does not close its connection does not delay the end', async () => {
    const node = startNode(datadir());
    await meet(await node.enode(), deaf);
    node.kill('SIGTERM');
    expect(await node.ended).toBe(0);
  });

  test('ND-14 a second signal ends the program at once', async () => {
    const node = startNode(datadir());
    await meet(await node.enode(), deaf);
    node.kill('SIGINT');
    await node.output(/closing; a second signal exits at once/);
    node.kill('SIGINT');
    expect(await node.ended).toBe(130);
  });

  test('ND-14 a signal ends an import, with exit code 130', async () => {
    // Known blocks are read as well, so the import takes long enough for a signal.
    const content = gunzipSync(readFileSync(blocks));
    const file = join(folder, 'long.rlp');
    writeFileSync(file, Buffer.concat(Array.from({ length: 40 }, () => content)));
    const program = start(['import', file, '--datadir', full]);
    await program.output(/chain opened/);
    program.kill('SIGINT');
    expect(await program.ended).toBe(130);
    expect(program.stdout).toBe('');
    expect(program.stderr).not.toContain('devp2p-node: ');
  });

  test('ND-03 after kill -9 the same node starts on the same datadir', async () => {
    const path = datadir();
    const first = startNode(path);
    const enode = await first.enode();
    first.kill('SIGKILL');
    expect(await first.ended).toBe('SIGKILL');
    const again = await startNode(path).enode();
    expect(again.split('@')[0]).toBe(enode.split('@')[0]);
    expect(statSync(join(path, 'nodekey')).mode & 0o777).toBe(0o600);
  });
});

test('ND-03 a download that is killed repeatedly with -9 keeps its blocks and ends at the head', async () => {
  const serving = await startNode(full).enode();
  const path = datadir();
  const heads: number[] = [];
  const download = (...flags: string[]): Program =>
    startNode(path, '--static', serving, '--verbosity', 'info,sync=debug', ...flags);
  for (let kills = 0; kills < 5; kills++) {
    const killed = download();
    // On a fast machine the download may end before the last kill.
    const phase = kills === 0 ? 'headers' : 'blocks';
    await killed.output(new RegExp(`phase=${phase} done=[1-9]|^synced `, 'm'));
    killed.kill('SIGKILL');
    expect(await killed.ended).toBe('SIGKILL');
    heads.push(Number(/chain opened .*head=(\d+)/.exec(killed.stderr)?.[1]));
  }
  const last = download('--sync.exit');
  expect(await last.ended).toBe(0);
  expect(last.stdout).toContain('synced number=1024 ');
  heads.push(Number(/chain opened .*head=(\d+)/.exec(last.stderr)?.[1]));
  expect(heads).toEqual([...heads].sort((a, b) => a - b));
  expect(heads.at(-1)).toBeGreaterThan(0);
});

test('a key file of another program can be used, and is not changed', async () => {
  const file = join(folder, 'key');
  writeFileSync(file, key);
  const before = statSync(file).mtimeMs;
  const path = datadir();
  const id = (await startNode(path, '--nodekey', file).enode()).slice(0, 136);
  expect((await start(['--datadir', datadir(), '--port', '0'], { DEVP2P_NODEKEYHEX: key }).enode()).slice(0, 136)).toBe(
    id,
  );
  expect(statSync(file).mtimeMs).toBe(before);
});

/** Connects a peer to a node that runs the demo's chain. */
async function meet(enode: string, wrap: (stream: MessageStream) => MessageStream = (stream) => stream): Promise<Peer> {
  const stream = await connect(enode, { privateKey: new Uint8Array(32).fill(9) });
  const { config, header } = parseGenesis(readFileSync(genesis, 'utf8'), nobleCrypto);
  const chain = memoryChain({
    networkId: config.chainId,
    genesisHash: header.hash,
    forks: forkSchedule(config, header.timestamp),
  });
  const peer = await openPeer(wrap(stream), { protocols: [eth({ chain })] });
  await peer.eth.status;
  return peer;
}

/** A stream that ignores Disconnect and does not close. */
function deaf(stream: MessageStream): MessageStream {
  return {
    localId: stream.localId,
    remoteId: stream.remoteId,
    inbound: stream.inbound,
    congested: false,
    closed: new Promise(() => {}),
    read: () =>
      stream.read().then(
        (message) => (message === undefined || message.code === 1 ? new Promise(() => {}) : message),
        () => new Promise(() => {}),
      ),
    write: (code, payload) => stream.write(code, payload),
    enableCompression: () => stream.enableCompression(),
    close: async () => {},
    destroy: () => {},
  };
}
