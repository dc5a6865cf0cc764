package sandbox

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// note puts a piece of news into the queue, for each subscription that wants it.
// The caller holds the store's lock. about tells order changes apart.
func (s *store) note(kind, about string, payload m) {
	now := stamp(s.w.now())
	for _, n := range s.market.notes {
		d := s.destination(n.destination)
		if n.kind != kind || d == nil || d.arn != s.queueAccess().ARN || n.only != nil && about != "test" && !slices.Contains(n.only, about) {
			continue
		}
		sum := sha256.Sum256([]byte(fmt.Sprintf("%s note %d", s.Name, s.next())))
		body := m{"NotificationVersion": n.version, "NotificationType": kind, "PayloadVersion": n.version, "EventTime": now, "Payload": payload,
			"NotificationMetadata": m{"ApplicationId": "amzn1.sellerapps.app.sandbox", "SubscriptionId": n.id, "PublishTime": now, "NotificationId": uuidOf(sum[:])}}
		if lowerNote(kind) {
			meta := body["NotificationMetadata"].(m)
			body = m{"notificationVersion": n.version, "notificationType": kind, "payloadVersion": n.version, "eventTime": now, "payload": payload,
				"notificationMetadata": m{"applicationId": meta["ApplicationId"], "subscriptionId": n.id, "publishTime": now, "notificationId": meta["NotificationId"]}}
		}
		raw, err := json.Marshal(body)
		if err != nil { // cannot happen: plain values only
			s.w.log.Error("a notification could not be written", "err", err)
			continue
		}
		s.market.queue.put(s.Name, string(raw), s.w.now())
	}
}

// amazonNews turns a change into the news that Amazon sends about it.
func (s *store) amazonNews(c change) {
	if len(s.market.notes) == 0 {
		return
	}
	switch c.kind {
	case changeNew, changeOrder:
		if o := s.order(c.id(0)); o != nil {
			about := "OrderStatusChange"
			if o.cancelRequested && o.status != cancelled {
				about = "BuyerRequestedChange"
			}
			s.note("ORDER_CHANGE", about, s.orderNote(o, about))
		}
	case changeRefund:
		o := s.order(c.id(0))
		if o == nil {
			return
		}
		for _, r := range o.refunds {
			if r.id == c.id(1) {
				s.note("TRANSACTION_UPDATE", "", m{"TransactionUpdateNotification": m{
					"SellingPartnerMetadata": m{"SellingPartnerId": s.seller, "MarketplaceId": s.Marketplace, "AccountType": "PAYABLE"},
					"RelatedIdentifiers":     []m{{"RelatedIdentifierName": "OrderId", "RelatedIdentifierValue": o.id}},
					"TransactionType":        "Refund", "PostedDate": stamp(r.settled), "TotalAmount": m{"CurrencyAmount": json.Number(o.dec(-r.amount)), "CurrencyCode": o.currency}}})
			}
		}
	case changeItem:
		it := s.bySKU[c.id(0)]
		if it == nil {
			return
		}
		if it.fba {
			s.note("FBA_INVENTORY_AVAILABILITY_CHANGES", "", s.fbaNote(it))
			return
		}
		l := it.at(c.id(1))
		if l != nil {
			s.note("LISTINGS_ITEM_MFN_QUANTITY_CHANGE", "", m{"SellerId": s.seller, "FulfillmentChannelCode": l.place, "Sku": it.sku, "Quantity": l.available})
		}
	}
}

func (s *store) orderNote(o *order, about string) m {
	state := map[string]string{unshipped: "Unshipped", partly: "PartiallyShipped", shipped: "Shipped", delivered: "Shipped", cancelled: "Canceled"}[o.status]
	reason := "Order status changed"
	if about == "BuyerRequestedChange" {
		reason = "Buyer Requested Cancel"
	}
	var items []m
	gone, left := 0, 0
	for _, l := range o.lines {
		sent := min(o.sent(l), l.qty)
		word := "Unshipped"
		if sent == l.qty {
			word = "Shipped"
		}
		gone, left = gone+sent, left+o.toSend(l)
		items = append(items, m{"OrderItemId": l.id, "SellerSKU": l.sku, "SupplySourceId": nil, "OrderItemStatus": word, "Quantity": l.qty, "QuantityShipped": sent,
			"IsBuyerRequestedCancel": o.cancelRequested})
	}
	return m{"OrderChangeNotification": m{"NotificationLevel": "OrderLevel", "SellerId": s.seller, "AmazonOrderId": o.id, "OrderChangeType": about,
		"OrderChangeTrigger": m{"TimeOfOrderChange": stamp(o.updated), "ChangeReason": reason},
		"Summary": m{"MarketplaceId": s.Marketplace, "OrderStatus": state, "PurchaseDate": stamp(o.created), "DestinationPostalCode": o.buyer.zip,
			"FulfillmentType": "MFN", "OrderType": "StandardOrder", "NumberOfItemsShipped": gone, "NumberOfItemsUnshipped": left,
			"EarliestShipDate": stamp(o.created), "LatestShipDate": stamp(o.created.Add(48 * time.Hour)), "OrderPrograms": []string{}, "ShippingPrograms": []string{}, "OrderItems": items}}}
}

func (s *store) fbaNote(it *item) m {
	l := it.levels[0]
	return m{"SellerId": s.seller, "FNSKU": fnSKU(it), "ASIN": it.id, "SKU": it.sku, "FulfillmentInventoryByMarketplace": []m{{"MarketplaceId": s.Marketplace, "ItemName": it.title,
		"FulfillmentInventory": m{"InboundQuantityBreakdown": m{"Working": 0, "Shipped": l.inbound, "Receiving": 0}, "Fulfillable": l.available, "Unfulfillable": 0, "Researching": 0,
			"ReservedQuantityBreakdown": m{"WarehouseProcessing": 0, "WarehouseTransfer": 0, "PendingCustomerOrder": l.reserved}, "FutureSupplyBuyable": 0, "PendingCustomerOrderInTransit": 0}}}}
}

// fnSKU is the name by which Amazon's own warehouses know a listing.
func fnSKU(it *item) string { return "X00" + strings.TrimPrefix(it.id, "B0") }

// feedNote tells that a feed or a report has ended.
func (s *store) feedNote(f *feed) {
	in := m{"sellerId": s.seller, "accountId": "amzn1.merchant.o." + s.seller, "feedId": f.id, "feedType": f.kind, "processingStatus": s.state(f)}
	if f.result != "" {
		in["resultFeedDocumentId"] = f.result
	}
	s.note("FEED_PROCESSING_FINISHED", "", m{"feedProcessingFinishedNotification": in})
}
