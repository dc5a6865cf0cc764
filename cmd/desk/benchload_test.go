package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"helloworld/bot/chat/slack/slackfake"
	"helloworld/bot/chat/telegram/telegramfake"
)

// rig is a desk with one chat's fake, and what the fake saw.
type rig struct {
	desk *deskProc
	// ready is how long it took to start.
	ready time.Duration
	// was is the processor time it had used when the load began.
	was time.Duration
	// ask gives a command as the person of that number.
	ask   func(tb testing.TB, person int)
	crowd int

	mu      sync.Mutex
	waiting map[int]chan time.Time // answers under way, by person
	acks    []time.Duration
	extra   int // answers that nobody waited for
	refused int
	marks   map[int]int // marked posts that everybody sees, by mark
	last    time.Time   // when the last of any kind was posted
}

func newRig(crowd int) *rig {
	return &rig{crowd: crowd, waiting: map[int]chan time.Time{}, marks: map[int]int{}}
}

// acked notes an acknowledgement.
func (r *rig) acked(took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acks = append(r.acks, took)
}

// answered notes an answer to a person.
func (r *rig) answered(person int) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.waiting[person]
	if c == nil {
		r.extra++
		return
	}
	delete(r.waiting, person)
	c <- now
}

var mark = regexp.MustCompile(`\bburst-(\d+)\b`)

// posted notes what was said to everybody.
func (r *rig) posted(text string) {
	now := time.Now()
	m := mark.FindStringSubmatch(text)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = now
	if m != nil {
		n, _ := strconv.Atoi(m[1]) // digits, and few
		r.marks[n]++
	}
}

// quiet tells whether anything was ever posted, and nothing for so long.
func (r *rig) quiet(d time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.last.IsZero() && time.Since(r.last) >= d
}

// burst has n people write a note at once, and waits until each of them stands,
// or for so long.
func (r *rig) burst(n int, longest time.Duration, note func(person int, text string)) (lost, twice, refused int, took time.Duration) {
	began := time.Now()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { note(i, fmt.Sprintf("note: burst-%d is done", i)) })
	}
	wg.Wait()
	all := func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.marks) >= n
	}
	for !all() && time.Since(began) < longest {
		time.Sleep(5 * time.Millisecond)
	}
	r.mu.Lock()
	took = r.last.Sub(began)
	r.mu.Unlock()
	time.Sleep(3 * time.Second) // for those that would come again
	r.mu.Lock()
	defer r.mu.Unlock()
	lost = n - len(r.marks)
	for _, times := range r.marks {
		twice += times - 1
	}
	refused = r.refused
	r.marks, r.refused = map[int]int{}, 0
	return lost, twice, refused, took
}

// once gives one command and waits for its answer.
func (r *rig) once(tb testing.TB, person int) (took time.Duration, ok bool) {
	c := make(chan time.Time, 1)
	r.mu.Lock()
	r.waiting[person] = c
	r.mu.Unlock()
	began := time.Now()
	r.ask(tb, person)
	t := time.NewTimer(20 * time.Second)
	defer t.Stop()
	select {
	case at := <-c:
		return at.Sub(began), true
	case <-t.C:
		r.mu.Lock()
		delete(r.waiting, person)
		r.mu.Unlock()
		return 0, false
	}
}

// outcome is what a load came to.
type outcome struct {
	answers []time.Duration
	lost    int
	lasted  time.Duration
}

// steady gives n commands, one every so often, whether answers come or not.
func (r *rig) steady(tb testing.TB, n int, every time.Duration) outcome {
	var o outcome
	var mu sync.Mutex
	var wg sync.WaitGroup
	began := time.Now()
	for i := range n {
		time.Sleep(time.Until(began.Add(time.Duration(i) * every)))
		wg.Go(func() {
			took, ok := r.once(tb, i%r.crowd)
			mu.Lock()
			defer mu.Unlock()
			o.count(took, ok)
		})
	}
	wg.Wait()
	o.lasted = time.Since(began)
	return o
}

