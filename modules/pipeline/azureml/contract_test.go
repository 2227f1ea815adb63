package azureml

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/score"
)

// contractDir holds the cases that all sides of the contract read.
const contractDir = "../../../ml/contract"

type reply struct {
	Description string            `json:"description"`
	Status      int               `json:"status"`
	Headers     map[string]string `json:"headers"`
	Body        json.RawMessage   `json:"body"`
	Client      struct {
		OK         bool      `json:"ok"`
		Stored     bool      `json:"stored"`
		Generated  bool      `json:"generated"`
		Box        []float64 `json:"box"`
		Code       string    `json:"code"`
		Detail     string    `json:"detail"`
		Transient  bool      `json:"transient"`
		RetryAfter int       `json:"retry_after_s"`
	} `json:"client"`
}

func TestClientKeepsTheContract(t *testing.T) {
	seen := 0
	for _, kind := range []string{"response-*.json", "error-*.json"} {
		files, err := filepath.Glob(filepath.Join(contractDir, kind))
		if err != nil || len(files) == 0 {
			t.Fatalf("no cases %s: %v", kind, err)
		}
		for _, file := range files {
			seen++
			t.Run(filepath.Base(file), func(t *testing.T) {
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				var a reply
				if err := json.Unmarshal(data, &a); err != nil {
					t.Fatal(err)
				}
				for _, f := range a.faults(t) {
					t.Error(f)
				}
				// a check that passes everything checks nothing
				planted := a
				planted.Client.Generated, planted.Client.Transient, planted.Client.Box = !a.Client.Generated, !a.Client.Transient, []float64{9, 9, 9, 9}
				if len(planted.faults(t)) == 0 {
					t.Error("the opposite passes, too")
				}
			})
		}
	}
	if seen < 15 {
		t.Errorf("only %d cases", seen)
	}
}

// faults says where the client makes something else of the answer than the case.
func (a reply) faults(t *testing.T) (found []string) {
	t.Helper()
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	c := serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
		for k, v := range a.Headers {
			w.Header().Set(k, v)
		}
		w.WriteHeader(a.Status)
		_, _ = w.Write(a.Body)
	})
	req := score.Request{}
	if a.Client.Stored {
		req.OutputImageSAS = "https://blob.example.com/out?sig=x"
	}
	res, err := c.Score(context.Background(), req)
	if a.Client.OK {
		if err != nil {
			return []string{err.Error()}
		}
		if (len(res.ImageBytes) == 0) != a.Client.Stored || res.Meta.Generated != a.Client.Generated {
			say("%d bytes, meta %+v", len(res.ImageBytes), res.Meta)
		}
		if box, ok := res.Meta.Box(); ok != (a.Client.Box != nil) || ok && !slices.Equal(box[:], a.Client.Box) {
			say("box %v, want %v", box, a.Client.Box)
		}
		return found
	}
	if fault.CodeOf(err) != a.Client.Code || fault.IsTransient(err) != a.Client.Transient {
		say("%v: code %s, transient %v", err, fault.CodeOf(err), fault.IsTransient(err))
	}
	if want := time.Duration(a.Client.RetryAfter) * time.Second; fault.RetryAfter(err) != want {
		say("retry after %v, want %v", fault.RetryAfter(err), want)
	}
	if err != nil && !strings.Contains(err.Error(), a.Client.Detail) {
		say("%v does not say %q", err, a.Client.Detail)
	}
	return found
}
