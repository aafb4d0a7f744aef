import { formatEnr } from '@devp2p/enr';
import { describe, expect, test } from 'vitest';
import { cheapCrypto as crypto } from '../../../../packages/discover/test/cheap-crypto.ts';
import { checkNode, type NodeStatus } from '../../src/index.ts';
import { internetPlaces, type Kind, kinds } from '../network/population.ts';
import { enodeOf, Simulation } from '../network/simulation.ts';
import { clientOf, ourNetwork } from '../network/tcp-side.ts';

function check(simulation: Simulation, node: string, onStep?: (step: NodeStatus) => void) {
  const { clock, random, network } = simulation;
  return simulation.until(
    checkNode(node, {
      ...{ crypto, clock, random, onStep, dial: simulation.dial() },
      privateKey: simulation.crawlerKey,
      socket: network.bind('19.0.0.1'),
      network: { networkId: ourNetwork },
      maxHeadAge: 3_600_000,
      resolveHost: async (host) => {
        if (host === 'node.example.org') return '20.0.0.9';
        throw new Error('no such name');
      },
    }),
  );
}

describe('CR-13 a check of one node', () => {
  test.each(Object.keys(kinds).filter((kind) => kind !== 'coming') as Kind[])(
    'that is %s comes to the truth, step by step',
    async (kind) => {
      const simulation = new Simulation({ places: internetPlaces(1), kindOf: () => kind });
      const [inhabitant] = simulation.inhabitants;
      const steps: NodeStatus[] = [];
      const { node, visit } = await check(
        simulation,
        inhabitant ? enodeOf(inhabitant) : '',
        (step) => steps.push(step),
      );
      expect(node.status).toBe(kinds[kind].truth);
      expect(visit.steps.map(({ step }) => step)).toEqual(steps);
    },
  );

  test('takes a record, and a host name', async () => {
    const simulation = new Simulation({ places: internetPlaces(1), kindOf: () => 'synced' });
    const [inhabitant] = simulation.inhabitants;
    if (!inhabitant) throw new Error('nobody');
    const byRecord = await check(simulation, formatEnr(inhabitant.enr));
    expect(byRecord.node).toMatchObject({ status: 'synced', client: clientOf(inhabitant) });
    const name = enodeOf(inhabitant).replace(inhabitant.host, 'node.example.org');
    expect((await check(simulation, name)).node.endpoint.ip).toBe(inhabitant.host);
  });

  test.each([
    ['enode://1234@20.0.0.1:30303', /1234/],
    ['enr:-nothing', /./],
    [`enode://${'00'.repeat(64)}@20.0.0.1:30303`, /./],
  ])('refuses %s', async (node, message) => {
    const simulation = new Simulation({ places: [] });
    await expect(check(simulation, node)).rejects.toThrow(message);
  });

  test('says that a name has no address', async () => {
    const simulation = new Simulation({ places: internetPlaces(1), kindOf: () => 'synced' });
    const [inhabitant] = simulation.inhabitants;
    const name = inhabitant && enodeOf(inhabitant).replace(inhabitant.host, 'other.example.org');
    await expect(check(simulation, name ?? '')).rejects.toMatchObject({ code: 'invalid-option' });
  });
});