func (o *outcome) count(took time.Duration, ok bool) {
	if ok {
		o.answers = append(o.answers, took)
	} else {
		o.lost++
	}
}

// loop keeps width commands under way until n are answered.
func (r *rig) loop(tb testing.TB, n, width int) outcome {
	var o outcome
	var mu sync.Mutex
	var wg sync.WaitGroup
	began := time.Now()
	each := r.crowd / width
	for w := range width {
		wg.Go(func() {
			for i := range n / width {
				took, ok := r.once(tb, w*each+i%each)
				mu.Lock()
				o.count(took, ok)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	o.lasted = time.Since(began)
	return o
}

// drain takes what was noted of acknowledgements, answers too many and refusals.
func (r *rig) drain() (acks []time.Duration, extra, refused int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	acks, extra, refused = r.acks, r.extra, r.refused
	r.acks, r.extra, r.refused = nil, 0, 0
	return acks, extra, refused
}

// at is the quantile q of times, in milliseconds.
func at(times []time.Duration, q float64) float64 {
	if len(times) == 0 {
		return 0
	}
	s := slices.Clone(times)
	slices.Sort(s)
	return float64(s[min(len(s)-1, int(q*float64(len(s))))].Microseconds()) / 1000
}

// ledgerTap hands each line of a fake's ledger on.
type ledgerTap func(line []byte)

func (f ledgerTap) Write(p []byte) (int, error) { f(p); return len(p), nil }

// begin writes the part of the configuration that every rig shares.
func begin(listen string) *deskFile {
	f := &deskFile{}
	f.line("[desk]\ndata = \"data\"\nlisten = %q\nlog = \"error\"", listen)
	return f
}

// slackRig is a desk in a Slack workspace of so many people.
func slackRig(tb testing.TB, crowd int, limits bool) (*rig, *slackfake.Server) {
	tb.Helper()
	r := newRig(crowd)
	fake := slackfake.New(slackfake.Options{NoLimits: !limits, Ledger: ledgerTap(func(line []byte) {
		var e slackfake.Entry
		if json.Unmarshal(line, &e) != nil {
			return
		}
		switch e.What {
		case "ack":
			r.acked(e.Took)
		case "respond", "ephemeral":
			if n, err := strconv.Atoi(strings.TrimPrefix(e.User, "UP")); err == nil {
				r.answered(n)
			}
		case "post":
			r.posted(e.Text)
		case "refuse":
			r.mu.Lock()
			r.refused++
			r.mu.Unlock()
		}
	})})
	if err := fake.Start("127.0.0.1:0"); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(fake.Close)
	listen := freePort(tb)
	f := begin(listen)
	f.line("[slack]\non = true\nbase_url = %q", fake.API())
	f.secret("DESK_SLACK_BOT_TOKEN", "xoxb-fake")
	f.secret("DESK_SLACK_APP_TOKEN", "xapp-fake")
	f.shopLines(benchShops(tb))
	for i := range crowd {
		f.line("[[person]]\nid = \"p%d\"\nname = \"Person %d\"\nlanguage = \"en\"\nroles = [\"agent\"]\nstores = [\"*\"]\nslack = \"UP%d\"", i, i, i)
		fake.AddUser(slackfake.User{ID: fmt.Sprintf("UP%d", i), Name: fmt.Sprintf("person%d", i), Locale: "en-US"})
		fake.AddChannel(fmt.Sprintf("CP%d", i), fmt.Sprintf("room%d", i))
	}
	fake.AddChannel("C0INBOX", "inbox")
	f.line("[[channel]]\nplace = \"slack:C0INBOX\"\nname = \"inbox\"\nlanguage = \"en\"\nstores = [\"*\"]\ntopics = [\"messages\", \"approvals\", \"alerts\"]")
	r.ask = func(tb testing.TB, person int) {
		_, err := fake.Command(fmt.Sprintf("UP%d", person), fmt.Sprintf("CP%d", person), "/stores", false)
		if err != nil {
			tb.Error(err)
		}
	}
	r.desk = startDesk(tb, f, listen)
	r.desk.until(tb, "its sockets are open", func() bool { return fake.Sockets() >= 2 && r.desk.healthy() })
	r.ready = time.Since(r.desk.began)
	return r, fake
}

// slackNotes waits for a buyer's message in the channel, and gives what writes a
// note under it. The time of quiet fills up what the fake allows at once.
func slackNotes(tb testing.TB, r *rig, fake *slackfake.Server, quiet time.Duration) func(person int, text string) {
	tb.Helper()
	var card string
	r.desk.until(tb, "a buyer's message stands in the channel", func() bool {
		for _, m := range fake.Messages("C0INBOX") {
			if len(m.Buttons()) > 0 {
				card = m.TS
			}
		}
		return card != "" && r.quiet(quiet)
	})
	r.drain()
	return func(person int, text string) { fake.Say(fmt.Sprintf("UP%d", person), "C0INBOX", card, text) }
}

// telegramNotes is the same for Telegram.
func telegramNotes(tb testing.TB, r *rig, fake *telegramfake.Server, quiet time.Duration) func(person int, text string) {
	tb.Helper()
	card := 0
	r.desk.until(tb, "a buyer's message stands in the group", func() bool {
		for _, m := range fake.Posts(benchGroup) {
			if len(m.Buttons) > 0 {
				card = m.ID
			}
		}
		return card != 0 && r.quiet(quiet)
	})
	r.drain()
	return func(person int, text string) {
		fake.Say(telegramfake.User{ID: int64(firstUser + person), FirstName: fmt.Sprintf("Person%d", person)}, benchGroup, text, card)
	}
}

const (
	benchGroup = int64(-1001234567890)
	firstUser  = 5000
)

// telegramRig is a desk on Telegram with so many people, each in a private chat.
func telegramRig(tb testing.TB, crowd int, limits bool) (*rig, *telegramfake.Server) {
	tb.Helper()
	r := newRig(crowd)
	fake := telegramfake.New(telegramfake.Options{NoLimits: !limits, Ledger: ledgerTap(func(line []byte) {
		now := time.Now()
		var e struct {
			What string    `json:"what"`
			Chat int64     `json:"chat"`
			Made time.Time `json:"made"`
			Text string    `json:"text"`
			Code int       `json:"code"`
		}
		if json.Unmarshal(line, &e) != nil {
			return
		}
		switch e.What {
		case "confirmed":
			r.acked(now.Sub(e.Made))
		case "post":
			if e.Chat > 0 {
				r.answered(int(e.Chat) - firstUser)
				return
			}
			r.posted(e.Text)
		case "refused":
			if e.Code == 429 {
				r.mu.Lock()
				r.refused++
				r.mu.Unlock()
			}
		}
	})})
	if err := fake.Start("127.0.0.1:0"); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = fake.Close() })
	listen := freePort(tb)
	f := begin(listen)
	f.line("[telegram]\non = true\nbase_url = %q", fake.URL())
	if !limits {
		f.line("per_second = 0")
	}
	f.secret("DESK_TELEGRAM_TOKEN", "42:fake-token")
	f.shopLines(benchShops(tb))
	for i := range crowd {
		f.line("[[person]]\nid = \"p%d\"\nname = \"Person %d\"\nlanguage = \"en\"\nroles = [\"agent\"]\nstores = [\"*\"]\ntelegram = \"%d\"", i, i, firstUser+i)
	}
	fake.AddGroup(benchGroup, "inbox", false)
	f.line("[[channel]]\nplace = \"telegram:%d\"\nname = \"inbox\"\nlanguage = \"en\"\nstores = [\"*\"]\ntopics = [\"messages\", \"approvals\", \"alerts\"]", benchGroup)
	r.ask = func(_ testing.TB, person int) {
		id := int64(firstUser + person)
		fake.Say(telegramfake.User{ID: id, FirstName: fmt.Sprintf("Person%d", person)}, id, "/stores", 0)
	}
	r.desk = startDesk(tb, f, listen)
	r.desk.until(tb, "it polls", func() bool { return fake.Calls("getUpdates") >= 1 && r.desk.healthy() })
	r.ready = time.Since(r.desk.began)
	return r, fake
}
