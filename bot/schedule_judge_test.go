package bot_test

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/connectors"
	"helloworld/i18n"
)

// verdict counts what became of the refunds of one or many schedules, as the
// shops' own ledger tells it.
type verdict struct {
	schedules, refunds, kills int
	// happened are confirmed and did; refused ended otherwise and did not; working
	// are known to be in the platform's hands.
	happened, refused, unknown, working int
	// elsewhere are confirmed because the same sum went out in the back office.
	elsewhere int
	// These have to be 0: paid more than once; confirmed and not paid, or paid and
	// shown as not; more than the order's total; a card that says something else
	// than the state; left lying.
	repeated, lost, over, unshown, left int
	// unvoted went out without as many yeses of different people as it takes.
	unvoted int
	// byHand were ended by a person who was asked; expired are among the refused.
	byHand, expired, denied int
	// sent is how often an adapter was told to send one.
	sent  int
	wrong []string
	// why is what is known of those that did not happen.
	why []string
}

func (v *verdict) add(o verdict) {
	v.schedules += o.schedules
	v.refunds += o.refunds
	v.kills += o.kills
	v.happened += o.happened
	v.refused += o.refused
	v.unknown += o.unknown
	v.working += o.working
	v.elsewhere += o.elsewhere
	v.repeated += o.repeated
	v.lost += o.lost
	v.over += o.over
	v.unshown += o.unshown
	v.left += o.left
	v.unvoted += o.unvoted
	v.byHand += o.byHand
	v.expired += o.expired
	v.denied += o.denied
	v.sent += o.sent
	v.wrong = append(v.wrong, o.wrong...)
}

func (v verdict) String() string {
	return fmt.Sprintf("%d schedules, %d restarts, %d refunds: happened %d (%d of them in the back office), refused %d (denied %d, expired %d), unknown %d, "+
		"still working %d, ended by hand %d; repeated %d, lost %d, over the total %d, not approved %d, shown wrongly %d, left lying %d", v.schedules, v.kills,
		v.refunds, v.happened+v.elsewhere, v.elsewhere, v.refused, v.denied, v.expired, v.unknown, v.working, v.byHand, v.repeated, v.lost, v.over, v.unvoted,
		v.unshown, v.left)
}

// judge holds what the desk says against what the shop did.
func judge(o outcomeOf, rooms ...[]chat.Card) verdict {
	v := verdict{schedules: 1, refunds: len(o.refunds), kills: o.kills, sent: len(o.sent)}
	bad := func(n *int, format string, args ...any) {
		*n++
		v.wrong = append(v.wrong, fmt.Sprintf(format, args...))
	}
	paid := map[string]int{}
	office := map[string]int{} // order and sum
	sums := map[string]int64{}
	for _, e := range o.ledger {
		sums[e.Order] += e.Amount.Minor
		mine := false
		for _, r := range o.refunds {
			if e.Key == r.Key || strings.Contains(e.Note, r.Key) {
				mine = true
				paid[r.Key]++
				if e.Order != plainID(r.Order) || e.Amount != r.Body.Cmd.Amount {
					bad(&v.lost, "%s asked for %v of %s, and %v of %s went out", r.ID, r.Body.Cmd.Amount, r.Order, e.Amount, e.Order)
				}
			}
		}
		switch {
		case mine:
		case o.office[e.ID]:
			office[place(e.Order, e.Amount)]++
		default:
			bad(&v.repeated, "%v of %s went out under the key %q, for nobody", e.Amount, e.Order, e.Key)
		}
	}
	judgeSent(o, func(n *int, format string, args ...any) { bad(n, format, args...) }, &v)
	for _, x := range o.orders {
		if sums[x.ID] > x.Total.Minor {
			bad(&v.over, "order %s: %d of %v was given back", x.ID, sums[x.ID], x.Total)
		}
	}
	for _, r := range o.refunds {
		n := paid[r.Key]
		if n > 1 {
			bad(&v.repeated, "%s went out %d times (%s)", r.ID, n, r.State)
		}
		switch at := place(plainID(r.Order), r.Body.Cmd.Amount); r.State {
		case bot.RefundConfirmed:
			switch {
			case n > 0:
				v.happened++
			case office[at] > 0:
				office[at]--
				v.elsewhere++
			default:
				bad(&v.lost, "%s is said to be confirmed and never happened", r.ID)
			}
		case bot.RefundRejected, bot.RefundFailed, bot.RefundDenied, bot.RefundExpired:
			v.refused++
			switch r.State {
			case bot.RefundDenied:
				v.denied++
			case bot.RefundExpired:
				v.expired++
			}
			if r.State != bot.RefundDenied {
				v.why = append(v.why, fmt.Sprintf("%s refused: %s %s", r.ID, r.State, r.Error))
			}
			if n > 0 {
				bad(&v.lost, "%s happened and is said to be %s", r.ID, r.State)
			}
		case bot.RefundUnknown:
			v.unknown++
			v.why = append(v.why, fmt.Sprintf("%s unknown: %+v %s, happened %d", r.ID, r.Receipt, r.Error, n))
		case bot.RefundAccepted:
			v.working++
		default:
			bad(&v.left, "%s was left %s (%s)", r.ID, r.State, r.Error)
		}
		if r.Error == "by_hand" {
			v.byHand++
		}
		if r.State == bot.RefundAsked {
			continue
		}
		for _, cards := range rooms {
			if why := shown(r, cards); why != "" {
				bad(&v.unshown, "%s is %s, and %s", r.ID, r.State, why)
			}
		}
	}
	return v
}

