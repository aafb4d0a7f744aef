import { fileURLToPath } from 'node:url';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { listen } from '@devp2p/discv4/udp';
import { formatEnr } from '@devp2p/enr';
import { beforeAll, expect, test } from 'vitest';
import { buildGeth } from './geth.ts';
import { Program } from './program.ts';

const devp2p = fileURLToPath(new URL('bin/devp2p', import.meta.url));

beforeAll(() => buildGeth(), 900_000);

test('ND-19 all 15 discv4 tests of go-ethereum pass against our node', async () => {
  const discovery = await listen({
    privateKey: generatePrivateKey(),
    host: '127.0.0.1',
    port: 0,
    crypto: fastCrypto,
  });
  const remote = `--remote=${formatEnr(discovery.localEnr)}`;
  const listeners = ['--listen1=127.0.0.1', '--listen2=127.0.0.2'];
  const suite = new Program('devp2p', devp2p, ['discv4', 'test', remote, ...listeners]);
  const [, passed, total] = await suite.line(/^(\d+)\/(\d+) tests passed/, 120_000);
  await suite.exited;
  await discovery.close();
  expect([passed, total]).toEqual(['15', '15']);
});
