package main

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"helloworld/cmd/desk/config"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
)

type demoCmd struct {
	Listen string        `default:"127.0.0.1:8080" help:"Address of the console; the next free port is taken if it is in use."`
	Data   string        `default:"" help:"Folder to keep what the desk knows in, while the shops start anew; empty means one that is removed at the end."`
	Shops  int           `default:"0" help:"How many shops; 0 means one of each platform."`
	Orders int           `default:"1200" help:"Orders in each shop."`
	Skus   int           `default:"16" help:"Listings in each shop."`
	Delay  time.Duration `default:"120ms" help:"How long each of the shops' answers takes, as on a network."`
	Every  time.Duration `default:"25s" help:"How often a buyer writes."`
	Seed   int64         `default:"1" help:"Decides everything that looks like chance."`
	Log    string        `default:"warn" enum:"debug,info,warn,error" help:"How much is logged."`
}

// Run runs the desk with sandbox shops.
func (c demoCmd) Run(w *world) error {
	log := logger(c.Log, w)
	if c.Data == "" {
		dir, err := os.MkdirTemp("", "desk-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		c.Data = dir
	}
	// The shops outlive the desk, which ends its calls in peace; otherwise it
	// would knock at a closed door until its patience is over.
	open, stop := context.WithCancel(context.WithoutCancel(w.ctx))
	defer stop()
	l, err := listenNear(c.Listen)
	if err != nil {
		return err
	}
	defer l.Close()
	listen := l.Addr().String()
	o := sandbox.Options{Seed: c.Seed, Orders: c.Orders, Items: c.Skus, Log: log, Redirect: "http://" + listen + wayBack}
	if c.Shops > 0 {
		o.Stores = sandbox.Stores(c.Shops)
	} else {
		o.Stores = append(sandbox.DefaultStores(), sandbox.StoreSpec{Name: "woo-es", Platform: sandbox.Woo, Currency: "EUR", Language: "en"},
			sandbox.StoreSpec{Name: spareShop, Platform: sandbox.Shopify, Currency: "GBP", Language: "en"})
	}
	shops, err := openShops(open, "127.0.0.1:0", c.Delay, o)
	if err != nil {
		return err
	}
	cfg, secrets, err := shops.config(c.Data, listen)
	if err != nil {
		return err
	}
	rules(&cfg)
	a, err := build(w.ctx, cfg, setup{log: log, demo: true, consent: shops.consent, mailSettle: 5 * time.Second, secrets: secrets, listener: l})
	if err != nil {
		return err
	}
	fmt.Fprintf(w.out, "Sandbox shops: %s (break a token: curl -X POST -d '{\"store\":\"ebay-de\"}' %s/control/revoke)\n", shops.url, shops.url)
	if c.Shops == 0 {
		fmt.Fprintf(w.out, "A shop to connect by yourself: /connect shopify %s/shopify/%s\n", shops.url, spareShop)
	}
	go shops.world.Live(w.ctx, c.Every)
	return a.run(w.ctx, w)
}

// spareShop is a shop that nobody has connected yet.
const spareShop = "shopify-new"

// listenNear listens at addr, or at any port of the same host if it is taken. The
// shops have to know the address before the desk runs, since they send sellers
// back there; so it is held from here on.
func listenNear(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err == nil {
		return l, nil
	}
	host, _, serr := net.SplitHostPort(addr)
	if serr != nil {
		return nil, fmt.Errorf("the address to listen on: %w", serr)
	}
	return net.Listen("tcp", net.JoinHostPort(host, "0"))
}

// shops is a sandbox world that is being served.
type shops struct {
	world *sandbox.World
	mail  *sandbox.Mail
	url   string
}

// openShops serves a world on loopback until ctx ends.
func openShops(ctx context.Context, addr string, delay time.Duration, o sandbox.Options) (*shops, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	s := &shops{url: "http://" + l.Addr().String()}
	o.BaseURL = func() string { return s.url }
	if s.world, err = sandbox.New(o); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if s.mail, err = s.world.StartMail(ctx, "127.0.0.1:0", "127.0.0.1:0"); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/consent/{store}", s.serveConsent)
	mux.Handle("/", delayed(delay, s.world.Handler()))
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) && o.Log != nil {
			o.Log.Error("the sandbox has stopped", "err", err)
		}
	}()
	context.AfterFunc(ctx, func() {
		_ = srv.Close()
		s.world.Close()
	})
	return s, nil
}

// delayed answers after a while, as a shop at the other end of the world does.
func delayed(d time.Duration, h http.Handler) http.Handler {
	if d <= 0 {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/control/") {
			select {
			case <-time.After(d):
			case <-r.Context().Done():
			}
		}
		h.ServeHTTP(w, r)
	})
}

// consent is the page where a store's access is granted again.
func (s *shops) consent(storeID string) string { return s.url + "/consent/" + storeID }

var consentPage = template.Must(template.New("consent").Parse(`<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Store}}</title><style>body{font:16px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;max-width:32em;margin:15vh auto;padding:0 1em}button{font:inherit;padding:.5em 1.5em}</style>
{{if .Done}}<h1>✓ {{.Store}}</h1><p>Access is granted. Go back and press “Check now”.</p><p>授权成功。请返回并点“立即检查”。</p>
{{else}}<h1>{{.Store}}</h1><p>HelloWorld Desk asks for access to orders, messages and refunds of this sandbox shop.</p><p>HelloWorld Desk 申请访问该沙盒店铺的订单、消息和退款。</p>
<form method="post"><button>Grant access · 授权</button></form>{{end}}`))

