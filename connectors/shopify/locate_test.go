package shopify

import "testing"

func TestLocate(t *testing.T) {
	t.Parallel()
	for where, want := range map[string]string{
		"hello": "https://hello.myshopify.com", "Hello.MyShopify.com": "https://hello.myshopify.com",
		" https://hello.myshopify.com/admin/orders?x=1 ":   "https://hello.myshopify.com",
		"https://admin.shopify.com/store/hello-2/products": "https://hello-2.myshopify.com",
		"http://127.0.0.1:9999/shopify/shop-2":             "http://127.0.0.1:9999/shopify/shop-2",
	} {
		got, err := locate(where)
		if err != nil || got.BaseURL != want || got.ID == "" || got.Account == "" {
			t.Errorf("%q: %+v, %v; want %s", where, got, err, want)
		}
	}
	for _, where := range []string{"", "hello world", "https://example.com", "https://hello.myshopify.com.example.com", "https://example.com/hello.myshopify.com",
		"ftp://hello.myshopify.com", "https://x@hello.myshopify.com", "hello.myshopify.com@example.com", "http://10.0.0.1/shop", "-x", "http://127.0.0.1:1/", "退款"} {
		if got, err := locate(where); err == nil {
			t.Errorf("%q is taken for %+v", where, got)
		}
	}
}
