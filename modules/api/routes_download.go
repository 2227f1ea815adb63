package api

import (
	"context"
	"net/http"
	"regexp"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/export"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/tenant"
)

// ItemPath is the path parameter of an item.
type ItemPath struct {
	TenantQuery
	ItemID string `path:"item_id" doc:"The item" example:"0198f7a0-0000-7000-8000-000000000002"`
}

type variantPath struct {
	ItemPath
	Preset string `path:"preset" doc:"A name from GET /v1/presets" example:"shopify"`
}

type downloadOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         client.Download
}

type exportOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         client.ExportDownload
}

type filesOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         client.ExportFiles
}

// exportURL returns URLs of the parts of a job's ZIP.
func (s *server) exportURL(ctx context.Context, jobID string) (*exportOutput, error) {
	first, name, err := s.Downloads.ExportURL(ctx, TenantID(ctx), jobID)
	if err != nil {
		return nil, err
	}
	if s.Exports == nil {
		return partsOutput(first, nil, false), nil
	}
	outdated, err := s.Exports.Outdated(ctx, TenantID(ctx), jobID)
	if err != nil {
		return nil, err
	}
	parts, err := s.Exports.Parts(ctx, TenantID(ctx), jobID, name)
	if err != nil {
		return nil, err
	}
	return partsOutput(first, parts, outdated), nil
}

// partsOutput answers with the parts of a ZIP; first is its URL where there are none.
func partsOutput(first string, parts []export.Part, outdated bool) *exportOutput {
	out := &exportOutput{"no-store", client.ExportDownload{DownloadURL: first, Parts: []client.ExportPart{}, Outdated: outdated}}
	for i, p := range parts {
		if i == 0 {
			out.Body.DownloadURL = p.URL
		}
		out.Body.Parts = append(out.Body.Parts, client.ExportPart{URL: p.URL, Bytes: p.Bytes})
	}
	return out
}

var presetPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func downloadRoutes(r *Routes) {
	s := r.s
	add := func(path, id, summary string, url func(ctx context.Context, tenantID, itemID string) (string, error)) {
		Add(r, Route{Method: http.MethodGet, Path: path, ID: id, Summary: summary, Tag: tagDownloads, Scope: tenant.Read, NotFound: job.ErrItemNotFound},
			func(ctx context.Context, in *ItemPath) (*downloadOutput, error) {
				if !idPattern.MatchString(in.ItemID) {
					return nil, job.ErrItemNotFound
				}
				recordOf(ctx).ids.ItemID = in.ItemID
				return download(url(ctx, TenantID(ctx), in.ItemID))
			})
	}
	add("/v1/downloads/{item_id}", "outputURL", "A URL of an item's finished picture", s.Downloads.OutputURL)
	add("/v1/downloads/{item_id}/original", "originalURL", "A URL of an item's photo as it was uploaded", s.Downloads.RawURL)
	add("/v1/downloads/{item_id}/cutout", "cutoutURL", "A URL of an item's cut-out", s.Downloads.CutoutURL)
	Add(r, Route{Method: http.MethodGet, Path: "/v1/downloads/jobs/{job_id}/export", ID: "exportURL", Summary: "A URL of a job's ZIP", Tag: tagDownloads,
		Scope: tenant.Read, NotFound: job.ErrJobNotFound}, func(ctx context.Context, in *JobPath) (*exportOutput, error) {
		id, err := in.id(ctx)
		if err != nil {
			return nil, err
		}
		return s.exportURL(ctx, id)
	})
	if s.Exports == nil {
		return
	}
	Add(r, Route{Method: http.MethodGet, Path: "/v1/downloads/jobs/{job_id}/files", ID: "exportFiles", Summary: "What a job's ZIP holds by now, file by file, also before it is made", Tag: tagDownloads,
		Scope: tenant.Read, NotFound: job.ErrJobNotFound}, func(ctx context.Context, in *JobPath) (*filesOutput, error) {
		id, err := in.id(ctx)
		if err != nil {
			return nil, err
		}
		if _, err := s.Jobs.Changes(ctx, TenantID(ctx), id); err != nil {
			return nil, err
		}
		files, err := s.Exports.Files(ctx, TenantID(ctx), id)
		if err != nil {
			return nil, err
		}
		return &filesOutput{"no-store", client.ExportFiles{Columns: export.ManifestColumns(), Files: each(files, func(f export.File) client.ExportFile {
			return client.ExportFile{ItemID: f.ItemID, File: f.File, URL: f.URL, Status: f.Status, Bytes: f.Bytes, Row: f.Row(), Entry: f.Entry}
		})}}, nil
	})
	Add(r, Route{Method: http.MethodGet, Path: "/v1/downloads/{item_id}/{preset}", ID: "variantURL", Summary: "A URL of an item's variant for a preset", Tag: tagDownloads,
		Scope: tenant.Read, NotFound: job.ErrItemNotFound}, func(ctx context.Context, in *variantPath) (*downloadOutput, error) {
		if !idPattern.MatchString(in.ItemID) || !presetPattern.MatchString(in.Preset) {
			return nil, job.ErrItemNotFound
		}
		recordOf(ctx).ids.ItemID = in.ItemID
		return download(s.Exports.URL(ctx, TenantID(ctx), in.ItemID, in.Preset))
	})
}

func download(url string, err error) (*downloadOutput, error) {
	if err != nil {
		return nil, err
	}
	return &downloadOutput{"no-store", client.Download{DownloadURL: url}}, nil
}
