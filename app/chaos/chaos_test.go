package chaos_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/blob/azureblob/azuritetest"
	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/queue/servicebus/sbtest"
)

// full is what `make chaos` runs: every point four times and a hundred kills at
// random, on both set-ups. Without it every second point is hit once, on one process.
// The parts of a full run mostly wait, and run beside each other, each on a fleet of
// its own.
var full = flag.Bool("chaos", false, "TestChaos: all of it, with the table of figures")

var chaosPresets = []string{"web_thumb", "etsy"}

// The size of a chaos run.
const (
	chaosJobs    = 4 // in a round, so that every point is reached four times
	chaosItems   = 2 // in a job
	randomKills  = 100
	recoveryGoal = 3 * time.Minute // of the slowest in a hundred, while six fleets share the machine
)

// chaosGrant is the free credit of the month, in hundredths: enough for all.
const chaosGrant = 100_000_000

// chaosSettings shortens the recovery from a crash and grants the photos' credit.
var chaosSettings = []string{
	"WORKER_LEASE=10s", "WORKER_CONCURRENCY=4", "BILLING_MODE=enforce", fmt.Sprintf("BILLING_MONTHLY_GRANT=%d", chaosGrant),
	"RATE_LIMIT_PER_SECOND=10000", "RATE_LIMIT_BURST=10000",
}

// setup is one way to run OPAL.
type setup struct {
	name string
	// roleOf returns the role that reaches a point.
	roleOf func(point string) string
	begin  func(t *testing.T, exe string, env ...string) (f *fleet, databaseURL string)
}

// photoPoints returns the crash points that a photo passes.
func photoPoints() []string {
	return slices.DeleteFunc(crashpoint.Points(), func(p string) bool {
		room, _, _ := strings.Cut(p, ".")
		return slices.Contains([]string{"payment", "webhook", "import"}, room)
	})
}

var setups = []setup{
	{
		name:   "SQLite, one process",
		roleOf: func(string) string { return "dev" },
		begin: func(t *testing.T, exe string, env ...string) (*fleet, string) {
			data, addr := filepath.Join(t.TempDir(), "state"), apptest.FreeAddr(t)
			f := &fleet{t: t, exe: exe, members: map[string]*member{}, api: apptest.Client{T: t, Base: "http://" + addr},
				env: append(env, chaosSettings...)}
			f.run("dev", "", "dev", "--engine", "stub", "--data", data, "--listen", addr)
			return f, db.SQLiteURL(filepath.Join(data, "opal.db"))
		},
	},
	{
		name: "Postgres and Service Bus, a process each",
		roleOf: func(point string) string {
			switch {
			case point == crashpoint.PaymentFetched, point == crashpoint.PaymentBooked:
				return "billing"
			case strings.HasPrefix(point, "payment."):
				return "api"
			case strings.HasPrefix(point, "upload."), strings.HasPrefix(point, "job."), strings.HasPrefix(point, "webhook."), strings.HasPrefix(point, "import."):
				return "api"
			case strings.HasPrefix(point, "export."), strings.HasPrefix(point, "bundle."):
				return "export"
			}
			return "orchestrate"
		},
		begin: beginApart,
	},
}

// beginApart starts the roles on real parts.
func beginApart(t *testing.T, exe string, env ...string) (*fleet, string) {
	f, url, _ := beginOn(t, exe, func(_, addr string) string { return addr }, env...)
	return f, url
}

// beginLinked is beginApart with a link before each part.
func beginLinked(t *testing.T, exe string) (*fleet, string, *ground) {
	links := map[string]*link{}
	var answers *scorer
	f, url, g := beginOn(t, exe, func(part, addr string) string {
		if part == "scoring" {
			answers = newScorer(t, addr)
			addr = answers.Listener.Addr().String()
		}
		links[part] = newLink(t, part, addr)
		return links[part].addr()
	})
	g.links, g.scorer = links, answers
	return f, url, g
}

