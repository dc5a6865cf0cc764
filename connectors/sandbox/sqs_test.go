package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

// queueClient is Amazon's own client, so that the protocol is not judged by
// whoever wrote it here.
func (r *rig) queueClient(store, secret string) (*sqs.Client, string) {
	r.Helper()
	q := r.account(store).Queue
	if secret == "" {
		secret = q.Secret
	}
	return sqs.New(sqs.Options{Region: q.Region, BaseEndpoint: aws.String(r.srv.URL + q.Path), HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		Credentials: credentials.NewStaticCredentialsProvider(q.KeyID, secret, ""), RetryMaxAttempts: 1}), r.srv.URL + q.URL
}

func TestQueueWithAmazonsClient(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	ctx := t.Context()
	client, address := r.queueClient("amazon-jp", "")
	got, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("sandbox-amazon-jp")})
	if err != nil {
		t.Fatal(err)
	}
	r.want(aws.ToString(got.QueueUrl), address, "address of the queue")
	for i := range 3 {
		if _, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &address, MessageBody: aws.String(fmt.Sprintf("größe %d 😀", i))}); err != nil {
			t.Fatal(err)
		}
	}
	receive := func(wait int32) []types.Message {
		t.Helper()
		out, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &address, MaxNumberOfMessages: 10, WaitTimeSeconds: wait,
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll}})
		if err != nil {
			t.Fatal(err)
		}
		return out.Messages
	}
	first := receive(0)
	r.want(len(first), 3, "messages")
	r.want(aws.ToString(first[0].Body), "größe 0 😀", "text")
	r.want(len(receive(0)), 0, "messages that are hidden")
	attr := func() string {
		out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &address, AttributeNames: []types.QueueAttributeName{"All"}})
		if err != nil {
			t.Fatal(err)
		}
		return out.Attributes["ApproximateNumberOfMessages"] + " " + out.Attributes["ApproximateNumberOfMessagesNotVisible"]
	}
	r.want(attr(), "0 3", "counts")
	if _, err := client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &address, ReceiptHandle: first[0].ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	r.clock.add(queueHide)
	again := receive(0)
	r.want(len(again), 2, "messages that come again")
	r.want(again[0].Attributes["ApproximateReceiveCount"], "2", "how often")
	r.want(aws.ToString(again[0].MessageId), aws.ToString(first[1].MessageId), "the same message")
	// The first receipt is worth nothing after the message was handed out again.
	if _, err := client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &address, ReceiptHandle: first[1].ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	r.want(attr(), "0 2", "counts")
	batch, err := client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &address, Entries: []types.DeleteMessageBatchRequestEntry{
		{Id: aws.String("a"), ReceiptHandle: again[0].ReceiptHandle}, {Id: aws.String("b"), ReceiptHandle: aws.String("rubbish")}, {Id: aws.String("c"), ReceiptHandle: again[1].ReceiptHandle}}})
	if err != nil {
		t.Fatal(err)
	}
	r.want(fmt.Sprint(len(batch.Successful), " ", len(batch.Failed), " ", aws.ToString(batch.Failed[0].Id)), "2 1 b", "deleted together")
	r.want(attr(), "0 0", "counts")
}

func TestQueueWaits(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	client, address := r.queueClient("amazon-jp", "")
	done := make(chan string)
	go func() {
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &address, WaitTimeSeconds: 20})
		switch {
		case err != nil:
			done <- err.Error()
		case len(out.Messages) != 1:
			done <- "no message"
		default:
			done <- aws.ToString(out.Messages[0].Body)
		}
	}()
	s, err := r.w.store("amazon-jp")
	if err != nil {
		t.Fatal(err)
	}
	s.market.queue.put("amazon-jp", "news", r.clock.now())
	r.want(<-done, "news", "what was waited for")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &address, WaitTimeSeconds: 20}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting ended with %v", err)
	}
}

func TestQueueRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	good, address := r.queueClient("amazon-jp", "")
	bad, _ := r.queueClient("amazon-jp", "another secret")
	other := strings.Replace(address, "amazon-jp", "amazon-xx", 2)
	code := func(_ any, err error) string {
		var api smithy.APIError
		if !errors.As(err, &api) {
			return fmt.Sprint(err)
		}
		return api.ErrorCode()
	}
	ctx := t.Context()
	r.want(code(bad.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &address})), "SignatureDoesNotMatch", "wrong secret")
	r.want(code(good.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String(address + "x")})), "AWS.SimpleQueueService.NonExistentQueue", "another queue")
	r.want(code(good.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &other})), "AWS.SimpleQueueService.NonExistentQueue", "another account's queue")
	r.want(code(good.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &address, WaitTimeSeconds: 21})), "InvalidParameterValue", "too patient")
	r.want(code(good.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &address, MaxNumberOfMessages: 11})), "InvalidParameterValue", "too many")
	r.want(code(good.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &address, ReceiptHandle: aws.String("x")})), "ReceiptHandleIsInvalid", "no receipt")
	r.want(code(good.ListQueues(ctx, &sqs.ListQueuesInput{})), "AWS.SimpleQueueService.UnsupportedOperation", "what there is not")
	q := r.account("amazon-jp").Queue
	status, _, body, err := r.do("POST", q.Path+"/", head("X-Amz-Target", "AmazonSQS.ReceiveMessage"), `{}`)
	if err != nil {
		t.Fatal(err)
	}
	r.want(fmt.Sprint(status, " ", r.json(body)["__type"]), "403 com.amazonaws.sqs#MissingAuthenticationToken", "no signature")
}

func TestQueueLevers(t *testing.T) {
	t.Parallel()
	q := &queue{twice: 1, lost: 0}
	now := newClock().now()
	q.put("s", "a", now)
	q.put("s", "b", now)
	q.lost = 1
	q.put("s", "never", now)
	got := q.take("s", 10, time.Minute, now)
	if len(got) != 3 || got[0].id != got[1].id || got[0].receipt == got[1].receipt || got[2].body != "b" {
		t.Errorf("%+v", got)
	}
	q.backwards = true
	later := q.take("s", 1, time.Minute, now.Add(time.Minute))
	if len(later) != 1 || later[0].body != "b" {
		t.Errorf("the newest does not come first: %+v", later)
	}
	q.hide(later[0].receipt, now)
	if there, hidden := q.counts(now.Add(time.Minute)); there != 3 || hidden != 0 {
		t.Errorf("%d there, %d hidden", there, hidden)
	}
}
