package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"helloworld/bot/people"
	"helloworld/bot/policy"
	"helloworld/bot/rates"
	"helloworld/bot/store"
	"helloworld/cmd/desk/config"
	"helloworld/connectors"
)

// ratesOf makes the book of exchange rates.
func ratesOf(cfg config.Config, db *store.DB, log *slog.Logger) (*rates.Book, error) {
	table, err := cfg.RateTable()
	if err != nil {
		return nil, fmt.Errorf("the table of rates: %w", err)
	}
	return rates.New(rates.Options{DB: db, Table: table, Fetch: cfg.Rates.Source == "ecb", URL: cfg.Rates.URL, MaxDays: cfg.Rates.MaxDays, Log: log}), nil
}

type policyCmd struct {
	Test policyTestCmd `cmd:"" help:"Try the rules about refunds on a file of cases."`
}

type policyTestCmd struct {
	Config string `default:"desk.toml" type:"path" help:"Configuration file."`
	File   string `arg:"" type:"existingfile" help:"File of cases."`
}

// policyCases is a file of cases.
type policyCases struct {
	// Rates take the place of the configuration's.
	Rates map[string]string `toml:"rates"`
	Cases []policyCase      `toml:"case"`
}

// policyCase is a refund and what the rules should say of it. What is not there
// is not compared. Without At, hours and the age of rates are left out.
type policyCase struct {
	Name        string   `toml:"name"`
	Amount      string   `toml:"amount"`
	Store       string   `toml:"store"`
	Roles       []string `toml:"roles"`
	Reason      string   `toml:"reason"`
	Method      string   `toml:"method"`
	Risk        bool     `toml:"risk"`
	At          string   `toml:"at"`
	PersonToday string   `toml:"person_today"`
	StoreToday  string   `toml:"store_today"`

	Rule      *string   `toml:"rule"`
	Votes     *int      `toml:"votes"`
	Approvers *[]string `toml:"approvers"`
	StepUp    *bool     `toml:"step_up"`
	Refused   *string   `toml:"refused"`
}

// Run tries every case and tells which do not hold.
func (c policyTestCmd) Run(w *world) error {
	cfg, err := config.Load(c.Config, w.getenv)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	var file policyCases
	if err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&file); err != nil {
		var strict *toml.StrictMissingError
		if errors.As(err, &strict) {
			return fmt.Errorf("%s: unknown keys:\n%s", c.File, strict.String())
		}
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if len(file.Cases) == 0 {
		return fmt.Errorf("%s: there is no [[case]]", c.File)
	}
	t, err := newPolicyTrial(cfg, file)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	good := 0
	for i, x := range file.Cases {
		got, err := t.try(x)
		if err != nil {
			return fmt.Errorf("%s: case %d %q: %w", c.File, i+1, x.Name, err)
		}
		want, differs := x.against(got)
		mark := "ok  "
		if differs {
			mark = "BAD "
		} else {
			good++
		}
		fmt.Fprintf(w.out, "%s %s\n     got      %s\n", mark, x.Name, got)
		if differs {
			fmt.Fprintf(w.out, "     expected %s\n", want)
		}
	}
	fmt.Fprintf(w.out, "%d of %d cases hold\n", good, len(file.Cases))
	if good < len(file.Cases) {
		return errQuiet
	}
	return nil
}

// policyTrial is the policy that cases are tried on.
type policyTrial struct {
	cfg   config.Config
	rules policy.Rules
	table rates.Sheet
	zone  *time.Location
}

func newPolicyTrial(cfg config.Config, file policyCases) (policyTrial, error) {
	t := policyTrial{cfg: cfg, rules: cfg.RefundRules()}
	var err error
	if t.zone, err = time.LoadLocation(cfg.Desk.Zone); err != nil {
		return t, fmt.Errorf("time zone: %w", err)
	}
	if file.Rates == nil {
		t.table, err = cfg.RateTable()
		return t, err
	}
	cfg.Rates.Table = file.Rates
	if cfg.Rates.Date == "" {
		cfg.Rates.Date = time.Now().UTC().Format(time.DateOnly)
	}
	t.table, err = cfg.RateTable()
	return t, err
}

