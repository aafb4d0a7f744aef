import { GatewayError } from '../../../apps/node/src/nat/gateway.ts';
import { answers } from '../../../apps/node/src/nat/pmp.ts';
import { descriptionUrl } from '../../../apps/node/src/nat/ssdp.ts';
import { readServices } from '../../../apps/node/src/nat/upnp.ts';
import { description, foundAt } from '../../../apps/node/test/nat/fake-gateway.ts';
import { type Target, target } from '../target.ts';

const gateway = '192.168.1.1';
const url = new URL(`http://${gateway}:5000/root.xml`);
/** A request for TCP port 30303. */
const request = Uint8Array.of(0, 2, 0, 0, 0x76, 0x5f, 0x76, 0x5f, 0, 0, 2, 0x58);
const granted = Uint8Array.of(0, 130, 0, 0, 0, 0, 0, 9, 0x76, 0x5f, 0x76, 0x5f, 0, 0, 2, 0x58);

export const natTargets: readonly Target[] = [
  target({
    name: 'NAT-PMP answer',
    structure: 'bytes',
    corpus: [granted, Uint8Array.of(0, 130, 0, 2)],
    errors: [],
    decode: (input) => answers(new DataView(input.buffer, input.byteOffset, input.length), request, 16),
    check(isAnswer, input) {
      if (isAnswer && input.length < 4) throw new Error('accepted as a response');
    },
  }),
  target({
    name: 'SSDP answer',
    structure: 'text',
    words: ['HTTP/1.1 200 OK', 'LOCATION:', '\r\n', 'http://', gateway, '@', '#', '%2e', '[::1]'],
    corpus: [foundAt(url.href), foundAt(`http://${gateway}/`)],
    errors: [],
    decode: (input: string) => descriptionUrl(input, gateway),
    check(found) {
      if (found && found.hostname !== gateway) throw new Error(`leads to ${found.href}`);
    },
  }),
  target({
    name: 'UPnP description',
    structure: 'text',
    words: [
      '<',
      '>',
      '</',
      '<a>',
      '<![CDATA[',
      '<!DOCTYPE a [',
      '<!ENTITY',
      '&',
      '&lt;',
      '&#x0;',
      '__proto__',
      'service',
    ],
    corpus: [description('WANIPConnection:1'), description('WANPPPConnection:1', `${url.origin}/c`)],
    errors: [GatewayError],
    decode: (input: string) => readServices(input, url),
    check(services) {
      for (const { control } of services) {
        if (control.hostname !== gateway) throw new Error(`leads to ${control.href}`);
      }
    },
  }),
];
