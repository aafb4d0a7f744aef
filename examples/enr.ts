// Sign a node record, pass it on as text, verify it and update it.
import { generatePrivateKey } from '@devp2p/crypto';
import {
  EnrError,
  enodeFromEnr,
  formatEnode,
  formatEnr,
  parseEnr,
  signEnr,
  updateEnr,
} from '@devp2p/enr';

const privateKey = generatePrivateKey();
const record = signEnr({ ip: '192.168.1.5', tcp: 30303, udp: 30301 }, privateKey);
const text = formatEnr(record);

const received = parseEnr(text);
const node = enodeFromEnr(received);
if (node) console.log(formatEnode(node)); // enode://…@192.168.1.5:30303?discport=30301

const moved = updateEnr(record, { ip: '198.41.0.4', udp: 30303 }, privateKey);
console.log(`${moved.ip}, sequence number ${moved.seq}`); // 198.41.0.4, sequence number 2

try {
  parseEnr(text.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')));
} catch (error) {
  if (error instanceof EnrError) console.log(error.code); // invalid-signature
}