// beginOn starts the roles on real parts. They reach each part by the address that
// via returns for it.
func beginOn(t *testing.T, exe string, via func(part, addr string) string, env ...string) (*fleet, string, *ground) {
	blobs := azuritetest.New(t, azuritetest.Options{})
	postgres, err := dbtest.StartServer("")
	if err != nil {
		if os.Getenv("OPAL_REQUIRE_ALL") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Cleanup(func() { _ = postgres.Stop() })
	broker := sbtest.New(t, sbtest.Options{})
	for _, name := range []string{"jobs", "exports"} {
		broker.CreateQueue(sbtest.QueueConfig{Name: name})
	}
	at, err := url.Parse(postgres.URL)
	if err != nil {
		t.Fatal(err)
	}
	score, api := apptest.FreeAddr(t), apptest.FreeAddr(t)
	store, scoring := via("blobs", blobs.Addr()), via("scoring", score)
	env = append(env, chaosSettings...)
	f := &fleet{t: t, exe: exe, members: map[string]*member{}, api: apptest.Client{T: t, Base: "http://" + api}, env: append(env,
		"ENV_NAME=dev", "PUBLIC_BASE_URL=http://"+api, "DATABASE_URL="+strings.Replace(postgres.URL, "@"+at.Host, ":"+databasePassword+"@"+via("database", at.Host), 1),
		"STORAGE_CONNECTION_STRING="+strings.ReplaceAll(blobs.ConnectionString(), blobs.Addr(), store),
		"SERVICEBUS_CONNECTION_STRING="+strings.Replace(broker.ConnectionString(), broker.Addr(), via("queue", broker.Addr()), 1),
		"AML_ENDPOINT_URL=http://"+scoring+"/score", "SCORE_ALLOWED_HOSTS="+store,
		"AML_ENDPOINT_KEY="+secretSettings["AML_ENDPOINT_KEY"], "SCORE_KEY="+secretSettings["SCORE_KEY"],
	)}
	cmd := exec.Command(exe, "migrate")
	cmd.Env = append(os.Environ(), f.env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("migrate: %v\n%s", err, out)
	}
	f.run("score", "", "score", "--engine", "stub", "--listen", score)
	f.run("api", "", "serve-api", "--listen", api)
	f.run("orchestrate", "", "orchestrate", "--listen", apptest.FreeAddr(t))
	f.run("export", "", "export", "--listen", apptest.FreeAddr(t))
	f.run("billing", "", "billing", "--listen", apptest.FreeAddr(t))
	return f, postgres.URL, &ground{blobs: blobs, postgres: postgres, broker: broker, fleet: f}
}

// part is a share of a crash run with a fleet of its own.
type part struct {
	name   string
	points []string
	random bool // kills at random
}

// parts returns the shares of a run.
func parts() []part {
	points := photoPoints()
	if !*full {
		var some []string
		for i := 0; i < len(points); i += 2 {
			some = append(some, points[i]) // a crash costs a lease's time
		}
		return []part{{name: "points", points: some}}
	}
	half := len(points) / 2
	return []part{{name: "points up to " + points[half-1], points: points[:half]}, {name: "points from " + points[half], points: points[half:]}, {name: "at random", random: true}}
}

// sum is what the parts of a set-up left together.
type sum struct {
	mu       sync.Mutex
	all      damage
	kills    int
	recovery []time.Duration
}

func (s *sum) add(d damage, kills int, recovery []time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.items += d.items
	s.all.lost += d.lost
	s.all.stuck += d.stuck
	s.all.doubled += d.doubled
	s.all.repeated += d.repeated
	s.all.ledger = max(s.all.ledger, d.ledger)
	s.kills += kills
	s.recovery = append(s.recovery, recovery...)
}

// slowest returns the recovery that 99 of 100 don't exceed.
func (s *sum) slowest() time.Duration {
	if len(s.recovery) == 0 {
		return 0
	}
	slices.Sort(s.recovery)
	return s.recovery[min(len(s.recovery)-1, len(s.recovery)*99/100)]
}

// TestChaos kills OPAL at each crash point and at random moments, and then checks
// that nothing was lost, doubled or left behind.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("not among the short tests: it starts a fleet")
	}
	t.Parallel() // most of it is waiting
	exe := chaosBuild(t)
	small := apptest.Photo(t, 160, 120) // what is tried is not the imaging
	for i, s := range setups {
		if !*full && i > 0 {
			break
		}
		var whole sum
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			t.Cleanup(func() { // when all parts have ended
				if !*full {
					return
				}
				fmt.Printf("\n| set-up | items | kills | lost | stuck | doubled | repeated scoring calls | recovery p99 | ledger |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n"+
					"| %s | %d | %d | %d | %d | %d | %d | %.1f s | %s |\n\n", s.name, whole.all.items, whole.kills, whole.all.lost, whole.all.stuck, whole.all.doubled,
					whole.all.repeated, whole.slowest().Seconds(), whole.all.ledger)
				if whole.slowest() > recoveryGoal {
					t.Errorf("recovery took %s", whole.slowest())
				}
			})
			for _, p := range parts() {
				t.Run(p.name, func(t *testing.T) {
					t.Parallel()
					crashPart(t, s, p, exe, small, &whole)
				})
			}
		})
	}
}

