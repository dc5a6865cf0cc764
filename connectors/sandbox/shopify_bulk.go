package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
)

// bulkAtOnce is how many objects are written before the answer to the mutation;
// longer files are written beside other work.
const bulkAtOnce = 2000

// bulk is a bulk operation: a query whose whole answer becomes a file.
type bulk struct {
	id, query string
	at, ready time.Time // ready is when it was finished, or zero
	group     bool
	q         *query
	root      *ast.Field
	objects   int
	roots     int
	state     string // CREATED, RUNNING, COMPLETED, CANCELED or FAILED
	file      *os.File
	size      int64
}

// status is the state that is shown: one that was finished long ago has expired.
func (b *bulk) status(now time.Time) string {
	if b.state == "COMPLETED" && now.Sub(b.ready) > 7*24*time.Hour {
		return "EXPIRED"
	}
	return b.state
}

func (s *store) bulkByID(id string) *bulk {
	for _, b := range s.bulks {
		if b.id == id {
			return b
		}
	}
	return nil
}

func (x *exec) bulkObject(b *bulk) *object {
	now := x.w.now()
	out := m{"id": gid("BulkOperation", b.id), "query": b.query, "createdAt": when(b.at), "status": b.status(now), "type": "QUERY", "errorCode": nil,
		"objectCount": strconv.Itoa(b.objects), "rootObjectCount": strconv.Itoa(b.roots)}
	if !b.ready.IsZero() {
		out["completedAt"] = when(b.ready)
	}
	if b.status(now) == "COMPLETED" && b.size > 0 {
		out["fileSize"], out["url"] = strconv.FormatInt(b.size, 10), x.base+"/shopify/"+x.s.Name+"/bulk/"+b.id+".jsonl"
	}
	return fieldsOf("BulkOperation", out)
}

func (x *exec) bulkByGID(id string) *object {
	if n, ok := plain("BulkOperation", id); ok {
		if b := x.s.bulkByID(n); b != nil {
			return x.bulkObject(b)
		}
	}
	return nil
}

func (x *exec) bulks(a args) (any, error) {
	found := slices.Clone(x.s.bulks)
	for _, t := range terms(text(a["query"])) {
		found = slices.DeleteFunc(found, func(b *bulk) bool {
			switch t.field {
			case "status":
				return !strings.EqualFold(t.value, b.status(x.w.now()))
			case "id":
				return t.value != b.id && t.value != gid("BulkOperation", b.id)
			case "created_at":
				at, err := searchTime(t.value, t.quoted)
				return err == nil && !t.compare(b.at.Truncate(time.Second).Compare(at))
			}
			return false
		})
	}
	return connect(a, found, "BulkOperation", x.bulkObject)
}

// runBulk starts a bulk operation.
func (x *exec) runBulk(a args) (any, error) {
	fail := func(code, message string, field ...string) (any, error) {
		return outcome("BulkOperationRunQueryPayload", nil, codeError("BulkOperationUserError", code, message, field...)), nil
	}
	running := 0
	for _, b := range x.s.bulks {
		if b.state == "CREATED" || b.state == "RUNNING" {
			running++
		}
	}
	if running >= 5 {
		return fail("LIMIT_REACHED", "You have reached the limit of 5 bulk operations that run at the same time.")
	}
	b := &bulk{id: strconv.FormatInt(9317199254741000+x.s.next(), 10), query: text(a["query"]), at: x.w.now(), state: "RUNNING"}
	b.group, _ = a["groupObjects"].(bool)
	doc, errs := x.g.document(b.query)
	if errs != nil || len(doc.Operations) != 1 || doc.Operations[0].Operation != ast.Query {
		return fail("INVALID", "Invalid bulk query: it is not one valid query.", "query")
	}
	op := doc.Operations[0]
	vars, err := validator.VariableValues(x.g.schema, op, nil)
	if err != nil {
		return fail("INVALID", "Invalid bulk query: it has variables.", "query")
	}
	for _, sel := range op.SelectionSet {
		if f, ok := sel.(*ast.Field); ok && strings.HasSuffix(f.Definition.Type.Name(), "Connection") && b.root == nil {
			b.root = f
			continue
		}
		return fail("INVALID", "Bulk queries must contain one connection, and nothing else beside it.", "query")
	}
	if inListed(b.root.SelectionSet, false) {
		return fail("INVALID", "Queries that contain a connection field within a list field are not currently supported.", "query")
	}
	b.q = &query{doc: doc, op: op, vars: vars}
	x.s.bulks = append(x.s.bulks, b)
	if b.file, err = os.CreateTemp("", "sandbox-bulk-*.jsonl"); err != nil {
		b.state = "FAILED"
		return outcome("BulkOperationRunQueryPayload", m{"bulkOperation": x.bulkObject(b)}), nil
	}
	// The file has no name any more: it is gone with the world, however that ends.
	_ = os.Remove(b.file.Name())
	job := &bulkJob{b: b, w: x.w, s: x.s, g: x.g, base: x.base}
	for !job.done && b.objects < bulkAtOnce {
		job.page()
	}
	if !job.done {
		x.w.hooks.wg.Add(1)
		go func() {
			defer x.w.hooks.wg.Done()
			job.rest()
		}()
	}
	return outcome("BulkOperationRunQueryPayload", m{"bulkOperation": x.bulkObject(b)}), nil
}

