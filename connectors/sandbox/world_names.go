package sandbox

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The ids of orders and of what belongs to them are reckoned from the order's
// number, and back, so that nobody has to remember a million of them.

// The first ids of each kind on Shopify, and of lines elsewhere.
const (
	firstOrder  = 9007199254741000
	firstPay    = 9107199254741000
	firstBuyer  = 9307199254741000
	firstRefund = 9407199254741000
	// firstWoo is before the first order of a WooCommerce shop, whose ids are small.
	firstWoo = 4100
	// seededRefund is beyond whatever [store.next] will reach.
	seededRefund = 50_000_000
)

var firstLine = map[string]int64{Woo: 9207199254741000, Shopify: 9207199254741000, Ebay: 10072000000000, Amazon: 25012345000000}

// times are when a seeded order was made and changed last: half a day apart, or
// closer where there are more than a hundred, and never older than what a
// platform shows by itself.
func (s *store) times(ord int) (created, updated time.Time) {
	i := s.seeded - 1 - ord // the newest is 0
	step := 12 * time.Hour
	if s.seeded > 100 {
		step = 50 * 24 * time.Hour / time.Duration(s.seeded)
	}
	chance := mix(s.luck, uint64(ord))
	jitter := time.Duration(chance%uint64(max(step/2/time.Second, 1))) * time.Second
	created = s.born.Add(-30*time.Hour - time.Duration(i)*step - jitter).Truncate(time.Second)
	return created, created.Add(time.Duration(1+chance>>32%20) * time.Hour)
}

// createdAt is when an order was made.
func (s *store) createdAt(ord int) time.Time {
	if ord >= s.seeded {
		return s.added[ord-s.seeded].created
	}
	created, _ := s.times(ord)
	return created
}

// mix is a number that depends on both and looks like chance.
func mix(a, b uint64) uint64 {
	x := a ^ (b+1)*0x9e3779b97f4a7c15
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// ordinal finds an order by its id, or by the id of its payment.
func (s *store) ordinal(id string) (int, bool) {
	if ord, ok := s.names[id]; ok && (s.added[ord-s.seeded].id == id || s.added[ord-s.seeded].pay == id) {
		return ord, true
	}
	var n int64
	switch s.Platform {
	case Ebay:
		n = s.ebayOrdinal(id)
	case Amazon:
		n = s.amazonOrdinal(id)
	case Woo:
		n = unstep(id, firstWoo, 7)
	default:
		n = unstep(id, firstOrder, 7)
	}
	if n < 1 {
		n = unstep(id, firstPay, 7)
	}
	if n < 1 || n > int64(s.seeded) {
		return 0, false
	}
	return int(n) - 1, true
}

// unstep undoes first + n*step; -1 if the id is none of those.
func unstep(id string, first, step int64) int64 {
	v, err := strconv.ParseInt(id, 10, 64)
	if err != nil || v <= first || (v-first)%step != 0 {
		return -1
	}
	return (v - first) / step
}

func (s *store) ebayOrdinal(id string) int64 {
	parts := strings.Split(id, "-")
	if len(parts) != 3 {
		return -1
	}
	mid, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return -1
	}
	for n := mid - 10000; n <= int64(s.seeded); n += 90000 {
		if n > 0 && ebayOrderID(n) == id {
			return n
		}
	}
	return -1
}

func ebayOrderID(n int64) string {
	return fmt.Sprintf("%02d-%05d-%05d", 10+n%17, 10000+n%90000, 20000+n*37%80000)
}

func amazonOrderID(n int64) string {
	return fmt.Sprintf("250-%07d-%07d", 1000000+n*7919%9000000, 1000000+n*104729%9000000)
}

// un7919 undoes a multiplication by 7919, modulo nine million.
const un7919 = 5_017_679

func (s *store) amazonOrdinal(id string) int64 {
	parts := strings.Split(id, "-")
	if len(parts) != 3 {
		return -1
	}
	mid, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || mid < 1000000 || mid > 9999999 {
		return -1
	}
	n := (mid - 1000000) * un7919 % 9000000
	if n < 1 || amazonOrderID(n) != id {
		return -1
	}
	return n
}