// serveConsent is the sandbox's own consent page, as a marketplace has one.
func (s *shops) serveConsent(w http.ResponseWriter, r *http.Request) {
	storeID := r.PathValue("store")
	if _, err := s.world.Account(storeID); err != nil {
		http.NotFound(w, r)
		return
	}
	if r.Method == http.MethodPost {
		if err := s.world.Grant(storeID); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := consentPage.Execute(w, map[string]any{"Store": storeID, "Done": r.Method == http.MethodPost}); err != nil {
		slog.Debug("consent page", "err", err)
	}
}

// names are what the demonstration calls its shops.
var names = map[string]string{"ebay-de": "eBay 德国站", "amazon-jp": "亚马逊日本站", "shopify-main": "Shopify 独立站", "woo-es": "WooCommerce 西班牙站"}

// rules are the demonstration's rules about refunds. Its rates are as made up as
// its shops, and of today.
func rules(cfg *config.Config) {
	cfg.Refunds.BreakGlass = true
	cfg.Policy.Home = "CNY"
	cfg.Rules = []config.Rule{
		{Name: "日常 · usual", UpTo: "2000", Votes: 1, Approvers: []string{"manager"}},
		{Name: "大额 · large", Votes: 2, Approvers: []string{"manager"}},
	}
	cfg.Rates = config.Rates{Source: "table", Date: time.Now().Format(time.DateOnly), MaxDays: 7,
		Table: map[string]string{"EUR": "7.75", "USD": "7.10", "JPY": "0.048"}}
}

// config is a desk's configuration for these shops, and the secrets of their
// platforms that stand nowhere else.
func (s *shops) config(data, listen string) (config.Config, map[string]map[string]connectors.Secret, error) {
	cfg := config.Defaults()
	cfg.Desk.Data, cfg.Desk.Listen, cfg.Desk.Pull = data, listen, config.Duration(2*time.Second)
	cfg.Desk.PublicURL = "http://" + listen
	cfg.Refunds.Settle = config.Duration(5 * time.Second)
	secrets := map[string]map[string]connectors.Secret{}
	for _, x := range s.world.Accounts() {
		if x.Platform == sandbox.Shopify && len(cfg.Apps) == 0 {
			cfg.Apps = []config.App{{Platform: x.Platform, ClientID: x.ClientID, Secret: config.Secret(x.Secret)}}
		}
		if x.Name == spareShop {
			continue
		}
		st := config.Store{ID: x.Name, Platform: x.Platform, Name: orElse(names[x.Name], x.Name), Account: x.Seller, Currency: x.Currency,
			Language: x.Language, BaseURL: s.url + x.Path, TokenURL: s.url + x.TokenPath, ClientID: x.ClientID,
			Secret: config.Secret(x.Secret), Refresh: config.Secret(x.Refresh), Options: map[string]string{}}
		secrets[x.Name] = s.market(x, st.Options)
		if x.Platform != sandbox.Ebay && x.Platform != sandbox.Woo { // these two write through their shop
			st.Mail = &config.Mail{IMAP: s.mail.IMAPAddr, SMTP: s.mail.SMTPAddr, TLS: "none", User: x.User, From: x.Address, Folder: "INBOX", Keeps: true,
				Password: config.Secret(x.Password)}
		}
		cfg.Stores = append(cfg.Stores, st)
	}
	every := []string{"*"}
	cfg.People = []config.Person{
		{ID: "lina", Name: "李娜", Language: "zh-CN", Roles: []string{"agent"}, Stores: every},
		{ID: "wang", Name: "王经理", Language: "zh-CN", Roles: []string{"manager", "agent"}, Stores: every},
		{ID: "zhao", Name: "赵运营", Language: "zh-CN", Roles: []string{"ops"}, Stores: every},
		{ID: "sam", Name: "Sam", Language: "en", Roles: []string{"admin", "manager", "agent", "ops"}, Stores: every},
	}
	cfg.Channels = []config.Channel{
		{Place: "console:inbox", Name: "买家消息", Language: "zh-CN", Stores: every, Topics: []string{"messages"}},
		{Place: "console:approvals", Name: "退款审批", Language: "zh-CN", Stores: every, Topics: []string{"approvals"}},
		{Place: "console:alerts", Name: "告警", Language: "zh-CN", Stores: every, Topics: []string{"alerts"}},
	}
	return cfg, secrets, nil
}

// market fills in a platform's own settings and gives its own secrets.
func (s *shops) market(x sandbox.Account, o map[string]string) map[string]connectors.Secret {
	if x.Marketplace != "" {
		o["marketplace"] = x.Marketplace
	}
	switch x.Platform {
	case sandbox.Ebay:
		o["apiz"], o["auth"], o["runame"], o["alert_email"] = s.url+x.Path, s.url+x.ConsentPath, x.Redirect, "ops@example.com"
		return map[string]connectors.Secret{"verification_token": connectors.Secret(x.Verification)}
	case sandbox.Woo:
		return map[string]connectors.Secret{"webhook_secret": "sandbox-webhook-secret"}
	case sandbox.Amazon:
		o["consent"], o["application"], o["seller"] = s.url+x.Path, x.ClientID, x.Seller
		if q := x.Queue; q != nil {
			o["queue"], o["queue_arn"], o["queue_region"], o["queue_endpoint"] = s.url+q.URL, q.ARN, q.Region, s.url+q.Path
			return map[string]connectors.Secret{"queue_key_id": connectors.Secret(q.KeyID), "queue_secret": connectors.Secret(q.Secret)}
		}
	}
	return nil
}
