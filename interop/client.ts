import { readFileSync } from 'node:fs';
import { fromHex } from '@devp2p/bytes';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { type EthPeer, eth, type ForkSchedule } from '@devp2p/eth';
import { memoryChain } from '@devp2p/eth/memory';
import { openPeer } from '@devp2p/peer';
import { connect } from '@devp2p/rlpx/tcp';
import type { TestChain } from './geth.ts';

/** A peer without blocks that only sends requests. */
export interface Client {
  readonly eth: EthPeer;
  close(): Promise<void>;
}

/** Connects to a node on the test chain, with one version of eth. */
export async function connectEth(enode: string, of: TestChain, version: number): Promise<Client> {
  const chain = memoryChain({
    networkId: BigInt(of.networkId),
    genesisHash: fromHex(of.genesisHash.slice(2)),
    forks: forksOf(of),
  });
  const stream = await connect(enode, { privateKey: generatePrivateKey(), crypto });
  const protocol = eth({ chain, crypto, versions: [version] });
  const peer = await openPeer(stream, { clientId: 'interop', protocols: [protocol] });
  await peer.eth.status;
  return { eth: peer.eth, close: () => peer.disconnect('requested') };
}

/** The fork schedule of the test chain. */
export function forksOf({ genesis }: TestChain): ForkSchedule {
  const { config } = JSON.parse(readFileSync(genesis, 'utf8')) as { config: object };
  const times = Object.entries(config)
    .filter(([name]) => name.endsWith('Time'))
    .map(([, time]) => Number(time));
  return { blocks: [], times };
}
