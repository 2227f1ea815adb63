package chaos_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/queue"
)

// deadly is in the prompt of a photo whose worker is killed each time that it
// asks for the scene.
const deadly = "kill-the-worker"

// TestChaosPoison has work break off in ways that no retry mends: a step that
// panics, a variant that panics, a photo that ends its worker. Each is given up
// after lease.MaxRescues attempts, with its own code, a dead letter and its credit
// given back, and what lies beside it ends well.
func TestChaosPoison(t *testing.T) {
	if !*full {
		return // modules/job and modules/export hold the same without a fleet
	}
	t.Parallel()
	exe := chaosBuild(t)
	small := apptest.Photo(t, 160, 120)
	f, database, g := beginLinked(t, exe)
	defer f.abandon()
	f.api.WaitReady()
	var jobs []string
	var must due
	var table strings.Builder
	finish := func(what, job, status string, began time.Time) apptest.Job {
		got := f.finish(job)
		if got.Status != status {
			t.Errorf("%s: job %s ended %s, want %s", what, job, got.Status, status)
		}
		fmt.Fprintf(&table, "| %s | %d | %.1f s |\n", what, len(got.Items), time.Since(began).Seconds())
		return got
	}
	panics := fmt.Sprintf(":panic:%d", lease.MaxRescues)

	t.Run("a step panics", func(t *testing.T) {
		f.members["orchestrate"].aimAt(crashpoint.SceneScored + panics)
		began := time.Now()
		job := f.send("panic", 1, small)
		got := finish("a step panics", job, "failed", began)
		for _, it := range got.Items {
			if it.Status != "failed" || it.ErrorCode != lease.ErrRescues.Code {
				t.Errorf("the item is %s with code %q", it.Status, it.ErrorCode)
			}
		}
		jobs = append(jobs, job)
		must.items++
		must.jobs++
		after := f.send("after-panic", chaosItems, small)
		finish("the jobs after it", after, "completed", time.Now())
		jobs = append(jobs, after)
	})
	t.Run("a step panics twice and then works", func(t *testing.T) {
		f.members["orchestrate"].aimAt(crashpoint.SceneScored + ":panic:2")
		job := f.send("panic-twice", chaosItems, small)
		finish("a step panics twice and then works", job, "completed", time.Now())
		jobs = append(jobs, job)
	})
	t.Run("a photo kills its worker", func(t *testing.T) {
		see := func(body []byte) {
			if bytes.Contains(body, []byte(deadly)) {
				f.members["orchestrate"].kill()
			}
		}
		g.scorer.watch.Store(&see)
		defer g.scorer.watch.Store(nil)
		began := time.Now()
		job := f.sendItems("deadly", []any{map[string]any{"filename": "a.jpg"}, map[string]any{"filename": "b.jpg", "scene_prompt": deadly}}, small)
		got := finish("a photo kills its worker", job, "partial", began)
		for _, it := range got.Items {
			bad := it.Filename == "b.jpg"
			want := "completed"
			if bad {
				want = "failed"
			}
			if it.Status != want {
				t.Errorf("%s is %s, want %s", it.Filename, it.Status, want)
			}
			if bad && it.ErrorCode != lease.ErrRescues.Code {
				t.Errorf("its code is %q", it.ErrorCode)
			}
		}
		jobs = append(jobs, job)
		must.items++
	})
	t.Run("a variant panics", func(t *testing.T) {
		f.members["export"].aimAt(crashpoint.ExportStored + fmt.Sprintf(":panic:%d", lease.MaxRescues*len(chaosPresets)))
		began := time.Now()
		job := f.send("variant", 1, small)
		finish("a variant panics", job, "partial", began)
		jobs = append(jobs, job)
		must.variants += len(chaosPresets)
	})
	dead := func() int { return g.broker.DeadStats(queue.Jobs).Active + g.broker.DeadStats(queue.Exports).Active }
	for deadline := time.Now().Add(time.Minute); dead() < 3 && time.Now().Before(deadline); {
		time.Sleep(100 * time.Millisecond)
	}
	if n := dead(); n != 3 {
		t.Errorf("%d dead letters, want one of each that was given up", n)
	}
	f.stop()
	d := f.check(database, jobs, len(jobs)*chaosItems+3*lease.MaxRescues, must)
	fmt.Printf("\n| work that breaks off | items | time to the job's end |\n| --- | ---: | ---: |\n%s\nlost %d, stuck %d, doubled %d, ledger %s\n\n",
		table.String(), d.lost, d.stuck, d.doubled, d.ledger)
}

// TestChaosLoneItem takes the scoring service away from a fleet that has a single
// item to do. No answer at all uses up none of its tries, however many processes
// share it.
func TestChaosLoneItem(t *testing.T) {
	if !*full {
		return // modules/job holds the same without a fleet
	}
	t.Parallel()
	exe := chaosBuild(t)
	small := apptest.Photo(t, 160, 120)
	f, database, g := beginLinked(t, exe)
	defer f.abandon()
	f.api.WaitReady()
	var jobs []string
	var table strings.Builder
	for n := 1; n <= 3; n++ {
		t.Run(fmt.Sprintf("%d processes", n), func(t *testing.T) {
			if n > 1 {
				f.run(fmt.Sprintf("orchestrate-%d", n), "", "orchestrate", "--listen", apptest.FreeAddr(t))
			}
			g.links["scoring"].proxy.Stop()
			job := f.send(fmt.Sprintf("lone-%d", n), 1, small)
			jobs = append(jobs, job)
			time.Sleep(longOutage)
			if tries := triesOf(t, database, job); tries != 0 {
				t.Errorf("the outage used up %d tries", tries)
			}
			if err := g.links["scoring"].proxy.Start(); err != nil {
				t.Fatal(err)
			}
			back := time.Now()
			if got := f.finish(job); got.Status != "completed" {
				t.Errorf("the job ended %s", got.Status)
			}
			fmt.Fprintf(&table, "| %d | %.1f s |\n", n, time.Since(back).Seconds())
		})
	}
	f.stop()
	d := f.check(database, jobs, len(jobs)*100, due{})
	fmt.Printf("\n| processes that share one item, scoring refused for %s | recovery |\n| ---: | ---: |\n%s\nlost %d, stuck %d, doubled %d, ledger %s\n\n",
		longOutage, table.String(), d.lost, d.stuck, d.doubled, d.ledger)
}

// triesOf returns the most tries that an item of the job has used.
func triesOf(t *testing.T, database, job string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	d, err := db.Open(ctx, db.Options{URL: database})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var n int
	if err := d.QueryRowContext(ctx, `SELECT max(tries) FROM items WHERE job_id = $1`, job).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