// crashPart runs one part of a set-up's crashes, and adds what it left.
func crashPart(t *testing.T, s setup, p part, exe string, photo []byte, whole *sum) {
	f, database := s.begin(t, exe)
	defer f.abandon()
	f.api.WaitReady()
	var jobs []string
	var recovery []time.Duration
	hits := 1
	if *full {
		hits = 4
	}
	rounds := 0
	for _, point := range p.points {
		for hit := 1; hit <= hits; hit++ {
			rounds++
			sent, took := f.round(s, point, hit, photo)
			jobs = append(jobs, sent...)
			recovery = append(recovery, took)
		}
	}
	if p.random {
		jobs, recovery = f.killAtRandom(photo)
	} else if kills := len(f.deaths()); kills != rounds {
		t.Errorf("%d of %d points killed their process", kills, rounds)
	}
	kills := len(f.deaths())
	t.Logf("%d killed, %d ended by themselves and were started again", kills, len(f.exits()))
	f.stop()
	whole.add(f.check(database, jobs, kills, due{}), kills, recovery)
}

// round aims a role at a point, sends jobs and waits for their end. It returns
// them, and the time from the kill to the end of the last.
func (f *fleet) round(s setup, point string, hit int, photo []byte) ([]string, time.Duration) {
	f.t.Helper()
	before := len(f.deaths())
	f.members[s.roleOf(point)].aimAt(fmt.Sprintf("%s:%d", point, hit))
	f.api.WaitReady()
	n, items := chaosJobs, chaosItems
	if !*full {
		n, items = 1, 1
	}
	jobs := make([]string, n)
	var all sync.WaitGroup
	for i := range jobs {
		all.Go(func() { jobs[i] = f.send(fmt.Sprintf("%s-%d-%d", point, hit, i), items, photo) })
	}
	all.Wait()
	for _, j := range jobs {
		if got := f.finish(j); got.Status != "completed" {
			f.t.Errorf("%s, hit %d: job %s ended %s", point, hit, j, got.Status)
		}
	}
	// the last points lie behind the job's end
	for deadline := time.Now().Add(5 * time.Second); len(f.deaths()) == before && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
	died := f.deaths()
	if len(died) == before {
		f.t.Errorf("%s, hit %d: nothing died", point, hit)
		return jobs, 0
	}
	return jobs, max(0, time.Since(slices.MaxFunc(died, time.Time.Compare)))
}

// killAtRandom feeds jobs and kills whatever role it likes, until it has killed
// enough.
func (f *fleet) killAtRandom(photo []byte) (jobs []string, recovery []time.Duration) {
	names := make([]string, 0, len(f.members))
	for n := range f.members {
		names = append(names, n)
	}
	slices.Sort(names)
	for killed := 0; killed < randomKills; {
		sent := make([]string, 0, chaosJobs)
		var mu sync.Mutex
		var all sync.WaitGroup
		for i := range chaosJobs {
			all.Go(func() {
				id := f.send(fmt.Sprintf("random-%d-%d", killed, i), chaosItems, photo)
				mu.Lock()
				defer mu.Unlock()
				sent = append(sent, id)
			})
		}
		for range 5 {
			time.Sleep(time.Duration(100+rand.IntN(1500)) * time.Millisecond)
			f.members[names[rand.IntN(len(names))]].kill()
			killed++
		}
		last := time.Now()
		all.Wait()
		for _, j := range sent {
			if got := f.finish(j); got.Status != "completed" {
				f.t.Errorf("at random: job %s ended %s", j, got.Status)
			}
		}
		jobs, recovery = append(jobs, sent...), append(recovery, time.Since(last))
	}
	return jobs, recovery
}