// policyOutcome is what the rules say of a case.
type policyOutcome struct {
	policy.Verdict
	refused policy.Refusal
	home    connectors.Money
}

// String is the outcome on one line.
func (o policyOutcome) String() string {
	worth := "worth unknown"
	if o.home.Currency != "" {
		worth = o.home.String()
	}
	return outcomeLine(o.Rule, o.Votes, o.Approvers, o.StepUp, string(o.refused)) + " · " + worth
}

func outcomeLine(rule string, votes int, approvers []string, stepUp bool, refused string) string {
	return fmt.Sprintf("rule %q · votes %d · approvers [%s] · step_up %v · refused %q", rule, votes, strings.Join(approvers, ", "), stepUp, refused)
}

// try asks the policy about a case, in the desk's own order: hours, rules, limits.
func (t policyTrial) try(x policyCase) (policyOutcome, error) {
	var o policyOutcome
	number, currency, _ := strings.Cut(x.Amount, " ")
	m, err := connectors.ParseMoney(number, currency)
	if err != nil {
		return o, fmt.Errorf("amount: %w", err)
	}
	facts := policy.Case{Store: x.Store, Roles: x.Roles, Reason: x.Reason, Method: x.Method, Risk: x.Risk}
	if err := t.cfg.Impossible(facts, currency); err != nil {
		return o, err
	}
	var at time.Time
	if x.At != "" {
		if at, err = time.ParseInLocation("2006-01-02 15:04", x.At, t.zone); err != nil {
			return o, fmt.Errorf("at: %w", err)
		}
	}
	if o.home, err = t.worth(m, at); err != nil {
		return o, err
	}
	person, err := t.sum(x.PersonToday)
	if err != nil {
		return o, fmt.Errorf("person_today: %w", err)
	}
	shop, err := t.sum(x.StoreToday)
	if err != nil {
		return o, fmt.Errorf("store_today: %w", err)
	}
	if t.rules.On() {
		facts.Home = o.home
		o.Verdict = t.rules.Judge(facts)
	} else {
		o.Votes, o.Approvers, o.StepUp = t.cfg.Refunds.Votes, []string{string(people.Manager)}, t.rules.Proof(o.home)
	}
	o.refused = o.Refused()
	if o.refused == "" {
		o.refused = t.rules.Over(person, shop, o.home)
	}
	if !at.IsZero() && !t.rules.Hours.Open(at) {
		o.refused = policy.Closed
	}
	return o, nil
}

// worth is an amount in the home currency; nothing where that is not known.
func (t policyTrial) worth(m connectors.Money, at time.Time) (connectors.Money, error) {
	if m.Currency == t.rules.Home {
		return m, nil
	}
	rate, ok := t.table.Rate(m.Currency, t.rules.Home)
	if !ok {
		return connectors.Money{}, nil
	}
	if !at.IsZero() {
		if days, err := t.table.Age(at); err != nil || days > t.cfg.Rates.MaxDays {
			return connectors.Money{}, err
		}
	}
	return rate.Of(m)
}

func (t policyTrial) sum(text string) (connectors.Money, error) {
	if text == "" {
		return connectors.Money{Currency: t.rules.Home}, nil
	}
	return connectors.ParseMoney(text, t.rules.Home)
}

// against is what a case expects, as a line, and whether the outcome differs. What
// it does not expect is taken from the outcome.
func (x policyCase) against(o policyOutcome) (line string, differs bool) {
	rule, votes, approvers, stepUp, refused := o.Rule, o.Votes, o.Approvers, o.StepUp, string(o.refused)
	if x.Rule != nil {
		rule, differs = *x.Rule, differs || *x.Rule != rule
	}
	if x.Votes != nil {
		votes, differs = *x.Votes, differs || *x.Votes != votes
	}
	if x.Approvers != nil {
		approvers, differs = *x.Approvers, differs || !slices.Equal(slices.Sorted(slices.Values(*x.Approvers)), slices.Sorted(slices.Values(approvers)))
	}
	if x.StepUp != nil {
		stepUp, differs = *x.StepUp, differs || *x.StepUp != stepUp
	}
	if x.Refused != nil {
		refused, differs = *x.Refused, differs || *x.Refused != refused
	}
	return outcomeLine(rule, votes, approvers, stepUp, refused), differs
}
