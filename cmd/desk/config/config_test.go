package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func nothing(string) string { return "" }

func everything(name string) string {
	if strings.HasSuffix(name, "_FILE") {
		return ""
	}
	return "secret of " + name
}

// TestDeclaration looks for tags that nothing would understand.
func TestDeclaration(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, s := range sections() {
		if s.help == "" {
			t.Errorf("%s has no help", s.head)
		}
		for i := range s.item.NumField() {
			f := s.item.Field(i)
			at, tag := s.head+"."+f.Name, f.Tag
			if tag.Get("help") == "" {
				t.Errorf("%s has no help", at)
			}
			if f.Type == reflect.TypeFor[Secret]() != (tag.Get("env") != "") || (tag.Get("env") != "") != (tag.Get("toml") == "-") {
				t.Errorf("%s: a secret has a variable and no key, and nothing else has one", at)
			}
			if env := tag.Get("env"); env != "" {
				if seen[env] != "" {
					t.Errorf("%s and %s share %s", at, seen[env], env)
				}
				seen[env] = at
			}
			if name := tag.Get("form"); name != "" {
				if _, ok := forms[name]; !ok {
					t.Errorf("%s: no form %q", at, name)
				}
			}
			if need, _, _ := strings.Cut(tag.Get("need"), "="); need != "" && need != "always" && fieldOf(s.item, need) < 0 {
				t.Errorf("%s needs %q, which is no key beside it", at, need)
			}
			for _, key := range []string{"default", "eg"} {
				v, ok := tag.Lookup(key)
				if !ok {
					continue
				}
				if f.Type.Kind() == reflect.Slice {
					for _, x := range strings.Split(v, ",") {
						if what := complaint(x, tag.Get("form"), enumOf(tag)); what != "" {
							t.Errorf("%s: %s %s", at, key, what)
						}
					}
				} else if f.Type.Kind() == reflect.String {
					if what := complaint(v, tag.Get("form"), enumOf(tag)); what != "" {
						t.Errorf("%s: %s %s", at, key, what)
					}
				} else if x := reflect.New(f.Type).Elem(); f.Type.Kind() != reflect.Map {
					setText(x, v)
					if fmt.Sprint(x.Interface()) == "0" && v != "0" {
						t.Errorf("%s: the %s %q is not read", at, key, v)
					}
				}
			}
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c := Defaults()
	if c.Desk.Data != "data" || c.Desk.Pull.D() != time.Minute || c.Refunds.Votes != 1 || c.Refunds.Expiry.D() != 24*time.Hour ||
		c.Slack.Sockets != 2 || c.Slack.On || c.Stores != nil {
		t.Errorf("%+v", c)
	}
	got, err := Parse("desk.toml", nil, nothing)
	if err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("an empty file is %+v, %v", got, err)
	}
}

func TestFull(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/good/full.toml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse("desk.toml", data, everything)
	if err != nil {
		t.Fatal(err)
	}
	windows := append([]byte("\ufeff"), bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n"))...)
	if again, err := Parse("desk.toml", windows, everything); err != nil || !reflect.DeepEqual(again, c) {
		t.Errorf("with a mark and Windows' line ends: %+v, %v", again, err)
	}
	secret := func(name string) Secret { return Secret("secret of " + name) }
	want := Defaults()
	want.Desk = Desk{Data: `C:\desk`, Database: secret("DESK_DATABASE"), Key: secret("DESK_KEY"), Redis: secret("DESK_REDIS"), Listen: ":8080", PublicURL: "https://desk.example.com/console",
		Zone: "Europe/Berlin", Log: "debug", Pull: Duration(90 * time.Second)}
	want.Refunds.Votes, want.Refunds.Expiry = 2, Duration(48*time.Hour)
	want.Replies = Replies{Auto: []string{"exact", "template"}, After: Duration(time.Minute), Stores: []string{"ebay-de"}, People: []string{"anna"}}
	want.Console.Off = true
	want.Slack.On, want.Slack.Sockets = true, 10
	want.Slack.BotToken, want.Slack.AppToken = secret("DESK_SLACK_BOT_TOKEN"), secret("DESK_SLACK_APP_TOKEN")
	want.Telegram.On, want.Telegram.BaseURL, want.Telegram.Token = true, "http://127.0.0.1:8081", secret("DESK_TELEGRAM_TOKEN")
	want.Apps = []App{{Platform: "shopify", ClientID: "0123456789abcdef", Secret: secret("DESK_APP_SHOPIFY_CLIENT_SECRET")}}
	want.Stores = []Store{
		{ID: "ebay-de", Platform: "ebay", Name: "eBay 德国站 🇩🇪", Currency: "EUR", Language: "de", Options: map[string]string{"marketplace": "EBAY_DE"},
			Secret: secret("DESK_EBAY_DE_CLIENT_SECRET"), Refresh: secret("DESK_EBAY_DE_REFRESH_TOKEN"), Access: secret("DESK_EBAY_DE_ACCESS_TOKEN")},
		{ID: "amazon-jp", Platform: "amazon", Local: true, Region: "fe", ClientID: "amzn1.application-oa2-client.1", Options: map[string]string{"marketplace": "A1VC38T7YXB528"},
			Secret: secret("DESK_AMAZON_JP_CLIENT_SECRET"), Refresh: secret("DESK_AMAZON_JP_REFRESH_TOKEN"), Access: secret("DESK_AMAZON_JP_ACCESS_TOKEN"),
			Mail: &Mail{IMAP: "127.0.0.1:1143", SMTP: "smtp.example.com:587", TLS: "none", SMTPTLS: "starttls", User: "shop", From: "Hello <shop@example.com>",
				Folder: "INBOX", Password: secret("DESK_AMAZON_JP_MAIL_PASSWORD")}},
		{ID: "shopify-main", Platform: "shopify", BaseURL: "https://hello.myshopify.com", Options: map[string]string{},
			Secret: secret("DESK_SHOPIFY_MAIN_CLIENT_SECRET"), Refresh: secret("DESK_SHOPIFY_MAIN_REFRESH_TOKEN"), Access: secret("DESK_SHOPIFY_MAIN_ACCESS_TOKEN"),
			Mail: &Mail{IMAP: "[::1]:993", TLS: "tls", User: "shop", From: "shop@example.com", Folder: "Buyers", Password: secret("DESK_SHOPIFY_MAIN_MAIL_PASSWORD")}},
	}
	want.Engines = []Engine{
		{Name: "local", Kind: "openai", BaseURL: "http://127.0.0.1:11434/v1", Model: "qwen3:8b", Key: secret("DESK_ENGINE_LOCAL_KEY"), Local: true, Pairs: []string{"en>zh", "*>ja"}},
		{Name: "deep", Kind: "deepl", Key: secret("DESK_ENGINE_DEEP_KEY"), GlossarySync: true, MonthLetters: 500000, MonthCost: "20.00", MillionCost: "20", Currency: "EUR"},
		{Name: "g", Kind: "google", Key: secret("DESK_ENGINE_G_KEY"), Project: "my-project-4711", Location: "us-central1", Credentials: "google.json", GlossaryID: "returns"},
		{Name: "blue", Kind: "azure", Key: secret("DESK_ENGINE_BLUE_KEY"), Region: "westeurope", Version: "2026-06-06"},
	}
	want.Tracking = []Tracking{{Name: "main", Kind: "17track", Key: secret("DESK_TRACKING_MAIN_KEY"), PushKey: secret("DESK_TRACKING_MAIN_PUSH_KEY")},
		{Name: "spare", Kind: "aftership", BaseURL: "http://127.0.0.1:9/tracking", Key: secret("DESK_TRACKING_SPARE_KEY"), PushKey: secret("DESK_TRACKING_SPARE_PUSH_KEY")}}
	want.People = []Person{
		{ID: "anna", Language: "zh-CN", Roles: []string{"agent", "manager"}, Stores: []string{"ebay-de", "amazon-jp"}, Slack: "U0123456"},
		{ID: "ben", Language: "en", Telegram: "123456789"},
	}
	want.Channels = []Channel{
		{Place: "slack:C0123456", Language: "zh-CN", Stores: []string{"*"}, Topics: []string{"messages"}},
		{Place: "telegram:-1001234567890/42", Language: "zh-CN", Topics: []string{"alerts", "approvals"}},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("\ngot  %#v\nwant %#v", c, want)
	}
	if s := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(s, "secret of") {
		t.Error("a printed configuration tells its secrets")
	}
}

// setting is a setting in the example file, or a section's header.
var setting = regexp.MustCompile(`(?m)^#(\S)`)

func TestExample(t *testing.T) {
	t.Parallel()
	example := Example()
	c, err := Parse("example", example, nothing)
	if err != nil || !reflect.DeepEqual(c, Defaults()) {
		t.Errorf("as it is, the example is not the defaults: %+v, %v", c, err)
	}
	whole := setting.ReplaceAll(example, []byte("$1"))
	if c, err = Parse("example", whole, everything); err != nil {
		t.Fatalf("with every setting on: %v", err)
	}
	if len(c.Stores) != 1 || c.Stores[0].Mail == nil || c.Stores[0].Options["marketplace"] == "" || len(c.Engines) != 1 || len(c.Tracking) != 1 || len(c.People) != 1 || len(c.Channels) != 1 || !c.Slack.On {
		t.Errorf("something is missing: %+v", c)
	}
	text := string(example)
	for _, s := range sections() {
		for i := range s.item.NumField() {
			tag := s.item.Field(i).Tag
			key := "#" + tag.Get("toml") + " = "
			if env := tag.Get("env"); env != "" {
				key = "Variable " + env + ":"
			} else if k := s.item.Field(i).Type.Kind(); k == reflect.Map || k == reflect.Pointer {
				key = "#[" + s.head + "." + tag.Get("toml") + "]"
			}
			if !strings.Contains(text, key) || !strings.Contains(text, tag.Get("help")) {
				t.Errorf("%s.%s is not in the example: %s", s.head, tag.Get("toml"), key)
			}
			for _, w := range enumOf(tag) {
				if !strings.Contains(text, w) {
					t.Errorf("%s.%s: %s is not told", s.head, tag.Get("toml"), w)
				}
			}
		}
	}
}

func TestSecretFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const name = "DESK_TELEGRAM_TOKEN"
	on := []byte("\n[telegram]\non = true\n")
	for _, x := range []struct {
		name   string
		env    map[string]string
		want   Secret
		wrong  string
		hidden string
	}{
		{name: "variable", env: map[string]string{name: "12:abcdef"}, want: "12:abcdef"},
		{name: "variable with a line end", env: map[string]string{name: "12:abcdef\n"}, want: "12:abcdef"},
		{name: "file", env: map[string]string{name + "_FILE": file("a", "12:abcdef\n")}, want: "12:abcdef"},
		{name: "file from Windows", env: map[string]string{name + "_FILE": file("b", "12:abcdef\r\n")}, want: "12:abcdef"},
		{name: "neither", wrong: "the variable DESK_TELEGRAM_TOKEN is not set"},
		{name: "both", env: map[string]string{name: "12:abcdef", name + "_FILE": file("c", "x")}, wrong: "both set", hidden: "12:abcdef"},
		{name: "no file", env: map[string]string{name + "_FILE": filepath.Join(dir, "12:abcdef")}, wrong: "DESK_TELEGRAM_TOKEN_FILE names is not there", hidden: "abcdef"},
		{name: "a folder", env: map[string]string{name + "_FILE": dir}, wrong: "cannot be read", hidden: dir},
		{name: "empty file", env: map[string]string{name + "_FILE": file("d", "\n")}, wrong: "is empty"},
		{name: "large file", env: map[string]string{name + "_FILE": file("e", strings.Repeat("x", largestSecret+1))}, wrong: "too large", hidden: "xxx"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			c, err := Parse("desk.toml", on, func(k string) string { return x.env[k] })
			if x.wrong == "" {
				if err != nil || c.Telegram.Token != x.want {
					t.Errorf("%q, %v", string(c.Telegram.Token), err)
				}
				return
			}
			var p Problems
			if !errors.As(err, &p) || len(p) != 1 || p[0].Line != 2 || p[0].Key != "telegram" || !strings.Contains(p[0].What, x.wrong) {
				t.Fatalf("%v", err)
			}
			if x.hidden != "" && strings.Contains(err.Error(), x.hidden) {
				t.Errorf("told: %v", err)
			}
		})
	}
}