// judgeSent holds what reached the adapter against what was asked, approved and
// left. A refund that was asked once and is there twice was asked for nobody.
func judgeSent(o outcomeOf, bad func(*int, string, ...any), v *verdict) {
	if len(o.refunds) > o.asked {
		bad(&v.repeated, "%d refunds for %d commands", len(o.refunds), o.asked)
	}
	byKey := map[string]bot.Payback{}
	for _, r := range o.refunds {
		byKey[r.Key] = r
	}
	totals := map[string]int64{}
	for _, x := range o.orders {
		totals[x.ID] = x.Total.Minor
	}
	told := map[string]bool{}
	for _, c := range o.sent {
		r, ok := byKey[c.cmd.Key]
		if !ok {
			bad(&v.repeated, "%v was sent under the key %q, which nobody approved", c.cmd.Amount, c.cmd.Key)
			continue
		}
		yes := 0
		for who := range o.yes[r.ID+r.Facts] {
			if who != r.By {
				yes++
			}
		}
		if yes < r.Body.Votes && !told[r.ID] {
			bad(&v.unvoted, "%s was sent with %d yeses of %d", r.ID, yes, r.Body.Votes)
		}
		told[r.ID] = true
		// What went out before, as far as it could be known: what others paid shows
		// only when the platform shows it.
		before := int64(0)
		for _, e := range o.ledger {
			since := e.At
			if o.office[e.ID] {
				since = since.Add(o.lag + time.Minute)
			}
			if e.Order == plainID(r.Order) && e.Key != r.Key && !strings.Contains(e.Note, r.Key) && since.Before(c.at) {
				before += e.Amount.Minor
			}
		}
		if total := totals[plainID(r.Order)]; before+c.cmd.Amount.Minor > total {
			bad(&v.over, "%s of %v was sent when %d of %d had gone out", r.ID, c.cmd.Amount, before, total)
		}
	}
}

// plainID is an order's id as the ledger has it, however the platform dresses it.
func plainID(id string) string { return id[strings.LastIndex(id, "/")+1:] }

func place(order string, m connectors.Money) string { return order + " " + m.String() }

// shown tells what is wrong with what people see of a refund.
func shown(r bot.Payback, cards []chat.Card) string {
	p := i18n.For(language.English)
	title := func(s bot.RefundState) string {
		return p.T(i18n.Key("refund.title."+string(s)), "amount", r.Body.Cmd.Amount.String(), "n", 1)
	}
	right, seen := false, []string(nil)
	for _, c := range cards {
		if len(c.Parts) == 0 || len(c.Parts[0].Fields) == 0 || c.Parts[0].Fields[0].Value != r.ID {
			continue
		}
		seen = append(seen, c.Title)
		if c.Title == title(r.State) {
			right = right || r.State != bot.RefundUnknown || c.Foot != "" && c.Tone != chat.Good
		} else if c.Title == title(bot.RefundConfirmed) {
			return "a card says that it was refunded"
		}
	}
	if !right {
		return fmt.Sprintf("its cards say %q", seen)
	}
	return ""
}
