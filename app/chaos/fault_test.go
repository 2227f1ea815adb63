package chaos_test

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/blob/azureblob/azuritetest"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/queue/servicebus/sbtest"
)

// The goals of a fault. Recovery counts from its end: the next try may be
// scheduled half a minute away, and Service Bus's library notices only after a
// minute that the other side is gone.
const (
	faultRecovery = 3 * time.Minute // while six fleets share the machine
	// scoringDeadline is how long a call of the scoring service may take.
	scoringDeadline = 3 * time.Minute

	// faultMemory is the most that each role may hold above what the same work takes
	// without a fault, in KiB. The export worker makes its variants as they come: after a
	// fault they come together, and up to 145 MB more were seen on a busy machine. A body
	// of 1 GiB that is not bounded takes far more than that.
	faultMemory = 256 << 10
)

// ground is what the roles stand on, each part behind a link.
type ground struct {
	blobs    *azuritetest.Server
	postgres *dbtest.Server
	broker   *sbtest.Server
	scorer   *scorer
	links    map[string]*link
	fleet    *fleet
	also     []string // jobs that a fault sent itself
}

// fault is something that is wrong for a while.
type fault struct {
	name  string
	short bool           // is tried by the tests, too
	goal  time.Duration  // of the recovery; 0: faultRecovery
	lasts time.Duration  // 0: faultLength
	share string         // faults of one share are tried one after the other, on one fleet
	most  map[string]int // KiB that a role may hold, where faultMemory above the usual is not the bound
	begin func(t *testing.T, g *ground) (end func())
}

var linkNames = []string{"database", "queue", "blobs", "scoring"}

func faults() []fault {
	var all []fault
	for _, name := range linkNames {
		for _, x := range toxics {
			all = append(all, fault{name: name + ": " + x.name, share: name, short: name == "database" && x.name == "reset", begin: func(_ *testing.T, g *ground) func() { return g.links[name].poison(x.json) }})
		}
		goal := faultRecovery
		if name == "scoring" {
			goal += scoringDeadline // an answer may take as long
		}
		all = append(all, fault{name: name + ": half-open", share: name, short: name == "database", goal: goal, begin: func(_ *testing.T, g *ground) func() {
			g.links[name].stuck.forget()
			return func() {}
		}})
	}
	for _, lasts := range []time.Duration{faultLength(), longOutage} {
		long, share := "", func(part string) string { return part }
		if lasts == longOutage {
			long, share = " for "+longOutage.String(), func(string) string { return shareMinutes }
		}
		all = append(all, fault{name: "database: killed" + long, share: share("database"), short: long == "", lasts: lasts, begin: func(t *testing.T, g *ground) func() {
			g.postgres.Kill()
			return func() {
				if err := g.postgres.Start(); err != nil {
					t.Error(err)
				}
			}
		}}, fault{name: "blobs: stopped" + long, share: share("blobs"), lasts: lasts, begin: func(t *testing.T, g *ground) func() {
			g.blobs.Stop()
			return func() {
				if err := g.blobs.Restart(); err != nil {
					t.Error(err)
				}
			}
		}}, fault{name: "queue: refused" + long, share: share("queue"), lasts: lasts, begin: func(_ *testing.T, g *ground) func() {
			g.broker.Refuse(lasts)
			g.broker.DropConnections()
			return func() {}
		}})
	}
	all = append(all, fault{name: "scoring: 503 for " + longOutage.String(), share: shareMinutes, lasts: longOutage, begin: func(_ *testing.T, g *ground) func() {
		return g.scorer.answers(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusServiceUnavailable) })
	}})
	for _, off := range []time.Duration{clockOff, -clockOff} {
		all = append(all, fault{name: fmt.Sprintf("database: clock off by %s", off), share: "database", goal: faultRecovery + clockOff, begin: func(t *testing.T, g *ground) func() {
			setClock(t, g, off)
			return func() { setClock(t, g, 0) }
		}})
	}
	all = append(all, fault{name: "queue: poison, doubled and shuffled messages", share: "queue", short: true, begin: badMessages},
		fault{name: "outbox: damaged rows", share: "database", short: true, begin: damagedRows},
		fault{name: "api: 200 bodies of one byte", share: shareDoors, lasts: slowBodiesEnd + 5*time.Second, begin: slowBodies},
		fault{name: "api: 60 uploads of 24 MB completed together", share: shareDoors, goal: apptest.JobPatience, most: map[string]int{"api": doorMemory}, begin: hugePhotos},
	)
	for _, a := range badAnswers() {
		all = append(all, fault{name: "scoring: " + a.name, share: "scoring", short: a.name == "garbage", begin: func(_ *testing.T, g *ground) func() { return g.scorer.answers(a.do) }})
	}
	return all
}

// Shares that are not named for the part they break.
const (
	shareMinutes = "minutes"
	shareDoors   = "doors"
)

const (
	// longOutage would use up an item's tries, and a message's deliveries, if outages
	// counted as tries. A longer one would test nothing more.
	longOutage = 3 * time.Minute
	clockOff   = 5 * time.Minute
)

// setClock sets off the database's clock, which leases and due times follow, from
// the clocks of the roles.
func setClock(t *testing.T, g *ground, off time.Duration) {
	t.Helper()
	d, err := db.Open(t.Context(), db.Options{URL: g.postgres.URL})
	if err != nil {
		t.Error(err)
		return
	}
	defer d.Close()
	if _, err := d.ExecContext(t.Context(), fmt.Sprintf(`CREATE OR REPLACE FUNCTION now_ms() RETURNS BIGINT LANGUAGE sql VOLATILE AS
		$$ SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint + %d $$`, off.Milliseconds())); err != nil {
		t.Error(err)
	}
}

