package shopify

const returnFields = `
fragment T on Return {
  id name status createdAt requestApprovedAt closedAt
  order { id name updatedAt }
  decline { reason note }
  returnLineItems(first: 20) { nodes { ...TL } pageInfo { hasNextPage endCursor } }
  refunds(first: 20) { nodes { id note createdAt totalRefundedSet { ...M } transactions(first: 5) { nodes { id kind status errorCode amountSet { ...M } } } } }
  reverseFulfillmentOrders(first: 5) {
    nodes {
      id status
      lineItems(first: 20) { nodes { id totalQuantity fulfillmentLineItem { id } } }
      reverseDeliveries(first: 3) {
        nodes { id deliverable { ... on ReverseDeliveryShippingDeliverable { tracking { carrierName number } } } }
      }
    }
  }
}
` + returnLineFields + moneyFields

const returnLineFields = `
fragment TL on ReturnLineItemType {
  id quantity processableQuantity processedQuantity refundableQuantity customerNote returnReasonNote
  returnReasonDefinition { handle name }
  ... on ReturnLineItem { fulfillmentLineItem { id lineItem { id sku title } } }
}
`

// opReturnsOf lists orders by their last change, with the ids of their
// returns: the platform has no list of returns.
const opReturnsOf = `query ReturnsOf($first: Int!, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { id updatedAt returns(first: 5) { nodes { id } pageInfo { hasNextPage endCursor } } }
    pageInfo { hasNextPage endCursor }
  }
}`

// opReturnIDs reads on for an order with very many returns.
const opReturnIDs = `query ReturnIDs($id: ID!, $after: String) {
  order(id: $id) { id returns(first: 50, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }
}`

// opReturns reads some returns whole.
const opReturns = `query Returns($ids: [ID!]!) {
  nodes(ids: $ids) { id ... on Return { ...T } }
}
` + returnFields

const opReturn = `query Return($id: ID!) {
  return(id: $id) { ...T }
}
` + returnFields

const opReturnLines = `query ReturnLines($id: ID!, $after: String) {
  return(id: $id) { id returnLineItems(first: 50, after: $after) { nodes { ...TL } pageInfo { hasNextPage endCursor } } }
}
` + returnLineFields

// opOutcome asks what the platform itself would give back for a return.
const opOutcome = `query ReturnOutcome($id: ID!, $lines: [SuggestedOutcomeReturnLineItemInput!]!) {
  return(id: $id) {
    id
    suggestedFinancialOutcome(returnLineItems: $lines, exchangeLineItems: []) {
      maximumRefundable { ...M }
      financialTransfer {
        ... on RefundReturnOutcome {
          amount { ...M }
          suggestedTransactions { gateway parentTransaction { id } amountSet { ...M } maximumRefundableSet { ...M } }
        }
      }
    }
  }
}
` + moneyFields

const opApprove = `mutation ApproveReturn($input: ReturnApproveRequestInput!) {
  returnApproveRequest(input: $input) { return { id status } userErrors { code field message } }
}`

const opDecline = `mutation DeclineReturn($input: ReturnDeclineRequestInput!) {
  returnDeclineRequest(input: $input) { return { id status } userErrors { code field message } }
}`

// opProcess takes goods in and gives money back. It has no key of its own: see
// Shop.Decide.
const opProcess = `mutation ProcessReturn($input: ReturnProcessInput!) {
  returnProcess(input: $input) { return { ...T } userErrors { code field message } }
}
` + returnFields
