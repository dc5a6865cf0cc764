package shopify

const hookFields = `
fragment H on WebhookSubscription { id topic uri format }
`

// opHooks lists what this app subscribed to by the API.
const opHooks = `query Subscriptions($after: String) {
  webhookSubscriptions(first: 50, after: $after) { nodes { ...H } pageInfo { hasNextPage endCursor } }
}
` + hookFields

const opHook = `mutation Subscribe($topic: WebhookSubscriptionTopic!, $subscription: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $subscription) {
    webhookSubscription { ...H }
    userErrors { field message }
  }
}
` + hookFields

const opHookMend = `mutation MendSubscription($id: ID!, $subscription: WebhookSubscriptionInput!) {
  webhookSubscriptionUpdate(id: $id, webhookSubscription: $subscription) {
    webhookSubscription { ...H }
    userErrors { field message }
  }
}
` + hookFields

const bulkFields = `
fragment B on BulkOperation { id status errorCode createdAt completedAt objectCount rootObjectCount fileSize url query }
`

// opBulk starts one. Grouped, an order's lines stand right behind it, so that
// the file can be read without keeping it.
const opBulk = `mutation BulkOrders($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: true) {
    bulkOperation { ...B }
    userErrors { code field message }
  }
}
` + bulkFields

const opBulkState = `query BulkState($id: ID!) {
  bulkOperation(id: $id) { ...B }
}
` + bulkFields

const opBulks = `query BulkOperations($query: String) {
  bulkOperations(first: 10, query: $query) { nodes { ...B } }
}
` + bulkFields

// opBulkOrders is the text inside a bulk operation: the fields of opOrders,
// but without connections inside of lists, which such an operation refuses.
// %s is the search.
const opBulkOrders = `query {
  orders(query: %s, sortKey: UPDATED_AT) {
    edges { node {
      ...O
      lineItems { edges { node { ...L } } }
      refunds { id note createdAt totalRefundedSet { ...M } }
    } }
  }
}
` + headFields + lineFields + moneyFields
