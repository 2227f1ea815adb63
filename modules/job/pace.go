package job

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/opal-photo/opal/modules/db"
)

// Pace is how long sets take: First until the first picture is there, and Each for every
// other: as the last pictures came where some are made right now, else as lately's sets took.
// Measured is false where this installation has made no set yet: then it is what was
// measured of the built-in engines with six sizes a picture on two processors, where 60 photos
// took four and a half minutes.
type Pace struct {
	First, Each time.Duration
	Measured    bool
}

// Of returns how long n pictures take.
func (p Pace) Of(n int) time.Duration {
	if n <= 0 {
		return 0
	}
	return p.First + time.Duration(n-1)*p.Each
}

// shipped is the pace of an installation that has made nothing yet.
var shipped = Pace{First: 12 * time.Second, Each: 4500 * time.Millisecond}

const (
	paceSets   = 40               // of how many sets, which ended last, the pace is
	paceLarge  = 4                // pictures of a set that tells how long each takes
	paceKeptOn = 10 * time.Second // how long it is kept in memory
	paceSpan   = 24 * time.Hour

	paceRecent = 15 * time.Minute // pictures that ended within it tell the pace of now
	paceLast   = 30               // as many of them as that, at most
	paceEnough = 5
	// Between two endings as far apart as this, and as so many usual pauses, nothing was in work.
	paceIdle      = 2 * time.Minute
	paceIdleTimes = 5
)

// paceKept is the pace as it was measured last.
type paceKept struct {
	mu    sync.Mutex
	until time.Time
	pace  Pace
}

// made is how long a set took from the beginning of its work to its last picture.
type made struct {
	n    int
	took time.Duration
}

// Pace returns how long sets took lately, of all tenants.
func (s *Service) Pace(ctx context.Context) (Pace, error) {
	s.pace.mu.Lock()
	defer s.pace.mu.Unlock()
	if time.Now().Before(s.pace.until) {
		return s.pace.pace, nil
	}
	sets, err := lately(ctx, s.DB)
	if err != nil {
		return Pace{}, err
	}
	endings, err := lastEndings(ctx, s.DB)
	if err != nil {
		return Pace{}, err
	}
	s.pace.pace, s.pace.until = paceOf(sets).now(endings), time.Now().Add(paceKeptOn)
	return s.pace.pace, nil
}

// lately returns what the last sets took, from the first step of their last attempts: what they
// waited for photos and for other sets before them is no part of it. Pictures that were made again
// later don't count.
func lately(ctx context.Context, q db.Querier) ([]made, error) {
	rows, err := q.QueryContext(ctx, `SELECT count(*), min(coalesce((SELECT min(t.started_at) FROM item_steps t WHERE t.item_id = i.item_id AND t.attempt = i.attempt), i.created_at)), max(i.ended_at) FROM
			(SELECT job_id FROM jobs WHERE finished_at IS NOT NULL AND status IN ('completed', 'partial') ORDER BY finished_at DESC LIMIT $1) j
		JOIN items i ON i.job_id = j.job_id
		WHERE i.status = 'completed' AND i.ended_at IS NOT NULL AND i.retry_of IS NULL AND i.remake_of IS NULL GROUP BY i.job_id`, paceSets)
	if err != nil {
		return nil, fmt.Errorf("measure the pace: %w", err)
	}
	defer rows.Close()
	var sets []made
	for rows.Next() {
		var n int
		var from, to int64
		if err := rows.Scan(&n, &from, &to); err != nil {
			return nil, fmt.Errorf("measure the pace: %w", err)
		}
		if took := time.Duration(to-from) * time.Millisecond; took > 0 && took < paceSpan {
			sets = append(sets, made{n, took})
		}
	}
	return sets, rows.Err()
}

// lastEndings returns when the last pictures ended, in milliseconds, the last one first.
func lastEndings(ctx context.Context, q db.Querier) ([]int64, error) {
	rows, err := q.QueryContext(ctx, `SELECT ended_at FROM items WHERE job_id IN (SELECT job_id FROM jobs WHERE updated_at > now_ms() - $1)
		AND status IN ('completed', 'failed') AND ended_at > now_ms() - $1 ORDER BY ended_at DESC LIMIT $2`, paceRecent.Milliseconds(), paceLast)
	if err != nil {
		return nil, fmt.Errorf("measure the pace of the last pictures: %w", err)
	}
	defer rows.Close()
	var all []int64
	for rows.Next() {
		var at int64
		if err := rows.Scan(&at); err != nil {
			return nil, fmt.Errorf("measure the pace of the last pictures: %w", err)
		}
		all = append(all, at)
	}
	return all, rows.Err()
}

// now returns the pace with Each as the last pictures ended one after the other, where they
// are enough to tell. Pauses in which nothing was in work don't count.
func (p Pace) now(endings []int64) Pace {
	if len(endings) < paceEnough {
		return p
	}
	var pauses []int64
	for i := 1; i < len(endings); i++ {
		pauses = append(pauses, endings[i-1]-endings[i])
	}
	slices.Sort(pauses)
	idle := max(paceIdle.Milliseconds(), paceIdleTimes*pauses[len(pauses)/2])
	var sum, n int64
	for _, t := range pauses {
		if t <= idle {
			sum, n = sum+t, n+1
		}
	}
	if each := time.Duration(sum/n) * time.Millisecond; each > 0 {
		p.Each, p.Measured = each, true
	}
	return p
}

// paceOf returns the pace of sets: Each is that of the middle one of the large sets'
// pictures, and First what the middle one of the small sets took. Where only one of both was
// seen, the other is in the proportion that is shipped.
func paceOf(sets []made) Pace {
	var large, small []made
	pictures := 0
	for _, m := range sets {
		if m.n >= paceLarge {
			large, pictures = append(large, m), pictures+m.n
		} else {
			small = append(small, m)
		}
	}
	p := shipped
	each := func(m made) time.Duration { return m.took / time.Duration(m.n) }
	slices.SortFunc(large, func(a, b made) int { return cmp.Compare(each(a), each(b)) })
	for seen, at := 0, 0; at < len(large); at++ {
		if seen += large[at].n; 2*seen >= pictures {
			p.Each, p.Measured = each(large[at]), true
			p.First = time.Duration(float64(p.Each) * float64(shipped.First) / float64(shipped.Each))
			break
		}
	}
	if len(small) > 0 {
		slices.SortFunc(small, func(a, b made) int { return cmp.Compare(a.took, b.took) })
		p.First = small[len(small)/2].took
		if !p.Measured {
			p.Each = time.Duration(float64(p.First) * float64(shipped.Each) / float64(shipped.First))
		}
		p.Measured = true
	}
	return p
}
