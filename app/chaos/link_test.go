package chaos_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// link is what lies between the roles and one part: a proxy that can be made
// slow, broken or narrow, and behind it one that can forget its connections.
type link struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
	stuck *forgetful
}

// quiet keeps toxiproxy, which logs each interruption of each connection by the
// global logger, from filling the run's output.
var quiet = sync.OnceFunc(func() { zerolog.SetGlobalLevel(zerolog.WarnLevel) })

// newLink puts a link before the part at an address.
func newLink(t *testing.T, name, upstream string) *link {
	t.Helper()
	quiet()
	stuck := newForgetful(t, upstream)
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := toxiproxy.NewProxy(server, name, "127.0.0.1:0", stuck.addr())
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return &link{t, p, stuck}
}

func (l *link) addr() string { return l.proxy.Listen }

// toxics are what is done to a link, as toxiproxy writes it: each to both
// directions.
var toxics = []struct{ name, json string }{
	{"latency of 2 s ± 1 s", `{"type":"latency","attributes":{"latency":2000,"jitter":1000}}`},
	{"reset", `{"type":"reset_peer","attributes":{"timeout":0}}`},
	{"silence", `{"type":"timeout","attributes":{"timeout":0}}`},
	{"20 KB/s", `{"type":"bandwidth","attributes":{"rate":20}}`},
}

// poison puts a toxic on the link; the function takes it off.
func (l *link) poison(json string) (end func()) {
	var names []string
	for _, stream := range []string{"upstream", "downstream"} {
		w, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(strings.Replace(json, "{", fmt.Sprintf(`{"stream":%q,`, stream), 1)))
		if err != nil {
			l.t.Error(err)
			continue
		}
		names = append(names, w.Name)
	}
	return func() {
		for _, n := range names {
			if err := l.proxy.Toxics.RemoveToxic(l.t.Context(), n); err != nil {
				l.t.Error(err)
			}
		}
	}
}

// forgetful is a proxy that can forget what is open, as a firewall does with a
// flow: neither side is told, and nothing gets through any more. Connections
// opened afterwards work.
type forgetful struct {
	ln       net.Listener
	upstream string

	mu    sync.Mutex
	flows []*flow
}

type flow struct {
	mu       sync.Mutex
	lost     bool
	from, to net.Conn
}

func newForgetful(t *testing.T, upstream string) *forgetful {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &forgetful{ln: ln, upstream: upstream}
	go f.serve()
	t.Cleanup(func() {
		_ = ln.Close()
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, fl := range f.flows {
			_, _ = fl.from.Close(), fl.to.Close()
		}
	})
	return f
}

func (f *forgetful) addr() string { return f.ln.Addr().String() }

func (f *forgetful) serve() {
	for {
		from, err := f.ln.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", f.upstream)
		if err != nil {
			_ = from.Close()
			continue
		}
		fl := &flow{from: from, to: to}
		f.mu.Lock()
		f.flows = append(f.flows, fl)
		f.mu.Unlock()
		go fl.copy(to, from)
		go fl.copy(from, to)
	}
}

// copy passes on what arrives until the flow is forgotten; then it swallows it.
func (fl *flow) copy(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		fl.mu.Lock()
		lost := fl.lost
		fl.mu.Unlock()
		if lost {
			if err != nil {
				return // and the other side is not told
			}
			continue
		}
		if n > 0 {
			if _, werr := to.Write(buf[:n]); werr != nil {
				err = io.ErrClosedPipe
			}
		}
		if err != nil {
			_, _ = from.Close(), to.Close()
			return
		}
	}
}

func (f *forgetful) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fl := range f.flows {
		fl.mu.Lock()
		fl.lost = true
		fl.mu.Unlock()
	}
}
