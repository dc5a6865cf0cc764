package commands

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/i18n"
)

// whisperAll answers with several cards at once.
func (c *Call) whisperAll(cards []chat.Card) error {
	return c.commit(func(tx *store.Tx) error { return c.Desk.WhisperAll(tx, c.Event, cards) })
}

// readOrders reads a list as people write it: a table, or order numbers with what
// is wanted of all of them behind.
func readOrders(c *Call, text string, reason connectors.RefundReason) ([]bot.BatchWish, error) {
	text = strings.TrimSpace(strings.TrimPrefix(strings.ReplaceAll(text, "\r\n", "\n"), "\ufeff"))
	if first, _, _ := strings.Cut(text, "\n"); isTable(first) {
		return readTable(c, text, want{Reason: reason}), nil
	}
	var out []bot.BatchWish
	rest := text
	for rest != "" {
		i := strings.IndexAny(rest, " \t\n,，;；、")
		if i < 0 {
			i = len(rest)
		}
		word := rest[:i]
		if !isOrder(word, rest[i:]) {
			break
		}
		out = append(out, bot.BatchWish{Line: len(out) + 1, Order: narrow(word)})
		rest = strings.TrimLeft(rest[i:], " \t\n\r,，;；、")
	}
	w, err := readWant(c.P, strings.Join(strings.Fields(rest), " "))
	if err != nil {
		return nil, err
	}
	if w.Reason == "" {
		w.Reason = reason
	}
	if len(w.Lines) > 0 {
		return nil, i18n.NewProblem(nil, "refund.lines_bad", "got", clip(rest, 40))
	}
	for i := range out {
		fillWish(c, &out[i], w, "")
	}
	return out, nil
}

// isOrder tells whether a word of a list is an order's number, and not the sum that
// is wanted of each.
func isOrder(word, after string) bool {
	w := narrow(word)
	if _, _, ok := readOrder(w, ""); !ok {
		return false
	}
	number, cur := cutCurrency(w)
	if !isFigure(number) {
		return true
	}
	next, _ := cutWord(strings.TrimSpace(after))
	n, c := cutCurrency(narrow(next))
	return cur == "" && !strings.ContainsAny(number, ".,") && (n != "" || c == "")
}

// fillWish says of a row what is wanted. currency is what stands beside the sum.
func fillWish(c *Call, out *bot.BatchWish, w want, currency string) {
	out.Reason, out.Note, out.Goods = w.Reason, w.Note, w.Goods
	out.Parts.Shipping, out.Parts.Tax, out.Parts.Restock = w.Shipping, w.Tax, w.Restock
	if w.Credit {
		out.Method = connectors.StoreCredit
	}
	err := error(nil)
	if w.Amount != "" {
		out.Parts.Amount, err = rowAmount(c, out.Order, w.Amount, currency)
	}
	if err == nil && out.Reason == "" {
		err = i18n.NewProblem(nil, "batch.no_reason")
	}
	if err != nil {
		out.Why, _ = bot.WordsOf(err)
	}
}

// rowAmount reads a row's sum. The currency stands beside it, or in its column, or is
// known of the order.
func rowAmount(c *Call, order, amount, currency string) (connectors.Money, error) {
	_, sign := cutCurrency(narrow(amount))
	known := currency
	if known == "" {
		if isCurrency(sign) {
			known = sign
		} else if of := signs[sign]; len(of) == 1 {
			known = of[0]
		} else {
			known = c.Desk.CurrencyOf(c.Ctx, c.Who, order)
		}
	}
	if known == "" {
		return connectors.Money{}, i18n.NewProblem(nil, "batch.no_currency", "got", clip(amount, 40))
	}
	m, err := ParseAmount(amount, known)
	if err == nil && m.Minor <= 0 {
		err = i18n.NewProblem(nil, "amount.bad", "got", clip(amount, 40), "currency", known)
	}
	return m, err
}

// columns are what a table's first line may call them.
var columns = map[string][]string{
	"order":    {"order", "order number", "order no", "order no.", "order id", "order_id", "ordernumber", "订单", "订单号", "订单编号"},
	"store":    {"store", "shop", "店铺"},
	"amount":   {"amount", "sum", "refund", "refund amount", "金额", "退款金额"},
	"currency": {"currency", "币种", "货币"},
	"reason":   {"reason", "原因", "退款原因"},
	"note":     {"note", "comment", "remark", "备注", "说明"},
}

// usualColumns is their order where no first line says it.
var usualColumns = []string{"order", "amount", "currency", "reason", "note"}

func columnOf(cell string) string {
	cell = strings.ToLower(strings.TrimSpace(narrow(cell)))
	for name, all := range columns {
		for _, w := range all {
			if cell == w {
				return name
			}
		}
	}
	return ""
}

// isTable tells whether a list's first line is one of a table.
func isTable(line string) bool {
	cells := strings.Split(line, string(delimiter(line)))
	if columnOf(strings.Trim(cells[0], `"`)) != "" {
		return true
	}
	if len(cells) < 2 {
		return false
	}
	// Numbers with commas between them are a list: 1234, 1235.
	second := strings.Trim(strings.TrimSpace(cells[1]), `"`)
	if second == "" || !isOrder(strings.Trim(cells[0], `"`), "") {
		return len(cells) > 2
	}
	return !isOrder(second, "") || len(cells) > 2 && cutsCurrency(cells[2])
}

