package sandbox

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

var (
	//go:embed schema.graphql
	schemaOrders string
	//go:embed schema_shops.graphql
	schemaShops string
	//go:embed schema_words.graphql
	schemaWords string

	schemaText = schemaOrders + schemaShops + schemaWords
)

// graph is Shopify's GraphQL: a schema, and the documents that it has read.
type graph struct {
	schema *ast.Schema
	rules  *rules.Rules
	mu     sync.Mutex
	docs   map[string]*ast.QueryDocument
}

func newGraph() (*graph, error) {
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: schemaText})
	if err != nil {
		return nil, fmt.Errorf("the schema is wrong: %w", err)
	}
	return &graph{schema: schema, rules: rules.NewDefaultRules(), docs: map[string]*ast.QueryDocument{}}, nil
}

// query is a request whose document is valid.
type query struct {
	doc  *ast.QueryDocument
	op   *ast.OperationDefinition
	vars map[string]any
}

// read parses and validates a request.
func (g *graph) read(c *call) (*query, *reply) {
	fail := func(status int, v any) (*query, *reply) { r := jsonReply(status, v); return nil, &r }
	var in struct {
		Query     string         `json:"query"`
		Operation string         `json:"operationName"`
		Variables map[string]any `json:"variables"`
	}
	if strings.HasPrefix(c.Header.Get("Content-Type"), "application/graphql") {
		in.Query = string(c.body)
	} else if err := decode(c.body, &in); err != nil {
		return fail(http.StatusBadRequest, m{"errors": m{"query": "Required parameter missing or invalid"}})
	}
	if in.Query == "" {
		return fail(http.StatusBadRequest, m{"errors": m{"query": "Required parameter missing or invalid"}})
	}
	doc, errs := g.document(in.Query)
	if errs != nil {
		return fail(http.StatusOK, m{"errors": wireErrors(errs)})
	}
	op := doc.Operations.ForName(in.Operation)
	if op == nil {
		return fail(http.StatusOK, m{"errors": []m{{"message": "An operation name is required"}}})
	}
	vars, err := validator.VariableValues(g.schema, op, in.Variables)
	if err != nil {
		return fail(http.StatusOK, m{"errors": []m{{"message": "Variable is invalid: " + err.Error(), "extensions": m{"code": "INVALID_VARIABLE"}}}})
	}
	return &query{doc, op, vars}, nil
}

// document parses and validates a text, or remembers that it did.
func (g *graph) document(text string) (*ast.QueryDocument, gqlerror.List) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if doc := g.docs[text]; doc != nil {
		return doc, nil
	}
	doc, errs := gqlparser.LoadQueryWithRules(g.schema, text, g.rules)
	if len(errs) > 0 {
		return nil, errs
	}
	if len(g.docs) > 500 {
		clear(g.docs)
	}
	g.docs[text] = doc
	return doc, nil
}

func wireErrors(errs gqlerror.List) []m {
	var all []m
	for _, e := range errs {
		one := m{"message": e.Message, "extensions": m{"code": "undefinedField"}}
		if e.Rule != "FieldsOnCorrectType" {
			one["extensions"] = m{"code": "argumentLiteralsIncompatible"}
		}
		if len(e.Locations) > 0 {
			one["locations"] = e.Locations
		}
		all = append(all, one)
	}
	return all
}

// kind is the operation's name in the ledger and for faults.
func (q *query) kind() string {
	kind := "health"
	for _, sel := range q.op.SelectionSet {
		f, ok := sel.(*ast.Field)
		if !ok {
			continue
		}
		switch f.Name {
		case "refundCreate":
			return "refund"
		case "inventorySetQuantities":
			return "stock"
		case "fulfillmentCreate":
			return "ship"
		case "returnApproveRequest", "returnDeclineRequest", "returnProcess", "returnClose":
			return "decide"
		case "webhookSubscriptionCreate", "webhookSubscriptionUpdate", "webhookSubscriptionDelete":
			return "subscribe"
		case "bulkOperationRunQuery", "bulkOperationCancel":
			return "bulk"
		case "productVariants", "productVariant", "products", "product", "inventoryItem", "inventoryItems", "inventoryLevel", "locations", "location":
			kind = "items"
		case "return":
			kind = "return"
		case "webhookSubscriptions", "webhookSubscription":
			kind = "subscriptions"
		case "bulkOperation", "bulkOperations", "currentBulkOperation":
			kind = "bulkstate"
		case "orders", "ordersCount":
			kind = "orders"
		case "order", "orderByIdentifier", "node", "nodes", "customer", "fulfillmentOrder", "fulfillment":
			kind = "order"
		}
	}
	return kind
}

