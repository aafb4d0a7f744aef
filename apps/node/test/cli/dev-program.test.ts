import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Program } from './program.ts';

let folder: string;
const running = new Set<Program>();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dev-program-'));
});
afterEach(async () => {
  for (const program of running) program.kill('SIGKILL');
  await Promise.all([...running].map(({ ended }) => ended));
  running.clear();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(...args: string[]): Program {
  const program = new Program([...args, '--port', '0', '--nodiscover', '--http', '--http.port', '0']);
  running.add(program);
  return program;
}

/** Ends a program as an operator does. */
async function stop(program: Program): Promise<void> {
  program.kill('SIGTERM');
  expect(await program.ended).toBe(0);
}

interface Block {
  readonly stateRoot: string;
  readonly transactions: readonly string[];
}

/** A block by JSON-RPC; `null` if the node does not have it. */
async function block(program: Program, number: number): Promise<Block | null> {
  const [, endpoint] = await program.output(/http server started endpoint=(\S+)/);
  const response = await fetch(`http://${endpoint}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'eth_getBlockByNumber',
      params: [`0x${number.toString(16)}`, false],
    }),
  });
  return ((await response.json()) as { result: Block | null }).result;
}

/** Starts a node that follows a development chain as its output says. */
async function follow(dev: Program, datadir: string): Promise<Program> {
  const [, flags = ''] = await dev.output(/^follow it: devp2p-node (.*)\n/m);
  return start(...flags.split(' '), '--datadir', datadir, '--addr', '127.0.0.1');
}

/** Waits until a node has imported a block with the number, which has one digit, or a later one. */
async function reached(program: Program, number: number): Promise<void> {
  await program.output(new RegExp(`block imported .*number=(?:[${number}-9]|[1-9]\\d+)\\b`));
}

test('EN-34 ET-13 devp2p-node dev prints funded accounts and makes blocks, which another node follows', async () => {
  const dev = start('dev', '--period', '1', '--load', '20', '--accounts', '3');
  const [, genesis = ''] = await dev.output(/^genesis=(\S+)\n/m);
  await dev.enode();
  const accounts = [...dev.stdout.matchAll(/^account=(\d) address=0x([0-9a-f]{40}) key=0x([0-9a-f]{64})$/gm)];
  expect(accounts.map(([, number]) => number)).toEqual(['0', '1', '2']);
  expect(accounts[0]?.[2]).toBe('f39fd6e51aad88f6f4ce6ab8827279cfffb92266');
  expect(dev.stdout).toMatch(/^development chain 1337, a block every 1 s\nThe keys of these accounts are public/);
  const follower = await follow(dev, join(folder, 'follower'));
  await reached(follower, 4);
  const [made, followed] = await Promise.all([dev, follower].map((program) => block(program, 4)));
  expect(followed).toEqual(made);
  expect(made?.transactions.length).toBeGreaterThan(0);
  await stop(dev);
  await stop(follower);
  // Without --datadir the chain is temporary.
  expect(existsSync(dirname(genesis))).toBe(false);
});

test('EN-34 devp2p-node dev continues the chain of a datadir, and a follower that was stopped catches up', async () => {
  const datadir = join(folder, 'kept');
  const first = start('dev', '--datadir', datadir, '--period', '1');
  const follower = await follow(first, join(folder, 'follower-2'));
  await reached(follower, 2);
  await stop(follower);
  const before = await block(first, 2);
  await stop(first);
  const second = start('dev', '--datadir', datadir, '--period', '1');
  const again = await follow(second, join(folder, 'follower-2'));
  await reached(again, 4);
  expect(await block(second, 2)).toEqual(before);
  expect(await block(again, 2)).toEqual(before);
  await stop(second);
  await stop(again);
});

test('EN-34 devp2p-node dev refuses a listener outside of loopback, with one line', async () => {
  const program = start('dev', '--addr', '0.0.0.0');
  expect(await program.ended).toBe(2);
  expect(program.stdout).toBe('');
  expect(program.stderr).toMatch(/^devp2p-node: host is 0\.0\.0\.0: .*--dev\.public.*\n$/);
});

test('EN-34 devp2p-node dev that listens for other hosts names what they need, not its loopback address', async () => {
  const open = start('dev', '--dev.public', '--addr', '0.0.0.0');
  await open.enode();
  const [, genesis = ''] = await open.output(/^genesis=(\S+)\n/m);
  const command =
    /^follow it: devp2p-node --genesis GENESIS --eth.blockgossip --static enode:\/\/[0-9a-f]{128}@ADDRESS:\d+\S*\n/m;
  expect(open.stdout).toMatch(command);
  expect(open.stdout).toContain(`on another host; GENESIS is a copy of ${genesis}, ADDRESS is that of this host\n`);
  await stop(open);
  const named = start('dev', '--dev.public', '--addr', '0.0.0.0', '--nat', 'extip:192.0.2.7');
  await named.enode();
  expect(named.stdout).toMatch(/--static enode:\/\/[0-9a-f]{128}@192\.0\.2\.7:\d+/);
  expect(named.stdout).not.toContain('ADDRESS');
  await stop(named);
});
