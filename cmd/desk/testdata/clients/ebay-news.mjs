// eBay's own SDK for deliveries answers the challenge, and judges what the
// sandbox signs; ebay-api subscribes.
import { createRequire } from 'node:module';
import http from 'node:http';
import { need, say, sendTo, untilEnd } from './common.mjs';
import { ebay } from './ebay-client.mjs';

const require = createRequire(import.meta.url);
sendTo(require('https'), http, new URL(need('BASE')), /(^|\.)ebay\.com$/);
const sdk = require('event-notification-nodejs-sdk');
const validator = require('event-notification-nodejs-sdk/lib/validator');

const verificationToken = 'a-verification-token-of-more-than-thirty-two-letters';
const keys = { clientId: need('CLIENT_ID'), clientSecret: need('CLIENT_SECRET'), environment: 'PRODUCTION' };
let endpoint, challenged = 0;
const server = http.createServer((req, res) => {
  const code = new URL(req.url, endpoint).searchParams.get('challenge_code');
  if (code) {
    challenged++;
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify({ challengeResponse: sdk.validateEndpoint(code, { endpoint, verificationToken }) }));
    return;
  }
  const parts = [];
  req.on('data', (part) => parts.push(part)).on('end', async () => {
    const message = JSON.parse(Buffer.concat(parts).toString());
    const good = await validator.validateSignature(message, req.headers['x-ebay-signature'], keys).catch((err) => String(err));
    const topic = message.metadata?.topic ?? '';
    // The SDK takes in only topics that it knows.
    const took = topic === 'MARKETPLACE_ACCOUNT_DELETION'
      ? await sdk.process(message, req.headers['x-ebay-signature'], { PRODUCTION: keys, SANDBOX: {} }, 'PRODUCTION') : 0;
    res.statusCode = good === true ? 204 : 412;
    res.end();
    say('delivery', { topic, good, took });
  });
});
await new Promise((next) => server.listen(0, '127.0.0.1', next));
endpoint = `http://127.0.0.1:${server.address().port}/hooks/ebay-de`;
// The SDK logs what it processed; standard output is the test's.
console.log = console.error;

const { notification } = ebay.commerce;
await notification.updateConfig({ alertEmail: 'ops@example.com' });
// Destinations and most topics are the application's own.
const user = ebay.OAuth2.getUserAccessToken();
ebay.OAuth2.setCredentials(null);
await ebay.OAuth2.mintApplicationAccessToken();
const { topics } = await notification.getTopics({ limit: 50 });
await notification.createDestination({ name: 'desk', status: 'ENABLED', deliveryConfig: { endpoint, verificationToken } });
const { destinations } = await notification.getDestinations({ limit: 10 });
const subscribe = (topicId) => {
  const topic = topics.find((t) => t.topicId === topicId);
  return notification.createSubscription({ topicId, status: 'ENABLED', destinationId: destinations[0].destinationId,
    payload: { format: 'JSON', deliveryProtocol: 'HTTPS', schemaVersion: topic.supportedPayloads[0].schemaVersion } });
};
await subscribe('MARKETPLACE_ACCOUNT_DELETION');
ebay.OAuth2.setCredentials(user);
await subscribe(need('TOPIC'));
say('ready', { challenged, destination: destinations[0].status, endpoint: destinations[0].deliveryConfig.endpoint === endpoint });
await untilEnd();
server.close();
server.closeAllConnections();
