// amazon-sp-api and Amazon's own SQS client keep the sandbox shop: listings,
// stock, shipments, returns, messages, and the news of all that in the queue.
import { SQSClient, DeleteMessageBatchCommand, GetQueueAttributesCommand, ReceiveMessageCommand, ChangeMessageVisibilityCommand } from '@aws-sdk/client-sqs';
import { sp } from './amazon-client.mjs';
import { need, say } from './common.mjs';

const sellerId = need('SELLER'), marketplaceIds = need('MARKETPLACE'), orderId = need('ORDER'), sku = need('SKU');
const call = (endpoint, operation, rest = {}) => sp.callAPI({ endpoint, operation, ...rest });

// News first, so that everything below is told. Destinations are the
// application's own; subscriptions are the seller's.
const { destinationId } = await call('notifications', 'createDestination', {
  body: { name: 'desk', resourceSpecification: { sqs: { arn: need('QUEUE_ARN') } } } });
const again = await call('notifications', 'createDestination', {
  body: { name: 'another', resourceSpecification: { sqs: { arn: need('QUEUE_ARN') } } } }).catch((err) => err.code);
const kinds = { ORDER_CHANGE: '1.0', LISTINGS_ITEM_MFN_QUANTITY_CHANGE: '1.0', REPORT_PROCESSING_FINISHED: '2020-09-04' };
for (const [notificationType, payloadVersion] of Object.entries(kinds)) {
  await call('notifications', 'createSubscription', { path: { notificationType }, body: { payloadVersion, destinationId,
    ...(notificationType === 'ORDER_CHANGE' && { processingDirective: { eventFilter: { eventFilterType: 'ORDER_CHANGE', orderChangeTypes: ['OrderStatusChange', 'BuyerRequestedChange'] } } }) } });
}
const { subscriptionId } = await call('notifications', 'getSubscription', { path: { notificationType: 'ORDER_CHANGE' } });
const subscription = await call('notifications', 'getSubscriptionById', { path: { notificationType: 'ORDER_CHANGE', subscriptionId } });

// Listings, and a quantity.
const listings = [];
for (let pageToken; ; ) {
  const page = await call('listingsItems', 'searchListingsItems', { path: { sellerId },
    query: { marketplaceIds, includedData: 'summaries,fulfillmentAvailability', pageSize: 5, ...(pageToken && { pageToken }) } });
  listings.push(...page.items.map((i) => i.sku));
  pageToken = page.pagination?.nextToken;
  if (!pageToken) break;
}
const patch = await call('listingsItems', 'patchListingsItem', { path: { sellerId, sku }, query: { marketplaceIds },
  body: { productType: 'PRODUCT', patches: [{ op: 'merge', path: '/attributes/fulfillment_availability', value: [{ fulfillment_channel_code: 'DEFAULT', quantity: 41 }] }] },
  options: { version: '2021-08-01' } });
let quantity;
for (let i = 0; i < 100 && quantity !== 41; i++) {
  const item = await call('listingsItems', 'getListingsItem', { path: { sellerId, sku }, query: { marketplaceIds, includedData: 'fulfillmentAvailability' } });
  quantity = item.fulfillmentAvailability.find((f) => f.fulfillmentChannelCode === 'DEFAULT')?.quantity;
  if (quantity !== 41) await new Promise((next) => setTimeout(next, 50));
}
const fba = await call('fbaInventory', 'getInventorySummaries', { query: { granularityType: 'Marketplace', granularityId: marketplaceIds, marketplaceIds } });

// A parcel.
const { order } = await call('orders', 'getOrder', { path: { orderId }, query: { includedData: ['FULFILLMENT'] }, options: { version: '2026-01-01' } });
await call('orders', 'confirmShipment', { path: { orderId }, options: { version: 'v0' }, body: { marketplaceId: marketplaceIds,
  packageDetail: { packageReferenceId: '1', carrierCode: 'Yamato Transport', trackingNumber: '4912 0000 1234', shipDate: new Date().toISOString(),
    orderItems: order.orderItems.map((i) => ({ orderItemId: i.orderItemId, quantity: i.quantityOrdered })) } } });

// Messages that may be sent now, and one of them.
const may = await call('messaging', 'getMessagingActionsForOrder', { path: { amazonOrderId: orderId }, query: { marketplaceIds } });
const actions = may._links.actions.map((a) => a.name);
await call('messaging', 'createUnexpectedProblem', { path: { amazonOrderId: orderId }, query: { marketplaceIds }, body: { text: '発送が一日遅れます。' } });

// Returns come as a report.
const { reportId } = await call('reports', 'createReport', { body: { marketplaceIds: [marketplaceIds], reportType: 'GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE',
  dataStartTime: new Date(Date.now() - 30 * 864e5).toISOString() } });
let report;
for (let i = 0; i < 100; i++) {
  report = await call('reports', 'getReport', { path: { reportId } });
  if (/DONE|FATAL|CANCELLED/.test(report.processingStatus)) break;
  await new Promise((next) => setTimeout(next, 50));
}
const source = await call('reports', 'getReportDocument', { path: { reportDocumentId: report.reportDocumentId } });
const rows = await sp.download(source, { json: true });

// The queue: what was told, each body held to its MD5 by the client.
const at = new URL(need('BASE')).origin;
const sqs = (secretAccessKey) => new SQSClient({ region: need('QUEUE_REGION'), endpoint: at + need('QUEUE_PATH'),
  credentials: { accessKeyId: need('QUEUE_KEY_ID'), secretAccessKey }, maxAttempts: 1 });
const QueueUrl = at + need('QUEUE_URL');
const box = sqs(need('QUEUE_SECRET'));
const stranger = await sqs('another-secret').send(new ReceiveMessageCommand({ QueueUrl })).catch((err) => err.name);
const told = {};
let twice = 0;
for (const seen = new Set(); Object.keys(told).length < Object.keys(kinds).length; ) {
  const { Messages = [] } = await box.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 5, MessageSystemAttributeNames: ['All'] }));
  if (!Messages.length) break;
  for (const m of Messages) {
    const body = JSON.parse(m.Body);
    const meta = body.NotificationMetadata ?? body.notificationMetadata;
    const id = meta.NotificationId ?? meta.notificationId;
    if (seen.has(id)) twice++;
    seen.add(id);
    told[body.NotificationType ?? body.notificationType] = m.Attributes.ApproximateReceiveCount;
  }
  // One is given back and comes again at once; then all are taken out.
  await box.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: Messages[0].ReceiptHandle, VisibilityTimeout: 0 }));
  const back = await box.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1 }));
  const gone = await box.send(new DeleteMessageBatchCommand({ QueueUrl,
    Entries: [...Messages.slice(1), ...(back.Messages ?? [])].map((m, i) => ({ Id: `m${i}`, ReceiptHandle: m.ReceiptHandle })) }));
  if (gone.Failed?.length) throw new Error(`kept: ${JSON.stringify(gone.Failed)}`);
}
const { Attributes } = await box.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
say('done', {
  again, subscribed: subscription.destinationId === destinationId, listings: listings.length, distinct: new Set(listings).size, patch: patch.status, quantity,
  fba: fba.inventorySummaries.length, actions, report: report.processingStatus, returns: rows.some((row) => row['Order ID'] === need('RETURNED')), stranger,
  told: Object.keys(told).sort(), twice, left: Number(Attributes.ApproximateNumberOfMessages) + Number(Attributes.ApproximateNumberOfMessagesNotVisible),
});
