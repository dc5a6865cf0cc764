package lint

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Words by what they are for, ten languages each. The text is folded: lower case,
// one kind of space, dash and quotation mark, no full-width letters. \b knows ASCII
// only, so that it never stands beside another letter.
var (
	methods = `(?:paypal|pay ?pal|western union|moneygram|bank transfer|wire transfer|zelle|venmo|cash ?app|revolut|bitcoin|crypto(?:currency)?|usdt|alipay|wechat pay|überweisung|paypal freunde|virement(?: bancaire)?|transferencia(?: bancaria)?|bonifico(?: bancario)?|transferência(?: bancária)?|pix\b|银行转账|微信|支付宝|銀行振込|계좌 ?이체|무통장 ?입금|банковск\p{L}+ перевод\p{L}*|на карту)`
	// offPlatform asks for money, or gives it, where the marketplace does not see it.
	offPlatform = regexp.MustCompile(
		`\b(?:pay|paying|payment|send (?:us |me )?(?:the )?money|settle)\b[^.!?\n]{0,30}\b(?:via|through|by|with|using|to (?:our|my))\b[^.!?\n]{0,15}` + methods +
			`|(?:\b(?:zahlen|bezahlen|zahlung)|überweis(?:en|ung))\b[^.!?\n]{0,40}(?:per|mit|über|auf unser|direkt)[^.!?\n]{0,20}(?:` + methods + `|konto)` +
			`|\b(?:payez|payer|réglez|régler|paiement)\b[^.!?\n]{0,30}(?:par|via)[^.!?\n]{0,12}` + methods +
			`|\b(?:pagar|pague|paga|pagando|pago|pagamento|pagare|pagate|paghi)\b[^.!?\n]{0,30}(?:por|con|com|via|mediante|tramite|vía|per)[^.!?\n]{0,12}` + methods +
			`|(?:оплат\p{L}*|заплат\p{L}*|переве\p{L}+)[^.!?\n]{0,30}` + methods +
			`|(?:通过|用|走|使用|加)[^.!?\n]{0,6}` + methods + `[^.!?\n]{0,6}(?:付|转|支付|打款|收款)|微信(?:支付|转账|付款|转给)|支付宝(?:转账|付款|支付)|私下(?:付款|转账|交易|退款|解决)|线下(?:付款|转账|交易|支付)|(?:直接|私下)(?:转账|打款)|平台外(?:付款|交易|支付|转账)` +
			`|(?:銀行振込|直接振込|直接(?:お)?支払)[^.!?\n]{0,8}(?:ください|お願い|して)|サイト外(?:で|の)(?:取引|決済|お?支払)` +
			`|(?:계좌|통장)[^.!?\n]{0,10}(?:입금|이체|송금)[^.!?\n]{0,10}(?:주세요|부탁|바랍)|직거래` +
			`|\b(?:pay|paying|payment|deal|transaction|refund|buy|order)\b[^.!?\n]{0,25}\b(?:outside|off)\b(?: of)?(?: the)? (?:amazon|ebay|platform|marketplace)` +
			`|\b(?:außerhalb|abseits) von (?:amazon|ebay)|\b(?:en dehors d|hors d|fuera de|fuori da|fora d[ao] )\S{0,3} ?(?:amazon|ebay|la plateforme|la plataforma|plataforma)|вне (?:площадки|платформы|amazon|ebay)` +
			`|\b[a-z]{2}[0-9]{2} ?(?:[0-9a-z]{4} ?){3,7}[0-9a-z]{0,4}\b[^.!?\n]{0,0}`)
	// never are the words with which a shop warns of such a thing.
	never = regexp.MustCompile(`\b(?:not|never|don't|cannot|can't|won't|no|nicht|niemals|nie|keine?n?|ne|jamais|pas|nunca|jamás|non|mai|não)\b|(?:^|\P{L})(?:не|никогда)(?:\P{L}|$)|不要|请勿|勿|不会|不能|不得|切勿|无需|ないで|ません|마세요|않|없`)

	promotion = regexp.MustCompile(`\b(?:coupon|promo(?:tion(?:al)?)?|discount|voucher) ?codes?\b|\bcoupons?\b|\b(?:vouchers?|discounts?) (?:for|on|off) your (?:next|future)|\b[0-9]+ ?% (?:off|discount)\b[^.!?\n]{0,20}(?:next|future|website|shop|store)|\bdiscount on (?:your|the) next|\b(?:visit|check out|follow|browse) our (?:own )?(?:online )?(?:shop|store|website|page|other products)|\b(?:buy|order) (?:directly )?(?:from|on|at) our (?:own )?(?:website|online shop|site)|\bsubscribe to our newsletter` +
		`|优惠券|優惠券|优惠码|优惠碼|折扣码|折扣券|代金券|下次(?:购买|下单|购物)[^.!?\n]{0,8}(?:折|优惠|减)|(?:关注|收藏|光临|逛逛|进入)(?:一下)?我们的?(?:店铺|店|网店|官网|公众号)|新品上市|限时(?:优惠|特价|促销)` +
		`|gutschein(?:e|s|code)?|rabatt-?(?:code|gutschein|aktion)|rabatt auf ihre nächste|besuchen sie (?:doch )?unseren? (?:shop|laden|website|online-?shop|webseite)` +
		`|code(?:s)? promo\b|codes? de réduction|bons? de réduction|bon d'achat|remise sur votre prochain|visitez notre (?:boutique|site|magasin)` +
		`|\bcup[oó]n(?:es)?\b|\bc[oó]digos? (?:de descuento|promociona[l]|de desconto)|descuento en (?:su|tu) próxim|vis[ií]t[ea] nuestr[ao] (?:tienda|web|sitio|página)` +
		`|buon[oi] sconto|codic[ei] (?:sconto|promozionale)|sconto sul (?:suo|tuo|vostro) prossimo|visit[ai](?:te)? il nostro (?:negozio|sito|shop)` +
		`|クーポン|割引コード|次回[^.!?\n]{0,12}(?:割引|オフ|%)|(?:当店|弊社)の?(?:サイト|ショップ|ホームページ)(?:を|も)(?:ぜひ|ご覧|ご利用)` +
		`|\bcupo(?:m|ns)\b|desconto na (?:sua )?próxima|visite nossa (?:loja|página)|visite a nossa loja` +
		`|쿠폰|할인 ?코드|다음 ?(?:구매|주문)[^.!?\n]{0,8}할인|저희 ?(?:스토어|쇼핑몰|홈페이지)(?:를|을|도) ?(?:방문|구경)` +
		`|(?:^|[^\p{L}])купон\p{L}*|промокод\p{L}*|скидк\p{L}+ на (?:ваш\p{L}* )?следующ\p{L}+|(?:посетите|заходите в) наш\p{L}* (?:магазин|сайт)`)

	// opinions are what buyers leave: the noun, not "we will review your request".
	opinions = regexp.MustCompile(`\b(?:(?:a|an|the|your|positive|negative|good|bad|great|nice|honest|5[- ]?star|five[- ]star|[0-9] ?stars?|product|customer|amazon|ebay) (?:[a-z-]+ )?)(?:reviews?|feedback|ratings?)\b|\b(?:5|five)[- ]?stars?\b|\breviews? (?:on|for) (?:us|amazon|our|the)|\b(?:for|leave|leaving|write|writing|post|posting) (?:us )?(?:a )?(?:reviews?|feedback|ratings?)\b` +
		`|好评|好評|差评|差評|五星|5 ?星|(?:写|留|给|删除?|修改|更改|撤[销回]|追加|商品|产品|您的|晒图|带图)(?:个|下|我们)?[^.!?\n]{0,3}(?:评价|评论|評價)` +
		`|bewertung(?:en)?\b|rezension(?:en)?\b|(?:fünf|5)[- ]sterne?` +
		`|(?:\b(?:avis|commentaire)|évaluation)s? (?:positi|négati|client|produit|sur|5)|\b(?:un|votre|cet|l')[ ]?(?:avis|évaluation)\b|\b(?:5|cinq) étoiles` +
		`|\b(?:reseñas?|valoraci(?:ón|ones))\b|\b(?:5|cinco) estrellas|\b(?:opini(?:ón|ones)) (?:positiv|negativ|sobre)` +
		`|\brecension[ei]\b|\bvalutazion[ei]\b|\b(?:5|cinque) stelle` +
		`|レビュー|口コミ|高評価|低評価|(?:良い|悪い|高い|星[5五]つ?の?)評価|評価(?:を(?:お|変更|削除|つけ|投稿))` +
		`|\bavaliaç(?:ão|ões)\b|\b(?:5|cinco) estrelas` +
		`|리뷰|후기|별점|평점|별 ?(?:5|다섯) ?개` +
		`|отзыв\p{L}*|(?:5|пять) зв[её]зд|зв[её]зд\p{L}* за`)
	// bribes are worth something and have no other business near an opinion.
	bribes = regexp.MustCompile(`gift ?cards?|\bgifts?\b|\bcoupons?\b|\bvouchers?\b|cash ?back|\brebates?\b|\brewards?\b|\bfree (?:product|item|gift|replacement|sample|of charge)|\bdiscounts?\b|[$€£¥] ?[0-9]+ (?:amazon )?(?:gift|card|cash|credit|via)|\bin (?:exchange|return) for\b` +
		`|返现|返款|红包|礼品(?:卡)?|小礼物|赠品|优惠券|代金券|奖励|送您|赠送|免单|现金` +
		`|geschenk(?:e|karte|gutschein)?|gutschein(?:e|s)?|rabatt|belohn\p{L}+|gratis|kostenlos\p{L}*|prämie|im gegenzug` +
		`|cadeaux?|carte-cadeau|bons? (?:d'achat|de réduction)|remise|récompens\p{L}+|gratuit\p{L}*|en échange|réduction` +
		`|regalos?|tarjeta regalo|cup[oó]n|descuento|recompensa|gratis|a cambio|obsequio|reembolso extra` +
		`|\bregal[oi]\b|buon[oi] (?:sconto|regalo)|omaggio|sconto|premio|ricompensa|in cambio|gratuit[oa]` +
		`|プレゼント|ギフト|クーポン|特典|割引|謝礼|キャッシュバック|無料|進呈|差し上げ` +
		`|brindes?|presente|vale-presente|cupom|desconto|recompensa|grátis|em troca` +
		`|기프트|선물|쿠폰|할인|사은품|적립금|캐시백|무료|증정|상품권` +
		`|подар\p{L}+|купон\p{L}*|скидк\p{L}+|бонус\p{L}*|вознагражд\p{L}+|кэшбэк|бесплатн\p{L}+|в обмен|взамен`)
	// amends are given every day; only as the price of an opinion are they an offence.
	amends = regexp.MustCompile(`\brefund\p{L}*|\bcompensat\p{L}+|\breplacement\b|\bmoney back\b|退款|补偿|賠償|补发|全额|退您|erstatt\p{L}+|rückerstattung|entschädig\p{L}+|rembours\p{L}+|dédommag\p{L}+|reembols\p{L}+|compensaci\p{L}+|rimbors\p{L}+|risarc\p{L}+|返金|補償|환불|보상|возврат\p{L}*|верн[её]м|компенсаци\p{L}+`)

	removal = regexp.MustCompile(`\b(?:remov\p{L}*|delet\p{L}+|chang\p{L}+|revis\p{L}+|updat\p{L}+|edit\p{L}*|withdraw\p{L}*|retract\p{L}*|take down|amend\p{L}*)\b (?:this |the |that |your |a |my )?(?:[a-z0-9-]+ ){0,2}(?:reviews?|feedback|ratings?)\b` +
		`|(?:删除?|删掉|修改|更改|改(?:掉|成|为)?|撤[销回])(?:一?下|了|您的|这条|此|该)*[^.!?\n]{0,3}(?:差评|评价|评论|評價|好评)|(?:差评|评价|评论)(?:[^.,!?\n]{0,4})(?:删除?|删掉|修改|更改|改成|改为|撤[销回])` +
		`|(?:bewertung|rezension)(?:en)?\b[^.!?\n]{0,30}\b(?:zu )?(?:lösch|änder|entfern|zurückzieh|zurücknehm|anpass|anzupass)\p{L}*|(?:lösch|änder|entfern)\p{L}* (?:sie )?(?:bitte )?(?:ihre |die )?(?:negative )?(?:bewertung|rezension)` +
		`|\b(?:supprim\p{L}+|modifi\p{L}+|retir\p{L}+|chang\p{L}+) (?:votre |l'|cet |cette |le |ce )?(?:avis|commentaire|évaluation)` +
		`|\b(?:elimin\p{L}+|borr\p{L}+|modific\p{L}+|cambi\p{L}+|retir\p{L}+|remov\p{L}+|exclu\p{L}+|alter\p{L}+|apag\p{L}+|rimuov\p{L}+|cancell\p{L}+) (?:su |tu |la |sua |a sua |a |il suo |il |esta )*(?:reseña|valoración|opinión|recensione|valutazione|feedback|avaliação|comentario|comentário)` +
		`|(?:レビュー|評価|口コミ)(?:を|の)(?:ご)?(?:削除|変更|修正|訂正|取り消)` +
		`|(?:리뷰|후기|평점|별점)(?:를|을)? ?(?:삭제|수정|변경|내려)` +
		`|(?:удал\p{L}+|измен\p{L}+|исправ\p{L}+|убер\p{L}+|отозв\p{L}+) (?:ваш\p{L}* |сво\p{L}+ |этот |негативн\p{L}+ |плох\p{L}+ )*(?:отзыв|оценк)\p{L}*`)
	praise = regexp.MustCompile(`\b(?:leave|give|write|post|share|giving|leaving|appreciate|grateful for|hope for|rate)\b[^.!?\n]{0,25}\b(?:positive|good|great|nice|excellent|5[- ]?stars?|five[- ]stars?) ?(?:reviews?|feedback|ratings?)?\b|\b(?:positive|5[- ]?stars?|five[- ]stars?) (?:reviews?|feedback|ratings?)\b` +
		`|(?:给|留|写|打|求|点)[^.!?\n]{0,6}(?:好评|好評|五星|5 ?星)|(?:五星|5 ?星)好评|好评返|期待您的好评|全五星` +
		`|positive (?:bewertung|rezension)|(?:5|fünf)[- ]sterne[- ]bewertung|mit (?:5|fünf) sternen` +
		`|\bavis positif|évaluation positive|\b(?:5|cinq) étoiles` +
		`|\b(?:reseña|valoración|opinión) positiva|\b(?:5|cinco) estrellas` +
		`|\b(?:recensione|valutazione) positiva|feedback positivo|\b(?:5|cinque) stelle` +
		`|高評価(?:を|お)|(?:良い|星[5五]つ?の?)(?:評価|レビュー)(?:を|お)|星[5五]` +
		`|\bavaliação positiva|\b(?:5|cinco) estrelas` +
		`|좋은 ?(?:리뷰|후기|평가)|별 ?(?:5|다섯) ?개|긍정적인 ?(?:리뷰|후기|평가)` +
		`|(?:положительн\p{L}+|хорош\p{L}+) (?:отзыв|оценк)\p{L}*|(?:5|пять) зв[её]зд`)
	// asks are what turns an opinion that is there into one that is wanted.
	asks = regexp.MustCompile(`\b(?:if|once|when|after|leave|leaving|write|writing|post|please|in exchange)\b|\b(?:bitte|veuillez|merci de|por favor|per favore|dann|alors|entonces|então|allora)\b|请您?[^.!?\n]{0,8}评|如果|只要|若|请您?(?:给|写|留|删|改)|之后|后|\b(?:wenn|sobald|falls|nachdem)\b|\b(?:si|dès|après|lorsque|cuando|después|se|quando|dopo|após|depois)\b|(?:たら|れば|後に|いただけ)|(?:시면|하면|주시면|후에)|(?:если|после|когда)`)

	markup = regexp.MustCompile(`(?i)</?(?:a|b|i|u|p|br|hr|div|span|img|table|t[rdh]|ul|ol|li|h[1-6]|font|strong|em|style|script|iframe|body|html|head|meta|link|form|input)\b[^<>]*>|&(?:nbsp|amp|lt|gt|quot|#[0-9]{2,6});|\[(?:img|url|b|attachment|file)[^\]]{0,80}\]|!?\[[^\]\n]{1,80}\]\([^)\s]+\)|\bdata:[a-z]+/[a-z0-9.+-]+;base64,|\bcid:[\w.@-]+`)
)

