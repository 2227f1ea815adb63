package api

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/job"
)

// Each stream of a job that does not change reads one row per tick and never loads
// the job, however large it is.
func TestIdleStreamsLookAtOneNumber(t *testing.T) {
	const streams = 64
	if perSecond := streams*time.Second/streamTick + streams*time.Second/streamCheck; perSecond > 130 {
		t.Errorf("%d streams make %d queries a second", streams, perSecond)
	}
	h := newHouse(t)
	srv := httptest.NewServer(h.handler)
	defer srv.Close()
	jobID, _ := h.make(t, "t1")
	h.jobs.mu.Lock()
	for range 999 {
		h.jobs.jobs[jobID].Items = append(h.jobs.jobs[jobID].Items, job.Item{ItemID: "i", Status: job.ItemQueued})
	}
	h.jobs.mu.Unlock()
	before, _, _ := h.jobs.calls()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	progress := make(chan string, 4*streams)
	for range streams {
		req, err := http.NewRequestWithContext(ctx, "GET", srv.URL+"/v1/jobs/"+jobID+"/events?tenant_id=t1", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		go func() {
			for s := bufio.NewScanner(resp.Body); s.Scan(); {
				if s.Text() == "event: progress" {
					progress <- s.Text()
				}
			}
		}()
	}
	for range streams {
		<-progress // each stream has sent the job's progress
	}
	gets, _, reads := h.jobs.calls()
	if gets != before+1 {
		t.Errorf("the job was loaded %d times for %d streams", gets-before, streams)
	}
	wait := func(more int) {
		t.Helper()
		_, from, _ := h.jobs.calls()
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			if _, looks, _ := h.jobs.calls(); looks >= from+more {
				return
			}
			if time.Now().After(deadline) {
				t.Fatal("the streams don't look")
			}
		}
	}
	wait(3 * streams)
	if g, _, r := h.jobs.calls(); g != gets || r != reads {
		t.Errorf("while nothing changed the job was loaded %d times, and its events %d times", g-gets, r-reads)
	}
	h.jobs.mu.Lock()
	h.jobs.jobs[jobID].Items[7].Status = job.ItemProcessing
	h.jobs.mu.Unlock()
	for range streams {
		<-progress
	}
	if g, _, _ := h.jobs.calls(); g != gets+1 {
		t.Errorf("a change loaded the job %d times", g-gets)
	}
}

func TestWatchedJobsAreForgotten(t *testing.T) {
	var w watches
	_, first := w.enter("t", "j")
	shared, second := w.enter("t", "j")
	if other, leave := w.enter("u", "j"); other == shared {
		t.Error("tenants share a view")
	} else {
		leave()
	}
	first()
	if len(w.by) != 1 {
		t.Errorf("%d jobs are watched", len(w.by))
	}
	second()
	if len(w.by) != 0 {
		t.Errorf("%d jobs are watched by nobody", len(w.by))
	}
}
