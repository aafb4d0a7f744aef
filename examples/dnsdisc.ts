// A node list: signed, written to a DNS zone, and read by its URL.
import { generatePrivateKey } from '@devp2p/crypto';
import { createDnsClient, formatTreeUrl, makeTree, txtStrings } from '@devp2p/dnsdisc';
import { enodeFromEnr, formatEnode, signEnr } from '@devp2p/enr';

const domain = 'nodes.example.org';
const records = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((ip) =>
  signEnr({ ip, tcp: 30303, udp: 30303 }, generatePrivateKey()),
);
const privateKey = generatePrivateKey();
const { publicKey, root, entries } = makeTree(records, [], { seq: 1n, privateKey });
const url = formatTreeUrl({ publicKey, domain });
console.log(url); // enrtree://A…@nodes.example.org

const zone = new Map([[domain, root]]);
for (const [label, text] of entries) zone.set(`${label}.${domain}`, text);

// Without `resolveTxt`, the client uses the DNS servers of the system.
const client = createDnsClient({
  resolveTxt: async (name) => {
    const text = zone.get(name);
    return text === undefined ? [] : [txtStrings(text)];
  },
});

const found = new Set<string>();
for await (const record of client.randomNodes(url)) {
  const node = enodeFromEnr(record);
  if (node) found.add(formatEnode(node));
  if (found.size === records.length) break;
}
console.log([...found].join('\n')); // enode://…@192.0.2.2:30303 and so on, in random order