func faultLength() time.Duration {
	if *full {
		return 10 * time.Second
	}
	return 4 * time.Second
}

// TestChaosFaults breaks one part after the other, or the link to it, while jobs
// are worked on, and checks that all of them end as without the fault.
func TestChaosFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("not among the short tests: it starts a fleet")
	}
	t.Parallel() // most of it is waiting
	exe := chaosBuild(t)
	small := apptest.Photo(t, 160, 120)
	if !*full {
		faultShare(t, exe, small, func(x fault) bool { return x.short })
		return
	}
	for _, share := range append(slices.Clone(linkNames), shareMinutes, shareDoors) {
		t.Run(share, func(t *testing.T) {
			t.Parallel()
			faultShare(t, exe, small, func(x fault) bool { return x.share == share })
		})
	}
}

// faultShare tries the faults that pick chooses, one after the other, on one
// fleet.
func faultShare(t *testing.T, exe string, small []byte, pick func(fault) bool) {
	f, database, g := beginLinked(t, exe)
	defer f.abandon()
	f.api.WaitReady()
	var jobs []string
	// what the same work takes when nothing is wrong
	nothing := fault{name: "nothing", begin: func(*testing.T, *ground) func() { return func() {} }}
	usual := map[string]int{}
	rounds := 1
	if *full {
		rounds = 3
	}
	for i := range rounds {
		sent, _, peak := f.through(t, g, nothing, fmt.Sprintf("usual-%d", i), small)
		jobs = append(jobs, sent...)
		for role, kib := range peak {
			usual[role] = max(usual[role], kib)
		}
	}
	var table strings.Builder
	for i, x := range faults() {
		if !pick(x) {
			continue
		}
		t.Run(x.name, func(t *testing.T) {
			sent, took, peak := f.through(t, g, x, fmt.Sprintf("fault-%d", i), small)
			jobs = append(jobs, sent...)
			worst, whose := 0, ""
			for role, kib := range peak {
				if kib-usual[role] > worst && x.most[role] == 0 {
					worst, whose = kib-usual[role], role
				}
			}
			for role, most := range x.most {
				t.Logf("%s held %d MB at its peak, %d MB when nothing is wrong", role, peak[role]>>10, usual[role]>>10)
				if *full && peak[role] > most {
					t.Errorf("%s held %d MB, want at most %d", role, peak[role]>>10, most>>10)
				}
			}
			fmt.Fprintf(&table, "| %s | %d | %.1f s | %d MB |\n", x.name, len(sent)*chaosItems, took.Seconds(), worst>>10)
			t.Logf("recovery %s, %d MB above the usual %s", took.Round(100*time.Millisecond), worst>>10, whose)
			if *full && took > max(x.goal, faultRecovery) {
				t.Errorf("recovery took %s", took)
			}
			if *full && worst > faultMemory {
				t.Errorf("%d MB above the usual", worst>>10)
			}
		})
	}
	f.stop()
	d := f.check(database, append(jobs, g.also...), len(jobs)*chaosItems, due{})
	if *full {
		fmt.Printf("\n| fault, for %s | items | recovery | memory above the usual |\n| --- | ---: | ---: | ---: |\n%s\nlost %d, stuck %d, doubled %d, ledger %s\n\n",
			faultLength(), table.String(), d.lost, d.stuck, d.doubled, d.ledger)
	}
}

// through sends jobs into a fault and waits for their end. It returns them, the
// time from the fault's end to theirs, and each role's peak memory in KiB.
func (f *fleet) through(t *testing.T, g *ground, x fault, key string, photo []byte) (jobs []string, took time.Duration, peak map[string]int) {
	t.Helper()
	peak = map[string]int{}
	stop, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		for {
			for role, kib := range f.memory() {
				peak[role] = max(peak[role], kib)
			}
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	// one is under way when it begins, the others come while it lasts
	jobs = []string{f.send(key+"-0", chaosItems, photo), "", ""}
	end := x.begin(t, g)
	var all sync.WaitGroup
	for i := range jobs[1:] {
		all.Go(func() { jobs[i+1] = f.send(fmt.Sprintf("%s-%d", key, i+1), chaosItems, photo) })
	}
	time.Sleep(cmp.Or(x.lasts, faultLength()))
	end()
	ended := time.Now()
	all.Wait()
	for _, j := range append(slices.Clone(jobs), g.also...) {
		if got := f.finish(j); got.Status != "completed" {
			t.Errorf("%s: job %s ended %s", x.name, j, got.Status)
			for _, it := range got.Items {
				t.Logf("%s %s", it.Status, it.ErrorCode)
			}
		}
	}
	took = time.Since(ended)
	close(stop)
	<-watched
	return jobs, took, peak
}

// memory is each role's resident memory in KiB.
func (f *fleet) memory() map[string]int {
	out := map[string]int{}
	for name, m := range f.members {
		m.mu.Lock()
		pid := m.now.Cmd.Process.Pid
		m.mu.Unlock()
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue // not Linux, or it has just died
		}
		_, rest, _ := strings.Cut(string(status), "VmRSS:")
		if fields := strings.Fields(rest); len(fields) > 0 {
			out[name], _ = strconv.Atoi(fields[0])
		}
	}
	return out
}
