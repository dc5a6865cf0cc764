package sandbox

import (
	"slices"
	"strconv"
)

// connect makes a connection of a list that does not change while it is paged.
func connect[T any](a args, in []T, name string, f func(T) *object) (any, error) {
	lo, hi := 0, len(in)
	if back, _ := a["reverse"].(bool); back {
		in = slices.Clone(in)
		slices.Reverse(in)
	}
	for arg, bound := range map[string]*int{"after": &lo, "before": &hi} {
		if v := text(a[arg]); v != "" {
			var n int
			if !uncursor(v, &n) {
				return nil, errCursor
			}
			if *bound = min(max(n, 0), len(in)); arg == "after" {
				*bound = min(*bound+1, len(in))
			}
		}
	}
	return window(a, in, lo, max(lo, hi), name, f, func(i int, _ T) string { return cursor(i) })
}

// pageSize is how many of a list are wanted, and whether it is the last of them.
func pageSize(a args) (n int, last bool, err error) {
	_, hasFirst := a["first"]
	_, hasLast := a["last"]
	n = number(a["first"])
	if hasLast {
		n = number(a["last"])
	}
	switch {
	case hasFirst == hasLast:
		return 0, false, &gqlError{"you must provide one of first or last", "BAD_REQUEST", ""}
	case n > 250:
		return 0, false, &gqlError{strconv.Itoa(n) + " is more than the 250 that one page can have", "BAD_REQUEST", ""}
	case n < 1:
		return 0, false, &gqlError{"first and last must be greater than zero", "BAD_REQUEST", ""}
	}
	return n, hasLast, nil
}

// window takes the first or last so many between two places.
func window[T any](a args, in []T, lo, hi int, name string, f func(T) *object, cur func(int, T) string) (any, error) {
	n, last, err := pageSize(a)
	if err != nil {
		return nil, err
	}
	from, to := lo, min(hi, lo+n)
	if last {
		from, to = max(lo, hi-n), hi
	}
	return connection(name, in[from:to], f, func(i int, v T) string { return cur(from+i, v) }, m{"hasNextPage": to < len(in), "hasPreviousPage": from > 0}), nil
}

// connection is a page of a list.
func connection[T any](name string, page []T, f func(T) *object, cur func(int, T) string, info m) *object {
	return &object{name + "Connection", func(field string, _ args) (any, error) {
		switch field {
		case "nodes":
			return list(page, func(_ int, v T) *object { return f(v) }), nil
		case "edges":
			return list(page, func(i int, v T) *object {
				return &object{name + "Edge", func(g string, _ args) (any, error) {
					if g == "cursor" {
						return cur(i, v), nil
					}
					return f(v), nil
				}}
			}), nil
		}
		if len(page) > 0 {
			info["startCursor"], info["endCursor"] = cur(0, page[0]), cur(len(page)-1, page[len(page)-1])
		}
		return fieldsOf("PageInfo", info), nil
	}}
}
