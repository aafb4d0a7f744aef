// Classify addresses that peers report, limit them by network, and check a list of allowed ranges.
import {
  checkRelay,
  formatIp,
  inRange,
  ipClass,
  networkGroup,
  parseIp,
  parseIpRanges,
} from '@devp2p/ip';

const allowed = parseIpRanges('198.41.0.0/16, 2001:500::/32');
const sender = parseIp('198.41.0.4');

for (const text of ['198.41.3.7', '::ffff:198.41.3.9', '192.168.1.5', '203.0.113.8', 'localhost']) {
  const ip = parseIp(text);
  if (!ip || !sender) {
    console.log(`${text} is not an IP address`); // localhost is not an IP address
    continue;
  }
  const fault = checkRelay(sender, ip) ?? 'valid';
  console.log(formatIp(ip), ipClass(ip), networkGroup(ip), fault, inRange(ip, allowed));
}
// 198.41.3.7 global 198.41.3.0/24 valid true
// 198.41.3.9 global 198.41.3.0/24 valid true
// 192.168.1.5 lan 192.168.1.0/24 lan false
// 203.0.113.8 special 203.0.113.0/24 special false
