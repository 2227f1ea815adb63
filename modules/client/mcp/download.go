package mcp

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/opal-photo/opal/modules/client"
)

// Download asks for a job's files.
type Download struct {
	JobID   string   `json:"job_id"`
	ItemID  string   `json:"item_id,omitempty"`
	Presets []string `json:"presets,omitempty"`
}

// Files are a job's files: paths, or URLs that work for some minutes.
type Files struct {
	Files []File   `json:"files"`
	ZIP   []string `json:"zip_urls,omitempty"`
}

// File is one variant's file.
type File struct {
	ItemID string `json:"item_id"`
	Preset string `json:"preset"`
	Review bool   `json:"needs_review"` // a person has yet to look before it is used
	Path   string `json:"path,omitempty"`
	URL    string `json:"url,omitempty"`
}

func (s *server) download(ctx context.Context, r *sdk.CallToolRequest, in Download) (*sdk.CallToolResult, Files, error) {
	out := Files{Files: []File{}}
	j, err := s.Client.Job(ctx, in.JobID)
	if err != nil {
		return nil, out, err
	}
	type wanted struct {
		it client.Item
		v  client.Variant
	}
	var all []wanted
	for _, it := range j.Items {
		if in.ItemID != "" && it.ItemID != in.ItemID {
			continue
		}
		for _, v := range it.Exports {
			if made(v) && (len(in.Presets) == 0 || slices.Contains(in.Presets, v.Preset)) {
				all = append(all, wanted{it, v})
			}
		}
	}
	if len(all) == 0 {
		return nil, out, errNoVariants.With("the job is %s; wait_for_job waits for it", j.Status)
	}
	for i, w := range all {
		u, err := s.Client.VariantURL(ctx, w.it.ItemID, w.v.Preset)
		if err != nil {
			return nil, out, err
		}
		f := File{ItemID: w.it.ItemID, Preset: w.v.Preset, Review: w.it.NeedsReview}
		if s.saves() == changes {
			name := safe(strings.TrimSuffix(w.it.Filename, filepath.Ext(w.it.Filename))) + "-" + safe(w.v.Preset) + "." + extension(w.v.Format)
			if f.Path, err = s.Files.save(name, func(to io.Writer) error {
				_, err := s.Client.Fetch(ctx, u.DownloadURL, to)
				return err
			}); err != nil {
				return nil, out, err
			}
			tell(ctx, r, float64(i+1), float64(len(all)), "wrote "+filepath.Base(f.Path))
		} else {
			f.URL = u.DownloadURL
		}
		out.Files = append(out.Files, f)
	}
	if s.saves() != changes && in.ItemID == "" && len(in.Presets) == 0 {
		z, err := s.Client.ExportURL(ctx, in.JobID)
		var p *client.Problem
		switch {
		case err == nil:
			for _, part := range z.Parts {
				out.ZIP = append(out.ZIP, part.URL)
			}
		case errors.As(err, &p) && p.Code == "export_not_ready":
		default:
			return nil, out, err
		}
	}
	return nil, out, nil
}

func extension(format string) string {
	switch format {
	case "jpeg", "":
		return "jpg"
	case "png", "webp", "avif":
		return format
	}
	return "bin"
}
