// Package config is the desk's configuration: one desk.toml, and the
// environment for secrets. It is declared once, in the structs of this file, and
// parsing, the example file and every error message come from them.
//
// # Why
//
// Secrets never stand in the file: a file is copied, mailed and committed. Each
// secret's variable is named by its field's tag, and the same name is printed
// when it is missing.
//
// An unknown key is an error, since a misspelt key that is silently ignored is a
// setting that somebody believes in.
//
// All problems are told at once, each with its line, since a configuration is
// corrected far from where the desk runs, and each try costs a round.
//
// The tags are the declaration's language: toml (the key; "-" is a secret), env
// (a secret's variable), default, enum, form, min and max; need ("always", "on",
// "platform=amazon", "kind=deepl|azure": only with such a setting); eg (what the example shows).
package config

import "time"

// Config is desk.toml.
type Config struct {
	Desk     Desk       `toml:"desk" help:"The desk itself."`
	Refunds  Refunds    `toml:"refunds" help:"Who decides on money."`
	Policy   Policy     `toml:"policy" help:"When refunds may be asked for, and how much a day. Whose approvals they take stands in the rules; without rules it is [refunds] votes of any managers."`
	Rules    []Rule     `toml:"rule" help:"Rules about refunds: the first one that fits holds, and where none fits nobody may. desk policy test tries them."`
	Rates    Rates      `toml:"rates" help:"What other currencies are worth in the home currency of [policy]. A refund whose worth is not known falls under the strictest rule that could fit."`
	Replies  Replies    `toml:"replies" help:"Which answers go out by themselves when nobody stops them. As it stands, none does."`
	Console  Console    `toml:"console" help:"The web console."`
	Slack    Slack      `toml:"slack" help:"A Slack workspace, through Socket Mode: no public address is needed."`
	Telegram Telegram   `toml:"telegram" help:"A Telegram bot, through long polling: no public address is needed."`
	Apps     []App      `toml:"app" help:"Your application on a marketplace: with it sellers connect stores from the chat. A store of its platform that names none uses it too."`
	Stores   []Store    `toml:"store" help:"One for every account on a marketplace."`
	Engines  []Engine   `toml:"engine" help:"Translation engines, tried in this order. Without any, approved phrases and templates are used."`
	Tracking []Tracking `toml:"tracking" help:"Services that tell where parcels are: the first is asked, the others stand by. Without any, numbers are only recognised."`
	People   []Person   `toml:"person" help:"People who may act. Once they are written down the desk keeps them; this file only adds."`
	Channels []Channel  `toml:"channel" help:"Where the desk speaks unasked."`
}

// Desk is the section [desk].
type Desk struct {
	Data      string   `toml:"data" default:"data" help:"Folder of the database and the key file."`
	Database  Secret   `toml:"-" env:"DESK_DATABASE" help:"postgres://… for several replicas; empty means SQLite in the data folder."`
	Key       Secret   `toml:"-" env:"DESK_KEY" help:"Sealing key, 32 bytes in base64; empty means a key file beside the data."`
	Redis     Secret   `toml:"-" env:"DESK_REDIS" help:"redis://… so that several replicas share the marketplaces' limits; empty means each keeps to its own reckoning."`
	Listen    string   `toml:"listen" form:"listen" default:"127.0.0.1:8080" help:"Address the console listens on."`
	PublicURL string   `toml:"public_url" eg:"https://desk.example.com" form:"url" help:"Address people and marketplaces reach the desk under, if a proxy stands before it. Webhooks and the way back from a consent need it."`
	Zone      string   `toml:"timezone" default:"Asia/Shanghai" form:"zone" help:"Time zone on cards."`
	Log       string   `toml:"log" default:"info" enum:"debug,info,warn,error" help:"How much is logged."`
	Pull      Duration `toml:"pull" min:"1ms" default:"1m" help:"How often shops are asked what is new."`
	Glossary  string   `toml:"glossary" eg:"glossary" help:"Folder of your own words (*.toml), read at start; an entry whose id the desk ships too takes its place. desk glossary import writes them."`
}

