import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LocalNetwork } from '../../src/nat/local-network.ts';

/** A queue of events for which a test can wait. */
interface Seen<T> {
  readonly all: readonly T[];
  next(): Promise<T>;
}

function seen<T>(): Seen<T> & { add(item: T): void } {
  const all: T[] = [];
  const waiting: ((item: T) => void)[] = [];
  let taken = 0;
  return {
    all,
    add(item) {
      all.push(item);
      const wake = waiting.shift();
      if (wake) {
        taken++;
        wake(item);
      }
    },
    next() {
      const item = all[taken];
      if (item === undefined) return new Promise((resolve) => waiting.push(resolve));
      taken++;
      return Promise.resolve(item);
    },
  };
}

/** A request in NAT-PMP, with the lifetime in seconds. */
export interface PmpRequest {
  readonly op: 'address' | 'udp' | 'tcp';
  readonly port: number;
  readonly external: number;
  readonly lifetime: number;
  /** Address of the sender, to which the response is sent. */
  readonly from: { readonly address: string; readonly port: number };
}

/** The response: no datagram, one or several. */
type PmpAnswer = (request: PmpRequest) => Uint8Array | readonly Uint8Array[] | undefined;

export interface FakePmp extends AsyncDisposable {
  readonly port: number;
  readonly requests: Seen<PmpRequest>;
  answer: PmpAnswer;
}

const OPS = ['address', 'udp', 'tcp'] as const;

/** A NAT-PMP gateway on loopback, at 1.2.3.4, which grants every request. */
export async function fakePmp(answer: PmpAnswer = pmpAnswer()): Promise<FakePmp> {
  const socket = createSocket('udp4');
  const requests = seen<PmpRequest>();
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const gateway: FakePmp = {
    port: socket.address().port,
    requests,
    answer,
    async [Symbol.asyncDispose]() {
      socket.close();
      await once(socket, 'close');
    },
  };
  socket.on('message', (bytes, from) => {
    const op = OPS[bytes[1] ?? 0] ?? 'address';
    const isMapping = op !== 'address';
    const request = {
      op,
      port: isMapping ? bytes.readUInt16BE(4) : 0,
      external: isMapping ? bytes.readUInt16BE(6) : 0,
      lifetime: isMapping ? bytes.readUInt32BE(8) : 0,
      from: { address: from.address, port: from.port },
    };
    requests.add(request);
    const answers = [gateway.answer(request) ?? []].flat();
    for (const one of answers) socket.send(one, from.port, from.address);
  });
  return gateway;
}

/** Responses of a gateway at `ip` that grants mappings. `shift` is the distance of its ports from the requested ones. */
export function pmpAnswer({ ip = '1.2.3.4', result = 0, shift = 0, lifetime = 600 } = {}) {
  return ({ op, port, external, lifetime: asked }: PmpRequest): Uint8Array => {
    const bytes = Buffer.alloc(op === 'address' ? 12 : 16);
    bytes[1] = 128 + OPS.indexOf(op);
    bytes.writeUInt16BE(result, 2);
    if (op === 'address') bytes.set(ip.split('.').map(Number), 8);
    else {
      bytes.writeUInt16BE(port, 8);
      bytes.writeUInt16BE(asked === 0 ? 0 : external + (external === port ? shift : 0), 10);
      bytes.writeUInt32BE(asked === 0 ? 0 : lifetime, 12);
    }
    return bytes;
  };
}

/** A call over SOAP. */
interface UpnpCall {
  readonly action: string;
  readonly service: string;
  readonly args: {
    readonly NewExternalPort?: string;
    readonly NewLeaseDuration?: string;
    readonly [name: string]: string | undefined;
  };
}

type UpnpAnswer = (call: UpnpCall) => Record<string, string> | number | undefined;

export interface FakeUpnp extends AsyncDisposable {
  /** Port that receives searches. */
  readonly ssdpPort: number;
  readonly httpPort: number;
  /** Search targets. */
  readonly searches: Seen<string>;
  /** Paths of GET requests. */
  readonly gets: Seen<string>;
  readonly calls: Seen<UpnpCall>;
  /** Returns the responses to a search. */
  found: (target: string) => readonly string[];
  /** Responds to a GET request. */
  describe: (request: IncomingMessage, response: ServerResponse) => void;
  /** Returns the result of a call: values, the code of a fault, or `undefined` for no response. */
  answer: UpnpAnswer;
}

