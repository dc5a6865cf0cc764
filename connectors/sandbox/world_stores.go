package sandbox

import (
	"slices"
	"strconv"
)

// someStores are the kinds of accounts that [Stores] goes round.
var someStores = []StoreSpec{
	{Name: "ebay-de", Platform: Ebay, Language: "de"},
	{Name: "amazon-jp", Platform: Amazon, Language: "ja"},
	{Name: "shopify-main", Platform: Shopify, Language: "en"},
	{Name: "ebay-us", Platform: Ebay, Language: "en"},
	{Name: "amazon-de", Platform: Amazon, Language: "de"},
	{Name: "shopify-jp", Platform: Shopify, Language: "ja"},
	{Name: "amazon-us", Platform: Amazon, Language: "en"},
	{Name: "shopify-de", Platform: Shopify, Language: "de"},
}

// Stores are so many accounts over the platforms and languages, each with a name
// of its own. The first three are those of [DefaultStores].
func Stores(n int) []StoreSpec {
	all := slices.Clone(DefaultStores()[:min(max(n, 0), 3)])
	for i := len(all); i < n; i++ {
		spec := someStores[i%len(someStores)]
		if round := i / len(someStores); round > 0 {
			spec.Name += "-" + strconv.Itoa(round+1)
		}
		all = append(all, spec)
	}
	return all
}
