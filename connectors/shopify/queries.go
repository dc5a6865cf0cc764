package shopify

// Version is the Admin API version that the texts below are written for.
const Version = "2026-10"

const moneyFields = `
fragment M on MoneyBag { presentmentMoney { amount currencyCode } }
`

const headFields = `
fragment O on Order {
  id legacyResourceId name createdAt updatedAt cancelledAt closedAt email customerLocale refundable
  displayFinancialStatus displayFulfillmentStatus presentmentCurrencyCode taxesIncluded
  customer { id displayName locale defaultEmailAddress { emailAddress } }
  shippingAddress { name countryCodeV2 }
  totalPriceSet { ...M } totalTaxSet { ...M } totalShippingPriceSet { ...M } totalRefundedSet { ...M }
}
`

const lineFields = `
fragment L on LineItem {
  id sku title variantTitle quantity refundableQuantity image { url }
  discountedTotalSet(withCodeDiscounts: true) { ...M } taxLines { priceSet { ...M } }
}
`

const refundShown = `
fragment R on Refund {
  id note createdAt totalRefundedSet { ...M }
  transactions(first: 10) { nodes { id kind status errorCode amountSet { ...M } } }
}
`

const orderFields = headFields + lineFields + refundShown + moneyFields

// opOrders lists orders by their last change. Long orders come cut, and are
// then read whole by opOrder.
const opOrders = `query Orders($first: Int!, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes {
      ...O
      lineItems(first: 10) { nodes { ...L } pageInfo { hasNextPage endCursor } }
      refunds(first: 10) { ...R }
    }
    pageInfo { hasNextPage endCursor }
  }
}
` + orderFields

const opOrder = `query Order($id: ID!) {
  order(id: $id) {
    ...O
    lineItems(first: 50) { nodes { ...L } pageInfo { hasNextPage endCursor } }
    fulfillments(first: 20) { id status displayStatus createdAt deliveredAt trackingInfo(first: 10) { company number url } }
    refunds(first: 50) {
      ...R
      refundLineItems(first: 50) { nodes { quantity lineItem { id } subtotalSet { ...M } totalTaxSet { ...M } } }
    }
  }
}
` + orderFields

const opLines = `query OrderLines($id: ID!, $after: String) {
  order(id: $id) {
    lineItems(first: 100, after: $after) { nodes { ...L } pageInfo { hasNextPage endCursor } }
  }
}
` + lineFields + moneyFields

// opFind finds the id of an order by the number that people say.
const opFind = `query FindOrder($query: String!) {
  orders(first: 5, query: $query) { nodes { id name } }
}`

// opSuggest asks how the platform itself would give everything back.
const opSuggest = `query SuggestRefund($id: ID!) {
  order(id: $id) {
    id
    suggestedRefund(suggestFullRefund: true) {
      maximumRefundableSet { ...M } totalTaxSet { ...M }
      shipping { maximumRefundableSet { ...M } }
      refundLineItems { quantity lineItem { id } location { id } subtotalSet { ...M } totalTaxSet { ...M } }
      suggestedTransactions {
        gateway parentTransaction { id } amountSet { ...M } maximumRefundableSet { ...M }
      }
    }
  }
}
` + moneyFields

// opRefund gives money back. Without the directive the platform refuses it at
// run time, which its schema does not tell.
const opRefund = `mutation Refund($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) {
    refund { ...R }
    userErrors { field message }
  }
}
` + refundShown + moneyFields

// opRefunds is what RefundState looks at.
const opRefunds = `query Refunds($id: ID!) {
  order(id: $id) {
    id presentmentCurrencyCode
    refunds { ...R }
  }
}
` + refundShown + moneyFields

const opHealth = `query AuthHealth {
  currentAppInstallation { accessScopes { handle } }
}`

// Operations are all GraphQL texts this adapter ever sends, by name.
func Operations() map[string]string {
	return map[string]string{
		"Orders": opOrders, "Order": opOrder, "OrderLines": opLines, "FindOrder": opFind,
		"Buyer": opBuyer, "SuggestRefund": opSuggest, "Refund": opRefund, "Refunds": opRefunds, "Disputes": opDisputes, "AuthHealth": opHealth,
		"Items": opItems, "Levels": opLevels, "FindItem": opFindItem, "Level": opLevel, "Locations": opLocations, "SetAvailable": opSetStock,
		"FulfillmentOrders": opFulfillmentOrders, "FulfillmentLines": opFulfillmentLines, "Fulfillments": opFulfillments, "ShipConfirm": opShip,
		"ReturnsOf": opReturnsOf, "ReturnIDs": opReturnIDs, "Returns": opReturns, "Return": opReturn, "ReturnLines": opReturnLines,
		"ReturnOutcome": opOutcome, "ApproveReturn": opApprove, "DeclineReturn": opDecline, "ProcessReturn": opProcess,
		"Subscriptions": opHooks, "Subscribe": opHook, "MendSubscription": opHookMend,
		"BulkOrders": opBulk, "BulkState": opBulkState, "BulkOperations": opBulks,
	}
}
