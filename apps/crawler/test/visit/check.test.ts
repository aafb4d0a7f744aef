import { formatEnr } from '@devp2p/enr';
import { describe, expect, test } from 'vitest';
import { cheapCrypto as crypto } from '../../../../packages/discover/test/cheap-crypto.ts';
import { checkNode, type NodeStatus } from '../../src/index.ts';
import { type Kind, kinds, publicAddresses } from '../network/population.ts';
import { enodeOf, Simulation } from '../network/simulation.ts';
import { clientOf, requestedNetwork } from '../network/tcp-side.ts';

function check(simulation: Simulation, node: string, onStep?: (step: NodeStatus) => void) {
  const { clock, random, network } = simulation;
  return simulation.until(
    checkNode(node, {
      crypto,
      clock,
      random,
      onStep,
      dial: simulation.dial(),
      privateKey: simulation.crawlerKey,
      socket: network.bind('19.0.0.1'),
      network: { networkId: requestedNetwork },
      maxHeadAge: 3_600_000,
      resolveHost: async (host) => {
        if (host === 'node.example.org') return '20.0.0.9';
        throw new Error('unknown host');
      },
    }),
  );
}

describe('CR-13 a check of one node', () => {
  test.each(Object.keys(kinds).filter((kind) => kind !== 'starting') as Kind[])(
    'of kind %s reaches the real steps',
    async (kind) => {
      const simulation = new Simulation({ addresses: publicAddresses(1), kindOf: () => kind });
      const [simulated] = simulation.nodes;
      const steps: NodeStatus[] = [];
      const { node, visit } = await check(simulation, simulated ? enodeOf(simulated) : '', (step) => steps.push(step));
      expect(node.status).toBe(kinds[kind].truth);
      expect(visit.steps.map(({ step }) => step)).toEqual(steps);
    },
  );

  test('accepts a record, and a host name', async () => {
    const simulation = new Simulation({ addresses: publicAddresses(1), kindOf: () => 'synced' });
    const [simulated] = simulation.nodes;
    if (!simulated) throw new Error('no node');
    const byRecord = await check(simulation, formatEnr(simulated.enr));
    expect(byRecord.node).toMatchObject({ status: 'synced', client: clientOf(simulated) });
    const name = enodeOf(simulated).replace(simulated.host, 'node.example.org');
    expect((await check(simulation, name)).node.endpoint.ip).toBe(simulated.host);
  });

  test.each([
    ['enode://1234@20.0.0.1:30303', /1234/],
    ['enr:-nothing', /./],
    [`enode://${'00'.repeat(64)}@20.0.0.1:30303`, /./],
  ])('refuses %s', async (node, message) => {
    const simulation = new Simulation({ addresses: [] });
    await expect(check(simulation, node)).rejects.toThrow(message);
  });

  test('reports a host name without an address', async () => {
    const simulation = new Simulation({ addresses: publicAddresses(1), kindOf: () => 'synced' });
    const [simulated] = simulation.nodes;
    const name = simulated && enodeOf(simulated).replace(simulated.host, 'other.example.org');
    await expect(check(simulation, name ?? '')).rejects.toMatchObject({
      code: 'invalid-option',
      message: 'host name other.example.org has no address',
    });
  });
});