// TestSecretsWithoutSections: a section need not be in the file for its secrets
// to count.
func TestSecretsWithoutSections(t *testing.T) {
	t.Parallel()
	c, err := Parse("desk.toml", []byte("[refunds]\nvotes = 2\n"), everything)
	if err != nil || c.Desk.Key != "secret of DESK_KEY" || c.Desk.Data != "data" {
		t.Errorf("%+v, %v", c.Desk, err)
	}
}

// TestDaysOfSecrets: an option may say when a secret was changed, but not what
// it is.
func TestDaysOfSecrets(t *testing.T) {
	t.Parallel()
	const store = "[[store]]\nid = \"de\"\nplatform = \"ebay\"\n[store.options]\nsecret_rotated = "
	c, err := Parse("desk.toml", []byte(store+"\"2026-05-30\""), everything)
	if err != nil || c.Stores[0].Options["secret_rotated"] != "2026-05-30" {
		t.Errorf("a day: %v", err)
	}
	if _, err := Parse("desk.toml", []byte(store+"\"hunter2\""), everything); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a secret: %v", err)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "desk.toml")
	if _, err := Load(path, nothing); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "desk init") {
		t.Errorf("no file: %v", err)
	}
	if _, err := Load(filepath.Dir(path), nothing); err == nil {
		t.Error("a folder was read")
	}
	write := func(s string) {
		if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("[desk]\npull = \"5m\"\n")
	if c, err := Load(path, nothing); err != nil || c.Desk.Pull.D() != 5*time.Minute {
		t.Errorf("%+v, %v", c.Desk, err)
	}
	write("[desk]\npull = \"fast\"\n")
	if _, err := Load(path, nothing); err == nil || err.Error() != path+`:2: desk.pull: "fast" is not a time span; expected for example "15m"` {
		t.Errorf("%v", err)
	}
	write(strings.Repeat("# nothing\n", largest/10+1))
	if _, err := Load(path, nothing); err == nil || !strings.Contains(err.Error(), "larger") {
		t.Errorf("a large file: %v", err)
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ form, good, bad string }{
		{"id", "a ebay-de a_b 0 " + strings.Repeat("x", 32), "-a A ä a.b * " + strings.Repeat("x", 33)},
		{"url", "https://a.example http://127.0.0.1:8080/v1 https://[::1]/x", "a.example https:// ftp://a.example https://u:p@a.example //a.example javascript:alert(1)"},
		{"zone", "UTC Asia/Shanghai America/New_York", "Beijing +08:00 ../etc/passwd Asia"},
		{"language", "zh-CN en de pt-BR zh-Hant-TW", "zh_CN deutsch und x"},
		{"currency", "EUR USD CNY JPY KWD", "eur RMB E EURO XXX"},
		{"hostport", "imap.example.com:993 [::1]:25 localhost:143", "imap.example.com :993 a:0 a:65536 a:imap a:+25 a@b:25 http://a:25"},
		{"listen", ":8080 127.0.0.1:0 [::]:80", "8080 localhost a:b"},
		{"place", "slack:C0123456 slack:G1 telegram:123 telegram:-1001234567890 telegram:-100123/45 console:inbox console:买家", "slack: slack:c1 slack:general telegram:x telegram:-0 discord:1 inbox :x"},
		{"pair", "en>zh *>ja zh-Hant>* *>*", "en en-zh en> >zh en>zh>ja english>zh"},
		{"amount", "0 20 20.00 0.000001 999999999.999999", "20,00 .5 5. -1 1e3 0.0000001 1000000000000 €5"},
		{"mail", "shop@example.com", "shop @example.com shop@"},
		{"slack", "U0123456 W1", "anna @anna C0123456 u1"},
		{"telegram", "1 123456789", "0 -5 @anna 1.5 12345678901234567890"},
	} {
		for _, s := range strings.Fields(x.good) {
			if !forms[x.form].ok(s) {
				t.Errorf("%s refuses %q", x.form, s)
			}
		}
		for _, s := range append(strings.Fields(x.bad), "", "a b") {
			if forms[x.form].ok(s) {
				t.Errorf("%s takes %q", x.form, s)
			}
		}
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"fast":                                 `"fast"`,
		"a \"b\"\n":                            `"a \"b\"\n"`,
		strings.Repeat("买", 40):                `"` + strings.Repeat("买", 40) + `"`,
		strings.Repeat("买", 41):                "the value (41 letters)",
		"xoxb-1-2":                             "the value",
		"xapp-1-A":                             "the value",
		"shpat_0123":                           "the value",
		"Atzr|Iw":                              "the value",
		"amzn1.oa2-cs.v1.0":                    "the value",
		"PRD-0123456789ab":                     "the value",
		"123456789:" + strings.Repeat("A", 35): "the value",
		"sk-kosice":                            `"sk-kosice"`,
		"sk-proj-" + strings.Repeat("A", 30):   "the value",
		"https://u:p@host":                     "the value",
		"postgres://u:p%@h/d":                  "the value",
		"slack:C0123456":                       `"slack:C0123456"`,
	} {
		if got := show(in); got != want {
			t.Errorf("%q is shown as %s", in, got)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	words := []string{"currency", "timezone", "on", "ops", "store"}
	for in, want := range map[string]string{"curency": "currency", "TimeZone": "timezone", "time_zone": "timezone", "stores": "store",
		"boss": "", "off": "", "": "", "frobnicate": "", strings.Repeat("currency", 100): ""} {
		if got := nearest(in, words); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// FuzzParse: whatever is read, it is a configuration or a list of problems, and
// neither tells a secret.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.toml", "testdata/good/*.toml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range files {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Add(Example())
	f.Add([]byte("a.b = 1\n[a]\nc = 2\n[[a.d]]\n[[a.d.e]]\n"))
	f.Add([]byte("store = [{ id = 'a', platform = 'ebay', mail = { } }, 1, [[]]]\n"))
	f.Add([]byte("\"\" = 1\n[\"\".\"x y\"]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("f", data, environment(nil))
		if err == nil {
			if slices.ContainsFunc(c.Stores, func(s Store) bool { return s.ID == "" || s.Platform == "" }) {
				t.Errorf("a store without a name: %+v", c.Stores)
			}
			return
		}
		var p Problems
		if !errors.As(err, &p) || len(p) == 0 {
			t.Fatalf("%v", err)
		}
		lines := bytes.Count(data, []byte{'\n'}) + 1
		for i, x := range p {
			if x.What == "" || x.Line > lines || i > 0 && x.Line < p[i-1].Line || strings.Contains(x.String(), secretValue) && !bytes.Contains(data, []byte(secretValue)) {
				t.Errorf("%+v", x)
			}
		}
	})
}