// near is how many letters may stand between an opinion and what is given for it.
const near = 60

// words judges what a text says.
func words(text string, add func(rule, what string)) {
	for _, m := range offPlatform.FindAllStringIndex(text, -1) {
		if !never.MatchString(clause(text, m)) {
			add(Payment, text[m[0]:m[1]])
			break
		}
	}
	if m := bought(text); m != "" {
		add(Incentive, m)
	}
	if m := removal.FindString(text); m != "" {
		add(Removal, m)
	}
	if m := praise.FindString(text); m != "" {
		add(Praise, m)
	}
	if m := promotion.FindString(text); m != "" {
		add(Promotion, m)
	}
}

// clause is the sentence that a match stands in.
func clause(text string, m []int) string {
	from := strings.LastIndexAny(text[:m[0]], ".!?\n;") + 1
	to := len(text)
	if i := strings.IndexAny(text[m[1]:], ".!?\n;"); i >= 0 {
		to = m[1] + i
	}
	return text[from:to]
}

// bought finds an opinion near what is given for it.
func bought(text string) string {
	for _, o := range opinions.FindAllStringIndex(text, -1) {
		for i, rewards := range []*regexp.Regexp{bribes, amends} {
			for _, b := range rewards.FindAllStringIndex(text, -1) {
				from, to := min(o[0], b[0]), max(o[1], b[1])
				between := ""
				if o[1] < b[0] {
					between = text[o[1]:b[0]]
				} else if b[1] < o[0] {
					between = text[b[1]:o[0]]
				}
				if utf8.RuneCountInString(between) > near {
					continue
				}
				if i == 1 && (!asks.MatchString(clause(text, []int{from, to})) || strings.ContainsAny(between, ".!?")) {
					continue
				}
				return text[from:to]
			}
		}
	}
	return ""
}
