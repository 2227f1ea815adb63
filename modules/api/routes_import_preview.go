package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/intake"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/tenant"
)

// maxQuotes bounds the kinds of orders of one table whose prices a preview adds up.
const maxQuotes = 200

var errTable = fault.New(fault.Invalid, "import_table_missing", "The form needs one table, as a file in field \"file\" or by its address in field \"url\"")

// importPreviewForm are the fields of a table that is looked at.
var importPreviewForm = []Field{
	{Name: "file", Doc: fmt.Sprintf("The table, of up to %d MB", intake.MaxPreviewed>>20), File: true},
	{Name: "url", Doc: "Where the table is, in place of the file: an https address that the internet can reach"},
	{Name: "brand_profile_id", Doc: "For rows that name no brand; left out: default"},
	{Name: "scene_types", Doc: "For rows that name no scene; repeated, or with commas", Many: true},
	{Name: "scene_prompt", Doc: "For rows that have no prompt, at most 2,000 characters"},
	{Name: "presets", Doc: "For rows that name no presets; repeated, or with commas", Many: true},
}

func importPreviewRoute(r *Routes) {
	Add(r, Route{Method: http.MethodPost, Path: "/v1/imports/preview", ID: "previewImport", Tag: tagImports, Scope: tenant.Write,
		Summary: "See what an import would make of a table, and its price, before anything is ordered", Body: FormBody, Form: importPreviewForm}, r.s.previewImport)
}

func (s *server) previewImport(ctx context.Context, _ *TenantQuery) (*reply[client.ImportPreview], error) {
	form := callOf(ctx).form
	text := func(name string) string {
		if v := form.Value[name]; len(v) > 0 {
			return strings.TrimSpace(v[0])
		}
		return ""
	}
	n := intake.NewImport{TenantID: TenantID(ctx), SourceURL: text("url"), Wishes: intake.Wishes{
		Brand: text("brand_profile_id"), Scenes: listIn(form, "scene_types"), Prompt: text("scene_prompt"), Presets: listIn(form, "presets"), Options: pipeline.DefaultOptions}}
	files := form.File["file"]
	if len(files) > 1 || len(files) == 1 == (n.SourceURL != "") {
		return nil, errTable
	}
	if len(files) == 1 && files[0].Size > intake.MaxPreviewed {
		return nil, intake.ErrLookLarge
	}
	p, err := s.Imports.Preview(ctx, n, func() (table []byte, err error) {
		body, err := files[0].Open()
		if err != nil {
			return nil, fmt.Errorf("open the spooled table: %w", err)
		}
		defer func() { err = errors.Join(err, body.Close()) }()
		return io.ReadAll(body)
	})
	if err != nil {
		return nil, err
	}
	out := client.ImportPreview{Format: p.Format, Rows: p.Rows, Photos: p.Photos, Products: p.Products, Wrong: p.Wrong, First: []client.ImportRow{}, Errors: each(p.Errors, importErrorOf)}
	for _, e := range p.First {
		out.First = append(out.First, client.ImportRow{Row: e.Row, Line: e.Line, File: e.File, URL: e.URL, SKU: e.Product.SKU, Title: e.Product.Title})
	}
	for _, o := range p.Orders {
		out.Pictures += o.Photos * max(1, len(o.Job.Items[0].SceneTypes))
	}
	if s.Quotes == nil || len(p.Orders) > maxQuotes {
		return replyOf(out, nil)
	}
	sum := quoteOf(billing.Quote{})
	for _, o := range p.Orders {
		q, err := s.Quotes.Quote(ctx, o.Job)
		if err != nil {
			return nil, err
		}
		addQuote(&sum, q, int64(o.Photos))
	}
	out.Quote = &sum
	return replyOf(out, nil)
}

// addQuote adds so many times a quote to a sum.
func addQuote(sum *client.Quote, q billing.Quote, times int64) {
	sum.Total += times * q.Total
	sum.PriceVersion = q.PriceVersion
	for _, l := range q.Lines {
		at := -1
		for i, have := range sum.Lines {
			if have.Kind == l.Kind && have.Name == l.Name && have.Price == l.Price {
				at = i
			}
		}
		if at < 0 {
			at = len(sum.Lines)
			sum.Lines = append(sum.Lines, client.QuoteLine{Kind: l.Kind, Name: l.Name, Price: l.Price})
		}
		sum.Lines[at].Count += times * l.Count
		sum.Lines[at].Total += times * l.Total
	}
}
