// Package servicebus is the queue on Azure Service Bus, through azservicebus. It
// knows the library's pitfalls; each workaround names its pitfall.
package servicebus

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"

	"github.com/opal-photo/opal/modules/queue"
)

// The library's own retries are 3 from 4 s on, some 40 s in all: far too long
// under a caller that has a deadline and tries again itself.
const (
	maxRetries    = 3
	retryDelay    = 250 * time.Millisecond
	maxRetryDelay = 2 * time.Second

	defaultLock = time.Minute
	defaultTry  = 6 * time.Second
	closeWait   = 5 * time.Second // for a client that is given up
)

// Options say which namespace to use, by a connection string or by a name and a
// credential.
type Options struct {
	ConnectionString string
	Namespace        string // short (opal-sb) or fully qualified (opal-sb.servicebus.windows.net)
	Credential       azcore.TokenCredential

	// Lock is the queues' lock duration, one minute when 0. It is what counts
	// when this machine's clock and the service's disagree.
	Lock time.Duration

	// Try bounds one try of a call, six seconds when 0. A try that takes longer is
	// taken to hang on a half-open connection, and is repeated on a new one.
	Try time.Duration

	Endpoint string      // host:port to dial instead of the namespace's own; for private endpoints
	TLS      *tls.Config // nil: the system's roots
}

// Namespace is the process's one connection to Service Bus. It is safe for
// concurrent use. Links are shared and opened when they are first used, so that
// a service that is down keeps no role from starting.
type Namespace struct {
	lock   time.Duration
	tryFor time.Duration
	create func() (*azservicebus.Client, error)

	mu      sync.Mutex
	life    *life
	closing sync.WaitGroup // clients that are being closed
}

// life is the span of one client, until it is given up.
type life struct {
	client *azservicebus.Client
	ctx    context.Context // ends when it is given up, and the calls with it

	mu    sync.Mutex // orders the life's end against the start of calls
	end   context.CancelFunc
	calls sync.WaitGroup
}

// over reports whether the client was given up.
func (l *life) over() bool { return l.ctx.Err() != nil }

// stop ends the calls and lets none begin.
func (l *life) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end()
}

// close closes the client. The library leaks goroutines when a call opens a link
// on a client that is closed, so it waits for the calls.
func (l *life) close(ctx context.Context) error {
	l.stop()
	l.calls.Wait()
	return l.client.Close(ctx)
}

// call runs f with a context that ends with the life too. It returns
// context.Canceled, without calling f, when the life is over.
func (l *life) call(ctx context.Context, f func(ctx context.Context) error) error {
	l.mu.Lock()
	if l.over() {
		l.mu.Unlock()
		return context.Canceled
	}
	l.calls.Add(1)
	l.mu.Unlock()
	defer l.calls.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	return f(ctx)
}

// Open checks the options and warms the credential; it does not connect yet.
func Open(ctx context.Context, o Options) (*Namespace, error) {
	co := &azservicebus.ClientOptions{
		TLSConfig: o.TLS, CustomEndpoint: o.Endpoint, ApplicationID: "opal",
		RetryOptions: azservicebus.RetryOptions{MaxRetries: maxRetries, RetryDelay: retryDelay, MaxRetryDelay: maxRetryDelay},
	}
	n := &Namespace{lock: cmp.Or(o.Lock, defaultLock), tryFor: cmp.Or(o.Try, defaultTry)}
	switch {
	case o.ConnectionString != "":
		n.create = func() (*azservicebus.Client, error) {
			return azservicebus.NewClientFromConnectionString(o.ConnectionString, co)
		}
	case o.Namespace == "" || o.Credential == nil:
		return nil, queue.ErrUnauthorized.With("neither a connection string nor a namespace with a credential is given")
	default:
		host, err := host(o.Namespace)
		if err != nil {
			return nil, err
		}
		cred := bounded{o.Credential}
		if err := cred.warm(ctx); err != nil {
			return nil, err
		}
		n.create = func() (*azservicebus.Client, error) { return azservicebus.NewClient(host, cred, co) }
	}
	c, err := n.create()
	if err != nil {
		// the library's text may quote the connection string
		return nil, queue.ErrUnauthorized.With("the connection string can't be read: it has Endpoint, SharedAccessKeyName and SharedAccessKey")
	}
	n.use(c)
	return n, nil
}

// use makes c the client. n.mu is held, or n is not shared yet.
func (n *Namespace) use(c *azservicebus.Client) {
	n.life = &life{client: c}
	n.life.ctx, n.life.end = context.WithCancel(context.Background())
}

// current returns the client's life.
func (n *Namespace) current() *life {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.life
}

// giveUp replaces the client whose life is given, once. A half-open connection
// goes unnoticed by the library for a minute, and every call on it hangs; a new
// client has a new connection.
func (n *Namespace) giveUp(old *life) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.life != old || old.over() {
		return // another call did
	}
	c, err := n.create()
	if err != nil {
		return // the options were good when Open tried them
	}
	n.use(c)
	old.stop()
	n.closing.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeWait)
		defer cancel()
		_ = old.close(ctx)
	})
}

// Close closes the connection and waits for that until ctx ends.
func (n *Namespace) Close(ctx context.Context) error {
	n.mu.Lock()
	last := n.life
	last.stop() // from here on nothing is given up
	n.mu.Unlock()
	done := make(chan error, 1)
	go func() {
		err := last.close(ctx)
		n.closing.Wait()
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("close the Service Bus connection: %w", ctx.Err())
	}
}
