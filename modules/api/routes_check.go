package api

import (
	"context"
	"errors"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/preflight"
	"github.com/opal-photo/opal/modules/tenant"
)

// PictureChecks is the preflight module's service.
type PictureChecks interface {
	Create(ctx context.Context, n preflight.NewCheck) (preflight.Check, error)
	Get(ctx context.Context, tenantID, checkID string) (preflight.Check, error)
}

const tagChecks = "Checks"

var errDay = fault.New(fault.Invalid, "as_of_invalid", "as_of must be a day such as 2027-01-31")

// pictureForm are the fields of a picture that is sent to be checked.
var pictureForm = []Field{
	{Name: "file", Doc: "The picture", File: true, Required: true},
	{Name: "mask", Doc: "A picture of the same size, white or opaque where the product is. Without it, and where the picture is not transparent itself, the product is cut out.", File: true},
	{Name: "channels", Doc: "Names of channels, such as amazon; repeated, or with commas. With presets left out, too: all channels but cut-out and website, which hold OPAL's own advice.", Many: true},
	{Name: "presets", Doc: "Names of presets, such as amazon_shoes; repeated, or with commas", Many: true},
	{Name: "slot", Doc: "The picture's place in a listing, such as MAIN or PT01; it chooses among a channel's presets"},
	{Name: "category", Doc: "Of the product, such as clothing; it chooses among a channel's presets"},
	{Name: "as_of", Doc: "The day whose rules count, such as 2027-01-31; left out: today"},
}

// CheckPath names a check, and how long a call waits for its end.
type CheckPath struct {
	TenantQuery
	CheckID string `path:"check_id" doc:"The check" example:"0198f7a0-0000-7000-8000-00000000000b"`
	Wait    int    `query:"wait" minimum:"0" maximum:"30" default:"0" doc:"Seconds to wait for the check's end" example:"10"`
}

// checkOutput is a check, with 202 while a worker has yet to end it.
type checkOutput struct {
	Status int
	Body   client.PictureCheck
}

func checkRoutes(r *Routes) {
	rt := Route{Method: http.MethodPost, Path: "/v1/checks", ID: "checkPicture", Tag: tagChecks, Summary: "Hold a picture against channels' rules",
		Scope: tenant.Write, Body: FormBody, Form: pictureForm, NotFound: preflight.ErrNotFound}
	Add(r, rt, r.s.checkPicture)
	answers := r.s.operation(rt).Responses
	later := *answers["200"]
	later.Description = "A worker looks for the product; ask for the check by its id"
	answers["202"] = &later
	Add(r, Route{Method: http.MethodGet, Path: "/v1/checks/{check_id}", ID: "getPictureCheck", Tag: tagChecks, Summary: "What came of a picture's check",
		Scope: tenant.Read, NotFound: preflight.ErrNotFound}, r.s.pictureCheck)
}

func (s *server) checkPicture(ctx context.Context, _ *TenantQuery) (_ *checkOutput, err error) {
	form := callOf(ctx).form
	n := preflight.NewCheck{ID: recordOf(ctx).resourceID, TenantID: TenantID(ctx), Channels: listIn(form, "channels"), Presets: listIn(form, "presets")}
	for _, f := range []struct {
		name string
		into *string
	}{{"slot", &n.Slot}, {"category", &n.Category}} {
		if v := form.Value[f.name]; len(v) > 0 {
			*f.into = strings.TrimSpace(v[0])
		}
	}
	n.Slot = strings.ToUpper(n.Slot)
	if v := form.Value["as_of"]; len(v) > 0 && v[0] != "" {
		if n.On, err = time.Parse(time.DateOnly, v[0]); err != nil || n.On.IsZero() {
			return nil, errDay.With("%.40q", v[0])
		}
	}
	files := form.File["file"]
	if len(files) != 1 {
		return nil, errFileField.With("it has %d", len(files))
	}
	n.Filename = lastPart(files[0].Filename)
	picture, done, err := s.openFile(files[0])
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	n.Picture = picture
	if masks := form.File["mask"]; len(masks) > 0 {
		mask, done, err := s.openFile(masks[0])
		if err != nil {
			return nil, err
		}
		defer func() { _ = done() }() // it was only read
		n.Mask = &mask
	}
	c, err := s.PictureChecks.Create(ctx, n)
	if err != nil {
		return nil, err
	}
	out := &checkOutput{Status: http.StatusOK, Body: pictureCheckOf(c)}
	if c.Open() {
		out.Status = http.StatusAccepted
	}
	return out, nil
}

// openFile opens a file of a form.
func (s *server) openFile(f *multipart.FileHeader) (preflight.File, func() error, error) {
	r, err := s.openPart(f)
	if err != nil {
		return preflight.File{}, nil, err
	}
	return preflight.File{Body: r, Size: f.Size}, r.Close, nil
}

// listIn reads a field that may be repeated, and hold several values with commas.
func listIn(form *multipart.Form, name string) (all []string) {
	for _, v := range form.Value[name] {
		for one := range strings.SplitSeq(v, ",") {
			if one = strings.TrimSpace(one); one != "" {
				all = append(all, one)
			}
		}
	}
	return all
}

func (s *server) pictureCheck(ctx context.Context, in *CheckPath) (*reply[client.PictureCheck], error) {
	if !idPattern.MatchString(in.CheckID) {
		return nil, preflight.ErrNotFound
	}
	return waitFor(ctx, s, in.Wait, func() (client.PictureCheck, bool, error) {
		c, err := s.PictureChecks.Get(ctx, TenantID(ctx), in.CheckID)
		return pictureCheckOf(c), !c.Open(), err
	})
}

func pictureCheckOf(c preflight.Check) client.PictureCheck {
	out := client.PictureCheck{
		CheckID: c.CheckID, Status: c.Status, Filename: c.Filename, AsOf: c.On.Format(time.DateOnly), Presets: []client.PresetVerdict{},
		ErrorCode: c.ErrorCode, ErrorMessage: c.ErrorMessage, CreatedAt: c.CreatedAt, EndedAt: c.EndedAt, ExpiresAt: c.ExpiresAt,
	}
	r := c.Result
	if r == nil {
		return out
	}
	out.Verdict, out.Format, out.Width, out.Height, out.Bytes, out.Product = &r.Verdict, r.Format, r.Width, r.Height, r.Bytes, (*client.LocatedProduct)(r.Product)
	out.Presets = each(r.Presets, func(v preflight.PresetVerdict) client.PresetVerdict {
		return client.PresetVerdict{Preset: v.Preset, Title: v.Title, Channel: v.Channel, Verdict: v.Verdict, Checks: each(v.Checks, checkOf)}
	})
	return out
}