// inListed tells whether a connection stands inside of a list.
func inListed(sels ast.SelectionSet, list bool) bool {
	for _, sel := range sels {
		switch sel := sel.(type) {
		case *ast.FragmentSpread:
			if inListed(sel.Definition.SelectionSet, list) {
				return true
			}
		case *ast.InlineFragment:
			if inListed(sel.SelectionSet, list) {
				return true
			}
		case *ast.Field:
			if strings.HasSuffix(sel.Definition.Type.Name(), "Connection") && list {
				return true
			}
			// The list of edges or nodes of a connection is none of its own.
			inner := list || sel.Definition.Type.Elem != nil && sel.Name != "edges" && sel.Name != "nodes"
			if inListed(sel.SelectionSet, inner) {
				return true
			}
		}
	}
	return false
}

// bulkJob writes a bulk operation's file, page by page.
type bulkJob struct {
	b     *bulk
	w     *World
	s     *store
	g     *graph
	base  string
	after string
	done  bool
}

// rest writes what is left, and lets others have the store between two pages.
func (j *bulkJob) rest() {
	for !j.done && j.w.hooks.ctx.Err() == nil {
		j.s.mu.Lock()
		j.page()
		j.s.mu.Unlock()
	}
}

// page writes a page; the caller holds the store's lock.
func (j *bulkJob) page() {
	b := j.b
	if b.state != "RUNNING" {
		j.done = true
		return
	}
	x := &exec{w: j.w, s: j.s, q: b.q, g: j.g, base: j.base}
	var out, late bytes.Buffer
	next, err := x.bulkPage(&object{"QueryRoot", x.root}, b.root, j.after, func(node *object, sets []ast.SelectionSet) error {
		b.roots++
		return x.bulkNode(b, &out, &late, node, sets, "")
	})
	if err == nil {
		_, err = io.Copy(b.file, io.MultiReader(&out, &late))
	}
	if j.after = next; err != nil {
		b.state, j.done = "FAILED", true
		return
	}
	if next == "" {
		if n, err := b.file.Seek(0, io.SeekCurrent); err == nil {
			b.size = n
		}
		j.done, b.state, b.ready = true, "COMPLETED", j.w.now()
		j.s.changed(changeBulk, b.id)
	}
}

var errBulk = errors.New("the query cannot be carried out")