/** The response of a UPnP gateway to a search. */
export function foundAt(location: string, target = 'upnp:rootdevice'): string {
  return `HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: ${target}\r\nLocation: ${location}\r\n\r\n`;
}

/** A description of one service, some devices deep as real ones are. */
export function description(service: string, control = '/control'): string {
  return `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device>
    <deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType>
    <serviceList><service><serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1</serviceType>
    <controlURL>/no</controlURL></service></serviceList><deviceList><device><deviceList><device>
    <serviceList><service><serviceType>urn:schemas-upnp-org:service:${service}</serviceType>
    <controlURL>${control}</controlURL><SCPDURL>/scpd.xml</SCPDURL></service></serviceList>
    </device></deviceList></device></deviceList></device></root>`;
}

/** A UPnP gateway on loopback, at 1.2.3.4, which grants every request. */
export async function fakeUpnp(): Promise<FakeUpnp> {
  const searches = seen<string>();
  const gets = seen<string>();
  const calls = seen<UpnpCall>();
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      gets.add(request.url ?? '');
      gateway.describe(request, response);
      return;
    }
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { soapaction } = request.headers;
      const [, service = '', action = ''] =
        /^"urn:schemas-upnp-org:service:(.+)#(\w+)"$/.exec(String(soapaction)) ?? [];
      const args = Object.fromEntries(
        Array.from(body.matchAll(/<(New\w+)>(.*?)<\/\1>/g), ([, key = '', value]) => [key, value]),
      );
      const call = { action, service, args };
      calls.add(call);
      const answer = gateway.answer(call);
      if (answer === undefined) return;
      response.setHeader('Content-Type', 'text/xml; charset="utf-8"');
      response.writeHead(typeof answer === 'number' ? 500 : 200);
      response.end(envelope(action, answer));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: httpPort } = server.address() as AddressInfo;

  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.on('message', (bytes, from) => {
    const [, target = ''] = /^ST: (.*)\r$/m.exec(bytes.toString()) ?? [];
    searches.add(target);
    for (const answer of gateway.found(target)) socket.send(answer, from.port, from.address);
  });

  const gateway: FakeUpnp = {
    ssdpPort: socket.address().port,
    httpPort,
    searches,
    gets,
    calls,
    found: (target) => [foundAt(`http://127.0.0.1:${httpPort}/root.xml`, target)],
    describe: (_, response) => response.end(description('WANIPConnection:1')),
    answer: ({ action }) => (action === 'GetExternalIPAddress' ? { NewExternalIPAddress: '1.2.3.4' } : {}),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      socket.close();
      await Promise.all([once(server, 'close'), once(socket, 'close')]);
    },
  };
  return gateway;
}

function envelope(action: string, answer: Record<string, string> | number): string {
  const fields = (values: Record<string, string | number>): string =>
    Object.entries(values)
      .map(([key, value]) => `<${key} xmlns:dt="urn:dt" dt:dt="string">${value}</${key}>`)
      .join('\n');
  const content =
    typeof answer === 'number'
      ? `<s:Fault><faultstring>UPnPError</faultstring><detail><UPnPError xmlns="urn:c">
         ${fields({ errorCode: answer, errorDescription: 'no' })}</UPnPError></detail></s:Fault>`
      : `<u:${action}Response xmlns:u="urn:x">${fields(answer)}</u:${action}Response>`;
  return `<?xml version="1.0"?>
    <s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${content}</s:Body></s:Envelope>`;
}

/** A loopback network with the given gateways. */
export function loopback({
  pmp,
  upnp,
}: {
  readonly pmp?: Pick<FakePmp, 'port'>;
  readonly upnp?: Pick<FakeUpnp, 'ssdpPort'>;
}): LocalNetwork {
  return {
    lanAddresses: () => [{ address: '127.0.0.1', gateway: '127.0.0.1' }],
    // No program listens on port 9 (discard).
    ssdp: { host: '127.0.0.1', port: upnp?.ssdpPort ?? 9 },
    pmpPort: pmp?.port ?? 9,
  };
}
