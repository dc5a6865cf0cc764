package tracking

import (
	"net/url"
	"strings"
	"unicode"
)

// Carrier is who brings a parcel.
type Carrier struct {
	// Code is the project's own and never changes: "dhl-paket".
	Code string
	// Name is the carrier's own name.
	Name string
	// page is its public tracking page, with %s for the number.
	page string
	// also are other ways in which people and platforms write it.
	also []string
}

// Post is the code of a post that has none of its own.
const Post = "post"

const universalPage = "https://t.17track.net/en#nums=%s"

// carriers are all carriers, in the order in which equal candidates are shown.
var carriers = []Carrier{
	{"ups", "UPS", "https://www.ups.com/track?tracknum=%s", []string{"united parcel service", "upsn"}},
	{"fedex", "FedEx", "https://www.fedex.com/fedextrack/?trknbr=%s", []string{"federal express", "fedex ground", "fedex smartpost", "fedex express", "联邦", "联邦快递"}},
	{"usps", "USPS", "https://tools.usps.com/go/TrackConfirmAction?tLabels=%s", []string{"us postal service", "united states postal service", "美国邮政"}},
	{"dhl", "DHL Express", "https://www.dhl.com/global-en/home/tracking/tracking-express.html?tracking-id=%s", []string{"敦豪", "dhl express worldwide"}},
	{"dhl-ecommerce", "DHL eCommerce", "https://www.dhl.com/global-en/home/tracking.html?tracking-id=%s", []string{"dhl global mail", "dhl e-commerce"}},
	{"dhl-paket", "DHL Paket", "https://www.dhl.de/de/privatkunden/dhl-sendungsverfolgung.html?piececode=%s", []string{"dhl de", "dhl germany", "dhl parcel", "dhl deutschland"}},
	{"dpd", "DPD", "https://www.dpdgroup.com/be/mydpd/my-parcels/track?lang=en&parcelNumber=%s", []string{"dynamic parcel distribution"}},
	{"gls", "GLS", "https://gls-group.com/GROUP/en/parcel-tracking?match=%s", []string{"general logistics systems"}},
	{"hermes", "Hermes / Evri", "https://www.evri.com/track/parcel/%s", []string{"hermes", "evri", "myhermes", "hermes uk"}},
	{"royal-mail", "Royal Mail", "https://www.royalmail.com/track-your-item#/tracking-results/%s", []string{"parcelforce", "英国皇家邮政"}},
	{"la-poste", "La Poste / Colissimo", "https://www.laposte.fr/outils/suivre-vos-envois?code=%s", []string{"la poste", "colissimo", "法国邮政"}},
	{"deutsche-post", "Deutsche Post", "https://www.deutschepost.de/de/s/sendungsverfolgung.html?piececode=%s", []string{"德国邮政", "german post"}},
	{"japan-post", "Japan Post", "https://trackings.post.japanpost.jp/services/srv/search/direct?reqCodeNo1=%s&locale=en", []string{"yu-pack", "日本邮政", "日本郵便"}},
	{"correios", "Correios", "https://rastreamento.correios.com.br/app/index.php?objetos=%s", []string{"correios brazil", "brazil post", "巴西邮政"}},
	{"china-post", "China Post", universalPage, []string{"中国邮政", "chinapost", "china post registered"}},
	{"ems", "EMS", universalPage, []string{"express mail service", "china ems", "邮政特快", "邮政速递"}},
	{Post, "Post", universalPage, []string{"postal service", "s10"}},
	{"canada-post", "Canada Post", "https://www.canadapost-postescanada.ca/track-reperage/en#/search?searchFor=%s", []string{"postes canada", "加拿大邮政"}},
	{"purolator", "Purolator", "https://www.purolator.com/en/shipping/tracker?pin=%s", nil},
	{"ontrac", "OnTrac", "https://www.ontrac.com/tracking/?number=%s", nil},
	{"lasership", "LaserShip", "https://www.ontrac.com/tracking/?number=%s", []string{"laser ship"}},
	{"amazon", "Amazon Logistics", "https://track.amazon.com/tracking/%s", []string{"amazon shipping", "amzl", "amzl us", "亚马逊物流"}},
	{"yunexpress", "YunExpress", "https://www.yuntrack.com/parcelTracking?id=%s", []string{"yun express", "云途", "云途物流"}},
	{"sf", "SF Express", "https://www.sf-international.com/us/en/dynamic_function/waybill/#search/bill-number/%s", []string{"shunfeng", "顺丰", "顺丰速运"}},
	{"4px", "4PX", "https://track.4px.com/#/result/0/%s", []string{"4px express", "递四方"}},
	{"yanwen", "Yanwen", "https://track.yw56.com.cn/en/querydel?nums=%s", []string{"yanwen express", "燕文", "燕文物流"}},
	{"cainiao", "Cainiao", "https://global.cainiao.com/newDetail.htm?mailNoList=%s", []string{"aliexpress standard shipping", "菜鸟"}},
	{"gofo", "GOFO", "https://www.gofoexpress.com/tracking.html?searchID=%s", []string{"gofo express"}},
	{"yodel", "Yodel", "https://www.yodel.co.uk/tracking/%s", nil},
	{"landmark", "Landmark Global", "https://track.landmarkglobal.com/?search=%s", nil},
	{"old-dominion", "Old Dominion", "https://www.odfl.com/us/en/tools/trace-track-ltl-freight/trace.html?proNumbers=%s", []string{"old dominion freight line", "odfl"}},
	{"canpar", "Canpar", "https://www.canpar.com/en/tracking/track.htm?barcode=%s", nil},
	{"speedee", "Spee-Dee", "https://www.speedeedelivery.com/track/?tracking=%s", []string{"spee-dee delivery", "spee dee"}},
	{"yto", "YTO Express", universalPage, []string{"yto", "圆通", "圆通速递"}},
	{"jt", "J&T Express", universalPage, []string{"jt express", "jnt", "极兔"}},
}

var (
	byCode = map[string]int{}
	byWord = words()
)

func words() map[string]int {
	out := map[string]int{}
	for i, c := range carriers {
		byCode[c.Code] = i
		out[fold(c.Code)] = i
		out[fold(c.Name)] = i
		for _, w := range c.also {
			out[fold(w)] = i
		}
	}
	return out
}

// fold leaves letters and digits only, in small letters.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// Codes are the codes of all carriers.
func Codes() []string {
	out := make([]string, len(carriers))
	for i, c := range carriers {
		out[i] = c.Code
	}
	return out
}

// Find finds a carrier by its code, its name, or another way in which it is
// written: "DHL Express", "royalmail", "顺丰".
func Find(word string) (Carrier, bool) {
	i, ok := byWord[fold(Normalise(word))]
	if !ok {
		i, ok = byWord[fold(word)]
	}
	if !ok {
		return Carrier{}, false
	}
	return carriers[i], true
}

// Page is the carrier's public page for a number; empty for a carrier that is
// not known.
func Page(code, number string) string {
	i, ok := byCode[code]
	if !ok || number == "" {
		return ""
	}
	return strings.Replace(carriers[i].page, "%s", url.QueryEscape(number), 1)
}
