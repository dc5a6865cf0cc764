package amazon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"helloworld/connectors"
)

const (
	secretQueueID  = "queue_key_id"
	secretQueueKey = "queue_secret"
	opReceive      = "ReceiveMessage"
	opDelete       = "DeleteMessageBatch"
	// queuePoll is how long a look at the queue waits for the first message, and
	// queueMost how many it takes at once; both are the most that the service allows.
	queuePoll = 20 * time.Second
	queueMost = 10
	// queueSlack is how much longer than the poll an answer may take.
	queueSlack = 15 * time.Second
)

// queue is where the platform leaves its news.
type queue struct {
	client  *sqs.Client
	address string
	arn     string
	secrets []string
}

// newQueue gives nil where no queue is configured.
func newQueue(c connectors.Config) (*queue, error) {
	address := strings.TrimSpace(c.Options["queue"])
	if address == "" {
		for _, o := range []string{"queue_arn", "queue_region", "queue_endpoint"} {
			if c.Options[o] != "" {
				return nil, fmt.Errorf("the option %s without the option queue", o)
			}
		}
		return nil, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, errors.New("the option queue is not an address")
	}
	region, arn := c.Options["queue_region"], c.Options["queue_arn"]
	// https://sqs.REGION.amazonaws.com/ACCOUNT/NAME tells both.
	host := strings.Split(u.Hostname(), ".")
	path := strings.Split(strings.Trim(u.Path, "/"), "/")
	known := len(host) >= 4 && host[0] == "sqs" && host[2] == "amazonaws"
	if region == "" && known {
		region = host[1]
	}
	if parts := strings.Split(arn, ":"); region == "" && len(parts) == 6 {
		region = parts[3]
	}
	if arn == "" && known && len(path) == 2 {
		arn = "arn:aws:sqs:" + region + ":" + path[0] + ":" + path[1]
	}
	id, key := c.Secrets[secretQueueID], c.Secrets[secretQueueKey]
	switch {
	case region == "" || arn == "":
		return nil, errors.New("the queue's address does not tell its region and ARN: set the options queue_region and queue_arn")
	case id == "" || key == "":
		return nil, fmt.Errorf("the queue needs the secrets %s and %s", secretQueueID, secretQueueKey)
	}
	o := sqs.Options{
		Region: region,
		// Only what was configured: keys that lie about on the machine are not ours.
		Credentials: credentials.NewStaticCredentialsProvider(string(id), string(key), ""),
		// The desk decides when to look again.
		Retryer: aws.NopRetryer{},
		HTTPClient: &http.Client{Transport: c.Transport, Timeout: queuePoll + queueSlack,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	if e := c.Options["queue_endpoint"]; e != "" {
		o.BaseEndpoint = aws.String(e)
	} else if !known {
		o.BaseEndpoint = aws.String(u.Scheme + "://" + u.Host)
	}
	return &queue{client: sqs.New(o), address: address, arn: arn, secrets: []string{string(id), string(key)}}, nil
}

func noQueue(op string) error {
	return fault(connectors.Unsupported, op, "not_configured", "no queue is configured: set the option queue")
}

// Receive takes up to ten events, oldest first. It waits for the first, but not
// longer than ctx lasts.
func (s *Seller) Receive(ctx context.Context) ([]connectors.Event, error) {
	if s.queue == nil {
		return nil, noQueue(opReceive)
	}
	wait := queuePoll
	if end, ok := ctx.Deadline(); ok {
		// The answer has to come back before the caller is gone.
		wait = min(wait, time.Until(end)-time.Second).Truncate(time.Second)
	}
	a, err := s.queue.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &s.queue.address,
		MaxNumberOfMessages: queueMost, WaitTimeSeconds: int32(max(0, wait/time.Second))})
	if err != nil {
		return nil, s.queue.fault(ctx, opReceive, err)
	}
	var out []connectors.Event
	for _, m := range a.Messages {
		e := decodeNews(aws.ToString(m.Body), aws.ToString(m.MessageId))
		e.Handle = aws.ToString(m.ReceiptHandle)
		out = append(out, e)
	}
	// A queue does not keep the order; the oldest first spares a second reading.
	slices.SortStableFunc(out, func(a, b connectors.Event) int { return a.At.Compare(b.At) })
	return out, nil
}

// Ack takes events out of the queue.
func (s *Seller) Ack(ctx context.Context, events ...connectors.Event) error {
	if s.queue == nil {
		return noQueue(opDelete)
	}
	var handles []string
	for _, e := range events {
		if e.Handle != "" && !slices.Contains(handles, e.Handle) {
			handles = append(handles, e.Handle)
		}
	}
	for part := range slices.Chunk(handles, queueMost) {
		in := &sqs.DeleteMessageBatchInput{QueueUrl: &s.queue.address}
		for i, h := range part {
			in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprintf("e%d", i)), ReceiptHandle: aws.String(h)})
		}
		a, err := s.queue.client.DeleteMessageBatch(ctx, in)
		if err != nil {
			return s.queue.fault(ctx, opDelete, err)
		}
		for _, f := range a.Failed {
			code := aws.ToString(f.Code)
			if code == "ReceiptHandleIsInvalid" || code == "InvalidParameterValue" {
				continue // gone already, or handed out again under another handle: it comes again
			}
			return fault(connectors.Down, opDelete, code, "the queue kept an event: "+aws.ToString(f.Message))
		}
	}
	return nil
}

// fault tells what an error of the queue's service means.
func (q *queue) fault(ctx context.Context, op string, err error) error {
	e := &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: op, Code: "network"}
	var api interface {
		ErrorCode() string
		ErrorMessage() string
	}
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		e.Code = "cancelled"
	case errors.As(err, &api):
		e.Code = api.ErrorCode()
		if i := strings.LastIndexAny(e.Code, ".#"); i >= 0 {
			e.Code = e.Code[i+1:]
		}
		if kind, ok := kinds["queue."+e.Code]; ok {
			e.Kind = kind
			if kind == connectors.Busy {
				e.RetryAfter = 5 * time.Second
			}
		}
		e.Err = errors.New(connectors.Redact(cmp.Or(api.ErrorMessage(), "the queue refuses"), slices.Clone(q.secrets)...))
		return e
	case errors.As(err, &timeout) && timeout.Timeout():
		e.Code = "timeout"
	}
	e.Err = errors.New(connectors.Redact(err.Error(), slices.Clone(q.secrets)...))
	return e
}
