package sandbox

import (
	"encoding/json"
	"fmt"
	"strconv"

	"helloworld/connectors"
)

// text is a scalar as a string: ids and amounts may come as numbers, too.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case int64:
		return strconv.FormatInt(v, 10)
	case float64: // a literal in a document, such as amount: 12.5
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

func number(v any) int {
	n, err := strconv.Atoi(text(v))
	if err != nil {
		return 0
	}
	return n
}

// objects reads a list of input objects; a single one counts as a list of one.
func objects(v any) []map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return []map[string]any{v}
	case []map[string]any:
		return v
	case []any:
		var all []map[string]any
		for _, one := range v {
			if o, ok := one.(map[string]any); ok {
				all = append(all, o)
			}
		}
		return all
	}
	return nil
}

func list[T any](in []T, f func(int, T) *object) []any {
	out := make([]any, 0, len(in))
	for i, v := range in {
		out = append(out, f(i, v))
	}
	return out
}

func anys[T any](in []T) []any {
	out := make([]any, 0, len(in))
	for _, v := range in {
		out = append(out, v)
	}
	return out
}

// minor reads an amount in the order's currency.
func (o *order) minor(v string) (int64, error) {
	money, err := connectors.ParseMoney(v, o.currency)
	return money.Minor, err
}
