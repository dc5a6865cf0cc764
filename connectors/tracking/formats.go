package tracking

import (
	"regexp"
	"slices"
	"strings"
)

// A format is one shape of a carrier's numbers.
type format struct {
	id, carrier string
	shape       *regexp.Regexp
	// rest is what the shape cannot say; nil: nothing.
	rest func(n string) bool
	// check is nil where the format has no check digit that is known.
	check check
	// sure: nobody else uses this shape, so that a wrong check digit is a typing
	// mistake.
	sure bool
	// weight is how much the shape alone says, from 0 to 100.
	weight int
	// home are the countries it is delivered in; empty: anywhere.
	home []string
	// local: only for parcels that are delivered at home, or for whoever names the carrier.
	local bool
	// asked: only for whoever names the carrier, since too much else looks the same.
	asked bool
}

func shape(s string) *regexp.Regexp { return regexp.MustCompile("^(?:" + s + ")$") }

var (
	america = []string{"US", "PR"}
	canada  = []string{"CA"}
	britain = []string{"GB", "IE"}
	germany = []string{"DE"}
	europe  = []string{"AT", "BE", "BG", "CH", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "NL", "NO", "PL",
		"PT", "RO", "SE", "SI", "SK"}
)

// formats are those whose rules are held against published test numbers. The
// weights: a prefix nobody else has is above 80, a check digit among plain digits
// about 50, plain digits below 30.
var formats = slices.Concat([]format{
	{id: "ups-1z", carrier: "ups", shape: shape(`1Z[A-Z0-9]{15}[0-9]`), check: from(2, doubled), sure: true, weight: 95},
	{id: "ups-waybill", carrier: "ups", shape: shape(`[AHJKTV][0-9]{10}`), check: from(1, doubled), weight: 55},
	{id: "fedex-12", carrier: "fedex", shape: shape(`[0-9]{12}`), check: weighted, weight: 50},
	{id: "fedex-ground-15", carrier: "fedex", shape: shape(`[0-9]{15}`), check: gs1, weight: 50},
	{id: "fedex-sscc-18", carrier: "fedex", shape: shape(`[0-9]{18}`), check: gs1, weight: 40},
	{id: "fedex-96", carrier: "fedex", shape: shape(`96[0-9]{20}`), check: from(7, gs1), weight: 70},
	{id: "fedex-96-34", carrier: "fedex", shape: shape(`96[0-9]{32}`), check: from(20, weighted), weight: 75},
	{id: "fedex-34", carrier: "fedex", shape: shape(`[0-8][0-9]{33}`), check: from(20, weighted), weight: 60},
	{id: "fedex-astra-32", carrier: "fedex", shape: shape(`3[0-9]{31}`), check: between(16, 28, weighted), weight: 60},
	{id: "usps-20", carrier: "usps", shape: shape(`[0-9]{20}`), check: gs1, weight: 45, home: america},
	{id: "usps-20-91", carrier: "usps", shape: shape(`[0-9]{20}`), check: func(n string) bool { return gs1("91" + n) }, weight: 40, home: america},
	{id: "usps-22-91", carrier: "usps", shape: shape(`(420[0-9]{5}([0-9]{4})?)?91[0-9]{20}`), check: func(n string) bool { return gs1(n[len(n)-22:]) }, weight: 75, home: america},
	// Lengths 22, 26, 30 and 34: see impb. The shape is only what any of them has.
	{id: "usps-impb", carrier: "usps", shape: shape(`9[2345][0-9]{20,28}|420[0-9]{27,39}`), check: impb, weight: 82, home: america},
	// SmartPost goes to the post for the last mile, under the post's own barcode.
	{id: "fedex-smartpost", carrier: "fedex", shape: shape(`(420[0-9]{5}([0-9]{4})?)?92612[0-9]{17}`), check: impb, weight: 70, home: america},
	{id: "dhl-express", carrier: "dhl", shape: shape(`[0-9]{10,11}`), check: mod7, weight: 50},
	{id: "dhl-piece", carrier: "dhl", shape: shape(`J[A-Z]{2,3}[0-9]{9,10}`), weight: 70},
	{id: "dhl-ecommerce", carrier: "dhl-ecommerce", shape: shape(`(GM|LX|RX|UV|CN|SG|TH|IN|HK|MY)[0-9A-Z]{10,39}`), rest: someDigit, weight: 45},
	{id: "dhl-ecommerce-14", carrier: "dhl-ecommerce", shape: shape(`[0-9]{14}`), weight: 25},
	{id: "dpd-28", carrier: "dpd", shape: shape(`[0-9]{27}[0-9A-Z]`), check: mod3736, weight: 75, home: europe},
	{id: "dpd-15", carrier: "dpd", shape: shape(`[0-9]{14}[0-9A-Z]`), check: mod3736, weight: 60, home: europe},
	{id: "canada-post-16", carrier: "canada-post", shape: shape(`[0-9]{16}`), check: gs1, weight: 50, home: canada},
	{id: "canpar-22", carrier: "canpar", shape: shape(`[CDKLSUXZ][0-9]{21}`), weight: 75, home: canada},
	{id: "purolator-12", carrier: "purolator", shape: shape(`[0-5][0-9]{11}`), check: luhn, weight: 45, home: canada},
	{id: "purolator-pin", carrier: "purolator", shape: shape(`[A-Z]{3}[0-9]{9}`), weight: 55, home: canada},
	{id: "ontrac-c", carrier: "ontrac", shape: shape(`C[0-9]{14}`), check: led('4', doubled), weight: 65, home: america},
	{id: "ontrac-d", carrier: "ontrac", shape: shape(`D[0-9]{14}`), check: led('5', doubled), weight: 65, home: america},
	{id: "old-dominion", carrier: "old-dominion", shape: shape(`(77[78]|072|780)[0-9]{8}`), check: luhn, weight: 50, home: america},
	{id: "old-dominion-80", carrier: "old-dominion", shape: shape(`80[0-9]{9}`), check: luhn, weight: 48, home: america},
	{id: "amazon-tb", carrier: "amazon", shape: shape(`TB[ACM][0-9]{12}`), weight: 92},
	{id: "amazon-int", carrier: "amazon", shape: shape(`[AFC][0-9]{10}`), weight: 45},
	{id: "lasership-lx", carrier: "lasership", shape: shape(`L[AIEHNX][1-3][0-9]{7}`), weight: 75, home: america},
	{id: "lasership-1ls7-15", carrier: "lasership", shape: shape(`1LS7[12][0-9]{10}`), weight: 90, home: america},
	{id: "lasership-1ls7-18", carrier: "lasership", shape: shape(`1LS7[12][0-9]{2}01[1-4][0-9]{6}1`), weight: 90, home: america},
	{id: "lasership-1lscx", carrier: "lasership", shape: shape(`1LSCX[0-9A-Z]{10}`), weight: 90, home: america},
	{id: "landmark", carrier: "landmark", shape: shape(`LTN[0-9]{8}N1`), weight: 92},
	{id: "speedee", carrier: "speedee", shape: shape(`SP[0-9]{18}`), weight: 85, home: america},
	{id: "yodel", carrier: "yodel", shape: shape(`JJ?D[0-9]{16}`), weight: 85, home: britain},
	{id: "gofo-us", carrier: "gofo", shape: shape(`GFUS[0-9]{14}`), weight: 93, home: america},
	{id: "yunexpress", carrier: "yunexpress", shape: shape(`YT[0-9]{16}`), weight: 90},
}, moreFormats)

// someDigit keeps words out.
func someDigit(n string) bool { return strings.ContainsAny(n, "0123456789") }

// impb is the US post's own barcode: perhaps 420 and a ZIP code of five or nine
// digits, then 92 to 95, a service of three, a mailer of nine digits (which
// begins with 9) or of six, and a serial of what is left.
func impb(n string) bool {
	if strings.HasPrefix(n, "420") {
		for _, zip := range []int{5, 9} {
			if len(n) > 3+zip && impbCore(n[3+zip:], zip) {
				return true
			}
		}
		return false
	}
	return impbCore(n, 0)
}

func impbCore(n string, zip int) bool {
	switch {
	case len(n) == 22:
	case len(n) == 26 && zip != 9:
	case len(n) == 30 && zip == 0 && n[:2] == "94" && n[5] == '9':
	default:
		return false
	}
	switch n[:2] {
	case "92":
		if n[5] != '9' {
			return false
		}
	case "93":
		if n[5] == '9' {
			return false
		}
	case "94", "95":
	default:
		return false
	}
	return gs1(n)
}