type (
	args map[string]any
	// object is a value of an object type: its name, and how to get its fields.
	object struct {
		name string
		get  func(field string, a args) (any, error)
	}
	pair struct {
		key   string
		value any
	}
	// ordered is an object whose fields stay in the order in which they were asked for.
	ordered  []pair
	gqlError struct{ message, code, access string }
)

func (e *gqlError) Error() string { return e.message }

func denied(field, scope string) error {
	return &gqlError{"Access denied for " + field + " field.", "ACCESS_DENIED", "`" + scope + "` access scope."}
}

// exec is one execution. Whoever makes it holds the store's lock.
type exec struct {
	w     *World
	s     *store
	q     *query
	g     *graph
	base  string
	errs  []m
	warn  []m
	nodes int
	// key is the idempotency key of the mutation's field that is executed now.
	key    string
	hasKey bool
	// apart, if set, takes the fields that are connections out of an object.
	apart func(*ast.Field)
}

func (g *graph) run(w *World, c *call, q *query) reply {
	x := &exec{w: w, s: c.s, q: q, g: g, base: w.base(c.Request)}
	cost := x.cost(q.op.SelectionSet)
	left, delay := c.s.limits.spend("points", pointsRate, pointsMost, cost, w.now())
	spent := m{"requestedQueryCost": int(cost), "actualQueryCost": nil, "throttleStatus": m{"maximumAvailable": pointsMost, "currentlyAvailable": int(left), "restoreRate": pointsRate}}
	if delay > 0 {
		return jsonReply(http.StatusOK, m{"errors": []m{throttledError()}, "extensions": m{"cost": spent}})
	}
	c.s.mu.Lock()
	c.s.ripen()
	root := &object{"QueryRoot", x.root}
	if q.op.Operation == ast.Mutation {
		root = &object{"Mutation", x.mutation}
	}
	data, ok := x.fields(root, []ast.SelectionSet{q.op.SelectionSet}, nil)
	c.s.mu.Unlock()
	spent["actualQueryCost"] = min(int(cost), x.nodes+1)
	ext := m{"cost": spent}
	if x.warn != nil {
		ext["search"] = x.warn
	}
	out := ordered{{"data", data}}
	if !ok {
		out = ordered{{"data", nil}}
	}
	if x.errs != nil {
		out = append(out, pair{"errors", x.errs})
	}
	var b bytes.Buffer
	if err := encode(&b, append(out, pair{"extensions", ext})); err != nil { // cannot happen: only plain values come here
		return shopifyRefusal(Error500)
	}
	return reply{status: http.StatusOK, kind: "application/json; charset=utf-8", body: b.Bytes()}
}

// cost is a rough reckoning of Shopify's points, never above its limit.
func (x *exec) cost(sels ast.SelectionSet) float64 {
	var walk func(sels ast.SelectionSet, depth int) float64
	walk = func(sels ast.SelectionSet, depth int) (n float64) {
		for _, sel := range sels {
			switch sel := sel.(type) {
			case *ast.FragmentSpread:
				n += walk(sel.Definition.SelectionSet, depth)
			case *ast.InlineFragment:
				n += walk(sel.SelectionSet, depth)
			case *ast.Field:
				if sel.ObjectDefinition.Name == "Mutation" {
					n += 10
				}
				if len(sel.SelectionSet) == 0 {
					continue
				}
				if a := sel.Arguments.ForName("first"); a != nil {
					n += 2
				}
				n += 1 + walk(sel.SelectionSet, depth+1)
			}
		}
		return n
	}
	return min(walk(sels, 0), 1000)
}

// group is all selections of one response key.
type group struct {
	key    string
	fields []*ast.Field
}

func (x *exec) collect(on string, sels ast.SelectionSet, into []*group) []*group {
	for _, sel := range sels {
		switch sel := sel.(type) {
		case *ast.Field:
			if x.skipped(sel.Directives) {
				continue
			}
			i := slices.IndexFunc(into, func(g *group) bool { return g.key == sel.Alias })
			if i < 0 {
				into, i = append(into, &group{key: sel.Alias}), len(into)
			}
			into[i].fields = append(into[i].fields, sel)
		case *ast.FragmentSpread:
			if !x.skipped(sel.Directives) && x.applies(sel.Definition.TypeCondition, on) {
				into = x.collect(on, sel.Definition.SelectionSet, into)
			}
		case *ast.InlineFragment:
			if !x.skipped(sel.Directives) && (sel.TypeCondition == "" || x.applies(sel.TypeCondition, on)) {
				into = x.collect(on, sel.SelectionSet, into)
			}
		}
	}
	return into
}

func (x *exec) applies(condition, on string) bool {
	if condition == on {
		return true
	}
	return slices.ContainsFunc(x.g.schema.PossibleTypes[condition], func(d *ast.Definition) bool { return d.Name == on })
}

