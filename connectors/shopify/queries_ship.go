package shopify

const shipmentFields = `
fragment F on Fulfillment {
  id status createdAt location { id }
  trackingInfo(first: 10) { company number }
}
`

// opFulfillmentOrders tells what is left to ship, where it lies, and what was
// shipped already.
const opFulfillmentOrders = `query FulfillmentOrders($id: ID!, $after: String) {
  order(id: $id) {
    id
    fulfillments(first: 100) { ...F }
    fulfillmentOrders(first: 10, after: $after) {
      nodes {
        id status supportedActions { action } assignedLocation { name location { id } }
        lineItems(first: 25) { nodes { id remainingQuantity lineItem { id } } pageInfo { hasNextPage endCursor } }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
` + shipmentFields

// opFulfillmentLines reads on where a fulfillment order is long.
const opFulfillmentLines = `query FulfillmentLines($id: ID!, $after: String) {
  fulfillmentOrder(id: $id) {
    id lineItems(first: 100, after: $after) { nodes { id remainingQuantity lineItem { id } } pageInfo { hasNextPage endCursor } }
  }
}`

// opFulfillments is what ShipState looks at.
const opFulfillments = `query Fulfillments($id: ID!) {
  order(id: $id) { id fulfillments(first: 100) { ...F } }
}
` + shipmentFields

// opShip has no key of its own: see Shop.Ship.
const opShip = `mutation ShipConfirm($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) {
    fulfillment { ...F }
    userErrors { field message }
  }
}
` + shipmentFields
