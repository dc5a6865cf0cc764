// ebay-api reads orders, gives money back and answers a buyer in the sandbox shop.
import { need, say } from './common.mjs';
import { ebay } from './ebay-client.mjs';

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