func cutsCurrency(cell string) bool {
	n, c := cutCurrency(strings.Trim(strings.TrimSpace(narrow(cell)), `"`))
	return n == "" && c != ""
}

// delimiter is what stands between a table's cells.
func delimiter(line string) rune {
	for _, r := range "\t;," {
		if strings.ContainsRune(line, r) {
			return r
		}
	}
	return ','
}

// workbooks are how the files of spreadsheets begin, the new ones and the old.
var workbooks = [][]byte{[]byte("PK\x03\x04"), []byte("\xd0\xcf\x11\xe0")}

// decodeTable makes text of a file: tables from China are often not in UTF-8, and
// Excel's "Unicode text" is UTF-16, which its first two bytes tell.
func decodeTable(data []byte) (string, error) {
	for _, begin := range workbooks {
		if bytes.HasPrefix(data, begin) {
			return "", i18n.NewProblem(nil, "batch.workbook")
		}
	}
	decoder := simplifiedchinese.GB18030.NewDecoder()
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		decoder = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()
	} else if utf8.Valid(data) {
		return string(data), nil
	}
	text, err := decoder.Bytes(data)
	if err != nil {
		text = data
	}
	return strings.ToValidUTF8(string(text), "\ufffd"), nil
}

// readTable reads a table's rows. What is wrong with one is written into it.
func readTable(c *Call, text string, w want) (out []bot.BatchWish) {
	text = strings.TrimPrefix(text, "\ufeff")
	lead := len(text) - len(strings.TrimLeft(text, "\r\n"))
	skipped := strings.Count(text[:lead], "\n")
	text = text[lead:]
	first, _, _ := strings.Cut(text, "\n")
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = delimiter(first), -1, true
	r.TrimLeadingSpace = r.Comma != '\t' // a tab is space too: an empty cell would be gone, and the next one in its place
	names := usualColumns
	for n := 0; len(out) <= bot.BatchMost; n++ {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			why, _ := bot.WordsOf(i18n.NewProblem(nil, "batch.bad_cells"))
			out = append(out, bot.BatchWish{Line: skipped + bad.StartLine, Why: why})
			continue
		}
		if err != nil {
			break // a string does not fail
		}
		line, _ := r.FieldPos(0)
		if n == 0 && columnOf(cells[0]) != "" {
			names = nil
			for _, cell := range cells {
				names = append(names, columnOf(cell))
			}
			continue
		}
		if wish, ok := readCells(c, names, cells, w); ok {
			wish.Line = skipped + line
			out = append(out, wish)
		}
	}
	return out
}

// readCells reads a row of a table; ok is false for one that is empty.
func readCells(c *Call, names, cells []string, w want) (out bot.BatchWish, ok bool) {
	at := map[string]string{}
	for i, cell := range cells {
		if cell = strings.TrimSpace(cell); i < len(names) && names[i] != "" && cell != "" {
			at[names[i]] = cell
			ok = true
		}
	}
	if !ok {
		return out, false
	}
	bad := func(key i18n.Key, args ...any) (bot.BatchWish, bool) {
		out.Why, _ = bot.WordsOf(i18n.NewProblem(nil, key, args...))
		return out, true
	}
	if out.Order = clip(narrow(at["order"]), 60); out.Order == "" {
		return bad("batch.no_order")
	}
	if _, _, is := readOrder(out.Order, ""); !is {
		return bad("batch.bad_order", "got", out.Order)
	}
	if s := at["store"]; s != "" && !strings.Contains(out.Order, "#") {
		out.Order = strings.ToLower(narrow(s)) + "#" + out.Order
	}
	currency := strings.ToUpper(narrow(at["currency"]))
	if currency != "" {
		if of := signs[currency]; len(of) == 1 {
			currency = of[0]
		}
		if !isCurrency(currency) {
			return bad("batch.bad_currency", "got", clip(currency, 20))
		}
	}
	w.Amount, w.Note = narrow(at["amount"]), at["note"]
	if slicesHas(whole, w.Amount) {
		w.Amount = ""
	}
	if _, sign := cutCurrency(w.Amount); sign != "" && currency != "" && sign != currency && !slicesHas(signs[sign], currency) {
		return bad("batch.two_currencies", "one", sign, "other", currency)
	}
	if r := at["reason"]; r != "" {
		reason, is := readReason(c.P, strings.ReplaceAll(narrow(r), " ", "_"))
		if !is {
			out.Why = badReason(clip(r, 40))
			return out, true
		}
		w.Reason = reason
	}
	fillWish(c, &out, w, currency)
	return out, true
}

// badReason says in every language which reasons there are in it.
func badReason(got string) bot.Words {
	out := bot.Words{}
	for _, tag := range i18n.Langs() {
		p := i18n.For(tag)
		out[p.Lang().String()] = p.T("batch.bad_reason", "got", got, "all", reasonList(p))
	}
	return out
}

func slicesHas(all []string, s string) bool {
	for _, x := range all {
		if strings.EqualFold(x, s) {
			return true
		}
	}
	return false
}
