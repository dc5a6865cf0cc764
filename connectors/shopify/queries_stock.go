package shopify

const itemFields = `
fragment V on ProductVariant {
  id sku title price updatedAt
  product { id title status featuredMedia { preview { image { url } } } }
  inventoryItem {
    id sku tracked
    inventoryLevels(first: 10) { nodes { ...S } pageInfo { hasNextPage endCursor } }
  }
}
` + levelFields

const levelFields = `
fragment S on InventoryLevel {
  id updatedAt location { id name }
  quantities(names: ["available", "committed", "reserved", "incoming"]) { name quantity }
}
`

// opItems lists variants with their stock. Prices are in the shop's currency,
// which the variant does not tell.
const opItems = `query Items($first: Int!, $after: String, $query: String) {
  shop { currencyCode }
  productVariants(first: $first, after: $after, query: $query, sortKey: ID) {
    nodes { ...V }
    pageInfo { hasNextPage endCursor }
  }
}
` + itemFields

// opLevels reads on where a variant lies in more places than a list shows.
const opLevels = `query Levels($id: ID!, $after: String) {
  inventoryItem(id: $id) {
    id inventoryLevels(first: 50, after: $after) { nodes { ...S } pageInfo { hasNextPage endCursor } }
  }
}
` + levelFields

// opFindItem finds what quantities are set by, from the SKU that people say.
const opFindItem = `query FindItem($query: String!, $after: String) {
  productVariants(first: 20, after: $after, query: $query, sortKey: ID) {
    nodes { id sku inventoryItem { id tracked inventoryLevels(first: 10) { nodes { ...S } pageInfo { hasNextPage endCursor } } } }
    pageInfo { hasNextPage endCursor }
  }
}
` + levelFields

// opLevel reads one quantity in one place.
const opLevel = `query Level($item: ID!, $location: ID!) {
  inventoryItem(id: $item) { id inventoryLevel(locationId: $location) { ...S } }
}
` + levelFields

// opLocations lists the places where goods lie.
const opLocations = `query Locations($after: String) {
  locations(first: 50, after: $after) {
    nodes { id name isActive shipsInventory }
    pageInfo { hasNextPage endCursor }
  }
}`

// opSetStock sets quantities. The platform refuses it at run time without the
// directive, and without changeFromQuantity, were it only null.
const opSetStock = `mutation SetAvailable($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id }
    userErrors { code field message }
  }
}`