// Refunds is the section [refunds].
type Refunds struct {
	Votes       int      `toml:"votes" default:"1" min:"0" max:"5" help:"Approvals a refund needs, besides the person who asks. 0: nobody may."`
	Expiry      Duration `toml:"expiry" min:"1ms" default:"24h" help:"How long an ask waits for approval."`
	Remind      Duration `toml:"remind_after" min:"0s" default:"1h" help:"After how long those who may approve are reminded; 0s: never."`
	RemindAgain Duration `toml:"remind_again" min:"0s" default:"4h" help:"After how long once more; 0s: never."`
	Escalate    Duration `toml:"escalate_after" eg:"8h" help:"After how long those of escalate_to are told of an ask that nobody has decided on."`
	EscalateTo  []string `toml:"escalate_to" eg:"admin,person:anna" help:"Whom: roles, and people as person:ID."`
	EscalateTry bool     `toml:"escalate_votes" eg:"true" help:"From then on they may approve it too. Otherwise they are only told."`
	UnsureFor   Duration `toml:"unsure_for" min:"1ms" default:"15m" help:"After how long an unknown outcome goes to a person."`
	Settle      Duration `toml:"settle" min:"1ms" default:"1m" help:"How long a call whose answer was lost may still be under way at a shop that does not know keys."`
	BreakGlass  bool     `toml:"break_glass" eg:"true" help:"A manager or an admin may carry a waiting refund out alone with /breakglass, for everybody to see, though approvals are missing or it is outside the hours."`
	RiskRefunds int      `toml:"risk_refunds" default:"3" min:"1" max:"1000" help:"From how many refunds in 90 days a buyer's history is a reason to look twice, if risk_share holds as well."`
	TellBuyer   string   `toml:"tell_buyer" default:"draft" enum:"draft,ask,never" help:"Whether the buyer is told once a refund is confirmed. draft: a reply in their language lies ready in the messages' channel, and goes when somebody sends it. ask: a button on the refund's card makes that draft."`
	LedgerHour  int      `toml:"ledger_hour" default:"3" min:"0" max:"23" help:"At what hour, by the desk's own clock, refunds are held against what the platforms show."`
	LedgerDays  int      `toml:"ledger_days" default:"30" min:"0" max:"365" help:"Of how many days; 0: never by itself."`
	RiskShare   int      `toml:"risk_share" default:"50" min:"1" max:"100" help:"From how many refunded orders of a hundred a buyer's history is a reason to look twice."`
}

// Policy is the section [policy].
type Policy struct {
	Home        string   `toml:"home" form:"currency" eg:"CNY" help:"Home currency: amounts in this section and in the rules are in it."`
	Hours       []string `toml:"hours" form:"hours" eg:"mon-fri 09:00-18:00,sat 22:00-02:00" help:"When refunds may be asked for and approved, by the desk's own clock; none means always. It may go over midnight."`
	StepUpAbove string   `toml:"step_up_above" form:"amount" eg:"2000" help:"Above this amount whoever approves proves once more who they are, by whatever rule."`
	PersonDay   string   `toml:"person_day" form:"amount" eg:"3000" help:"How much one person may ask for in a day; empty means any amount."`
	StoreDay    string   `toml:"store_day" form:"amount" eg:"10000" help:"How much may be asked for of one store in a day; empty means any amount."`
}

// Rule is one [[rule]].
type Rule struct {
	Name      string   `toml:"name" eg:"小额" need:"always" help:"Name on cards; it may be changed."`
	UpTo      string   `toml:"up_to" form:"amount" eg:"500" help:"For amounts up to this one, in the home currency; empty means any."`
	Stores    []string `toml:"stores" eg:"*" help:"Stores it is for; \"*\" or none is all."`
	Roles     []string `toml:"roles" enum:"agent,ops,manager,admin" eg:"agent,manager" help:"Roles of whoever asks; none is all."`
	Reasons   []string `toml:"reasons" enum:"damaged,defective,wrong_item,not_arrived,late,not_as_described,returned,cancelled,price,goodwill,other" eg:"damaged,defective" help:"Reasons it is for; none is all."`
	Methods   []string `toml:"methods" enum:"original,store_credit" eg:"original" help:"Ways of giving back it is for: the way the money came, or credit in the shop; none is all."`
	Risk      string   `toml:"risk" enum:"yes,no" eg:"no" help:"yes: only for buyers whose history is a reason to look twice; no: only for the others; empty means all."`
	Votes     int      `toml:"votes" default:"1" min:"1" max:"5" help:"Approvals it takes, besides the person who asks."`
	Approvers []string `toml:"approvers" form:"approver" eg:"manager,person:wang" help:"Whose approval counts: roles, and people as person:ID. An empty list is nobody."`
	StepUp    bool     `toml:"step_up" eg:"true" help:"Whoever approves proves once more who they are."`
	Refuse    string   `toml:"refuse" eg:"" help:"If it is not empty such refunds are not asked for at all, and people are told this reason."`
}

