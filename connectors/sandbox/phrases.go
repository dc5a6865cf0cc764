package sandbox

import "strings"

// phrases are what buyers ask, in the words that phrase books know.
var phrases = map[string][]string{
	"de": {
		"Wo ist meine Bestellung {order}?",
		"Der Artikel ist defekt, ich möchte eine Rückerstattung.",
		"Der Artikel kam beschädigt an.",
		"Ich habe den falschen Artikel erhalten.",
		"Wann wird meine Bestellung geliefert?",
		"Kann ich die Bestellung {order} noch stornieren?",
		"Bitte senden Sie mir ein Rücksendeetikett.",
	},
	"ja": {
		"商品に不具合があるため、返金を希望します。",
		"注文{order}はいつ届きますか？",
		"届いた商品が破損していました。",
		"違う商品が届きました。",
		"返品ラベルを送っていただけますか？",
	},
	"en": {
		"Item defective, request refund",
		"Where is my order {order}?",
		"The item arrived damaged.",
		"I received the wrong item.",
		"Can I still cancel order {order}?",
		"Please send me a return label.",
	},
}

// thanks and waiting are what buyers say after an answer.
var (
	thanks  = map[string]string{"de": "Vielen Dank für Ihre Hilfe.", "ja": "ありがとうございました。", "en": "Thank you for your help."}
	waiting = map[string]string{
		"de": "Ich warte leider immer noch. Wann wird meine Bestellung geliefert?",
		"ja": "まだ待っています。注文{order}はいつ届きますか？",
		"en": "I am still waiting. Where is my order {order}?",
	}
)

// free are messages that no phrase book covers: ordinary, with emoji, and long.
var free = map[string][]string{
	"de": {
		"Guten Tag, ich hatte die Lampe als Geschenk für meine Nichte gedacht. Jetzt passt der Stecker nicht in ihre Steckdose, und ich weiß nicht, ob es dafür einen Adapter gibt. Können Sie mir einen Rat geben?",
		"Super schnell angekommen, danke! 😊📦 Leider fehlt der zweite Becher 😢 Schicken Sie ihn noch nach? 🙏",
		long("Guten Tag, ich schreibe Ihnen wegen meiner Bestellung {order} und hole etwas weiter aus, damit Sie alles nachvollziehen können.",
			"Am Montag kam der Paketbote, als ich bei der Arbeit war, und gab das Paket bei einem Nachbarn ab, den ich kaum kenne.",
			"Am Dienstag war der Nachbar verreist, sodass ich erst am Donnerstag an das Paket kam, und da war der Karton an einer Ecke eingedrückt.",
			"Innen lag alles in Papier, aber ein Teil klapperte, und beim Anschließen blieb das Gerät dunkel.",
			"Ich habe die Anleitung zweimal gelesen, eine andere Steckdose versucht und auch die Sicherung geprüft."),
	},
	"ja": {
		"お世話になっております。母へのプレゼントとして購入しましたが、色が写真と少し違うように感じます。交換は可能でしょうか。",
		"とても早く届きました！😊📦 ただ、説明書が入っていませんでした😢 送っていただけますか？🙏",
		long("お世話になっております。注文{order}の件でご連絡いたしました。少し長くなりますが、経緯を説明させてください。",
			"月曜日に配達の方が来られましたが、私は仕事で留守にしており、荷物は管理人さんに預けられました。",
			"水曜日にようやく受け取ったところ、箱の角がつぶれていて、中の緩衝材も片側に寄っていました。",
			"電源を入れてみましたが、ランプが点かず、別のコンセントでも試しましたが結果は同じでした。",
			"説明書も二度読み返しましたが、原因が分かりません。"),
	},
	"en": {
		"Hello, I bought this for my sister and she already has the same one. It has not been opened and the seal is intact. Would you take it back if I pay for the postage myself?",
		"Arrived super fast, thanks! 😊📦 Sadly one of the two mugs is missing 😢 Could you send it on? 🙏",
		long("Hello, I am writing about my order {order} and will start a little earlier so that you can follow what happened.",
			"On Monday the courier came while I was at work and left the parcel with a neighbour whom I hardly know.",
			"The neighbour was away on Tuesday, so I only got the parcel on Thursday, and by then one corner of the box was crushed.",
			"Everything inside was wrapped in paper, but one part rattled, and when I plugged it in the light stayed dark.",
			"I have read the manual twice, tried another socket and checked the fuse as well."),
	},
}

// long repeats a story until nobody calls it short: more than 1,500 characters.
func long(opening string, story ...string) string {
	var b strings.Builder
	b.WriteString(opening)
	for i := 0; len([]rune(b.String())) < 1520; i++ {
		b.WriteByte(' ')
		if i%len(story) == 0 {
			b.WriteByte('\n')
		}
		b.WriteString(story[i%len(story)])
	}
	return b.String()
}

// fill puts the order's number into a text.
func fill(text, number string) string { return strings.ReplaceAll(text, "{order}", number) }

// subjects are what buyers' mails are about.
var subjects = map[string]string{"de": "Frage zur Bestellung {order}", "ja": "注文{order}についてのお問い合わせ", "en": "Question about order {order}"}
