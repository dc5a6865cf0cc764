package sandbox

import (
	"crypto/md5" // the protocol says MD5; here it is a checksum and no secret
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// queue is the one queue of an Amazon account. Its zero value is an empty queue.
//
// Like the real one it delivers at least once and in no promised order, and a
// message that was received and not deleted comes again.
type queue struct {
	mu       sync.Mutex
	messages []*queued
	bell     chan struct{} // closed when something was put in
	n        int
	// twice and lost count the next messages to be put in twice, or not at all.
	twice, lost int
	// backwards hands the newest out first.
	backwards bool
}

type queued struct {
	id, body, receipt string
	sent, first       time.Time
	visible           time.Time
	taken             int
}

const (
	queueTarget  = "AmazonSQS."
	queueType    = "application/x-amz-json-1.0"
	queueHide    = 30 * time.Second
	queueMaxWait = 20
	queueAccount = "000000000000"
)

// put adds a message and wakes whoever waits for one.
func (q *queue) put(store, body string, now time.Time) (id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.n++
	sum := sha256.Sum256([]byte(store + " message " + strconv.Itoa(q.n)))
	id = uuidOf(sum[:])
	if q.lost > 0 {
		q.lost--
		return id
	}
	copies := 1
	if q.twice > 0 {
		q.twice--
		copies = 2
	}
	for range copies {
		q.messages = append(q.messages, &queued{id: id, body: body, sent: now, visible: now})
	}
	if q.bell != nil {
		close(q.bell)
		q.bell = nil
	}
	return id
}

// ring is closed when the next message is put in.
func (q *queue) ring() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.bell == nil {
		q.bell = make(chan struct{})
	}
	return q.bell
}

// take hands out up to n messages and hides them for a while.
func (q *queue) take(store string, n int, hide time.Duration, now time.Time) (out []queued) {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := slices.Clone(q.messages)
	if q.backwards {
		slices.Reverse(list)
	}
	for _, x := range list {
		if len(out) == n {
			break
		}
		if x.visible.After(now) {
			continue
		}
		if x.taken++; x.taken == 1 {
			x.first = now
		}
		q.n++
		sum := sha256.Sum256([]byte(store + " receipt " + strconv.Itoa(q.n)))
		x.receipt, x.visible = hex.EncodeToString(sum[:]), now.Add(hide)
		out = append(out, *x)
	}
	return out
}

// drop deletes the message of a receipt. A receipt of a message that was handed
// out again since, or that is gone already, deletes nothing and is no error.
func (q *queue) drop(receipt string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.messages = slices.DeleteFunc(q.messages, func(x *queued) bool { return x.receipt == receipt })
}

func (q *queue) hide(receipt string, until time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, x := range q.messages {
		if x.receipt == receipt {
			x.visible = until
		}
	}
}

// counts are how many messages can be had now, and how many are hidden.
func (q *queue) counts(now time.Time) (there, hidden int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, x := range q.messages {
		if x.visible.After(now) {
			hidden++
		} else {
			there++
		}
	}
	return there, hidden
}