// bulkPage reads a page of a connection, and gives the cursor of the next one.
func (x *exec) bulkPage(of *object, f *ast.Field, after string, each func(*object, []ast.SelectionSet) error) (string, error) {
	a, err := x.arguments(f)
	if err != nil {
		return "", err
	}
	delete(a, "last")
	if a["first"] = 250; after != "" {
		a["after"] = after
	}
	v, err := of.get(f.Name, a)
	if err != nil {
		return "", err
	}
	conn, ok := v.(*object)
	if !ok {
		return "", nil
	}
	var sets []ast.SelectionSet
	for _, sel := range x.collect(conn.name, f.SelectionSet, nil) {
		switch one := sel.fields[0]; one.Name {
		case "nodes":
			sets = append(sets, one.SelectionSet)
		case "edges":
			for _, inner := range x.collect(f.Definition.Type.Name(), one.SelectionSet, nil) {
				if inner.fields[0].Name == "node" {
					sets = append(sets, inner.fields[0].SelectionSet)
				}
			}
		}
	}
	nodes, err := conn.get("nodes", nil)
	if err != nil {
		return "", err
	}
	list, _ := nodes.([]any)
	for _, n := range list {
		if o, ok := n.(*object); ok {
			if err := each(o, sets); err != nil {
				return "", err
			}
		}
	}
	info, err := conn.get("pageInfo", nil)
	if err != nil {
		return "", err
	}
	page, _ := info.(*object)
	if page == nil {
		return "", nil
	}
	if more, _ := page.get("hasNextPage", nil); more != true {
		return "", nil
	}
	end, _ := page.get("endCursor", nil)
	return text(end), nil
}

// bulkNode writes an object, and the objects of the connections in it as lines
// of their own. Grouped, they stand right behind it; else behind all others.
func (x *exec) bulkNode(b *bulk, out, late *bytes.Buffer, node *object, sets []ast.SelectionSet, parent string) error {
	var inner []*ast.Field
	x.apart = func(f *ast.Field) { inner = append(inner, f) }
	fields, ok := x.fields(node, sets, nil)
	x.apart = nil
	if !ok || x.errs != nil {
		return errBulk
	}
	if parent != "" {
		fields = append(fields, pair{"__parentId", parent})
	}
	if err := encode(out, fields); err != nil {
		return err
	}
	out.WriteByte('\n')
	b.objects++
	if len(inner) == 0 {
		return nil
	}
	v, err := node.get("id", nil)
	if err != nil {
		return err
	}
	to := late
	if b.group {
		to = out
	}
	for _, f := range inner {
		for after := ""; ; {
			if after, err = x.bulkPage(node, f, after, func(child *object, sets []ast.SelectionSet) error {
				return x.bulkNode(b, to, late, child, sets, text(v))
			}); err != nil {
				return err
			}
			if after == "" {
				break
			}
		}
	}
	return nil
}

// cancelBulk stops a bulk operation.
func (x *exec) cancelBulk(a args) (any, error) {
	n, _ := plain("BulkOperation", text(a["id"]))
	b := x.s.bulkByID(n)
	if b == nil {
		return outcome("BulkOperationCancelPayload", nil, userError("Bulk operation does not exist", "id")), nil
	}
	if b.state != "RUNNING" {
		return outcome("BulkOperationCancelPayload", m{"bulkOperation": x.bulkObject(b)}, userError("A bulk operation cannot be canceled when it is "+strings.ToLower(b.state), "id")), nil
	}
	b.state, b.ready = "CANCELED", x.w.now()
	return outcome("BulkOperationCancelPayload", m{"bulkOperation": x.bulkObject(b)}), nil
}

// serveBulk hands out the file of a bulk operation. Whoever has the link may
// read it, as at Shopify's store of files.
func (w *World) serveBulk(c *call) {
	w.count(c.s.Name, "bulkfile")
	c.s.mu.Lock()
	b := c.s.bulkByID(strings.TrimSuffix(strings.TrimPrefix(c.path, "/bulk/"), ".jsonl"))
	var file *os.File
	var size int64
	if b != nil && b.status(w.now()) == "COMPLETED" && b.file != nil {
		file, size = b.file, b.size
	}
	c.s.mu.Unlock()
	if file == nil {
		http.Error(c.rw, "there is no such file", http.StatusNotFound)
		return
	}
	switch kind := c.s.faults.take("bulkfile"); kind {
	case "":
	case Truncated:
		c.rw.Header().Set("Content-Length", fmt.Sprint(size))
		_, _ = io.Copy(c.rw, io.NewSectionReader(file, 0, size/2))
		hangUp(c.rw)
		return
	default:
		c.s.refuse(kind).send(c.rw)
		return
	}
	c.rw.Header().Set("Content-Type", "application/jsonl")
	http.ServeContent(c.rw, c.Request, "", b.at, io.NewSectionReader(file, 0, size))
}
