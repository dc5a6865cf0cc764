package amazon

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

func contractPath(name string) (string, bool) {
	dir := os.Getenv("CONTRACTS_DIR")
	if dir == "" {
		root, _ := os.Getwd()
		for root != filepath.Dir(root) {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "../shared/contracts")
	}
	path := filepath.Join(dir, "amazon", name)
	_, err := os.Stat(path)
	return path, err == nil
}

// models are the contracts that hold the operations.
var models = []string{"orders_2026-01-01.json", "ordersV0.json", "feeds_2021-06-30.json", "finances_2024-06-19.json", "sellers.json",
	"listingsItems_2021-08-01.json", "fbaInventory.json", "reports_2021-06-30.json", "messaging.json", "notifications.json"}

func readModel(name string) (*openapi2.T, error) {
	path, ok := contractPath(name)
	if !ok {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var v2 openapi2.T
	if err := json.Unmarshal(b, &v2); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &v2, nil
}

// contracts are routers over the models; empty where these are absent.
var contracts = sync.OnceValues(func() ([]routers.Router, error) {
	openapi3filter.RegisterBodyDecoder("application/hal+json", openapi3filter.JSONBodyDecoder)
	var out []routers.Router
	for _, name := range models {
		v2, err := readModel(name)
		if err != nil {
			return nil, err
		}
		if v2 == nil {
			continue
		}
		v3, err := openapi2conv.ToV3(v2)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		v3.Servers = nil
		// In the older format a list in a query is comma-separated unless it says
		// otherwise; the conversion loses that.
		for _, item := range v3.Paths.Map() {
			for _, o := range item.Operations() {
				for _, p := range o.Parameters {
					if p.Value.In == "query" && p.Value.Schema.Value.Type.Is("array") && p.Value.Explode == nil {
						no := false
						p.Value.Explode = &no
					}
				}
			}
		}
		r, err := gorillamux.NewRouter(v3)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, r)
	}
	return out, nil
})

var noAuth = &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}

// check holds a request against the contract: its model, and what the model says
// in words alone.
func (s *spServer) check(r *http.Request, body []byte) *openapi3filter.RequestValidationInput {
	all, err := contracts()
	if err != nil {
		s.t.Error(err)
		return nil
	}
	for _, router := range all {
		c := r.Clone(r.Context())
		c.Body = io.NopCloser(bytes.NewReader(body))
		route, params, err := router.FindRoute(c)
		if err != nil || route.Operation == nil {
			continue
		}
		in := &openapi3filter.RequestValidationInput{Request: c, PathParams: params, Route: route, Options: noAuth}
		op := route.Operation.OperationID
		if err := openapi3filter.ValidateRequest(r.Context(), in); err != nil {
			s.t.Errorf("%s: %s %s is not what the contract says: %v", op, r.Method, r.URL, err)
		}
		if err := inWords(op, r.URL.Query(), body); err != nil {
			s.t.Errorf("%s: %s %s: %v", op, r.Method, r.URL, err)
		}
		s.validated++
		s.ops[op] = true
		return in
	}
	if len(all) > 0 {
		s.t.Errorf("%s %s is in no contract", r.Method, r.URL.Path)
	}
	return nil
}

// checkAnswer holds what this server says against the contract too.
func (s *spServer) checkAnswer(r *http.Request, in *openapi3filter.RequestValidationInput, rec *httptest.ResponseRecorder) {
	if in == nil || s.rude {
		return
	}
	err := openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: rec.Code,
		Header: rec.Header(), Body: io.NopCloser(bytes.NewReader(rec.Body.Bytes())), Options: noAuth})
	if err != nil {
		s.t.Errorf("this server's answer to %s is not what the contract says: %v", in.Route.Operation.OperationID, err)
	}
}

var digits = regexp.MustCompile(`^[1-9][0-9]*$`)

