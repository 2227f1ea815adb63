package app_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// receiver is a customer's server that webhooks are sent to, for scripts.
type receiver struct {
	*httptest.Server

	mu   sync.Mutex
	down bool
	took map[string][]letter // by path
}

type letter struct {
	header http.Header
	body   string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{took: map[string][]letter{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.down && q.URL.Path == "/hook" {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		r.took[q.URL.Path] = append(r.took[q.URL.Path], letter{q.Header, string(body)})
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) at(path string) []letter {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.took[path])
}

func (r *receiver) forget(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.took, path)
}

// scriptPatience bounds what a script waits for.
const scriptPatience = 2 * time.Minute

// commands are what scripts can do with it:
//
//	receiver up|down          it takes what comes to /hook, or answers 503
//	until PATTERN opal ...    runs a command until its output has the pattern
//	capture NAME FILE PATTERN sets a variable to what a pattern's group finds in a file
//	took PATH N               waits until N calls were taken at a path
//	tookany PATH              waits until a call was taken at a path: its own retry may come beside a replay
//	forget PATH               counts the calls at a path anew
//	signed PATH FILE...       the last call at a path is signed with the secret that each file holds
//	same PATH PATH            the last calls at two paths are of one event, and have one body
func (r *receiver) commands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	wait := func(ts *testscript.TestScript, what string, met func() bool) {
		for end := time.Now().Add(scriptPatience); !met(); time.Sleep(200 * time.Millisecond) {
			if time.Now().After(end) {
				ts.Fatalf("it does not happen: %s", what)
			}
		}
	}
	last := func(ts *testscript.TestScript, path string) letter {
		all := r.at(path)
		if len(all) == 0 {
			ts.Fatalf("nothing was taken at %s", path)
		}
		return all[len(all)-1]
	}
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"receiver": func(_ *testscript.TestScript, _ bool, args []string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.down = args[0] == "down"
		},
		"until": func(ts *testscript.TestScript, _ bool, args []string) {
			pattern := regexp.MustCompile(args[0])
			wait(ts, args[0], func() bool {
				if err := ts.Exec(args[1], args[2:]...); err != nil {
					return false // a delivery's own retry may be under way: its replay is refused meanwhile
				}
				return pattern.MatchString(ts.ReadFile("stdout"))
			})
		},
		"capture": func(ts *testscript.TestScript, _ bool, args []string) {
			found := regexp.MustCompile(args[2]).FindStringSubmatch(ts.ReadFile(args[1]))
			if found == nil {
				ts.Fatalf("%s has no %s", args[1], args[2])
			}
			ts.Setenv(args[0], found[1])
		},
		"took": func(ts *testscript.TestScript, _ bool, args []string) {
			n, err := strconv.Atoi(args[1])
			ts.Check(err)
			wait(ts, args[1]+" calls at "+args[0], func() bool { return len(r.at(args[0])) >= n })
			if got := len(r.at(args[0])); got != n {
				ts.Fatalf("%d calls, want %d", got, n)
			}
		},
		"tookany": func(ts *testscript.TestScript, _ bool, args []string) {
			wait(ts, "a call at "+args[0], func() bool { return len(r.at(args[0])) > 0 })
		},
		"forget": func(_ *testscript.TestScript, _ bool, args []string) { r.forget(args[0]) },
		"signed": func(ts *testscript.TestScript, neg bool, args []string) {
			l := last(ts, args[0])
			for _, file := range args[1:] {
				v, err := standard.NewWebhook(regexp.MustCompile(`whsec_[^\s"]+`).FindString(ts.ReadFile(file)))
				ts.Check(err)
				if err := v.Verify([]byte(l.body), l.header); (err == nil) == neg {
					ts.Fatalf("%s: %v", file, err)
				}
			}
		},
		"same": func(ts *testscript.TestScript, _ bool, args []string) {
			a, b := last(ts, args[0]), last(ts, args[1])
			if a.body != b.body || a.header.Get(standard.HeaderWebhookID) != b.header.Get(standard.HeaderWebhookID) {
				ts.Fatalf("they differ:\n%s\n%s", a.body, b.body)
			}
		},
	}
}
