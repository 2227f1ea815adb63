package sbtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"

	"github.com/opal-photo/opal/modules/queue/servicebus/sbtest"
)

var fastRetry = azservicebus.RetryOptions{MaxRetries: 3, RetryDelay: 50 * time.Millisecond, MaxRetryDelay: time.Second}

// up starts a server and opens a client.
func up(t testing.TB, opt sbtest.Options) (*sbtest.Server, *azservicebus.Client) {
	t.Helper()
	s := sbtest.New(t, opt)
	c, err := azservicebus.NewClientFromConnectionString(s.ConnectionString(), &azservicebus.ClientOptions{RetryOptions: fastRetry})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return s, c
}

func tctx(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func ck(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func snd(t testing.TB, c *azservicebus.Client, q string) *azservicebus.Sender {
	s, err := c.NewSender(q, nil)
	ck(t, err)
	return s
}

func rcv(t testing.TB, c *azservicebus.Client, q string, o *azservicebus.ReceiverOptions) *azservicebus.Receiver {
	r, err := c.NewReceiverForQueue(q, o)
	ck(t, err)
	return r
}

func send(t testing.TB, s *azservicebus.Sender, bodies ...string) {
	t.Helper()
	for _, b := range bodies {
		ck(t, s.SendMessage(tctx(t), &azservicebus.Message{Body: []byte(b)}, nil))
	}
}

// one receives exactly one message or fails.
func one(t testing.TB, r *azservicebus.Receiver) *azservicebus.ReceivedMessage {
	t.Helper()
	m, err := r.ReceiveMessages(tctx(t), 1, nil)
	ck(t, err)
	if len(m) != 1 {
		t.Fatalf("got %d messages", len(m))
	}
	return m[0]
}

// none checks that nothing arrives for d.
func none(t testing.TB, r *azservicebus.Receiver, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	m, err := r.ReceiveMessages(ctx, 1, nil)
	if len(m) != 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("wanted nothing, got %d messages, err %v", len(m), err)
	}
}

func q(name string) sbtest.Options { return sbtest.Options{Queues: []sbtest.QueueConfig{{Name: name}}} }

func TestSendReceiveComplete(t *testing.T) {
	s, c := up(t, q("jobs"))
	id, subj, ct := "id-1", "subj", "application/json"
	ttl := time.Hour
	ck(t, snd(t, c, "jobs").SendMessage(tctx(t), &azservicebus.Message{Body: []byte("hi"), MessageID: &id, Subject: &subj,
		ContentType: &ct, TimeToLive: &ttl, ApplicationProperties: map[string]any{"n": int64(7), "s": "x", "b": true}}, nil))
	r := rcv(t, c, "jobs", nil)
	m := one(t, r)
	if string(m.Body) != "hi" || m.MessageID != id || *m.Subject != subj || *m.ContentType != ct || m.DeliveryCount != 1 ||
		*m.SequenceNumber != 1 || m.LockedUntil == nil || m.EnqueuedTime == nil || m.LockToken == ([16]byte{}) ||
		m.ApplicationProperties["n"] != int64(7) || m.ExpiresAt == nil || *m.TimeToLive != ttl {
		t.Fatalf("%+v", m)
	}
	if d := time.Until(*m.LockedUntil); d < 58*time.Second || d > 61*time.Second {
		t.Fatal("lock", d)
	}
	ck(t, r.CompleteMessage(tctx(t), m, nil))
	if st := s.Stats("jobs"); st.Active+st.Locked != 0 {
		t.Fatal(st)
	}
}

func TestBatch(t *testing.T) {
	_, c := up(t, q("jobs"))
	s := snd(t, c, "jobs")
	b, err := s.NewMessageBatch(tctx(t), nil)
	ck(t, err)
	for i := range 100 {
		ck(t, b.AddMessage(&azservicebus.Message{Body: fmt.Appendf(nil, "m%d", i)}, nil))
	}
	ck(t, s.SendMessageBatch(tctx(t), b, nil))
	big, err := s.NewMessageBatch(tctx(t), nil)
	ck(t, err)
	if err := big.AddMessage(&azservicebus.Message{Body: make([]byte, 300<<10)}, nil); !errors.Is(err, azservicebus.ErrMessageTooLarge) {
		t.Fatal(err)
	}
	if err := s.SendMessage(tctx(t), &azservicebus.Message{Body: make([]byte, 300<<10)}, nil); !errors.Is(err, azservicebus.ErrMessageTooLarge) {
		t.Fatal(err)
	}
	r := rcv(t, c, "jobs", nil)
	n := 0
	for n < 100 {
		ms, err := r.ReceiveMessages(tctx(t), 100-n, nil)
		ck(t, err)
		for _, m := range ms {
			if string(m.Body) != fmt.Sprintf("m%d", n) {
				t.Fatalf("order: %s at %d", m.Body, n)
			}
			n++
			ck(t, r.CompleteMessage(tctx(t), m, nil))
		}
	}
	// large message: several transfer frames each way
	ck(t, s.SendMessage(tctx(t), &azservicebus.Message{Body: make([]byte, 250<<10)}, nil))
	if m := one(t, r); len(m.Body) != 250<<10 {
		t.Fatal(len(m.Body))
	}
}

func TestAbandonIncrementsDeliveryCount(t *testing.T) {
	_, c := up(t, q("jobs"))
	send(t, snd(t, c, "jobs"), "x")
	r := rcv(t, c, "jobs", nil)
	m := one(t, r)
	ck(t, r.AbandonMessage(tctx(t), m, &azservicebus.AbandonMessageOptions{PropertiesToModify: map[string]any{"why": "later"}}))
	m = one(t, r)
	if m.DeliveryCount != 2 || m.ApplicationProperties["why"] != "later" {
		t.Fatalf("%d %v", m.DeliveryCount, m.ApplicationProperties)
	}
}

func TestDeadLetter(t *testing.T) {
	_, c := up(t, q("jobs"))
	send(t, snd(t, c, "jobs"), "poison")
	r := rcv(t, c, "jobs", nil)
	why, desc := "BadInput", "cannot parse"
	ck(t, r.DeadLetterMessage(tctx(t), one(t, r), &azservicebus.DeadLetterOptions{Reason: &why, ErrorDescription: &desc}))
	d := rcv(t, c, "jobs", &azservicebus.ReceiverOptions{SubQueue: azservicebus.SubQueueDeadLetter})
	m := one(t, d)
	if string(m.Body) != "poison" || *m.DeadLetterReason != why || *m.DeadLetterErrorDescription != desc || *m.DeadLetterSource != "jobs" {
		t.Fatalf("%+v", m)
	}
	ck(t, d.CompleteMessage(tctx(t), m, nil))
	none(t, d, 100*time.Millisecond)
}

func TestLockRenewAndExpiry(t *testing.T) {
	_, c := up(t, sbtest.Options{Queues: []sbtest.QueueConfig{{Name: "jobs", LockDuration: 400 * time.Millisecond}}})
	send(t, snd(t, c, "jobs"), "x")
	r := rcv(t, c, "jobs", nil)
	m := one(t, r)
	for range 4 { // kept well past one lock duration
		time.Sleep(200 * time.Millisecond)
		was := *m.LockedUntil
		ck(t, r.RenewMessageLock(tctx(t), m, nil))
		if !m.LockedUntil.After(was) {
			t.Fatal("not extended")
		}
	}
	ck(t, r.CompleteMessage(tctx(t), m, nil))

	send(t, snd(t, c, "jobs"), "y")
	m = one(t, r)
	m2 := one(t, r) // the lock expires and it comes again
	if m2.DeliveryCount != 2 || m2.LockToken == m.LockToken {
		t.Fatal(m2.DeliveryCount)
	}
	var sb *azservicebus.Error
	if err := r.CompleteMessage(tctx(t), m, nil); !errors.As(err, &sb) || sb.Code != azservicebus.CodeLockLost {
		t.Fatal("complete after expiry:", err)
	}
	sb = nil
	if err := r.RenewMessageLock(tctx(t), m, nil); !errors.As(err, &sb) || sb.Code != azservicebus.CodeLockLost {
		t.Fatal("renew after expiry:", err)
	}
	ck(t, r.CompleteMessage(tctx(t), m2, nil))
}

func TestMaxDeliveryCount(t *testing.T) {
	_, c := up(t, sbtest.Options{Queues: []sbtest.QueueConfig{{Name: "jobs", MaxDeliveryCount: 3, LockDuration: 150 * time.Millisecond}}})
	send(t, snd(t, c, "jobs"), "x")
	r := rcv(t, c, "jobs", nil)
	for i := range 3 {
		m := one(t, r)
		if m.DeliveryCount != uint32(i+1) {
			t.Fatal(m.DeliveryCount)
		}
		if i < 2 {
			ck(t, r.AbandonMessage(tctx(t), m, nil))
		} // the third by lock expiry
	}
	d := rcv(t, c, "jobs", &azservicebus.ReceiverOptions{SubQueue: azservicebus.SubQueueDeadLetter})
	if m := one(t, d); *m.DeadLetterReason != "MaxDeliveryCountExceeded" {
		t.Fatal(*m.DeadLetterReason)
	}
	none(t, r, 100*time.Millisecond)
}

func TestScheduled(t *testing.T) {
	_, c := up(t, q("jobs"))
	tx := snd(t, c, "jobs")
	at := time.Now().Add(500 * time.Millisecond)
	ck(t, tx.SendMessage(tctx(t), &azservicebus.Message{Body: []byte("a"), ScheduledEnqueueTime: &at}, nil))
	seqs, err := tx.ScheduleMessages(tctx(t), []*azservicebus.Message{{Body: []byte("b")}, {Body: []byte("c")}}, at, nil)
	ck(t, err)
	ck(t, tx.CancelScheduledMessages(tctx(t), seqs[1:], nil))
	r := rcv(t, c, "jobs", nil)
	pk, err := r.PeekMessages(tctx(t), 10, nil)
	ck(t, err)
	if len(pk) != 2 || pk[0].State != azservicebus.MessageStateScheduled {
		t.Fatal(len(pk))
	}
	none(t, r, 200*time.Millisecond)
	got := string(one(t, r).Body) + string(one(t, r).Body)
	if got != "ab" || time.Now().Before(at) {
		t.Fatal(got)
	}
}

func TestDefer(t *testing.T) {
	_, c := up(t, q("jobs"))
	send(t, snd(t, c, "jobs"), "x")
	r := rcv(t, c, "jobs", nil)
	m := one(t, r)
	ck(t, r.DeferMessage(tctx(t), m, nil))
	none(t, r, 100*time.Millisecond)
	ms, err := r.ReceiveDeferredMessages(tctx(t), []int64{*m.SequenceNumber}, nil)
	ck(t, err)
	if len(ms) != 1 || ms[0].State != azservicebus.MessageStateDeferred || string(ms[0].Body) != "x" {
		t.Fatalf("%+v", ms)
	}
	ck(t, r.CompleteMessage(tctx(t), ms[0], nil)) // goes over $management
}

func TestCompetingReceivers(t *testing.T) {
	s, c := up(t, q("jobs"))
	tx := snd(t, c, "jobs")
	const n = 400
	var mu sync.Mutex
	seen := map[string]int{}
	per := [2]int{}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var wg sync.WaitGroup
	for w := range 2 {
		c2, err := azservicebus.NewClientFromConnectionString(s.ConnectionString(), nil)
		ck(t, err)
		defer func() { _ = c2.Close(context.Background()) }()
		r := rcv(t, c2, "jobs", nil)
		wg.Go(func() {
			for {
				ms, err := r.ReceiveMessages(ctx, 10, nil)
				if err != nil {
					return
				}
				for _, m := range ms {
					if err := r.CompleteMessage(context.Background(), m, nil); err != nil {
						t.Error(err)
					}
					mu.Lock()
					seen[string(m.Body)]++
					per[w]++
					if len(seen) == n {
						cancel()
					}
					mu.Unlock()
				}
			}
		})
	}
	for i := range n {
		send(t, tx, fmt.Sprint(i))
	}
	wg.Wait()
	if len(seen) != n || per[0] == 0 || per[1] == 0 || per[0]+per[1] != n {
		t.Fatal(len(seen), per)
	}
}

func TestReceiveAndDelete(t *testing.T) {
	s, c := up(t, q("jobs"))
	send(t, snd(t, c, "jobs"), "x", "y")
	r := rcv(t, c, "jobs", &azservicebus.ReceiverOptions{ReceiveMode: azservicebus.ReceiveModeReceiveAndDelete})
	one(t, r)
	one(t, r)
	if st := s.Stats("jobs"); st.Active+st.Locked != 0 {
		t.Fatal(st)
	}
}

func TestDuplicateDetection(t *testing.T) {
	s, c := up(t, sbtest.Options{Queues: []sbtest.QueueConfig{{Name: "jobs", DuplicateDetection: time.Minute}}})
	tx := snd(t, c, "jobs")
	id := "same"
	for range 3 {
		ck(t, tx.SendMessage(tctx(t), &azservicebus.Message{MessageID: &id}, nil))
	}
	if st := s.Stats("jobs"); st.Active != 1 {
		t.Fatal(st)
	}
}

func TestTTL(t *testing.T) {
	s, c := up(t, sbtest.Options{Queues: []sbtest.QueueConfig{{Name: "jobs", DeadLetterOnExpiry: true}}})
	ttl := 100 * time.Millisecond
	ck(t, snd(t, c, "jobs").SendMessage(tctx(t), &azservicebus.Message{TimeToLive: &ttl}, nil))
	time.Sleep(200 * time.Millisecond)
	if s.Stats("jobs").Active != 0 || s.DeadStats("jobs").Active != 1 {
		t.Fatal(s.Stats("jobs"))
	}
}

func TestErrors(t *testing.T) {
	opt := q("jobs")
	opt.Authorize = func(aud, typ, tok string) (int32, string) {
		if typ != "servicebus.windows.net:sastoken" || tok == "" {
			return 401, "bad token"
		}
		return 202, ""
	}
	_, c := up(t, opt)
	var sb *azservicebus.Error
	err := snd(t, c, "nope").SendMessage(tctx(t), &azservicebus.Message{}, nil)
	if !errors.As(err, &sb) || sb.Code != azservicebus.CodeNotFound {
		t.Fatal(err)
	}
	opt.Authorize = func(aud, typ, tok string) (int32, string) { return 401, "no" }
	_, c = up(t, opt)
	sb = nil
	err = snd(t, c, "jobs").SendMessage(tctx(t), &azservicebus.Message{}, nil)
	if !errors.As(err, &sb) || sb.Code != azservicebus.CodeUnauthorizedAccess {
		t.Fatal(err)
	}
}

func TestFaults(t *testing.T) {
	once := q("jobs")
	once.Queues[0].DuplicateDetection = time.Minute
	s, c := up(t, once)
	tx, r := snd(t, c, "jobs"), rcv(t, c, "jobs", nil)
	sendID := func(id string) error {
		return tx.SendMessage(tctx(t), &azservicebus.Message{MessageID: &id}, nil)
	}
	stored := func(want int) {
		t.Helper()
		if st := s.Stats("jobs"); st.Active+st.Locked != want {
			t.Fatalf("want %d messages: %+v", want, st)
		}
	}
	ck(t, sendID("1"))
	s.Throttle(2) // the client tries again
	ck(t, sendID("2"))
	stored(2)
	s.LoseAcknowledgements(1)
	ck(t, sendID("3"))
	stored(3)
	before := s.Accepts()
	s.DropConnections()
	ck(t, sendID("4"))
	if s.Accepts() == before {
		t.Fatal("it did not connect again")
	}
	s.DetachLinks("jobs", sbtest.DetachForced)
	ck(t, sendID("5"))
	stored(5)
	s.Refuse(time.Hour)
	if err := sendID("6"); err == nil {
		t.Fatal("sent through a server that refuses")
	}
	s.Refuse(0)
	ck(t, sendID("6"))
	s.Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	id := "7"
	if err := tx.SendMessage(ctx, &azservicebus.Message{MessageID: &id}, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("sending on a frozen connection: %v", err)
	}
	stored(6)
	s.DropConnections()
	for range 6 {
		m := one(t, r)
		ck(t, r.CompleteMessage(tctx(t), m, nil))
	}
	stored(0)
}

// Bytes that are not AMQP end their connection and nothing else.
func TestGarbage(t *testing.T) {
	s, c := up(t, q("jobs"))
	for name, b := range map[string]string{
		"another protocol": "GET / HTTP/1.1\r\n\r\n",
		"an endless frame": "AMQP\x00\x01\x00\x00\xff\xff\xff\xff\x02\x00\x00\x00",
		"an endless list":  "AMQP\x00\x01\x00\x00\x00\x00\x00\x10\x02\x00\x00\x00\x00\x53\x10\xd0\xff\xff\xff\xff",
	} {
		t.Run(name, func(t *testing.T) {
			nc, err := net.Dial("tcp", s.Addr())
			ck(t, err)
			_, err = nc.Write([]byte(b))
			ck(t, err)
			ck(t, nc.SetReadDeadline(time.Now().Add(10*time.Second)))
			_, err = io.Copy(io.Discard, nc)
			var late net.Error
			if errors.As(err, &late) && late.Timeout() {
				t.Error("is still connected")
			}
			ck(t, nc.Close())
		})
	}
	send(t, snd(t, c, "jobs"), "x")
}
