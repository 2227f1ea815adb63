package job_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/job"
)

// A job has the name that a person gives it, and no other tenant changes it.
func TestAJobHasAName(t *testing.T) {
	each(t, func(w *world) {
		ask := job.NewJob{TenantID: tenantID, Name: " Spring <b>2027</b> ", CorrelationID: "c", Options: bare, Items: []job.NewItem{{Filename: "a.png"}}}
		j, err := w.jobs.Create(w.t.Context(), ask)
		w.must(err)
		if got := w.get(j.JobID).Name; got != "Spring <b>2027</b>" || j.Name != got {
			w.t.Errorf("it is named %q, and the answer says %q", got, j.Name)
		}
		for _, wrong := range []string{strings.Repeat("é", job.MaxName+1), "a\x00b", "a\xffb"} {
			if _, err := w.jobs.Rename(w.t.Context(), tenantID, j.JobID, wrong); !errors.Is(err, job.ErrName) {
				w.t.Errorf("%q: %v", wrong, err)
			}
		}
		ask.Name = "two\nlines"
		if _, err := w.jobs.Create(w.t.Context(), ask); !errors.Is(err, job.ErrName) {
			w.t.Error(err)
		}
		if _, err := w.jobs.Rename(w.t.Context(), "another", j.JobID, "theirs"); !errors.Is(err, job.ErrJobNotFound) {
			w.t.Error(err)
		}
		for _, name := range []string{strings.Repeat("é", job.MaxName), ""} {
			renamed, err := w.jobs.Rename(w.t.Context(), tenantID, j.JobID, name)
			w.must(err)
			if got := w.get(j.JobID).Name; got != name || renamed.Name != name {
				w.t.Errorf("it is named %q, and the answer says %q", got, renamed.Name)
			}
		}
	})
}
