package translate

import "strings"

// ordered are the facts that change what is promised when two of them change
// places.
var ordered = []fact{factMoney, factDate, factNumber, factOrder, factCode}

// checkOrder looks for two facts of one kind that have changed places: 5.00 is
// paid and 19.90 kept, or the other way round. Another language may well put them
// in another order, so that a person has to look; nobody else can tell.
func checkOrder(text string, spans []span) []Finding {
	var out []Finding
	for _, kind := range ordered {
		last, at := "", -1
		for _, s := range spans {
			if s.kind != kind || s.text == last {
				continue
			}
			i := strings.Index(text, s.text)
			if i < 0 {
				continue
			}
			if i < at {
				out = append(out, Finding{Review, codeFactsSwapped, s.text + " ↔ " + last})
			}
			last, at = s.text, i
		}
	}
	return out
}