// inWords checks what the models ask for in their descriptions alone.
func inWords(op string, q url.Values, body []byte) error {
	var b struct {
		Text     string `json:"text"`
		Type     string `json:"productType"`
		From     string `json:"dataStartTime"`
		To       string `json:"dataEndTime"`
		Markets  []any  `json:"marketplaceIds"`
		Document string `json:"inputFeedDocumentId"`
		Package  struct {
			Ref      string     `json:"packageReferenceId"`
			Carrier  string     `json:"carrierCode"`
			Name     string     `json:"carrierName"`
			Shipped  string     `json:"shipDate"`
			Articles []shipItem `json:"orderItems"`
		} `json:"packageDetail"`
		Patches []struct {
			Op, Path string
			Value    []map[string]any
		} `json:"patches"`
		Resource  map[string]any `json:"resourceSpecification"`
		Directive struct {
			Filter map[string]any `json:"eventFilter"`
		} `json:"processingDirective"`
	}
	if len(body) > 0 && body[0] == '{' {
		if err := json.Unmarshal(body, &b); err != nil {
			return err
		}
	}
	switch op {
	case "searchOrders":
		if q.Has("lastUpdatedAfter") == q.Has("createdAfter") || q.Has("lastUpdatedBefore") || q.Has("createdBefore") {
			return fmt.Errorf("wants exactly one of two beginnings, and an end only if it is old enough")
		}
	case "getFeeds", "getReports":
		if q.Has("nextToken") && len(q) > 1 {
			return fmt.Errorf("a token stands alone")
		}
	case "searchListingsItems":
		if q.Has("identifiers") != q.Has("identifiersType") {
			return fmt.Errorf("identifiers and their type go together")
		}
	case "getInventorySummaries":
		if q.Get("granularityId") != q.Get("marketplaceIds") {
			return fmt.Errorf("the granularity is not the marketplace")
		}
		if from := q.Get("startDateTime"); from != "" {
			if at, err := time.Parse(time.RFC3339, from); err != nil || at.Before(time.Date(2025, 5, 22, 0, 0, 0, 0, time.UTC)) {
				return fmt.Errorf("changes since %s: %w", from, err)
			}
		}
	case "patchListingsItem":
		for _, p := range b.Patches {
			if p.Op != "merge" || p.Path != "/attributes/fulfillment_availability" || len(p.Value) != 1 || p.Value[0]["fulfillment_channel_code"] != "DEFAULT" {
				return fmt.Errorf("a quantity is merged into the seller's own channel: %+v", p)
			}
		}
		if len(b.Patches) != 1 || b.Type == "" {
			return fmt.Errorf("one patch, and the product's type")
		}
	case "confirmShipment":
		p := b.Package
		if !digits.MatchString(p.Ref) || p.Carrier == "Other" && p.Name == "" || len(p.Articles) == 0 {
			return fmt.Errorf("the parcel is not complete: %+v", p)
		}
		if at, err := time.Parse(time.RFC3339, p.Shipped); err != nil || at.Location() != time.UTC {
			return fmt.Errorf("sent at %q", p.Shipped)
		}
	case "createReport":
		from, err1 := time.Parse(time.RFC3339, b.From)
		to, err2 := time.Parse(time.RFC3339, b.To)
		if err1 != nil || err2 != nil || !from.Before(to) || to.Sub(from) > 60*24*time.Hour || len(b.Markets) == 0 {
			return fmt.Errorf("a report from %q to %q", b.From, b.To)
		}
	case "createFeed":
		if b.Document == "" || len(b.Markets) == 0 {
			return fmt.Errorf("a feed without a document or a marketplace")
		}
	case "createDestination":
		if len(b.Resource) != 1 {
			return fmt.Errorf("one resource a destination")
		}
	case "createSubscription":
		if k := b.Directive.Filter["eventFilterType"]; k != nil && k != "ORDER_CHANGE" {
			return fmt.Errorf("a filter for %v", k)
		}
	case "confirmCustomizationDetails", "createConfirmDeliveryDetails", "createConfirmOrderDetails", "createConfirmServiceDetails",
		"createDigitalAccessKey", "createUnexpectedProblem":
		if b.Text == "" || len(strings.Split(q.Get("marketplaceIds"), ",")) != 1 {
			return fmt.Errorf("a message without a text, or for several marketplaces")
		}
	}
	return nil
}

// uncontracted are the requests that no contract describes, with what they were
// built from.
var uncontracted = []struct{ request, source string }{
	{"login with Amazon: refresh_token, authorization_code, client_credentials", "the platform's guide to connecting and to grantless operations; RFC 6749"},
	{"the consent page", "the platform's guide to the website authorisation workflow"},
	{"PUT of a feed document, GET of a feed's or report's document", "the models' words on pre-signed addresses"},
	{"the XML of POST_PAYMENT_ADJUSTMENT_DATA and its processing report", "the platform's published XML schemas"},
	{"the XML of GET_XML_RETURNS_DATA_BY_RETURN_DATE", "the names of its elements, as public programs read them"},
	{"SQS: ReceiveMessage, DeleteMessageBatch", "made and signed by AWS' own client"},
}

func sorted(m map[string]bool) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
