/// <reference types="node" preserve="true" />

export { answer, answerJson, refuse, refuseUpgrade } from './http/answer.ts';
export {
  type HttpLimits,
  type HttpListener,
  httpLimits,
  type ListenHttpOptions,
  listenHttp,
  type UpgradeListener,
} from './http/listen-http.ts';
export { type PortProblem, portProblem } from './http/port-problem.ts';
