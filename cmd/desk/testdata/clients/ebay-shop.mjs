// ebay-api keeps the sandbox shop: listings, quantities, parcels, returns and
// cancellations, with requests that it signs itself.
import { need, say } from './common.mjs';
import { ebay, signWith } from './ebay-client.mjs';

const { sell, developer, postOrder } = ebay;
const id = need('ORDER'), sku = need('SKU');
const why = (err) => err.meta?.errorId ?? err.meta?.res?.data?.errors?.[0]?.errorId ?? err.message;

const skus = [];
for (let offset = 0; ; offset++) { // this one counts pages
  const page = await sell.inventory.getInventoryItems({ limit: 5, offset });
  skus.push(...(page.inventoryItems ?? []).map((i) => i.sku));
  if (!page.next) break;
}
const { offers } = await sell.inventory.getOffers({ sku });
const answer = await sell.inventory.bulkUpdatePriceQuantity({ requests: [
  { sku, shipToLocationAvailability: { quantity: 33 }, offers: [{ offerId: offers[0].offerId, availableQuantity: 33 }] },
  { sku: 'NO-SUCH-SKU', shipToLocationAvailability: { quantity: 1 } },
] });
const item = await sell.inventory.getInventoryItem(sku);
const offer = await sell.inventory.getOffer(offers[0].offerId);

// A parcel; the answer names it by its address alone.
const order = await sell.fulfillment.getOrder(id);
await sell.fulfillment.createShippingFulfillment(id, { lineItems: order.lineItems.map((l) => ({ lineItemId: l.lineItemId, quantity: l.quantity })),
  shippingCarrierCode: 'DHL', trackingNumber: '00340434292135100186', shippedDate: new Date().toISOString() });
const { fulfillments } = await sell.fulfillment.getShippingFulfillments(id);

// What moves money has to be signed here.
const value = order.pricingSummary.total.value, currency = order.pricingSummary.total.currency;
const refund = { reasonForRefund: 'BUYER_CANCEL', orderLevelRefundAmount: { value: '1.00', currency } };
const unsigned = await sell.fulfillment.issueRefund(id, refund).catch(why);
const { jwe, privateKey, signingKeyCipher } = await developer.keyManagement.createSigningKey('ED25519');
signWith({ cipher: 'sha256', jwe, privateKey });
const signed = await sell.fulfillment.sign.issueRefund(id, refund);

// Returns and cancellations.
const found = await postOrder.return.search({ limit: 10, offset: 1 });
const one = await postOrder.return.getReturn(need('RETURN'));
await postOrder.return.processReturnRequest(need('RETURN'), { decision: 'APPROVE', comments: { content: 'Gern.' } });
const after = await postOrder.return.getReturn(need('RETURN'));
const cancels = await postOrder.cancellation.search({ limit: 10, offset: 1 });
await postOrder.cancellation.sign.approveCancellationRequest(need('CANCEL'));
const cancelled = await postOrder.cancellation.getCancellation(need('CANCEL'));

say('done', {
  skus: skus.length, distinct: new Set(skus).size, rows: answer.responses.map((r) => r.statusCode), quantity: item.availability.shipToLocationAvailability.quantity,
  offered: offer.availableQuantity, parcels: fulfillments.map((f) => `${f.shippingCarrierCode} ${f.shipmentTrackingNumber}`), value,
  unsigned, signed: signed.refundStatus, cipher: signingKeyCipher, returns: found.members.length, state: one.summary.state, after: after.summary.state,
  cancels: cancels.cancellations.length, cancelled: cancelled.cancelDetail?.cancelState ?? cancelled.cancelState,
});
