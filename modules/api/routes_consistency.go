package api

import (
	"context"
	"net/http"

	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/check/consistency"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/tenant"
)

// The bounds of what is held against each other.
const (
	maxCatalogue = 500
	maxPages     = 12 // of items that are looked at: those of before this was measured have no figures
)

func consistencyRoutes(r *Routes) {
	Add(r, Route{Method: http.MethodGet, Path: "/v1/brand-profiles/{brand_profile_id}/consistency", ID: "brandConsistency", Tag: tagBrands,
		Summary: "How much the brand's newest pictures look alike, and which stand out", Scope: tenant.Read, NotFound: brand.ErrNotFound}, r.s.consistency)
}

func (s *server) consistency(ctx context.Context, in *BrandPath) (*reply[client.Consistency], error) {
	if _, err := s.Brands.Get(ctx, TenantID(ctx), in.ID); err != nil {
		return nil, err
	}
	var pictures []consistency.Picture
	of := map[string]job.Found{}
	f := job.Filter{Brand: in.ID, Standing: true, Plain: true, Status: []string{job.ItemCompleted}, Limit: job.MaxPage}
	for range maxPages {
		items, next, err := s.Jobs.Items(ctx, TenantID(ctx), f)
		if err != nil {
			return nil, err
		}
		for _, it := range items { // the newest first
			if it.Fidelity == nil || it.Fidelity.Seen == nil {
				continue
			}
			of[it.ItemID] = it
			pictures = append(pictures, consistency.Picture{Name: it.ItemID, Group: it.SceneType, Seen: *it.Fidelity.Seen})
		}
		if f.Cursor = next; next == "" || len(pictures) >= maxCatalogue {
			break
		}
	}
	got := consistency.Of(pictures)
	out := client.Consistency{Score: got.Score, Pictures: got.Pictures, Compared: got.Compared, Note: got.Note, Drifting: got.Drifting, Worst: []client.Drift{}}
	for _, d := range got.Worst {
		it := of[d.Name]
		out.Worst = append(out.Worst, client.Drift{ItemID: it.ItemID, JobID: it.JobID, Filename: it.Filename, SceneType: it.SceneType,
			Kind: d.Kind, By: d.By, Reason: d.Reason, Seen: seenOf(d.Seen), Usual: seenOf(d.Usual)})
	}
	return replyOf(out, nil)
}

func seenOf(s picture.Seen) client.Seen { return client.Seen(s) }