// Rates is the section [rates].
type Rates struct {
	Source  string            `toml:"source" default:"table" enum:"table,ecb" help:"table: what stands below. ecb: the European Central Bank's daily reference file, which lets the desk fetch it once a day."`
	Date    string            `toml:"date" form:"day" eg:"2026-11-20" help:"The day the table is of."`
	MaxDays int               `toml:"max_days" default:"7" min:"1" max:"60" help:"After how many days a rate is too old to be used."`
	URL     string            `toml:"url" form:"url" help:"Where the bank's file is fetched; empty means the bank's own address."`
	Table   map[string]string `toml:"table" eg:"EUR=7.7312" help:"What one unit of a currency is worth in the home currency."`
}

// Replies is the section [replies].
type Replies struct {
	Auto   []string `toml:"auto" eg:"exact,template" enum:"exact,template,same,engine" help:"Grades of translation that may: exact (approved wording), template (a sentence with blanks), same (no translation was needed), engine. Whatever a person has to look at never goes by itself; that includes wordings that nobody has signed yet, as all that come with the desk."`
	After  Duration `toml:"auto_after" default:"20s" min:"5s" help:"How long it can be stopped before."`
	Stores []string `toml:"stores" eg:"*" help:"Stores it holds for; \"*\" is all, none is none."`
	People []string `toml:"people" eg:"*" help:"Ids of the people for whose answers it holds; \"*\" is all, none is none."`
}

// Console is the section [console].
type Console struct {
	Off bool `toml:"off" eg:"false" help:"No console."`
}

// Slack is the section [slack].
type Slack struct {
	On       bool   `toml:"on" eg:"true" help:"Connect to Slack."`
	BaseURL  string `toml:"base_url" default:"https://slack.com/api/" form:"url" help:"Web API address."`
	BotToken Secret `toml:"-" env:"DESK_SLACK_BOT_TOKEN" need:"on" help:"Bot token (xoxb-…)."`
	AppToken Secret `toml:"-" env:"DESK_SLACK_APP_TOKEN" need:"on" help:"App-level token (xapp-…) with connections:write."`
	Sockets  int    `toml:"sockets" default:"2" min:"1" max:"10" help:"Connections at once; two lose nothing when Slack renews one."`
}

// Telegram is the section [telegram].
type Telegram struct {
	On        bool   `toml:"on" eg:"true" help:"Connect to Telegram."`
	BaseURL   string `toml:"base_url" default:"https://api.telegram.org" form:"url" help:"Bot API address."`
	PerSecond int    `toml:"per_second" default:"28" min:"0" max:"1000" help:"Messages a second in all. Telegram allows 30, more with paid broadcasts; 0: as many as come."`
	Token     Secret `toml:"-" env:"DESK_TELEGRAM_TOKEN" need:"on" help:"Bot token from @BotFather."`
}

// App is one [[app]].
type App struct {
	Platform string            `toml:"platform" eg:"shopify" need:"always" form:"id" enum:"amazon,ebay,shopify" help:"Marketplace."`
	ClientID string            `toml:"client_id" eg:"0123456789abcdef" need:"always" help:"The application's id."`
	BaseURL  string            `toml:"base_url" form:"url" help:"API address; empty means the platform's own."`
	TokenURL string            `toml:"token_url" form:"url" help:"Token endpoint; empty means the platform's own."`
	Secret   Secret            `toml:"-" env:"DESK_APP_{ID}_CLIENT_SECRET" need:"always" help:"The application's secret."`
	Options  map[string]string `toml:"options" eg:"runame=Hello-desk-PRD-abc" help:"The platform's own settings for all its stores, such as runame (eBay) or application (Amazon)."`
}