// uuidOf writes sixteen bytes as ids are written.
func uuidOf(b []byte) string {
	h := hex.EncodeToString(b[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// QueueAccess is what a client of the queue needs. It opens nothing but this
// world.
type QueueAccess struct {
	// Path is the queue service's place below the world's address; URL is the
	// queue's own, below the same address.
	Path   string `json:"path"`
	URL    string `json:"url"`
	ARN    string `json:"arn"`
	Region string `json:"region"`
	KeyID  string `json:"key_id"`
	Secret string `json:"secret"`
}

func (s *store) queueAccess() *QueueAccess {
	region := map[string]string{"JPY": "us-west-2", "EUR": "eu-west-1", "GBP": "eu-west-1"}[s.Currency]
	region = orElse(region, "us-east-1")
	sum := sha256.Sum256([]byte(s.Name + " queue"))
	path := "/amazon/" + s.Name + "/sqs"
	name := "sandbox-" + s.Name
	return &QueueAccess{Path: path, URL: path + "/" + queueAccount + "/" + name, Region: region,
		ARN:   "arn:aws:sqs:" + region + ":" + queueAccount + ":" + name,
		KeyID: "AKIASANDBOX" + strings.ToUpper(hex.EncodeToString(sum[:5])), Secret: hex.EncodeToString(sum[5:25])}
}

// queueError is an error as the JSON protocol writes it; query is its name in
// the protocol before, which clients still match by.
func queueError(status int, code, query, message string) reply {
	raw, err := json.Marshal(m{"__type": "com.amazonaws.sqs#" + code, "message": message})
	if err != nil { // cannot happen: strings only
		raw = nil
	}
	return reply{status: status, kind: queueType, body: raw}.with("x-amzn-query-error", orElse(query, code)+";Sender")
}

func queueReply(v m) reply {
	a := jsonReply(http.StatusOK, v)
	a.kind = queueType
	return a
}

// serveQueue speaks the queue service's JSON protocol.
func (w *World) serveQueue(c *call) {
	w.count(c.s.Name, "queue")
	op, ok := strings.CutPrefix(c.Header.Get("X-Amz-Target"), queueTarget)
	do := map[string]func(*call) reply{"ReceiveMessage": w.queueReceive, "DeleteMessage": w.queueDelete, "DeleteMessageBatch": w.queueDeleteBatch,
		"SendMessage": w.queueSend, "GetQueueUrl": w.queueURL, "GetQueueAttributes": w.queueAttributes, "ChangeMessageVisibility": w.queueVisibility,
		"PurgeQueue": w.queuePurge}[op]
	switch {
	case c.Method != http.MethodPost || !ok:
		queueError(http.StatusBadRequest, "MissingAction", "", "The request must contain the parameter Action.").send(c.rw)
		return
	case do == nil:
		queueError(http.StatusBadRequest, "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", "This operation is not supported here.").send(c.rw)
		return
	}
	if bad := checkSigV4(c.Request, c.body, c.s.queueAccess(), "sqs"); bad != nil {
		bad.send(c.rw)
		return
	}
	w.serve(c.rw, c.Request, c.s, "queue", func() reply {
		if op != "GetQueueUrl" {
			var q struct {
				QueueURL string `json:"QueueUrl"`
			}
			if decode(c.body, &q) != nil || !strings.HasSuffix(q.QueueURL, "/"+queueAccount+"/sandbox-"+c.s.Name) {
				return noQueue()
			}
		}
		return do(c).with("x-amzn-RequestId", c.s.Name+"-"+op)
	})
}

func noQueue() reply {
	return queueError(http.StatusBadRequest, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
}

func badQueue(name string) reply {
	return queueError(http.StatusBadRequest, "InvalidParameterValue", "InvalidParameterValue", "Value for parameter "+name+" is invalid.")
}

func sum5(body string) string {
	h := md5.Sum([]byte(body))
	return hex.EncodeToString(h[:])
}

func (w *World) queueReceive(c *call) reply {
	q := struct {
		Max  *int     `json:"MaxNumberOfMessages"`
		Wait *int     `json:"WaitTimeSeconds"`
		Hide *int     `json:"VisibilityTimeout"`
		Attr []string `json:"AttributeNames"`
		Sys  []string `json:"MessageSystemAttributeNames"`
	}{}
	if decode(c.body, &q) != nil {
		return badQueue("body")
	}
	most, hide, patience := 1, queueHide, 0
	if q.Max != nil {
		most = *q.Max
	}
	if q.Hide != nil {
		hide = time.Duration(*q.Hide) * time.Second
	}
	if q.Wait != nil {
		patience = *q.Wait
	}
	switch {
	case most < 1 || most > 10:
		return badQueue("MaxNumberOfMessages")
	case hide < 0 || hide > 12*time.Hour:
		return badQueue("VisibilityTimeout")
	case patience < 0 || patience > queueMaxWait:
		return badQueue("WaitTimeSeconds")
	}
	box := &c.s.market.queue
	// Waiting is in real time, as the caller's is; what is visible is by the
	// world's clock. The ticks look for what became visible meanwhile.
	end := time.NewTimer(time.Duration(patience) * time.Second)
	defer end.Stop()
	for {
		bell := box.ring()
		c.s.mu.Lock()
		c.s.ripen() // what has become ready by now may put something in
		c.s.mu.Unlock()
		got := box.take(c.s.Name, most, hide, w.now())
		if len(got) > 0 || patience == 0 {
			return queueReply(m{"Messages": queueJSON(got, append(q.Attr, q.Sys...))})
		}
		tick := time.NewTimer(50 * time.Millisecond)
		select {
		case <-bell:
		case <-tick.C:
		case <-end.C:
			patience = 0 // look once more, then answer
		case <-c.Context().Done():
			tick.Stop()
			return queueReply(m{})
		}
		tick.Stop()
	}
}

func queueJSON(list []queued, names []string) []m {
	out := []m{}
	for _, x := range list {
		one := m{"MessageId": x.id, "ReceiptHandle": x.receipt, "Body": x.body, "MD5OfBody": sum5(x.body)}
		all := map[string]string{"ApproximateReceiveCount": strconv.Itoa(x.taken), "SentTimestamp": strconv.FormatInt(x.sent.UnixMilli(), 10),
			"ApproximateFirstReceiveTimestamp": strconv.FormatInt(x.first.UnixMilli(), 10), "SenderId": "AIDASANDBOXAMAZON"}
		attr := m{}
		for k, v := range all {
			if slices.Contains(names, k) || slices.Contains(names, "All") {
				attr[k] = v
			}
		}
		if len(attr) > 0 {
			one["Attributes"] = attr
		}
		out = append(out, one)
	}
	return out
}

func (w *World) queueDelete(c *call) reply {
	var q struct {
		Receipt string `json:"ReceiptHandle"`
	}
	if decode(c.body, &q) != nil || q.Receipt == "" {
		return queueError(http.StatusBadRequest, "MissingParameter", "", "The request must contain the parameter ReceiptHandle.")
	}
	if len(q.Receipt) != 2*sha256.Size {
		return queueError(http.StatusBadRequest, "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
	}
	c.s.market.queue.drop(q.Receipt)
	return queueReply(m{})
}

func (w *World) queueDeleteBatch(c *call) reply {
	var q struct {
		Entries []struct {
			ID      string `json:"Id"`
			Receipt string `json:"ReceiptHandle"`
		} `json:"Entries"`
	}
	if decode(c.body, &q) != nil || len(q.Entries) == 0 {
		return queueError(http.StatusBadRequest, "EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest", "There should be at least one entry in the request.")
	}
	if len(q.Entries) > 10 {
		return queueError(http.StatusBadRequest, "TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10.")
	}
	ids := map[string]bool{}
	for _, e := range q.Entries {
		if ids[e.ID] {
			return queueError(http.StatusBadRequest, "BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "Id "+e.ID+" repeated.")
		}
		ids[e.ID] = true
	}
	good, bad := []m{}, []m{}
	for _, e := range q.Entries {
		if len(e.Receipt) != 2*sha256.Size {
			bad = append(bad, m{"Id": e.ID, "Code": "ReceiptHandleIsInvalid", "Message": "The input receipt handle is invalid.", "SenderFault": true})
			continue
		}
		c.s.market.queue.drop(e.Receipt)
		good = append(good, m{"Id": e.ID})
	}
	return queueReply(m{"Successful": good, "Failed": bad})
}

func (w *World) queueSend(c *call) reply {
	var q struct {
		Body string `json:"MessageBody"`
	}
	switch {
	case decode(c.body, &q) != nil || q.Body == "":
		return queueError(http.StatusBadRequest, "MissingParameter", "", "The request must contain the parameter MessageBody.")
	case len(q.Body) > 1<<20:
		return badQueue("MessageBody")
	}
	return queueReply(m{"MessageId": c.s.market.queue.put(c.s.Name, q.Body, w.now()), "MD5OfMessageBody": sum5(q.Body)})
}

func (w *World) queueURL(c *call) reply {
	var q struct {
		Name string `json:"QueueName"`
	}
	if decode(c.body, &q) != nil || q.Name != "sandbox-"+c.s.Name {
		return noQueue()
	}
	return queueReply(m{"QueueUrl": w.base(c.Request) + c.s.queueAccess().URL})
}

func (w *World) queueAttributes(c *call) reply {
	var q struct {
		Names []string `json:"AttributeNames"`
	}
	if decode(c.body, &q) != nil {
		return badQueue("AttributeNames")
	}
	there, hidden := c.s.market.queue.counts(w.now())
	all := map[string]string{"ApproximateNumberOfMessages": strconv.Itoa(there), "ApproximateNumberOfMessagesNotVisible": strconv.Itoa(hidden),
		"ApproximateNumberOfMessagesDelayed": "0", "QueueArn": c.s.queueAccess().ARN, "VisibilityTimeout": strconv.Itoa(int(queueHide / time.Second)),
		"ReceiveMessageWaitTimeSeconds": "0", "MessageRetentionPeriod": "345600"}
	out := m{}
	for k, v := range all {
		if slices.Contains(q.Names, k) || slices.Contains(q.Names, "All") {
			out[k] = v
		}
	}
	return queueReply(m{"Attributes": out})
}

func (w *World) queueVisibility(c *call) reply {
	var q struct {
		Receipt string `json:"ReceiptHandle"`
		Seconds *int   `json:"VisibilityTimeout"`
	}
	if decode(c.body, &q) != nil || q.Receipt == "" || q.Seconds == nil || *q.Seconds < 0 || *q.Seconds > 43200 {
		return badQueue("VisibilityTimeout")
	}
	c.s.market.queue.hide(q.Receipt, w.now().Add(time.Duration(*q.Seconds)*time.Second))
	return queueReply(m{})
}

func (w *World) queuePurge(c *call) reply {
	box := &c.s.market.queue
	box.mu.Lock()
	defer box.mu.Unlock()
	box.messages = nil
	return queueReply(m{})
}
