import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectPeer } from '../../soak/guest.ts';
import { blocksIn } from './datadir.ts';
import { chainFile, datadir, datadirWithChain, run, start } from './scene.ts';

const quiet = ['--verbosity', 'error'];
const tcp = 'port';
const udp = 'discovery.port';
const servers = ['http', 'ws', 'authrpc', 'metrics'];

/** Flags to start every server of a node, on free ports except for one. */
function everything(flag?: string, port?: number): string[] {
  const ports = [...servers.map((name) => `${name}.port`), tcp, udp];
  return [
    ...servers.map((name) => `--${name}`),
    ...ports.flatMap((name) => [`--${name}`, String(name === flag ? port : 0)]),
    ...quiet,
  ];
}

/** Takes a free port. */
async function occupy(flag: string): Promise<{ port: number; close(): void }> {
  if (flag === udp) {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return { port: socket.address().port, close: () => void socket.close() };
  }
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, close: () => void server.close() };
}

test.each([tcp, udp, ...servers.map((name) => `${name}.port`)])(
  'HX-21 --%s in use: one line names flag, address and cause, and no partial data is left',
  async (flag) => {
    const directory = datadir();
    const { port, close } = await occupy(flag);
    const refused = start(directory, ...everything(flag, port));
    expect(await refused.ended).toBe(1);
    expect(refused.stderr).toMatch(new RegExp(`^devp2p-node: .*port ${port} on 127.0.0.1 is in use .*--${flag}\\n$`));
    const names = ['addresses', 'chain', 'jwtsecret', 'nodekey', 'nodes', 'state', 'txpool'];
    expect(names).toEqual(expect.arrayContaining(readdirSync(directory)));
    close();
    // The files are complete: the next start uses them. The metrics server is the last one that starts.
    if (flag !== 'metrics.port') return;
    const key = readFileSync(join(directory, 'nodekey'), 'utf8');
    const again = start(directory, ...everything());
    const { ask } = await connectPeer(await again.enode);
    await ask();
    expect(readFileSync(join(directory, 'nodekey'), 'utf8')).toBe(key);
    expect(await again.stop()).toBe(0);
  },
);

test('HX-21 HX-22 ND-03 a datadir in use: the second process fails with one line, and the first continues', async () => {
  const directory = await datadirWithChain();
  const first = start(directory, ...everything());
  const { ask } = await connectPeer(await first.enode);
  const line = new RegExp(`^devp2p-node: datadir ${directory} is in use by another process; .*\\n$`);
  const second = start(directory, ...quiet);
  expect(await second.ended).toBe(1);
  expect(second.stderr).toMatch(line);
  await expect(run(undefined, 'import', chainFile, '--datadir', directory, ...quiet)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(line),
  });
  await ask();
  expect(await first.stop()).toBe(0);
  expect(await blocksIn(directory)).toBe(1_024);
});
