// Shopify's own library connects to the sandbox shop, asks it by GraphQL, and
// judges what it signs: the way back from the consent, and deliveries.
import '@shopify/shopify-api/adapters/node';
import http from 'node:http';
import { ApiVersion, shopifyApi } from '@shopify/shopify-api';
import { setAbstractFetchFunc } from '@shopify/shopify-api/runtime';
import { need, say, untilEnd } from './common.mjs';

const base = need('BASE'), shop = need('SHOP');
// The library knows only the shop's own host: it is sent to the sandbox.
setAbstractFetchFunc((address, options) => {
  const url = new URL(address);
  if (url.hostname !== shop) throw new Error(`unexpected host ${url.hostname}`);
  return fetch(base + url.pathname + url.search, options);
});

let shopify, session, hears;
const server = http.createServer(async (req, res) => {
  const { pathname } = new URL(req.url, 'http://desk');
  if (pathname === '/begin') {
    await shopify.auth.begin({ shop, callbackPath: '/back', isOnline: false, rawRequest: req, rawResponse: res });
    return;
  }
  if (pathname === '/back') {
    const done = await shopify.auth.callback({ rawRequest: req, rawResponse: res }).catch((err) => ({ failed: err.constructor.name }));
    session = done.session ?? session;
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify({ failed: done.failed }));
    return;
  }
  const parts = [];
  req.on('data', (part) => parts.push(part)).on('end', async () => {
    const verdict = await shopify.webhooks.validate({ rawBody: Buffer.concat(parts).toString(), rawRequest: req, rawResponse: res });
    res.statusCode = verdict.valid ? 200 : 401;
    res.end();
    say('delivery', { good: verdict.valid, why: verdict.reason ?? '', topic: verdict.topic ?? '', domain: verdict.domain ?? '', version: verdict.apiVersion ?? '' });
  });
});
await new Promise((next) => server.listen(0, '127.0.0.1', next));
const here = `127.0.0.1:${server.address().port}`;
shopify = shopifyApi({ apiKey: need('CLIENT_ID'), apiSecretKey: need('CLIENT_SECRET'), hostName: here, hostScheme: 'http', apiVersion: ApiVersion.July26,
  isEmbeddedApp: false, isTesting: true,
  // The sandbox's shops have no address that could be anybody's.
  domainTransformations: [{ match: /^([a-zA-Z0-9][a-zA-Z0-9-_]*)\.myshopify\.example$/, transform: '$1.myshopify.example' }],
  scopes: ['read_orders', 'read_all_orders', 'write_orders', 'read_products', 'write_inventory'], logger: { level: 0 } });

// The seller's browser: to the shop's page, which grants, and back.
// (A client without a browser's name is taken for a robot and sent away.)
const headers = { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36' };
const browser = { redirect: 'manual', headers };
const begun = await fetch(`http://${here}/begin`, browser);
const cookie = begun.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ');
const page = new URL(begun.headers.get('location'));
if (page.hostname !== shop) throw new Error(`sent to ${page.hostname}`);
const granted = await fetch(base + page.pathname + page.search, { ...browser, method: 'POST', body: new URLSearchParams({ decision: 'grant' }) });
const back = granted.headers.get('location');
const answer = (address) => fetch(address, { ...browser, headers: { ...headers, cookie } }).then((r) => r.json());
const forged = await answer(back.replace(/([?&]timestamp=)\d/, '$19'));
const mine = await answer(back);
if (mine.failed) throw new Error(mine.failed);

const client = new shopify.clients.Graphql({ session });
const orders = [];
for (let after = null; ; ) {
  const { data } = await client.request('query Page($after: String) { orders(first: 5, after: $after) { nodes { id name totalPriceSet { presentmentMoney { amount } } } pageInfo { hasNextPage endCursor } } }',
    { variables: { after } });
  orders.push(...data.orders.nodes);
  if (!data.orders.pageInfo.hasNextPage) break;
  after = data.orders.pageInfo.endCursor;
}
const wrong = await client.request('{ orders(first: 1) { nodes { noSuchField } } }').then(() => 'taken', (err) => err.constructor.name);
const { data: made } = await client.request(`mutation Subscribe($to: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: ORDERS_UPDATED, webhookSubscription: $to) { webhookSubscription { id topic } userErrors { field message } } }`,
  { variables: { to: { uri: `http://${here}/hooks`, format: 'JSON' } } });
if (made.webhookSubscriptionCreate.userErrors.length) throw new Error(JSON.stringify(made.webhookSubscriptionCreate.userErrors));
say('ready', { forged: forged.failed, scope: session.scope, shop: session.shop, orders: orders.length, distinct: new Set(orders.map((o) => o.id)).size, wrong,
  total: orders.find((o) => o.id === need('ORDER') || o.name === need('ORDER') || o.id.endsWith('/' + need('ORDER')))?.totalPriceSet.presentmentMoney.amount ?? '' });
await untilEnd();
server.close();
server.closeAllConnections();