// damage is what a run left.
type damage struct {
	items, lost, stuck, doubled, repeated int
	ledger                                string
}

// due is what a run was made to fail, and must have failed.
type due struct {
	items    int // failed, none of whose variants was planned
	variants int // failed
	jobs     int // without a ZIP, as nothing in them succeeded
}

// audit has OPAL recompute its books, and reports whether they add up.
func (f *fleet) audit(database string) bool {
	f.t.Helper()
	cmd := exec.Command(f.exe, "billing", "audit")
	cmd.Env = append(os.Environ(), append(slices.Clone(f.env), "ENV_NAME=dev", "DATABASE_URL="+database)...)
	said, err := cmd.CombinedOutput()
	if err != nil {
		f.t.Errorf("billing audit: %v\n%s", err, said)
	}
	return err == nil
}

// check looks at the database, the log and the ledger when everything has ended.
func (f *fleet) check(database string, jobs []string, kills int, due due) damage {
	t := f.t
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	d, err := db.Open(ctx, db.Options{URL: database})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	count := func(query string) int {
		t.Helper()
		var n int
		if err := d.QueryRowContext(ctx, query).Scan(&n); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return n
	}
	var out damage
	out.items = count(`SELECT count(*) FROM items`)
	if got := count(`SELECT count(*) FROM jobs`); got != len(jobs) {
		t.Errorf("%d jobs were made, %d asked for", got, len(jobs))
	}
	out.stuck = count(`SELECT count(*) FROM items WHERE status NOT IN ('completed', 'failed', 'cancelled')`) +
		count(`SELECT count(*) FROM exports WHERE status IN ('pending', 'processing')`) + count(`SELECT count(*) FROM jobs WHERE finished_at IS NULL`)
	failed, variants := count(`SELECT count(*) FROM items WHERE status IN ('failed', 'cancelled')`), count(`SELECT count(*) FROM exports WHERE status IN ('failed', 'cancelled')`)
	if failed < due.items || variants < due.variants {
		t.Errorf("%d items and %d variants failed, want %d and %d", failed, variants, due.items, due.variants)
	}
	out.lost = failed - due.items + variants - due.variants +
		(out.items-due.items)*len(chaosPresets) - count(`SELECT count(*) FROM exports`) + count(`SELECT count(*) FROM jobs WHERE export_blob_path IS NULL`) - due.jobs
	out.doubled = count(`SELECT count(*) FROM (SELECT item_id FROM events WHERE type = 'item.completed' GROUP BY item_id HAVING count(*) > 1) AS x`) +
		count(`SELECT count(*) FROM (SELECT job_id FROM events WHERE type = 'job.finished' GROUP BY job_id HAVING count(*) > 1) AS x`)
	if n := count(`SELECT count(*) FROM events WHERE type = 'item.completed'`); n != out.items-due.items {
		t.Errorf("%d items are said to be completed, there are %d", n, out.items-due.items)
	}
	if n := count(`SELECT count(*) FROM jobs WHERE total <> (SELECT count(*) FROM items WHERE items.job_id = jobs.job_id)
		OR done_items <> (SELECT count(*) FROM items WHERE items.job_id = jobs.job_id AND items.status = 'completed')
		OR done_exports <> (SELECT count(*) FROM exports WHERE exports.job_id = jobs.job_id AND exports.status = 'completed')
		OR open_items <> 0 OR open_exports <> 0`); n > 0 {
		t.Errorf("the counters of %d jobs are wrong", n)
	}
	calls := map[any]int{}
	for _, l := range f.lines("Calling AML endpoint") {
		calls[l["item_id"]]++
	}
	for _, n := range calls {
		out.repeated += n - 1
	}
	if out.lost+out.stuck+out.doubled > 0 {
		t.Errorf("lost %d, stuck %d, doubled %d", out.lost, out.stuck, out.doubled)
	}
	if out.repeated > kills {
		t.Errorf("%d scoring calls were repeated for %d kills", out.repeated, kills)
	}
	out.ledger = "balanced"
	if !f.audit(database) {
		out.ledger = "WRONG"
	}
	return out
}
