package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/db"
)

// The size of an import: two windows of rows, seven jobs. Its photos never come, so that
// nothing but the import is worked on.
const importRows = 620

// importHits are how often a point is reached before it kills: in the first window of rows
// and in the second.
var importHits = map[string][]int{crashpoint.ImportOrdered: {3, 6}, crashpoint.ImportRecorded: {1, 2}}

// imported is what the test reads of an import.
type imported struct {
	ImportID string `json:"import_id"`
	Status   string `json:"status"`
	Photos   int    `json:"photos"`
	Errors   int    `json:"errors"`
}

// TestChaosImports kills OPAL between the effects of an import and their records. Each row
// becomes one item, none is lost and none is doubled, and the import ends once.
func TestChaosImports(t *testing.T) {
	if testing.Short() {
		t.Skip("not among the short tests: it starts a fleet")
	}
	t.Parallel() // most of it is waiting
	exe := chaosBuild(t)
	table := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "file,sku\n")
		for n := range importRows {
			fmt.Fprintf(w, "p%d.jpg,%s-%d\n", n, strings.TrimPrefix(r.URL.Path, "/"), n)
		}
	}))
	t.Cleanup(table.Close)
	for i, s := range setups {
		if !*full && i > 0 {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			f, database := s.begin(t, exe, "EGRESS_ALLOWED_NETWORKS=127.0.0.0/8")
			defer f.abandon()
			f.api.WaitReady()
			var ids []string
			kills := 0
			for _, point := range crashpoint.Points() {
				if !strings.HasPrefix(point, "import.") || !*full && (point == crashpoint.ImportFetched || point == crashpoint.ImportCounted) {
					continue
				}
				hits := importHits[point]
				if hits == nil {
					hits = []int{1}
				}
				if !*full {
					hits = hits[len(hits)-1:]
				}
				for _, hit := range hits {
					kills++
					ids = append(ids, f.importRound(s, point, hit, table.URL))
				}
			}
			if got := len(f.deaths()); got != kills {
				t.Errorf("%d of %d points killed their process", got, kills)
			}
			f.checkImports(s.name, database, ids, kills)
		})
	}
}

// importRound aims the role that works on imports at a point, and takes an import through it.
func (f *fleet) importRound(s setup, point string, hit int, tables string) string {
	f.t.Helper()
	began, before := time.Now(), len(f.deaths())
	f.members[s.roleOf(point)].aimAt(fmt.Sprintf("%s:%d", point, hit))
	f.api.WaitReady()
	var i imported
	name := fmt.Sprintf("%s-%d", point, hit)
	if code := f.insist(http.MethodPost, "/v1/imports", name, map[string]any{"tenant_id": "default", "url": tables + "/" + name, "presets": chaosPresets}, &i); code >= http.StatusBadRequest {
		f.t.Fatalf("create the import: %d", code)
	}
	for deadline := time.Now().Add(recoveryGoal); i.Status != "working" && time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		f.insist(http.MethodGet, "/v1/imports/"+i.ImportID+"?tenant_id=default", "", nil, &i)
	}
	if i.Status != "working" || i.Photos != importRows || i.Errors != 0 {
		f.t.Errorf("%s, hit %d: %+v", point, hit, i)
	}
	for deadline := time.Now().Add(time.Minute); len(f.deaths()) == before && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
	if len(f.deaths()) == before {
		f.t.Errorf("%s, hit %d: nothing died", point, hit)
	}
	f.t.Logf("%s, hit %d: %.1f s", point, hit, time.Since(began).Seconds())
	return i.ImportID
}

// checkImports cancels the imports, which ends them, and counts.
func (f *fleet) checkImports(name, database string, ids []string, kills int) {
	t := f.t
	t.Helper()
	began := time.Now()
	for _, id := range ids {
		var i imported
		f.insist(http.MethodPost, "/v1/imports/"+id+"/cancel?tenant_id=default", "cancel-"+id, nil, &i)
		for deadline := time.Now().Add(recoveryGoal); i.Status != "cancelled" && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
			f.insist(http.MethodGet, "/v1/imports/"+id+"?tenant_id=default", "", nil, &i)
		}
		if i.Status != "cancelled" {
			t.Errorf("import %s does not end: %+v", id, i)
		}
	}
	took := time.Since(began)
	f.stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	d, err := db.Open(ctx, db.Options{URL: database})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	count := func(query string, args ...any) (n int) {
		t.Helper()
		if err := d.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return n
	}
	lost, doubled, rows := 0, 0, 0
	for _, id := range ids {
		seen := map[string]int{} // by item, of the rows that are recorded
		found, err := d.QueryContext(ctx, `SELECT entries FROM import_jobs WHERE import_id = $1`, id)
		if err != nil {
			t.Fatal(err)
		}
		perRow := map[int]int{}
		for found.Next() {
			var text string
			var entries []struct {
				Row  int    `json:"row"`
				Item string `json:"item"`
			}
			if err := found.Scan(&text); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(text), &entries); err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				seen[e.Item]++
				perRow[e.Row]++
			}
		}
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
		items := count(`SELECT count(*) FROM items i JOIN collection_jobs c ON c.job_id = i.job_id JOIN imports m ON m.collection_id = c.collection_id WHERE m.import_id = $1`, id)
		skus := count(`SELECT count(DISTINCT i.sku) FROM items i JOIN collection_jobs c ON c.job_id = i.job_id JOIN imports m ON m.collection_id = c.collection_id WHERE m.import_id = $1`, id)
		rows += items
		lost += importRows - skus
		doubled += items - skus
		if len(seen) != importRows || len(perRow) != importRows {
			t.Errorf("import %s recorded %d items of %d rows, of %d", id, len(seen), len(perRow), importRows)
		}
		if n := count(`SELECT count(*) FROM events WHERE type = 'import.finished' AND job_id = $1`, id); n != 1 {
			t.Errorf("import %s ended %d times", id, n)
		}
	}
	strays := count(`SELECT count(*) FROM jobs`) - count(`SELECT count(*) FROM collection_jobs`)
	if lost != 0 || doubled != 0 || strays != 0 {
		t.Errorf("of %d rows %d are lost and %d doubled, and %d jobs belong to no import", len(ids)*importRows, lost, doubled, strays)
	}
	if *full {
		fmt.Printf("\n| set-up | imports | rows | kills | lost | doubled | all ended after |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n| %s | %d | %d | %d | %d | %d | %.1f s |\n\n",
			name, len(ids), rows, kills, lost, doubled, took.Seconds())
	}
}
