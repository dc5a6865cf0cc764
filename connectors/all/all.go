// Package all lists the adapters of marketplaces.
package all

import (
	"helloworld/connectors"
	"helloworld/connectors/amazon"
	"helloworld/connectors/ebay"
	"helloworld/connectors/shopify"
	"helloworld/connectors/woo"
)

// Plugins are the marketplaces that the desk can connect. A new one is one line
// here.
var Plugins = []connectors.Plugin{
	amazon.Plugin,
	ebay.Plugin,
	shopify.Plugin,
	woo.Plugin,
}