// order is the one with this id, or nil.
func (s *store) order(id string) *order {
	if ord, ok := s.ordinal(id); ok {
		if o := s.nth(ord); o != nil && o.id == id {
			return o
		}
	}
	return nil
}

// byPay is the order whose payment has this id, or nil.
func (s *store) byPay(pay string) *order {
	if ord, ok := s.ordinal(pay); ok {
		if o := s.nth(ord); o != nil && o.pay == pay {
			return o
		}
	}
	return nil
}

// byLine is the order that a line with this id belongs to, or nil.
func (s *store) byLine(id string) *order {
	v, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil
	}
	if n := (v - firstLine[s.Platform]) / 10; n >= 1 && n <= int64(s.seeded) {
		if o := s.nth(int(n) - 1); o.line(id) != nil {
			return o
		}
	}
	for _, o := range s.added {
		if o.line(id) != nil {
			return o
		}
	}
	return nil
}

// orderNumber is what people call an order. On eBay and on Shopify one order is
// called 1234, so that the name alone does not say which is meant. The newest is 0.
func (s *store) orderNumber(i int) string {
	switch {
	case s.Platform == Amazon, s.Platform == Woo: // its id is what people call it by
		return ""
	case i == 0:
		return "1234"
	case s.Platform == Ebay:
		return strconv.Itoa(5100 + i)
	case i < 234:
		return strconv.Itoa(1234 - i)
	}
	return strconv.Itoa(2000 + i)
}

// find looks for an order by id or by the number people see.
func (s *store) find(name string) *order {
	name = strings.TrimPrefix(strings.TrimSpace(name), "#")
	if o := s.order(name); o != nil {
		return o
	}
	if ord, ok := s.names[name]; ok {
		return s.nth(ord)
	}
	n, err := strconv.Atoi(name)
	if err != nil || s.Platform == Amazon || s.Platform == Woo {
		return nil
	}
	for _, i := range []int{0, n - 5100, 1234 - n, n - 2000} {
		if i >= 0 && i < s.seeded && s.orderNumber(i) == name {
			return s.nth(s.seeded - 1 - i)
		}
	}
	return nil
}

// buyer is the one with this id, or nil.
func (s *store) buyer(id string) *buyer {
	if b := s.buyers[id]; b != nil {
		return b
	}
	i := -1
	switch s.Platform {
	case Ebay:
		if k := strings.LastIndexByte(id, '_'); k >= 0 {
			if n, err := strconv.Atoi(id[k+1:]); err == nil {
				i = n - 100
			}
		}
	case Amazon:
		i = unalias(id)
	default:
		if n, err := strconv.ParseInt(id, 10, 64); err == nil {
			i = int(n - firstBuyer)
		}
	}
	if i < 0 || i >= s.seeded {
		return nil
	}
	if b := s.nth(s.seeded - 1 - i).buyer; b.id == id {
		return b
	}
	return nil
}

// ordersOf are the orders of a buyer, oldest first.
func (s *store) ordersOf(b *buyer) (theirs []*order) {
	if b.n < s.seeded {
		if o := s.nth(s.seeded - 1 - b.n); o.buyer.id == b.id {
			theirs = append(theirs, o)
		}
	}
	for _, o := range s.added {
		if o.buyer.id == b.id {
			theirs = append(theirs, o)
		}
	}
	return theirs
}

const aliasLetters = "abcdefghijkmnpqrstuvwxyz23456789"

// alias is the address behind which Amazon hides a buyer. It tells nothing to
// people; the world finds the buyer by its last letters.
func (s *store) alias(n int) string {
	b := []byte(strings.ToLower(alnum(s.w.chance(s.Name+" alias "+strconv.Itoa(n)), 8)))
	for k := 5; k >= 0; k-- {
		b = append(b, aliasLetters[n>>(5*k)&31])
	}
	return string(b) + "@" + aliases
}

func unalias(address string) int {
	name, domain, _ := strings.Cut(strings.ToLower(address), "@")
	if domain != aliases || len(name) != 14 {
		return -1
	}
	n := 0
	for _, c := range name[8:] {
		k := strings.IndexRune(aliasLetters, c)
		if k < 0 {
			return -1
		}
		n = n<<5 | k
	}
	return n
}
