import { once } from 'node:events';
import { createServer } from 'node:net';
import { systemClock } from '@devp2p/clock';
import { nobleCrypto, randomBytes } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { toHex } from '@devp2p/enr';
import { eth } from '@devp2p/eth';
import { memoryChain } from '@devp2p/eth/memory';
import { openPeer } from '@devp2p/peer';
import { connect } from '@devp2p/rlpx/tcp';
import { expect, test } from 'vitest';
import { silentLogs } from '../../src/log.ts';
import { openNetwork } from '../../src/network/network.ts';
import { createPeerSet } from '../../src/network/peers.ts';

const identities = [1, 2]
  .map((byte) => {
    const privateKey = new Uint8Array(32).fill(byte);
    return { privateKey, id: nobleCrypto.secp256k1.publicKey(privateKey) };
  })
  .sort((a, b) => (toHex(a.id) < toHex(b.id) ? -1 : 1));

test.each([
  ['lower', 'lets it in', 0],
  ['higher', 'refuses it', 1],
])('of two connections that cross, the node with the %s id %s', async (_id, expected, index) => {
  const [us, them] = index === 0 ? identities : identities.toReversed();
  if (us === undefined || them === undefined) throw new Error('two identities');
  const chain = memoryChain({ networkId: 1n, genesisHash: new Uint8Array(32) });
  // Takes connections, and says nothing: our attempt to dial is under way all the time.
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port: tcp } = silent.address() as { port: number };
  const network = await openNetwork({
    ...us,
    host: '127.0.0.1',
    port: 0,
    clientId: 'ours/1.0',
    eth: eth({ chain }),
    peers: createPeerSet({ id: us.id, maxPeers: 50, isStatic: () => false }),
    staticNodes: [],
    isStatic: () => false,
    maxPendingPeers: 50,
    onPeer: () => {},
    crypto: fastCrypto,
    clock: systemClock,
    random: randomBytes,
    logs: silentLogs,
  });
  const arrived = once(silent, 'connection');
  const dialling = network.dial({ id: them.id, host: '127.0.0.1', tcp, udp: 0 }, () => true);
  dialling.catch(() => {});
  const [socket] = await arrived;

  const stream = await connect(
    { id: us.id, host: '127.0.0.1', tcp: network.port },
    { privateKey: them.privateKey },
  );
  const opened = openPeer(stream, { clientId: 'theirs/1.0', protocols: [eth({ chain })] });
  if (expected === 'lets it in') await (await opened).disconnect('requested');
  else await expect(opened).rejects.toMatchObject({ reason: 'already-connected' });
  socket.destroy();
  silent.close();
  await network.close();
});
