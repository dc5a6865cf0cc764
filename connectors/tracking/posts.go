package tracking

import (
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// postShape is the posts' own: two letters for the service, eight digits and a
// check digit, two letters for the country.
var postShape = shape(`[A-Z]{2}[0-9]{9}[A-Z]{2}`)

// postOf are the posts that have a code of their own.
var postOf = map[string]string{"GB": "royal-mail", "US": "usps", "CN": "china-post", "JP": "japan-post", "BR": "correios", "FR": "la-poste",
	"DE": "deutsche-post", "CA": "canada-post"}

// countries are the codes of ISO 3166: a suffix that is none of them is no
// post's, whatever the rest looks like.
const countries = ` AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL ` +
	`CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK ` +
	`HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ` +
	`ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA ` +
	`SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU ` +
	`WF WS YE YT ZA ZM ZW `

// CountryName is a country's name in a language; the code itself where it has none.
func CountryName(code string, in language.Tag) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	namer := display.Regions(in)
	if namer == nil {
		namer = display.Regions(language.English)
	}
	if name := namer.Name(region); name != "" {
		return name
	}
	return code
}

// posts are the candidates of the posts' international standard: the post of the
// country, and EMS for the express service.
func posts(n string) []Candidate {
	if !postShape.MatchString(n) {
		return nil
	}
	country := n[11:]
	if !strings.Contains(countries, " "+country+" ") {
		return nil
	}
	c := Candidate{Carrier: Post, Format: "s10", Check: Good, Confidence: 90, Country: country}
	if !s10(n) {
		c.Check = Bad
	}
	if code, ok := postOf[country]; ok {
		c.Carrier = code
	} else {
		c.Name = "Post (" + CountryName(country, language.English) + ")"
	}
	out := []Candidate{c}
	if n[0] == 'E' {
		c.Carrier, c.Name, c.Confidence = "ems", "", 92
		out = append(out, c)
	}
	return out
}
