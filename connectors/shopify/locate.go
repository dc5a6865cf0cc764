package shopify

import (
	"errors"
	"net"
	"net/url"
	"regexp"
	"strings"

	"helloworld/connectors"
)

// shopName is what a shop's own address begins with.
var shopName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

var errWhere = errors.New("shopify: not the address of a shop: NAME.myshopify.com")

// locate reads a shop's address as people write it: hello, hello.myshopify.com,
// https://hello.myshopify.com/admin, https://admin.shopify.com/store/hello. Only
// the platform's own addresses are taken, since our application's secret is
// bound to them; and addresses of this computer, where a sandbox may run.
func locate(where string) (connectors.Spot, error) {
	w := strings.ToLower(strings.TrimSpace(where))
	if !strings.Contains(w, "://") {
		w = "https://" + w
	}
	u, err := url.Parse(w)
	if err != nil || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return connectors.Spot{}, errWhere
	}
	host := u.Hostname()
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		path := strings.TrimRight(u.Path, "/")
		name := path[strings.LastIndex(path, "/")+1:]
		if !shopName.MatchString(name) {
			return connectors.Spot{}, errWhere
		}
		return connectors.Spot{ID: name, Account: u.Host, BaseURL: u.Scheme + "://" + u.Host + path}, nil
	}
	name, isShop := strings.CutSuffix(host, ".myshopify.com")
	if host == "admin.shopify.com" {
		name, isShop = strings.CutPrefix(u.Path, "/store/")
		name, _, _ = strings.Cut(name, "/")
	}
	if !isShop && (strings.Contains(host, ".") || u.Path != "") || !shopName.MatchString(name) {
		return connectors.Spot{}, errWhere
	}
	host = name + ".myshopify.com"
	return connectors.Spot{ID: id(name), Account: host, BaseURL: "https://" + host}, nil
}

// id is a name that the desk may use for it.
func id(name string) string {
	if len(name) > 24 {
		name = name[:24]
	}
	return "shopify-" + strings.Trim(name, "-")
}
