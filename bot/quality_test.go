package bot

import (
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/alerts"
	"helloworld/bot/audit"
	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
	"helloworld/i18n"
	"helloworld/i18n/translate"
)

// office is a desk without shops whose clock the test sets.
type office struct {
	*testing.T
	now  time.Time
	db   *store.DB
	desk *Desk
}

// onBoth runs a test on either database.
func onBoth(t *testing.T, fn func(t *testing.T, url string)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { fn(t, filepath.Join(t.TempDir(), "desk.db")) })
	t.Run("postgres", func(t *testing.T) { fn(t, storetest.PostgresURL(t)) })
}

func newOffice(t *testing.T, url, zone, at string, channels ...Channel) *office {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{T: t}
	o.set(loc, at)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	clock := func() time.Time { return o.now }
	o.db = storetest.Open(t, url, store.Options{Log: log, Now: clock})
	o.open(loc, channels)
	return o
}

// open starts the desk, or starts it again on the same database.
func (o *office) open(zone *time.Location, channels []Channel) {
	o.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	staff, err := people.Open(o.Context(), o.db, func() time.Time { return o.now })
	if err != nil {
		o.Fatal(err)
	}
	o.desk, err = New(o.Context(), Options{DB: o.db, Jobs: jobs.New(o.db, jobs.Options{Log: log}), People: staff, Audit: audit.New([]byte("k")), Key: []byte("key"),
		Chats: []chat.Transport{silent{}}, Channels: channels, Zone: zone, Now: func() time.Time { return o.now }, Log: log})
	if err != nil {
		o.Fatal(err)
	}
}

// silent is a chat that takes everything.
type silent struct{ chat.Transport }

func (silent) Name() string { return "silent" }

func (o *office) set(zone *time.Location, at string) {
	o.Helper()
	var err error
	if o.now, err = time.ParseInLocation("2006-01-02 15:04", at, zone); err != nil {
		o.Fatal(err)
	}
}

func (o *office) write(fn func(tx *store.Tx) error) {
	o.Helper()
	if err := o.db.Write(o.Context(), fn); err != nil {
		o.Fatal(err)
	}
}

// round is what the job does, without its end.
func (o *office) round() {
	o.Helper()
	o.write(func(tx *store.Tx) error {
		if err := o.desk.watchEngines(tx); err != nil {
			return err
		}
		return o.desk.reportWeek(tx)
	})
}

func (o *office) strings(query string, args ...any) (out []string) {
	o.Helper()
	err := o.db.Read(o.Context(), func(tx *store.Tx) error {
		rows, err := tx.Query(query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			out = append(out, s)
		}
		return rows.Err()
	})
	if err != nil {
		o.Fatal(err)
	}
	return out
}

func (o *office) shown(like string) []string {
	return o.strings(`SELECT matter FROM shown WHERE matter LIKE ? ORDER BY matter, channel`, like)
}

