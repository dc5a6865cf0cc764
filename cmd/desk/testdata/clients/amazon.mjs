// amazon-sp-api reads orders and gives money back by a feed in the sandbox shop.
import { sp } from './amazon-client.mjs';
import { need, say } from './common.mjs';

const shops = await sp.callAPI({ operation: 'getMarketplaceParticipations', endpoint: 'sellers' });
const marketplaceIds = need('MARKETPLACE');

const ids = [];
let pages = 0;
for (let paginationToken; ; ) {
  const query = paginationToken ? { paginationToken } : { createdAfter: '2020-01-01T00:00:00Z', marketplaceIds, maxResultsPerPage: 7 };
  const page = await sp.callAPI({ operation: 'searchOrders', endpoint: 'orders', query, options: { version: '2026-01-01' } });
  pages++;
  ids.push(...page.orders.map((o) => o.orderId));
  paginationToken = page.pagination?.nextToken;
  if (!paginationToken) break;
}
const orderId = need('ORDER');
const { order } = await sp.callAPI({ operation: 'getOrder', endpoint: 'orders', path: { orderId },
  query: { includedData: ['PROCEEDS', 'FULFILLMENT'] }, options: { version: '2026-01-01' } });
const item = order.orderItems[0];
const paid = item.proceeds.breakdowns.find((b) => b.type === 'ITEM').subtotal;

const contentType = 'text/xml; charset=UTF-8';
const target = await sp.callAPI({ operation: 'createFeedDocument', endpoint: 'feeds', body: { contentType } });
await sp.upload(target, { contentType, content: `<?xml version="1.0" encoding="UTF-8"?>
<AmazonEnvelope><Header><DocumentVersion>1.01</DocumentVersion><MerchantIdentifier>${need('SELLER')}</MerchantIdentifier></Header>
<MessageType>OrderAdjustment</MessageType><Message><MessageID>1</MessageID><OrderAdjustment><AmazonOrderID>${orderId}</AmazonOrderID>
<AdjustedItem><AmazonOrderItemCode>${item.orderItemId}</AmazonOrderItemCode><AdjustmentReason>CustomerReturn</AdjustmentReason>
<ItemPriceAdjustments><Component><Type>Principal</Type><Amount currency="${paid.currencyCode}">${paid.amount}</Amount></Component></ItemPriceAdjustments>
</AdjustedItem></OrderAdjustment></Message></AmazonEnvelope>` });
const { feedId } = await sp.callAPI({ operation: 'createFeed', endpoint: 'feeds',
  body: { marketplaceIds: [marketplaceIds], feedType: 'POST_PAYMENT_ADJUSTMENT_DATA', inputFeedDocumentId: target.feedDocumentId } });
let feed;
for (let i = 0; i < 100; i++) {
  feed = await sp.callAPI({ operation: 'getFeed', endpoint: 'feeds', path: { feedId } });
  if (feed.processingStatus === 'DONE' || feed.processingStatus === 'FATAL') break;
  await new Promise((next) => setTimeout(next, 50));
}
const source = await sp.callAPI({ operation: 'getFeedDocument', endpoint: 'feeds', path: { feedDocumentId: feed.resultFeedDocumentId } });
const report = await sp.download(source, { json: true });
// Missing orders must be refused with a code that the client understands.
const refused = await sp.callAPI({ operation: 'getOrder', endpoint: 'orders', path: { orderId: '000-0000000-0000000' },
  options: { version: '2026-01-01' } }).catch((err) => err.code);
const summary = report.AmazonEnvelope.Message.ProcessingReport.ProcessingSummary;
say('done', {
  marketplace: shops[0].marketplace.id, orders: ids.length, distinct: new Set(ids).size, pages, paid,
  status: feed.processingStatus, processed: summary.MessagesProcessed, successful: summary.MessagesSuccessful, refused,
});
