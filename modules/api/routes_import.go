package api

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/intake"
	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/tenant"
)

// Imports is the intake module's service of tables.
type Imports interface {
	Create(ctx context.Context, n intake.NewImport) (intake.Import, error)
	Preview(ctx context.Context, n intake.NewImport, read func() ([]byte, error)) (intake.Preview, error)
	Get(ctx context.Context, tenantID, id string) (intake.Import, error)
	List(ctx context.Context, tenantID string, f intake.ImportFilter) (page []intake.Import, next string, err error)
	Start(ctx context.Context, tenantID, id string) (intake.Import, error)
	Resume(ctx context.Context, tenantID, id string) (intake.Import, error)
	Cancel(ctx context.Context, tenantID, id string) (intake.Import, error)
	Uploads(ctx context.Context, tenantID, id, cursor string, limit int) (page []intake.Upload, next string, all bool, err error)
	Errors(ctx context.Context, tenantID, id, cursor string, limit int) (page []intake.RowError, next string, err error)
	WriteErrors(ctx context.Context, tenantID, id string, to io.Writer) error
}

const tagImports = "Imports"

// ImportPath is the path parameter of an import.
type ImportPath struct {
	TenantQuery
	ID string `path:"import_id" doc:"The import" example:"0198f7a0-0000-7000-8000-00000000000e"`
}

// id checks an import's id: one that can't exist is not found.
func (p *ImportPath) id() (string, error) {
	if !idPattern.MatchString(p.ID) {
		return "", intake.ErrImportNotFound
	}
	return p.ID, nil
}

type newImportInput struct {
	TenantQuery
	Body client.NewImport
}

type getImportInput struct {
	ImportPath
	Wait int `query:"wait" minimum:"0" maximum:"30" default:"0" doc:"Seconds to wait for the import's end, or for its pause"`
}

type importsInput struct {
	PageQuery
	Status string `query:"status" maxLength:"200" doc:"One or more of created, queued, processing, working, paused, completed, partial, failed and cancelled, separated by commas" example:"paused"`
}

type importPageInput struct {
	ImportPath
	Cursor string `query:"cursor" maxLength:"100" doc:"next_cursor of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"rows of a page"`
}

var importStates = []string{intake.Created, intake.Queued, intake.Processing, intake.Working, intake.Paused, intake.Completed, intake.Partial, intake.Failed, intake.Cancelled}

// uploadsOutput is an answer with addresses that no cache may keep.
type uploadsOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         client.ImportUploadPage
}

