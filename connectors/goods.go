package connectors

// Goods is what becomes of the goods that a refund is for.
type Goods string

// What may become of them; empty: nobody said.
const (
	// GoodsKept: the buyer keeps them, and nothing has to come back.
	GoodsKept Goods = "keep"
	// GoodsBack: they come back, or are back.
	GoodsBack Goods = "back"
	// GoodsUnsent: they were never sent.
	GoodsUnsent Goods = "unsent"
)

// AllGoods are all of them, in the order a form shows them.
var AllGoods = []Goods{GoodsKept, GoodsBack, GoodsUnsent}