// Store is one [[store]].
type Store struct {
	ID       string            `toml:"id" eg:"ebay-de" need:"always" form:"id" help:"The desk's name for it: ebay-de."`
	Platform string            `toml:"platform" eg:"ebay" need:"always" enum:"amazon,ebay,shopify,woo" help:"Marketplace."`
	Name     string            `toml:"name" eg:"eBay 德国站" help:"What people call it; empty means the id."`
	Account  string            `toml:"account" eg:"hello-de" help:"The platform's id of the seller or shop."`
	Region   string            `toml:"region" eg:"eu" help:"Amazon: na, eu or fe."`
	Currency string            `toml:"currency" eg:"EUR" form:"currency" help:"Home currency (ISO 4217)."`
	Language string            `toml:"language" eg:"de" form:"language" help:"What most of its buyers write (BCP 47)."`
	BaseURL  string            `toml:"base_url" need:"platform=shopify" form:"url" help:"API address. Shopify: https://SHOP.myshopify.com; WooCommerce (woo): the shop itself; for the others empty means the platform's own."`
	TokenURL string            `toml:"token_url" form:"url" help:"Token endpoint; empty means the platform's own."`
	ClientID string            `toml:"client_id" eg:"Hello-desk-PRD-0123" need:"platform=amazon" help:"The application's id; for woo the consumer key."`
	Secret   Secret            `toml:"-" env:"DESK_{ID}_CLIENT_SECRET" need:"platform=amazon" help:"The application's secret; for woo the consumer secret."`
	Refresh  Secret            `toml:"-" env:"DESK_{ID}_REFRESH_TOKEN" help:"The seller's refresh token."`
	Access   Secret            `toml:"-" env:"DESK_{ID}_ACCESS_TOKEN" help:"An access token that does not expire, where the platform has one."`
	Options  map[string]string `toml:"options" eg:"marketplace=EBAY_DE" help:"The platform's own settings, such as marketplace."`
	Local    bool              `toml:"local_only" eg:"true" help:"What its buyers write and are told never leaves this machine: only engines with local = true translate it."`
	Mail     *Mail             `toml:"mail" help:"The mailbox buyers write to, for platforms without a message API."`
}

// Mail is [store.mail].
type Mail struct {
	IMAP     string `toml:"imap" eg:"imap.example.com:993" need:"always" form:"hostport" help:"host:port of the mailbox."`
	SMTP     string `toml:"smtp" eg:"smtp.example.com:465" form:"hostport" help:"host:port that sends."`
	TLS      string `toml:"tls" default:"tls" enum:"tls,starttls,none" help:"none only on this computer."`
	SMTPTLS  string `toml:"smtp_tls" enum:"tls,starttls,none" eg:"starttls" help:"The same for sending; empty means as tls."`
	User     string `toml:"user" eg:"shop@example.com" need:"always" help:"User name."`
	From     string `toml:"from" form:"mail" eg:"shop@example.com" need:"always" help:"The shop's address."`
	To       string `toml:"to" eg:"@example.com" help:"Only mails to this address, or to this @domain."`
	Alias    string `toml:"alias" eg:"marketplace.amazon.de" help:"Only mails whose buyer's alias has this domain."`
	Folder   string `toml:"folder" default:"INBOX" help:"Folder to read."`
	Keeps    bool   `toml:"keeps" eg:"true" help:"The server keeps a copy of what it sends by itself, as Gmail and Microsoft 365 do."`
	SelfCopy bool   `toml:"copy_to_self" eg:"false" help:"For servers that keep no copy: send every mail to the shop's own address too."`
	Password Secret `toml:"-" env:"DESK_{ID}_MAIL_PASSWORD" need:"always" help:"Password of the mailbox."`
}