// skipped tells what @skip and @include say.
func (x *exec) skipped(dirs ast.DirectiveList) bool {
	on := func(name string) (value, there bool) {
		d := dirs.ForName(name)
		if d == nil {
			return false, false
		}
		v, err := d.Arguments.ForName("if").Value.Value(x.q.vars)
		b, _ := v.(bool)
		return b && err == nil, true
	}
	skip, _ := on("skip")
	include, there := on("include")
	return skip || there && !include
}

// arguments are a field's arguments; an absent one is absent, not null.
func (x *exec) arguments(f *ast.Field) (args, error) {
	a := args{}
	for _, def := range f.Definition.Arguments {
		if given := f.Arguments.ForName(def.Name); given != nil {
			if given.Value.Kind == ast.Variable {
				if v, ok := x.q.vars[given.Value.Raw]; ok {
					a[def.Name] = v
					continue
				}
			} else {
				v, err := given.Value.Value(x.q.vars)
				if err != nil {
					return nil, &gqlError{"Argument " + def.Name + " is invalid", "argumentLiteralsIncompatible", ""}
				}
				a[def.Name] = v
				continue
			}
		}
		if def.DefaultValue != nil {
			v, err := def.DefaultValue.Value(nil)
			if err != nil {
				return nil, fmt.Errorf("default of %s: %w", def.Name, err)
			}
			a[def.Name] = v
		}
	}
	return a, nil
}

func (x *exec) fields(o *object, sets []ast.SelectionSet, path []any) (ordered, bool) {
	var groups []*group
	for _, set := range sets {
		groups = x.collect(o.name, set, groups)
	}
	out := make(ordered, 0, len(groups))
	for _, g := range groups {
		f := g.fields[0]
		if f.Name == "__typename" {
			out = append(out, pair{g.key, o.name})
			continue
		}
		if x.apart != nil && strings.HasSuffix(f.Definition.Type.Name(), "Connection") {
			x.apart(f)
			continue
		}
		at := append(slices.Clone(path), g.key)
		v, err := x.value(o, f)
		if err != nil {
			x.fail(err, at)
			v = nil
		}
		done, ok := x.complete(f.Definition.Type, v, g.fields, at, err != nil)
		if !ok {
			return nil, false
		}
		out = append(out, pair{g.key, done})
	}
	return out, true
}

func (x *exec) value(o *object, f *ast.Field) (any, error) {
	if strings.HasPrefix(f.Name, "__") {
		return nil, &gqlError{"This shop does not describe itself", "BAD_REQUEST", ""}
	}
	x.key, x.hasKey = "", false
	if d := f.Directives.ForName("idempotent"); d != nil {
		v, err := d.Arguments.ForName("key").Value.Value(x.q.vars)
		if err != nil {
			return nil, &gqlError{"The idempotency key is invalid", "BAD_REQUEST", ""}
		}
		x.key, x.hasKey = text(v), true
	}
	a, err := x.arguments(f)
	if err != nil {
		return nil, err
	}
	return o.get(f.Name, a)
}

// complete turns a value into what is sent. False means that a null stands where
// none may stand, so that what is around it becomes null as well.
func (x *exec) complete(t *ast.Type, v any, fields []*ast.Field, path []any, failed bool) (any, bool) {
	if v == nil {
		if t.NonNull && !failed {
			x.fail(fmt.Errorf("cannot return null for the non-nullable field %s", fields[0].Name), path)
		}
		return nil, !t.NonNull
	}
	if t.Elem != nil {
		list, _ := v.([]any)
		out := make([]any, 0, len(list))
		for i, one := range list {
			done, ok := x.complete(t.Elem, one, fields, append(slices.Clone(path), i), false)
			if !ok {
				return nil, !t.NonNull
			}
			out = append(out, done)
		}
		return out, true
	}
	o, ok := v.(*object)
	if !ok {
		return v, true
	}
	x.nodes++
	var sets []ast.SelectionSet
	for _, f := range fields {
		sets = append(sets, f.SelectionSet)
	}
	done, ok := x.fields(o, sets, path)
	if !ok {
		return nil, !t.NonNull
	}
	return done, true
}

func (x *exec) fail(err error, path []any) {
	e := m{"message": err.Error(), "path": path}
	var ge *gqlError
	if errors.As(err, &ge) && ge.code != "" {
		ext := m{"code": ge.code}
		if ge.access != "" {
			ext["documentation"], ext["requiredAccess"] = "https://shopify.dev/api/usage/access-scopes", ge.access
		}
		e["extensions"] = ext
	}
	x.errs = append(x.errs, e)
}