func (o *office) draft(id, storeID string) {
	o.Helper()
	o.write(func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO draft(id, message, store, by_who, text, body, source, key, state, created) VALUES (?, 'M1', ?, 'anna', 'geheim', '{}', '', ?, 'draft', ?)`,
			id, storeID, id, tx.Now())
		return err
	})
}

func (o *office) note(draft, what string, r translate.Result) {
	o.Helper()
	o.write(func(tx *store.Tx) error { return o.desk.noteWords(tx, draft, what, r) })
}

func room(name string, lang language.Tag, stores ...string) Channel {
	return Channel{Place: chat.Place{Chat: "silent", Channel: name}, Name: name, Lang: lang, Stores: stores, Topics: []Topic{TopicApprovals, TopicAlerts}}
}

func TestWeeks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, now, key, starts, ends string }{
		// 2026-11-23 is a Monday.
		{"Asia/Shanghai", "2026-11-23 08:59", "2026-W46", "2026-11-09T00:00:00+08:00", "2026-11-16T00:00:00+08:00"},
		{"Asia/Shanghai", "2026-11-23 09:00", "2026-W47", "2026-11-16T00:00:00+08:00", "2026-11-23T00:00:00+08:00"},
		{"Asia/Shanghai", "2026-11-29 23:59", "2026-W47", "2026-11-16T00:00:00+08:00", "2026-11-23T00:00:00+08:00"},
		// The clocks go back on Sunday 25 October 2026: the week has 169 hours.
		{"Europe/Berlin", "2026-10-26 09:00", "2026-W43", "2026-10-19T00:00:00+02:00", "2026-10-26T00:00:00+01:00"},
		{"Europe/Berlin", "2026-10-26 08:59", "2026-W42", "2026-10-12T00:00:00+02:00", "2026-10-19T00:00:00+02:00"},
		// And forward on Sunday 29 March: 167 hours.
		{"Europe/Berlin", "2026-03-30 09:00", "2026-W13", "2026-03-23T00:00:00+01:00", "2026-03-30T00:00:00+02:00"},
		// In Beirut the day on which they go forward has no midnight.
		{"Asia/Beirut", "2026-03-30 09:00", "2026-W13", "2026-03-23T00:00:00+02:00", "2026-03-30T00:00:00+03:00"},
		{"UTC", "2027-01-04 09:00", "2026-W53", "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z"},
		{"UTC", "2027-01-11 10:00", "2027-W01", "2027-01-04T00:00:00Z", "2027-01-11T00:00:00Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		now, err := time.ParseInLocation("2006-01-02 15:04", c.now, zone)
		if err != nil {
			t.Fatal(err)
		}
		w := dueWeek(now, zone)
		if got := []string{w.Key(), w.Starts.Format(time.RFC3339), w.Ends.Format(time.RFC3339)}; !slices.Equal(got, []string{c.key, c.starts, c.ends}) {
			t.Errorf("%s in %s: %v", c.now, c.zone, got)
		}
	}
}

func TestTheReportComesOnceAWeek(t *testing.T) { onBoth(t, theReportComesOnceAWeek) }

func theReportComesOnceAWeek(t *testing.T, url string) {
	rooms := []Channel{room("leads", language.English, people.EveryStore), room("berlin", language.Chinese, "ebay-de", "amazon-de")}
	zone, _ := time.LoadLocation("Europe/Berlin")
	o := newOffice(t, url, "Europe/Berlin", "2026-10-21 12:00", rooms...)
	expect := func(when string, want ...string) {
		t.Helper()
		o.set(zone, when)
		o.round()
		o.open(zone, rooms) // the desk goes down in the middle
		o.round()
		if got := o.shown("quality:%"); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	expect("2026-10-21 12:00") // nobody wants to hear about a week before the desk was there
	expect("2026-10-26 08:59")
	w43 := []string{"quality:2026-W43", "quality:2026-W43/amazon-de,ebay-de"}
	expect("2026-10-26 09:00", w43...)
	expect("2026-11-01 23:00", w43...)
	// It slept through Monday, and through a whole week before.
	expect("2026-11-12 03:00", append(w43, "quality:2026-W45", "quality:2026-W45/amazon-de,ebay-de")...)
	if n := len(o.strings(`SELECT id FROM job WHERE kind = 'post'`)); n != 4 {
		t.Errorf("%d posts", n)
	}
	// The zone changes: the week that ended a moment ago is not reported anew.
	zone, _ = time.LoadLocation("Asia/Shanghai")
	o.open(zone, rooms)
	o.round()
	if n := len(o.shown("quality:%")); n != 4 {
		t.Errorf("%d cards after the change of zone", n)
	}
}

func TestNobodyToTell(t *testing.T) { onBoth(t, nobodyToTell) }

func nobodyToTell(t *testing.T, url string) {
	o := newOffice(t, url, "UTC", "2026-11-20 12:00")
	o.round()
	zone := time.UTC
	o.set(zone, "2026-11-23 09:30")
	o.round()
	if got := o.strings(`SELECT week FROM quality_week ORDER BY week`); !slices.Equal(got, []string{"2026-W46", "2026-W47"}) {
		t.Errorf("%v", got)
	}
	o.open(zone, []Channel{room("late", language.English, people.EveryStore)})
	o.round()
	if got := o.shown("quality:%"); len(got) != 0 {
		t.Errorf("a channel that came later is told of old weeks: %v", got)
	}
}

func TestWhatIsCounted(t *testing.T) { onBoth(t, whatIsCounted) }

func whatIsCounted(t *testing.T, url string) {
	o := newOffice(t, url, "UTC", "2026-11-10 12:00", room("leads", language.English, people.EveryStore))
	result := func(g translate.Grade, fs ...translate.Finding) translate.Result {
		return translate.Result{Grade: g, Text: "geheim", Findings: fs, Terms: []translate.TermHit{{ID: "ret.label", Source: "退货标签", Target: "Rücksendeetikett"}}}
	}
	missing := translate.Finding{Severity: translate.Block, Code: "term_missing", What: "Rücksendeetikett"}
	o.draft("D0", "a")
	o.note("D0", wordsWritten, result(translate.Exact)) // the week before
	zone := time.UTC
	o.set(zone, "2026-11-17 12:00")
	for _, id := range []string{"D1", "D2", "D3"} {
		o.draft(id, "a")
	}
	o.draft("D4", "b")
	o.note("D1", wordsWritten, result(translate.ByEngine, missing, translate.Finding{Severity: translate.Review, Code: "finding.lint.link", What: "geheim"}))
	o.note("D1", wordsEdited, result(translate.ByEngine, missing))
	o.note("D2", wordsWritten, result(translate.Exact, translate.Finding{Severity: translate.Note, Code: "repaired"}))
	o.note("D3", wordsWritten, result(translate.Gloss, translate.Finding{Severity: translate.Review, Code: "confirm_amount", What: "5 EUR"}))
	o.note("D3", wordsEdited, result(translate.ByEngine))
	o.note("D4", wordsWritten, result(translate.ByEngine))
	o.write(func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE draft SET sent_by = CASE WHEN id = 'D2' THEN ? ELSE 'anna' END`, string(people.Desk))
		return err
	})
	o.note("D1", wordsSent, result(translate.ByEngine))
	o.note("D2", wordsSent, result(translate.Exact))
	o.note("D4", wordsSent, result(translate.ByEngine))
	u := NewUsage(o.db, func() time.Time { return o.now })
	for _, x := range []translate.Usage{
		{Engine: "deepl", From: language.Chinese, To: language.German, At: o.now, Letters: 1000, Cost: 20_000, Currency: "EUR"},
		{Engine: "deepl", From: language.Chinese, To: language.French, At: o.now, Letters: 10, Failed: "busy", Currency: "EUR"},
		{Engine: "local", From: language.Chinese, To: language.German, At: o.now.AddDate(0, 0, -7), Letters: 7},
	} {
		if err := u.Count(t.Context(), x); err != nil {
			t.Fatal(err)
		}
	}
	o.set(zone, "2026-11-23 09:00")
	w := dueWeek(o.now, zone)
	count := func(w week, stores ...string) (f figures) {
		t.Helper()
		if err := o.db.Read(t.Context(), func(tx *store.Tx) (err error) { f, err = figuresOf(tx, w, stores); return err }); err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := count(w)
	if f.Written != 4 || f.Looked != 2 || f.Sent != 3 || f.Auto != 1 || f.Edited != 1 {
		t.Errorf("%+v", f)
	}
	if f.Grades["engine"] != 2 || f.Grades["exact"] != 1 || f.Grades["gloss"] != 1 {
		t.Errorf("grades %v", f.Grades)
	}
	if f.Found["terms"] != 2 || f.Found["rules"] != 1 || f.Found["confirm"] != 1 || f.Found["engine"] != 1 {
		t.Errorf("findings %v", f.Found)
	}
	if len(f.Missed) != 1 || f.Missed[0] != (missed{"ret.label", 2}) {
		t.Errorf("missed %v", f.Missed)
	}
	if len(f.Engines) != 1 || f.Engines[0].Letters != 1010 || f.Engines[0].Calls != 2 || f.Engines[0].Kinds["busy"] != 1 || f.Engines[0].Cost[0].String() != "0.02 EUR" {
		t.Errorf("engines %+v", f.Engines)
	}
	if b := count(w, "b"); b.Written != 1 || b.Sent != 1 || b.Looked != 0 || b.Engines != nil {
		t.Errorf("one store: %+v", b)
	}
	if b := count(w.before()); b.Written != 1 || len(b.Engines) != 1 || b.empty() {
		t.Errorf("the week before: %+v", b)
	}
	if b := count(w.before().before()); !b.empty() {
		t.Errorf("an empty week: %+v", b)
	}
	for _, table := range []string{"word_event", "engine_usage", "engine_failure"} {
		cols := map[string]string{"word_event": "store || draft || kind || detail", "engine_usage": "engine || pair", "engine_failure": "engine || kind"}[table]
		if all := strings.Join(o.strings(`SELECT `+cols+` FROM `+table), " "); strings.Contains(all, "geheim") || strings.Contains(all, "5 EUR") {
			t.Errorf("%s holds text: %s", table, all)
		}
	}
	// The card of it is drawn from the database.
	o.write(func(tx *store.Tx) error {
		if _, err := tx.Exec(`INSERT INTO quality_week(week, starts, ends, at) VALUES ('2026-W40', 0, 1, 0)`); err != nil {
			return err
		}
		return o.desk.reportWeek(tx)
	})
	if got := o.shown("quality:%"); !slices.Equal(got, []string{"quality:2026-W47"}) {
		t.Fatalf("%v", got)
	}
	for lang, want := range map[string]string{"en": "4 (week before: 1)", "zh-CN": "4（前一周 1）"} {
		err := o.db.Read(t.Context(), func(tx *store.Tx) error {
			c, err := o.desk.draw(tx, "quality:2026-W47", lang)
			if err != nil {
				return err
			}
			if v := c.Parts[0].Fields[0].Value; v != want {
				t.Errorf("%s: %q", lang, v)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnEmptyWeekSaysSoInOneLine(t *testing.T) {
	t.Parallel()
	for _, tag := range i18n.Langs() {
		p := i18n.For(tag)
		c := qualityCard(qualityView{Week: lastWeek(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), time.UTC)}, p)
		if len(c.Parts) != 1 || c.Parts[0].Text != p.T("quality.empty") || len(c.Buttons) != 0 {
			t.Errorf("%s: %+v", tag, c)
		}
	}
}

func TestEveryFailureHasAName(t *testing.T) {
	t.Parallel()
	for _, tag := range i18n.Langs() {
		p := i18n.For(tag)
		for k := translate.Failed; !strings.HasPrefix(k.String(), "kind("); k++ {
			if !p.Has(i18n.Key("quality.failure." + k.String())) {
				t.Errorf("%s has no name for %s", tag, k)
			}
		}
		for _, code := range append([]string{"lint.link"}, translate.Codes...) {
			if !p.Has(i18n.Key("quality.group." + groupOf(code))) {
				t.Errorf("%s has no name for %s", tag, groupOf(code))
			}
		}
	}
}

func TestTheLedgerCountsOverRestarts(t *testing.T) { onBoth(t, theLedgerCountsOverRestarts) }

func theLedgerCountsOverRestarts(t *testing.T, url string) {
	o := newOffice(t, url, "UTC", "2026-11-30 23:00")
	count := func(engine string, letters, cost int64) {
		t.Helper()
		// Each by a ledger of its own, as replicas do.
		err := NewUsage(o.db, nil).Count(t.Context(), translate.Usage{Engine: engine, From: language.Chinese, To: language.German, At: o.now, Letters: letters, Cost: cost, Currency: "EUR"})
		if err != nil {
			t.Fatal(err)
		}
	}
	count("deepl", 100, 5)
	count("deepl", 20, 1)
	count("other", 7, 7)
	o.set(time.UTC, "2026-12-01 00:10")
	count("deepl", 3, 2)
	for since, want := range map[string][2]int64{"2026-11-01": {123, 8}, "2026-12-01": {3, 2}, "2027-01-01": {0, 0}} {
		at, _ := time.Parse(time.DateOnly, since)
		letters, cost, err := NewUsage(o.db, nil).Spent(t.Context(), "deepl", at)
		if err != nil || letters != want[0] || cost != want[1] {
			t.Errorf("since %s: %d, %d, %v; want %v", since, letters, cost, err, want)
		}
	}
}

func TestEnginesThatFailAreNews(t *testing.T) { onBoth(t, enginesThatFailAreNews) }

func enginesThatFailAreNews(t *testing.T, url string) {
	o := newOffice(t, url, "UTC", "2026-11-20 12:00", room("leads", language.English, people.EveryStore))
	u := NewUsage(o.db, func() time.Time { return o.now })
	call := func(engine, failed string) {
		t.Helper()
		if err := u.Count(t.Context(), translate.Usage{Engine: engine, From: language.Chinese, To: language.German, At: o.now, Letters: 1, Failed: failed}); err != nil {
			t.Fatal(err)
		}
	}
	live := func(want ...string) {
		t.Helper()
		o.round()
		o.round() // the same again is no news
		var got []string
		err := o.db.Read(t.Context(), func(tx *store.Tx) error {
			all, err := alerts.Live(tx, "")
			for _, a := range all {
				got = append(got, a.Kind+" "+a.Detail["what"]+" "+a.Detail["engines"])
				if a.Count != 1 {
					t.Errorf("%s is counted %d times", a.Kind, a.Count)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	call("deepl", "down")
	call("deepl", "down")
	live() // it may be chance
	for range 9 {
		call("other", "busy")
		call("other", "no_pair")
	}
	live()
	call("deepl", "bad_answer")
	live("words down deepl")
	call("other", "denied")
	live("words denied other,deepl")
	call("deepl", "")
	live("words denied other")
	call("other", "")
	live()
	call("gone", "quota")
	live("words denied gone")
	o.now = o.now.Add(failsFor + time.Hour)
	live() // it may have left the configuration
	if n := len(o.shown("alert:%")); n != 4 {
		t.Errorf("%d cards", n)
	}

	spend := func(percent int) {
		t.Helper()
		if err := u.Budget(t.Context(), "deepl", percent); err != nil {
			t.Fatal(err)
		}
	}
	spend(80)
	live("budget near deepl")
	spend(100)
	spend(80) // another replica comes later
	live("budget used deepl")
	o.set(time.UTC, "2026-12-01 00:10")
	live()
}