// Engine is one [[engine]].
type Engine struct {
	Name         string   `toml:"name" eg:"local" need:"always" form:"id" help:"Name on cards."`
	Kind         string   `toml:"kind" default:"openai" enum:"openai,deepl,google,azure,libre,apertium,mtran" help:"What it speaks. openai is any address that is compatible, such as Ollama's."`
	BaseURL      string   `toml:"base_url" eg:"http://127.0.0.1:11434/v1" need:"kind=openai|libre|apertium|mtran" form:"url" help:"Address; for deepl, google and azure empty means the service's own."`
	Model        string   `toml:"model" eg:"qwen3:8b" need:"kind=openai" help:"Model."`
	Key          Secret   `toml:"-" env:"DESK_ENGINE_{ID}_KEY" need:"kind=deepl|azure" help:"API key, if it wants one; for google an access token."`
	Region       string   `toml:"region" eg:"westeurope" help:"azure: region of the resource, unless it is a global one."`
	Version      string   `toml:"api_version" eg:"3.0" enum:"3.0,2026-06-06" help:"azure: version of its interface; empty means 3.0."`
	Project      string   `toml:"project" eg:"my-project-4711" need:"kind=google" help:"google: number or id of the project."`
	Location     string   `toml:"location" eg:"us-central1" help:"google: region; empty means global, where there are no glossaries."`
	Credentials  string   `toml:"credentials" eg:"google.json" help:"google: file with a service account, or with an access token that something else renews; it is read again when it changes. Without it the key is used."`
	GlossaryID   string   `toml:"glossary_id" eg:"returns" help:"google: a glossary of the project that is to be used."`
	GlossarySync bool     `toml:"glossary_sync" eg:"true" help:"deepl: keep our glossary there as well, so that its words are inflected."`
	Local        bool     `toml:"local" eg:"true" help:"It runs on a machine of yours, so that text which must not leave may go there."`
	Pairs        []string `toml:"pairs" eg:"en>zh,*>ja" form:"pair" help:"Languages it is used for, FROM>TO; none means all."`
	MonthLetters int      `toml:"month_letters" eg:"500000" min:"0" help:"How many letters a calendar month it may get; 0: any number."`
	MonthCost    string   `toml:"month_cost" eg:"20.00" form:"amount" help:"How much a calendar month may cost; empty means anything."`
	MillionCost  string   `toml:"million_cost" eg:"20.00" form:"amount" help:"What a million letters cost."`
	Currency     string   `toml:"currency" eg:"EUR" form:"currency" help:"Currency of the costs (ISO 4217)."`
}

// Tracking is one [[tracking]].
type Tracking struct {
	Name    string `toml:"name" eg:"main" need:"always" form:"id" help:"Short name, for the key's variable."`
	Kind    string `toml:"kind" eg:"17track" need:"always" enum:"17track,aftership" help:"Which service."`
	BaseURL string `toml:"base_url" form:"url" help:"API address; empty means the service's own."`
	Key     Secret `toml:"-" env:"DESK_TRACKING_{ID}_KEY" need:"always" help:"API key."`
	PushKey Secret `toml:"-" env:"DESK_TRACKING_{ID}_PUSH_KEY" help:"What its deliveries are signed with, if that is not the API key (AfterShip: the webhook secret). They come to PUBLIC_URL/hooks/track/KIND."`
}

// Person is one [[person]].
type Person struct {
	ID       string   `toml:"id" eg:"wang" need:"always" form:"id" help:"Short name; it never changes."`
	Name     string   `toml:"name" eg:"王经理" help:"Name on cards."`
	Language string   `toml:"language" default:"zh-CN" form:"language" help:"Language the desk speaks with them."`
	Roles    []string `toml:"roles" eg:"manager,agent" enum:"agent,ops,manager,admin" help:"What they may do."`
	Stores   []string `toml:"stores" eg:"*" help:"Stores they see; \"*\" is all, none is none."`
	Slack    string   `toml:"slack" form:"slack" eg:"U0123456" help:"Slack member id (U…)."`
	Telegram string   `toml:"telegram" form:"telegram" eg:"123456789" help:"Telegram user id (a number)."`
}

// Channel is one [[channel]].
type Channel struct {
	Place    string   `toml:"place" eg:"slack:C0123456" need:"always" form:"place" help:"CHAT:CHANNEL, such as slack:C0123456, telegram:-1001234567890, console:inbox."`
	Name     string   `toml:"name" eg:"买家消息" help:"Name on cards."`
	Language string   `toml:"language" default:"zh-CN" form:"language" help:"Language of its cards, and the one messages are translated into."`
	Stores   []string `toml:"stores" eg:"*" help:"Stores it is for; \"*\" is all."`
	Topics   []string `toml:"topics" eg:"messages,alerts" enum:"messages,approvals,alerts" help:"What is said there."`
}

// Duration is a time span as people write it: "15m".
type Duration time.Duration

// UnmarshalText reads "90s", "15m", "24h".
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// D is the span.
func (d Duration) D() time.Duration { return time.Duration(d) }

// Secret is text that prints as dots.
type Secret string

// String hides it.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "•••"
}

// GoString hides it.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