func importRoutes(r *Routes) {
	s := r.s
	m := s.Imports
	const base, one = "/v1/imports", "/v1/imports/{import_id}"
	read := func(path, id, summary string) Route {
		return Route{Method: http.MethodGet, Path: path, ID: id, Summary: summary, Tag: tagImports, Scope: tenant.Read, NotFound: intake.ErrImportNotFound}
	}
	post := func(path, id, summary string, body Body) Route {
		return Route{Method: http.MethodPost, Path: path, ID: id, Summary: summary, Tag: tagImports, Scope: tenant.Write, Body: body, NotFound: intake.ErrImportNotFound}
	}
	Add(r, post(base, "createImport", "Import a table of products: its rows become jobs", JSONBody), s.createImport)
	importPreviewRoute(r)
	Add(r, read(base, "listImports", "The tenant's imports, newest first"), func(ctx context.Context, in *importsInput) (*reply[client.ImportPage], error) {
		states, err := statesIn(in.Status, importStates)
		if err != nil {
			return nil, err
		}
		page, next, err := m.List(ctx, TenantID(ctx), intake.ImportFilter{Status: states, Cursor: in.Cursor, Limit: in.Limit})
		return replyOf(client.ImportPage{Imports: each(page, importOf), NextCursor: cursorOf(next)}, err)
	})
	Add(r, read(one, "getImport", "An import with its progress"), func(ctx context.Context, in *getImportInput) (*reply[client.Import], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return waitFor(ctx, s, in.Wait, func() (client.Import, bool, error) {
			i, err := m.Get(ctx, TenantID(ctx), id)
			return importOf(i), i.Ended() || i.Status == intake.Paused, err
		})
	})
	on := func(do func(ctx context.Context, tenantID, id string) (intake.Import, error)) func(context.Context, *ImportPath) (*reply[client.Import], error) {
		return func(ctx context.Context, in *ImportPath) (*reply[client.Import], error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			return wired(importOf)(do(ctx, TenantID(ctx), id))
		}
	}
	Add(r, post(one+"/start", "startImport", "Say that the table has been PUT, and begin", NoBody), on(m.Start))
	Add(r, post(one+"/resume", "resumeImport", "Let a paused import go on", NoBody), on(m.Resume))
	Add(r, post(one+"/cancel", "cancelImport", "Stop an import, and cancel what has not ended", NoBody), on(m.Cancel))
	Add(r, read(one+"/uploads", "listImportUploads", "The photos that rows name by their files and that have not arrived, with addresses to PUT them to"),
		func(ctx context.Context, in *importPageInput) (*uploadsOutput, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			page, next, all, err := m.Uploads(ctx, TenantID(ctx), id, in.Cursor, in.Limit)
			if err != nil {
				return nil, err
			}
			return &uploadsOutput{"no-store", client.ImportUploadPage{AllRows: all, NextCursor: cursorOf(next), Uploads: each(page, func(u intake.Upload) client.ImportUpload {
				return client.ImportUpload{Row: u.Row, File: u.File, JobID: u.JobID, ItemID: u.ItemID, UploadURL: u.URL}
			})}}, nil
		})
	Add(r, read(one+"/errors", "listImportErrors", "The rows and photos of an import that have no picture, and why"), func(ctx context.Context, in *importPageInput) (*reply[client.ImportErrorPage], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		page, next, err := m.Errors(ctx, TenantID(ctx), id, in.Cursor, in.Limit)
		return replyOf(client.ImportErrorPage{Errors: each(page, importErrorOf), NextCursor: cursorOf(next)}, err)
	})
	Add(r, read(one+"/errors.csv", "importErrorFile", "The same as a CSV table that can be mended and sent as another import"), func(ctx context.Context, in *ImportPath) (*huma.StreamResponse, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		if _, err := m.Get(ctx, TenantID(ctx), id); err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			hc.SetHeader("Content-Type", "text/csv; charset=utf-8")
			hc.SetHeader("Content-Disposition", `attachment; filename="errors.csv"`)
			hc.SetHeader("Cache-Control", "no-store")
			hc.SetStatus(http.StatusOK)
			if err := m.WriteErrors(ctx, TenantID(ctx), id, hc.BodyWriter()); err != nil && ctx.Err() == nil {
				telemetry.Log(ctx).Warn().Err(err).Msg("An error file broke off")
				panic(http.ErrAbortHandler) // so that nobody takes the part for the whole
			}
		}}, nil
	})
}

func (s *server) createImport(ctx context.Context, in *newImportInput) (*reply[client.Import], error) {
	b := in.Body
	n := intake.NewImport{
		ID: recordOf(ctx).resourceID, TenantID: TenantID(ctx), CorrelationID: telemetry.CorrelationID(ctx), Name: b.Name, Filename: b.Filename, SourceURL: b.URL,
		Wishes: intake.Wishes{Brand: b.BrandProfileID, Presets: b.Presets, Scenes: b.SceneTypes, Prompt: b.ScenePrompt, Options: optionsOf(b.Options), Review: b.Review, ReviewBelow: b.ReviewBelow},
	}
	if key := callOf(ctx).key; key != nil && key.Budget != nil { // each of its jobs is ordered as a call of the key's would
		n.KeyID = key.ID
		if s.Budgets == nil || s.Quotes == nil {
			return nil, tenant.ErrBudgetSpent.With("nothing can be quoted here, so nothing can be ordered with it")
		}
	}
	return wired(importOf)(s.Imports.Create(ctx, n))
}

func importOf(i intake.Import) client.Import {
	p := i.Progress
	out := client.Import{
		ImportID: i.ImportID, TenantID: i.TenantID, CollectionID: i.CollectionID, CorrelationID: i.CorrelationID, Name: i.Name, Filename: i.Filename, URL: i.SourceURL, Status: i.Status,
		Format: i.Format, Rows: i.Rows, RowsDone: i.RowsDone, Photos: i.Photos, Uploads: i.Files, Errors: i.Errors, ErrorCode: i.ErrorCode, ErrorMessage: i.ErrorMessage, UploadURL: i.UploadURL,
		CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt, FinishedAt: i.EndedAt,
		Counts: client.Counts{Total: p.Total, Open: p.Open, Completed: p.Completed, Failed: p.Failed, Cancelled: p.Cancelled, OpenExports: p.OpenExports, DoneExports: p.DoneExports, FailedExports: p.FailedExports},
	}
	if i.Cancelling && !i.Ended() {
		out.Status = "cancelling"
	}
	return out
}

func importErrorOf(e intake.RowError) client.ImportError {
	out := client.ImportError{Row: e.Row, Line: e.Line, Code: e.Code, Message: e.Message, File: e.File, URL: e.URL, SKU: e.Product.SKU, Title: e.Product.Title}
	if e.ItemID != "" {
		out.JobID, out.ItemID = &e.JobID, &e.ItemID
	}
	return out
}
