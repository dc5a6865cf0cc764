// ebay-api reads orders, gives money back and answers a buyer in the sandbox shop.
import eBayApi from 'ebay-api';
import { need, say } from './common.mjs';

const base = need('BASE');
const ebay = new eBayApi({
  appId: need('CLIENT_ID'), certId: need('CLIENT_SECRET'), devId: 'none', sandbox: false,
  marketplaceId: eBayApi.MarketplaceId.EBAY_DE,
});
// The client knows only eBay's own hosts: they are sent to the sandbox.
ebay.req.instance.interceptors.request.use((config) => {
  const url = new URL(config.url);
  if (!/(^|\.)ebay\.com$/.test(url.hostname)) throw new Error(`unexpected host ${url.hostname}`);
  config.url = base + url.pathname + url.search;
  return config;
});
ebay.OAuth2.setCredentials({ refresh_token: need('REFRESH'), access_token: 'stale', expires_in: 0, token_type: 'User Access Token' });
await ebay.OAuth2.refreshToken();

const user = await ebay.commerce.identity.getUser();
const { sell, commerce } = ebay;
const ids = [];
let pages = 0;
for (let offset = 0; ; ) {
  const page = await sell.fulfillment.getOrders({ limit: 5, offset });
  pages++;
  ids.push(...page.orders.map((o) => o.orderId));
  offset += page.orders.length;
  if (!page.next) break;
}
const id = need('ORDER');
const order = await sell.fulfillment.getOrder(id);
const { value, currency } = order.pricingSummary.total;
const refund = await sell.fulfillment.issueRefund(id, {
  reasonForRefund: 'BUYER_CANCEL', comment: 'independent', orderLevelRefundAmount: { value, currency },
});
const after = await sell.fulfillment.getOrder(id);
const twice = await sell.fulfillment
  .issueRefund(id, { reasonForRefund: 'BUYER_CANCEL', orderLevelRefundAmount: { value, currency } })
  .catch((err) => err.meta?.errorId ?? err.message);

const list = await commerce.message.getConversations({ conversationType: 'FROM_MEMBERS', limit: 10 });
const first = list.conversations[0];
const talk = await commerce.message.getConversation(first.conversationId, { conversationType: 'FROM_MEMBERS' });
const sent = await commerce.message.sendMessage({ conversationId: first.conversationId, messageText: 'Danke für Ihre Nachricht' });
say('done', {
  user: user.username, orders: ids.length, distinct: new Set(ids).size, pages, value, currency,
  refund: refund.refundId, status: refund.refundStatus, payment: after.orderPaymentStatus, twice,
  heard: talk.messages.map((m) => m.messageBody), sent: sent.messageId ?? sent.id,
});
