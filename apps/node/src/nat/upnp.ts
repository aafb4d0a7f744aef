// Internet Gateway Device of UPnP, versions 1 and 2: WANIPConnection and WANPPPConnection over SOAP.
import type { Clock } from '@devp2p/clock';
import type { RandomBytes } from '@devp2p/random';
import { XMLParser } from 'fast-xml-parser';
import { type Gateway, GatewayError, leaseTime, type Mapping } from './gateway.ts';
import { askHttp } from './http.ts';
import type { Description } from './ssdp.ts';

/** Collaborators of a UPnP gateway. */
export interface UpnpOptions {
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** Service types, in the order in which they are tried. */
const serviceTypes = ['WANIPConnection:2', 'WANIPConnection:1', 'WANPPPConnection:1'].map(
  (name) => `urn:schemas-upnp-org:service:${name}`,
);
/** Maximum number of services that one device may announce. */
const maxServices = 4;
/** Error codes of the services: the port is mapped to another host, and only permanent leases are supported. */
const conflictInMapping = 718;
const onlyPermanentLeases = 725;
/** Maximum number of requests for one mapping. */
const maxAttempts = 4;

/** Ignores attributes and value types; entities defined by a document expand to 100 kB at most. */
const parser = new XMLParser({ removeNSPrefix: true, parseTagValue: false, processEntities: true });

/**
 * Requests the connections of a device to the internet.
 *
 * @returns at least one
 * @throws GatewayError; the reason of the signal
 */
export async function describeGateways(
  { url, localAddress }: Description,
  options: UpnpOptions,
  signal: AbortSignal,
): Promise<Gateway[]> {
  const { body } = await askHttp({ url, localAddress }, options.clock, signal);
  const name = `UPnP ${url.host}`;
  return readServices(body, url).map(({ type, control }) =>
    upnpGateway({ name, type, control, localAddress }, options),
  );
}

/**
 * Reads the connections to the internet from the description at `url`, the preferred one first.
 *
 * @returns at least one
 * @throws GatewayError `garbled`
 */
export function readServices(body: string, url: URL): Pick<Service, 'type' | 'control'>[] {
  const name = `UPnP ${url.host}`;
  const services = elements(readXml(body, name), 'service').flatMap((service) => {
    const type = text(service, 'serviceType') ?? '';
    const path = text(service, 'controlURL') ?? '';
    const rank = serviceTypes.indexOf(type);
    if (rank < 0 || !URL.canParse(path, url.href)) return [];
    const control = new URL(path, url.href);
    // A control URL on another host could direct requests at a third party.
    if (control.protocol !== 'http:' || control.hostname !== url.hostname) return [];
    return [{ type, control, rank }];
  });
  if (services.length === 0) throw new GatewayError('garbled', `${name} describes no gateway`);
  return services.sort((a, b) => a.rank - b.rank).slice(0, maxServices);
}

interface Service {
  readonly name: string;
  readonly type: string;
  readonly control: URL;
  readonly localAddress: string;
}

type Arguments = Readonly<Record<string, string | number>>;

function upnpGateway(service: Service, { clock, random }: UpnpOptions): Gateway {
  const { name, type, control, localAddress } = service;
  /** Requested duration, in seconds; 0 is permanent. */
  let lease: number = leaseTime;

  async function call(action: string, args: Arguments, signal: AbortSignal): Promise<unknown> {
    const fields = Object.entries(args).map(([key, value]) => `<${key}>${value}</${key}>`);
    const envelope = [
      '<?xml version="1.0"?>',
      '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"',
      ' s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">',
      `<s:Body><u:${action} xmlns:u="${type}">${fields.join('')}</u:${action}></s:Body>`,
      '</s:Envelope>',
    ];
    const headers = {
      'Content-Type': 'text/xml; charset="utf-8"',
      SOAPAction: `"${type}#${action}"`,
    };
    const post = { headers, body: envelope.join('') };
    const answer = await askHttp({ url: control, localAddress, post }, clock, signal);
    const xml = readXml(answer.body, name);
    if (answer.status === 200) return xml;
    const fault = Number(text(xml, 'errorCode'));
    if (!Number.isInteger(fault)) {
      throw new GatewayError('garbled', `${name} returned status ${answer.status} to ${action}`);
    }
    throw new GatewayError('refused', `${name} refuses ${action}: error ${fault}`, { fault });
  }

  const key = ({ protocol }: Mapping, externalPort: number): Arguments => ({
    NewRemoteHost: '',
    NewExternalPort: externalPort,
    NewProtocol: protocol.toUpperCase(),
  });

  return {
    name,
    async externalIp(signal) {
      const ip = text(await call('GetExternalIPAddress', {}, signal), 'NewExternalIPAddress');
      if (ip !== undefined) return ip;
      throw new GatewayError('garbled', `${name} returned no external address`);
    },
    async map(mapping, signal) {
      let { externalPort } = mapping;
      for (let attempt = 1; ; attempt++) {
        const args = {
          ...key(mapping, externalPort),
          NewInternalPort: mapping.port,
          NewInternalClient: localAddress,
          NewEnabled: 1,
          NewPortMappingDescription: 'devp2p-node',
          NewLeaseDuration: lease,
        };
        try {
          await call('AddPortMapping', args, signal);
          return { externalPort, lifetime: lease || Number.POSITIVE_INFINITY };
        } catch (error) {
          const fault = error instanceof GatewayError ? error.fault : undefined;
          if (attempt === maxAttempts) throw error;
          if (fault === onlyPermanentLeases && lease > 0) lease = 0;
          else if (fault === conflictInMapping) externalPort = freePort(random);
          else throw error;
        }
      }
    },
    async unmap(mapping, signal) {
      await call('DeletePortMapping', key(mapping, mapping.externalPort), signal);
    },
  };
}

/** A random port from 1024 on. */
function freePort(random: RandomBytes): number {
  const [high = 0, low = 0] = random(2);
  return 1_024 + ((high * 256 + low) % (65_536 - 1_024));
}

function readXml(body: string, name: string): unknown {
  try {
    return parser.parse(body);
  } catch (cause) {
    throw new GatewayError('garbled', `${name} returned invalid XML`, { cause });
  }
}

/** All elements with a name, at any depth. */
function elements(node: unknown, name: string): unknown[] {
  if (Array.isArray(node)) return node.flatMap((item) => elements(item, name));
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => (key === name ? [value].flat() : elements(value, name)));
}

/** Text of the first element with a name. */
function text(node: unknown, name: string): string | undefined {
  return elements(node, name).find((value) => typeof value === 'string');
}
